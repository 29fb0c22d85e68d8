"""Passages, citations, answers and prepared questions made by hand: a test gives what it is about,
and no more."""

from core.answer import Answer, Citation, referred
from core.source import DocumentInfo, Passage
from ingest.reading.question_file import AskedQuestion, each_once, one_line
from prompts import client_words
from tests.support.blocks import with_blocks


def passage_of(document: DocumentInfo, text: str, heading: str, **given: object) -> Passage:
    """A passage that is a whole section; without units, unless they are given."""
    values: dict[str, object] = {
        "id": f"{document.key}:p1", "document": document, "text": text,
        "headings": (document.title, heading), "section": 1, "start": 0, "end": len(text),
        "units": (),
    }  # fmt: skip
    return Passage.model_validate(values | given)


def citation_of(passage: Passage, quote: str, number: int = 1, **given: object) -> Citation:
    """A quote where it first stands in a passage, unless `start` says where."""
    start = int(str(given.get("start", passage.text.find(quote))))
    assert start >= 0
    values: dict[str, object] = {
        "number": number, "passage_id": passage.id, "document": passage.document,
        "headings": passage.headings, "quote": quote, "start": start, "end": start + len(quote),
        "page": passage.page, "last_page": passage.page, "url": passage.document.url,
    }  # fmt: skip
    return Citation.model_validate(values | given)


def answer_of(text: str, *citations: Citation, **given: object) -> Answer:
    """An extractive answer in Dutch; without citations a refusal."""
    values: dict[str, object] = {
        "question": "?", "text": text, "language": "nl",
        "answered": bool(citations), "confidence": 0.9, "mode": "extractive",
    }  # fmt: skip
    values |= given
    cited = referred(citations, client_words(str(values["language"])).page)
    return Answer.model_validate(
        {"citations": cited} | with_blocks(values, *cited, only_cited=True)
    )


def asked_in(language: str, *questions: str) -> tuple[AskedQuestion, ...]:
    """Questions in a language as a file has them: each on one line, and of twins the first."""
    lines = map(one_line, questions)
    return each_once(AskedQuestion(text=line, language=language) for line in lines if line)
