"""Conversations, notes and feedback of version 0.1.0, which kept them in two SQLite files.

At the first use of the database they are taken over into today's tables, in the transaction that
makes these; then each file is renamed to NAME.taken-over-DATE. `taken_over` notes which files were
taken over, so that one that could not be renamed is not taken over twice. Users have the same
identifiers in both versions. What cannot be read is counted, logged, and stays in the renamed file:
the copy. Links to shared conversations are not taken over: their tokens were stored as they are.

Erasing a person and forgetting what is old reach the copies too.
"""

import datetime
import hashlib
import itertools
import json
import logging
import re
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Date, Integer, String, Table, Text, select

from core.answer import Citation
from core.answer_blocks import (
    ITEM,
    LABEL,
    AnswerBlock,
    AnswerSentence,
    Blocks,
    Marked,
    Marker,
    QuotedSpan,
    SentenceStatus,
    line_kind,
    numbers,
)
from core.errors import StrategiewijzerError
from core.settings import Settings
from core.source import today
from userdata.conversations import (
    CONVERSATIONS,
    EXCHANGES,
    NOTES,
    Exchange,
    Note,
    exchange_row,
    named,
    note_row,
    stored,
)
from userdata.database import METADATA, PATIENCE, VERSION_0_1_0, Database, add
from userdata.feedback import FEEDBACK, Feedback

logger = logging.getLogger(__name__)

_CONVERSATIONS, _FEEDBACK = VERSION_0_1_0
_TABLES = {
    _CONVERSATIONS: ("conversations", "exchanges", "shares", "notes"),
    _FEEDBACK: ("feedback",),
}
_BATCH = 200  # rows held in memory at once; an answer with its passages is some 50 kB
_STOP = re.compile(r"[.!?…:;,]+[\"'”“»«’)\]]*(?=\s|$)")  # behind a marker, of the text before it

_TAKEN = Table(
    "taken_over",
    METADATA,
    Column("hash", String(64), primary_key=True),  # of all rows of the file
    Column("file", Text, nullable=False),  # its name
    Column("date", Date, nullable=False),
    Column("rows", Integer, nullable=False),  # that were taken over
    Column("unreadable", Integer, nullable=False),  # that were not
)


class _OldFile(NamedTuple):
    """A file that is being taken over, and that nobody else can use meanwhile."""

    path: Path
    connection: sqlite3.Connection
    tables: tuple[str, ...]

    def rows(self, query: str) -> Iterator[Any]:
        found = self.connection.execute(query)
        while batch := found.fetchmany(_BATCH):
            yield from batch

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for table in self.tables:
            for row in self.rows(f"SELECT * FROM {table} ORDER BY rowid"):  # noqa: S608 - ours
                digest.update(repr((table, *row)).encode())
        return digest.hexdigest()


@contextmanager
def opened(files: Sequence[Path]) -> Iterator[list[_OldFile]]:
    """The files, locked until the block ends, without those that another process took over while
    this one waited.

    Raises:
        StrategiewijzerError: a file cannot be read, or is in use.
    """
    with ExitStack() as closes:
        found = []
        for path in files:
            try:
                if (connection := _locked(path)) is not None:
                    closes.enter_context(closing(connection))
                    found.append(_OldFile(path, connection, _tables(connection, path.name)))
            except (OSError, sqlite3.Error) as error:
                raise _not_taken_over(path, error) from None
        yield found


def _locked(path: Path) -> sqlite3.Connection | None:
    """A connection that has locked a file; None where the file is gone by then."""
    try:
        inode = path.stat().st_ino
        connection = _connected(path)
        try:
            connection.execute("BEGIN EXCLUSIVE")
            # Another process renames a file that it took over, and the connection follows it.
            if path.stat().st_ino == inode:
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
    except (OSError, sqlite3.Error):
        if path.exists():
            raise
    return None


def _connected(path: Path) -> sqlite3.Connection:
    """A connection that makes no file and overwrites what it deletes."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(address, uri=True, timeout=PATIENCE, isolation_level=None)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    connection.execute("PRAGMA secure_delete = ON")
    return connection


def _tables(connection: sqlite3.Connection, name: str) -> tuple[str, ...]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table'"
    there = {table for (table,) in connection.execute(query)}
    return tuple(table for table in _TABLES[name] if table in there)


def _not_taken_over(path: Path, error: object) -> StrategiewijzerError:
    return StrategiewijzerError(
        f"What version 0.1.0 kept in {path} cannot be taken over: {error}. Stop the app of that "
        "version, check that this program may read and rename the file, and try again; to do "
        "without what is in it, put it elsewhere. Nothing was changed."
    )


def take_over(files: Sequence[_OldFile], connection: Connection) -> None:
    """Adds what is in the files to today's tables; what is there already stays as it is.

    Raises:
        StrategiewijzerError: a file is damaged.
    """
    for file in files:
        try:
            _take_over(file, connection)
        except sqlite3.Error as error:
            raise _not_taken_over(file.path, error) from None


def _take_over(file: _OldFile, connection: Connection) -> None:
    fingerprint = file.fingerprint()
    if connection.execute(select(_TAKEN).where(_TAKEN.c.hash == fingerprint)).first():
        return
    taken = unreadable = 0
    for table, row in _rows_of_today(file):
        if row is None:
            unreadable += 1
            continue
        add(connection, table, {name: _storable(value) for name, value in row.items()})
        taken += table is not CONVERSATIONS
    noted = {"hash": fingerprint, "file": file.path.name, "date": today()}
    add(connection, _TAKEN, {**noted, "rows": taken, "unreadable": unreadable})
    logger.log(
        logging.WARNING if unreadable else logging.INFO,
        "%s of version 0.1.0 is taken over: %d answers, notes or verdicts; %d that cannot be read "
        "are only in its copy. More: ./strategiewijzer doctor",
        file.path.name,
        taken,
        unreadable,
    )


def _storable(value: object) -> object:
    return stored(value) if isinstance(value, str) else value


def put_away(files: Sequence[_OldFile]) -> None:
    """Renames files that were taken over.

    Raises:
        StrategiewijzerError: one cannot be renamed.
    """
    for file in files:
        name = f"{file.path.name}.taken-over-{today()}"
        names = (name, *(f"{name}-{number}" for number in range(2, 100)))
        free = (file.path.with_name(name) for name in names)
        try:
            file.path.rename(next(path for path in free if not path.exists()))
        except OSError as error:
            raise StrategiewijzerError(
                f"What version 0.1.0 kept in {file.path} is taken over, but the file cannot be "
                f"renamed: {error}. Let this program rename it, or put it elsewhere."
            ) from None


_Rows = Iterator[tuple[Table, dict[str, Any] | None]]


def _rows_of_today(file: _OldFile) -> _Rows:
    """The rows of a file as they are today, each with its table; None for one that cannot be
    read."""
    if "exchanges" in file.tables:
        yield from _conversations(file)
    if "notes" in file.tables:
        for user, text in file.rows("SELECT user, note FROM notes"):
            row = _read(text, _note)
            yield NOTES, row and {"user": user, **row}
    if "feedback" in file.tables:
        (version,) = file.connection.execute("PRAGMA user_version").fetchone()
        for (text,) in file.rows("SELECT feedback FROM feedback"):
            yield FEEDBACK, _read(text, lambda values: _verdict(values, is_signed=version < 1))


def _conversations(file: _OldFile) -> _Rows:
    """Conversations with their exchanges; without those of which no exchange can be read."""
    query = """
        SELECT c.user, c.id, c.name, CAST(c.changed AS REAL), e.exchange
        FROM conversations AS c JOIN exchanges AS e ON e.user = c.user AND e.conversation = c.id
        ORDER BY c.user, c.id, e.asked
    """
    for (user, id, name, changed), group in itertools.groupby(
        file.rows(query), key=lambda row: row[:4]
    ):
        of_one = {"user": user, "conversation": id}
        rows = [_read(text, _exchange) for *_, text in group]
        if any(rows):
            row = {"user": user, "id": id, "changed": changed, **named(str(name))}
            yield CONVERSATIONS, row
        yield from ((EXCHANGES, row and {**of_one, **row}) for row in rows)


def _read(text: object, make: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any] | None:
    """What is made of a JSON object; None where it is none, or not as version 0.1.0 wrote it."""
    try:
        return make(json.loads(str(text)))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        return None


def _note(values: dict[str, Any]) -> dict[str, Any]:
    """The columns of a note, but for whose it is."""
    return note_row(Note.model_validate(values))


def _verdict(values: dict[str, Any], *, is_signed: bool) -> dict[str, Any]:
    """The row of a verdict. The first ones limit the search to areas alone, and name the maintainer
    (`is_signed`), which is left out."""
    if "areas" in values:
        values["scope"] = {"areas": values.pop("areas")}
    if is_signed:
        values["by"] = ""
    verdict = Feedback.model_validate(values)
    return {"id": verdict.id, "feedback": verdict.model_dump_json()}


def _exchange(values: dict[str, Any]) -> dict[str, Any]:
    """The columns of an exchange, but for whose it is."""
    if values["answer"] is not None:
        values["answer"] = _answer(values["answer"])
    return exchange_row(Exchange.model_validate(values))


def _answer(values: Mapping[str, Any]) -> dict[str, Any]:
    """An answer, made of texts with places of markers, as one of blocks. Sentences that were kept
    apart from it, as the sources may not support them, come last."""
    gone = ("text", "more", "markers", "did_you_mean", "opening_left_out", *_KEPT_APART)
    cited = [Citation.model_validate(citation) for citation in values["citations"]]
    texts = (values["text"], *values["more"])
    known = {citation.number for citation in cited}
    places = values["markers"] if "markers" in values else [_bracketed(t, known) for t in texts]
    marked = [
        Marked(text, tuple(map(Marker.model_validate, markers)))
        for text, markers in zip(texts, places, strict=True)
    ]
    status: SentenceStatus = "confirmed" if values["mode"] == "generative" else "quoted"
    apart = [
        AnswerSentence(text=text, status=status, stand_in="[…]" * (status == "differs"))
        for name, status in _KEPT_APART.items()
        for text in values.get(name, ())
    ]
    last = (AnswerBlock(kind="paragraph", sentences=tuple(apart)),) if apart else ()
    return {
        **{name: value for name, value in values.items() if name not in gone},
        "blocks": (*_blocks(marked[0], cited, status), *last),
        "further": tuple(_blocks(text, cited, "quoted") for text in marked[1:]),
    }


_KEPT_APART: Mapping[str, SentenceStatus] = {"withheld": "not_confirmed", "contradicted": "differs"}


def _bracketed(text: str, known: Collection[int]) -> list[dict[str, int]]:
    """The places of "[1]" in an answer of before their places were kept."""
    return [
        {"start": found.start(), "end": found.end(), "number": int(found[1])}
        for found in re.finditer(r"\[(\d{1,4})\]", text)
        if int(found[1]) in known
    ]


def _blocks(text: Marked, citations: Sequence[Citation], status: SentenceStatus) -> Blocks:
    """The blocks of a text; `status` is that of sentences with a marker, whose evidence are all
    citations with its number."""
    spans: dict[int, list[QuotedSpan]] = {}
    for citation in citations:
        span = QuotedSpan(number=citation.number, start=citation.start, end=citation.end)
        spans.setdefault(citation.number, []).append(span)
    found: list[AnswerBlock] = []
    for kind, group in itertools.groupby(text.lines, lambda line: line_kind(line.text)):
        lines = list(group)
        if kind == "label":
            labels = (AnswerSentence(text=line.cut(len(LABEL)).text) for line in lines)
            found += (AnswerBlock(kind="label", sentences=(label,)) for label in labels)
        elif kind == "list":
            items = [_sentences(line.cut(len(ITEM)), spans, status) for line in lines]
            found.append(_list(items))
        elif kind == "paragraph":
            sentences = _sentences(Marked.joined(lines, "\n"), spans, status)
            if _is_note(sentences, found):
                found[-1] = found[-1].model_copy(update={"note": sentences[0].text})
            else:
                found.append(AnswerBlock(kind="paragraph", sentences=sentences))
    return tuple(found)


def _sentences(
    line: Marked, spans: Mapping[int, Sequence[QuotedSpan]], status: SentenceStatus
) -> tuple[AnswerSentence, ...]:
    """The text before each run of markers, with what these stand for; a stop behind them belongs
    to it."""
    found: list[AnswerSentence] = []
    last = 0
    ends = (*(marker.start for marker in line.markers[1:]), len(line.text))
    for marker, end in zip(line.markers, ends, strict=False):
        words = line.text[last : marker.start].strip()
        evidence = tuple(spans[marker.number])
        if found and not words:
            evidence = (*found[-1].evidence, *evidence)
            found[-1] = found[-1].model_copy(update={"evidence": evidence})
        else:
            found.append(AnswerSentence(text=words, status=status, evidence=evidence))
        last = marker.end
        if stop := _STOP.match(line.text, last, end):
            found[-1] = found[-1].model_copy(update={"text": found[-1].text + stop[0]})
            last = stop.end()
    rest = line.text[last:].strip()
    return (*found, AnswerSentence(text=rest)) if rest or not found else tuple(found)


def _list(items: Sequence[tuple[AnswerSentence, ...]]) -> AnswerBlock:
    """A list; where only its last item ends with a marker, that covers all of it."""
    *before, last = items
    is_cited = [any(sentence.evidence for sentence in item) for item in items]
    evidence = last[-1].evidence
    if before and evidence and not any(is_cited[:-1]):
        items = (*before, (*last[:-1], last[-1].model_copy(update={"evidence": ()})))
        return AnswerBlock(kind="list", items=tuple(items), evidence=evidence)
    return AnswerBlock(kind="list", items=tuple(items))


def _is_note(sentences: Sequence[AnswerSentence], before: Sequence[AnswerBlock]) -> bool:
    """Whether a paragraph is a remark of ours: one without a marker behind a list that has some, or
    that a paragraph with some introduces."""
    is_cited = any(sentence.evidence for sentence in sentences)
    if is_cited or not before or before[-1].kind != "list" or before[-1].note:
        return False
    introduced = before[-2:-1] if before[-1].is_bare else ()
    return bool(numbers((*introduced, before[-1])))


def copies(data_dir: Path, *names: str) -> tuple[Path, ...]:
    """The renamed files, oldest first of each name; of all names where none is given."""
    found = (
        path
        for name in names or VERSION_0_1_0
        for path in sorted(data_dir.glob(f"{name}.taken-over-*"))
        if _date_of(path)
    )
    return tuple(path for path in found if path.is_file() and not path.is_symlink())


def _date_of(copy: Path) -> datetime.date | None:
    """When a copy was taken over; None for a file of another name."""
    found = re.fullmatch(r".*\.taken-over-(\d{4}-\d\d-\d\d)(?:-\d{1,2})?", copy.name)
    try:
        return datetime.date.fromisoformat(found[1]) if found else None
    except ValueError:
        return None


def describe_copies(settings: Settings, kept_in: Database) -> str:
    """The copies that are there, with what was and was not taken over from each, and until when it
    is kept; empty without copies. Errors as of `Database.rows`."""
    days = {_CONVERSATIONS: settings.keep_conversations, _FEEDBACK: settings.keep_feedback}
    there = [(name, copy) for name in days for copy in copies(settings.data_dir, name)]
    if not there:
        return ""
    rows: Sequence[Any] = kept_in.rows("Which files were taken over", select(_TAKEN))
    counts = {(row.file, row.date): (row.rows, row.unreadable) for row in rows}
    described = []
    for name, copy in there:
        made = _date_of(copy) or today()
        taken, unreadable = counts.get((name, made), (0, 0))
        described.append(
            f"{copy} ({taken} taken over, {unreadable} unreadable; kept until "
            f"{made + datetime.timedelta(days=days[name])})"
        )
    return f"copies of what version 0.1.0 kept: {', '.join(described)}"


def users_in_copies(data_dir: Path) -> frozenset[str]:
    """The users of whom a copy has a conversation or note. Errors as of `erase`."""
    found: set[str] = set()
    for copy in copies(data_dir, _CONVERSATIONS):
        with _changing(copy) as connection:
            for table in {"conversations", "notes"} & {*_tables(connection, _CONVERSATIONS)}:
                found |= {user for (user,) in connection.execute(f"SELECT user FROM {table}")}  # noqa: S608 - ours
    return frozenset(found)


def erase(data_dir: Path, user: str, answers: Collection[str]) -> None:
    """Erases from the copies what is a user's: conversations, notes, verdicts on the answers in
    these and on `answers` (ids). Verdicts that he or she has dealt with no longer say by whom.

    Raises:
        StrategiewijzerError: a copy cannot be changed.
    """
    answers = set(answers)
    for copy in copies(data_dir, _CONVERSATIONS):
        with _changing(copy) as connection:
            if "exchanges" in _tables(connection, _CONVERSATIONS):
                theirs = connection.execute("SELECT id FROM exchanges WHERE user = ?", (user,))
                answers |= {id for (id,) in theirs}
    for copy in copies(data_dir, _FEEDBACK):
        with _changing(copy) as connection:
            if _tables(connection, _FEEDBACK):
                ids = [(id,) for id in answers]
                connection.executemany("DELETE FROM feedback WHERE id = ?", ids)
                connection.execute(_WITHOUT_HANDLER, (user,))
    # These last: they show whose the verdicts are, should erasing be interrupted.
    for copy in copies(data_dir, _CONVERSATIONS):
        with _changing(copy) as connection:
            for table in _tables(connection, _CONVERSATIONS):
                connection.execute(f"DELETE FROM {table} WHERE user = ?", (user,))  # noqa: S608 - ours


_WITHOUT_HANDLER = """
    UPDATE feedback SET feedback = json_set(feedback, '$.by', '')
    WHERE json_valid(feedback) AND json_extract(feedback, '$.by') = ?
"""
_WITHOUT_CONVERSATION = "(user, conversation) NOT IN (SELECT user, id FROM conversations)"
_IS_OLD = {
    "conversations": "changed < :seconds",
    "exchanges": _WITHOUT_CONVERSATION,
    "shares": _WITHOUT_CONVERSATION,
    "notes": "changed < :seconds",
    "feedback": "json_valid(feedback) AND json_extract(feedback, '$.date') < :day",
}


def forget(data_dir: Path, *, conversations: int, feedback: int) -> None:
    """Removes from the copies what is older than so many days, and copies that are older.

    Raises:
        StrategiewijzerError: a copy cannot be changed or removed.
    """
    for name, days in ((_CONVERSATIONS, conversations), (_FEEDBACK, feedback)):
        oldest = today() - datetime.timedelta(days=days)
        midnight = datetime.datetime.combine(oldest, datetime.time(), datetime.UTC)
        values = {"seconds": midnight.timestamp(), "day": oldest.isoformat()}
        for copy in copies(data_dir, name):
            made = _date_of(copy)
            if made is not None and made <= oldest:
                _remove(copy)
                continue
            with _changing(copy) as connection:
                for table in _tables(connection, name):
                    query = f"DELETE FROM {table} WHERE {_IS_OLD[table]}"  # noqa: S608 - ours
                    connection.execute(query, values)


def _remove(copy: Path) -> None:
    try:
        copy.unlink(missing_ok=True)
    except OSError as error:
        raise _not_changed(copy, error) from None


@contextmanager
def _changing(copy: Path) -> Iterator[sqlite3.Connection]:
    """A copy, whose changes in the block are kept whole or not at all."""
    try:
        with closing(_connected(copy)) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
    except sqlite3.Error as error:
        raise _not_changed(copy, error) from None


def _not_changed(copy: Path, error: object) -> StrategiewijzerError:
    return StrategiewijzerError(
        f"{copy}, a copy of what version 0.1.0 kept, cannot be changed: {error}. Let this program "
        "write there, or remove the file."
    )
