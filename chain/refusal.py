"""What the assistant says when the sources do not answer."""

import datetime
from collections.abc import Sequence

from core.types import Passage, Reason, ScoredPassage
from prompts import phrases
from vectorstore.store import Index

_NEAREST = 3


def refusal_text(
    language: str, reason: Reason, found: Sequence[ScoredPassage], index: Index
) -> str:
    """In the question's language: no answer and why, what was searched, the nearest sections.

    Markdown as in an answer, without citation markers: nothing is claimed.
    """
    words = phrases(language)
    documents = {document.id for document in index.documents()}
    date = datetime.datetime.fromisoformat(index.created).date().isoformat()
    lines = [
        f"{words.refusal} {words.reasons[reason]}",
        "",
        words.searched_in(len(documents), date),
    ]
    sections = nearest_sections([scored.passage for scored in found])
    if sections:
        lines += ["", words.nearest, "", *(f"- {_name(passage)}" for passage in sections)]
    return "\n".join(lines)


def nearest_sections(passages: Sequence[Passage], count: int = _NEAREST) -> list[Passage]:
    """The first passage of each of the best sections."""
    first: dict[tuple[str, int], Passage] = {}
    for passage in passages:
        first.setdefault((passage.document.key, passage.section), passage)
    return list(first.values())[:count]


def _name(passage: Passage) -> str:
    reference = f" ({passage.document.reference})" if passage.document.reference else ""
    return " › ".join(passage.headings) + reference
