"""The process that has a language model write questions: a line to it, a line back."""

import subprocess
import sys
import threading
from contextlib import suppress
from typing import Self

from core.errors import StrategiewijzerError
from core.proposals import ProposalFailure, Proposals, ProposerReady, SectionReply, SectionToAsk

_COMMAND = (sys.executable, "-m", "chain.proposing")
_START = 120.0  # seconds until it is ready: it loads the client of the model


class Proposer:
    """The process, which is ended when the context is left. Starting it sends nothing to the model.

    Raises:
        StrategiewijzerError: it does not start, or ends; the reason is printed by it.
    """

    ready: ProposerReady
    """Which model would be asked."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(  # noqa: S603 - this program itself
            _COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,  # keeps Ctrl-C from it: it is ended here
        )
        try:
            self.ready = ProposerReady.model_validate_json(self._line("", _START))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(BrokenPipeError), self._process:  # closes the pipes and waits
            self._process.kill()

    def ask(self, section: SectionToAsk) -> Proposals | ProposalFailure:
        """Asks the model for proposals for a section; says why there are none."""
        line = self._line(f"{section.model_dump_json()}\n", self.ready.seconds)
        return SectionReply.model_validate_json(line).outcome

    def _line(self, request: str, seconds: float) -> str:
        """The line that answers a request."""
        process = self._process
        assert process.stdin is not None  # noqa: S101 - it is a pipe
        assert process.stdout is not None  # noqa: S101
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        try:
            process.stdin.write(request)
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            timer.cancel()
            timer.join()
        if not line.endswith("\n"):
            raise StrategiewijzerError(
                "The process that has questions written ended, or took longer than "
                f"{seconds:g} seconds. If a reason is printed above, mend that; then run this "
                "again: it goes on where it stopped."
            )
        return line
