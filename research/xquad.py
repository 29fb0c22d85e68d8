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

from core.errors import QuestionSetError
from core.settings import Settings
from eval.corpora import prepare
from ingest.reading.formats import plain
from vectorstore.store import Index, open_index

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_MARKS = ("", "\u200c", "• ")  # nothing, zero-width non-joiner, bullet


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
        name: question for _, _, asked in _paragraphs(folder, asked_in) for name, question in asked
    }
    paragraphs: dict[str, int] = {}
    questions = []
    for article, context, asked in _paragraphs(folder, language):
        place = paragraphs.setdefault(context, len(paragraphs))
        questions += [Question(texts[name], place, article) for name, _ in asked if name in texts]
    return XQuAD(language, asked_in, tuple(paragraphs), tuple(questions))


def build_index(xquad: XQuAD, settings: Settings) -> Index:
    """Builds or updates the index of the paragraphs, in `data_dir`/corpora."""
    digest = hashlib.sha256(json.dumps(xquad.paragraphs).encode()).hexdigest()[:12]
    documents = settings.data_dir / "public" / f"{xquad.language}-{digest}"
    documents.mkdir(parents=True, exist_ok=True)
    for number, paragraph in enumerate(xquad.paragraphs):
        name = paragraph_id(number)
        text = (
            f"---\nid: {name}\nlanguage: {xquad.language!r}\n"
            f'title: "Paragraph {number + 1}"\n---\n{_as_line(paragraph)}\n'
        )
        (documents / f"{name}.txt").write_text(text, "utf-8")
    return open_index(prepare([documents], settings))


def paragraph_id(number: int) -> str:
    """The id of the document of a paragraph."""
    return f"p{number:07}"


def _paragraphs(folder: Path, language: str) -> list[tuple[int, str, list[tuple[str, str]]]]:
    """The number of the article, the text, and the ids and questions of each paragraph."""
    file = folder / f"xquad.{language}.json"
    try:
        return [
            (
                number,
                paragraph["context"],
                [(asked["id"], asked["question"]) for asked in paragraph["qas"]],
            )
            for number, article in enumerate(json.loads(file.read_bytes())["data"])
            for paragraph in article["paragraphs"]
        ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise QuestionSetError(f"{file}: cannot be read as XQuAD: {error}") from error


def _as_line(paragraph: str) -> str:
    """The paragraph in one line, with a mark in front where the reader would not take all of it as
    a paragraph."""
    line = _CONTROL.sub(" ", paragraph)
    for mark in _MARKS[:-1]:
        if [block.kind for block in plain.read(mark + line).blocks] == ["paragraph"]:
            return mark + line
    return _MARKS[-1] + line
