"""Serves the assistant over MCP on standard input and output, to a program of this machine."""

import contextlib
import functools
import threading
from collections.abc import Callable

from api.answer_streams import AnswerStreams
from api.key_access import Caller
from api.mcp_tools import mcp_server
from api.service import Service
from api.threads import Pool
from chain.assistant import Assistant
from core.background import begin
from core.errors import StrategiewijzerError
from core.settings import current
from core.version import VERSION
from people.audit_record import recording

_READERS = 2  # searches at once: one program asks
_WHO = Caller(id="local", name="this machine", role="reader", scopes=("ask", "read"))


def run() -> None:
    """Serves until standard input ends. Only the protocol goes to standard output."""
    lock = threading.Lock()

    @functools.cache
    def made() -> Assistant:
        settings = current()
        return Assistant(settings, after=recording(settings))

    def assistant() -> Assistant:
        with lock:  # an index that is not there yet is looked for again: errors are not kept
            return made()

    begin(functools.partial(_warm_up, assistant), "warm-up")
    answers = AnswerStreams(assistant, current)
    service = Service(assistant, current, answers, Pool(_READERS))
    mcp_server(service, VERSION, _WHO).run("stdio")


def _warm_up(assistant: Callable[[], Assistant]) -> None:
    with contextlib.suppress(StrategiewijzerError):  # whoever asks is told
        assistant().warm_up()
