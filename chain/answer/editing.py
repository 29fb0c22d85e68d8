"""Editing of a model's reply while it streams: verified, checked by a model, repaired once.

drafts as they arrive -> verifier -> checker, in parallel -> accepted lines, in order
                      -> after the last: doubtful lines repaired -> verifier -> checker -> lines
"""

import logging
import queue
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from langchain_core.runnables import RunnableConfig

from chain.answer.second_reading import Checked, Desk
from chain.answerer import Draft, Request
from chain.checking.manuscript import Line, Manuscript
from chain.checking.verification import Verifier
from chain.model.aside import aside
from core.errors import ModelError
from core.event import Stage

if TYPE_CHECKING:  # a model's client takes long to import
    from chain.checking.checker import Checker
    from chain.writing.repair import Repairer

logger = logging.getLogger(__name__)

_STEPS = 3  # after the model's reply: the last checks, the repair, its checks


class Editors(NamedTuple):
    """Repairer and checker of a reply; `seconds` is their time from the start of the reply."""

    repairer: "Repairer"
    checker: "Checker | None"
    seconds: float


_Arrival: TypeAlias = Draft | Exception | Checked | None


class Editing:
    """Edits one reply; without editors it is only verified.

    `unchecked`: a line is shown that the checker should have read and did not.
    """

    def __init__(self, request: Request, verifier: Verifier, editors: Editors | None) -> None:
        self.manuscript = Manuscript(request.language)
        self._request = request
        self._verifier = verifier
        self._editors = editors
        self._inbox: queue.SimpleQueue[_Arrival] = queue.SimpleQueue()

    @property
    def unchecked(self) -> bool:
        return any(line.unchecked for line in self.manuscript.standing())

    def run(self, drafts: Iterator[Draft], config: RunnableConfig | None) -> Iterator[Stage | Line]:
        """Yields the stage "checking" once, then each line as soon as it is accepted; repaired
        lines come last.

        Raises:
            ModelError: raised by `drafts`; re-raised at the end.
        """
        deadline = time.monotonic() + (self._editors.seconds if self._editors else 0.0)

        def share(steps: int) -> float:
            return max(0.0, deadline - time.monotonic()) / steps

        checker = self._editors.checker if self._editors else None
        desk = Desk(checker, self.manuscript, self._request, self._inbox.put, config)
        failure: ModelError | None = None
        abandoned = aside(drafts, self._inbox.put)
        try:
            while (arrived := self._inbox.get()) is not None:
                if isinstance(arrived, Draft):
                    if not self.manuscript.lines:
                        yield Stage(name="checking")
                    line = self._verified(arrived)
                    self.manuscript.lines.append(line)
                    desk.hand_in([line], share(_STEPS))
                elif isinstance(arrived, Checked):
                    desk.take(arrived, share(_STEPS))
                elif isinstance(arrived, ModelError):
                    failure = arrived
                    break
                else:
                    raise arrived
                yield from self._release(is_whole=False)
            yield from self._wait(desk, share(_STEPS))
            if self._editors and (failure is None or failure.reason == "cut"):
                mended = self._mend(self._editors.repairer, share(_STEPS - 1), config)
                desk.hand_in(mended, share(1))
                yield from self._wait(desk, share(1))
        finally:
            abandoned.set()
        if failure is not None:
            raise failure

    def _verified(self, draft: Draft) -> Line:
        return Line(draft, self._verifier.verdict(draft))

    def _wait(self, desk: Desk, seconds: float) -> Iterator[Line]:
        """Yields the remaining lines as they are checked; after `seconds`, unchecked."""
        deadline = time.monotonic() + seconds
        while desk.is_busy:
            try:
                arrived = self._inbox.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                desk.give_up("The checker took too long.")
                break
            if isinstance(arrived, Checked):
                desk.take(arrived, max(0.0, deadline - time.monotonic()))
            yield from self._release(is_whole=True)
        yield from self._release(is_whole=True)

    def _release(self, *, is_whole: bool) -> Iterator[Line]:
        stand = self.manuscript.settled(is_whole=is_whole)
        for line, stands in zip(self.manuscript.lines, stand, strict=False):
            if stands and not line.is_shown:
                line.is_shown = True
                yield line

    def _mend(
        self, repairer: "Repairer", seconds: float, config: RunnableConfig | None
    ) -> Sequence[Line]:
        """Has the doubtful lines repaired, replaces them and returns the new ones."""
        doubtful = self.manuscript.doubtful()
        if not doubtful:
            return ()
        claims = [claim for _, claim in doubtful]
        try:
            mended = repairer.mend(claims, self._request, seconds=seconds, config=config)
        except ModelError as error:
            logger.warning("%s What the sources may not support stays left out.", error)
            return ()
        said = {line.draft.text for line in self.manuscript.lines}
        put: list[Line] = []
        for place, drafts in mended.items():
            line = doubtful[place][0]
            others = [self._verified(draft) for draft in drafts if draft.text not in said]
            said.update(one.draft.text for one in others)
            if line.is_supported and not all(one.is_supported for one in others):
                continue  # it only depends on another line, which may have been repaired
            if others:
                self.manuscript.replace(line, others)
                put += others
        return put
