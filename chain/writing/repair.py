"""Repair: a model rewrites its doubtful sentences closer to the evidence, or drops them.

One call for all of them; the result is drafts, to be verified like any others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableConfig

import prompts
from chain.answerer import Draft, Request
from chain.model.budget import fitting
from chain.model.given_sources import Claim, claim_data
from chain.model.language_model import ChatModel
from chain.model.numbered import entries, schema
from chain.writing.prose import Prose
from core.errors import ModelError

SCHEMA = schema("sentences", {"text": {"type": "string"}})


class Repairer:
    """Repairs with the model that wrote the answer; safe to share between threads."""

    def __init__(self, model: ChatModel) -> None:
        self._model = model
        self._template = ChatPromptTemplate.from_messages(
            [("system", prompts.load("repair")), ("human", "{sentences}")]
        )

    def mend(
        self,
        claims: Sequence[Claim],
        request: Request,
        *,
        seconds: float,
        config: RunnableConfig | None,
    ) -> Mapping[int, Sequence[Draft]]:
        """Index in `claims` -> replacement, for the first claims, as many as fit the context.

        A sentence that the model drops or leaves unchanged has no entry.

        Raises:
            ModelError: the model failed, no sentence fits, or the reply is malformed.
        """
        given = [claim_data(number, claim, request) for number, claim in enumerate(claims, start=1)]
        kept = fitting(given, self._model.room(), prompts.load("repair"))
        if not kept:
            raise ModelError("No sentence with its evidence fits the model's context.", "too_long")
        messages = self._template.format_messages(
            language=request.language, sentences="\n\n".join(kept)
        )
        reply = self._model.whole(messages, seconds=seconds, schema=SCHEMA, config=config)
        mended: dict[int, Sequence[Draft]] = {}
        for number, entry in entries(reply, "sentences", len(kept)).items():
            drafts = _drafts(entry.get("text"), claims[number - 1], request.language)
            if drafts and [draft.text for draft in drafts] != [claims[number - 1].draft.text]:
                mended[number - 1] = drafts
        return mended


def _drafts(text: object, claim: Claim, language: str) -> Sequence[Draft]:
    """The sentences of a replacement, with the form and the citations of the claim."""
    if not isinstance(text, str):
        return ()
    prose = Prose(language)
    cites = tuple(
        dict.fromkeys((*(quote.passage for quote in claim.verdict.quotes), *claim.draft.cites))
    )
    drafts = (*prose.feed(text), *prose.end_line())
    return [replace(draft, form=claim.draft.form, cites=cites) for draft in drafts]
