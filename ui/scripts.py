"""The scripts of the pages: files in ui/static that are put into the page itself.

So nothing is fetched for them, and Streamlit runs one whenever its element is drawn.
"""

import functools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

STATIC = Path(__file__).parent / "static"


def script(name: str, /, **given: object) -> str:
    """HTML that runs a script, for `st.html(..., unsafe_allow_javascript=True)`.

    Args:
        name: of the file, without its ending.
        given: what the script has as `given`, all of which JSON can say.
    """
    return _element((name,), given)


def into_view(name: str, /, **given: object) -> str:
    """As `script`, for one that keeps something in view (keep_in_view.js)."""
    return _element(("keep_in_view", name), given)


def _element(names: Iterable[str], given: Mapping[str, object]) -> str:
    """One element, since style.css hides what has no more than that."""
    # A "<" could end the script or begin a comment, and Streamlit leaves out a script with a tag.
    values = json.dumps(given).replace("<", "\\u003c")
    # A block, since all scripts of a page share their names.
    return f"<script>{{\nconst given = {values};\n{''.join(map(_code, names))}}}</script>"


@functools.cache
def _code(name: str) -> str:
    return (STATIC / f"{name}.js").read_text("utf-8")
