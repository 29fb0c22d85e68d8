"""Reads BEIR's format: a folder with corpus, queries and judgements.

    corpus.jsonl     {"_id": "4983", "title": "...", "text": "..."}
    queries.jsonl    {"_id": "1", "text": "..."}
    qrels/test.tsv   query-id <tab> corpus-id <tab> score, below a line with these names

A score of 1 or more is a grade of relevance; 0 or less means not relevant. Only queries with a
relevant document are asked.

Thakur et al. 2021, https://arxiv.org/abs/2104.08663; https://github.com/beir-cellar/beir
"""

from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import QuestionSetError
from research.public.set_files import has_words, lines, notes, out_of_form
from research.public.shapes import PublicDocument, PublicQuestion, PublicSet

_HEADER = ["query-id", "corpus-id", "score"]


class _Record(BaseModel):
    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str = Field(alias="_id")
    title: str | None = None
    text: str | None = None


def read(folder: Path, name: str, language: str) -> PublicSet:
    """Reads one folder.

    Raises:
        QuestionSetError: a file is missing or malformed; the message names file, line and key.
    """
    corpus = _records(folder / "corpus.jsonl")
    queries = _records(folder / "queries.jsonl")
    grades = dict(_judgements(folder / "qrels" / "test.tsv", queries, corpus))
    documents = [
        PublicDocument(
            id=record.id,
            title=(record.title or "").strip() or f"Document {number + 1}",
            text=text,
            article=number,
        )
        for number, record in enumerate(corpus.values())
        if has_words(text := _text(record))
    ]
    kept = {document.id for document in documents}
    questions = [
        PublicQuestion(id=query.id, text=query.text or "", relevant=relevant)
        for query in queries.values()
        if (relevant := grades.get(query.id)) and kept & relevant.keys() and query.text
    ]
    if not questions:
        raise QuestionSetError(
            f"{folder}: no query has a relevant document. Look at queries.jsonl and qrels/test.tsv."
        )
    return PublicSet(
        name=name,
        language=language,
        question_language=language,
        documents=tuple(documents),
        questions=tuple(questions),
        notes=notes(
            {
                "documents without a word, never found": len(corpus) - len(documents),
                "judged queries without a relevant document, not asked": len(grades)
                - len(questions),
            }
        ),
    )


def _text(record: _Record) -> str:
    """Text of an entry; its title if the text has no words."""
    text = record.text or ""
    return text if has_words(text) else record.title or ""


def _records(file: Path) -> dict[str, _Record]:
    found: dict[str, _Record] = {}
    for number, line in lines(file):
        try:
            record = _Record.model_validate_json(line)
        except ValidationError as error:
            raise out_of_form(
                f"{file}:{number}", error, 'Write one {"_id": ..., "text": ...} on each line.'
            ) from None
        if record.id in found:
            raise QuestionSetError(
                f"{file}:{number}: _id {record.id!r} is used twice. Remove one of the two."
            )
        found[record.id] = record
    return found


def _judgements(
    file: Path, queries: dict[str, _Record], corpus: dict[str, _Record]
) -> Iterator[tuple[str, dict[str, int]]]:
    """(query id, its relevant documents with their grades) of every judged query."""
    grades: dict[str, dict[str, int]] = {}
    for order, (number, line) in enumerate(lines(file)):
        fields = line.split("\t")
        if order == 0:
            if fields != _HEADER:
                raise QuestionSetError(
                    f"{file}:{number}: the first line must be {' <tab> '.join(_HEADER)}."
                )
            continue
        try:
            query, document, grade = fields[0], fields[1], int(fields[2])
        except (IndexError, ValueError):
            raise QuestionSetError(
                f"{file}:{number}: not a query, a document and a whole number between tabs. "
                "Correct the line."
            ) from None
        for name, known, place in (
            (query, queries, "queries.jsonl"),
            (document, corpus, "corpus.jsonl"),
        ):
            if name not in known:
                raise QuestionSetError(
                    f"{file}:{number}: {name!r} is not in {place}. "
                    "Take all three files from the same release, or remove the line."
                )
        of_query = grades.setdefault(query, {})
        if grade > 0:
            of_query[document] = grade
    yield from grades.items()
