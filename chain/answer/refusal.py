"""What a refusal says."""

import datetime
from collections.abc import Sequence

from core.answer import Reason
from core.answer_blocks import AnswerBlock, AnswerSentence, Blocks, own
from core.source import Scope
from language.dates import written
from prompts import languages, phrases, short_phrases, spoken
from vectorstore.snapshot import Snapshot


def refusal(
    language: str, reason: Reason, lacking: Sequence[str], index: Snapshot, scope: Scope
) -> Blocks:
    """Refusal in the question's language: that there is no answer, why, and what was searched.

    If no document is in scope, it says which limits to remove instead. In a language without
    phrases of its own it is one line.
    """
    first = short_phrases(language).refused(reason, lacking)
    if language not in languages():
        return (own(first),)
    words = phrases(language)
    if reason == "out_of_scope":
        wider = _without_a_limit(scope, index)
        listed = [f"{words.limits[name]}: {count}" for name, count in wider.items()]
        items = tuple((AnswerSentence(text=one),) for one in listed)
        widen = own(words.widen), AnswerBlock(kind="list", items=items)
        return (own(first), *(widen if items else ()))
    made = datetime.datetime.fromisoformat(index.created).date()
    date = written(made, spoken(language))
    return own(first), own(words.searched_in(count_documents(scope, index), date))


def count_documents(scope: Scope, index: Snapshot) -> int:
    """Number of documents in scope; language versions count once."""
    return len({document.id for document in index.documents() if scope.admits(document)})


def _without_a_limit(scope: Scope, index: Snapshot) -> dict[str, int]:
    """Limit -> number of documents in scope without it, if any."""
    nothing = Scope()
    counts = {
        name: count_documents(scope.model_copy(update={name: getattr(nothing, name)}), index)
        for name in Scope.model_fields
    }
    return {name: count for name, count in counts.items() if count}
