"""What a question is limited to goes all the way: areas, documents, language and day."""

import datetime
from collections.abc import Mapping
from typing import Any

import pytest

from chain import __main__ as command
from chain.assistant import Assistant
from core.answer import Finished, Stage, TextDelta
from core.settings import Settings
from core.source import DocumentInfo, Scope, ScoredPassage
from tests.support.small import Small
from vectorstore.generation import Generation, Kind
from vectorstore.store import open_index

DRUGS = "How much is the EU drug market worth each year?"
TWO_THINGS = "What are the priorities on firearms and how much is the drug market worth?"


@pytest.mark.parametrize("question", [DRUGS, TWO_THINGS])
def test_nothing_of_an_answer_is_from_outside_its_scope(
    assistant: Assistant, question: str
) -> None:
    for scope in (Scope(documents=("firearms-plan",)), Scope(areas=("firearms",))):
        answer = assistant.ask(question, scope=scope)
        assert {passage.document.id for passage in answer.passages} == {"firearms-plan"}
        assert answer.documents == ("firearms-plan",)


def test_what_another_document_answers_is_refused_within_this_one(assistant: Assistant) -> None:
    assert assistant.ask(DRUGS, scope=Scope(documents=("drugs-agenda",))).answered
    refused = assistant.ask(DRUGS, scope=Scope(documents=("csa-strategy",)))
    assert not refused.answered
    assert "Searched: 1 document," in refused.text
    assert refused.related
    for question in refused.related:
        within = assistant.ask(question, scope=Scope(documents=("csa-strategy",)))
        assert within.documents == ("csa-strategy",)


def test_a_narrow_scope_is_answered_by_its_own_passages_as_the_wide_way_would(
    indexed: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of twenty-four documents of four passages each, one is asked."""

    def quay(n: int, m: int) -> str:
        return f"## Quay {m} of port {n}\n\n{n * m + m} ships moor here. Crew {n}-{m} unloads."

    texts = {n: "\n\n".join(quay(n, m) for m in range(4)) for n in range(24)}
    files = {f"port-{n:02}.en.md": f"# Port {n}\n\n{text}" for n, text in texts.items()}
    index = open_index(indexed(files))
    scope = Scope(documents=("port-07",))
    asked = ("How many ships moor at quay 3 of port 7?", "Which crew unloads at quay 2?")
    nearest = Generation.nearest

    def of_questions(self: Generation, kind: Kind, *rest: Any) -> list[tuple[str, float]]:
        assert kind == "questions"
        return nearest(self, kind, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(Generation, "nearest", of_questions)
        narrow = [index.snapshot().search(question, 6, "en", scope=scope) for question in asked]
        with pytest.raises(AssertionError):
            index.snapshot().search(asked[0], 6, "en")
    monkeypatch.setattr("vectorstore.search._FEW", 0)
    for question, found in zip(asked, narrow, strict=True):
        assert _told(index.snapshot().search(question, 6, "en", scope=scope)) == _told(found)
    assert narrow[0][0].passage.headings[-1] == "Quay 3 of port 7"


def _told(found: list[ScoredPassage]) -> list[tuple[str, float]]:
    return [(scored.passage.id, round(scored.score, 4)) for scored in found]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_sources_are_in_the_language_that_was_chosen(assistant: Assistant, language: str) -> None:
    answer = assistant.ask("Wie viel ist der Drogenmarkt wert?", scope=Scope(language=language))
    assert (answer.question_language, answer.language) == ("de", language)
    assert {passage.language for passage in answer.passages} == {language}


def test_a_language_that_no_source_is_in_is_refused_with_what_to_change(
    assistant: Assistant,
) -> None:
    answer = assistant.ask(DRUGS, scope=Scope(language="pl"))
    assert (answer.answered, answer.reason, answer.missing) == (False, "out_of_scope", ())
    assert answer.text.startswith(
        "No answer to this question was found in the sources. No document matches"
    )
    assert "- language of the sources: 5" in answer.text
    assert "policy area" not in answer.text


def test_limits_that_only_together_leave_nothing_are_each_told(assistant: Assistant) -> None:
    scope = Scope(areas=("drugs",), documents=("firearms-plan",))
    lines = assistant.ask(DRUGS, scope=scope).text.splitlines()
    assert lines[-2:] == ["- policy area: 1", "- chosen documents: 1"]
    # Where no single limit is to blame, only that nothing fits is told.
    scope = Scope(language="pl", as_of=datetime.date(1999, 1, 1))
    answer = assistant.ask(DRUGS, scope=scope)
    assert (answer.reason, answer.text.count("\n")) == ("out_of_scope", 0)


BEES = "# Plan {n}\n\n## Beekeeping\n\nThe town keeps {hives} hives of bees on the town hall."


@pytest.fixture
def plans(indexed: Small) -> Assistant:
    """A plan of 2020 that another took the place of in 2022, which is in force from 2023 on."""
    old = "---\nid: plan-1\nlanguage: en\ndate: 2020-05-01\nsuperseded_by: plan-2\n---\n\n"
    new = "---\nid: plan-2\nlanguage: en\ndate: 2022-05-01\neffective_from: 2023-01-01\n---\n\n"
    texts = {"1.md": old + BEES.format(n=1, hives=12), "2.md": new + BEES.format(n=2, hives=30)}
    settings = indexed(texts).model_copy(update={"refuse_below": 0.0})  # fitted on other subjects
    return Assistant(settings)


@pytest.mark.parametrize(
    ("day", "cited"),
    [
        (None, {"plan-2": "in_force", "plan-1": "superseded"}),
        ("2020-05-01", {"plan-1": "in_force"}),
        ("2022-06-01", {"plan-1": "in_force", "plan-2": "upcoming"}),
        ("2023-01-01", {"plan-2": "in_force", "plan-1": "superseded"}),
    ],
)
def test_as_of_a_day_later_documents_are_left_out_and_standings_are_of_that_day(
    plans: Assistant, day: str | None, cited: Mapping[str, str]
) -> None:
    scope = Scope(as_of=datetime.date.fromisoformat(day) if day else None)
    found = plans.index.snapshot().search("How many hives of bees?", 6, "en", scope=scope)
    assert [(scored.passage.document.id, scored.standing) for scored in found] == list(
        cited.items()
    )
    answer = plans.ask("How many hives of bees does the town keep?", scope=scope)
    assert answer.citations[0].document.id == next(iter(cited))
    assert answer.citations[0].standing == "in_force"


def test_a_document_without_a_date_is_there_on_any_day() -> None:
    undated = DocumentInfo(id="brief", language="nl", title="")
    assert Scope(as_of=datetime.date(1952, 7, 23)).admits(undated)


@pytest.mark.parametrize(
    ("question", "stages"),
    [
        (DRUGS, ["searching", "reading", "checking"]),
        ("best pizza recipe", ["searching", "reading"]),
    ],
)
def test_what_is_being_done_is_told_before_the_text(
    assistant: Assistant, question: str, stages: list[str]
) -> None:
    events = list(assistant.stream(question))
    first = next(n for n, event in enumerate(events) if isinstance(event, TextDelta))
    assert [event.name for event in events if isinstance(event, Stage)] == stages
    assert all(isinstance(event, Stage) for event in events[:first])
    assert all(isinstance(event, TextDelta) for event in events[first:-1])
    assert isinstance(events[-1], Finished)


def test_the_command_limits_what_is_searched(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    limits = ["--document", "drugs-agenda", "--document", "firearms-plan"]
    limits += ["--source-language", "nl", "--as-of", "2020-07-24"]
    assert command.main([DRUGS, *limits]) == 0
    assert "30 miljard euro per jaar" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("limit", "code", "problem"),
    [
        (["--document", "drugs"], 1,
         "There is no document 'drugs' in the index. Choose from: csa-st"),
        (["--area", "Drugs"], 1, "There is no area 'Drugs' in the index. Choose from: child-prot"),
        (["--source-language", "xx"], 2, "'xx' is none of bg, cs"),
        (["--as-of", "24-07-2020"], 2, "'24-07-2020' is no date; write it as in 2020-07-24"),
    ],
)  # fmt: skip
def test_the_command_names_what_can_be_chosen(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    limit: list[str],
    code: int,
    problem: str,
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    assert command.main([DRUGS, *limit]) == code
    assert problem in capsys.readouterr().err
