"""The assistant that all sessions of this process share."""

import streamlit as st

from chain.assistant import Assistant
from core.settings import Settings


@st.cache_resource(show_spinner=False)
def assistant() -> Assistant:
    """One for all sessions; it follows new index generations by itself.

    Raises:
        StrategiewijzerError: as `Assistant`; the next call tries again.
    """
    return Assistant(Settings())
