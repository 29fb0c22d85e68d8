"""A model's sentences, verified and checked: figures worked out by hand, and the files."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from chain.checking.verification import nearness_of
from core.errors import StrategiewijzerError
from core.settings import ROOT, Settings
from eval import verifier
from eval.gate import CLOSED, Limits, read_rules
from eval.replies import HALVES, GivenReply, Reply, read, read_documents
from eval.verdicts import CHANGES, FIGURES, Judged, ReplyVerdicts, figures, outcome
from eval.verifier import judge_verifier
from language.words import fold
from vectorstore.store import Snapshot, open_index

# Figures on verdicts made for it: five true sentences, four twins, two riders


def reply(name: str, *texts: str, language: str = "en", **given: object) -> Reply:
    values = {"id": name, "language": language, "question": "How large is it?", "kind": "figure"}
    sentences = [{"text": text} for text in texts]
    return Reply.model_validate({**values, "sentences": sentences, **given})


def judged(sentence: str, kind: str, status: str, reason: str = "", change: str = "") -> Judged:
    values = {"sentence": sentence, "text": "It is.", "kind": kind, "status": status}
    more = {"reason": reason, "change": change or None, "details": (), "seconds": 0.1}
    more["is_firm"] = reason == "absent"
    return Judged.model_validate({**values, **more})


def told(
    name: str,
    *judged: Judged,
    shown: tuple[bool, ...] = (),
    found: tuple[bool, ...] = (),
    given: tuple[bool, ...] = (),
):
    made = reply(name, *(f"{name} {number}" for number in range(len(shown))))
    return ReplyVerdicts(reply=made, judged=judged, shown=shown, stretches=found, given=given)


OUTCOMES: list[ReplyVerdicts] = [
    told(
        "whole",
        judged("whole.1", "true", "confirmed"),
        judged("whole.1", "false", "confirmed", change="figure"),
        judged("whole.1", "false", "differs", "absent", change="date"),
        judged("whole.2", "true", "not_confirmed", "unchecked"),
        judged("whole.2", "false", "not_confirmed", "elsewhere", change="figure"),
        judged("whole.0", "rider", "confirmed"),
        judged("whole.0", "rider", "not_confirmed", "distant"),
        shown=(True, True),
        found=(True, True, False),
        given=(True, True),
    ),
    told(
        "cut",
        judged("cut.1", "true", "confirmed"),
        judged("cut.1", "false", "not_confirmed", "distant", change="swap"),
        judged("cut.2", "true", "differs", "absent"),
        shown=(True, False),
        given=(True, False),
    ),
    told("gone", judged("gone.1", "true", "not_confirmed", "elsewhere"), shown=(True,)),
    told("refusal"),
]
READERS = {
    ("whole.1", "true"): True,
    ("whole.1", "figure"): True,  # they were wrong once
    ("whole.1", "date"): False,
    ("whole.2", "true"): True,
    ("whole.2", "figure"): False,
    ("cut.1", "true"): True,
    ("cut.1", "swap"): False,
    ("cut.2", "true"): True,
    ("gone.1", "true"): True,
    ("whole.0", "rider"): False,
}


def test_figures_are_shares_of_sentences_replies_twins_and_riders() -> None:
    found = figures(OUTCOMES)
    assert set(found) == set(FIGURES)
    assert {name: (one.value, one.n) for name, one in found.items() if one.n} == {
        "shown_whole": (2 / 3, 3),  # a reply without sentences does not count
        "true_confirmed": (2 / 5, 5),
        "true_found": (3 / 5, 5),
        "true_left_out": (1 / 5, 5),
        "stretches_found": (2 / 3, 3),
        "evidence_given": (1 / 2, 2),
        "false_confirmed": (1 / 4, 4),
        "false_found": (1 / 4, 4),
        "false_confirmed.figure": (1 / 2, 2),
        "false_confirmed.date": (0, 1),
        "false_confirmed.swap": (0, 1),
        "riders_confirmed": (1 / 2, 2),
        "riders_found": (1 / 2, 2),
    }
    assert found["false_confirmed.name"].value is None


def test_a_checker_decides_what_the_facts_have_not_decided() -> None:
    values = {name: one.value for name, one in figures(OUTCOMES, 0.9).items()}
    assert values["true_confirmed"] == values["true_found"] == pytest.approx(4 * 0.9 / 5)
    assert values["false_confirmed"] == pytest.approx(3 * 0.1 / 4)
    assert values["riders_confirmed"] == pytest.approx(2 * 0.1 / 2)
    values = {name: one.value for name, one in figures(OUTCOMES, READERS).items()}
    assert (values["true_confirmed"], values["false_confirmed"]) == (4 / 5, 1 / 4)
    assert values["riders_confirmed"] == 0


def test_intervals_draw_whole_replies() -> None:
    assert figures(OUTCOMES)["shown_whole"].interval == (0, 1)
    assert figures(OUTCOMES[:1])["false_confirmed"].interval == (1 / 3, 1 / 3)


# A reply given to the assistant


@pytest.fixture(scope="module")
def index(settings: Settings) -> Snapshot:
    return open_index(settings).snapshot()


def test_a_reply_is_written_as_a_model_would_write_it(index: Snapshot) -> None:
    one = read("open")[0]
    given = GivenReply(one, index, stretches=False)
    assert [scored.passage.id for scored in given.request.found] == list(one.passages)
    found = outcome(given, nearness_of(index, index.embedder))
    assert found.shown == (True,) * len(one.sentences)
    kinds = Counter(judged.kind for judged in found.judged)
    assert kinds["true"] == len(one.sentences)
    assert kinds["false"] == sum(len(true.twins) for true in one.sentences)
    assert kinds["rider"] == len(one.riders)


def test_a_reply_over_documents_finds_its_stretches_and_is_given_their_passages(
    index: Snapshot,
) -> None:
    passage = next(one for one in index.passages(["drugs-agenda.en"]) if len(one.units) > 1)
    unit = passage.units[0]
    words = passage.text[unit.start : unit.end].split()
    evidence = [
        {"document": "drugs_agenda.html", "begins": " ".join(words[:4]), "ends": words[-1]},
        {"document": "drugs_agenda.html", "begins": "Nobody has said", "ends": "such words"},
    ]
    made = reply("one", language="en", documents=("drugs_agenda.html",)).model_copy(
        update={"question": "Which reports of child abuse were there?"}
    )
    sentence = {"text": "It is so.", "evidence": evidence}
    made = Reply.model_validate({**made.model_dump(), "sentences": [sentence]})
    for stretches in (True, False):
        given = GivenReply(made, index, stretches=stretches)
        assert given.stretches_found == [True, False]
        draft = given.draft(0)
        assert len(draft.stretches) == stretches
        (cited,) = draft.cites
        there = given.request.found[cited].passage
        assert " ".join(words) in " ".join(there.text.split())
    gone = made.model_copy(update={"documents": ("other.pdf",)})
    with pytest.raises(StrategiewijzerError, match=r"no document of the file other\.pdf"):
        GivenReply(gone, index, stretches=True)


def test_a_reply_whose_passage_has_changed_is_a_clear_error(index: Snapshot) -> None:
    with pytest.raises(StrategiewijzerError, match=r"Reply old: .* no passage gone"):
        GivenReply(reply("old", passages=("gone",)), index, stretches=False)


def test_the_gate_takes_floors_and_ceilings_and_nothing_unmeasured(tmp_path: Path) -> None:
    limits = Limits(
        at_least={"shown_whole": 0.6, "true_confirmed": 0.5},
        at_most={"false_confirmed": 0.3, "true_left_out": 0.1, "false_confirmed.name": 1},
    )
    checks = judge_verifier(limits, figures(OUTCOMES))
    assert [(check.rule, check.found, check.passed) for check in checks] == [
        ("shown_whole at least 0.6", "0.667", True),
        ("true_confirmed at least 0.5", "0.400", False),
        ("false_confirmed at most 0.3", "0.250", True),
        ("true_left_out at most 0.1", "0.200", False),
        ("false_confirmed.name at most 1", "nothing to measure it on", False),
    ]
    file = tmp_path / "gate.yaml"
    for name in ("verifier", "verifier_documents"):
        file.write_text(f"{name}: {{at_most: {{falsely_passed: 0.2}}}}", "utf-8")
        with pytest.raises(StrategiewijzerError, match=f"{name}: unknown figure falsely_passed"):
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
    gate.write_text("verifier: {at_least: {shown_whole: 0}}", "utf-8")
    assert few("--gate", gate) == 0
    out = capsys.readouterr().out
    assert "Replies, open half: 2" in out
    assert "Replies, held half: 2" in out
    assert "checker 0.9: computed" in out
    assert "Gate: passed" in out
    gate.write_text("verifier: {at_least: {shown_whole: 1.1}}", "utf-8")
    assert few("--half", "held", "--gate", gate) == CLOSED
    assert "Gate: 1 of 1 rules failed" in capsys.readouterr().out


def test_the_list_names_what_went_wrong_in_the_open_half_only(
    few: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_way_round(given: GivenReply, nearness: object) -> ReplyVerdicts:
        found = outcome(given, nearness_of(given_index, given_index.embedder))
        turned = [
            one.model_copy(
                update={"status": "not_confirmed", "reason": "distant"}
                if one.kind == "true"
                else {"status": "confirmed", "reason": ""}
            )
            for one in found.judged
        ]
        return found.model_copy(update={"judged": tuple(turned)})

    given_index = open_index(Settings()).snapshot()
    monkeypatch.setattr(verifier, "outcome", other_way_round)
    assert few("--list") == 0
    out = capsys.readouterr().out
    (first, *_), (held, *_) = (read(half) for half in HALVES)
    assert f"{first.id}.1 not_confirmed: {first.sentences[0].text} (distant)" in out
    twin = first.sentences[0].twins[0]
    assert f"{first.id}.1 confirmed, {twin.type}: {twin.text}" in out
    assert not any(f"{held.id}." in line for line in out.splitlines())


def test_the_held_half_is_not_listed_and_the_open_one_is_not_gated(
    few: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, reason in (
        (("--half", "held", "--list"), "not measured by them any more"),
        (("--half", "open", "--gate", ROOT / "eval/gate.yaml"), "about the held half"),
    ):
        assert few(*arguments) == 2
        assert reason in " ".join(capsys.readouterr().err.split())


def test_replies_to_what_the_index_does_not_have_end_the_command(
    few: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert few("--documents") == 1
    assert "Ingest the documents" in " ".join(capsys.readouterr().err.split())
    monkeypatch.setattr(verifier, "read", lambda half: [reply("old", passages=("gone",))])
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


def test_a_file_out_of_form_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    (folder / "a.yaml").write_text("- {id: a-01, language: nl}", "utf-8")
    with pytest.raises(StrategiewijzerError, match=r"a\.yaml"):
        read("open", tmp_path)
    with pytest.raises(StrategiewijzerError, match=r"a\.yaml"):
        read_documents("open", folder)
