"""Which pages there are, and what stands on each of them."""

import streamlit as st

from core.errors import StrategiewijzerError
from core.settings import Settings
from ui import chat, maintenance, sidebar, sources
from ui.markup import code


def run() -> None:
    """Shows the page that the address names, in the interface language of the reader."""
    try:
        settings = Settings()
    except StrategiewijzerError as error:
        st.error(code(str(error)))
        return
    texts = sidebar.interface_texts(settings)
    st.set_page_config(page_title=texts("title"))
    pages = [
        st.Page(chat.page, title=texts("chat.title"), default=True),
        st.Page(
            sources.page,
            title=texts("catalogue.title"),
            url_path="sources",
        ),
        st.Page(maintenance.page, title=texts("maintenance.title"), url_path="maintenance"),
    ]
    shown = st.navigation(pages)
    sidebar.choose_language(texts)
    st.html(sidebar.STYLE)
    shown.run()
