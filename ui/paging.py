"""A long list, a page at a time."""

from collections.abc import Sequence
from typing import Literal, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

Item = TypeVar("Item")


def page_of(
    items: Sequence[Item], size: int, *, key: str, persist_state: Literal["session"] | None = None
) -> tuple[DeltaGenerator, Sequence[Item]]:
    """A place for the chosen page of a list, above the way to the others, and what is on it; the
    last one when there are fewer than before."""
    place, pages, number = st.container(), -(-len(items) // size), 1
    if pages > 1:
        if st.session_state.get(key, 1) > pages:
            st.session_state[key] = pages
        number = st.pagination(pages, key=key, persist_state=persist_state)
    return place, items[(number - 1) * size : number * size]
