"""The type of the fixtures `small` and `indexed` (tests/conftest.py)."""

from collections.abc import Callable, Mapping

from core.settings import Settings

Small = Callable[[Mapping[str, str]], Settings]
"""Writes files (name -> text), in place of those before; returns settings for them."""
