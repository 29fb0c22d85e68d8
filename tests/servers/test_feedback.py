"""Readers' feedback: how it is kept."""

import datetime
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from core.answer import Answer, Turn
from core.answer_blocks import own
from core.source import Scope
from tests.support.people import HOSTILE, NOON, REPORTS, verdict
from userdata import feedback as store
from userdata.database import METADATA, Database
from userdata.feedback import Feedback


def test_verdicts_are_read_as_they_were_saved_oldest_first(kept_in: Database) -> None:
    history = (Turn(question=HOSTILE, answer_text=HOSTILE),)
    later, earlier = verdict(2, history=history, comment=HOSTILE), verdict(1)
    store.save(kept_in, later)
    store.save(kept_in, earlier)
    assert store.read(kept_in) == (earlier, later)


def test_another_verdict_replaces_the_first_and_can_be_taken_back(kept_in: Database) -> None:
    assert store.find(kept_in, verdict(1).id) is None
    store.save(kept_in, verdict(1))
    store.save(kept_in, verdict(2))
    assert store.find(kept_in, verdict(2).id) == verdict(2)
    store.save(kept_in, verdict(1, helpful=True))
    assert [given.helpful for given in store.read(kept_in)] == [True, False]
    for given in (verdict(1), verdict(2), verdict(3)):  # the last was never there
        store.remove(kept_in, given.id)
    assert store.read(kept_in) == ()


def test_what_is_dealt_with_is_marked_and_a_new_verdict_opens_it_again(kept_in: Database) -> None:
    store.save(kept_in, verdict(1))
    store.handle(kept_in, verdict(1), "Maud")
    store.handle(kept_in, verdict(2), "Maud")
    (handled,) = store.read(kept_in)
    assert (handled.by, handled.handled is not None) == ("Maud", True)
    replaced = verdict(1, date=NOON, evidence=False)
    store.save(kept_in, replaced)
    assert store.read(kept_in) == (replaced,)
    store.handle(kept_in, verdict(1), "Maud")  # whose page shows the earlier one
    assert store.read(kept_in) == (replaced,)


@pytest.mark.parametrize("change", [lambda *_: store.handle(*_, "Maud"), store.reopen])
@pytest.mark.parametrize("left", [(verdict(1, date=NOON, helpful=True),), ()])
def test_a_reader_who_thinks_again_meanwhile_has_the_last_word(
    kept_in: Database,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Database, Feedback], None],
    left: tuple[Feedback, ...],
) -> None:
    """A verdict that is replaced or withdrawn while a maintainer's click is being kept."""

    def think_again() -> None:
        if left:
            store.save(kept_in, left[0])
        else:
            store.remove(kept_in, verdict(1).id)

    reader = threading.Thread(target=think_again)
    copied = Feedback.model_copy

    def between_reading_and_writing(*given: Any, **changes: Any) -> Feedback:
        reader.start()
        reader.join(0.5)
        return copied(*given, **changes)

    store.save(kept_in, verdict(1))
    monkeypatch.setattr(Feedback, "model_copy", between_reading_and_writing)
    change(kept_in, verdict(1))
    reader.join()
    assert store.read(kept_in) == left


def test_a_verdict_that_was_kept_with_areas_only_is_still_read(kept_in: Database) -> None:
    kept = verdict(1).model_dump(mode="json", exclude={"scope", "evidence", "handled", "by"})
    store.save(kept_in, verdict(1))
    row = json.dumps({**kept, "areas": ["drugs"]})
    with kept_in.transaction("Test") as connection:
        connection.execute(update(METADATA.tables["feedback"]).values(feedback=row))
    assert store.read(kept_in) == (verdict(1, scope=Scope(areas=("drugs",))),)


def test_a_verdict_has_what_the_answer_knows() -> None:
    answer = Answer(
        question=REPORTS, blocks=(own("Nee."),), further=((own("Ook."),),), language="nl",
        answered=False, confidence=0.2, mode="generative", model="m", prompt_version="p",
        generation="g",
    )  # fmt: skip
    given = Feedback.on(answer, id="1", helpful=True)
    for name in Answer.model_fields.keys() & Feedback.model_fields.keys():
        assert getattr(given, name) == getattr(answer, name)
    assert given.date.utcoffset() == datetime.timedelta(0)
