"""What a configured language model does for an answer: it writes, its sentences are checked, and it
searches again; and whether it works."""

import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from langchain_core.runnables import RunnableConfig

from chain.answer.composition import AnswerBuilder, AnswerRun
from chain.checking.checker import Checker, Opinion
from chain.checking.verification import Nearness, Verifier
from chain.model.condenser import Condenser
from chain.model.language_model import ChatModel
from chain.model.prompt_budget import CHECK_SHARE, Claim, fenced
from chain.request import Answerer, Draft, Gaps, Request, Verdict
from chain.writing.generative import SCHEMA, GenerativeAnswerer, messages_for, read
from core.answer import Stage, TextDelta
from core.answer_blocks import marked_text
from core.errors import ModelError
from core.settings import Settings, Unconfirmed
from core.source import ScoredPassage

logger = logging.getLogger(__name__)

Search = Callable[[Sequence[str], Sequence[ScoredPassage]], tuple[ScoredPassage, ...]]
"""Finds passages for queries that are not among those given."""

_QUESTION = "How many Member States does the European Union have?"
_PASSAGE = "The European Union has 27 Member States and 24 official languages."
_BEST_AGAIN = 8  # passages of the first reading that are given again with those of a second search


class Checking(NamedTuple):
    """The checks of a model's reply; `seconds` is their time."""

    checker: Checker
    seconds: float


class ModelRun(AnswerRun):
    """An answer by a model in the making.

    Args:
        checking: what reads its sentences again.
        search: finds what the model says that the passages lack; None: there is no second search.
        unconfirmed: what becomes of sentences that were not confirmed.
        stands_in: the sources' words are the answer if the model fails before its first sentence.
    """

    def __init__(
        self,
        request: Request,
        answerer: Answerer,
        nearness: Nearness,
        *,
        checking: Checking | None = None,
        search: Search | None = None,
        unconfirmed: Unconfirmed = "show",
        stands_in: bool = False,
    ) -> None:
        super().__init__(request, unconfirmed)
        self.mode = "generative"
        self._answerer = answerer
        self._nearness = nearness
        self._verifier = Verifier(request, nearness)
        self._checking = checking
        self._search = search
        self._unconfirmed = unconfirmed
        self._stands_in = stands_in
        self._sentences: list[tuple[Draft, Verdict]] = []

    def write(self, config: RunnableConfig | None) -> Iterator[Stage | TextDelta]:
        """As of an `AnswerRun`; sentences that are hidden unless they are confirmed are not told
        before that is known."""
        try:
            yield from self._from_model(config)
        except ModelError as error:
            begun = bool(self.builder.blocks)
            self.trouble = "cut" if begun or error.reason == "cut" else error.first
            rest = "ends" if begun else "falls back to the sources' sentences"
            logger.warning("%s The answer %s.", error, rest)
            if not begun:
                self.mode = "fallback"
                if self._stands_in:
                    yield from super().write(config)
                return
        finally:
            self.model = self._answerer.model  # of a server's only model known once it was asked
        if ending := self.builder.end():
            yield ending

    def _from_model(self, config: RunnableConfig | None) -> Iterator[Stage | TextDelta]:
        """The model's reply, checked as a whole after its last sentence. Raises ModelError: the
        model failed; what it wrote before is in `builder`, checked."""
        failure: ModelError | None = None
        is_live = self._unconfirmed != "hide"
        try:
            for event in self._written(config):
                if is_live or isinstance(event, Stage):
                    yield event
        except ModelError as error:
            failure = error
        if self._sentences and (self._checking or not is_live):
            self.builder = AnswerBuilder(self.request, self._unconfirmed)
            is_lost = failure is not None and failure.first == "unreachable"
            for draft, verdict in self._checked(config, is_lost=is_lost):
                delta = self.builder.add(draft, verdict)
                if not is_live:
                    yield delta
        if failure is not None:
            raise failure

    def _written(self, config: RunnableConfig | None) -> Iterator[Stage | TextDelta]:
        """The reply as it arrives; where it leaves something open, a second one with what a search
        for that finds. Raises ModelError: the model failed; a second reply may be empty where there
        is a first."""
        gaps = yield from self._taken_in(self._answerer.draft(self.request, config))
        self.not_stated = self._asked(gaps)
        queries = gaps.queries or gaps.not_stated
        if not queries or self._search is None:
            return
        yield Stage(name="searching_again")
        new = self._search(queries, self.request.found)
        if not new:
            return
        self._extend(new)
        count = len(self._sentences)
        try:
            left = yield from self._taken_in(self._answerer.draft(self.request, config))
        except ModelError as error:
            if error.reason != "empty" or not self._sentences:
                raise
            logger.warning("%s The answer stays without a second search.", error)
            return
        if left.not_stated or len(self._sentences) > count:
            self.not_stated = self._asked(left)

    def _asked(self, gaps: Gaps) -> tuple[str, ...]:
        """What is not stated of a question, as far as a model's words may be shown."""
        if self.request.task or self._unconfirmed == "hide":
            return ()
        return tuple(filter(self._verifier.is_asked, gaps.not_stated))

    def _taken_in(self, drafts: Iterator[Draft | Gaps]) -> Generator[Stage | TextDelta, None, Gaps]:
        """Takes in a reply; returns what it leaves open."""
        begun = bool(self._sentences)
        known = {draft.text for draft, _ in self._sentences}
        for draft in drafts:
            if isinstance(draft, Gaps):
                return draft
            if not begun:
                begun = True
                yield Stage(name="checking")
            if draft.is_open:
                yield self.builder.preview(draft)
            elif draft.text not in known:
                verdict = self._verifier.verdict(draft)
                self._sentences.append((draft, verdict))
                yield self.builder.add(draft, verdict, is_final=self._checking is None)
        return Gaps()

    def _extend(self, new: Sequence[ScoredPassage]) -> None:
        """Takes in new passages, which the model gets with the best of the first search."""
        count = len(self.request.found)
        given = (*range(count, count + len(new)), *range(min(count, _BEST_AGAIN)))
        self.request = replace(
            self.request,
            found=(*self.request.found, *new),
            given=given,
            so_far=marked_text(self.builder.blocks).plain,
        )
        self._verifier = Verifier(self.request, self._nearness)
        self.builder.request = self.request

    def _checked(
        self, config: RunnableConfig | None, *, is_lost: bool
    ) -> Iterator[tuple[Draft, Verdict]]:
        """The model's sentences with verdicts by the checker, unless the server `is_lost`."""
        if self._checking is None:
            yield from self._sentences
            return
        checker, seconds = self._checking
        opinions: Sequence[Opinion | None] = [None] * len(self._sentences)
        try:
            if is_lost:
                raise ModelError("The model's server is not asked again.", "unreachable")
            claims = [Claim(draft.text, verdict.quotes) for draft, verdict in self._sentences]
            opinions = checker.opinions(claims, self.request, seconds=seconds, config=config)
        except ModelError as error:
            self.check_trouble = error.first
            logger.warning("%s Only the sources' own words are confirmed.", error)
        self.unchecked = None in opinions
        self.checker = "" if self.unchecked else checker.model
        for (draft, verdict), opinion in zip(self._sentences, opinions, strict=True):
            yield draft, with_opinion(verdict, opinion)


def with_opinion(verdict: Verdict, opinion: Opinion | None) -> Verdict:
    """A verdict after the checker's opinion, if it has one, which decides what is not firm. It
    confirms no sentence of which no passage has the words that it names as its source: it was shown
    what is nearest to that."""
    if verdict.is_firm:
        return verdict
    if opinion is not None and not opinion.supported:
        details = (opinion.reason,) if opinion.reason else ()
        return replace(verdict, status="not_confirmed", reason="doubted", details=details)
    if verdict.unfound:
        return replace(verdict, status="not_confirmed", reason="absent", details=verdict.unfound)
    return verdict if opinion is None else Verdict("confirmed", verdict.quotes)


class WithModel(NamedTuple):
    """What the configured model does in the assistant."""

    answerer: Answerer
    condenser: Condenser
    checking: Checking | None  # what checks its replies, if anything


def with_model(settings: Settings) -> WithModel:
    """What the configured model does."""
    model = ChatModel(settings)
    checking = None
    if settings.checker:
        is_other = settings.checker_model not in ("", settings.model)
        checks_with = ChatModel(settings, settings.checker_model) if is_other else model
        checking = Checking(Checker(checks_with), settings.answer_timeout * CHECK_SHARE)
    return WithModel(GenerativeAnswerer(model, settings), Condenser(model, settings), checking)


def check(settings: Settings) -> Iterator[str]:
    """Asks each configured model one question in the way that an answer is asked for, the answering
    one first, and says how it answers.

    Raises:
        ModelError: one does not.
        SettingsError: a package that a setting needs is missing.
    """
    yield _answers(ChatModel(settings), settings)
    if settings.checker_model not in ("", settings.model):
        yield _answers(ChatModel(settings, settings.checker_model), settings)


def _answers(model: ChatModel, settings: Settings) -> str:
    room = model.room()
    started = time.monotonic()
    passages = fenced("passage", _PASSAGE, ' number="1"')
    pieces = list(
        model.stream(
            messages_for(Request(_QUESTION, "en", ()), "official documents", passages),
            seconds=settings.answer_timeout,
            schema=SCHEMA,
        )
    )
    seconds = time.monotonic() - started
    named = f"{model.named()} at {model.address}"
    if not any(isinstance(draft, Draft) and not draft.is_open for draft in read(pieces)):
        raise ModelError(f"{named} said nothing that can be read as an answer. Choose another.")
    bound = ""
    if model.ollama_context() is not None:
        bound = (
            ", as Ollama drops the rest: for more, set OLLAMA_CONTEXT_LENGTH there, and "
            "STRATEGIEWIJZER_MODEL_CONTEXT to the same"
        )
    facts = (
        "JSON by the prompt" if "response_format" in model.refused else "JSON by schema",
        "streamed" if len(pieces) > 1 else "in one piece",
        f"refused: {', '.join(model.refused)}" if model.refused else "",
        f"{room} tokens at most{bound}",
        f"{seconds:.1f} seconds",
    )
    return f"{named} answers ({'; '.join(filter(None, facts))})"
