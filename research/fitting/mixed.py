"""Indexes of the briefs with each document in one language, as official texts mostly are.

If every document has a version in the question's language, weights across languages cannot be
fitted.
"""

from collections.abc import Sequence
from pathlib import Path

from core.settings import Settings
from eval.corpora import prepare
from ingest.reading.files import find
from ingest.reading.load import load
from vectorstore.store import Index, open_index


def in_turn(settings: Settings) -> list[Index]:
    """Two indexes of the source texts in use: languages alternate between documents, and the second
    has them the other way round.

    Raises:
        StrategiewijzerError: as `eval.corpora.prepare`.
    """
    versions: dict[str, dict[str, Path]] = {}
    for path in find(settings.corpus_dirs).files:
        document = load(path)
        versions.setdefault(document.id, {})[document.language] = path
    ordered = [[of[language] for language in sorted(of)] for _, of in sorted(versions.items())]
    return [_index(ordered, turn, settings) for turn in (0, 1)]


def _index(versions: Sequence[Sequence[Path]], turn: int, settings: Settings) -> Index:
    files = [of[(number + turn) % len(of)] for number, of in enumerate(versions)]
    return open_index(prepare(files, settings))
