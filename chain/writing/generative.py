"""Generative answers: an OpenAI-compatible model answers from numbered passages, or does a task.

passages that fit -> prompt -> model -> Reader -> drafts
"""

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig

import prompts
from chain.model.language_model import TEXT, ChatModel, Schema, Thoughts, list_of, object_of
from chain.model.prompt_budget import (
    CHECK_SHARE,
    CONDENSE_SHARE,
    PromptPassages,
    answer_tokens,
    fenced,
    tokens,
)
from chain.model.reply import Fields, read_json, read_object
from chain.request import Draft, Gaps, NamedStretch, Request
from chain.writing.prose import Prose
from core.answer import Mode
from core.errors import ModelError
from core.settings import Settings
from core.source import DocumentKind
from language.escaping import visible

_KINDS: Mapping[frozenset[DocumentKind], str] = {
    frozenset({"official"}): "official documents",
    frozenset({"brief"}): "summaries of official documents",
    frozenset({"official", "brief"}): "official documents and summaries of such",
}
_AREA = re.compile(r"\w+")
_MOST_AREAS, _LONGEST_AREA = 8, 40  # that are named, and characters of one
_MOST = 100  # sentences and items of a reply; the prompts ask for five, or one list


class GenerativeAnswerer:
    """Streams drafts from a model; asks for JSON by schema unless its server refuses schemas."""

    mode: Mode = "generative"

    def __init__(self, model: ChatModel, settings: Settings) -> None:
        self._model = model
        self._collection = " ".join(settings.collection.split())
        self._seconds = settings.answer_timeout * (1 - CONDENSE_SHARE - CHECK_SHARE)
        self._templates = {
            name: ChatPromptTemplate.from_messages(
                [("system", prompts.load(name)), ("human", "{asked}")]
            )
            for name in ("answer", "task")
        }

    @property
    def model(self) -> str:
        return self._model.name

    def draft(self, request: Request, config: RunnableConfig | None) -> Iterator[Draft | Gaps]:
        deadline = request.begun + self._seconds
        schema = SCHEMA if self._model.takes_schema else None
        task = request.task
        template = self._templates["task" if task else "answer"]
        values = {
            "asked": _asked(request),
            "task": prompts.load(f"task-{task.kind}").strip() if task else "",
            "collection": self._collection or _collection(request),
            "language": request.language,
            "form": _form(request, structured=schema is not None),
            "passages": "",
        }
        values["passages"] = self._fitting(request, template.format(**values))
        messages = template.format_messages(**values)
        seconds = max(0.0, deadline - time.monotonic())
        given: set[str] = set()
        pieces = self._model.stream(messages, seconds=seconds, schema=schema, config=config)
        for draft in read(pieces, request.language):
            if isinstance(draft, Gaps) or draft.is_open:
                yield draft
                continue
            if len(given) == _MOST:
                raise ModelError(f"The model wrote more than {_MOST} sentences.", "cut")
            if draft.text in given:  # a model that repeats itself does not recover: stop reading
                return
            given.add(draft.text)
            yield draft

    def _fitting(self, request: Request, rest: str) -> str:
        """The best passages as data, as many as fit the context beside the rest of the prompt."""
        room = self._model.room()
        passages = PromptPassages(request, room - answer_tokens(room) - tokens(rest))
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
    documents = [one.passage.document for one in request.found]
    named = Counter(" ".join(_AREA.findall(one.area))[:_LONGEST_AREA] for one in documents)
    on = ", ".join(area for area, _ in named.most_common(_MOST_AREAS) if area)
    kinds = _KINDS.get(frozenset(one.kind for one in documents), "documents")
    return f"{kinds} on {on}" if on else kinds


def _form(request: Request, *, structured: bool) -> str:
    """How to reply."""
    form = prompts.load("answer-as-list" if structured else "answer-as-text")
    return prompts.load("answer-go-on") + form if request.so_far else form


def _asked(request: Request) -> str:
    """The question, with the answer so far; for a task, the answer to work on and the reader's
    message, as data."""
    if request.task is None:
        so_far = fenced("answer", request.so_far) if request.so_far else ""
        return "\n".join(filter(None, (request.question, so_far)))
    text = fenced("answer", request.task.text) if request.task.text else ""
    return "\n".join(filter(None, (text, fenced("message", request.task.message))))


# Incremental parser of a model's reply: yields drafts with their citations.


_STRETCH = object_of(passage={"type": "integer"}, first=TEXT, last=TEXT)
SCHEMA: Schema = {
    "title": "answer",
    "description": "The sentences of the answer, each with the stretches that it rests on.",
    **object_of(
        sentences=list_of(object_of(text=TEXT, evidence=list_of(_STRETCH))),
        not_stated=list_of(TEXT),
        searches=list_of(TEXT),
    ),
}
"""JSON Schema of a structured answer, within what OpenAI's strict mode takes."""

_LONGEST = 4000  # characters of a JSON entry, or around the list; more is runaway output
_MOST_STRETCHES = 20  # of one sentence that are looked for; two or three are usual
_MOST_SEARCHES, _MOST_GAPS, _LONGEST_LINE = 3, 5, 300  # characters of a query or gap
_LIST = re.compile(r'"sentences"\s*:\s*\[$')
_BEGUN = re.compile(r'"text"\s*:\s*"((?:[^"\\]|\\.)*)')
_NOTHING_YET = re.compile(r"\W*(?:N|NO[ _-]?(?:A\w*)?|NOT ?(?:S.*)?|S|SE|SEA\w*:?.*|\[.*)?", re.S)


def read(pieces: Iterable[str], language: str = "en") -> Iterator[Draft | Gaps]:
    """Yields the drafts of a reply: each as soon as it is complete, and open ones while they are
    written; last what its passages leave open, if anything.

    Args:
        pieces: of the reply, of any size; if they raise `ModelError`, complete drafts are yielded
            before it is re-raised.
        language: of the reply (ISO 639-1).

    Raises:
        ModelError: the reply is empty, does not end, or has neither a sentence nor "NO ANSWER".
    """
    reader = ReplyReader(language)
    shown = ""
    try:
        for piece in pieces:
            yield from reader.feed(piece)
            if (begun := reader.begun) and begun.text != shown:
                shown = begun.text
                yield begun
    except ModelError:
        yield from reader.close(broken=True)
        raise
    yield from reader.close()
    if reader.gaps != Gaps():
        yield reader.gaps


class ReplyReader:
    """Parses one reply; yields each draft once, as soon as its sentence is complete.

    It reads character by character, so the sizes of the pieces make no difference.
    """

    def __init__(self, language: str = "en") -> None:
        self._language = language
        self._thoughts = Thoughts()
        self._prose = Prose(language)
        self._listed: _Listed | None = None
        self._has_given = False

    def feed(self, piece: str) -> Iterator[Draft]:
        """Yields the drafts that a further piece completes.

        Raises:
            ModelError: a sentence or an entry does not end.
        """
        for character in piece:
            for said in self._thoughts.without(character):
                for draft in self._take(said):
                    self._has_given = True
                    yield draft

    def close(self, *, broken: bool = False) -> Iterator[Draft]:
        """Yields the drafts that the end of the reply completes; never half a sentence.

        Args:
            broken: the reply broke off: its last full stop may be that of "EUR 2.5 million".

        Raises:
            ModelError: the reply is empty, or has neither a sentence nor "NO ANSWER" nor an empty
                list.
        """
        if self._listed is None:
            for draft in self._rest(broken=broken):
                self._has_given = True
                yield draft
        form = self._listed or self._prose
        if broken or self._has_given or form.declines:
            return
        if self._prose.is_empty and self._listed is None:
            raise ModelError("The model's answer is empty.", "empty")
        raise ModelError("The model's answer is not in the form that was asked for.", "protocol")

    @property
    def begun(self) -> Draft | None:
        """What has arrived of the sentence that is being written, if it can be shown."""
        text = self._prose.waiting if self._listed is None else self._listed.begun
        if _NOTHING_YET.fullmatch(text):
            return None
        return self._prose.open_draft(text)

    @property
    def gaps(self) -> Gaps:
        """What the passages leave open: at most five things, and three queries for them."""
        form = self._prose if self._listed is None else self._listed
        queries, not_stated = dict.fromkeys(form.searches), dict.fromkeys(form.not_stated)
        return Gaps((*queries,)[:_MOST_SEARCHES], (*not_stated,)[:_MOST_GAPS])

    def _rest(self, *, broken: bool) -> Iterator[Draft]:
        yield from self._prose.feed(self._thoughts.rest())
        yield from self._prose.close(broken=broken)

    def _take(self, character: str) -> Iterator[Draft]:
        if self._listed is not None:
            yield from self._listed.take(character)
        elif character == "{" and self._prose.at_line_start:
            self._listed = _Listed(self._language)
        elif character == '"' and self._prose.waiting.rstrip().endswith("{"):
            self._listed = _Listed(self._language)
            yield from self._listed.take(character)
        else:
            yield from self._prose.feed(character)
            if character == ">" and self._prose.waiting.lower().endswith("</think>"):
                self._prose.forget()  # some servers omit the opening tag of the thoughts


class _Listed:
    """Parses the JSON of `SCHEMA` from behind its first brace. A sentence is complete when its
    entry is closed."""

    def __init__(self, language: str) -> None:
        self._has_begun = False  # the list of sentences
        self._has_ended = False
        self._is_empty = True
        self._json = ""  # the current entry, or what precedes the list
        self._around = ""  # the list: what is read of the object besides its entries
        self._depth = 0  # of open brackets in it
        self._is_quoted = False
        self._is_escaped = False
        self._prose = Prose(language)

    @property
    def declines(self) -> bool:
        """Whether the list is empty, or says "NO ANSWER"."""
        return (self._has_ended and self._is_empty) or self._prose.declines

    @property
    def begun(self) -> str:
        """What has arrived of the text of the current entry."""
        found = _BEGUN.search(self._json) if self._has_begun else None
        said = read_json(f'"{found[1]}"') if found else ""  # None: half of an escape
        return visible(said) if isinstance(said, str) else ""

    @property
    def searches(self) -> Sequence[str]:
        return self._lines("searches")

    @property
    def not_stated(self) -> Sequence[str]:
        return [one.rstrip(" .;") for one in self._lines("not_stated")]

    def _lines(self, name: str) -> list[str]:
        texts = (" ".join(one.split()) for one in read_object("{" + self._around).texts(name))
        return [text[:_LONGEST_LINE] for text in texts if text]

    def take(self, character: str) -> Iterator[Draft]:
        """Yields the drafts of the entry that a character completes."""
        if self._has_ended or (self._has_begun and not self._json and character not in '{["'):
            self._has_ended |= character == "]"
            if self._has_ended and len(self._around) < _LONGEST:
                self._around += character
            self._is_empty &= self._has_ended or character.isspace()
            return
        self._json += character
        if len(self._json) > _LONGEST:
            raise ModelError(f"The model wrote more than {_LONGEST} characters for one sentence.")
        if not self._has_begun:
            if character == "[" and _LIST.search(self._json):
                self._has_begun, self._around, self._json = True, self._json, ""
            return
        self._is_empty = False
        if self._completes(character):
            entry, self._json = self._json, ""
            yield from self._drafts(entry)

    def _completes(self, character: str) -> bool:
        """Whether a character closes the entry; brackets within strings do not count."""
        if self._is_escaped:
            self._is_escaped = False
        elif self._is_quoted and character == "\\":
            self._is_escaped = True
        elif character == '"':
            self._is_quoted = not self._is_quoted
        elif not self._is_quoted:
            self._depth += (character in "{[") - (character in "}]")
        return not self._depth and not self._is_quoted

    def _drafts(self, entry: str) -> Iterator[Draft]:
        """Yields the sentences of an entry, each citing its passages; nothing of what has no
        text."""
        value = read_json(entry)
        fields = value if isinstance(value, Fields) else Fields({"text": [value]})
        stretches = tuple(map(_stretch, fields.objects("evidence")[:_MOST_STRETCHES]))
        named = fields.numbers("passages") or [one.passage + 1 for one in stretches]
        cites = tuple(dict.fromkeys(number - 1 for number in named if number > 0))
        for draft in (*self._prose.feed(fields.text("text")), *self._prose.end_line()):
            yield replace(draft, cites=cites or draft.cites, stretches=stretches)


def _stretch(fields: Fields) -> NamedStretch:
    return NamedStretch(fields.number("passage") - 1, fields.text("first"), fields.text("last"))
