"""Navigation: the pages that a reader may open, and the sidebar with language and corpus."""

import datetime
import importlib
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Literal, NamedTuple

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core import logs
from core.destinations import destinations
from core.errors import SignInError, StrategiewijzerError
from core.settings import Role, Settings, current
from core.source import DocumentInfo
from ui import access, markup
from ui.access import User
from ui.markup import STATIC, code, escape, facts_html, folded_html, new_tab, script
from ui.shared_assistant import titles
from ui.texts import Texts, languages, load
from vectorstore.store import Snapshot

_COOKIE = "strategiewijzer_language"
_LISTED = 20  # documents on the start page; all are on the page Sources
_A_YEAR = 365 * 24 * 3600  # seconds; browsers keep a cookie for 400 days at most


def interface_texts(settings: Settings | None) -> Texts:
    """The strings of the interface language: chosen now or before, else the browser's, else the
    default; which settings say, unless they are wrong (None)."""
    choices = languages()
    chosen = st.session_state.get("language") or st.context.cookies.get(_COOKIE)
    browser = (st.context.locale or "")[:2].lower()
    default = (settings or Settings.model_construct()).default_language
    preferred = (chosen, browser, default)
    return load(next((language for language in preferred if language in choices), choices[0]))


def choose_language(texts: Texts) -> None:
    """Lets the reader choose the interface language: `st.session_state.language`.

    The browser remembers a choice, in a cookie that says nothing else (docs/chat.md).
    """
    choices = languages()
    st.sidebar.selectbox(
        texts("sidebar.language"),
        choices,
        index=choices.index(texts.language),
        format_func=lambda language: load(language)("name"),
        key="language",
        persist_state="session",
        on_change=_choose,
    )
    if st.session_state.get("language-chosen"):
        kept = f"{_COOKIE}={texts.language}; Path=/; Max-Age={_A_YEAR}; SameSite=Lax"
        st.sidebar.html(script("set_cookie", cookie=kept), unsafe_allow_javascript=True)
    javascript = markup.translated(texts) + script("close_sidebar")
    st.sidebar.html(javascript, unsafe_allow_javascript=True)


def _choose() -> None:
    st.session_state["language-chosen"] = True


def state_html(settings: Settings, index: Snapshot, texts: Texts) -> str:
    """How answers are made, and from which documents."""
    documents = index.documents()
    facts: Mapping[str, object] = {
        "mode": _mode(settings, texts),
        "documents": len({document.id for document in documents}),
        "versions": len(documents),
        "kinds": kinds(documents, texts),
        "updated": texts.moment(datetime.datetime.fromisoformat(index.created)),
        "goes": _where_questions_go(settings, texts),
        "audit": texts("sidebar.audited") if settings.audit else "",
    }
    listed = "".join(
        f"<dt>{escape(texts(f'sidebar.{name}'))}</dt><dd>{escape(str(value))}</dd>"
        for name, value in facts.items()
        if value
    )
    return (
        f'<div class="sw-state"><h2 class="sw-small">{escape(texts("sidebar.state"))}</h2>'
        f"<dl>{listed}</dl></div>"
    )


def sources_html(documents: Collection[DocumentInfo], texts: Texts) -> str:
    """The sources in one line that opens for their titles."""
    listed = titles(documents, texts.language).values()
    items = "".join(f"<li>{escape(title)}</li>" for title in [*listed][:_LISTED])
    catalogue = new_tab("sources", texts("answers.all_sources"), texts)
    has_briefs = any(one.kind == "brief" for one in documents)
    told = facts_html(texts("loaded.summaries")) if has_briefs else ""
    inside = f'{told}<ul class="sw-list">{items}</ul><p class="sw-facts">{catalogue}</p>'
    line = texts("loaded.sources", kinds=kinds(documents, texts))
    return folded_html("sw-about", escape(line), inside)


def _mode(settings: Settings, texts: Texts) -> str:
    """How answers are made; a maintainer who has set a key is told what else a model wants."""
    if settings.generative:
        return texts("sidebar.model", model=settings.model_label)
    has_key = bool(settings.openai_api_key.get_secret_value())
    only_key = has_key and access.user().may("maintainer")
    return texts("sidebar.only_key" if only_key else "sidebar.offline")


def _where_questions_go(settings: Settings, texts: Texts) -> str:
    """The servers on other machines that get questions; the page Privacy says what of them."""
    hosts = dict.fromkeys(one.host for one in destinations(settings) if not one.is_here)
    return texts("sidebar.goes_to", hosts=", ".join(hosts)) if hosts else texts("sidebar.stays")


def kinds(documents: Collection[DocumentInfo], texts: Texts) -> str:
    """How many documents there are of each kind, and where there are only summaries, that."""
    ids: dict[str, set[str]] = {"official": set(), "brief": set(), "upload": set()}
    for one in documents:
        ids[one.kind].add(one.id)
    told = [texts.counted(f"loaded.{kind}", len(found)) for kind, found in ids.items() if found]
    if ids["brief"] and not ids["official"]:
        told.append(texts("loaded.no_official"))
    return ", ".join(told)


# The frame of every page: sign-in, notices, and the menu of pages.


# What all readers are told, by setting: a notice above every page, or why the app is closed.


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


# What the pages say about who somebody is: sign in, sign out, and why a page is not there.


def page(reason: str, texts: Texts) -> None:
    """Asks to sign in; nothing else is shown.

    Args:
        reason: shown to somebody whose sign-in no longer counts.
    """
    st.title(texts("title"), anchor=False)
    st.markdown(texts("purpose"))
    if st.user.get("is_logged_in"):
        markup.show_with_details(texts("access.again"), reason, texts, st.warning)
    host = escape(access.provider() or "")
    st.html(f"<p>{escape(texts('access.sign_in_at'))} <strong>{host}</strong></p>")
    st.button(texts("access.sign_in"), type="primary", on_click=st.login, key="sign-in")
    st.html(script("keep_place"), unsafe_allow_javascript=True)


def no_role(user: User, texts: Texts) -> None:
    """For somebody who is known but may do nothing here."""
    st.title(texts("title"), anchor=False)
    if access.provider() is None:
        st.warning(texts("access.visitor"))
        return
    st.warning(texts("access.no_role"))
    st.markdown(f"{texts('access.mention')} {code(user.id)}")


def forbidden(role: Role, texts: Texts) -> None:
    """In place of a page that needs another role."""
    st.title(texts("access.forbidden"), anchor=False)
    st.warning(texts("access.needs", role=texts(f"access.roles.{role}")))


def in_sidebar(user: User, texts: Texts) -> None:
    """Shows who is signed in, with which role, and the way out."""
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


# Which pages there are, who has them, and what stands on each of them.


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
        texts = interface_texts(settings)
        who = _who()
    except StrategiewijzerError as error:
        texts = interface_texts(None)
        markup.show_with_details(texts("errors.settings"), str(error), texts)
        return
    shown = st.navigation([_page(place, who, settings, texts) for place in PLACES])
    # Said of each page: Streamlit keeps the width of the page before.
    # Two answers or languages side by side, and tables of many figures, want all of it.
    reading = shown.url_path == "sources" and "document" in st.query_params
    wide = reading or shown.url_path == "evaluation"
    layout: Literal["wide", "centered"] = "wide" if wide else "centered"
    st.set_page_config(page_title=f"{shown.title} – {texts('title')}", layout=layout)
    choose_language(texts)
    if isinstance(who, User):
        in_sidebar(who, texts)
    st.html(STATIC / "style.css")
    above(settings, who, texts)
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
    if is_closed(settings, who):
        shown, title = partial(closed, settings, texts), texts("notice.closed")
    elif isinstance(who, SignInError):
        shown = partial(page, str(who), texts)
    elif who.role is None:
        shown = partial(no_role, who, texts)
    elif not who.may(place.role):
        shown = partial(forbidden, place.role, texts)
    else:
        may_be_here = True
    return st.Page(
        shown,
        title=title,
        url_path=place.path,
        default=not place.path,
        visibility="visible" if may_be_here else "hidden",
    )
