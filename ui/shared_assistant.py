"""The assistant that all sessions of this process share."""

import gc
import logging

import streamlit as st

from chain.assistant import Assistant
from core.background import begin
from core.errors import StrategiewijzerError
from core.settings import Settings
from people.audit_record import recording
from people.retention import forget
from vectorstore.snapshot import Snapshot

logger = logging.getLogger(__name__)


@st.cache_resource(show_spinner=False)
def assistant() -> Assistant:
    """One for all sessions; it follows new index generations by itself.

    Raises:
        StrategiewijzerError: as `Assistant`; the next call tries again.
    """
    settings = Settings()
    made = Assistant(settings, after=recording(settings))
    begin(lambda: _begin(made, settings), "warm-up")
    return made


def usable_index() -> Snapshot | None:
    """The sources as they are now; None while they cannot be used."""
    try:
        return assistant().index.snapshot()
    except StrategiewijzerError:
        return None


@st.cache_resource(show_spinner=False)
def trial_assistant() -> Assistant:
    """Answers maintainers from what is not published yet; follows a later trial by itself.

    Raises:
        StrategiewijzerError: as `Assistant`; the next call tries again.
    """
    settings = Settings()
    return Assistant(settings, trial=True, after=recording(settings))


def _begin(made: Assistant, settings: Settings) -> None:
    """What is done once, while the first reader still types."""
    try:
        made.warm_up()
        gc.collect()
        gc.freeze()  # what is loaded now stays: collecting garbage need not look at it again
        forget(settings)
    except StrategiewijzerError as error:  # the reader is told when it matters
        logger.warning("%s", error)
