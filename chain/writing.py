"""Has an answer written and checked: what is verified becomes part of it, the rest is withheld.

answerers, one after the other until one has an answer -> drafts -> verified -> composition
"""

import logging
import time
from collections.abc import Iterator, Sequence
from typing import Literal

from langchain_core.runnables import RunnableConfig

from chain.answerer import Answerer, Request
from chain.composition import Composition
from chain.extractive import further
from chain.verification import verify
from core.errors import ModelError
from core.types import Mode, ModelTrouble, Stage, TextDelta
from vectorstore.embeddings import Embedder

logger = logging.getLogger(__name__)


class Writing:
    """One answer in the making. `mode`, `withheld` and `trouble` are as in `Answer`.

    The second answerer is asked where the first fails or nothing that it says is supported.
    """

    def __init__(self, request: Request, answerers: Sequence[Answerer], embedder: Embedder) -> None:
        self.composition = Composition(request)
        self.mode: Mode = answerers[0].mode
        self.withheld: list[str] = []
        self.trouble: ModelTrouble | Literal[""] = ""
        self._request = request
        self._answerers = answerers
        self._embedder = embedder

    def write(self, config: RunnableConfig | None) -> Iterator[Stage | TextDelta]:
        """Writes the answer proper; says once that something is checked, then what is verified."""
        checking = False
        for answerer in self._answerers:
            failed = False
            try:
                for draft in answerer.draft(self._request, config):
                    if not checking:
                        checking = True
                        yield Stage(name="checking")
                    quote = verify(draft, self._request, self._embedder)
                    if quote is None:
                        self.withheld.append(draft.text)
                    else:
                        yield TextDelta(text=self.composition.add(draft, quote))
            except ModelError as error:
                self.trouble = "cut" if self.composition.text else error.first
                rest = "ends" if self.composition.text else "falls back to the sources' sentences"
                logger.warning("%s The answer %s.", error, rest)
                failed = True
            if not self.composition.text and (failed or self.withheld):
                self.mode = "fallback"
            if self.composition.text or self.mode != "fallback":
                return

    def unfold(self) -> None:
        """Adds what can be unfolded below the answer proper, or below a refusal."""
        for block in further(self._request, self.composition.quotes):
            checked = ((draft, verify(draft, self._request, self._embedder)) for draft in block)
            self.composition.add_more([(draft, quote) for draft, quote in checked if quote])


class Stopwatch:
    """Seconds per stage, in `laps`; a moment is told once, from the start."""

    def __init__(self) -> None:
        self._start = self._last = time.perf_counter()
        self.laps: dict[str, float] = {}

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.laps[stage] = now - self._last
        self._last = now

    def moment(self, name: str) -> None:
        self.laps.setdefault(name, time.perf_counter() - self._start)
