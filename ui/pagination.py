"""A long list a page at a time."""

from collections.abc import Sequence
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

Item = TypeVar("Item")


def page_of(items: Sequence[Item], size: int, *, key: str) -> tuple[DeltaGenerator, Sequence[Item]]:
    """A place for the chosen page of a list, above the way to the others, and what is on it.

    Args:
        items: the whole list.
        size: items on a page.
        key: of the widget.
    """
    place, pages, number = st.container(), -(-len(items) // size), 1
    if pages > 1:
        number = min(st.pagination(pages, key=key), pages)
    return place, items[(number - 1) * size : number * size]
