"""Generative answers: an OpenAI-compatible model answers from numbered passages, or does a task.

passages that fit -> prompt -> model -> JSON -> drafts
"""

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Literal

from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig

import prompts
from chain.model.language_model import ChatModel, messages_of
from chain.model.prompt_budget import CHECK_SHARE, CONDENSE_SHARE, PromptPassages, fenced, room_left
from chain.model.reply import (
    TEXT,
    EntryReader,
    Fields,
    Schema,
    list_of,
    object_of,
    out_of_form,
    read_json,
    read_object,
)
from chain.request import Draft, Gaps, NamedStretch, Request
from core.errors import ModelError
from core.settings import Settings
from core.source import DocumentKind
from language.escaping import BROKEN, visible
from language.sentences import sentences
from language.vocabulary import confirmed

_KINDS: Mapping[frozenset[DocumentKind], str] = {
    frozenset({"official"}): "official documents",
    frozenset({"brief"}): "summaries of official documents",
    frozenset({"official", "brief"}): "official documents and summaries of such",
}
_AREA = re.compile(r"\w+")
_MOST_AREAS, _LONGEST_AREA = 8, 40  # that are named, and characters of one
_MOST_SENTENCES = 100  # and items of a reply; the prompts ask for five, or one list
_LONGEST_ENTRY = 4000  # characters; more is runaway output
_MOST_STRETCHES = 20  # of one sentence that are looked for; two or three are usual
_MOST_SEARCHES, _MOST_GAPS, _LONGEST_LINE = 3, 5, 300  # characters of a query or gap
_BEGUN = re.compile(r'"text"\s*:\s*"((?:[^"\\]|\\.)*)')
_OPEN = re.compile(r"[\[【(][^\]】)]{0,40}$")  # may be what is left out once it is closed
_OPEN_LENGTH = 42  # characters at the end in which it is: many open brackets cost time elsewhere
_DATE = r"\w+\.?\s+[12]\d{3}"  # behind a day: "1. Juli 2020" is no item
_BULLET = re.compile(rf"\s*(?:[•▪◦‣●○■]|[-*+–—](?=\s)|\(?\d{{1,2}}[.)](?=\s)(?!\s+{_DATE}))\s*")
# What models add to the text of a sentence although they are told not to: numbers of passages,
# emphasis.
_MARKER = r"\s*(?:\[\^?\d{1,2}(?:\s*[,;–-]\s*\d{1,2})*\]|【[^】]{0,80}】)"
_ADDED = re.compile(rf"{_MARKER}|\*\*|~~|`")
_SIGNS = "✓✔✅☑🗸🗹○°⊞\ufe0f"  # checks of any look, and the marks that answers are shown with

SCHEMA: Schema = {
    "title": "answer",
    "description": "The sentences of the answer, each with the stretches that it rests on.",
    **object_of(
        sentences=list_of(
            object_of(
                text=TEXT,
                evidence=list_of(object_of(passage={"type": "integer"}, first=TEXT, last=TEXT)),
            )
        ),
        not_stated=list_of(TEXT),
        searches=list_of(TEXT),
    ),
}
"""JSON Schema of an answer, within what OpenAI's strict mode takes."""


def messages_for(request: Request, collection: str, passages: str) -> list[BaseMessage]:
    """The prompt for an answer or a task: what the documents are, and the passages as data."""
    task = request.task
    form = prompts.load("answer-form").format()
    return messages_of(
        "task" if task else "answer",
        _asked(request),
        task=prompts.load(f"task-{task.kind}").strip() if task else "",
        collection=collection,
        language=request.language,
        form=prompts.load("answer-go-on") + form if request.so_far else form,
        passages=passages,
    )


class GenerativeAnswerer:
    """Streams drafts from a model."""

    def __init__(self, model: ChatModel, settings: Settings) -> None:
        self._model = model
        self._collection = " ".join(settings.collection.split())
        self._seconds = settings.answer_timeout * (1 - CONDENSE_SHARE - CHECK_SHARE)

    @property
    def model(self) -> str:
        return self._model.name

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft | Gaps]:
        deadline = request.begun + self._seconds
        collection = self._collection or _collection(request)
        rest = "\n".join(message.text for message in messages_for(request, collection, ""))
        messages = messages_for(request, collection, self._fitting(request, rest))
        seconds = max(0.0, deadline - time.monotonic())
        given: set[str] = set()
        pieces = self._model.stream(messages, seconds=seconds, schema=SCHEMA, config=config)
        for draft in read(pieces, request.language):
            if isinstance(draft, Gaps) or draft.is_open:
                yield draft
                continue
            if len(given) == _MOST_SENTENCES:
                raise ModelError(f"The model wrote more than {_MOST_SENTENCES} sentences.", "cut")
            if draft.text in given:  # a model that repeats itself does not recover: stop reading
                return
            given.add(draft.text)
            yield draft

    def _fitting(self, request: Request, rest: str) -> str:
        """The best passages as data, as many as fit the context beside the rest of the prompt."""
        room = self._model.room()
        passages = PromptPassages(request, room_left(room, rest))
        for number in request.given or range(len(request.found)):
            if not passages.take([number]):
                break
        if not passages.text:
            raise ModelError(
                f"No passage fits into {room} tokens. If the model takes more, set "
                "STRATEGIEWIJZER_MODEL_CONTEXT higher.",
                "too_long",
            )
        return passages.text


def _collection(request: Request) -> str:
    """What the passages are from: the kind of documents, and the areas that most have."""
    documents = [found.passage.document for found in request.found]
    counted = Counter(
        " ".join(_AREA.findall(document.area))[:_LONGEST_AREA] for document in documents
    )
    areas = ", ".join(area for area, _ in counted.most_common(_MOST_AREAS) if area)
    kinds = _KINDS.get(frozenset(document.kind for document in documents), "documents")
    return f"{kinds} on {areas}" if areas else kinds


def _asked(request: Request) -> str:
    """The question, with the answer so far; for a task, the answer to work on and the reader's
    message, as data."""
    if request.task is None:
        so_far = fenced("answer", request.so_far) if request.so_far else ""
        return "\n".join(filter(None, (request.question, so_far)))
    text = fenced("answer", request.task.text) if request.task.text else ""
    return "\n".join(filter(None, (text, fenced("message", request.task.message))))


def read(pieces: Iterable[str], language: str = "en") -> Iterator[Draft | Gaps]:
    """Yields the drafts of a reply: each as soon as its entry is complete, and open ones while they
    are written; last what its passages leave open, if anything.

    The language is that of the reply (ISO 639-1). Raises ModelError: raised by `pieces`, or the
    reply does not end, or it is not in the form of `SCHEMA`.
    """
    reader = EntryReader("sentences", _LONGEST_ENTRY)
    shown, has_given = "", False
    for piece in pieces:
        for entry in reader.feed(piece):
            for draft in _drafts(entry, language):
                has_given = True
                yield draft
        if reader.is_endless:
            raise ModelError(
                f"The model wrote more than {_LONGEST_ENTRY} characters for one sentence."
            )
        text = _begun(reader.entry)
        begun, form = _cleaned(text[:-_OPEN_LENGTH] + _OPEN.sub("", text[-_OPEN_LENGTH:]))
        if begun != shown and any(map(str.isalpha, begun)):
            shown = begun
            yield Draft(begun, (), form, is_open=True)
    if not reader.around.strip():
        raise ModelError("The model's answer is empty.", "empty")
    if not has_given and not (reader.has_ended and reader.is_empty):
        raise out_of_form()
    fields = read_object(reader.around)
    gaps = Gaps(
        _lines(fields.texts("searches"))[:_MOST_SEARCHES],
        _lines(fields.texts("not_stated"))[:_MOST_GAPS],
    )
    if gaps != Gaps():
        yield gaps


def _lines(texts: Iterable[str]) -> tuple[str, ...]:
    lines = (" ".join(text.split()).rstrip(" .;")[:_LONGEST_LINE] for text in texts)
    return tuple(dict.fromkeys(filter(None, lines)))


def _begun(entry: str) -> str:
    """What has arrived of the text of an entry."""
    found = _BEGUN.search(entry)
    text = read_json(f'"{found[1]}"') if found else ""  # None: half of an escape
    return visible(text) if isinstance(text, str) else ""


def _drafts(entry: object, language: str) -> Iterator[Draft]:
    """Yields the sentences of an entry, each with what it rests on; nothing of what has no text."""
    fields = entry if isinstance(entry, Fields) else Fields({"text": [entry]})
    stretches = tuple(
        NamedStretch(named.number("passage") - 1, named.text("first"), named.text("last"))
        for named in fields.objects("evidence")[:_MOST_STRETCHES]
    )
    cites = tuple(dict.fromkeys(named.passage for named in stretches if named.passage >= 0))
    for line in fields.text("text").splitlines():
        text, form = _cleaned(line)
        for start, end in sentences(text, language):
            sentence = without_status(text[start:end])
            if BROKEN not in sentence and any(map(str.isalpha, sentence)):
                yield Draft(sentence, cites, form, stretches=stretches)


def _cleaned(line: str) -> tuple[str, Literal["sentence", "item"]]:
    """A model's sentence or item without bullet, markers, emphasis and what it says of its own
    check; and which of the two it is."""
    flat = " ".join(line.split())
    bullet = _BULLET.match(flat)
    text = _ADDED.sub("", flat[bullet.end() :] if bullet else flat)
    return without_status(text.strip()), "item" if bullet else "sentence"


def without_status(text: str) -> str:
    """A model's sentence without what it says of its own check: signs before it, "Confirmed:" or
    "[confirmed]", and the latter behind it.

    >>> without_status("✔ Confirmed: It grows [confirmed].")
    'It grows.'
    """
    before, behind = _status()
    if found := before.match(text):
        text = text[found.end() :]
    last = text.rfind("[")  # looked at alone: text of many brackets is read in time
    if last >= 0 and (found := behind.match(text, last)):
        text = text[:last].rstrip() + found[1]
    return text


@cache
def _status() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = rf"(?:status\s*:\s*)?(?:{'|'.join(map(re.escape, confirmed()))})"
    bracketed = rf"[\[(【]\s*[{_SIGNS}]*\s*(?:{words}|x)\s*[\])】]\s*:?"
    plainly = rf"{words}\s*(?:[.!]?$|:(?!\s*\d)|[–—-]\s)"
    return (
        re.compile(rf"(?:\s*(?:[{_SIGNS}]+|{bracketed}|{plainly}))+\s*", re.IGNORECASE),
        re.compile(rf"\[\s*[{_SIGNS}]*\s*{words}\s*\]\s*([.!?…]*)$", re.IGNORECASE),
    )
