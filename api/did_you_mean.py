"""How a name that is not there is told: with the nearest that is."""

import difflib
from collections.abc import Iterable

from language.characters import visible

_SHOWN = 50  # characters of a name that somebody else has chosen


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """A sentence or two.

    Args:
        kind: what the name is of: "argument".
        name: the one that is not there.
        known: those that are.
    """
    names = list(known)
    near = difflib.get_close_matches(name[:_SHOWN].lower(), names, n=1)
    meant = f" Did you mean {near[0]!r}?" if near else ""
    shown = visible(name[:_SHOWN])
    return f"There is no {kind} {shown!r}.{meant} There are: {', '.join(names)}."
