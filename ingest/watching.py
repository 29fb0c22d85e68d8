"""Runs a function at once, and again after every change of source texts, until interrupted."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from watchfiles import Change, watch
from watchfiles._rust_notify import WatchfilesRustInternalError

from core.errors import StrategiewijzerError
from core.files import printable
from ingest.reading.files import HIDDEN

_QUIET = 1000  # milliseconds without a change before a run: programs save in several steps
_AT_MOST = 10_000  # milliseconds of changes before a run anyway, as some folders never rest
_PATIENCE = 5  # failures in a row; one may pass, and one that lasts would repeat for ever


def on_changes(paths: Sequence[Path], run: Callable[[], None]) -> None:
    """Calls `run` now and after every change below the paths; returns never.

    The watch begins before the first run, so that a change during a run causes another run.

    Args:
        paths: folders and files; missing ones are not watched.
        run: must handle our own errors itself.

    Raises:
        StrategiewijzerError: there is nothing to watch, or the system cannot watch it.
        KeyboardInterrupt: the only way out.
    """
    present = [path.resolve() for path in paths if path.exists()]
    if not present:
        raise StrategiewijzerError(
            f"There is nothing to watch: {', '.join(map(printable, paths))} is not there. "
            "Make the folder, or name another."
        )
    # An editor that replaces a file by a new one would end a watch on the file itself.
    folders = {path if path.is_dir() else path.parent for path in present}

    def is_ours(_: Change, changed: str) -> bool:
        path = Path(changed)
        below = (path.relative_to(root) for root in present if path.is_relative_to(root))
        return any(not any(part.startswith(HIDDEN) for part in way.parts) for way in below)

    failed = 0
    while True:
        try:
            for _ in _signals(folders, is_ours):
                failed = 0
                run()
        except WatchfilesRustInternalError as error:  # also a change to a name that is not UTF-8
            failed += 1
            if failed == _PATIENCE:
                raise StrategiewijzerError(
                    f"The folders cannot be watched ({error}). Run python -m ingest yourself."
                ) from error


def _signals(folders: Iterable[Path], is_ours: Callable[[Change, str], bool]) -> Iterator[None]:
    """Yields once when the watch has begun, and once for every group of changes."""
    begun = False
    for changes in watch(
        *folders,
        watch_filter=is_ours,
        debounce=_AT_MOST,
        step=_QUIET,
        rust_timeout=2 * _QUIET,
        yield_on_timeout=True,
    ):
        if changes or not begun:
            begun = True
            yield
