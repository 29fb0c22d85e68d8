"""The official texts to fetch, and their metadata."""

import datetime
import re
from collections.abc import Sequence
from pathlib import Path

import yaml

from core.errors import FetchError
from core.frozen import Frozen

_LISTED = Path(__file__).resolve().parent.parent / "sources.yaml"

# Sector, year, one or two letters for the kind of text, number; then a suffix for texts with the
# same number, for a corrigendum, or the date of a consolidated version.
_CELEX = re.compile(r"[0-9CE]\d{4}[A-Z]{1,2}\d{4}(?:R?\(\d{2}\))*(?:-\d{8})?")


class ListedText(Frozen):
    """One official text, in any languages. `title` is English."""

    celex: str
    title: str = ""
    reference: str = ""
    date: datetime.date | None = None
    area: str = ""
    publisher: str = ""

    @property
    def id(self) -> str:
        """The id of its document: "52020dc0606-01"."""
        return re.sub(r"[^a-z0-9]+", "-", self.celex.lower()).strip("-")


def listed() -> tuple[ListedText, ...]:
    """The texts of `ingest/sources.yaml`."""
    entries = yaml.safe_load(_LISTED.read_text("utf-8"))
    return tuple(ListedText.model_validate(entry) for entry in entries)


def chosen(numbers: Sequence[str]) -> tuple[ListedText, ...]:
    """The texts with these CELEX numbers, listed or not; all listed texts without a number.

    Raises:
        FetchError: one of them is not a CELEX number.
    """
    known = {source.celex: source for source in listed()}
    if not numbers:
        return tuple(known.values())
    wanted = dict.fromkeys(number.strip().upper() for number in numbers)
    for number in wanted:
        if not _CELEX.fullmatch(number):
            raise FetchError(
                repr(number),
                "not a CELEX number",
                "Write it as EUR-Lex does, such as 52020DC0605 or '52020DC0606(01)'.",
            )
    return tuple(known.get(number, ListedText(celex=number)) for number in wanted)
