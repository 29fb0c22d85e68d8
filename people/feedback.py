"""Feedback of readers on answers, `Feedback`, and its storage.

It is one private SQLite file (people/private.py) in `data_dir`. A reader can replace or withdraw an
earlier verdict.

Of the reader only what he or she typed is stored.
"""

import datetime
import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

from pydantic import AwareDatetime, ValidationError, model_validator

from core.answer import Answer, Mode, Turn
from core.errors import StrategiewijzerError
from core.frozen import Frozen
from core.source import Scope
from people.private import Store

FILE = "feedback.sqlite"
_PATIENCE = 10.0  # seconds to wait while another process writes; a verdict is given only once
_STORE = Store(
    "Feedback",
    version=1,
    # Files without a version number name maintainers: the UPDATE removes these names.
    tables="""
CREATE TABLE IF NOT EXISTS feedback (id TEXT PRIMARY KEY, feedback TEXT NOT NULL);
UPDATE feedback SET feedback = json_set(feedback, '$.by', '') WHERE json_valid(feedback);
""",
)
_SAVE = "INSERT OR REPLACE INTO feedback VALUES (?, ?)"


class Feedback(Frozen):
    """A reader's verdict on one answer, with all that is needed to ask and judge the question
    again.

    `id` is that of the answer: a later verdict on it replaces this one. `date` is in UTC.
    `language` is that of the question, `answer_language` that of the answer's text (empty in files
    of version 0.1.0). `history` are the turns before the question, oldest first; `scope` limited
    the search. `more` was folded below the answer. `sections` are the heading paths of the
    citations, " › " between headings. `helpful` is the verdict on the answer, `evidence` that on
    its quotes; None: no verdict. `handled` is when the maintainer with the identifier `by` dealt
    with it; None: not yet.
    """

    id: str
    date: AwareDatetime
    helpful: bool | None = None
    evidence: bool | None = None
    comment: str = ""
    question: str
    language: str  # ISO 639-1
    history: tuple[Turn, ...] = ()
    scope: Scope = Scope()
    answered: bool
    answer_text: str
    answer_language: str = ""
    more: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    confidence: float
    mode: Mode
    model: str = ""
    prompt_version: str = ""
    generation: str = ""
    handled: AwareDatetime | None = None
    by: str = ""

    @property
    def found_wrong(self) -> bool:
        """Whether the reader found the answer or its evidence wrong."""
        return False in (self.helpful, self.evidence)

    @model_validator(mode="before")
    @classmethod
    def _kept_before_scopes(cls, values: Any) -> Any:
        """Reads feedback of version 0.1.0, whose scope is only areas."""
        if not isinstance(values, dict) or "areas" not in values:
            return values
        rest = {name: value for name, value in values.items() if name != "areas"}
        return {**rest, "scope": {"areas": values["areas"]}}

    @classmethod
    def on(
        cls,
        answer: Answer,
        *,
        id: str,
        helpful: bool | None,
        evidence: bool | None = None,
        comment: str = "",
        history: Iterable[Turn] = (),
        scope: Scope = Scope(),
    ) -> Self:
        """The verdict on this answer, dated now."""
        sections = (" › ".join(citation.headings) for citation in answer.citations)
        return cls(
            id=id,
            date=datetime.datetime.now(datetime.UTC),
            helpful=helpful,
            evidence=evidence,
            comment=comment,
            question=answer.question,
            language=answer.question_language,
            history=tuple(history),
            scope=scope,
            answered=answer.answered,
            answer_text=answer.text,
            answer_language=answer.language,
            more=answer.more,
            documents=answer.documents,
            sections=tuple(dict.fromkeys(sections)),
            confidence=answer.confidence,
            mode=answer.mode,
            model=answer.model,
            prompt_version=answer.prompt_version,
            generation=answer.generation,
        )


def save(data_dir: Path, feedback: Feedback) -> None:
    """Stores a verdict, in place of an earlier one with the same id.

    Raises:
        StrategiewijzerError: it cannot be written; what was kept before stays.
    """
    with _opened(data_dir, writes=True) as connection:
        connection.execute(_SAVE, _row(feedback))


def remove(data_dir: Path, id: str) -> None:
    """Deletes a verdict; does nothing when there is none with this id.

    Raises:
        StrategiewijzerError: it cannot be written.
    """
    with _opened(data_dir, writes=True) as connection:
        connection.execute("DELETE FROM feedback WHERE id = ?", (id,))


def read(data_dir: Path) -> tuple[Feedback, ...]:
    """All verdicts, oldest first.

    Raises:
        StrategiewijzerError: they cannot be read.
    """
    return tuple(sorted(_read(data_dir), key=lambda feedback: (feedback.date, feedback.id)))


def find(data_dir: Path, id: str) -> Feedback | None:
    """The verdict with this id, or None.

    Raises:
        StrategiewijzerError: it cannot be read.
    """
    return next(iter(_read(data_dir, id)), None)


def handle(data_dir: Path, given: Feedback, by: str) -> None:
    """Marks a verdict as handled; does nothing when the reader has replaced or withdrawn it.

    Raises:
        StrategiewijzerError: it cannot be read or written.
    """
    _change(data_dir, given, handled=datetime.datetime.now(datetime.UTC), by=by)


def reopen(data_dir: Path, given: Feedback) -> None:
    """Marks a verdict as not handled; otherwise as `handle`."""
    _change(data_dir, given, handled=None, by="")


def forget_handler(data_dir: Path, given: Feedback) -> None:
    """Takes from a handled verdict who dealt with it; otherwise as `handle`."""
    _change(data_dir, given, by="")


def _change(data_dir: Path, given: Feedback, **fields: object) -> None:
    with _opened(data_dir, writes=True) as connection:
        for kept in _selected(connection, given.id):
            if kept.date == given.date:
                connection.execute(_SAVE, _row(kept.model_copy(update=fields)))


def _row(feedback: Feedback) -> tuple[str, str]:
    return feedback.id, feedback.model_dump_json()


def _read(data_dir: Path, id: str | None = None) -> list[Feedback]:
    """As `_selected`; empty where nobody has given a verdict yet."""
    if not (data_dir / FILE).exists():
        return []
    with _opened(data_dir, writes=False) as connection:
        return _selected(connection, id)


def _selected(connection: sqlite3.Connection, id: str | None = None) -> list[Feedback]:
    """The verdict with this id, or all."""
    query = "SELECT feedback FROM feedback WHERE ?1 IS NULL OR id = ?1"
    try:
        return [Feedback.model_validate_json(row) for (row,) in connection.execute(query, (id,))]
    except ValidationError as error:
        raise StrategiewijzerError(
            f"{FILE} holds feedback that this version cannot read: {error}\n"
            "Use the version of the program that wrote it."
        ) from None


def _opened(data_dir: Path, *, writes: bool) -> AbstractContextManager[sqlite3.Connection]:
    return _STORE.opened(data_dir / FILE, writes=writes, patience=_PATIENCE)
