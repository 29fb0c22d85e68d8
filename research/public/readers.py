"""Reads a public question set of any format."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from core.errors import QuestionSetError
from research.public import beir, squad, tsv
from research.public.set_files import notes
from research.public.shapes import Format, PublicSet

_READERS: Mapping[Format, Callable[[Path, str, str], PublicSet]] = {
    "xquad": squad.read,
    "squad": squad.read,
    "beir": beir.read,
    "tsv": tsv.read,
}

_DEFAULT_LANGUAGE: Mapping[Format, str] = {"squad": "en", "beir": "en"}  # as they were published
_LANGUAGE_IN_NAME = re.compile(r"\.([a-z]{2})\.(?:json|tsv)$")  # xquad.de.json
_LANGUAGE = re.compile(r"[a-z]{2}")


def load(
    format: Format, path: Path, language: str | None = None, questions_from: Path | None = None
) -> PublicSet:
    """Reads a public question set.

    Args:
        format: xquad, squad, beir or tsv; see docs/public-sets.md.
        path: a file, for beir a folder; for xquad also a folder of its files.
        language: of the set (ISO 639-1). If not given, taken from a name such as xquad.de.json,
            else English for squad and beir.
        questions_from: the same set in another language; its questions with the same ids are asked
            instead.

    Raises:
        QuestionSetError: the set is missing or malformed, or its language is unknown.
    """
    file = _only_file(format, path, language)
    public = _READERS[format](file, _name(file), _language(format, file, language))
    if questions_from is None:
        return public
    other_file = _only_file(format, questions_from, None)
    other = _READERS[format](other_file, _name(other_file), _language(format, other_file, None))
    return _asked_by(public, other)


def set_files(format: Format, path: Path, language: str | None) -> tuple[Path, ...]:
    """The sets at a path: itself, or the XQuAD files in a folder, in this language if given.

    Raises:
        QuestionSetError: the folder has no such file.
    """
    if format != "xquad" or not path.is_dir():
        return (path,)
    files = tuple(sorted(path.glob(f"xquad.{language or '??'}.json")))
    if not files:
        raise QuestionSetError(
            f"{path}: no xquad.{language or 'LANGUAGE'}.json here. Name a file, or a folder of "
            "the files as XQuAD publishes them."
        )
    return files


def _only_file(format: Format, path: Path, language: str | None) -> Path:
    files = set_files(format, path, language)
    if len(files) > 1:
        raise QuestionSetError(
            f"{path}: has {len(files)} sets. Name one of the files, or give a language."
        )
    return files[0]


def _name(path: Path) -> str:
    return path.resolve().name if path.is_dir() else path.stem


def _language(format: Format, path: Path, given: str | None) -> str:
    in_name = _LANGUAGE_IN_NAME.search(path.name)
    language = given or (in_name[1] if in_name else _DEFAULT_LANGUAGE.get(format))
    if language is None or not _LANGUAGE.fullmatch(language):
        raise QuestionSetError(
            f"{path}: the language {'is not known' if language is None else repr(language)}. "
            "Give two lower-case letters, such as --language de."
        )
    return language


def _asked_by(public: PublicSet, other: PublicSet) -> PublicSet:
    """Documents, judgements and answers of one set with the questions of another."""
    texts = {question.id: question.text for question in other.questions}
    questions = [
        question.model_copy(update={"text": texts[question.id]})
        for question in public.questions
        if question.id in texts
    ]
    if not questions:
        raise QuestionSetError(
            f"{other.name}: none of its questions has an id of {public.name}. "
            "Name the same set in another language."
        )
    left_out = {f"questions that {other.name} lacks": len(public.questions) - len(questions)}
    return public.asking(questions).model_copy(
        update={
            "name": f"{public.name} asked by {other.name}",
            "question_language": other.question_language,
            "notes": (*public.notes, *notes(left_out)),
        }
    )
