"""Has a model check sentences against the sources that they cite."""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig

import prompts
from chain.model.language_model import ChatModel, Schema, list_of, object_of
from chain.model.prompt_budget import Claim, answer_tokens, claim_data, passage_data, tokens
from chain.request import Request
from core.errors import ModelError
from language.matching import visible

Entry = Mapping[str, Any]


def schema(title: str, fields: Mapping[str, Schema]) -> Schema:
    """JSON schema of a list with this title."""
    entry = object_of(number={"type": "integer"}, **fields)
    return {"title": title, **object_of(**{title: list_of(entry)})}


def entries(reply: str, title: str, count: int) -> Mapping[int, Entry]:
    """Entries of a reply by number (1 to `count`); others, and numbers that occur twice, are
    dropped.

    Raises:
        ModelError: the reply has no such JSON object.
    """
    try:
        told = json.loads(reply[reply.find("{") : reply.rfind("}") + 1], strict=False)
        listed = told[title]
    except (ValueError, KeyError, TypeError, RecursionError):
        listed = None
    if not isinstance(listed, list):
        raise ModelError("The model's reply is not in the form that was asked for.", "protocol")
    found: dict[int, Entry] = {}
    twice: set[int] = set()
    for entry in listed:
        number = entry.get("number") if isinstance(entry, dict) else None
        if type(number) is not int or not 1 <= number <= count:
            continue
        if number in found:
            twice.add(number)
        found[number] = {
            name: visible(value) if isinstance(value, str) else value
            for name, value in entry.items()
        }
    return {number: entry for number, entry in found.items() if number not in twice}


# Entailment check by a language model of all sentences of an answer.


_VERDICTS = {"supported": True, "not supported": False}
SCHEMA = schema(
    "verdicts",
    {"reason": {"type": "string"}, "verdict": {"type": "string", "enum": list(_VERDICTS)}},
)
_LONGEST_REASON = 300  # characters; one short sentence is asked for, some models ramble
_MOST_CALLS = 2  # for an answer that does not fit into one; a third takes longer than is waited


@dataclass(frozen=True)
class Opinion:
    """The checker's verdict on a sentence, and the reason in the model's words."""

    supported: bool
    reason: str


class Checker:
    """Checks sentences with a model; safe to share between threads."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self._template = ChatPromptTemplate.from_messages(
            [("system", prompts.load("checker")), ("human", "{sentences}")]
        )

    @property
    def model(self) -> str:
        return self._model.name

    def opinions(
        self,
        claims: Sequence[Claim],
        request: Request,
        *,
        seconds: float,
        config: RunnableConfig | None,
    ) -> list[Opinion | None]:
        """Asks for one opinion on each claim; None for one without a verdict, as it did not fit.

        Raises:
            ModelError: the model failed, no sentence fits, or the reply is malformed.
        """
        deadline = time.monotonic() + seconds
        found: list[Opinion | None] = []
        for _ in range(_MOST_CALLS):
            if len(found) == len(claims):
                break
            kept, prompt = self._fitting(claims[len(found) :], request)
            if not kept:
                raise ModelError(
                    "No sentence with its passages fits the checker's context.", "too_long"
                )
            messages = self._template.format_messages(sentences=prompt)
            left = max(0.0, deadline - time.monotonic())
            reply = self._model.whole(messages, seconds=left, schema=SCHEMA, config=config)
            told = entries(reply, "verdicts", kept)
            found += [_opinion(told.get(number, {})) for number in range(1, kept + 1)]
        return [*found, *[None] * (len(claims) - len(found))]

    def _fitting(self, claims: Sequence[Claim], request: Request) -> tuple[int, str]:
        """How many of the first claims fit, and the prompt: their passages once each, then they."""
        room = self._model.room()
        room -= answer_tokens(room) + tokens(prompts.load("checker"))
        passages: dict[int, str] = {}
        said: list[str] = []
        for number, claim in enumerate(claims, start=1):
            added = dict(_passages(claim, request, passages))
            data = claim_data(number, claim, request)
            room -= sum(map(tokens, (data, *added.values())))
            if room < 0:
                break
            passages |= added
            said.append(data)
        return len(said), "\n\n".join((*passages.values(), *said))


def _passages(claim: Claim, request: Request, known: dict[int, str]) -> Iterator[tuple[int, str]]:
    for number in dict.fromkeys(quote.passage for quote in claim.quotes):
        if number not in known:
            yield number, passage_data(number + 1, request.found[number])


def _opinion(entry: Entry) -> Opinion | None:
    """Parses an entry; None if it has no verdict."""
    verdict, reason = entry.get("verdict"), entry.get("reason")
    if not isinstance(verdict, str) or verdict not in _VERDICTS:
        return None
    said = " ".join(reason.split()) if isinstance(reason, str) else ""
    return Opinion(_VERDICTS[verdict], said[:_LONGEST_REASON])
