"""The process that has the model write questions: a line for each section, a line for each reply.

    python -m chain.proposing    started by ingest/publishing/proposal_run.py

It asks the model only on request, and ends with its standard input.
"""

import os
import sys
from typing import TextIO

from chain.proposing.proposing import Proposing
from core.errors import StrategiewijzerError
from core.settings import Settings
from core.source import Frozen, SectionReply, SectionToAsk
from core.telemetry import observe


def serve() -> int:
    """Answers requests until standard input ends; returns the exit code."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # keeps what libraries print out of the answers
    try:
        proposing = Proposing(Settings())
    except StrategiewijzerError as error:
        print(error, file=sys.stderr)
        return 1
    _send(answers, proposing.ready)
    for line in sys.stdin.buffer:  # in UTF-8, whatever the locale is
        section = SectionToAsk.model_validate_json(line)
        _send(answers, SectionReply(outcome=proposing.outcome(section)))
    return 0


def _send(answers: TextIO, line: Frozen) -> None:
    answers.write(line.model_dump_json() + "\n")
    answers.flush()


if __name__ == "__main__":
    observe()
    sys.exit(serve())
