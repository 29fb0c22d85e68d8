"""Counts the code: modules, lines, and the files of one answer.

    python -m research.house ["a question"]

Counts leave out `tests/` and `research/`. The files of an answer are those of ours in which a
function runs from the question to the finished answer, without a language model, after a first
answer has loaded what is kept. It needs an index (run `make ingest`).
"""

import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from rich.console import Console

from chain.assistant import Assistant
from core.settings import ROOT, Settings

QUESTION = "Wat doet de EU tegen illegale vuurwapens?"
_APART = ("tests", "research")


def modules() -> Iterator[Path]:
    """The modules of the product."""
    yield ROOT / "app.py"
    for package in sorted(ROOT.glob("*/__init__.py")):
        if package.parent.name not in _APART:
            yield from sorted(package.parent.rglob("*.py"))


def lines(files: Iterator[Path]) -> int:
    """The lines of these files."""
    return sum(len(file.read_text("utf-8").splitlines()) for file in files)


def files_run(action: Callable[[], object]) -> list[Path]:
    """The modules in which `action` calls a function, in all threads that it starts."""
    called: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            called.add(frame.f_code.co_filename)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return [file for file in modules() if str(file) in called]


def main(question: str) -> None:
    """Prints the counts."""
    assistant, console = Assistant(Settings()), Console(highlight=False)
    assistant.ask(question)
    used = files_run(lambda: assistant.ask(question))
    console.print(f"modules: {sum(1 for _ in modules())}, {lines(modules())} lines")
    console.print(f"tests: {lines((ROOT / 'tests').rglob('*.py'))} lines")
    console.print(f"files of an answer: {len(used)}, {lines(iter(used))} lines")
    for file in used:
        console.print(f"  {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else QUESTION)
