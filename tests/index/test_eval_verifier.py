"""The verifier measured on a strong model's replies: figures worked out by hand, and the files."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from chain.answerer import Draft, Request, Verdict
from core.errors import StrategiewijzerError
from core.settings import ROOT, Settings
from eval import verifier
from eval.commands.ask import GATE_CLOSED
from eval.gate import Limits, read_rules
from eval.replies import HALVES, Reply, read
from eval.verdicts import CHANGES, FIGURES, ReplyVerdicts, figures, outcome
from eval.verifier import judge_verifier
from language.matching import fold
from research.fitting.lessons import lessons
from tests.unit.test_eval_run import OTHER, SIZE
from vectorstore.store import open_index

PASSAGES = {passage.id: passage for passage in (SIZE, OTHER)}

# Figures on replies made for it: five true sentences, four twins, two riders


def reply(
    name: str, *sentences: object, language: str = "en", riders: tuple[str, ...] = ()
) -> Reply:
    given = {"id": name, "language": language, "sentences": sentences, "riders": riders}
    given |= {"question": "How large is it?", "kind": "figure", "passages": (OTHER.id, SIZE.id)}
    return Reply.model_validate(given)


def sentence(text: str, **twins: str) -> object:
    return {
        "text": text,
        "cites": (2,),
        "twins": [{"type": change, "text": twin} for change, twin in twins.items()],
    }


REPLIES = (
    reply(
        "whole",
        sentence("true 1", figure="false 1, shown", date="false 2"),
        sentence("true 2", figure="false 3"),
        riders=("rider 1, shown", "rider 2"),
    ),
    reply("cut", sentence("true 3", swap="false 4, shown"), sentence("uncertain 4"), language="nl"),
    reply("gone", sentence("contradicted 5"), language="nl"),
    reply("refusal"),
)


def scripted(request: Request) -> Callable[[Draft], Verdict]:
    assert [one.passage.id for one in request.found] == [OTHER.id, SIZE.id]

    def by_words(draft: Draft) -> Verdict:
        assert draft.cites == (1,)
        if draft.text.startswith("true") or "shown" in draft.text:
            return Verdict("supported")
        return Verdict("contradicted" if draft.text.startswith("contra") else "uncertain")

    return by_words


@pytest.fixture(scope="module")
def outcomes() -> list[ReplyVerdicts]:
    return [outcome(one, PASSAGES, scripted) for one in REPLIES]


def test_figures_are_shares_of_sentences_replies_twins_and_riders(
    outcomes: list[ReplyVerdicts],
) -> None:
    found = figures(outcomes)
    assert set(found) == set(FIGURES)
    values = {name: (one.value, one.n) for name, one in found.items() if one.n}
    assert values == {
        "true_withheld": (2 / 5, 5),
        "true_uncertain": (1 / 5, 5),
        "true_contradicted": (1 / 5, 5),
        "whole_replies": (1 / 3, 3),  # a reply without sentences does not count
        "false_passed": (2 / 4, 4),
        "false_passed.figure": (1 / 2, 2),
        "false_passed.date": (0, 1),
        "false_passed.swap": (1, 1),
        "riders_passed": (1 / 2, 2),
        "balanced_accuracy": (pytest.approx((3 / 5 + 2 / 4) / 2), 9),
    }
    assert found["false_passed.name"].value is None


def test_a_checker_lets_the_true_pass_when_right_and_the_false_when_wrong(
    outcomes: list[ReplyVerdicts],
) -> None:
    values = {name: one.value for name, one in figures(outcomes, 0.9).items()}
    assert values["true_withheld"] == pytest.approx((2 + 3 * 0.1) / 5)
    assert values["whole_replies"] == pytest.approx(0.9**2 / 3)
    assert values["false_passed"] == pytest.approx(2 * 0.1 / 4)
    assert values["false_passed.swap"] == pytest.approx(0.1)
    assert values["riders_passed"] == pytest.approx(0.1 / 2)
    assert values["balanced_accuracy"] == pytest.approx((2.7 / 5 + 3.8 / 4) / 2)
    never_wrong = {name: one.value for name, one in figures(outcomes, 1.0).items()}
    assert never_wrong["true_withheld"] == 2 / 5
    assert never_wrong["false_passed"] == 0


def test_intervals_draw_whole_replies(outcomes: list[ReplyVerdicts]) -> None:
    found = figures(outcomes)
    assert found["whole_replies"].interval == (0, 1)
    assert figures(outcomes[:1])["false_passed"].interval == (1 / 3, 1 / 3)
    low, high = found["balanced_accuracy"].interval or (0, 0)
    assert low < 0.55 < high


def test_a_reply_whose_passage_has_changed_is_a_clear_error() -> None:
    with pytest.raises(StrategiewijzerError, match=f"Reply whole: .* no passage {OTHER.id}"):
        outcome(REPLIES[0], {SIZE.id: SIZE}, scripted)


def test_the_gate_takes_floors_and_ceilings_and_nothing_unmeasured(
    outcomes: list[ReplyVerdicts], tmp_path: Path
) -> None:
    limits = Limits(
        at_least={"whole_replies": 0.3, "balanced_accuracy": 0.56},
        at_most={"false_passed": 0.5, "true_withheld": 0.3, "false_passed.name": 1},
    )
    checks = judge_verifier(limits, figures(outcomes))
    assert [(check.rule, check.found, check.passed) for check in checks] == [
        ("whole_replies at least 0.3", "0.333", True),
        ("balanced_accuracy at least 0.56", "0.550", False),
        ("false_passed at most 0.5", "0.500", True),
        ("true_withheld at most 0.3", "0.400", False),
        ("false_passed.name at most 1", "nothing to measure it on", False),
    ]
    file = tmp_path / "gate.yaml"
    file.write_text("verifier: {at_most: {falsely_passed: 0.2}}", "utf-8")
    with pytest.raises(StrategiewijzerError, match="verifier: unknown figure falsely_passed"):
        read_rules(file)


# The command, on two replies of each half


@pytest.fixture
def few(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(verifier, "read", lambda half: read(half)[:2])
    return lambda *arguments: verifier.main([str(argument) for argument in arguments])


def test_it_prints_both_halves_and_the_gate_judges_the_held_one(
    few: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gate = tmp_path / "gate.yaml"
    gate.write_text("verifier: {at_least: {whole_replies: 0}}", "utf-8")
    assert few("--gate", gate) == 0
    out = capsys.readouterr().out
    assert "Verifier, open half: 2 replies" in out
    assert "Verifier, held half: 2 replies" in out
    assert "computed, not measured" in out
    assert "Gate: passed" in out
    gate.write_text("verifier: {at_least: {whole_replies: 1.1}}", "utf-8")
    assert few("--half", "held", "--gate", gate) == GATE_CLOSED
    assert "Gate: 1 of 1 rules failed" in capsys.readouterr().out


def test_the_list_names_what_went_wrong_in_the_open_half_only(
    few: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    says_yes = Verdict("uncertain", doubt="It is not close.")
    monkeypatch.setattr(verifier, "verify", lambda request: lambda draft: says_yes)
    assert few("--list") == 0
    out = capsys.readouterr().out
    (first, *_), (held, *_) = (read(half) for half in HALVES)
    assert f"{first.id} withheld, uncertain: {first.sentences[0].text} (It is not close.)" in out
    assert not any(f"{held.id} " in line for line in out.splitlines())
    monkeypatch.setattr(verifier, "verify", lambda request: lambda draft: Verdict("supported"))
    assert few("--half", "open", "--list") == 0
    twin = first.sentences[0].twins[0]
    assert f"{first.id} passed, {twin.type}: {twin.text}" in capsys.readouterr().out


def test_the_held_half_is_not_listed_and_the_open_one_is_not_gated(
    few: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, reason in (
        (("--half", "held", "--list"), "not measured by them any more"),
        (("--half", "open", "--gate", ROOT / "eval/gate.yaml"), "about the held half"),
    ):
        with pytest.raises(SystemExit):
            few(*arguments)
        assert reason in " ".join(capsys.readouterr().err.split())


def test_replies_to_passages_that_are_gone_end_the_command(
    few: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "read", lambda half: REPLIES)
    assert few() == 1
    assert "read the reply again" in capsys.readouterr().err


# The files. Checks give ids, never sentences: nobody is to read those that are held out.


@pytest.fixture(scope="module")
def known(settings: Settings) -> frozenset[str]:
    """The ids of the passages in the index."""
    return frozenset(passage.id for passage in open_index(settings).passages())


def test_there_are_replies_of_every_language_in_two_halves_of_a_size() -> None:
    halves = [read(half) for half in HALVES]
    ids = Counter(one.id for half in halves for one in half)
    assert [name for name, times in ids.items() if times > 1] == []
    assert len(ids) >= 200
    for half in halves:
        assert 0.4 <= len(half) / len(ids) <= 0.6
        assert {one.language for one in half} == {"nl", "en", "fr", "de", "pl", "es"}
        types = Counter(twin.type for one in half for true in one.sentences for twin in true.twins)
        assert min(types[change] for change in CHANGES) >= 30
    assert sum(len(one.riders) for half in halves for one in half) >= 60


def test_every_reply_is_in_form(known: frozenset[str]) -> None:
    faults = []
    for one in (one for half in HALVES for one in read(half)):
        texts = [fold(true.text) for true in one.sentences]
        if not set(one.passages) <= known:
            faults.append(f"{one.id}: passages")
        if len(set(texts)) < len(texts):
            faults.append(f"{one.id}: a sentence twice")
        if set(texts) & {fold(rider) for rider in one.riders}:
            faults.append(f"{one.id}: a rider that is a sentence")
        for number, true in enumerate(one.sentences, start=1):
            if not true.cites or max(true.cites) > len(one.passages):
                faults.append(f"{one.id}, {number}: cites")
            twins = [twin.text for twin in true.twins]
            if not twins or len({true.text, *twins}) < len(twins) + 1:
                faults.append(f"{one.id}, {number}: twins")
    assert faults == []


def test_every_lesson_is_in_form_and_teaches_nothing_that_is_asked(
    known: frozenset[str],
) -> None:
    asked = {
        fold(text)
        for half in HALVES
        for one in read(half)
        for text in (
            *one.riders,
            *(true.text for true in one.sentences),
            *(twin.text for true in one.sentences for twin in true.twins),
        )
    }
    faults = []
    taught = lessons()
    for lesson in taught:
        texts = [fold(true.text) for true in lesson.sentences]
        if len(set(texts)) < len(texts):
            faults.append(f"{lesson.passage}: a sentence twice")
        for true in lesson.sentences:
            twins = [twin.text for twin in true.twins]
            if len(twins) < 2 or len({true.text, *twins}) < len(twins) + 1:
                faults.append(f"{lesson.passage}: twins of {true.text}")
            faults += [
                f"{lesson.passage}: asked: {text}"
                for text in (true.text, *twins)
                if fold(text) in asked
            ]
    assert faults == []
    passages = [lesson.passage for lesson in taught]
    assert len(set(passages)) == len(passages)
    assert set(passages) <= known
    languages = Counter(true.language for lesson in taught for true in lesson.sentences)
    assert min(languages[language] for language in ("nl", "en", "fr", "de", "pl", "es")) >= 300


def test_a_file_out_of_form_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    (folder / "a.yaml").write_text("- {id: a-01, language: nl}", "utf-8")
    with pytest.raises(StrategiewijzerError, match=r"a\.yaml"):
        read("open", tmp_path)
    with pytest.raises(StrategiewijzerError, match=r"a\.yaml"):
        lessons(folder)
