"""The evaluation: `python -m eval` asks a question set, `python -m eval COMMAND` does the rest."""

import sys
from collections.abc import Callable, Mapping

from core.errors import StrategiewijzerError
from core.telemetry import observe
from eval.commands import accept, ask, check, compare, export, feedback

COMMANDS: Mapping[str, Callable[[list[str]], int]] = {
    "check": check.main,
    "compare": compare.main,
    "accept": accept.main,
    "feedback": feedback.main,
    "export": export.main,
}
"""Commands by name; without a command, `ask` runs."""


def main(arguments: list[str]) -> int:
    name, *rest = arguments or [""]
    try:
        return COMMANDS[name](rest) if name in COMMANDS else ask.main(arguments)
    except StrategiewijzerError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    observe()
    sys.exit(main(sys.argv[1:]))
