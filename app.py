"""The Streamlit entry: which pages there are. Start it with: make chat"""

import streamlit as st

from ui import chat
from ui.texts import load

st.set_page_config(page_title=load("nl")("title"))
st.navigation([st.Page(chat.page, title=load("nl")("title"), default=True)]).run()
