"""An answer and a note of its quote, made by hand."""

from core.answer import Answer
from core.source import DocumentInfo, Unit
from tests.support.passages import answer_of, citation_of, passage_of
from userdata.conversation import Note

_QUOTE = "Er waren 725 000 meldingen."


def noted_answer() -> Answer:
    """An answer that quotes one passage."""
    document = DocumentInfo(
        id="csa-strategy", language="nl", title="Strategie", url="https://eur-lex.europa.eu/"
    )
    source = passage_of(document, _QUOTE, "Omvang", units=(Unit(start=0, end=len(_QUOTE)),))
    citation = citation_of(source, _QUOTE)
    text = "Dat waren er 725 000. [1]"
    return answer_of(text, citation, question="Hoeveel meldingen?", passages=(source,))


def note(quote: str = _QUOTE, start: int = 0, **given: object) -> Note:
    """A note of these words, with other values of its fields."""
    at = {"quote": quote, "start": start, "end": start + len(quote)}
    citation = noted_answer().citations[0].model_copy(update=at)
    kept = Note(citation=citation, question="Hoeveel meldingen?", conversation="c")
    return kept.model_copy(update=given)
