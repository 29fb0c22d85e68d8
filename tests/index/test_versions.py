"""Documents that are not in force step back for those that are, and are told when quoted; those
whose period is over are told below an answer, and when they are asked for."""

import datetime
from collections.abc import Mapping, Sequence

import pytest

from chain.assistant import Assistant
from core.answer import Turn
from core.settings import Settings
from core.source import DocumentInfo, Scope, standings
from ingest.pipeline import ingest
from ingest.reading.files import confirm
from tests.support.small import Small
from ui.answers.checks import remarks_below
from ui.texts import load

TODAY = datetime.date(2026, 11, 24)
YESTERDAY, TOMORROW = (TODAY + datetime.timedelta(days=days) for days in (-1, 1))


def document(name: str, language: str = "nl", **given: object) -> DocumentInfo:
    return DocumentInfo.model_validate({"id": name, "language": language, "title": name, **given})


CELEX = "52020DC0607"
OLD_AND_NEW = [document("old", superseded_by="new"), document("new", effective_from=TOMORROW)]
BRIEF_AND_OFFICIAL = [
    document("brief", "nl", kind="brief", celex=CELEX),
    document("brief", "en", kind="brief", celex=CELEX),
    document("52020dc0607", "nl", kind="official", celex=CELEX),
    document("other", "nl", kind="brief"),
]
OFFICIAL_LATER = [
    document("brief", kind="brief", celex=CELEX),
    document("official", kind="official", celex=CELEX, date=TODAY),
]


@pytest.mark.parametrize(
    ("documents", "day", "told"),
    [
        ([document("a"), document("b", effective_from=TODAY)], TODAY, {}),
        ([document("plan", effective_until=TODAY)], TODAY, {}),
        ([document("plan", effective_until=TODAY)], TOMORROW, {"plan.nl": "ended"}),
        # a successor that is not here counts as in force
        ([document("old", superseded_by="new")], TODAY, {"old.nl": "superseded"}),
        (OLD_AND_NEW, TODAY, {"new.nl": "upcoming"}),
        (OLD_AND_NEW, TOMORROW, {"old.nl": "superseded"}),
        (BRIEF_AND_OFFICIAL, TODAY, {"brief.nl": "summary"}),  # not in another language
        (OFFICIAL_LATER, YESTERDAY, {}),
        (OFFICIAL_LATER, TODAY, {"brief.nl": "summary"}),
    ],
)
def test_what_is_not_in_force_on_a_day(
    documents: Sequence[DocumentInfo], day: datetime.date, told: Mapping[str, str]
) -> None:
    assert standings(documents, day) == told


def _plan(number: int, text: str, more: str = "") -> str:
    return f"---\nid: plan-{number}\nlanguage: en\n{more}---\n\n# Plan {number}\n\n{text}\n"


BEES = "## Beekeeping\n\nThe town keeps {} hives of bees on the roof of the town hall."
DOGS = "## Dogs\n\nDogs swim in the pond from May to September."


def _over(settings: Settings) -> Assistant:
    """Answers over an index of other subjects than those that its confidence was fitted on."""
    return Assistant(settings.model_copy(update={"refuse_below": 0.0}))


def test_the_text_in_force_comes_first_and_the_old_one_is_told(indexed: Small) -> None:
    old = _plan(1, f"{BEES.format(12)}\n\n{DOGS}", "superseded_by: plan-2\n")
    assistant = _over(indexed({"old.md": old, "new.md": _plan(2, BEES.format(30))}))
    bees = assistant.ask("How many hives of bees does the town keep?", language="en")
    assert bees.citations[0].document.id == "plan-2"
    assert "30 hives" in bees.text.split("[1]")[0]

    dogs = assistant.ask("When do dogs swim in the pond?", language="en")
    assert (dogs.citations[0].document.id, dogs.citations[0].standing) == ("plan-1", "superseded")
    shown = " ".join(remarks_below(dogs, load("en")))
    assert "Another document has taken the place of “Plan 1”" in shown


def test_an_answer_rests_on_the_official_text_first_and_says_when_it_quotes_the_summary(
    small: Small,
) -> None:
    celex = 'celex: "52020DC0699"\n'
    brief = _plan(1, f"{BEES.format(12)}\n\n{DOGS}", f"{celex}kind: brief\nabout: Plan\n")
    official = _plan(2, BEES.format(12), f"{celex}kind: official\n")
    settings = small({"brief.md": brief, "official.md": official})
    confirm(settings.corpus_dirs[0] / "official.md", settings.documents_dir, official=True)
    ingest(settings)
    assistant = _over(settings)
    bees = assistant.ask("How many hives of bees does the town keep?", language="en")
    assert bees.citations[0].document.kind == "official"

    dogs = assistant.ask("When do dogs swim in the pond?", language="en")
    assert dogs.citations[0].standing == "summary"
    note = "“Plan 1”, which is quoted here, is a summary by this project; the official text is"
    assert note in " ".join(remarks_below(dogs, load("en")))


OVER = "date: 2020-07-24\neffective_until: 2025-12-31\n"
SUCCESSOR = 'successor: "Plan 9, COM(2025) 9 final"\n'
PONDS = "When do dogs swim in the pond?"
ON_PLAN_1 = (
    "“Plan 1” ran from 2020 until the end of 2025 and is over; "
    "successor: Plan 9, COM(2025) 9 final."
)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.source.today", lambda: TODAY)


@pytest.mark.usefixtures("now")
def test_a_document_whose_period_is_over_keeps_its_place(indexed: Small) -> None:
    files = {"1.md": _plan(1, DOGS), "2.md": _plan(2, BEES.format(30))}
    before = _over(indexed(files)).ask(PONDS, language="en")
    files["1.md"] = _plan(1, DOGS, OVER + SUCCESSOR)
    after = _over(indexed(files)).ask(PONDS, language="en")
    assert (before.text, before.confidence) == (after.text, after.confidence)
    assert [citation.standing for citation in before.citations] == ["in_force"]
    assert [citation.standing for citation in after.citations] == ["ended"]
    assert remarks_below(after, load("en")) == []  # it has a line of its own
    assert (before.ended, after.ended) == ("", ON_PLAN_1)


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(
    ("day", "told"), [(None, ON_PLAN_1), ("2026-01-01", ON_PLAN_1), ("2025-12-31", "")]
)
def test_whether_a_period_is_over_is_told_for_the_day_of_reference(
    indexed: Small, day: str | None, told: str
) -> None:
    assistant = _over(indexed({"1.md": _plan(1, DOGS, OVER + SUCCESSOR)}))
    scope = Scope(as_of=datetime.date.fromisoformat(day) if day else None)
    assert assistant.ask(PONDS, language="en", scope=scope).ended == told


@pytest.mark.usefixtures("now")
def test_of_a_document_that_is_cited_with_its_successor_nothing_is_said(indexed: Small) -> None:
    question = "How many hives of bees does the town keep and when do dogs swim in the pond?"
    files = {
        "1.md": _plan(1, DOGS, OVER + SUCCESSOR),
        "9.md": _plan(9, BEES.format(30), "date: 2025-12-04\n"),
    }
    apart = _over(indexed(files)).ask(question, language="en")
    assert {"plan-1", "plan-9"} <= {*apart.documents}
    assert apart.ended == ON_PLAN_1
    files["9.md"] = _plan(9, BEES.format(30), 'date: 2025-12-04\nreference: "COM(2025) 9 final"\n')
    together = _over(indexed(files)).ask(question, language="en")
    assert {"plan-1", "plan-9"} <= {*together.documents}
    assert together.ended == ""


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(
    ("question", "line"),
    [
        (
            "Welke prioriteiten heeft de drugsagenda?",
            "De drugsagenda (COM(2020) 606 final/2) liep van 2021 tot en met 2025 en is voorbij; "
            "opvolger: EU-drugsstrategie, COM(2025) 743 final.",
        ),
        (
            "What are the priorities of the action plan on firearms trafficking?",
            "The action plan on firearms trafficking (COM(2020) 608 final) ran from 2020 until the "
            "end of 2025 and is over.",
        ),
    ],
)
def test_below_an_answer_out_of_a_brief_stands_in_its_language_that_the_official_text_is_over(
    assistant: Assistant, question: str, line: str
) -> None:
    scope = Scope(documents=("drugs-agenda", "firearms-plan"))
    answer = assistant.ask(question, scope=scope)
    assert answer.is_sourced
    assert answer.ended == line
    assert line not in answer.text


@pytest.mark.usefixtures("now")
def test_neither_a_refusal_nor_small_talk_says_what_is_over(assistant: Assistant) -> None:
    for asked in ("Hoeveel drugslaboratoria werden er in Polen ontdekt?", "Bedankt!"):
        answer = assistant.ask(asked)
        assert not answer.is_sourced
        assert answer.ended == ""


NL_DRUGS = (
    "De drugsagenda (COM(2020) 606 final/2) liep van 2021 tot en met 2025 en is voorbij; "
    "opvolger: EU-drugsstrategie, COM(2025) 743 final.",
    "De Commissie kwam op 4 december 2025 met een opvolger, de EU-drugsstrategie COM(2025) 743, "
    "en met een apart actieplan tegen drugshandel, COM(2025) 744. [1]",
)


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("geldt de drugsagenda nog?", NL_DRUGS),
        (
            "Is the firearms plan still in force?",
            (
                "The action plan on firearms trafficking (COM(2020) 608 final) ran from 2020 until "
                "the end of 2025 and is over; no successor is known here.",
                "The 2020-2025 EU action plan on firearms trafficking is a European Commission "
                "communication of 24 July 2020, numbered COM(2020) 608 final, with four annexes. "
                "[1]",
            ),
        ),
        (
            "Bis wann gilt die Drogenagenda?",
            (
                "Die Drogenagenda (COM(2020) 606 final/2) lief von 2021 bis Ende 2025 und ist "
                "abgelaufen; Nachfolger: EU Drugs Strategy, COM(2025) 743 final.",
                "On 4 December 2025 the Commission presented a successor, the EU Drugs Strategy "
                "COM(2025) 743, and a separate action plan against drug trafficking, COM(2025) "
                "744. [1]",
            ),
        ),
    ],
)
def test_whether_a_document_still_applies_is_told_first_and_then_quoted(
    assistant: Assistant, question: str, said: Sequence[str]
) -> None:
    answer = assistant.ask(question)
    assert answer.kind == "answer"
    assert answer.text.split("\n\n") == [*said]
    assert answer.blocks[0].sentences[0].status == "own"
    assert (answer.ended, answer.prepared, answer.related) == ("", "", ())  # once is enough


@pytest.mark.usefixtures("now")
def test_it_is_told_of_what_a_conversation_is_about_and_of_the_day_of_reference(
    assistant: Assistant,
) -> None:
    first = assistant.ask("Wat is de drugsagenda?")
    history = [Turn.of("Wat is de drugsagenda?", first)]
    assert assistant.ask("En geldt die nog?", history).text.startswith(NL_DRUGS[0])
    then = Scope(as_of=datetime.date(2023, 1, 1))
    told = assistant.ask("Geldt de drugsagenda nog?", scope=then).text
    assert told.startswith("De drugsagenda (COM(2020) 606 final/2) loopt van 2021 tot en met 2025;")


@pytest.mark.usefixtures("now")
def test_outside_of_the_scope_or_without_a_period_the_question_is_answered_as_any_other(
    assistant: Assistant, indexed: Small
) -> None:
    other = Scope(documents=("csa-strategy",))
    assert " liep van " not in assistant.ask("Geldt de drugsagenda nog?", scope=other).text
    text = "## Ponds\n\nThe Pond Plan is about ponds."
    for more, told in (("", False), ("effective_until: 2027-06-30\n", True)):
        pond = f"---\nid: ponds\nlanguage: en\ntitle: The Pond Plan\n{more}---\n\n{text}\n"
        answer = _over(indexed({"ponds.md": pond})).ask(
            "Is the Pond Plan still in force?", language="en"
        )
        assert answer.text.startswith("“The Pond Plan” runs until 30 June 2027.") == told
        assert answer.citations  # where no sentence is on it, what there is


def test_a_successor_that_is_a_document_here_is_named(indexed: Small) -> None:
    old = "---\nid: old\nlanguage: en\ntitle: The Pond Plan\nsuperseded_by: new\n"
    files = {
        "old.md": f"{old}effective_until: 2025-06-30\n---\n\n# Ponds\n\nDogs swim in ponds.\n",
        "new.md": "---\nid: new\nlanguage: en\ntitle: Lakes\n---\n\n# Lakes\n\nLakes are big.\n",
    }
    assistant = _over(indexed(files))
    answer = assistant.ask("What succeeds the Pond Plan?", language="en")
    assert answer.text.startswith(
        "“The Pond Plan” ran until 30 June 2025 and is over; successor: Lakes."
    )
