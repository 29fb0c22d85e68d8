"""Writes an answer from verified drafts; the rest is withheld.

answerers in turn, until one has an answer -> drafts -> edited -> composition
"""

import logging
from collections.abc import Iterator, Sequence
from typing import Literal

from langchain_core.runnables import RunnableConfig

from chain.answer.composition import Composition
from chain.answer.editing import Editing, Editors
from chain.answerer import Answerer, Request
from chain.checking.verification import Verifier
from chain.writing.extractive import further
from core.answer import Mode, ModelTrouble
from core.errors import ModelError
from core.event import Stage, TextDelta

logger = logging.getLogger(__name__)


class Writing:
    """One answer in the making. `mode`, `model`, `withheld`, `contradicted`, `unchecked`,
    `opening_left_out` and `trouble` are as in `Answer`.

    The second answerer is the fallback if the first fails or none of its drafts is supported.
    Editors work on a model's drafts only.
    """

    def __init__(
        self,
        request: Request,
        answerers: Sequence[Answerer],
        editors: Editors | None = None,
    ) -> None:
        self.request = request
        self.composition = Composition(request)
        self.mode: Mode = answerers[0].mode
        self.withheld: list[str] = []
        self.contradicted: list[str] = []
        self.unchecked = False
        self.opening_left_out = False
        self.trouble: ModelTrouble | Literal[""] = ""
        self._verifier = Verifier(request)
        self._answerers = answerers
        self._editors = editors

    @property
    def model(self) -> str:
        return self._answerers[0].model

    def write(self, config: RunnableConfig | None) -> Iterator[Stage | TextDelta]:
        """Writes the answer proper; yields the stage "checking" once, then verified text.

        Repaired sentences come last; in `composition` they are in their place.
        """
        checking = False
        for answerer in self._answerers:
            editors = self._editors if answerer.model else None
            if answerer.model:
                self._verifier.prepare()
            editing = Editing(self.request, self._verifier, editors)
            shown = Composition(self.request)
            failure: ModelError | None = None
            try:
                for event in editing.run(answerer.draft(self.request, config), config):
                    if not isinstance(event, Stage):
                        yield shown.add(event.draft, event.verdict.quotes)
                    elif not checking:
                        checking = True
                        yield event
            except ModelError as error:
                failure = error
            self._take_in(editing)
            if failure is not None:
                self.trouble = "cut" if self.composition.blocks else failure.first
                rest = "ends" if self.composition.blocks else "falls back to the sources' sentences"
                logger.warning("%s The answer %s.", failure, rest)
            if not self.composition.blocks and (failure or self.withheld or self.contradicted):
                self.mode = "fallback"
            if self.composition.blocks or self.mode != "fallback":
                self.composition.end()
                if ending := shown.end():
                    yield ending
                return

    def _take_in(self, editing: Editing) -> None:
        """Takes the lines to show from a reply, in its order, and those withheld."""
        manuscript = editing.manuscript
        self.composition = Composition(self.request)
        for draft, verdict in manuscript.final():
            self.composition.add(draft, verdict.quotes)
        self.withheld += [claim.draft.text for _, claim in manuscript.doubtful()]
        self.contradicted += manuscript.contradicted()
        self.unchecked = editing.unchecked
        self.opening_left_out = bool(self.composition.blocks) and not manuscript.has_opening()

    def unfold(self) -> None:
        """Adds the blocks to unfold below the answer proper, or below a refusal."""
        for block in further(self.request, self.composition.quotes):
            checked = ((draft, self._verifier.verdict(draft)) for draft in block)
            self.composition.add_more(
                [(draft, one.quotes) for draft, one in checked if one.state == "supported"]
            )
