"""The chat page of a test, and what is kept of its reader."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from core.settings import Settings
from ui.access import LOCAL
from ui.chat.session import Chat
from userdata.conversations import Conversations
from userdata.database import database

if TYPE_CHECKING:  # takes a second to import
    from streamlit.testing.v1 import AppTest

REPORTS = "Hoeveel meldingen van online kindermisbruik waren er in 2019?"
MARKET = "Hoeveel is de drugsmarkt in Europa waard?"
Open = Callable[..., "AppTest"]
"""Opens the app in a session of its own, at an address (the fixture `opened`)."""


def chat(app: "AppTest") -> Chat:
    found: Chat = app.session_state["chat"]
    return found


def kept(settings: Settings, user: str = LOCAL.id) -> Conversations:
    return Conversations(user, database(settings), 90)
