"""The organisation's own prepared questions, and proposals: nothing is lost or stands twice."""

import datetime
import threading
from pathlib import Path

import pytest

from core.errors import StoreError
from core.settings import Settings
from core.source import Approval
from ingest.publishing.own_questions import OwnQuestions, asked_in
from ingest.reading.question_file import PreparedAnswer

KEY = "port.en"
APPROVED = Approval(by="A. Person", organisation="The Port", on=datetime.date(2026, 11, 29))


@pytest.fixture
def own(tmp_path: Path) -> OwnQuestions:
    return OwnQuestions(Settings(documents_dir=tmp_path / "documents"))


def answer(*questions: str, **fields: object) -> PreparedAnswer:
    made = PreparedAnswer(units=("It has: three “cranes”.",), questions=asked_in("en", *questions))
    return made.model_copy(update=fields)


def texts(answers: tuple[PreparedAnswer, ...]) -> list[list[str]]:
    return [[one.text for one in answer.questions] for answer in answers]


def test_what_is_written_is_read_the_same(own: OwnQuestions) -> None:
    hostile = (": \"{[&*!|>'%@`#", "- no\n  list", "yes", "2026-11-29", "ß\u00a0é 🏗 ?" * 50)
    given = answer(*hostile, by="model: x", approved=APPROVED)
    own.add(KEY, [given])
    (found,) = own.accepted(KEY)
    assert [one.text for one in found.questions] == [" ".join(one.split()) for one in hostile]
    assert (found.units, found.by, found.approved) == (given.units, given.by, given.approved)
    assert own.documents() == (KEY,)


def test_a_question_is_in_use_once_and_the_last_word_counts(own: OwnQuestions) -> None:
    own.add(KEY, [answer("How many cranes?", "cranes?")])
    own.add(KEY, [answer("how many CRANES?", approved=APPROVED)])
    assert texts(own.accepted(KEY)) == [["cranes?"], ["how many CRANES?"]]


def test_twins_are_written_once(own: OwnQuestions) -> None:
    own.add(KEY, [answer("Who's it?", "who’s IT?", "Who’s\u200b it?", "725 000?", "725000?")])
    assert texts(own.accepted(KEY)) == [["Who's it?", "725 000?"]]


def test_proposals_are_accepted_or_refused_one_by_one_or_all(own: OwnQuestions) -> None:
    own.add(KEY, [answer("known?")])
    own.propose(KEY, [answer("a?"), answer("b?", "Known?"), answer("c?"), answer("d?")])
    own.propose(KEY, [answer("A?"), answer("e?")])
    assert texts(own.proposed(KEY)) == [["a?"], ["b?"], ["c?"], ["d?"], ["e?"]]
    first, _, third, *_ = own.proposed(KEY)
    assert own.accept(KEY, {first.id}) == 1
    assert own.refuse(KEY, {third.id}) == 1
    assert own.refuse(KEY, {third.id}) == 0
    assert texts(own.accepted(KEY)) == [["known?"], ["a?"]]
    assert own.accept(KEY) == 3
    assert texts(own.accepted(KEY)) == [["known?"], ["a?"], ["b?"], ["d?"], ["e?"]]
    assert own.proposed(KEY) == ()


def test_what_one_person_approved_is_not_accepted_or_refused_with_a_models(
    own: OwnQuestions,
) -> None:
    waiting = answer("a?", approved=APPROVED)
    for chosen in (None, {waiting.id, answer("b?").id}):
        own.propose(KEY, [waiting, answer("b?")])
        assert own.accept(KEY, chosen) == 1
        assert texts(own.accepted(KEY)) == [["b?"]]
        assert own.proposed(KEY)[0].approved == APPROVED
        own.remove(KEY, answer("b?").id)
    own.propose(KEY, [answer("b?")])
    assert own.refuse(KEY) == 1
    assert own.refuse(KEY, {waiting.id}) == 1  # by name it can be dropped


def test_the_last_one_takes_its_file_along(own: OwnQuestions, tmp_path: Path) -> None:
    own.add(KEY, [answer("a?")])
    own.remove(KEY, own.accepted(KEY)[0].id)
    assert own.documents() == ()
    assert list((tmp_path / "documents" / "questions").glob("*.yaml")) == []


def test_nothing_is_lost_where_many_write_at_once(own: OwnQuestions) -> None:
    def write(number: int) -> None:
        own.add(KEY, [answer(f"question {number}?")])
        own.propose(KEY, [answer(f"proposal {number}?")])

    writers = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    for one in writers:
        one.start()
    for one in writers:
        one.join()
    assert sorted(texts(own.accepted(KEY))) == sorted([f"question {n}?"] for n in range(12))
    assert sorted(texts(own.proposed(KEY))) == sorted([f"proposal {n}?"] for n in range(12))


def test_where_nothing_can_be_written_the_remedy_is_told(tmp_path: Path) -> None:
    (tmp_path / "documents").write_text("a file")
    with pytest.raises(StoreError, match="is a file, not a folder"):
        OwnQuestions(Settings(documents_dir=tmp_path / "documents")).add(KEY, [answer("a?")])
