"""The assistant that all sessions share, and how a scope is described."""

import gc
import logging
import threading
from collections import Counter
from collections.abc import Collection

from chain.assistant import Assistant
from chain.current_assistant import CurrentAssistant
from core.background import begin
from core.errors import StrategiewijzerError
from core.settings import Settings, current
from core.source import DocumentInfo, Scope, preferred
from ui.texts import Texts
from userdata.after_answers import after_answers
from userdata.personal_data import forget
from vectorstore.store import Snapshot

# The assistant that all sessions of this process share.


logger = logging.getLogger(__name__)

# Not in Streamlit's cache: whoever opens a WebSocket can have that emptied.
_published = CurrentAssistant(after_answers)
_begun = threading.Lock()  # taken by who is first, for good
trial_assistant = CurrentAssistant(after_answers, trial=True)
"""Answers maintainers from what is not published yet; follows a later trial by itself."""


def assistant() -> Assistant:
    """The assistant that all sessions share; it follows settings and new index generations by
    itself.

    Raises:
        StrategiewijzerError: as `Assistant`; the next call tries again.
    """
    made = _published()
    if _begun.acquire(blocking=False):
        settings = current()
        begin(lambda: _begin(made, settings), "warm-up")
    return made


def compared_assistant() -> Assistant:
    """The assistant for the questions that maintainers try out, which are not readers' questions.

    Raises:
        StrategiewijzerError: as `assistant`.
    """
    settings = current()
    after = after_answers(settings, trial=True)
    return Assistant(settings, after=after, index=assistant().index)


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
    except StrategiewijzerError as error:  # the reader is told when it matters
        logger.warning("%s", error)


# What a search was limited to, in words.


def describe_scope(scope: Scope, texts: Texts) -> str:
    """Describes the limits of a search in one line; empty when there are none."""
    limits = [
        ", ".join(texts.label("areas", area) for area in scope.areas),
        ", ".join(_titles_of(scope, texts)),
        texts("filters.in_language", language=texts.label("languages", scope.language))
        if scope.language
        else "",
        texts("filters.on_day", date=texts.date(scope.as_of)) if scope.as_of else "",
    ]
    given = "; ".join(limit for limit in limits if limit)
    return texts("filters.told", limits=given) if given else ""


def _titles_of(scope: Scope, texts: Texts) -> list[str]:
    """The titles of the documents in a scope; the id of one that is no longer there."""
    try:
        there = assistant().index.documents() if scope.documents else ()
    except StrategiewijzerError:  # the page tells it, where it stands for itself
        there = ()
    known = titles(
        [document for document in there if document.id in scope.documents], texts.language
    )
    return [known.get(name, name) for name in scope.documents]


def titles(documents: Collection[DocumentInfo], language: str) -> dict[str, str]:
    """Document id -> its title in a language if it has one in it; each is another."""
    versions: dict[str, dict[str, DocumentInfo]] = {}
    for document in documents:
        versions.setdefault(document.id, {})[document.language] = document
    found = {name: there[preferred(there, language)].title for name, there in versions.items()}
    count = Counter(found.values())
    return {
        name: title if count[title] == 1 else f"{title} ({name})" for name, title in found.items()
    }
