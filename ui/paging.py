"""A long list, a page at a time."""

from collections.abc import Sequence
from typing import Literal, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

Item = TypeVar("Item")


def page_of(
    items: Sequence[Item], size: int, *, key: str, persist_state: Literal["session"] | None = None
) -> tuple[DeltaGenerator, Sequence[Item]]:
    """A place for the chosen page of a list, above the way to the others, and what is on it.

    Args:
        items: the whole list; the last page is shown when it has fewer than before.
        size: items on a page.
        key: of the widget.
        persist_state: as of `st.pagination`.
    """
    place, pages, number = st.container(), -(-len(items) // size), 1
    if pages > 1:
        if st.session_state.get(key, 1) > pages:
            st.session_state[key] = pages
        number = st.pagination(pages, key=key, persist_state=persist_state)
    return place, items[(number - 1) * size : number * size]
