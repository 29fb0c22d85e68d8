"""Has a language model check all sentences of an answer against the sources that they cite."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.runnables import RunnableConfig

import prompts
from chain.model.language_model import ChatModel, messages_of
from chain.model.prompt_budget import Claim, PromptPassages, claim_data, fenced, room_left
from chain.model.reply import TEXT, Fields, Schema, list_of, object_of, out_of_form, read_object
from chain.request import Request
from core.errors import ModelError

_VERDICTS = {"supported": True, "not supported": False}
SCHEMA: Schema = {
    "title": "verdicts",
    **object_of(
        verdicts=list_of(
            object_of(
                number={"type": "integer"},
                reason=TEXT,
                verdict={"type": "string", "enum": list(_VERDICTS)},
            )
        )
    ),
}
_LONGEST_REASON = 300  # characters; one short sentence is asked for, some models ramble
_MOST_CALLS = 2  # for an answer that does not fit into one; a third takes longer than is waited


@dataclass(frozen=True)
class Opinion:
    """The checker's verdict on a sentence, with the reason in the model's words."""

    supported: bool
    reason: str


class Checker:
    """Checks sentences with a model; safe to share between threads."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model

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
        Raises ModelError: the model failed, no sentence fits, or the reply is malformed."""
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
            left = max(0.0, deadline - time.monotonic())
            messages = messages_of("checker", prompt)
            reply = self._model.whole(messages, seconds=left, schema=SCHEMA, config=config)
            found += read_opinions(reply, kept)
        return [*found, *[None] * (len(claims) - len(found))]

    def _fitting(self, claims: Sequence[Claim], request: Request) -> tuple[int, str]:
        """How many of the first claims fit, and the prompt: the question, their passages once each,
        then they."""
        question = fenced("question", request.question)
        room = room_left(self._model.room(), prompts.load("checker"), question)
        passages = PromptPassages(request, room)
        fitting: list[str] = []
        for number, claim in enumerate(claims, start=1):
            data = claim_data(number, claim, request)
            if not passages.take((quote.passage for quote in claim.quotes), data):
                break
            fitting.append(data)
        return len(fitting), "\n\n".join((question, passages.text, *fitting))


def read_opinions(reply: str, count: int) -> list[Opinion | None]:
    """The opinions of a reply on sentences 1 to `count`; None for one without a verdict, or with
    two. Raises `ModelError` where there is none at all."""
    entries = read_object(reply).objects("verdicts")
    times = Counter(entry.number("number") for entry in entries)
    found: dict[int, Opinion | None] = {
        entry.number("number"): _opinion(entry)
        for entry in entries
        if times[entry.number("number")] == 1
    }
    opinions = [found.get(number) for number in range(1, count + 1)]
    if not any(opinions):
        raise out_of_form()
    return opinions


def _opinion(entry: Fields) -> Opinion | None:
    """Parses an entry; None if it has no verdict."""
    supported = _VERDICTS.get(entry.text("verdict"))
    if supported is None:
        return None
    return Opinion(supported, " ".join(entry.text("reason").split())[:_LONGEST_REASON])
