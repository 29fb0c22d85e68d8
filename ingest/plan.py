"""What an ingest run would do: documents compared with the generation in use by content hash."""

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from core.types import Frozen, SourceDocument
from vectorstore.manifest import Manifest


class Plan(Frozen):
    """Keys of documents ("csa-strategy.nl"), by what happens to them."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the generation in use is up to date."""
        return not (self.added or self.changed or self.removed)


def make_plan(documents: Sequence[SourceDocument], manifest: Manifest | None, method: str) -> Plan:
    """Compares the source texts with what the generation in use was made from.

    Args:
        documents: all documents that the index should hold.
        manifest: of the generation in use, or None when there is none.
        method: how text becomes vectors now.
    """
    keys = {document.key for document in documents}
    before = {entry.info.key: entry for entry in manifest.documents} if manifest else {}
    same_method = manifest is not None and (
        (manifest.method, manifest.splitter) == (method, splitter_fingerprint())
    )
    unchanged = {
        document.key
        for document in documents
        if same_method
        and document.key in before
        and before[document.key].sha256 == document.sha256
        and before[document.key].path == document.path
    }
    return Plan(
        added=tuple(sorted(keys - before.keys())),
        changed=tuple(sorted((keys & before.keys()) - unchanged)),
        removed=tuple(sorted(before.keys() - keys)),
        unchanged=tuple(sorted(unchanged)),
    )


@cache
def splitter_fingerprint() -> str:
    """Names the code that turns files into passages: its change makes every document "changed".

    Their vectors are still reused for passages that come out the same.
    """
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for name in ("load.py", "clean.py", "noise.yaml", "sentences.py", "split.py", "formats/*.py"):
        for file in sorted(here.glob(name)):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
