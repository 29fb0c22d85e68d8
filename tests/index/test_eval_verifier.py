"""A model's sentences, verified and checked: figures worked out by hand, and the files."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from chain.checking.verification import nearness_of
from chain.request import Verdict
from core.settings import Settings
from eval import verifier
from eval.gate import CLOSED
from eval.replies import HALVES, GivenReply, Reply, TwinChange, read
from eval.verifier import Judged, ReplyVerdicts, figures, outcome
from language.words import fold
from vectorstore.store import Snapshot, open_index

# Figures on verdicts made for it: five true sentences, four twins, two riders


def reply(name: str, *texts: str, language: str = "en", **given: object) -> Reply:
    values = {"id": name, "language": language, "question": "How large is it?", "kind": "figure"}
    sentences = [{"text": text} for text in texts]
    return Reply.model_validate({**values, "sentences": sentences, **given})


def judged(sentence: str, kind: str, status: str, reason: str = "", change: str = "") -> Judged:
    verdict = Verdict(status, reason=reason, is_firm=reason == "absent")
    return Judged(sentence, "It is.", kind, verdict, change or None)


def verdicts_on(
    name: str,
    *judged: Judged,
    shown: tuple[bool, ...] = (),
    found: tuple[bool, ...] = (),
    given: tuple[bool, ...] = (),
) -> ReplyVerdicts:
    made = reply(name, *(f"{name} {number}" for number in range(len(shown))))
    return ReplyVerdicts(made, judged, shown, found, given)


OUTCOMES: list[ReplyVerdicts] = [
    verdicts_on(
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
    verdicts_on(
        "cut",
        judged("cut.1", "true", "confirmed"),
        judged("cut.1", "false", "not_confirmed", "distant", change="swap"),
        judged("cut.2", "true", "differs", "absent"),
        shown=(True, False),
        given=(True, False),
    ),
    verdicts_on("gone", judged("gone.1", "true", "not_confirmed", "elsewhere"), shown=(True,)),
    verdicts_on("refusal"),
]
TRUE_ONES = ("whole.1", "whole.2", "cut.1", "cut.2", "gone.1")
READERS = {
    **{(name, "true"): True for name in TRUE_ONES},
    ("whole.1", "figure"): True,  # they were wrong once
    ("whole.1", "date"): False,
    ("whole.2", "figure"): False,
    ("cut.1", "swap"): False,
    ("whole.0", "rider"): False,
}


def test_figures_are_shares_of_sentences_replies_twins_and_riders() -> None:
    found = figures(OUTCOMES)
    assert {name: (figure.value, figure.n) for name, figure in found.items()} == {
        "shown_whole": (2 / 3, 3),  # a reply without sentences does not count
        "true_confirmed": (2 / 5, 5),
        "true_found": (3 / 5, 5),
        "true_left_out": (1 / 5, 5),
        "stretches_found": (2 / 3, 3),
        "evidence_given": (1 / 2, 2),
        "false_confirmed": (1 / 4, 4),
        "false_found": (1 / 4, 4),
        "riders_confirmed": (1 / 2, 2),
        "riders_found": (1 / 2, 2),
    }
    assert found["shown_whole"].interval == (0, 1)  # whole replies are drawn
    assert figures(OUTCOMES[:1])["false_confirmed"].interval == (1 / 3, 1 / 3)


def test_readers_decide_what_the_facts_have_not_decided() -> None:
    values = {name: figure.value for name, figure in figures(OUTCOMES, READERS).items()}
    assert (values["true_confirmed"], values["false_confirmed"]) == (4 / 5, 1 / 4)
    assert values["true_found"] == values["true_confirmed"]
    assert values["riders_confirmed"] == 0


@pytest.fixture(scope="module")
def index(settings: Settings) -> Snapshot:
    return open_index(settings).snapshot()


def test_a_reply_is_written_as_a_model_would_write_it(index: Snapshot) -> None:
    made = read("open")[0]
    given = GivenReply(made, index)
    assert [scored.passage.id for scored in given.request.found] == list(made.passages)
    found = outcome(given, nearness_of(index))
    assert found.shown == (True,) * len(made.sentences)
    kinds = Counter(judged.kind for judged in found.judged)
    assert kinds["true"] == len(made.sentences)
    assert kinds["false"] == sum(len(true.twins) for true in made.sentences)
    assert kinds["rider"] == len(made.riders)


def test_a_reply_over_documents_finds_its_stretches_and_is_given_their_passages(
    index: Snapshot,
) -> None:
    passage = next(
        passage for passage in index.passages(["drugs-agenda.en"]) if len(passage.units) > 1
    )
    unit = passage.units[0]
    words = passage.text[unit.start : unit.end].split()
    evidence = [
        {"document": "drugs_agenda.html", "begins": " ".join(words[:4]), "ends": words[-1]},
        {"document": "drugs_agenda.html", "begins": "Nobody has said", "ends": "such words"},
    ]
    made = reply(
        "one",
        question="Which reports of child abuse were there?",
        documents=("drugs_agenda.html",),
        sentences=[{"text": "It is so.", "evidence": evidence}],
    )
    given = GivenReply(made, index)
    assert given.stretches_found == [True, False]
    draft = given.draft(0)
    assert len(draft.stretches) == 1
    (cited,) = draft.cites
    there = given.request.found[cited].passage
    assert " ".join(words) in " ".join(there.text.split())


@pytest.fixture
def few(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(
        verifier, "read", lambda half, documents: read(half, documents=documents)[:2]
    )
    return lambda *arguments: verifier.app.run([*map(str, arguments)], "eval.verifier")


def test_it_prints_both_halves_and_the_gate_judges_the_held_one(
    few: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    gate = tmp_path / "gate.yaml"
    gate.write_text("verifier: {at_least: {shown_whole: 0}, at_most: {shown_whole: 0.5}}", "utf-8")
    assert few("--gate", gate) == CLOSED
    out = capsys.readouterr().out
    assert "Replies, open half: 2" in out
    assert "Replies, held half: 2" in out
    assert "ok: shown whole: 1.000, at least 0.000 is needed" in out
    assert "FAILED: shown whole: 1.000, at most 0.500 is allowed" in out
    gate.write_text("verifier: {at_most: {falsely_passed: 0.2}}", "utf-8")
    assert few("--gate", gate) == 1
    assert "verifier: unknown figure falsely_passed" in capsys.readouterr().err


def test_the_list_names_what_went_wrong_in_the_open_half_only(
    few: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    halves = {"open": OUTCOMES[:2], "held": OUTCOMES[2:]}
    monkeypatch.setattr(verifier, "_outcomes", lambda half, documents: halves[half])
    monkeypatch.setattr(verifier, "opinions", lambda folder: {})
    assert few("--list") == 0
    out = capsys.readouterr().out
    assert "cut.2 differs: It is. (absent)" in out
    assert "whole.1 confirmed, figure: It is." in out
    assert "gone.1" not in out


def test_replies_to_what_the_index_does_not_have_end_the_command(
    few: Callable[..., int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert few("--documents") == 1
    assert "Ingest the documents" in " ".join(capsys.readouterr().err.split())
    monkeypatch.setattr(verifier, "read", lambda half, **_: [reply("old", passages=("gone",))])
    assert few() == 1
    assert "read the reply again" in capsys.readouterr().err


# The files. Checks give ids, never sentences: nobody is to read those that are held out.


def test_there_are_replies_of_every_language_in_two_halves_of_a_size() -> None:
    halves = [read(half) for half in HALVES]
    ids = Counter(kept.id for half in halves for kept in half)
    assert [name for name, times in ids.items() if times > 1] == []
    assert len(ids) >= 200
    for half in halves:
        assert 0.4 <= len(half) / len(ids) <= 0.6
        assert {kept.language for kept in half} == {"nl", "en", "fr", "de", "pl", "es"}
        types = Counter(
            twin.type for kept in half for true in kept.sentences for twin in true.twins
        )
        assert min(types[change] for change in get_args(TwinChange)) >= 30
    assert sum(len(kept.riders) for half in halves for kept in half) >= 60


def test_every_reply_is_in_form(index: Snapshot) -> None:
    known = {passage.id for passage in index.passages()}
    faults = []
    for kept in (kept for half in HALVES for kept in read(half)):
        texts = [fold(true.text) for true in kept.sentences]
        if not set(kept.passages) <= known:
            faults.append(f"{kept.id}: passages")
        if len(set(texts)) < len(texts):
            faults.append(f"{kept.id}: a sentence twice")
        if set(texts) & {fold(rider) for rider in kept.riders}:
            faults.append(f"{kept.id}: a rider that is a sentence")
        for number, true in enumerate(kept.sentences, start=1):
            if not true.cites or max(true.cites) > len(kept.passages):
                faults.append(f"{kept.id}, {number}: cites")
            twins = [twin.text for twin in true.twins]
            if not twins or len({true.text, *twins}) < len(twins) + 1:
                faults.append(f"{kept.id}, {number}: twins")
    assert faults == []
