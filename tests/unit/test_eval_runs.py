"""Runs are kept, found again by name, refuse to be read when they are none, and are compared."""

import json
import shutil
from pathlib import Path

import pytest

from core.errors import StrategiewijzerError
from eval import __main__ as eval_command
from eval import runs
from eval.comparison import Comparison, compare
from eval.rates import sum_up
from eval.results import Results
from tests.support.earlier_version import VERSION_0_1_0
from tests.support.evaluation import by_id, ran
from tests.support.question_results import GREETING, STAMP, read, result_of


@pytest.fixture(scope="module")
def results() -> Results:
    return ran()


def kept(results: Results, data_dir: Path, date: str) -> str:
    """Keeps the run as if made at this time; returns its name."""
    dated = results.model_copy(update={"stamp": STAMP.model_copy(update={"date": date})})
    folder = runs.new_folder(data_dir, dated)
    runs.write(dated, folder, "<p>")
    return folder.name


def test_a_run_is_read_back_as_it_was_written(results: Results, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "run"
    files = runs.write(results, folder, "<p>")
    written = ["questions.jsonl", "report.html", "results.json"]
    assert [file.name for file in files] == written
    assert runs.read(folder) == results
    assert runs.read_figures(folder).overall == results.overall
    figures = json.loads((folder / "results.json").read_text("utf-8"))
    assert figures["fingerprint"] == results.fingerprint
    assert "questions" not in figures


def test_runs_are_named_for_their_date_and_never_overwritten(
    results: Results, tmp_path: Path
) -> None:
    date = "2026-11-24T17:55:01+00:00"
    assert kept(results, tmp_path, date) == "20261124T175501Z"
    assert kept(results, tmp_path, date) == "20261124T175501Z-2"
    assert runs.listed(tmp_path) == ("20261124T175501Z", "20261124T175501Z-2")


def test_a_run_is_found_by_name_and_place_in_time(results: Results, tmp_path: Path) -> None:
    first = kept(results, tmp_path, "2026-01-01T00:00:00+00:00")
    second = kept(results, tmp_path, "2026-01-02T00:00:00+00:00")
    folder = tmp_path / "runs"
    assert runs.resolve(first, tmp_path) == folder / first
    assert runs.resolve("last", tmp_path) == folder / second
    assert runs.resolve("previous", tmp_path) == folder / first
    runs.accept(tmp_path, first)
    assert runs.resolve("accepted", tmp_path) == folder / first


def test_what_is_elsewhere_is_no_run(results: Results, tmp_path: Path) -> None:
    name, folder = kept(results, tmp_path, "2026-01-01T00:00:00+00:00"), tmp_path / "runs"
    (folder / name).rename(tmp_path / "away")
    (folder / "linked").symlink_to(tmp_path / "away")
    kept(results, tmp_path, "2026-01-01T00:00:00+00:00")
    for path in ("../away", str(tmp_path / "away"), "linked", f"./{name}", ".", ""):
        with pytest.raises(StrategiewijzerError, match=f"no run .*named by its folder.*: {name}$"):
            runs.resolve(path, tmp_path)
        (folder / "accepted").write_text(path)
        with pytest.raises(StrategiewijzerError, match=f"no run .*named by its folder.*: {name}$"):
            runs.resolve("accepted", tmp_path)


def test_only_a_kept_run_can_be_accepted(tmp_path: Path) -> None:
    assert runs.accepted(tmp_path) is None
    with pytest.raises(StrategiewijzerError, match="python -m eval accept RUN"):
        runs.resolve("accepted", tmp_path)
    with pytest.raises(StrategiewijzerError, match="no run 'absent'"):
        runs.accept(tmp_path, "absent")
    for name in ("last", "previous", "absent"):
        with pytest.raises(StrategiewijzerError, match=f"no run '{name}'.*none yet"):
            runs.resolve(name, tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "no json", '{"stamp": {}}'])
@pytest.mark.parametrize("name", ["results.json", "questions.jsonl"])
def test_what_is_no_run_is_a_clear_error(
    results: Results, tmp_path: Path, name: str, text: str
) -> None:
    runs.write(results, tmp_path, "<p>")
    (tmp_path / name).write_text(text)
    with pytest.raises(StrategiewijzerError, match=r"not a run of this version .*python -m eval"):
        runs.read(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(StrategiewijzerError, match="cannot be read"):
        runs.read(tmp_path)


def test_a_date_that_is_none_is_named(results: Results, tmp_path: Path) -> None:
    runs.write(results, tmp_path, "<p>")
    text = (tmp_path / "results.json").read_text("utf-8")
    (tmp_path / "results.json").write_text(text.replace(STAMP.date, "yesterday"), "utf-8")
    with pytest.raises(StrategiewijzerError, match=r"stamp\.date"):
        runs.read(tmp_path)


def test_a_folder_that_cannot_be_written_to_is_a_clear_error(
    results: Results, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StrategiewijzerError, match="--out"):
        runs.write(results, tmp_path / "file" / "run", "<p>")


def changed(results: Results, name: str, **values: object) -> Results:
    """The run in which one question came out differently."""
    result = by_id(results, name)
    other = {name: result.model_copy(update=values)}
    return sum_up([other.get(each.id, each) for each in results.questions], STAMP)


def moves(comparison: Comparison) -> list[tuple[str, str, str]]:
    return [(move.direction, move.now.id, move.why) for move in comparison.moves]


def test_a_run_does_not_differ_from_itself(results: Results) -> None:
    comparison = compare(results, results)
    assert comparison.moves == ()
    assert comparison.same_questions == 5
    assert {test.change for test in comparison.tests} == {0.0}
    assert {test.p_value for test in comparison.tests} == {1.0}
    methods = {test.figure: test.method for test in comparison.tests}
    assert methods["retrieval.hit@1"] == methods["answers.useful_answer_rate"] == "McNemar"
    assert methods["retrieval.mrr"] == methods["citations.supported_rate"] == "paired bootstrap"


def test_a_question_that_got_an_answer_is_better_and_back_it_is_worse(results: Results) -> None:
    better = changed(results, "wrong refusal", answered=True, text="30 billion [1]")
    assert moves(compare(results, better)) == [("better", "wrong refusal", "answered now")]
    assert moves(compare(better, results)) == [("worse", "wrong refusal", "refused now")]


def test_fewer_facts_and_a_lower_rank_are_worse(results: Results) -> None:
    values = {"facts_found": (), "facts_missing": by_id(results, "right").facts_found}
    values["retrieved"] = by_id(results, "right").retrieved[::-1]
    worse = changed(results, "right", **values)
    assert moves(compare(results, worse)) == [
        ("worse", "right", "facts 1 → 0 of 1, right section's rank 2 → 1")
    ]


def test_an_answer_that_can_be_signed_is_better_and_one_that_buries_its_facts_worse() -> None:
    signable, buried = result_of("q"), result_of("q", **read(units=4))
    better, worse = (sum_up([result], STAMP) for result in (signable, buried))
    assert moves(compare(worse, better)) == [("better", "q", "signable now")]
    assert moves(compare(better, worse)) == [("worse", "q", "not signable: buried")]
    folded = sum_up([result_of("q", more=("More. [1]",))], STAMP)
    assert moves(compare(better, folded)) == [("different", "q", "other words")]


def test_figures_are_compared_over_questions_and_manners_over_all() -> None:
    before = sum_up([result_of("q"), result_of("hi", **GREETING)], STAMP)
    now = sum_up([result_of("q"), result_of("hi", **GREETING, message="greeting")], STAMP)
    tests = {test.figure: test for test in compare(before, now).tests}
    assert (tests["manners.handled"].before, tests["manners.handled"].now) == (0, 1)
    assert tests["answers.language_rate"].n == 1
    assert moves(compare(before, now)) == [("better", "hi", "taken for a question → greeting")]


def test_the_direction_of_a_figure_is_known(results: Results) -> None:
    worse = changed(results, "right", answered=False)
    tests = {test.figure: test for test in compare(results, worse).tests}
    assert tests["answers.false_refusal_rate"].change == pytest.approx(1 / 3, abs=1e-4)
    assert tests["answers.false_refusal_rate"].worse
    assert tests["answers.full_answer_rate"].worse
    assert not tests["retrieval.hit@1"].worse


def test_only_questions_that_both_runs_asked_are_compared(results: Results) -> None:
    found = compare(results, sum_up(results.questions[1:], STAMP))
    assert (found.same_questions, found.other_questions) == (4, 1)
    relabelled = changed(results, "right", facts_missing=(("new",),))
    assert compare(results, relabelled).same_questions == 4


@pytest.fixture
def earlier(tmp_path: Path) -> str:
    """The name of a kept run that version 0.1.0 made, the accepted one."""
    shutil.copytree(VERSION_0_1_0 / "runs", tmp_path / "runs")
    (name,) = runs.listed(tmp_path)
    (tmp_path / "runs" / "accepted").write_text(f"{name}\n")
    return name


def test_a_run_of_an_earlier_version_is_not_accepted(
    results: Results, tmp_path: Path, earlier: str
) -> None:
    name = kept(results, tmp_path, "2026-01-01T00:00:00+00:00")
    runs.accept(tmp_path, name)
    wanted = rf"{earlier} cannot be accepted.*python -m eval\. Then .*python -m eval accept last"
    with pytest.raises(StrategiewijzerError, match=wanted):
        runs.accept(tmp_path, earlier)
    assert runs.accepted(tmp_path) == name


def test_an_accepted_run_of_an_earlier_version_stops_no_evaluation(
    results: Results,
    tmp_path: Path,
    earlier: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(eval_command, "_ask", lambda *_, **__: results)
    assert eval_command.main(["--every", "200"]) == 0
    said = capsys.readouterr()
    assert f"The accepted run {earlier} was made by another version" in said.err
    assert "python -m eval accept RUN" in said.err
    made = next(name for name in runs.listed(tmp_path) if name != earlier)
    assert runs.read(tmp_path / "runs" / made).fingerprint == results.fingerprint

    assert eval_command.main(["accept", made]) == 0
    assert eval_command.main(["--every", "200"]) == 0
    said = capsys.readouterr()
    assert not said.err
    assert "over the 5 questions that both runs asked" in " ".join(said.out.split())


def test_figures_are_not_read_where_the_questions_cannot_be(
    results: Results, tmp_path: Path
) -> None:
    runs.write(results, tmp_path, "<p>")
    questions = tmp_path / "questions.jsonl"
    first, *others = questions.read_text("utf-8").splitlines()
    changed = {**json.loads(first), "direct": True}
    questions.write_text("\n".join([json.dumps(changed), *others]), "utf-8")
    with pytest.raises(StrategiewijzerError, match=r"not a run of this version \(direct"):
        runs.read_figures(tmp_path)
