"""`python -m ingest --verify-text`: does what is kept of each file stand in it, word for word?"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from core.errors import DocumentError, printable
from core.settings import Settings
from ingest.passages.isolated import Loader
from ingest.reading.comparison import WordComparison
from ingest.reading.files import find, refuse_large

_SHOWN = 20  # places of each file; all those of a bad one would bury the other files


def verify_text(settings: Settings, paths: Sequence[Path]) -> int:
    """Compares every file below the paths, or the folders of the settings; changes nothing.

    Returns:
        The exit code: 1 when words are missing in a file, or one could not be read.
    """
    runs = missing = 0
    found = find(paths or settings.corpus_dirs)
    problems = len(found.unreadable)
    for error in found.unreadable:
        print(error)
    with Loader(settings, compares=True) as loader:
        for file in found.files:
            try:
                refuse_large(file, settings.max_file_size)
                comparison = loader.load(file).comparison
            except DocumentError as error:
                print(error)
                problems += 1
                continue
            assert comparison is not None  # noqa: S101 - it was asked for
            runs, missing = runs + comparison.runs, missing + comparison.missing
            for line in _lines(file, comparison):
                print(printable(line), flush=True)
    stand = (runs - missing) / runs if runs else 1.0
    print(
        f"{runs - missing:,} of {runs:,} runs of five words stand in their files ({stand:.3%}); "
        f"{len(found.files)} files, {problems} not read."
    )
    return 1 if missing or problems else 0


def _lines(file: Path, comparison: WordComparison) -> Iterator[str]:
    """A line for each place where words are missing, as far as there are not too many."""
    for one in comparison.misread[:_SHOWN]:
        page = "" if one.page is None else f", page {one.page}"
        yield f"{file}{page}, {one.heading}: not in the file: {one.text}"
    if (more := len(comparison.misread) - _SHOWN) > 0:
        yield f"{file}: and {more} more places"
