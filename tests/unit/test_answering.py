"""An answer from another thread: its events in order, what goes wrong, and how it is left."""

import threading
from collections.abc import Iterator

import pytest

from core.answer import Event, Stage, TextDelta
from core.background import in_background
from core.errors import ModelError


def test_while_nothing_comes_the_reader_can_be_looked_at() -> None:
    go_on = threading.Event()

    def silent() -> Iterator[Event]:
        assert go_on.wait(60)
        yield TextDelta(text="Eindelijk")

    heard = in_background(silent())
    assert next(heard) is None
    go_on.set()
    assert [event for event in heard if event] == [TextDelta(text="Eindelijk")]


def test_what_goes_wrong_is_told_after_what_was_said_in_order() -> None:
    said: list[Event] = [Stage(name="searching"), *(TextDelta(text=str(n)) for n in range(50))]

    def broken() -> Iterator[Event]:
        yield from said
        raise ModelError("The server is gone.")

    heard = []
    with pytest.raises(ModelError, match="gone"):
        heard.extend(in_background(broken()))
    assert [event for event in heard if event] == said


def test_what_nobody_waits_for_ends_at_its_next_event() -> None:
    left, ended = threading.Event(), threading.Event()

    def long() -> Iterator[Event]:
        try:
            yield TextDelta(text="1")
            assert left.wait(60)
            yield TextDelta(text="2")
            raise AssertionError("went on")
        finally:
            ended.set()

    heard = in_background(long())
    assert next(event for event in heard if event) == TextDelta(text="1")
    heard.close()
    left.set()
    assert ended.wait(60)
