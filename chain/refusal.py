"""What the assistant says when the sources do not answer."""

import datetime
from collections.abc import Sequence

from chain.suggestions import nearest_sections
from core.types import Passage, Reason, Scope, ScoredPassage
from prompts import phrases
from vectorstore.store import Index

_NEAREST = 3


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
    sections = nearest_sections([scored.passage for scored in found], _NEAREST)
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


def _name(passage: Passage) -> str:
    reference = f" ({passage.document.reference})" if passage.document.reference else ""
    return " › ".join(passage.headings) + reference
