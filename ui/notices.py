"""What all readers are told, by setting: a notice above every page, or why the app is closed."""

import streamlit as st

from core.errors import SignInError
from core.settings import Settings
from ui.access import User
from ui.markup import escape
from ui.texts import Texts


def is_closed(settings: Settings, who: User | SignInError) -> bool:
    """Whether maintenance keeps this person out; maintainers sign in and go on."""
    return bool(settings.maintenance) and isinstance(who, User) and not who.may("maintainer")


def above(settings: Settings, who: User | SignInError, texts: Texts) -> None:
    """Shows above a page what the settings say; nothing else is shown to whom it is closed."""
    if is_closed(settings, who):
        return
    if settings.maintenance:
        lead = texts("notice.only_this") if isinstance(who, User) else texts("notice.closed")
        st.html(_box(settings.maintenance, lead))
    if settings.notice:
        st.html(_box(settings.notice))


def closed(settings: Settings, texts: Texts) -> None:
    """In place of every page."""
    st.title(texts("notice.closed"), anchor=False)
    st.html(_box(settings.maintenance))


def _box(text: str, lead: str = "") -> str:
    led = f"<strong>{escape(lead)}</strong>\n" if lead else ""
    return f'<div class="sw-notice" role="status">{led}{escape(text)}</div>'
