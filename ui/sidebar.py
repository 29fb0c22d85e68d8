"""The sidebar: interface language, and the state of the corpus."""

import datetime
from collections.abc import Collection, Mapping

import streamlit as st

from core.settings import Settings, destinations
from core.source import DocumentInfo
from ui import access, scripts
from ui.markup import escape, facts_html, folded_html, new_tab
from ui.scripts import script
from ui.shared_assistant import titles
from ui.texts import Texts, languages, load
from vectorstore.snapshot import Snapshot

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
    javascript = scripts.translated(texts) + script("close_sidebar")
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
    """What the sources are, in one line that opens for their titles."""
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
