"""The conversation of this session, and what can be done with it.

The page works on a copy in the session and keeps every change (userdata/conversations.py). Where
that fails the copy goes on: the page says why, and the next change that succeeds keeps it all.

The address of the page says which conversation it is:

?c=ID          one of the user's conversations
?s=TOKEN       one that somebody shares, to read (ui/chat/sharing.py)
?q=QUESTION    asks this question in a new conversation, once; then the address becomes ?c=ID
?document=ID   a new conversation about this document; may be given several times, as may area;
               language and as_of limit it further, and all of these go together with q
"""

import contextlib
import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

import streamlit as st

from chain.request import MAX_QUESTION
from core.errors import NotAllowedError, StrategiewijzerError
from core.settings import Settings, current
from core.source import Scope
from language.sentences import sentences
from ui import access
from ui.chat.feedback_form import ReaderVerdict
from userdata.conversations import Conversation, Conversations, Exchange, Note
from userdata.database import database
from userdata.personal_data import shares_of
from userdata.shares import Shares

FIELD = "question"  # where Streamlit keeps what is typed
_KEY = "chat"
_LONGEST_READ = 100 * MAX_QUESTION  # a longer text is no message, and searching it takes time
_PARAGRAPH = re.compile(r"(?s:(?!\n[^\S\n]*\n|(?<=[.:!?])[^\S\n]*\n).)+")
_ASKING = re.compile(r"[?\u037e][”“»\"')\]]*$")  # also the Greek question mark
_FEWEST_WORDS = 3  # "Really?" asks nothing that can be searched


@dataclass
class Chat:
    """The state of the chat page in a session."""

    conversations: Conversations  # the store
    conversation: Conversation = field(default_factory=Conversation)  # the one that is shown
    scope: Scope = field(default_factory=Scope)  # what the next question is limited to
    pending: str = ""  # the id of the exchange that is being answered
    editing: str = ""  # the id of the exchange whose question is being changed
    finished: str = ""  # the id of the exchange whose answer is not announced yet
    too_long: int = 0  # the length of a text that could not be asked, 0 if there is none
    heard: bool = False  # whether what was typed is taken in
    problem: str = ""  # why the last change is not kept
    missing: bool = False  # whether an address led to a conversation that is not there
    before: Conversation | None = None  # what was there before something was taken from it
    # The conversations that addresses with a question have begun, by address.
    addressed: dict[str, str] = field(default_factory=dict)
    named: set[str] = field(default_factory=set)  # the conversations that the address has named
    verdicts: dict[str, ReaderVerdict] = field(default_factory=dict)  # by exchange
    removed: Note | None = None  # the note that was last taken away
    # The quote that was last kept or taken away, and the message about it.
    kept_message: tuple[str, str] = ("", "")

    @property
    def store(self) -> Conversations:
        """The store of the user's conversations; NotAllowedError where whoever uses this session
        now is not this user, or may not ask."""
        if access.require("reader").id != self.conversations.user:
            raise NotAllowedError("Somebody else is signed in now. Load this page again.")
        return self.conversations

    @property
    def shares(self) -> Shares:
        """The links to the user's conversations; errors as of `store`."""
        return shares_of(current(), self.store.user)

    def revoke(self, link: str) -> None:
        """Ends a link (id) to one of the user's conversations."""
        with self._attempt():
            self.shares.revoke(link)

    def verdict(self, exchange: Exchange) -> ReaderVerdict:
        """The reader's verdict on the answer of an exchange."""
        return self.verdicts.setdefault(exchange.id, ReaderVerdict(exchange.id))

    def turn_to(self, conversation: Conversation) -> None:
        """Turns to another conversation, such as a new one; the one before is kept."""
        self.conversation = conversation
        self.pending = self.editing = self.finished = self.problem = ""
        self.missing = False
        self.too_long = 0
        self.before = None

    def open(self, id: str) -> None:
        """Shows one of the user's conversations, or an empty one when it is not there."""
        self.turn_to(Conversation())
        with self._attempt():
            found = self.store.find(id)
            self.conversation = found or self.conversation
            self.missing = found is None

    def ask(self, question: str, *, alone: bool = False, scope: Scope | None = None) -> None:
        """Adds a question, to be answered when the page shows it.

        Nothing is asked while another question is being answered, nor by a text that is empty, or
        too long and without a question (`too_long`).

        Args:
            alone: to be answered without the conversation before it.
            scope: what its search is limited to; None: what the reader has chosen.
        """
        if self.pending or not question.strip():
            return
        scope = self.scope if scope is None else scope
        if exchange := self._read(question, alone=alone, scope=scope):
            self._begin(exchange)

    def again(self, exchange: Exchange) -> None:
        """Asks at the end what has no answer yet."""
        if self.pending:
            return
        self.conversation = self.conversation.without(exchange.id)
        self._drop(exchange.id)
        kept = exchange.model_dump(include={"question", "context", "alone", "scope"})
        self._begin(Exchange.model_validate(kept))

    def edit(self, exchange: Exchange, text: str) -> None:
        """Asks another question in place of one; what followed it goes as well, until `undo`."""
        edited = self._read(text, scope=self.scope) if text.strip() and not self.pending else None
        if edited is None:
            return
        before = self.conversation
        self.conversation = before.before(exchange.id)
        self._drop(*before.ids - self.conversation.ids)
        self._begin(edited.model_copy(update={"context": edited.context or exchange.context}))
        self.before = before

    def undo(self) -> None:
        """Puts back what was taken from a conversation, in place of what came instead."""
        if self.before is None:
            return
        before, came = self.before, self.conversation
        self.turn_to(before)
        if came.id == before.id:
            self._drop(*came.ids - before.ids)
        self._keep(*before.exchanges)

    def find(self, id: str) -> Conversation:
        """Finds one of the user's conversations; an empty one when it is not there."""
        if id == self.conversation.id:
            return self.conversation
        with self._attempt():
            return self.store.find(id) or Conversation()
        return Conversation()

    def rename(self, id: str, name: str) -> None:
        """Gives a conversation a name; an empty one gives it its first question back."""
        named = self.find(id).named(name)
        if id == self.conversation.id:
            self.conversation = named
        with self._attempt():
            self.store.rename(id, named.name)

    def delete(self, id: str) -> None:
        """Forgets a conversation, until `undo`."""
        before = self.find(id)
        with self._attempt():
            self.store.delete(id)
            if id == self.conversation.id:
                self.turn_to(Conversation())
            self.before = before

    def stop(self) -> None:
        """Waits no longer for the answer in the making."""
        exchange = self.conversation.find(self.pending)
        self.pending = ""
        if exchange is not None:
            self.change(exchange.model_copy(update={"stopped": True}))

    def change(self, exchange: Exchange) -> None:
        """Takes in what has become of an exchange."""
        self.conversation = self.conversation.with_exchange(exchange)
        self._keep(exchange)

    def _read(self, text: str, *, alone: bool = False, scope: Scope) -> Exchange | None:
        """What a text asks; None, and its length is remembered, where that is not found."""
        question, context = question_in(text.strip())
        self.too_long = 0 if question else len(text.strip())
        if not question:
            return None
        return Exchange(question=question, context=context, alone=alone, scope=scope)

    def _begin(self, exchange: Exchange) -> None:
        self.before = None
        self.missing = False
        self.editing = ""
        self.pending = exchange.id
        self.change(exchange)

    def _keep(self, *exchanges: Exchange) -> None:
        """Keeps these; all, if that failed before."""
        with self._attempt():
            self.store.put(self.conversation, *(() if self.problem else exchanges))
            self.problem = ""

    def _drop(self, *ids: str) -> None:
        with self._attempt():
            self.store.drop(self.conversation.id, *ids)

    @contextlib.contextmanager
    def _attempt(self) -> Iterator[None]:
        """Remembers why the store could not do what the block asks."""
        try:
            yield
        except StrategiewijzerError as error:
            self.problem = str(error)


def chat(settings: Settings) -> Chat:
    """The chat of whoever uses this session.

    A visitor is somebody else in every session, so what he or she asks lives no longer than it.
    Raises NotAllowedError where he or she may not ask.
    """
    user = access.require("reader")
    found = st.session_state.get(_KEY)
    if isinstance(found, Chat) and found.conversations.user == user.id:
        return found
    lasting = settings.keep_conversations > 0 and not user.is_visitor
    kept_in = database(settings) if lasting else None
    store = Conversations(user.id, kept_in, settings.keep_conversations)
    st.session_state[_KEY] = made = Chat(store)
    return made


def question_in(text: str) -> tuple[str, str]:
    """The question that a text asks, and the rest of it, which is not searched.

    A text that is short enough is the question. Of a longer one it is the last sentence if that
    asks something, else the first, else the last one that does; empty where none does.
    """
    if len(text) <= MAX_QUESTION:
        return text, ""
    if len(text) > _LONGEST_READ:
        return "", text
    found = [
        (paragraph.start() + start, paragraph.start() + end)
        for paragraph in _PARAGRAPH.finditer(text)
        for start, end in sentences(paragraph[0], "en")
    ]
    for start, end in (*found[-1:], *found[:1], *reversed(found)):
        sentence = text[start:end]
        asks = _ASKING.search(sentence) and len(sentence.split()) >= _FEWEST_WORDS
        if asks and len(sentence) <= MAX_QUESTION:
            rest = (text[:start].strip(), text[end:].strip())
            return " ".join(sentence.split()), "\n\n".join(filter(None, rest))
    return "", text


def follow_address(chat: Chat) -> Scope | None:
    """Does what the address says; what the search is limited to from then on, if that changes.

    A conversation that this session has named itself is not opened again: the browser may still
    send its address when the reader has just left it, and a question would end up in there.
    """
    params = {key: st.query_params.get_all(key) for key in st.query_params}
    question, id = _first(params, "q"), _first(params, "c")
    address = urlencode(params, doseq=True)
    if question or scope_of(params) != Scope():
        if address not in chat.addressed:
            chat.turn_to(Conversation())
            chat.scope = scope_of(params)
            chat.ask(question)
            if chat.too_long:
                st.session_state[FIELD] = question
            chat.addressed[address] = chat.conversation.id
            return chat.scope
        if question and chat.addressed[address] != chat.conversation.id:
            chat.open(chat.addressed[address])
    elif id and id not in {chat.conversation.id, *chat.named}:
        chat.open(id)
        if chat.conversation.exchanges:
            return chat.conversation.exchanges[-1].scope
    return None


def set_address(chat: Chat) -> None:
    """Lets the address name the conversation, so that a reload shows it."""
    now = st.query_params.to_dict()
    if chat.conversation.exchanges and chat.conversations.lasting:
        chat.named.add(chat.conversation.id)
        if now != {"c": chat.conversation.id}:
            st.query_params.from_dict({"c": chat.conversation.id})
    elif now.keys() & {"c", "q"}:
        st.query_params.clear()


def question_address(question: str, scope: Scope) -> str:
    """The query of an address that asks this question in this scope."""
    named = {
        "q": question,
        "area": scope.areas,
        "document": scope.documents,
        "language": scope.language,
        "as_of": scope.as_of.isoformat() if scope.as_of else "",
    }
    return "?" + urlencode({key: value for key, value in named.items() if value}, doseq=True)


def scope_of(params: Mapping[str, Sequence[str]]) -> Scope:
    """The scope that an address names; what cannot be read limits nothing."""
    as_of = None
    with contextlib.suppress(ValueError):
        as_of = datetime.date.fromisoformat(_first(params, "as_of"))
    return Scope(
        areas=tuple(params.get("area", ())),
        documents=tuple(params.get("document", ())),
        language=_first(params, "language"),
        as_of=as_of,
    )


def _first(params: Mapping[str, Sequence[str]], name: str) -> str:
    return next(iter(params.get(name, ())), "")
