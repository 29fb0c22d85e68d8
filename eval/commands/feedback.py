"""`python -m eval feedback`: thumbs-down from the chat page become questions."""

import argparse
import shlex
from pathlib import Path

from core.settings import Settings
from eval.feedback_questions import FILE, add
from people.database import database
from people.feedback import read


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m eval feedback",
        description="Add the questions whose answers or evidence readers found wrong to a "
        "question set. What the file already holds stays as it is.",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help=f"the question set to add to (default: {FILE} in data_dir)",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="also the questions whose answers were found good",
    )
    options = parser.parse_args(arguments)
    settings = Settings()
    file = options.out or settings.data_dir / FILE
    verdicts = [given for given in read(database(settings)) if options.all or given.found_wrong]
    if not verdicts:
        kind = "feedback" if options.all else "thumbs-down"
        print(f"There is no {kind} yet. Readers give it in the chat page.")
        return 0
    done = add(verdicts, file)
    print(
        f"{file}: {done.added} added. Skipped: {done.known} added before, "
        f"{done.asked} that ask what it or eval/questions asks."
    )
    if done.added or file.exists():
        command = f"python -m eval check {shlex.quote(str(file))}"
        print(f"Fill in what the file's entries lack (TODO), then run: {command}")
    return 0
