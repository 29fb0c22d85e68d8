"""XQuAD: its paragraphs become an index of their own, in which its questions are asked."""

import json
from pathlib import Path

import pytest

from core.errors import QuestionSetError
from core.settings import Settings
from research.xquad import Question, build_index, even_articles, load, paragraph_of

PARIS = "Paris is the capital of France. The Louvre is its most visited museum."
MOON = "The Moon orbits the Earth in 27 days. Apollo 11 landed on it in 1969."
ODD = (
    "# Not a heading, but how a paragraph about hashtags begins. It goes on.",
    "---\nid: not-front-matter\n---\nThis paragraph shows how metadata is written.",
    "1. FC Köln is a football club. It was founded in 1948.",
    "See also",
    "Short title\n\nA text\u0085below\tit, with a tab.\r\n- and an item\r\n- and one more",
)


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
    assert even_articles(own).questions == own.questions[:1]
    across = load(folder, "en", "de")
    assert across.paragraphs == own.paragraphs
    assert across.questions == (Question("Welches Museum?", 0, 0),)
    (folder / "xquad.fr.json").write_text('{"data": [{}]}', "utf-8")
    for language in ("nl", "fr"):
        with pytest.raises(QuestionSetError, match=f"xquad.{language}.json: cannot be read"):
            load(folder, language, "en")


def test_a_paragraph_is_found_and_kept_whole_whatever_it_looks_like(
    folder: Path, settings: Settings, tmp_path: Path
) -> None:
    xquad = load(folder, "en", "en")._replace(paragraphs=(PARIS, MOON, *ODD))
    index = build_index(xquad, settings.model_copy(update={"data_dir": tmp_path / "data"}))
    assert paragraph_of(index.snapshot().search("When did Apollo 11 land?", 1)[0].passage) == 1
    kept = {paragraph_of(passage): passage for passage in index.snapshot().passages()}
    for number, text in enumerate(xquad.paragraphs):
        passage = kept[number]
        assert passage.headings == (f"Paragraph {number + 1}",)
        words = " ".join(passage.text[unit.start : unit.end] for unit in passage.units).split()
        assert [word.strip("\u200c•") for word in words if word != "•"] == text.split()
