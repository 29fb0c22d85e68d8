"""XQuAD (https://github.com/google-deepmind/xquad): its paragraphs in an index, and its questions.

    xquad.<language>.json -> questions, paragraphs -> one .txt each -> ingest -> an index of its own

A paragraph is plain text in one line, so that nothing in it is taken for markup. The few that the
reader would take for page noise ("See also") or a list item ("1. FC Köln") get a mark in front.
"""

import hashlib
import json
import re
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ValidationError

from core.errors import QuestionSetError
from core.settings import Settings
from core.source import Passage
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import IngestOptions
from ingest.reading.formats import plain
from vectorstore.embeddings import make_embedder
from vectorstore.generation import method_of
from vectorstore.store import Index, open_index

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MARKS = ("", "\u200c", "• ")  # nothing, zero-width non-joiner, bullet


class _Asked(BaseModel):
    id: str
    question: str


class _Paragraph(BaseModel):
    context: str
    qas: tuple[_Asked, ...]


class _Article(BaseModel):
    paragraphs: tuple[_Paragraph, ...]


class _File(BaseModel):
    data: tuple[_Article, ...]


class Question(NamedTuple):
    """A question, the number of the paragraph that answers it, and of the article of that."""

    text: str
    paragraph: int
    article: int


class XQuAD(NamedTuple):
    """Paragraphs in one language with questions about them in the same or another."""

    language: str
    asked_in: str
    paragraphs: tuple[str, ...]
    questions: tuple[Question, ...]


def load(folder: Path, language: str, asked_in: str) -> XQuAD:
    """Reads the paragraphs of one file of a folder, with the questions of another.

    Raises:
        QuestionSetError: a file is missing or no XQuAD file.
    """
    texts = {
        entry.id: entry.question
        for article in _articles(folder, asked_in)
        for paragraph in article.paragraphs
        for entry in paragraph.qas
    }
    paragraphs: dict[str, int] = {}
    questions = []
    for number, article in enumerate(_articles(folder, language)):
        for paragraph in article.paragraphs:
            place = paragraphs.setdefault(paragraph.context, len(paragraphs))
            questions += [
                Question(texts[entry.id], place, number)
                for entry in paragraph.qas
                if entry.id in texts
            ]
    return XQuAD(language, asked_in, tuple(paragraphs), tuple(questions))


def even_articles(xquad: XQuAD) -> XQuAD:
    """The half to fit on: questions about every second article; figures are about the others."""
    even = (question for question in xquad.questions if question.article % 2 == 0)
    return xquad._replace(questions=tuple(even))


def build_index(xquad: XQuAD, settings: Settings) -> Index:
    """Builds or updates the index of the paragraphs, in `data_dir`/public."""
    method = method_of(make_embedder(settings))
    digest = hashlib.sha256(json.dumps(xquad.paragraphs).encode()).hexdigest()[:12]
    folder = settings.data_dir / "public" / f"{xquad.language}-{digest}-{method}"
    documents = folder.resolve() / "documents"
    documents.mkdir(parents=True, exist_ok=True)
    for number, paragraph in enumerate(xquad.paragraphs):
        text = (
            f"---\nid: p{number:07}\nlanguage: {xquad.language!r}\n"
            f'title: "Paragraph {number + 1}"\n---\n{_as_line(paragraph)}\n'
        )
        (documents / f"p{number:07}.txt").write_text(text, "utf-8")
    changes = {"data_dir": documents.parent, "corpus_dirs": (documents,), "chroma_url": ""}
    own = settings.model_copy(update={**changes, "keep_generations": 1})
    ingest(own, IngestOptions(strict=True))
    return open_index(own)


def paragraph_of(passage: Passage) -> int:
    """The number of the paragraph that a passage of the index is from."""
    return int(passage.document.id[1:])


def _articles(folder: Path, language: str) -> tuple[_Article, ...]:
    file = folder / f"xquad.{language}.json"
    try:
        return _File.model_validate_json(file.read_bytes()).data
    except (OSError, ValidationError) as error:
        raise QuestionSetError(f"{file}: cannot be read as XQuAD: {error}") from error


def _as_line(paragraph: str) -> str:
    """The paragraph in one line, with a mark in front where the reader would not take all of it as
    a paragraph."""
    line = _CONTROL.sub(" ", paragraph)
    for mark in _MARKS[:-1]:
        if [block.kind for block in plain.read(mark + line).blocks] == ["paragraph"]:
            return mark + line
    return _MARKS[-1] + line
