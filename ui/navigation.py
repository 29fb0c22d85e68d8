"""Which pages there are, who has them, and what stands on each of them.

A page is imported when it is shown first: the evaluation brings a chart library, the maintenance
the readers of office files, and nobody who asks a question should wait for these.
"""

import importlib
from collections.abc import Callable
from functools import partial
from typing import Literal, NamedTuple

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core import logs
from core.errors import SignInError, StrategiewijzerError
from core.settings import Role, Settings, current
from ui import access, error_texts, notices, sidebar, sign_in
from ui.access import User
from ui.scripts import STATIC
from ui.texts import Texts


class Place(NamedTuple):
    """A page, with what shows it, the key of its title in ui/texts and the path of its address."""

    page: Callable[[], None]
    title: str
    path: str
    role: Role


def _show(module: str) -> None:
    importlib.import_module(module).page()


PLACES = [
    Place(partial(_show, "ui.chat.page"), "chat.title", "", "reader"),
    Place(partial(_show, "ui.sources.page"), "catalogue.title", "sources", "reader"),
    Place(partial(_show, "ui.notes.page"), "notes.title", "notes", "reader"),
    Place(partial(_show, "ui.privacy.page"), "privacy.title", "privacy", "reader"),
    Place(partial(_show, "ui.evaluation.page"), "evaluation.title", "evaluation", "evaluator"),
    Place(partial(_show, "ui.maintenance.page"), "maintenance.title", "maintenance", "maintainer"),
]


def run() -> None:
    """Shows the page that the address names, in the interface language of the reader.

    What is logged meanwhile, such as of a question that is answered, has one id.
    """
    with logs.request():
        _run()


def _run() -> None:
    try:
        settings = current()
        texts = sidebar.interface_texts(settings)
        who = _who()
    except StrategiewijzerError as error:
        texts = sidebar.interface_texts(None)
        error_texts.told(texts("errors.settings"), str(error), texts)
        return
    shown = st.navigation([_page(place, who, settings, texts) for place in PLACES])
    # Said of each page: Streamlit keeps the width of the page before.
    # Two answers or languages side by side, and tables of many figures, want all of it.
    reading = shown.url_path == "sources" and "document" in st.query_params
    wide = reading or shown.url_path == "evaluation"
    layout: Literal["wide", "centered"] = "wide" if wide else "centered"
    st.set_page_config(page_title=f"{shown.title} – {texts('title')}", layout=layout)
    sidebar.choose_language(texts)
    if isinstance(who, User):
        sign_in.in_sidebar(who, texts)
    st.html(STATIC / "style.css")
    notices.above(settings, who, texts)
    shown.run()


def _who() -> User | SignInError:
    try:
        return access.user()
    except SignInError as error:
        return error


def _page(place: Place, who: User | SignInError, settings: Settings, texts: Texts) -> StreamlitPage:
    """The page, or a hidden one that says why the user may not see it."""
    shown: Callable[[], None] = place.page
    title, may_be_here = texts(place.title), False
    if notices.is_closed(settings, who):
        shown, title = partial(notices.closed, settings, texts), texts("notice.closed")
    elif isinstance(who, SignInError):
        shown = partial(sign_in.page, str(who), texts)
    elif who.role is None:
        shown = partial(sign_in.no_role, who, texts)
    elif not who.may(place.role):
        shown = partial(sign_in.forbidden, place.role, texts)
    else:
        may_be_here = True
    return st.Page(
        shown,
        title=title,
        url_path=place.path,
        default=not place.path,
        visibility="visible" if may_be_here else "hidden",
    )
