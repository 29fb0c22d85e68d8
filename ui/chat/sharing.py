"""A conversation that colleagues read by a link: its owner makes the link and can revoke it.

Only where people sign in. The token of a link is shown once.
"""

from urllib.parse import parse_qs, urlencode

import streamlit as st

from core.rate_limit import AttemptLimit
from core.settings import Settings, current
from core.source import Scope
from ui import access, addresses, error_messages
from ui.answers import answer_view
from ui.chat.session import Chat, question_address
from ui.markup import escape, facts_html
from ui.shared_assistant import usable_index
from ui.texts import Texts, languages, load
from userdata.conversations import ListedConversation
from userdata.shares import MAX_SHARES, Share, Shares

_DAYS = (1, 7, 30, 90)
_DEFAULT = 7  # days
_MOST_WRONG = 20  # links a minute that open nothing; people follow a few old ones
_WRONG = AttemptLimit()


def is_offered(settings: Settings) -> bool:
    """Whether conversations can be shared: people sign in, and settings keep and share them."""
    lasting = settings.keep_conversations > 0 and settings.max_share_days > 0
    return lasting and access.provider() is not None


def choices(settings: Settings) -> tuple[int, ...]:
    """The days for which a link can be made, at least one."""
    most = settings.max_share_days
    return tuple(days for days in _DAYS if days <= most)


def show_sharing(chat: Chat, listed: ListedConversation, texts: Texts) -> None:
    """Lets the owner make a link to a conversation, and revoke those that there are."""
    st.write(texts("sharing.help"))
    with error_messages.showing(texts, texts("history.problem"), st.warning):
        _show_making(chat.shares, listed.id, texts)
        show_links(chat, texts, texts("sharing.of_conversation"), conversation=listed.id)


def show_own_links(chat: Chat, settings: Settings, texts: Texts) -> None:
    """All links of whoever uses this session, where there can be any."""
    if is_offered(settings):
        with error_messages.showing(texts, texts("history.problem"), st.warning):
            show_links(chat, texts, texts("sharing.mine"))


def show_links(chat: Chat, texts: Texts, heading: str, *, conversation: str = "") -> None:
    """The links that work, of one conversation (id) if it is given, each with a way to revoke it;
    nothing where there is none."""
    found = [one for one in chat.shares.listed() if conversation in ("", one.conversation)]
    if not found:
        return
    st.html(f'<h2 class="sw-small">{escape(heading)}</h2>')
    for one in found:
        line = texts("sharing.line", shared=texts.day(one.shared), until=texts.moment(one.expires))
        title = "" if conversation else f"<strong>{escape(one.title)}</strong><br>"
        with st.container(
            horizontal=True, vertical_alignment="center", gap="small", key=f"share-{one.id[:16]}"
        ):
            st.html(f'<p class="sw-facts">{title}{escape(line)}</p>', width="stretch")
            st.button(
                texts("sharing.revoke"),
                icon=":material/link_off:",
                type="tertiary",
                key=f"revoke-{one.id[:16]}",
                on_click=chat.revoke,
                args=(one.id,),
            )


def show_shared(token: str, chat: Chat, settings: Settings, texts: Texts) -> None:
    """The conversation that this token opens, to read; the same page for every other token."""
    share = None
    with error_messages.showing(texts, texts("history.problem"), st.warning):
        share = _found(token, chat, settings)
    if share is None:
        st.title(texts("sharing.none"), anchor=False)
        st.html(f"<p>{escape(texts('sharing.none_why'))}</p>")
    else:
        _show_conversation(share, texts)
    if st.button(texts("sharing.ask"), type="primary", icon=":material/forum:", key="ask-yourself"):
        st.query_params.clear()
        st.rerun()


def _found(token: str, chat: Chat, settings: Settings) -> Share | None:
    """The share that the token opens; also None after too many that opened nothing."""
    reader = chat.store.user
    if not is_offered(settings) or not _WRONG.may_try(_MOST_WRONG, reader):
        return None
    share = chat.shares.find(token)
    if share is None:
        _WRONG.count(_MOST_WRONG, reader)
    return share


def _show_conversation(share: Share, texts: Texts) -> None:
    st.html(f'<h1 class="sw-title">{escape(share.title)}</h1>')
    name = access.known_name(share.user) or texts("sharing.someone")
    by = texts("sharing.by", name=name, shared=texts.day(share.shared))
    moment = texts("sharing.moment", until=texts.moment(share.expires))
    st.html(f'<div class="sw-note" role="note"><p>{escape(by)}</p><p>{escape(moment)}</p></div>')
    index = usable_index()
    for number, exchange in enumerate(share.snapshot.exchanges):
        answer = exchange.answer
        if answer is None:
            continue
        with st.chat_message("user", avatar=":material/person:"):
            st.html(f'<h2 class="sw-question">{escape(exchange.question)}</h2>')
        with st.chat_message("assistant", avatar=":material/menu_book:"):
            language = answer.question_language
            spoken = load(language) if language in languages() else texts
            answer_view.show(answer, f"shared-{number}", spoken, _ask, index, alone=True)


def _show_making(links: Shares, id: str, texts: Texts) -> None:
    offered = choices(current())
    days = st.radio(
        texts("sharing.days"),
        offered,
        index=offered.index(_DEFAULT) if _DEFAULT in offered else len(offered) - 1,
        format_func=lambda days: _number_of_days(days, texts),
        horizontal=True,
        key="share-days",
    )
    if not st.button(texts("sharing.make"), icon=":material/link:", type="primary", key="share"):
        return
    access.on_record(access.require("reader"))  # so that readers see who shared it
    token = links.share(id, days)
    if token is None:
        st.warning(texts("sharing.too_many", number=MAX_SHARES))
        return
    st.html(facts_html(texts("sharing.once"), role="status"))
    st.code(f"{addresses.here()}?{urlencode({'s': token})}", language=None, wrap_lines=True)


def _number_of_days(days: int, texts: Texts) -> str:
    if days == 1:
        return texts("sharing.one_day")
    return texts("sharing.number_of_days", number=days)


def _ask(question: str, *, alone: bool = False, scope: Scope | None = None) -> None:
    """Asks in a conversation of the reader's own."""
    del alone  # a new conversation has nothing before it
    query = question_address(question, scope or Scope())
    st.query_params.from_dict(parse_qs(query.removeprefix("?")))
