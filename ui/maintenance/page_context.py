"""What all parts of the maintenance page are given."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.settings import Settings
from ui.maintenance import job_list
from ui.texts import Texts


@dataclass(frozen=True)
class PageContext:
    """The settings, the strings of the interface language, and whether a job runs."""

    settings: Settings
    texts: Texts
    busy: bool  # a job runs: nothing else can be started

    def button(
        self,
        text: str,
        key: str,
        action: Callable[..., None],
        *args: object,
        primary: bool = False,
        disabled: bool = False,
    ) -> None:
        """A button that does something, for maintainers; what goes wrong is shown.

        Args:
            text: the key of its label; its help is the text with this key and "_help", if any.
            key: of the widget.
            action: is called with the arguments.
            primary: whether it stands out.
            disabled: whether it cannot be pressed.
        """
        st.button(
            self.texts(text),
            key=key,
            type="primary" if primary else "secondary",
            help=self.texts.values.get(f"{text}_help"),
            disabled=disabled,
            on_click=job_list.attempt,
            args=(action, *args),
        )

    def job_button(
        self, text: str, key: str, *arguments: str, primary: bool = False, disabled: bool = False
    ) -> None:
        """A button that starts `python -m ingest` with these arguments; otherwise as `button`."""
        disabled = disabled or self.busy
        self.button(text, key, job_list.start, *arguments, primary=primary, disabled=disabled)
