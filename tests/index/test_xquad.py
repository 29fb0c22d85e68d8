"""XQuAD: paragraphs of one language, and the questions about them in another."""

import json
from pathlib import Path

import pytest

from core.errors import QuestionSetError
from research.xquad import Question, load

PARIS = "Paris is the capital of France. The Louvre is its most visited museum."
MOON = "The Moon orbits the Earth in 27 days. Apollo 11 landed on it in 1969."


def write(folder: Path, language: str, *asked: tuple[int, str, str, str]) -> None:
    """A file with these questions: article, paragraph, id, question."""
    data: list[dict[str, list[dict[str, object]]]] = [{"paragraphs": []}, {"paragraphs": []}]
    for article, context, name, question in asked:
        entry = {"id": name, "question": question, "answers": []}
        data[article]["paragraphs"].append({"context": context, "qas": [entry]})
    (folder / f"xquad.{language}.json").write_text(json.dumps({"data": data}), "utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write(tmp_path, "en", (0, PARIS, "a", "Which museum?"), (1, MOON, "b", "When did it land?"))
    write(tmp_path, "de", (0, "Paris ...", "a", "Welches Museum?"))
    return tmp_path


def test_paragraphs_of_one_language_are_asked_about_in_another(folder: Path) -> None:
    own = load(folder, "en", "en")
    assert own.paragraphs == (PARIS, MOON)
    assert own.questions == (Question("Which museum?", 0, 0), Question("When did it land?", 1, 1))
    across = load(folder, "en", "de")
    assert across.paragraphs == own.paragraphs
    assert across.questions == (Question("Welches Museum?", 0, 0),)
    (folder / "xquad.fr.json").write_text('{"data": [{}]}', "utf-8")
    for language in ("nl", "fr"):
        with pytest.raises(QuestionSetError, match=f"xquad.{language}.json: cannot be read"):
            load(folder, language, "en")
