"""The frame of every page: interface language, sign-in, notices, and the menu of pages."""

import importlib
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core import logs
from core.errors import SignInError, StrategiewijzerError
from core.settings import Role, Settings, current
from ui import access, error_messages
from ui.access import User
from ui.markup import code, escape
from ui.scripts import STATIC, script, translated
from ui.texts import Texts, languages, load

_COOKIE = "strategiewijzer_language"
_A_YEAR = 365 * 24 * 3600  # seconds; browsers keep a cookie for 400 days at most


class Place(NamedTuple):
    """A page of the app, in the order of the menu."""

    show: Callable[[Settings, Texts], None]
    title: str  # the key in ui/texts
    path: str  # of the address
    role: Role  # that may open it


def _show(module: str, settings: Settings, texts: Texts) -> None:
    importlib.import_module(f"ui.{module}").page(settings, texts)


PLACES = [
    Place(partial(_show, "chat.page"), "chat.title", "", "reader"),
    Place(partial(_show, "sources.page"), "catalogue.title", "sources", "reader"),
    Place(partial(_show, "notes"), "notes.title", "notes", "reader"),
    Place(partial(_show, "privacy"), "privacy.title", "privacy", "reader"),
    Place(partial(_show, "evaluation.page"), "evaluation.title", "evaluation", "evaluator"),
    Place(partial(_show, "maintenance.page"), "maintenance.title", "maintenance", "maintainer"),
]


@logs.request()  # what is logged meanwhile, such as of a question that is answered, has one id
def run() -> None:
    """Shows the page that the address names, in the interface language of the reader."""
    try:
        settings = current()
        texts = interface_texts(settings)
        who = _who()
    except StrategiewijzerError as error:
        texts = interface_texts(None)
        error_messages.show_with_details(texts("errors.settings"), str(error), texts)
        return
    chosen = st.navigation([_page(place, who, settings, texts) for place in PLACES])
    # On each page, since Streamlit keeps the width of the page before.
    # Two answers side by side, an outline beside a text, and tables of many figures need all of it.
    reading = chosen.url_path == "sources" and "document" in st.query_params
    wide = reading or chosen.url_path == "evaluation"
    title = f"{chosen.title} – {texts('title')}"
    st.set_page_config(page_title=title, layout="wide" if wide else "centered")
    _choose_language(texts)
    if isinstance(who, User):
        _show_user(who, texts)
    st.html(STATIC / "style.css")
    _show_notices(settings, who, texts)
    chosen.run()


def interface_texts(settings: Settings | None) -> Texts:
    """The strings of the interface language: chosen now or before, else the browser's, else the
    default; which settings say, unless they are wrong (None)."""
    choices = languages()
    chosen = st.session_state.get("language") or st.context.cookies.get(_COOKIE)
    browser = (st.context.locale or "")[:2].lower()
    default = (settings or Settings.model_construct()).default_language
    preferred = (chosen, browser, default)
    return load(next((language for language in preferred if language in choices), choices[0]))


def _who() -> User | SignInError:
    try:
        return access.user()
    except SignInError as error:
        return error


def _page(place: Place, who: User | SignInError, settings: Settings, texts: Texts) -> StreamlitPage:
    """The page, or a hidden one that says why the user may not see it."""
    show, title, may_be_here = partial(place.show, settings, texts), texts(place.title), False
    if _is_closed(settings, who):
        show, title = partial(_show_closed, settings, texts), texts("notice.closed")
    elif isinstance(who, SignInError):
        show = partial(_show_sign_in, str(who), texts)
    elif who.role is None:
        show = partial(_show_no_role, who, texts)
    elif not who.may(place.role):
        show = partial(_show_forbidden, place.role, texts)
    else:
        may_be_here = True
    return st.Page(
        show,
        title=title,
        url_path=place.path,
        default=not place.path,
        visibility="visible" if may_be_here else "hidden",
    )


def _choose_language(texts: Texts) -> None:
    """Lets the reader choose the interface language: `st.session_state.language`.

    The browser remembers a choice, in a cookie that holds nothing else (docs/chat.md).
    """
    choices = languages()
    st.sidebar.selectbox(
        texts("sidebar.language"),
        choices,
        index=choices.index(texts.language),
        format_func=lambda language: load(language)("name"),
        key="language",
        persist_state="session",
        on_change=_remember_choice,
    )
    if st.session_state.get("language-chosen"):
        kept = f"{_COOKIE}={texts.language}; Path=/; Max-Age={_A_YEAR}; SameSite=Lax"
        st.sidebar.html(script("set_cookie", cookie=kept), unsafe_allow_javascript=True)
    st.sidebar.html(translated(texts) + script("close_sidebar"), unsafe_allow_javascript=True)


def _remember_choice() -> None:
    st.session_state["language-chosen"] = True


def _is_closed(settings: Settings, who: User | SignInError) -> bool:
    """Whether maintenance keeps this person out; maintainers sign in and go on."""
    return bool(settings.maintenance) and isinstance(who, User) and not who.may("maintainer")


def _show_notices(settings: Settings, who: User | SignInError, texts: Texts) -> None:
    """Shows above a page the notices of the settings; who is kept out sees no page."""
    if _is_closed(settings, who):
        return
    if settings.maintenance:
        lead = texts("notice.only_this") if isinstance(who, User) else texts("notice.closed")
        st.html(_notice_html(settings.maintenance, lead))
    if settings.notice:
        st.html(_notice_html(settings.notice))


def _show_closed(settings: Settings, texts: Texts) -> None:
    """In place of every page."""
    st.title(texts("notice.closed"), anchor=False)
    st.html(_notice_html(settings.maintenance))


def _notice_html(text: str, lead: str = "") -> str:
    strong = f"<strong>{escape(lead)}</strong>\n" if lead else ""
    return f'<div class="sw-notice" role="status">{strong}{escape(text)}</div>'


def _show_sign_in(reason: str, texts: Texts) -> None:
    """Asks to sign in, in place of every page; whose sign-in no longer counts reads why."""
    st.title(texts("title"), anchor=False)
    st.markdown(texts("purpose"))
    if st.user.get("is_logged_in"):
        error_messages.show_with_details(texts("access.again"), reason, texts, st.warning)
    host = escape(access.provider() or "")
    st.html(f"<p>{escape(texts('access.sign_in_at'))} <strong>{host}</strong></p>")
    st.button(texts("access.sign_in"), type="primary", on_click=st.login, key="sign-in")
    st.html(script("keep_place"), unsafe_allow_javascript=True)


def _show_no_role(user: User, texts: Texts) -> None:
    """For somebody who is known but may do nothing here."""
    st.title(texts("title"), anchor=False)
    if access.provider() is None:
        st.warning(texts("access.visitor"))
        return
    st.warning(texts("access.no_role"))
    st.markdown(f"{texts('access.mention')} {code(user.id)}")


def _show_forbidden(role: Role, texts: Texts) -> None:
    """In place of a page that needs another role."""
    st.title(texts("access.forbidden"), anchor=False)
    st.warning(texts("access.needs", role=texts(f"access.roles.{role}")))


def _show_user(user: User, texts: Texts) -> None:
    """Shows in the sidebar who is signed in, with which role, and the way out."""
    if access.provider() is None:
        return
    role = texts(f"access.roles.{user.role}") if user.role else ""
    with st.sidebar:
        st.html(
            f'<p class="sw-user">{escape(texts("access.signed_in"))} '
            f"<strong>{escape(user.name)}</strong>{escape(f' ({role})' if role else '')}</p>"
        )
        st.button(texts("access.sign_out"), on_click=st.logout, key="sign-out")
        st.html(script("return_to_place"), unsafe_allow_javascript=True)
