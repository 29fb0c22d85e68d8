"""Writes an answer from drafts, each with what was found of it in the sources.

answerers in turn, until one has an answer -> drafts -> verifier -> composition, as they arrive
                                           -> after the last: the checker reads all sentences
"""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from langchain_core.runnables import RunnableConfig

from chain.answer.composition import AnswerBuilder
from chain.answerer import Answerer, Draft, Request, Searches, Verdict
from chain.checking.verification import Similarities, Verifier
from chain.model.prompt_budget import Claim
from chain.writing.extractive import further
from core.answer import Mode, ModelTrouble, Stage, TextDelta
from core.answer_blocks import marked_text
from core.errors import ModelError
from core.settings import Unconfirmed
from core.source import ScoredPassage

if TYPE_CHECKING:  # a model's client takes long to import
    from chain.checking.checker import Checker, Opinion

logger = logging.getLogger(__name__)


Search = Callable[[Sequence[str], Sequence[ScoredPassage]], tuple[ScoredPassage, ...]]
"""Finds passages for queries that are not among those given."""

_BEST_AGAIN = 8  # passages of the first reading that are given again with those of a second search


class Checking(NamedTuple):
    """What checks a model's reply; `seconds` is its time."""

    checker: "Checker"
    seconds: float


class AnswerRun:
    """One answer in the making. `mode`, `model`, `checker`, `unchecked` and `trouble` are as in
    `Answer`.

    The second answerer stands in if the first fails before it has written a sentence.

    Args:
        request: what is to be answered.
        answerers: in turn, until one has an answer.
        similarities: of the index that the passages come from.
        checking: what reads a model's sentences again.
        search: finds what a model says that the passages lack; None: there is no second search.
        unconfirmed: what becomes of sentences that were not confirmed.
    """

    def __init__(
        self,
        request: Request,
        answerers: Sequence[Answerer],
        similarities: Similarities,
        *,
        checking: Checking | None = None,
        search: Search | None = None,
        unconfirmed: Unconfirmed = "show",
    ) -> None:
        self.request = request
        self.composition = AnswerBuilder(request, unconfirmed)
        self.mode: Mode = answerers[0].mode
        self.unchecked = False
        self.checker = ""
        self.trouble: ModelTrouble | Literal[""] = ""
        self._verifier = Verifier(request, similarities)
        self._answerers = answerers
        self._similarities = similarities
        self._checking = checking
        self._search = search
        self._unconfirmed = unconfirmed
        self._said: list[tuple[Draft, Verdict]] = []  # by a model

    @property
    def model(self) -> str:
        return self._answerers[0].model

    def write(self, config: RunnableConfig | None) -> Iterator[Stage | TextDelta]:
        """Writes the answer proper; yields the stage "checking" at its first sentence, then text as
        it arrives. In `composition` each sentence has its final status.

        Sentences that are hidden unless they are confirmed are not told before that is known.
        """
        for answerer in self._answerers:
            try:
                if answerer.mode == "generative":
                    yield from self._from_model(answerer, config)
                else:
                    yield from self._quoted(answerer, config)
            except ModelError as error:
                begun = bool(self.composition.blocks)
                self.trouble = "cut" if begun else error.first
                rest = "ends" if begun else "falls back to the sources' sentences"
                logger.warning("%s The answer %s.", error, rest)
                if not begun:
                    self.mode = "fallback"
                    continue
            if ending := self.composition.end():
                yield ending
            return

    def _quoted(
        self, answerer: Answerer, config: RunnableConfig | None
    ) -> Iterator[Stage | TextDelta]:
        for draft in answerer.draft(self.request, config):
            assert isinstance(draft, Draft)  # noqa: S101 - it has nothing to search for
            verdict = self._verifier.verdict(draft)
            if verdict.status == "quoted":
                if not self.composition.blocks:
                    yield Stage(name="checking")
                yield self.composition.add(draft, verdict)

    def _from_model(
        self, answerer: Answerer, config: RunnableConfig | None
    ) -> Iterator[Stage | TextDelta]:
        """The model's reply, checked as a whole after its last sentence.

        Raises:
            ModelError: the model failed; what it wrote before is in `composition`, checked.
        """
        failure: ModelError | None = None
        is_live = self._unconfirmed != "hide"
        try:
            for event in self._written(answerer, config):
                if is_live or isinstance(event, Stage):
                    yield event
        except ModelError as error:
            failure = error
        if self._said and (self._checking or not is_live):
            self.composition = AnswerBuilder(self.request, self._unconfirmed)
            for draft, verdict in self._checked(config):
                delta = self.composition.add(draft, verdict)
                if not is_live:
                    yield delta
        if failure is not None:
            raise failure

    def _written(
        self, answerer: Answerer, config: RunnableConfig | None
    ) -> Iterator[Stage | TextDelta]:
        """The reply as it arrives; where it asks for a search, a second one with what that finds.

        Raises:
            ModelError: the model failed in its first reply.
        """
        wanted = yield from self._taken_in(answerer.draft(self.request, config))
        if wanted is None or self._search is None:
            return
        yield Stage(name="searching_again")
        new = self._search(wanted.queries, self.request.found)
        if not new:
            return
        self._extend(new)
        try:
            yield from self._taken_in(answerer.draft(self.request, config))
        except ModelError as error:
            logger.warning("%s The answer stays without a second search.", error)

    def _taken_in(
        self, drafts: Iterator[Draft | Searches]
    ) -> Generator[Stage | TextDelta, None, Searches | None]:
        """Takes in a reply; returns the searches that it asks for."""
        begun = bool(self._said)
        said = {draft.text for draft, _ in self._said}
        for draft in drafts:
            if isinstance(draft, Searches):
                return draft
            if not begun:
                begun = True
                yield Stage(name="checking")
            if draft.is_open:
                yield self.composition.preview(draft)
            elif draft.text not in said:
                verdict = self._verifier.verdict(draft)
                self._said.append((draft, verdict))
                yield self.composition.add(draft, verdict, is_final=self._checking is None)
        return None

    def _extend(self, new: Sequence[ScoredPassage]) -> None:
        """Takes in passages of a second search, which the model is given with the best of the
        first."""
        count = len(self.request.found)
        given = (*range(count, count + len(new)), *range(min(count, _BEST_AGAIN)))
        self.request = replace(
            self.request,
            found=(*self.request.found, *new),
            given=given,
            so_far=marked_text(self.composition.blocks).plain,
        )
        self._verifier = Verifier(self.request, self._similarities)
        self.composition.extend(self.request)

    def _checked(self, config: RunnableConfig | None) -> Iterator[tuple[Draft, Verdict]]:
        """What the model said, with verdicts that the checker has had its say in."""
        if self._checking is None:
            yield from self._said
            return
        claims = [Claim(draft.text, verdict.quotes) for draft, verdict in self._said]
        opinions: Sequence[Opinion | None] = [None] * len(claims)
        checker = self._checking.checker
        try:
            opinions = checker.opinions(
                claims, self.request, seconds=self._checking.seconds, config=config
            )
        except ModelError as error:
            logger.warning("%s Sentences are shown after the local checks alone.", error)
        self.unchecked = any(opinion is None for opinion in opinions)
        self.checker = "" if self.unchecked else checker.model
        for (draft, verdict), opinion in zip(self._said, opinions, strict=True):
            yield draft, with_opinion(verdict, opinion)

    def unfold(self) -> None:
        """Adds the blocks to unfold below the answer proper, or below a refusal."""
        for block in further(self.request, self.composition.quotes):
            checked = ((draft, self._verifier.verdict(draft)) for draft in block)
            self.composition.add_more(
                [(draft, verdict) for draft, verdict in checked if verdict.status == "quoted"]
            )


def with_opinion(verdict: Verdict, opinion: "Opinion | None") -> Verdict:
    """A verdict after the checker's opinion: it decides what is not firm."""
    if opinion is None or verdict.is_firm:
        return verdict
    if opinion.supported:
        return Verdict("confirmed", verdict.quotes)
    details = (opinion.reason,) if opinion.reason else ()
    return replace(verdict, status="not_confirmed", reason="doubted", details=details)
