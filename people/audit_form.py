"""The form of an audit record: what it says of an answer, or of a decision, as canonical JSON with
a hash.

Texts are told by their SHA-256 hash: who has a passage, a quote or an answer can show that it is
the one. Only questions and reasons stand there in words. docs/privacy.md lists the fields.
"""

import datetime
import hashlib
import json
from typing import Any, Literal

from core.answer import Answer
from core.frozen import Frozen

FORMAT = 2  # of a record; raise it when its fields change
_LEVELS = 9  # of lists and objects in each other; an exported record has four
START = "0" * 64  # stands for the hash before the first record


class Link(Frozen):
    """A place in the chain: a record's number and hash; 0 and `START` before the first."""

    number: int
    hash: str


class AuditRecord(Frozen):
    """A record as it is exported. `record` is what is hashed; `asker` and `salt`, where they are
    kept, show who asked: the record's `by` is the `asker_hash` of both."""

    record: dict[str, Any]
    hash: str
    asker: str = ""
    salt: str = ""


Decided = Literal["approved", "proposed", "confirmed", "accepted", "refused", "withdrawn"]
"""What a maintainer decided on a prepared answer: to give it; that another maintainer should
confirm it; to confirm that; to take a model's proposal; to drop a proposal; to give it no more."""


class AnswerDecision(Frozen):
    """A decision on the prepared answer to these questions: units of a document version (key)."""

    decision: Decided
    document: str
    questions: tuple[str, ...]
    units: tuple[str, ...]
    organisation: str = ""


class RunDecision(Frozen):
    """A decision on an evaluation: whether what it measured goes live, and why. `results` is the
    fingerprint of its figures and answers."""

    decision: Literal["goes live", "does not go live"]
    run: str
    results: str
    reason: str


class OfficialDecision(Frozen):
    """The decision that the file of a document version (key) is an official text, or is none."""

    decision: Literal["official", "not_official"]
    document: str
    file: str  # SHA-256


AuditedDecision = AnswerDecision | RunDecision | OfficialDecision


def decision_record(
    made: AuditedDecision, before: Link, at: datetime.datetime, by: str
) -> dict[str, Any]:
    """The record of a decision; arguments as of `record_of`."""
    if not isinstance(made, AnswerDecision):
        return {**_placed(before, at, by), **made.model_dump()}
    return {
        **_placed(before, at, by),
        "decision": made.decision,
        "document": made.document,
        "questions": list(made.questions),
        "units": [sha256(text) for text in made.units],
        "organisation": made.organisation,
    }


def record_of(answer: Answer, before: Link, at: datetime.datetime, by: str) -> dict[str, Any]:
    """The record of an answer.

    Args:
        answer: as it is told.
        before: the end of the chain so far.
        at: when it was finished.
        by: the `asker_hash` of who asked; empty where that is not kept.
    """
    return {
        **_placed(before, at, by),
        "question": answer.question,
        "understood_as": answer.understood_as,
        "kind": answer.kind,
        "reason": answer.reason,
        "message": answer.message,
        "text": sha256(answer.text),
        "more": [sha256(text) for text in answer.more],
        "passages": [{"id": one.id, "text": sha256(one.text)} for one in answer.passages],
        "citations": [
            {
                "number": one.number,
                "passage": one.passage_id,
                "start": one.start,
                "end": one.end,
                "quote": sha256(one.quote),
            }
            for one in answer.citations
        ],
        "checks": {
            "confidence": f"{answer.confidence:.4f}",  # fractions have no one form in JSON
            "missing": list(answer.missing),
            "unconfirmed": [sha256(text) for text in answer.unconfirmed],
            "left_out": [sha256(one.text) for one in answer.left_out],
            "checker": answer.checker,
            "unchecked": answer.unchecked,
        },
        "mode": answer.mode,
        "model": answer.model,
        "trouble": answer.trouble,
        "prompts": answer.prompt_version,
        "generation": answer.generation,
    }


def _placed(before: Link, at: datetime.datetime, by: str) -> dict[str, Any]:
    """What every record has."""
    return {
        "format": FORMAT,
        "number": before.number + 1,
        "before": before.hash,
        "at": stamp(at),
        "by": by,
    }


def canonical(record: dict[str, Any]) -> str:
    """JSON in one form (RFC 8785, for records without fractions): keys in order, no spaces.

    >>> canonical({"b": 1, "a": "é"})
    '{"a":"é","b":1}'
    """
    return _text(json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":")))


def parsed(text: str) -> dict[str, Any]:
    """A JSON object; an empty one where the text is spoilt, which no hash fits: no object, too
    deeply nested to be written again, or with a key twice, of which readers may take either."""
    try:
        found = json.loads(text, object_pairs_hook=_each_once)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) and _is_flat(found, _LEVELS) else {}


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key is there twice")
    return found


def _is_flat(value: object, levels: int) -> bool:
    """Whether a value has no more levels of lists and objects than that."""
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_flat(one, levels - 1) for one in inner)


def sha256(text: str) -> str:
    return hashlib.sha256(_text(text).encode()).hexdigest()


def asker_hash(user: str, salt: str) -> str:
    """What a record says of who asked."""
    return sha256(f"{salt} {user}")


def stamp(moment: datetime.datetime) -> str:
    """A moment in UTC, such that text order is time order: "2026-11-26T10:15:00.000000Z"."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _text(text: str) -> str:
    """Without half characters, which no file and no database takes."""
    return text.encode("utf-8", "replace").decode()
