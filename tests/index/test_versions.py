"""Documents that are not in force step back for those that are, and are told when quoted."""

import datetime

from chain.assistant import Assistant
from core.settings import Settings
from core.source import DocumentInfo, standings
from ingest.pipeline import ingest
from ingest.reading.files import confirm
from tests.support.small import Small
from ui.answers.answer_view import remarks_below
from ui.texts import load

TODAY = datetime.date(2026, 11, 24)
Indexed = Small


def document(name: str, language: str = "nl", **given: object) -> DocumentInfo:
    return DocumentInfo.model_validate({"id": name, "language": language, "title": name, **given})


def test_a_document_that_nothing_replaced_is_in_force() -> None:
    assert standings([document("a"), document("b", effective_from=TODAY)], TODAY) == {}


def test_a_superseded_document_stays_in_force_until_its_successor_begins() -> None:
    documents = [
        document("old", superseded_by="new"),
        document("new", effective_from=TODAY + datetime.timedelta(days=1)),
    ]
    assert standings(documents, TODAY) == {"new.nl": "upcoming"}
    assert standings(documents, TODAY + datetime.timedelta(days=1)) == {"old.nl": "superseded"}


def test_a_successor_that_is_not_here_counts_as_in_force() -> None:
    assert standings([document("old", superseded_by="new")], TODAY) == {"old.nl": "superseded"}


def test_a_brief_steps_back_only_in_the_language_of_the_official_text() -> None:
    documents = [
        document("brief", "nl", kind="brief", celex="52020DC0607"),
        document("brief", "en", kind="brief", celex="52020DC0607"),
        document("52020dc0607", "nl", kind="official", celex="52020DC0607"),
        document("other", "nl", kind="brief"),
    ]
    assert standings(documents, TODAY) == {"brief.nl": "summary"}


def _plan(number: int, text: str, more: str = "") -> str:
    return f"---\nid: plan-{number}\nlanguage: en\n{more}---\n\n# Plan {number}\n\n{text}\n"


BEES = "## Beekeeping\n\nThe town keeps {} hives of bees on the roof of the town hall."
DOGS = "## Dogs\n\nDogs swim in the pond from May to September."


def test_the_text_in_force_comes_first_and_the_old_one_is_told(indexed: Indexed) -> None:
    old = _plan(1, f"{BEES.format(12)}\n\n{DOGS}", "superseded_by: plan-2\n")
    assistant = Assistant(
        _questions_are_answered(indexed({"old.md": old, "new.md": _plan(2, BEES.format(30))}))
    )
    bees = assistant.ask("How many hives of bees does the town keep?", language="en")
    assert bees.citations[0].document.id == "plan-2"
    assert "30 hives" in bees.text.split("[1]")[0]

    dogs = assistant.ask("When do dogs swim in the pond?", language="en")
    assert (dogs.citations[0].document.id, dogs.citations[0].standing) == ("plan-1", "superseded")
    shown = " ".join(remarks_below(dogs, load("en")))
    assert "Another document has taken the place of “Plan 1”" in shown


def test_without_the_field_the_older_text_is_not_told_apart(indexed: Indexed) -> None:
    assistant = Assistant(_questions_are_answered(indexed({"old.md": _plan(1, DOGS)})))
    dogs = assistant.ask("When do dogs swim in the pond?", language="en")
    assert dogs.citations[0].standing == "in_force"
    assert "taken the place" not in " ".join(remarks_below(dogs, load("en")))


def test_an_answer_rests_on_the_official_text_first_and_says_when_it_quotes_the_summary(
    small: Small,
) -> None:
    celex = 'celex: "52020DC0699"\n'
    brief = _plan(1, f"{BEES.format(12)}\n\n{DOGS}", f"{celex}kind: brief\nabout: Plan\n")
    official = _plan(2, BEES.format(12), f"{celex}kind: official\n")
    settings = _questions_are_answered(small({"brief.md": brief, "official.md": official}))
    confirm(settings.corpus_dirs[0] / "official.md", settings.documents_dir, official=True)
    ingest(settings)
    bees = Assistant(settings).ask("How many hives of bees does the town keep?", language="en")
    assert bees.citations[0].document.kind == "official"

    dogs = Assistant(settings).ask("When do dogs swim in the pond?", language="en")
    assert dogs.citations[0].standing == "summary"
    note = "“Plan 1”, which is quoted here, is a summary by this project; the official text is"
    assert note in " ".join(remarks_below(dogs, load("en")))


def _questions_are_answered(settings: Settings) -> Settings:
    return settings.model_copy(update={"refuse_below": 0.0})  # fitted on other subjects
