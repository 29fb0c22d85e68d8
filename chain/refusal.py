"""What the assistant says when the sources do not answer."""

import datetime
import itertools
from collections.abc import Callable, Sequence

from core.types import Passage, Reason, Scope, ScoredPassage
from prompts import phrases
from vectorstore.store import Index

_NEAREST = 3
_OFFERED = 2  # questions beside a refusal
_TRIED = 5  # nearest sections that they may be about


def refusal_text(
    language: str, reason: Reason, found: Sequence[ScoredPassage], index: Index, scope: Scope
) -> str:
    """In the question's language: no answer and why, what was searched, the nearest sections.

    Where nothing fits the scope it says which limit to take away instead. Markdown as in an answer,
    without citation markers: nothing is claimed.
    """
    words = phrases(language)
    lines = [f"{words.refusal} {words.reasons[reason]}", ""]
    if reason == "out_of_scope":
        wider = _without_a_limit(scope, index)
        listed = [f"- {words.limits[name]}: {count}" for name, count in wider.items()]
        return "\n".join([*lines, words.widen, "", *listed] if listed else lines[:1])
    date = datetime.datetime.fromisoformat(index.created).date().isoformat()
    lines.append(words.searched_in(count_documents(scope, index), date))
    sections = nearest_sections([scored.passage for scored in found])
    if sections:
        lines += ["", words.nearest, "", *(f"- {_name(passage)}" for passage in sections)]
    return "\n".join(lines)


def count_documents(scope: Scope, index: Index) -> int:
    """How many documents a scope admits, in whatever languages they are."""
    return len({document.id for document in index.documents() if scope.admits(document)})


def _without_a_limit(scope: Scope, index: Index) -> dict[str, int]:
    """How many documents there are to search without one of the limits, as far as there are any."""
    nothing = Scope()
    counts = {
        name: count_documents(scope.model_copy(update={name: getattr(nothing, name)}), index)
        for name in Scope.model_fields
    }
    return {name: count for name, count in counts.items() if count}


def related(
    language: str,
    found: Sequence[ScoredPassage],
    answered_by: Callable[[str], Passage | None],
) -> tuple[str, ...]:
    """Two questions about the nearest sections that are answered, as far as there are any.

    Args:
        language: of the questions (ISO 639-1).
        found: the passages that were found, best first.
        answered_by: the passage that answers a question best, if it is answered.
    """
    about = phrases(language).about
    offered = (
        question
        for passage in nearest_sections([scored.passage for scored in found], _TRIED)
        for question in [about.format(heading=passage.headings[-1])]
        if (best := answered_by(question)) is not None
        and (best.document.key, best.section) == (passage.document.key, passage.section)
    )
    return tuple(itertools.islice(offered, _OFFERED))


def nearest_sections(passages: Sequence[Passage], count: int = _NEAREST) -> list[Passage]:
    """The first passage of each of the best sections."""
    first: dict[tuple[str, int], Passage] = {}
    for passage in passages:
        first.setdefault((passage.document.key, passage.section), passage)
    return list(first.values())[:count]


def _name(passage: Passage) -> str:
    reference = f" ({passage.document.reference})" if passage.document.reference else ""
    return " › ".join(passage.headings) + reference
