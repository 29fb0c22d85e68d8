"""Has lines read by the checker, beside the stream: one call at a time."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from langchain_core.runnables import RunnableConfig

from chain.answerer import Request
from chain.checking.manuscript import Line, Manuscript
from chain.model.aside import aside
from core.errors import ModelError

if TYPE_CHECKING:  # a model's client takes long to import
    from chain.checking.checker import Checker, Opinion

logger = logging.getLogger(__name__)

_NO_REASON = "A second reader does not find all of it in the evidence."


@dataclass(frozen=True)
class Checked:
    """Result of a call of the checker: its opinions, an error, or None at the end."""

    what: "Sequence[Opinion | None] | Exception | None"


class Desk:
    """Queue of lines for the checker: one call at a time; lines that arrive meanwhile wait.

    After a failure it is not called again for this answer: the local verdicts stand.
    """

    def __init__(
        self,
        checker: "Checker | None",
        manuscript: Manuscript,
        request: Request,
        put: Callable[[Checked], None],
        config: RunnableConfig | None,
    ) -> None:
        self._checker = checker
        self._manuscript = manuscript
        self._request = request
        self._put = put
        self._config = config
        self._waiting: list[Line] = []
        self._reading: list[Line] = []
        self._has_failed = False

    @property
    def is_busy(self) -> bool:
        return bool(self._reading)

    def hand_in(self, lines: Sequence[Line], seconds: float) -> None:
        """Queues the lines that the verifier supports; quotations need no check."""
        if self._checker is None:
            return
        for line in lines:
            if line.is_supported and line.draft.quote is None:
                line.awaited, line.unchecked = not self._has_failed, self._has_failed
        self._waiting += [line for line in lines if line.awaited]
        self._go_on(seconds)

    def take(self, checked: Checked, seconds: float) -> None:
        """Applies the result of a call, and starts the next."""
        if not self._reading:  # given up
            return
        if isinstance(checked.what, ModelError):
            self.give_up(str(checked.what))
        elif isinstance(checked.what, Exception):
            raise checked.what
        elif checked.what is not None:
            read, left = self._reading[: len(checked.what)], self._reading[len(checked.what) :]
            for line, opinion in zip(read, checked.what, strict=True):
                line.awaited, line.unchecked = False, opinion is None
                if opinion is not None and not opinion.supported:
                    doubt = opinion.reason or _NO_REASON
                    line.verdict = replace(line.verdict, state="uncertain", doubt=doubt)
            self._reading, self._waiting = [], [*left, *self._waiting]
            self._go_on(seconds)

    def give_up(self, why: str) -> None:
        """Keeps the local verdicts on all lines that are not checked yet."""
        logger.warning("%s Sentences are shown after the local checks alone.", why)
        self._has_failed = True
        for line in (*self._reading, *self._waiting):
            line.awaited, line.unchecked = False, True
        self._reading, self._waiting = [], []

    def _go_on(self, seconds: float) -> None:
        checker = self._checker
        if checker is None or self._reading or not self._waiting:
            return
        self._reading, self._waiting = self._waiting, []
        claims = [self._manuscript.claim(line) for line in self._reading]

        def read() -> "Iterator[Sequence[Opinion | None]]":
            yield checker.opinions(claims, self._request, seconds=seconds, config=self._config)

        aside(read(), lambda what: self._put(Checked(what)))
