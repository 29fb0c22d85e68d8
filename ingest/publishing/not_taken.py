"""The files that the last run of ingest could not take, kept beside the pointer of the index."""

from pydantic import TypeAdapter, ValidationError

from core.files import as_text
from core.settings import Settings
from ingest.publishing.ingest_run import Failure, IngestOptions, Report
from ingest.reading.files import FoundFiles
from vectorstore.generations import Generations, store_exists

_FAILURES = TypeAdapter(tuple[Failure, ...])
_MOST = 1_000  # are kept; who has so many mends the first ones first


def keep_failures(
    generations: Generations, found: FoundFiles, report: Report, options: IngestOptions
) -> None:
    """Keeps the failures of a run in place of those before. A run over some documents alone leaves
    those of other files."""
    looked_at = set(map(as_text, found.files))
    others = [one for one in _read(generations) if options.only and one.path not in looked_at]
    failures = (*report.failures, *others)[:_MOST]
    generations.keep_failures(_FAILURES.dump_json(failures).decode() if failures else "")


def last_failures(settings: Settings) -> tuple[Failure, ...]:
    """What the last run could not take, with the cause and the remedy of each. Raises StoreError:
    the store cannot be read."""
    return _read(Generations(settings)) if store_exists(settings) else ()


def _read(generations: Generations) -> tuple[Failure, ...]:
    text = generations.failures()
    try:
        return _FAILURES.validate_json(text) if text else ()
    except ValidationError:  # of a later version, which says them anew at its next run
        return ()
