"""Likely cause why a question fell short: where to look first."""

from collections.abc import Mapping, Sequence

from eval.question_results import Cause, QuestionResult

MEANINGS: Mapping[Cause, str] = {
    "forbidden": "the answer says something that the question set forbids",
    "wrong citation": "a quote is not exact, or a sentence is not supported by what it cites",
    "message": "a message was not taken for what it is, or a question was taken for a message",
    "should have been refused": "answered, although the documents hold no answer",
    "language": "answered in a language that was not expected",
    "refused wrongly": "refused, although retrieval did not miss a right section, as far as known",
    "not retrieved": "no section that answers the question was retrieved",
    "retrieved but not chosen": "a right section was retrieved, and facts in the passages left out",
    "incomplete": "facts are missing from the answer, and the passages do not tell why",
    "misleading": "all facts are there, and a reader comes away with something else",
    "cut list": "all facts are there, and a list is shown in part",
    "loose end": "all facts are there, and a line cannot be understood where it stands",
    "buried": "all facts are there, folded away or among much that is beside the point",
}
"""Causes in order of precedence: a question gets the first that applies."""


def likely_cause(result: QuestionResult) -> Cause | None:
    """The first cause that applies; None if the question did not fall short."""
    if result.forbidden_said:
        return "forbidden"
    if result.misquoted:
        return "wrong citation"
    if (result.is_message and not result.handled) or result.taken_for_message:
        return "message"
    if result.answered and not result.answerable and not result.is_message:
        return "should have been refused"
    if not result.in_language:
        return "language"
    if result.useful:
        return _unreadable(result)
    if result.judged and result.rank is None:
        return "not retrieved"
    if not result.is_sourced:
        return "refused wrongly"
    if result.judged and result.facts_retrieved > len(result.facts_found):
        return "retrieved but not chosen"
    return "incomplete"


def _unreadable(result: QuestionResult) -> Cause | None:
    """Cause why an answer with all facts is not signable, if any."""
    if not result.answered:
        return None
    if result.misleads:
        return "misleading"
    if result.reading.cut:
        return "cut list"
    if result.reading.loose:
        return "loose end"
    return "buried" if result.buried else None


def explain(result: QuestionResult) -> str:
    """What the likely cause means, with its details; "" if the question did not fall short."""
    cause = likely_cause(result)
    if cause is None:
        return ""
    facts, shown = len(result.facts_found) + len(result.facts_missing), result.reading
    kinds = [kind or "a question" for kind in (result.expected, result.message)]
    details: Mapping[Cause, str] = {
        "forbidden": _quoted(result.forbidden_said),
        "message": f"{kinds[0]}, taken for {kinds[1]}",
        "language": f"{result.text_language or 'none'}, not {' or '.join(result.languages)}",
        "misleading": f"{result.misleading}; in bold: {_quoted(result.in_bold) or 'nothing'}",
        "buried": f"{shown.needed} of {shown.units} sentences and lists shown are to the point; "
        f"{facts - result.facts_in_text} of {facts} facts are folded below",
    }
    return MEANINGS[cause] + (f" ({details[cause]})" if cause in details else "")


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts)
