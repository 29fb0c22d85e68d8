"""Entailment check by a language model of sentences that the local verifier supports.

It sees each sentence with its evidence, but neither question nor conversation. It can only reject a
sentence; the quotes shown stay the verifier's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig

import prompts
from chain.answerer import Request
from chain.model.budget import fitting
from chain.model.given_sources import Claim, claim_data
from chain.model.language_model import ChatModel
from chain.model.numbered import Entry, entries, schema
from core.errors import ModelError

_VERDICTS = {"supported": True, "not supported": False}
SCHEMA = schema(
    "verdicts",
    {"reason": {"type": "string"}, "verdict": {"type": "string", "enum": list(_VERDICTS)}},
)
_LONGEST_REASON = 300  # characters; one short sentence is asked for, some models ramble


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

    def opinions(
        self,
        claims: Sequence[Claim],
        request: Request,
        *,
        seconds: float,
        config: RunnableConfig | None,
    ) -> list[Opinion | None]:
        """One opinion for each of the first claims, as many as fit the context; None for a claim
        without a verdict.

        Raises:
            ModelError: the model failed, no sentence fits, or the reply is malformed.
        """
        given = [claim_data(number, claim, request) for number, claim in enumerate(claims, start=1)]
        kept = fitting(given, self._model.room(), prompts.load("checker"))
        if not kept:
            raise ModelError(
                "No sentence with its evidence fits the checker's context.", "too_long"
            )
        messages = self._template.format_messages(sentences="\n\n".join(kept))
        reply = self._model.whole(messages, seconds=seconds, schema=SCHEMA, config=config)
        told = entries(reply, "verdicts", len(kept))
        return [_opinion(told.get(number, {})) for number in range(1, len(kept) + 1)]


def _opinion(entry: Entry) -> Opinion | None:
    """Parses an entry; None if it has no verdict."""
    verdict, reason = entry.get("verdict"), entry.get("reason")
    if not isinstance(verdict, str) or verdict not in _VERDICTS:
        return None
    said = " ".join(reason.split()) if isinstance(reason, str) else ""
    return Opinion(_VERDICTS[verdict], said[:_LONGEST_REASON])
