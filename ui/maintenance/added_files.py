"""Adds the file of a document, and states what is known about one."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import yaml

from core.settings import Settings
from ingest.reading import sidecar
from ingest.reading.formats import front_matter
from ingest.reading.formats.blocks import Value
from ui.maintenance.document_files import folder, free, taken, writing
from ui.maintenance.removed_files import remove


def add(settings: Settings, name: str, content: bytes, *, replace: bool) -> str:
    """Keeps a file; where its name is taken, in place of that file or under another name.

    Args:
        settings: say where.
        name: a safe one.
        content: of the file.
        replace: the file that has the name now is removed, else both are kept.

    Returns:
        The name under which it is there.

    Raises:
        StoreError: it cannot be written; what was there before stays.
    """
    place = folder(settings)
    with writing(place):
        place.mkdir(parents=True, exist_ok=True)
        there = taken(settings, name)
        if there is not None and not replace:
            name = free(settings, name)
        unfinished = place / f".unfinished-{secrets.token_hex(4)}"
        try:
            unfinished.write_bytes(content)
            if there is not None and replace:
                known = sidecar.find(there)
                remove(settings, there, keep_description=True)
                if known is not None and known.name == there.name + sidecar.SUFFIX:
                    known.rename(place / (name + sidecar.SUFFIX))
            unfinished.replace(place / name)
        finally:
            unfinished.unlink(missing_ok=True)
    return name


def describe(settings: Settings, file: Path, fields: Mapping[str, Value]) -> None:
    """Writes the sidecar of a file; without a field that has a value there is none.

    Args:
        settings: say where uploads go.
        file: what is described.
        fields: those of `DocumentInfo` that are stated.

    Raises:
        DocumentError: a value is wrong; what was there before stays.
        StoreError: it cannot be written.
    """
    stated = {name: value for name, value in fields.items() if value}
    beside = file.with_name(file.name + sidecar.SUFFIX)
    text = yaml.safe_dump(stated, sort_keys=False, allow_unicode=True, width=1000)
    front_matter.read(beside, text)
    unfinished = file.with_name(f".unfinished-{secrets.token_hex(4)}")
    with writing(file.parent):
        if stated:
            unfinished.write_text(text, "utf-8")
            unfinished.replace(beside)
        else:
            beside.unlink(missing_ok=True)
    if folder(settings).is_dir():
        os.utime(folder(settings))  # a plan that was made before is out of date
