"""The changes of a run, by document and passage, and by word."""

import difflib
import functools
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

from core.source import DocumentInfo, Passage
from ingest.publishing.ingest_run import ChangeKind, DocumentChange, PassageChange
from ingest.publishing.prepare import Work, passages_by_document
from language.words import words

_ALIKE = 0.5  # share of equal words of a changed passage; with fewer equal it is a new one
_WORD = re.compile(r"\s+|\S+")  # with its signs, so that no figure is cut: "1,500", "95%"


class DiffPiece(NamedTuple):
    """A stretch of a word diff: in both texts, or only in the old or the new one."""

    kind: Literal["same", "gone", "new"]
    text: str


def document_changes(work: Work) -> tuple[DocumentChange, ...]:
    """Every document that a run adds, changes or removes, by key, without those that read as before
    (only the program changed)."""
    plan = work.plan
    now = {document.key: document for document in work.documents}
    then = {entry.key: entry for entry in work.entries}
    old = passages_by_document(work.current.all_passages(plan.gone) if work.current else ())
    new = passages_by_document(work.fresh)
    changes = []
    for key in sorted(plan.written | plan.gone):
        entry, document = then.get(key), now.get(key)
        known = document or entry
        assert known is not None  # noqa: S101 - a key of the plan is in one of the two
        passages, same = passage_changes(old.get(key, []), new.get(key, []))
        fields = _fields(entry.info, document.info) if entry and document else {}
        if entry and document and not passages and not fields:
            continue
        changes.append(
            DocumentChange(
                kind=_kind(entry, document),
                key=key,
                title=known.info.short_title,
                path=known.path,
                info=document.info if document else None,
                fields=fields,
                passages=passages,
                unchanged=same,
            )
        )
    return tuple(changes)


def passage_changes(
    before: Sequence[Passage], after: Sequence[Passage]
) -> tuple[tuple[PassageChange, ...], int]:
    """The differences between two versions of a document, in reading order, and the number of
    passages that are the same. A removed passage is paired with a new one of the same text under
    other headings, else with the most similar new one in its section."""
    old, new = _without_common(before, after), _without_common(after, before)
    same = len(after) - len(new)
    pairs: list[tuple[Passage, Passage]] = []
    for likeness in (_same_text, _similarity):
        for now in list(new.values()):
            then = max(old.values(), key=functools.partial(likeness, now), default=None)
            if then is not None and likeness(now, then) >= _ALIKE:
                pairs.append((old.pop(then.id), new.pop(now.id)))
    changes = [
        *((now.start, _change(then, now)) for then, now in pairs),
        *((now.start, _change(None, now)) for now in new.values()),
        *((then.start, _change(then, None)) for then in old.values()),
    ]
    return tuple(change for _, change in sorted(changes, key=lambda pair: pair[0])), same


def word_diff(before: str, after: str) -> Iterator[DiffPiece]:
    """The word diff of two texts, as stretches: what is new stands behind what is gone for it,
    without a space between them."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            yield DiffPiece("same", "".join(old[old_start:old_end]))
            continue
        if old_end > old_start:
            yield DiffPiece("gone", "".join(old[old_start:old_end]))
        if new_end > new_start:
            yield DiffPiece("new", "".join(new[new_start:new_end]))


def _kind(before: object | None, after: object | None) -> ChangeKind:
    return "removed" if after is None else "added" if before is None else "changed"


def _fields(before: DocumentInfo, after: DocumentInfo) -> Mapping[str, tuple[str, str]]:
    """The changed metadata as text, (before, after); a field without a value is empty."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return {
        name: (str(old[name] or ""), str(new[name] or ""))
        for name in DocumentInfo.model_fields
        if old[name] != new[name]
    }


def _content(passage: Passage) -> str:
    """The hash of headings and text in its id; the same in a document under another key."""
    return passage.id.removeprefix(passage.document.key)


def _without_common(passages: Sequence[Passage], others: Sequence[Passage]) -> dict[str, Passage]:
    """The passages that the others lack, by id."""
    common = set(map(_content, others))
    return {passage.id: passage for passage in passages if _content(passage) not in common}


def _same_text(passage: Passage, other: Passage) -> float:
    return float(passage.text == other.text)


def _similarity(passage: Passage, other: Passage) -> float:
    """The share of words that two passages of one section have in common (0-1; Dice)."""
    if passage.headings[1:] != other.headings[1:]:
        return 0.0
    own, others = _distinct_words(passage.text), _distinct_words(other.text)
    return 2 * len(own & others) / ((len(own) + len(others)) or 1)


@functools.lru_cache(maxsize=10_000)
def _distinct_words(text: str) -> frozenset[str]:
    return frozenset(words(text))


def _change(before: Passage | None, after: Passage | None) -> PassageChange:
    passage = after or before
    assert passage is not None  # noqa: S101 - a change has a passage
    moved = before is not None and before.headings != passage.headings
    return PassageChange(
        kind=_kind(before, after),
        headings=passage.headings,
        former_headings=before.headings if before and moved else (),
        before=before.text if before else "",
        after=after.text if after else "",
    )
