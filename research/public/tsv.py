"""Reads tab-separated questions and passages, such as MQA-like sets or a spreadsheet of one's own.

    question <tab> passage [<tab> answer] [<tab> id]

The first line names the columns, in any order; other columns are ignored. Fields are literal:
quotation marks are text, and a field has no tab or line break. Rows with the same id are one
question with several relevant passages; without an id each row is a question. Rows with the same
passage share a document. Every occurrence of an answer in its passage counts.
"""

from pathlib import Path

from core.errors import QuestionSetError
from research.public.set_files import Paragraphs, has_words, lines, occurrences
from research.public.shapes import GoldAnswer, PublicQuestion, PublicSet

_REQUIRED = ("question", "passage")


def read(file: Path, name: str, language: str) -> PublicSet:
    """Reads one file.

    Raises:
        QuestionSetError: a column is missing or a row is malformed; it names file and line.
    """
    paragraphs = Paragraphs()
    questions: dict[str, PublicQuestion] = {}
    for number, row in _rows(file):
        place = f"{file}:{number}"
        for column in _REQUIRED:
            if not has_words(row[column]):
                raise QuestionSetError(f"{place}: {column} has no words. Fill it in.")
        document = paragraphs.add(row["passage"])
        answers = tuple(
            GoldAnswer(document=document.id, start=start, end=end)
            for start, end in occurrences(document.text, row.get("answer", ""))
        )
        if row.get("answer", "").strip() and not answers:
            raise QuestionSetError(
                f"{place}: the passage does not have the answer {row['answer']!r}. "
                "Write a part of the passage, or leave it empty."
            )
        name_of_question = row.get("id", "").strip() or f"row-{number}"
        before = questions.get(name_of_question)
        if before is not None and before.text != row["question"]:
            raise QuestionSetError(
                f"{place}: id {name_of_question!r} is that of another question. "
                "Give each question an id of its own."
            )
        questions[name_of_question] = PublicQuestion(
            id=name_of_question,
            text=row["question"],
            relevant={**(before.relevant if before else {}), document.id: 1},
            answers=tuple(dict.fromkeys((*(before.answers if before else ()), *answers))),
        )
    if not questions:
        raise QuestionSetError(f"{file}: has no rows. Add one question with its passage per line.")
    return PublicSet(
        name=name,
        language=language,
        question_language=language,
        documents=paragraphs.documents,
        questions=tuple(questions.values()),
    )


def _rows(file: Path) -> list[tuple[int, dict[str, str]]]:
    """(1-based line number, column -> field) of every row."""
    numbered = list(lines(file))
    columns = [name.strip().lower() for name in numbered[0][1].split("\t")] if numbered else []
    missing = [column for column in _REQUIRED if column not in columns]
    if missing:
        raise QuestionSetError(
            f"{file}:1: no column {' and no column '.join(missing)}. "
            "The first line names the columns, with a tab between them: question, passage."
        )
    rows = []
    for number, line in numbered[1:]:
        fields = line.split("\t")
        if len(fields) > len(columns):
            raise QuestionSetError(
                f"{file}:{number}: {len(fields)} fields for {len(columns)} columns. "
                "Remove the tabs inside a field."
            )
        rows.append((number, dict(zip(columns, fields, strict=False))))
    for number, row in rows:
        if "passage" not in row or "question" not in row:
            raise QuestionSetError(
                f"{file}:{number}: question or passage is missing. Put a tab between the fields."
            )
    return rows
