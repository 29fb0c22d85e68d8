"""How much of a document's structure is found again in a PDF of it; no test, a measurement.

    python -m tests.support.pdf_roundtrip        (needs pandoc and soffice; a minute)

Each bundled brief becomes a PDF by way of LibreOffice, in a temporary folder. Counted are the
headings (with level), list items and paragraphs that come out again with the same text.
"""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from core.settings import ROOT
from ingest.reading.blocks import Parsed
from ingest.reading.formats import markdown, pdf
from language.words import fold
from tests.support import pdf_files


def structure(parsed: Parsed) -> Counter[tuple[str, int, str]]:
    """Kind, level of a heading and text of each block."""
    return Counter(
        (b.kind, b.level if b.kind == "heading" else 0,
         fold(b.title or parsed.text[b.start : b.end]))
        for b in parsed.blocks
    )  # fmt: skip


def main() -> None:
    wanted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    pages, seconds = 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        for file in sorted((ROOT / "corpus").rglob("*.md")):
            text = markdown.parse(file, file.read_bytes()).text
            here = Path(folder) / f"{file.stem}.{file.parent.name}"
            command = ["pandoc", "-f", "markdown-smart", "-o", f"{here}.odt"]
            subprocess.run(command, input=text, text=True, check=True)
            command = ["soffice", "--headless", "--convert-to", "pdf", f"{here}.odt"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
            start = time.process_time()
            parsed = pdf.parse(file, Path(f"{here}.pdf").read_bytes())
            seconds += time.process_time() - start
            pages += len(parsed.page_starts)
            before = structure(markdown.read(text))
            wanted.update(kind for kind, _, _ in before.elements())
            found.update(kind for kind, _, _ in (before & structure(parsed)).elements())
    for kind, count in sorted(wanted.items()):
        sys.stdout.write(f"{kind:10} {found[kind]} of {count}\n")
    sys.stdout.write(f"{1000 * seconds / pages:.0f} ms of processor time a page\n")
    long = pdf_files.long(300)
    start = time.process_time()
    pdf.parse(Path("long.pdf"), long)
    sys.stdout.write(f"{time.process_time() - start:.1f} s for 300 full pages\n")


if __name__ == "__main__":
    main()
