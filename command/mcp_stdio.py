"""Serves the assistant over MCP on standard input and output, to a program of this machine."""

import contextlib

from api.key_access import Caller
from api.mcp_tools import mcp_server
from api.service import Service
from chain.current_assistant import CurrentAssistant
from core.background import begin, quiet_start
from core.errors import StrategiewijzerError
from core.files import in_use
from core.settings import current
from userdata.after_answers import after_answers

_READERS = 2  # searches at once: one program asks
_WHO = Caller("local", ("ask", "read"))


def run() -> None:
    """Serves until standard input ends. Only the protocol goes to standard output."""
    quiet_start()  # the SDK's thread that reads standard input cannot be interrupted
    assistant = CurrentAssistant(after_answers)
    begin(lambda: _warm_up(assistant), "warm-up")
    service = Service(assistant, current, _READERS)
    with in_use(current().data_dir):
        mcp_server(service, _WHO).run("stdio")


def _warm_up(assistant: CurrentAssistant) -> None:
    with contextlib.suppress(StrategiewijzerError):  # whoever asks gets the error
        assistant().warm_up()
