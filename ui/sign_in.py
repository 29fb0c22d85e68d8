"""What the pages say about who somebody is: sign in, sign out, and why a page is not there."""

import streamlit as st

from core.settings import Role
from ui import access, error_texts
from ui.access import User
from ui.markup import code, escape
from ui.scripts import script
from ui.texts import Texts


def page(reason: str, texts: Texts) -> None:
    """Asks to sign in; nothing else is shown.

    Args:
        reason: shown to somebody whose sign-in no longer counts.
    """
    st.title(texts("title"), anchor=False)
    st.markdown(texts("purpose"))
    if st.user.get("is_logged_in"):
        error_texts.told(texts("access.again"), reason, texts, st.warning)
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
    """Who is signed in, with which role, and the way out."""
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
