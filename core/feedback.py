"""What readers think of answers: `Feedback`, and where it is kept.

It is one SQLite table in `data_dir`, so that several app processes can write at once and a reader
who thinks again replaces or withdraws the earlier verdict. SQLite's default journal is enough for
a row at a time, and unlike WAL it also works for readers that may not write.

Nothing is kept about the reader but what he or she typed.
"""

import datetime
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from pydantic import AwareDatetime, ValidationError, model_validator

from core.errors import StrategiewijzerError
from core.types import Answer, Frozen, Mode, Scope, Turn

FILE = "feedback.sqlite"
_PATIENCE = 10.0  # seconds to wait while another process writes
_TABLE = "CREATE TABLE IF NOT EXISTS feedback (id TEXT PRIMARY KEY, feedback TEXT NOT NULL)"


class Feedback(Frozen):
    """A reader's verdict on one answer, with what is needed to ask and judge the question again.

    `id` belongs to the answer: a later verdict on it replaces this one. `date` is in UTC.
    `language` is that of the question, `answer_language` that of the answer's text (empty in what
    version 0.1.0 wrote). `history` are the turns before the question, oldest first, and `scope` is
    what the search was limited to. `more` is what was folded below the answer. `sections` are the
    heading paths of what was cited, " › " between headings. `helpful` is the verdict on the answer,
    `evidence` that on its quotes; None: none was given. `handled` is when a maintainer, `by`, had
    dealt with it; None: nobody has yet.
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
        """Reads what version 0.1.0 wrote: of the scope only areas."""
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
        """The verdict on this answer, given now."""
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
    """Keeps a verdict, in place of an earlier one with the same id.

    Raises:
        StrategiewijzerError: it cannot be written; what was kept before stays.
    """
    with _opened(data_dir) as connection:
        row = (feedback.id, feedback.model_dump_json())
        connection.execute("INSERT OR REPLACE INTO feedback VALUES (?, ?)", row)


def remove(data_dir: Path, id: str) -> None:
    """Forgets a verdict; nothing happens when there is none with this id.

    Raises:
        StrategiewijzerError: it cannot be written.
    """
    with _opened(data_dir) as connection:
        connection.execute("DELETE FROM feedback WHERE id = ?", (id,))


def read(data_dir: Path) -> tuple[Feedback, ...]:
    """All verdicts, oldest first; none when nobody has given one yet.

    Raises:
        StrategiewijzerError: they cannot be read.
    """
    found = _selected(data_dir, "SELECT feedback FROM feedback")
    return tuple(sorted(found, key=lambda feedback: (feedback.date, feedback.id)))


def find(data_dir: Path, id: str) -> Feedback | None:
    """The verdict with this id, if there is one.

    Raises:
        StrategiewijzerError: it cannot be read.
    """
    found = _selected(data_dir, "SELECT feedback FROM feedback WHERE id = ?", id)
    return found[0] if found else None


def handle(data_dir: Path, id: str, by: str) -> None:
    """Marks a verdict as dealt with; nothing happens when there is none with this id.

    Raises:
        StrategiewijzerError: it cannot be read or written.
    """
    _change(data_dir, id, handled=datetime.datetime.now(datetime.UTC), by=by)


def reopen(data_dir: Path, id: str) -> None:
    """Takes back that a verdict has been dealt with; as `handle`."""
    _change(data_dir, id, handled=None, by="")


def _change(data_dir: Path, id: str, **fields: object) -> None:
    given = find(data_dir, id)
    if given is not None:
        save(data_dir, given.model_copy(update=fields))


def _selected(data_dir: Path, query: str, *values: str) -> list[Feedback]:
    if not (data_dir / FILE).exists():
        return []
    with _opened(data_dir) as connection:
        rows = connection.execute(query, values).fetchall()
    try:
        return [Feedback.model_validate_json(row) for (row,) in rows]
    except ValidationError as error:
        raise StrategiewijzerError(
            f"{data_dir / FILE} holds feedback that this version cannot read: {error}\n"
            "Use the version of the program that wrote it."
        ) from None


@contextmanager
def _opened(data_dir: Path) -> Iterator[sqlite3.Connection]:
    """The store, with its table; each statement is a transaction of its own."""
    path = data_dir / FILE
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)) as connection:
            connection.execute(_TABLE)
            yield connection
    except (OSError, sqlite3.Error) as error:
        raise StrategiewijzerError(
            f"Feedback cannot be kept in {path}: {error}. Check that this program may write "
            "there and that the disk has room, then try again."
        ) from error
