"""Says how many texts in old code pages are read right: `python -m research.encodings FOLDER`.

    NAME.LANGUAGE.txt, UTF-8 -> in each code page of its language -> read right, refused, read wrong

Each is asked whole, and its first 400 and 150 characters alone. What a code page lacks was written
otherwise then: quotation marks straight, a comma below as a cedilla. Code pages that are not among
those detected (Mac OS Roman) are to be refused.
"""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ingest.reading.formats.code_pages import CODE_PAGES, detect

_LENGTHS = (20_000, 400, 150)  # characters
_LOST = 0.01  # share of characters above which nobody would have used a code page for a text
_FORMER = str.maketrans(
    {
        **dict.fromkeys("“”„«»", '"'), **dict.fromkeys("‘’‚", "'"), **dict.fromkeys("–—‐‑−", "-"),
        "…": "...", "•": "*", "€": "EUR", "ș": "ş", "ț": "ţ", "Ș": "Ş", "Ț": "Ţ",
    }
)  # fmt: skip
_OTHER = {"iso-8859-1": CODE_PAGES["windows-1252"], "mac-roman": CODE_PAGES["windows-1252"]}
_REFUSED = ("mac-roman",)


def encoded(text: str, encoding: str) -> tuple[bytes, str] | None:
    """A text as it was written in a code page, and what that reads; None where it is all ASCII, or
    too much of it is lacking."""
    former = text
    if not _has(former, encoding):
        former = text.translate(_FORMER)
    kept = "".join(char for char in former if _has(char, encoding))
    if kept.isascii() or len(former) - len(kept) > _LOST * len(former):
        return None
    return kept.encode(encoding), kept


def _has(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeError:
        return False
    return True


def outcomes(folder: Path, length: int) -> Iterator[tuple[str, str]]:
    """The code page and the outcome of every text of a folder, up to a length in characters."""
    for file in sorted(folder.glob("*.txt")):
        language = file.name.split(".")[-2]
        text = file.read_text("utf-8")[:length]
        for encoding, languages in {**CODE_PAGES, **_OTHER}.items():
            written = encoded(text, encoding) if language in languages.split() else None
            if written is not None:
                data, right = written
                found = detect(data)
                is_right = bool(found) and data.decode(found) == right
                yield encoding, "right" if is_right else "wrong" if found else "refused"


def main(folder: Path) -> None:
    table = Table("characters", "code pages", "right", "refused", "wrong")
    for length in _LENGTHS:
        counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for encoding, outcome in outcomes(folder, length):
            counts[encoding not in _REFUSED][outcome] += 1
        for is_detected, count in counts.items():
            name = "detected" if is_detected else "others"
            table.add_row(
                f"{length:,}", name, *(str(count[o]) for o in ("right", "refused", "wrong"))
            )
    Console().print(table)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
