"""Which sections of a document a model was asked about, so that only changed ones are asked again.

data_dir/asked_sections/
    plan.nl.jsonl    a line for each passage: its id, and a hash of its headings and text, of the
                     prompt and of the model's name
    .lock            held by a run, so that nothing is asked and paid for twice
"""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from pydantic import ValidationError

from core.disk import make_private, obstacle
from core.errors import LockedError, StoreError
from core.frozen import Frozen
from core.passage import Passage
from core.settings import Settings


class _Asked(Frozen):
    passage: str
    hash: str


class AskedSections:
    """Reads and adds to these files; what is asked of a model by another name counts apart.

    Args:
        settings: where they are.
        model: the name of the model.
        prompt: the fingerprint of the prompt.
    """

    def __init__(self, settings: Settings, model: str, prompt: str) -> None:
        self._folder = settings.data_dir / "asked_sections"
        self._asked_with = model, prompt

    def remaining(self, key: str, passages: list[Passage]) -> list[Passage]:
        """Those of a document's passages that were not asked about."""
        known = set(self._known(self._file(key)))
        return [one for one in passages if self._hash(one) not in known]

    def add(self, passage: Passage) -> None:
        """Raises StoreError: it cannot be written."""
        line = _Asked(passage=passage.id, hash=self._hash(passage)).model_dump_json()
        try:
            with self._file(passage.document.key).open("a", encoding="utf-8") as file:
                file.write(f"{line}\n")
        except OSError as error:
            raise self._not_written(error) from error

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Nobody else asks meanwhile.

        Raises:
            LockedError: another run is asking.
            StoreError: the folder cannot be written to.
        """
        try:
            make_private(self._folder)
            with FileLock(self._folder / ".lock", timeout=0):
                yield
        except Timeout:
            raise LockedError(
                "Another run is having questions written. Wait until it is done, then run this "
                "again."
            ) from None
        except OSError as error:
            raise self._not_written(error) from error

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.jsonl"

    def _hash(self, passage: Passage) -> str:
        told = json.dumps([*self._asked_with, passage.context()])
        return hashlib.sha256(told.encode()).hexdigest()[:16]

    def _known(self, file: Path) -> Iterator[str]:
        try:
            lines = file.read_text("utf-8", "replace").split("\n")
        except FileNotFoundError:
            return
        for line in lines:
            try:
                yield _Asked.model_validate_json(line).hash
            except ValidationError:
                continue  # half of a line, after a crash: the section is asked about again

    def _not_written(self, error: OSError) -> StoreError:
        remedy = obstacle(self._folder) or "Check the setting STRATEGIEWIJZER_DATA_DIR."
        return StoreError(f"Nothing can be written in {self._folder}: {error}. {remedy}")
