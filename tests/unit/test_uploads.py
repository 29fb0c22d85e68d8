"""How much a session may send, for how long, and what is kept of one that is over."""

from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.uploaded_file_manager import UploadedFileRec
from streamlit.testing.v1 import AppTest

from ui import uploads

MEGABYTE = 2**20


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that a test turns on, and no session that may send anything."""
    now = SimpleNamespace(seconds=1000.0)
    monkeypatch.setattr(uploads.time, "monotonic", lambda: now.seconds)
    uploads._allowed.clear()
    return now


def test_a_session_that_was_shown_an_uploader_may_send_files_of_the_size_that_it_says() -> None:
    assert uploads.rejected_with("one", 1000) == 403
    uploads.allow("one", 5 * MEGABYTE)
    around = 1000  # what is sent around a file is not its own
    assert uploads.rejected_with("one", 5 * MEGABYTE + around) == 0
    assert uploads.rejected_with("one", 7 * MEGABYTE) == 413


@pytest.mark.parametrize(("size", "files"), [(MEGABYTE, 11), (100, 500)])
def test_ten_of_the_largest_files_or_five_hundred_may_be_sent_in_ten_minutes(
    clock: SimpleNamespace, size: int, files: int
) -> None:
    uploads.allow("one", MEGABYTE)
    assert [uploads.rejected_with("one", size) for _ in range(files + 1)] == [0] * files + [429]
    clock.seconds += 601
    assert uploads.rejected_with("one", size) == 0


def test_showing_the_page_again_gives_time_but_no_more_files(clock: SimpleNamespace) -> None:
    uploads.allow("one", MEGABYTE)
    clock.seconds += 3500
    for _ in range(500):
        uploads.rejected_with("one", 100)
    uploads.allow("one", MEGABYTE)
    assert uploads.rejected_with("one", 100) == 429
    clock.seconds += 3500
    assert uploads.rejected_with("one", 100) == 0
    clock.seconds += 101
    assert uploads.rejected_with("one", 100) == 403


def test_files_of_a_session_that_is_over_are_dropped() -> None:
    manager, active = MemoryUploadedFileManager("/x"), {"open", "lost"}
    running: Any = SimpleNamespace(uploaded_file_mgr=manager, is_active_session=active.__contains__)
    for session in ("open", "lost"):
        uploads.allow(session, MEGABYTE)
        manager.add_file(session, UploadedFileRec("x", "plan.md", "text/markdown", b"# Plan"))
    gone = uploads.drop(set(), running)
    active.remove("lost")
    gone = uploads.drop(gone, running)
    assert manager.get_files("lost", ["x"])  # the connection may be back in a moment
    gone = uploads.drop(gone, running)
    assert not manager.get_files("lost", ["x"])
    assert manager.get_files("open", ["x"])
    assert (uploads.rejected_with("lost", 100), uploads.rejected_with("open", 100)) == (403, 0)


@pytest.mark.parametrize(("role", "may"), [("reader", False), ("evaluator", True)])
def test_only_people_with_the_role_may_send_to_a_place_for_files(
    monkeypatch: pytest.MonkeyPatch, role: str, may: bool
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_VISITOR_ROLE", role)
    monkeypatch.setattr("ui.access._from_this_machine", lambda: False)

    def page() -> None:
        from ui import uploads

        uploads.uploader("Files", "evaluator", 5)

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert len(uploads._allowed) == may
