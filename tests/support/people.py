"""What is kept of people in tests: answers, conversations, notes and verdicts made by hand."""

import datetime

from core.answer import Answer
from core.answer_blocks import own
from core.source import DocumentInfo, Unit
from tests.support.passages import answer_of, citation_of, passage_of
from userdata.conversations import Conversation, Exchange, Note
from userdata.feedback import Feedback

NOON = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)
REPORTS = "Hoeveel meldingen van kindermisbruik gaf Malta in 2019 door?"
REPLY = Answer(
    question="Dag \ud83d\x00 “x”", blocks=(own("Dag!"),), language="nl", answered=True,
    message="greeting", confidence=0.0, mode="extractive",
)  # fmt: skip
HOSTILE = (
    "'\"\n- id: evil\n  question: x\n# x: y\n--- !!python/object:os.system ls\n...\n&a *a {[ %TAG\t"
    "\x00\x07\x85\u2028\ufeff🙂 | > @ ` null ~ no"
)


def answer(text: str = "Dat waren er 725 000. [1]") -> Answer:
    document = DocumentInfo(
        id="csa-strategy", language="nl", title="Strategie", url="https://eur-lex.europa.eu/"
    )
    quote = "Er waren 725 000 meldingen."
    source = passage_of(document, quote, "Omvang", units=(Unit(start=0, end=len(quote)),))
    question = "Hoeveel meldingen?"
    return answer_of(text, citation_of(source, quote), question=question, passages=(source,))


def talk(*questions: str, name: str = "") -> Conversation:
    """A conversation of these questions, each with the same answer."""
    exchanges = tuple(Exchange(question=question, answer=answer()) for question in questions)
    return Conversation(name=name, exchanges=exchanges)


def note(quote: str = "Er waren 725 000 meldingen.", start: int = 0, **given: object) -> Note:
    at = {"quote": quote, "start": start, "end": start + len(quote)}
    citation = answer().citations[0].model_copy(update=at)
    return Note(citation=citation, question="Hoeveel meldingen?", conversation="c").model_copy(
        update=given
    )


def verdict(number: int = 1, **changes: object) -> Feedback:
    """The verdict with this number: a thumb down at so many seconds past noon."""
    values: dict[str, object] = {
        "id": f"{number:032x}"[::-1],
        "date": NOON + datetime.timedelta(seconds=number),
        "helpful": False,
        "question": REPORTS,
        "language": "nl",
        "answered": True,
        "answer_text": "Malta gaf er 12 door. [1]",
        "sections": ("Cijfers › Malta",),
        "confidence": 0.9,
        "mode": "extractive",
    }
    return Feedback.model_validate(values | changes)


def named_verdict(name: str, **changes: object) -> Feedback:
    """A thumb down with this id, on a question that has it."""
    values = {"id": name, "question": f"Vraag {name} <script>?", "answer_text": "- Antwoord [1]"}
    return verdict(**values | {"sections": ("Alpha › <b>Vloot</b>",)} | changes)
