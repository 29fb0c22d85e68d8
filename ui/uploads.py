"""Which sessions may upload files, and how much."""

import asyncio
import contextlib
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.errors import StrategiewijzerError
from core.files import MEGABYTE
from core.settings import Role
from ui import access

_LASTS = 3600  # seconds after the page was last run: time to look for files, but no forgotten page
# Soon over for those who sent too much by mistake.
_WINDOW = 600  # seconds, in which a session may send:
_FILES = 500  # files; many small ones cost time and memory besides their bytes
_TIMES = 10  # times as many bytes as one file may have; what is sent is kept in memory
_AROUND = MEGABYTE  # bytes that a browser may send around a file
_LOOK = 60  # seconds between two looks at which sessions are over: their files are in memory


@dataclass
class _Allowance:
    """What one session may send."""

    largest: int  # bytes of a file
    ends: float  # seconds of the monotonic clock
    sent: deque[tuple[float, int]] = field(default_factory=deque)  # when, and how many bytes


_allowed: dict[str, _Allowance] = {}
_lock = threading.Lock()


def uploader(label: str, role: Role, largest: int, **options: Any) -> Any:
    """Shows a file uploader, as `st.file_uploader`; from now on the session of somebody with this
    role may send files of at most `largest` megabytes."""
    context = get_script_run_ctx()
    with contextlib.suppress(StrategiewijzerError):
        access.require(role)
        if context is not None:
            allow(context.session_id, largest * MEGABYTE)
    return st.file_uploader(label, max_upload_size=largest, **options)


def allow(session: str, largest: int) -> None:
    """Lets a session send files of at most `largest` bytes, for an hour."""
    with _lock:
        allowance = _allowed.setdefault(session, _Allowance(0, 0))
        allowance.largest = largest
        allowance.ends = time.monotonic() + _LASTS


def rejected_with(session: str, size: int) -> int:
    """The HTTP status that rejects an upload of so many bytes; 0 when it may come.

    One that may come counts, whether or not all of it arrives.
    """
    now = time.monotonic()
    with _lock:
        allowance = _allowed.get(session)
        if allowance is None or allowance.ends < now:
            return 403
        if size > allowance.largest + _AROUND:
            return 413
        sent = allowance.sent
        while sent and sent[0][0] < now - _WINDOW:
            sent.popleft()
        together = size + sum(earlier for _, earlier in sent)
        if len(sent) >= _FILES or together > _TIMES * allowance.largest + _AROUND:
            return 429
        sent.append((now, size))
        return 0


async def drop_for_ever() -> None:
    """Drops, again and again, what is kept of sessions that are over."""
    gone: set[str] = set()
    while True:
        await asyncio.sleep(_LOOK)
        gone = drop(gone, runtime.get_instance())


def drop(gone: set[str], running: runtime.Runtime) -> set[str]:
    """Drops what is kept of sessions that were not connected at the last look either.

    Streamlit keeps a session that has lost its connection for a while, and its files until
    another session ends. Returns those that are not connected now.
    """
    with _lock:
        now_gone = {session for session in _allowed if not running.is_active_session(session)}
        for session in now_gone & gone:
            del _allowed[session]
            running.uploaded_file_mgr.remove_session_files(session)
    return now_gone - gone
