"""Text of a web page that no browser shows: an injection hides there, and no reader would find it.

Told by an element's own attributes alone; what a style sheet hides is read.
"""

import re

from ingest.reading.formats.hypertext import cut
from ingest.reading.formats.table import Element

_ZERO = r"0*\.?0*(?:px|pt|em|rem|%)?(?:;|!|$)"
_FAR = r"-\d{3,}(?:\.\d+)?(?:px|pt|em|rem|%|vw|vh)"  # outside of any window
_HIDING = re.compile(
    rf"(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|(?:font-size|opacity):(?=[.0]){_ZERO}"
    rf"|(?:left|right|top|bottom|text-indent|margin-left):{_FAR})"
)
_COLOUR = re.compile(r"(?:^|;)color:([^;!]+)")
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)")
_TOP = ("html", "body")


def drop(tree: Element) -> None:
    """Removes elements that are hidden by their `hidden` attribute or their `style`."""
    for element in [one for one in tree.iter() if isinstance(one.tag, str) and _is_hidden(one)]:
        if element.tag not in _TOP:  # a page that hides all until its script ran
            cut(element)


def _is_hidden(element: Element) -> bool:
    if element.get("hidden", "until-found") != "until-found":  # that is found by who searches
        return True
    style = re.sub(r"\s+|/\*.*?\*/", "", element.get("style", "")).casefold()
    if not style:
        return False
    colour, background = _COLOUR.search(style), _BACKGROUND.search(style)
    same = colour is not None and background is not None and colour[1] == background[1]
    found = _HIDING.search(style)
    return same or (found is not None and not _is_shown_again(element, found[0]))


def _is_shown_again(element: Element, hiding: str) -> bool:
    """Whether an element within states the same property, as where only the gaps are hidden."""
    name = hiding.strip(";").partition(":")[0]
    inherited = name in ("font-size", "visibility")
    return inherited and any(name in one.get("style", "") for one in element.iterdescendants())
