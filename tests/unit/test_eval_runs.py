"""Runs are kept, found again by name, and refuse to be read when they are none."""

import json
from pathlib import Path

import pytest

from core.errors import StrategiewijzerError
from eval import runs
from eval.results import Results
from tests.support.evaluation import ran
from tests.support.question_results import STAMP


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
    files = runs.write(results, tmp_path / "deep" / "run", "<p>")
    written = ["questions.jsonl", "report.html", "results.json"]
    assert [file.name for file in files] == written
    assert runs.read(tmp_path / "deep" / "run") == results


def test_figures_and_questions_stand_in_files_of_their_own(
    results: Results, tmp_path: Path
) -> None:
    runs.write(results, tmp_path, "<p>")
    figures = json.loads((tmp_path / "results.json").read_text("utf-8"))
    assert figures["fingerprint"] == results.fingerprint
    assert figures["stamp"]["generation"] == STAMP.generation
    assert figures["overall"]["figures"]["retrieval.mrr"]["n"] == 3
    assert "questions" not in figures
    lines = (tmp_path / "questions.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [result.id for result in results.questions]
    assert json.loads(lines[1])["verdicts"][1] == {
        "text": "Cannabis has 93% of it.",
        "citations": [1],
        "supported": False,
        "needless": [],
    }


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


@pytest.mark.parametrize("name", ["last", "previous", "absent"])
def test_a_run_that_is_not_there_is_a_clear_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(StrategiewijzerError, match=f"no run '{name}'.*none yet"):
        runs.resolve(name, tmp_path)


def test_only_a_kept_run_can_be_accepted(tmp_path: Path) -> None:
    assert runs.accepted(tmp_path) is None
    with pytest.raises(StrategiewijzerError, match="python -m eval accept RUN"):
        runs.resolve("accepted", tmp_path)
    with pytest.raises(StrategiewijzerError, match="no run 'absent'"):
        runs.accept(tmp_path, "absent")


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
