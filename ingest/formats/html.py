"""Web pages: the main text as Markdown, without navigation, scripts and bold or italic marks.

What the main text is, trafilatura tells; the structure comes from the page itself, as trafilatura's
own output lacks the names of headings, footnotes, terms with their definitions and list numbers.
"""

import datetime
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path

from lxml import etree
from trafilatura import extract, extract_metadata

from ingest.formats import cellar, hypertext, markdown, notes
from ingest.formats.blocks import Parsed
from ingest.formats.encoding import decode
from ingest.formats.hypertext import INLINE
from ingest.formats.table import Element

# Every piece of text gets a sign of its own before trafilatura sees it: three Braille characters.
_SIGN_LENGTH = 3
_FIRST_SIGN, _SIGNS = 0x2801, 255
_SIGN = re.compile(f"[\u2801-\u28ff]{{{_SIGN_LENGTH}}}")


def parse(path: Path, data: bytes) -> Parsed:
    """Reads a web page.

    Raises:
        DocumentError: it is no text, or nested too deep to be read.
    """
    tree = hypertext.parse(path, decode(path, data, declares=True))
    if tree is None:
        return Parsed("", ())
    if cellar.is_official(tree):
        return cellar.read(tree)
    about = extract_metadata(deepcopy(tree), date_config={"extensive_search": False})
    notes.attach(tree)
    _keep_main_text(tree)
    parsed = markdown.read(hypertext.to_markdown(tree, names=True))
    return replace(
        parsed,
        title=parsed.title or " ".join(str(tree.findtext(".//title") or "").split()),
        language=str(tree.get("lang") or "")[:2].lower(),
        date=datetime.date.fromisoformat(about.date) if about.date else None,
        url=about.url if about.url and about.url.startswith(("http://", "https://")) else "",
    )


def _keep_main_text(tree: Element) -> None:
    """Takes out of a page what trafilatura leaves out of it, block by block."""
    signed = deepcopy(tree)
    for number, texts in enumerate(_texts_by_block(signed)):
        for element, side in texts:
            setattr(element, side, _sign(number) + getattr(element, side))
    text = extract(signed, output_format="txt", include_comments=False, favor_recall=True)
    kept = set(_SIGN.findall(text or ""))
    for number, texts in enumerate(_texts_by_block(tree)):
        if _sign(number) not in kept:
            for element, side in texts:
                setattr(element, side, None)


def _texts_by_block(tree: Element) -> Iterator[list[tuple[Element, str]]]:
    """Where there is text (element, "text" or "tail"), by the paragraph or the like it is in."""
    blocks: dict[Element, list[tuple[Element, str]]] = {}
    for element in tree.iter(etree.Element):
        for side, within in (("text", element), ("tail", element.getparent())):
            if within is not None and (getattr(element, side) or "").strip():
                while within.tag in INLINE and (parent := within.getparent()) is not None:
                    within = parent
                blocks.setdefault(within, []).append((element, side))
    yield from blocks.values()


def _sign(number: int) -> str:
    return "".join(
        chr(_FIRST_SIGN + number // _SIGNS**place % _SIGNS) for place in range(_SIGN_LENGTH)
    )
