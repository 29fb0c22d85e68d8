"""Headless client of the pages, over Streamlit's WebSocket protocol.

It does what a browser does: it connects with the page's origin, requests a page, caches the
messages that the server may later send by hash, and sends the input.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

_LARGEST = 200 * 2**20  # bytes of a message: Streamlit's limit


class Session:
    """One session of one page.

    id: given by the server.
    widgets: ids of the page's widgets, one of each kind.
    html: HTML elements of the page's last run, in order.
    """

    def __init__(self, socket: ClientConnection, address: str, path: str) -> None:
        self.id = ""
        self.widgets: dict[str, str] = {}
        self.html: list[str] = []
        self._socket = socket
        self._address = address
        self._path = path
        self._page = ""
        self._kept: dict[str, ForwardMsg] = {}

    async def load(self) -> None:
        """Requests the page and waits until it is complete."""
        await self._run(self._state())

    async def ask(self, question: str) -> None:
        """Asks a question and waits until the answer is final."""
        value = WidgetState(id=self.widgets["chat_input"])
        value.chat_input_value.data = question
        await self.set(value)

    async def set(self, value: WidgetState) -> None:
        """Gives a widget a value, whatever the page expects, and waits until the page is over."""
        state = self._state()
        state.widget_states.widgets.append(value)
        await self._run(state)

    def _state(self) -> ClientState:
        state = ClientState(page_script_hash=self._page, page_name="" if self._page else self._path)
        state.context_info.locale = "nl-NL"
        state.context_info.url = f"{self._address}/{self._path}"
        state.cached_message_hashes.extend(self._kept)
        return state

    async def _run(self, state: ClientState) -> None:
        await self._socket.send(BackMsg(rerun_script=state).SerializeToString())
        is_over = False
        while not is_over:
            frame = await self._socket.recv(decode=False)
            is_over = self._take(ForwardMsg.FromString(frame))

    def _take(self, message: ForwardMsg) -> bool:
        """Handles a message; returns whether it completes the page."""
        if message.ref_hash:
            message = self._kept[message.ref_hash]
        elif message.metadata.cacheable:
            self._kept[message.hash] = message
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self.html = []
            self.id = message.new_session.initialize.session_id
            self._page = message.new_session.page_script_hash
        elif kind == "delta":
            element = message.delta.new_element
            what = element.WhichOneof("type") or ""
            if what == "html":
                self.html.append(element.html.body)
            elif id := getattr(getattr(element, what, None), "id", ""):
                self.widgets[what] = id
        finished = ForwardMsg.FINISHED_SUCCESSFULLY
        return kind == "script_finished" and message.script_finished == finished


@asynccontextmanager
async def session(address: str, path: str = "") -> AsyncGenerator[Session]:
    """Opens a session of a page of the app at this address; requests nothing yet."""
    place = urlsplit(address)
    async with connect(
        f"ws://{place.netloc}/_stcore/stream",
        origin=Origin(f"{place.scheme}://{place.netloc}"),
        subprotocols=[Subprotocol("streamlit")],
        max_size=_LARGEST,
        proxy=None,
    ) as socket:
        yield Session(socket, address, path)
