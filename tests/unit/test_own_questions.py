"""The organisation's own prepared questions: nothing is lost or stands twice."""

import datetime
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.errors import NotKeptError, StoreError
from core.settings import Settings
from core.source import Approval
from ingest.publishing.own_questions import OwnQuestions
from ingest.reading.question_file import MOST_UNITS, PreparedAnswer, own_file
from tests.support.passages import asked_in

KEY = "port.en"
APPROVED = Approval(by="A. Person", organisation="The Port", on=datetime.date(2026, 11, 29))
TWINS = ("What is Frontex' budget – in “euro”?", 'what is frontex’ budget - in "euro"?')


@pytest.fixture
def own(tmp_path: Path) -> OwnQuestions:
    return OwnQuestions(Settings(documents_dir=tmp_path / "documents"))


def answer(*questions: str, **fields: object) -> PreparedAnswer:
    made = PreparedAnswer(units=("It has: three “cranes”.",), questions=asked_in("en", *questions))
    return made.model_copy(update=fields)


def texts(answers: tuple[PreparedAnswer, ...]) -> list[list[str]]:
    return [[question.text for question in answer.questions] for answer in answers]


def test_what_is_written_is_read_the_same(own: OwnQuestions) -> None:
    hostile = (": \"{[&*!|>'%@`#", "- no\n  list", "yes", "2026-11-29", "ß\u00a0é 🏗 ?" * 50)
    given = answer(*hostile, by="model: x", approved=APPROVED)
    own.add(KEY, [given])
    (found,) = own.accepted(KEY)
    assert [question.text for question in found.questions] == [
        " ".join(question.split()) for question in hostile
    ]
    assert (found.units, found.by, found.approved) == (given.units, given.by, given.approved)
    assert own.documents() == (KEY,)


def test_a_question_is_in_use_once_and_the_last_word_counts(own: OwnQuestions) -> None:
    own.add(KEY, [answer("How many cranes?", "cranes?")])
    own.add(KEY, [answer("how many CRANES?", approved=APPROVED)])
    assert texts(own.accepted(KEY)) == [["cranes?"], ["how many CRANES?"]]


def test_twins_are_written_once_and_what_cannot_be_seen_is_not(own: OwnQuestions) -> None:
    own.add(KEY, [answer("Who's it?", "who’s IT?", "Who’s\u200b it?", "725 000?", "725000?")])
    own.add(KEY, [answer("How many\x1b[2J cr\u200banes?")])
    assert texts(own.accepted(KEY)) == [["Who's it?", "725 000?"], ["How many[2J cranes?"]]


def test_the_last_one_takes_its_file_along(own: OwnQuestions, tmp_path: Path) -> None:
    own.add(KEY, [answer("a?")])
    own.remove(KEY, own.accepted(KEY)[0].id)
    assert own.documents() == ()
    assert list((tmp_path / "documents" / "questions").glob("*.yaml")) == []


def test_nothing_is_lost_where_many_write_at_once(own: OwnQuestions) -> None:
    def write(number: int) -> None:
        own.add(KEY, [answer(f"question {number}?")])

    with ThreadPoolExecutor(12) as writers:
        list(writers.map(write, range(12)))
    assert sorted(texts(own.accepted(KEY))) == sorted([f"question {n}?"] for n in range(12))


def test_where_nothing_can_be_written_the_remedy_is_told(tmp_path: Path) -> None:
    (tmp_path / "documents").write_text("a file")
    with pytest.raises(StoreError, match="is a file, not a folder"):
        OwnQuestions(Settings(documents_dir=tmp_path / "documents")).add(KEY, [answer("a?")])


def test_what_would_not_be_read_again_is_told_and_nothing_is_lost(
    own: OwnQuestions, tmp_path: Path
) -> None:
    own.add(KEY, [answer("a?")])
    folder = own_file(tmp_path / "documents", KEY).parent
    before = (folder / f"{KEY}.questions.yaml").read_bytes()
    twins = tuple(question for words in TWINS for question in asked_in("en", words))
    many = tuple(f"unit {number}" for number in range(MOST_UNITS + 1))
    for wrong, why in (
        ({"questions": twins}, "Keep one of the two"),
        ({"units": many}, "an answer of more than 40 units. Choose fewer"),
    ):
        with pytest.raises(NotKeptError, match=why):
            own.add(KEY, [answer("b?", **wrong)])
    assert (folder / f"{KEY}.questions.yaml").read_bytes() == before
    assert {file.name for file in folder.iterdir()} == {f"{KEY}.questions.yaml", ".lock"}


def test_changes_together_count_all_or_none(own: OwnQuestions) -> None:
    own.add(KEY, [answer("a?")])

    def change(last: PreparedAnswer) -> None:
        with own.together() as files:
            files.add("quay.en", [answer("b?")])
            files.remove(KEY, answer("a?").id)
            assert texts(files.accepted("quay.en")) == [["b?"]]
            assert own.documents() == (KEY,), "nobody else sees it yet"
            files.add("pier.en", [last])

    with pytest.raises(NotKeptError):
        change(answer("c?", units=("",)))
    assert (texts(own.accepted(KEY)), own.documents()) == ([["a?"]], (KEY,))
    change(answer("c?"))
    assert own.documents() == ("pier.en", "quay.en")


def test_a_file_in_error_does_not_take_the_others_along(own: OwnQuestions, tmp_path: Path) -> None:
    own.add("quay.en", [answer("good?", approved=APPROVED)])
    file = own_file(tmp_path / "documents", KEY)
    units = "".join(f"  - unit {number}\n" for number in range(MOST_UNITS + 1))
    file.write_text(
        "answers:\n"
        f"- units: [one]\n  questions:\n    en:\n    - {TWINS[0]}\n    - {TWINS[1]}\n    - x?\n"
        f"- units:\n{units}  questions:\n    en: [too many?]\n"
        "- units: [two]\n  questions:\n    en: [X?]\n",
        "utf-8",
    )
    found = own.overview()
    assert [(key, texts((answer,))) for key, answer in found.approved] == [("quay.en", [["good?"]])]
    assert [error.path for error in found.broken] == [str(file)]
    assert ":6: the question is in line 5 too" in str(found.broken[0])
