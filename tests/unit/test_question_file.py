"""Files with prepared questions: what is read, and what is wrong is told with line and remedy."""

import datetime
import io
from pathlib import Path

import numpy as np
import pytest

from core.errors import DocumentError
from core.source import DocumentInfo, Passage, PreparedQuestion, Unit
from ingest.publishing.own_questions import keep_vectors, kept_vectors, vectors_beside
from ingest.reading import question_file
from ingest.reading.question_file import (
    PreparedAnswer,
    prepared_questions,
    shortest_beginnings,
    wording_key,
)
from tests.support.hostile_questions import HOSTILE
from tests.support.passages import asked_in, passage_of

RIGHT = """by: project
answers:
- units: ["The port has three"]
  questions:
    en: ["How many cranes?", "cranes port"]
    nl: ["Hoeveel kranen?"]
- units: [The mayor opened it]
  by: A. Person
  approved: {by: A. Person, organisation: The Port, on: 2026-11-29}
  questions:
    en: ["Who opened the port?"]
- units: []
  questions:
    en: ["Who closed the port?"]
"""
TEXT = (
    "The port has three cranes. The mayor opened it. The port has three cranes. The port had five."
)


def written(folder: Path, text: str | bytes) -> Path:
    (folder / "port.md").write_text(TEXT, "utf-8")
    content = text if isinstance(text, bytes) else text.encode()
    (folder / "port.questions.yaml").write_bytes(content)
    return folder / "port.md"


def passage() -> Passage:
    ends = [TEXT.index(". ", at) + 1 for at in (0, 27, 48)] + [len(TEXT)]
    starts = [0, *(end + 1 for end in ends[:-1])]
    units = tuple(Unit(start=a, end=b) for a, b in zip(starts, ends, strict=True))
    document = DocumentInfo(id="port", language="en", title="Port")
    return passage_of(document, TEXT, "Cranes", id="port.en:abc", units=units)


def test_answers_are_read_with_their_questions(tmp_path: Path) -> None:
    first, second, third = question_file.read(written(tmp_path, RIGHT))
    said = [(question.language, question.text) for question in first.questions]
    assert said == [("en", "How many cranes?"), ("en", "cranes port"), ("nl", "Hoeveel kranen?")]
    assert (first.by, second.by, first.approved, third.units) == ("project", "A. Person", None, ())
    day = datetime.date(2026, 11, 29)
    assert (second.approved.organisation, second.approved.on) == ("The Port", day)


def test_a_document_without_such_a_file_or_with_an_empty_one_has_none(tmp_path: Path) -> None:
    assert question_file.read(written(tmp_path, "# nothing yet\n")) == ()
    (tmp_path / "port.questions.yaml").unlink()
    assert question_file.read(tmp_path / "port.md") == ()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    file = written(tmp_path, RIGHT)
    (tmp_path / "port.questions.yaml").rename(tmp_path / "elsewhere")
    (tmp_path / "port.questions.yaml").symlink_to(tmp_path / "elsewhere")
    assert question_file.read(file) == ()


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_wrong_is_told_with_its_line_and_a_remedy(tmp_path: Path, name: str) -> None:
    content, line, problem = HOSTILE[name]
    file = written(tmp_path, content)
    with pytest.raises(DocumentError) as caught:
        question_file.read(file)
    assert caught.value.path == str(tmp_path / "port.questions.yaml")
    assert problem in caught.value.problem
    assert caught.value.line == line
    assert caught.value.fault == ("encoding" if name == "no-text" else "questions")
    assert len(str(caught.value)) < 600
    assert caught.value.remedy.endswith(".")


def test_a_file_has_so_many_questions_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(question_file, "_MOST", 3)
    with pytest.raises(DocumentError, match="has more than 3 questions") as caught:
        question_file.read(written(tmp_path, RIGHT))
    assert caught.value.line == 11


def test_questions_are_twins_by_the_key_under_which_they_are_stored() -> None:
    (question,) = asked_in("en", " Who’s\u200b  it\0? ")
    assert question.text == "Who’s it?"
    assert question.id == wording_key("who's it?", "en") != wording_key("who's it?", "nl")
    (found,), _ = prepared_questions([PreparedAnswer(units=(), questions=(question,))], [passage()])
    assert found.id == f"port.en:{wording_key('WHO‘S IT?', 'en')}"


def test_units_are_found_by_their_words_without_marks_and_capitals(tmp_path: Path) -> None:
    text = RIGHT.replace("The port has three", "the PORT: has “three”")
    found, stale = prepared_questions(question_file.read(written(tmp_path, text)), [passage()])
    assert stale == []
    units = [prepared.units for prepared in found]
    assert units == [*[("port.en:abc#0",)] * 3, ("port.en:abc#1",), ()]
    assert len({prepared.id for prepared in found}) == 5
    assert {prepared.id.partition(":")[0] for prepared in found} == {"port.en"}


@pytest.mark.parametrize(
    ("words", "why"), [("The port", "several"), ("The harbour", "none"), ("!", "none")]
)
def test_a_question_whose_unit_cannot_be_told_is_stale(
    tmp_path: Path, words: str, why: str
) -> None:
    file = written(tmp_path, RIGHT.replace("The port has three", words))
    found, stale = prepared_questions(question_file.read(file), [passage()])
    asked = [prepared.question for prepared in found]
    assert asked == ["Who opened the port?", "Who closed the port?"]
    assert len(stale) == 3
    assert {(entry.words, entry.why, entry.line) for entry in stale} == {(words, why, 3)}
    assert {entry.file for entry in stale} == {str(tmp_path / "port.questions.yaml")}


@pytest.mark.parametrize("words", ["The mayor opened", "The mayor opened it. The port"])
def test_what_was_approved_is_stale_unless_a_unit_has_its_words_in_whole(
    tmp_path: Path, words: str
) -> None:
    file = written(tmp_path, RIGHT.replace("The mayor opened it", words))
    found, (stale,) = prepared_questions(question_file.read(file), [passage()])
    assert len(found) == 4
    assert (stale.question, stale.words, stale.why) == ("Who opened the port?", words, "changed")


def test_the_words_that_name_a_unit_name_no_other() -> None:
    assert shortest_beginnings([passage()], fewest=2) == {
        "port.en:abc#0": "The port has",
        "port.en:abc#1": "The mayor",
        "port.en:abc#2": "The port has",  # the same words: the first is meant
        "port.en:abc#3": "The port had",
    }


def numbered(number: int) -> PreparedQuestion:
    return PreparedQuestion(id=f"port.en:{number:016x}", question=f"{number}?", language="en")


@pytest.mark.parametrize(
    ("question", "is_shown"),
    [
        ("What is Empact?", True),
        ("¿Qué es el puerto?", True),
        ("Élue en 2020, que veut la présidente ?", True),
        ("Πότε άνοιξε το λιμάνι;", True),
        ("which aims does the board have?", False),
        ("Aims of the board of the port", False),
        ("Port aims?", False),
    ],
)
def test_a_whole_question_is_shown_and_others_only_match(question: str, is_shown: bool) -> None:
    prepared = PreparedQuestion(id="port.en:0", question=question, language="en")
    assert prepared.is_shown is is_shown


def test_kept_vectors_are_those_that_were_kept_but_for_rounding(tmp_path: Path) -> None:
    vectors = np.random.default_rng(1).normal(size=(3, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    file = vectors_beside(tmp_path / "port.questions.yaml", "multilingual-e5-small/1")
    assert file.name == "port.questions.multilingual-e5-small-1.npy"
    assert kept_vectors(file, [numbered(0)], 384) == {}
    keep_vectors(file, [numbered(0), numbered(1), numbered(2)], vectors)
    found = kept_vectors(file, [numbered(2), numbered(7)], 384)
    assert set(found) == {numbered(2).id}
    assert float(found[numbered(2).id] @ vectors[2]) > 0.9999
    assert abs(float(np.linalg.norm(found[numbered(2).id])) - 1) < 1e-5
    assert kept_vectors(file, [numbered(2)], 512) == {}, "of another embedder"


def test_a_file_without_vectors_is_as_none_and_no_objects_are_made_of_it(tmp_path: Path) -> None:
    objects = io.BytesIO()
    np.save(objects, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    headers = (b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"\x80\x04K\x01.")
    for data in (b"", *headers, bytes(5000), objects.getvalue()):
        (tmp_path / "x.npy").write_bytes(data)
        assert kept_vectors(tmp_path / "x.npy", [numbered(2)], 384) == {}
