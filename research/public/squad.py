"""Reads SQuAD's JSON, versions 1.1 and 2.0, also used by XQuAD, GermanQuAD, MLQA and others.

    {"data": [{"title": "...", "paragraphs": [{"context": "...", "qas": [
        {"id": "...", "question": "...", "is_impossible": false,
         "answers": [{"text": "...", "answer_start": 177}]}]}]}]}

Each paragraph is a document. Titles of articles are not used: the sets' own protocol does not give
them to a search. Impossible questions (SQuAD 2.0) are not asked: their paragraph is relevant but
does not answer them, so neither finding nor missing it is right.

Rajpurkar et al. 2016, https://arxiv.org/abs/1606.05250; 2018, https://arxiv.org/abs/1806.03822;
Artetxe et al. 2020 (XQuAD), https://arxiv.org/abs/1910.11856
"""

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import QuestionSetError
from research.public.set_files import (
    Paragraphs,
    has_words,
    notes,
    occurrences,
    out_of_form,
    read_text,
)
from research.public.shapes import GoldAnswer, PublicDocument, PublicQuestion, PublicSet


class _Record(BaseModel):
    """Base of the records; other keys are ignored."""

    model_config = ConfigDict(coerce_numbers_to_str=True)


class _Answer(_Record):
    text: str
    answer_start: int


class _Question(_Record):
    id: str
    question: str = Field(pattern=r"\S")
    is_impossible: bool = False
    answers: list[_Answer] = []


class _Paragraph(_Record):
    context: str
    qas: list[_Question]


class _Article(_Record):
    paragraphs: list[_Paragraph]


class _File(_Record):
    data: list[_Article]


def read(file: Path, name: str, language: str) -> PublicSet:
    """Reads one file.

    An answer that is not at its offset is searched for in the paragraph, and left out if it is not
    there; the notes count both.

    Raises:
        QuestionSetError: the file is malformed; the message names line or key.
    """
    paragraphs = Paragraphs()
    questions: dict[str, PublicQuestion] = {}
    impossible = blank = moved = lost = 0
    for article, entry in enumerate(_parsed(file).data):
        for paragraph in entry.paragraphs:
            if not has_words(paragraph.context):
                blank += 1
                continue
            document = paragraphs.add(paragraph.context, article)
            for asked in paragraph.qas:
                if asked.is_impossible:
                    impossible += 1
                    continue
                if asked.id in questions:
                    raise QuestionSetError(
                        f"{file}: question id {asked.id!r} is used twice. "
                        "Give each question an id of its own."
                    )
                spans = [_span(document.text, answer) for answer in asked.answers]
                moved += sum(
                    span is not None and span[0] != answer.answer_start
                    for span, answer in zip(spans, asked.answers, strict=True)
                )
                lost += spans.count(None)
                questions[asked.id] = _question(asked, document, spans)
    if not questions:
        raise QuestionSetError(f"{file}: no question here can be answered. Name another file.")
    return PublicSet(
        name=name,
        language=language,
        question_language=language,
        documents=paragraphs.documents,
        questions=tuple(questions.values()),
        notes=notes(
            {
                "impossible questions, not asked": impossible,
                "paragraphs without a word, left out with their questions": blank,
                "paragraphs that repeat another, one document with it": paragraphs.repeated,
                "answers not where the file says, taken at the nearest place": moved,
                "answers that are not in their paragraph, left out": lost,
            }
        ),
    )


def _parsed(file: Path) -> _File:
    remedy = "A set in SQuAD's format is expected; for another format give --format."
    try:
        return _File.model_validate(json.loads(read_text(file)))
    except json.JSONDecodeError as error:
        raise QuestionSetError(f"{file}:{error.lineno}: not JSON ({error.msg}). {remedy}") from None
    except ValidationError as error:
        raise out_of_form(str(file), error, remedy) from None


def _span(text: str, answer: _Answer) -> tuple[int, int] | None:
    """Span of an answer: at its offset, else the nearest occurrence; None without one."""
    start, end = answer.answer_start, answer.answer_start + len(answer.text)
    if answer.text and start >= 0 and text[start:end] == answer.text:
        return start, end
    places = occurrences(text, answer.text)
    return min(places, key=lambda place: abs(place[0] - start), default=None)


def _question(
    asked: _Question, document: PublicDocument, spans: list[tuple[int, int] | None]
) -> PublicQuestion:
    found = dict.fromkeys(span for span in spans if span is not None)  # annotators often agree
    return PublicQuestion(
        id=asked.id,
        text=asked.question,
        relevant={document.id: 1},
        answers=tuple(
            GoldAnswer(document=document.id, start=start, end=end) for start, end in found
        ),
    )
