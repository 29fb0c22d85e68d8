"""The assistant that all sessions of this process share."""

import gc
import logging
import threading

from chain.assistant import Assistant, CurrentAssistant
from core.background import begin
from core.errors import StrategiewijzerError
from core.settings import Settings, current
from userdata.personal_data import after_answers, forget
from vectorstore.store import Snapshot

logger = logging.getLogger(__name__)

# Not in Streamlit's cache: whoever opens a WebSocket can have that emptied.
_published = CurrentAssistant(after_answers)
_begun = threading.Lock()  # taken by who is first, for good


def assistant() -> Assistant:
    """The assistant that all sessions share; it follows settings and new index generations by
    itself. Errors as of `Assistant`; the next call tries again."""
    made = _published()
    if _begun.acquire(blocking=False):
        settings = current()
        begin(lambda: _begin(made, settings), "warm-up")
    return made


def usable_index() -> Snapshot | None:
    """The sources as they are now; None while they cannot be used."""
    try:
        return assistant().index.snapshot()
    except StrategiewijzerError:
        return None


def _begin(made: Assistant, settings: Settings) -> None:
    """Loads what answers need once, while the first reader still types."""
    try:
        made.warm_up()
        gc.collect()
        gc.freeze()  # what is loaded now stays: collecting garbage need not look at it again
        forget(settings)
    except StrategiewijzerError as error:  # a reader who is affected sees it on the page
        logger.warning("%s", error)
