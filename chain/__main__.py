"""Asks the assistant one question.

    python -m chain "question" [--language nl] [--area drugs] [--json]

With --json the whole answer is printed as JSON: text, citations with their quotes, passages.
The exit code is 0 for an answer and for a refusal, 1 for a problem told on standard error.
"""

import argparse
import sys
from collections.abc import Sequence

from chain.assistant import Assistant
from chain.language import OFFICIAL
from core.errors import StrategiewijzerError
from core.settings import Settings


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m chain",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("question")
    parser.add_argument(
        "--language", choices=OFFICIAL, metavar="CODE", help="of the question, if not told well"
    )
    parser.add_argument(
        "--area", action="append", metavar="AREA", help="only this area; may be repeated"
    )
    parser.add_argument("--json", action="store_true", help="print the whole answer as JSON")
    options = parser.parse_args(arguments)
    try:
        assistant = Assistant(Settings())
        answer = assistant.ask(options.question, language=options.language, areas=options.area)
    except StrategiewijzerError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(answer.model_dump_json(indent=2))
        return 0
    print(answer.text)
    if answer.missing:
        where = "quoted sources" if answer.answered else "nearest passages"
        print(f"\nThe {where} do not mention: {', '.join(answer.missing)}")
    if answer.related:
        print("\nThese questions can be answered:", *answer.related, sep="\n- ")
    for citation in answer.citations:
        where = ", ".join(
            part
            for part in (
                citation.document.title,
                citation.document.reference,
                citation.headings[-1],
                f"p. {citation.page_range}" if citation.page_range else "",
                citation.standing.replace("_", " ") if citation.standing != "in_force" else "",
            )
            if part
        )
        print(f"\n[{citation.number}] {where}\n    “{citation.quote}”\n    {citation.url}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
