"""Likely cause why a question fell short: where to look first."""

from collections.abc import Mapping, Sequence

from eval.results import Cause, QuestionResult

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
    """The likely cause in one sentence, with details; "" if the question did not fall short."""
    match likely_cause(result):
        case None:
            return ""
        case "forbidden":
            return f"The answer says {_quoted(result.forbidden_said)}, which it must not."
        case "wrong citation":
            return _wrong_citation(result)
        case "message":
            kinds = [kind or "a question" for kind in (result.expected, result.message)]
            if kinds[0] == kinds[1]:
                return f"Taken for what it is ({kinds[0]}), but sources are cited."
            return f"This is {kinds[0]}, and was taken for {kinds[1]}."
        case "should have been refused":
            return f"Answered with {_confidence(result)}, although the documents hold no answer."
        case "language":
            expected = " or ".join(result.languages)
            said = "answer" if result.is_sourced else "refusal"
            return f"The {said} is in {result.text_language or 'no language'}, not in {expected}."
        case "refused wrongly" | "not retrieved" if not result.is_sourced:
            return f"Refused with {_confidence(result)}; {_retrieval(result)}."
        case "misleading":
            return _misleading(result)
        case "cut list":
            return f"A list is cut at {_quoted(result.reading.cut)}."
        case "loose end":
            return f"Not to be understood where it stands: {_quoted(result.reading.loose)}."
        case "buried":
            return _buried(result)
        case _:
            missing, all_facts = len(result.facts_missing), _facts(result)
            return (
                f"{missing} of {all_facts} {'fact' if all_facts == 1 else 'facts'} missing, "
                f"{result.facts_retrieved} of {all_facts} in the passages; {_retrieval(result)}."
            )


def _facts(result: QuestionResult) -> int:
    return len(result.facts_found) + len(result.facts_missing)


def _confidence(result: QuestionResult) -> str:
    return f"confidence {result.confidence:.2f}"


def _retrieval(result: QuestionResult) -> str:
    if not result.judged:
        return "the question names no sections to look for"
    rank = result.rank
    if rank is None:
        return f"none of the {len(result.retrieved)} retrieved sections answers it"
    section = result.retrieved[rank - 1]
    return f"a right section was retrieved at rank {rank} ({section.document}: {section.section})"


def _wrong_citation(result: QuestionResult) -> str:
    """Describes the first fault and counts the others."""
    rejected = [verdict for verdict in result.verdicts if not verdict.supported]
    faults = [f"the quote {_quoted([one])} is not in its passage" for one in result.inexact_quotes]
    faults += [
        f"the sentence {_quoted([one.text])} is not supported by {_markers(one.citations)}"
        for one in rejected
    ]
    faults += [
        f"the sentence {_quoted([one])} has no citation, or a figure that its quotes lack"
        for one in result.unsupported
        if one not in {verdict.text for verdict in rejected}
    ]
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{faults[0][0].upper()}{faults[0][1:]}{more}."


def _misleading(result: QuestionResult) -> str:
    if result.misleading == "wrong value":
        return f"In bold stands {_quoted(result.in_bold)}, which is none of the facts."
    if result.misleading == "half a list":
        return "Half of a list is given as if it were the whole."
    return "What answers the question is not in the answer itself."


def _buried(result: QuestionResult) -> str:
    folded, all_facts = _facts(result) - result.facts_in_text, _facts(result)
    faults = [f"{folded} of {all_facts} facts are only folded below the answer"] if folded else []
    if result.reading.judged:
        units, needed = result.reading.units, result.reading.needed
        faults.append(f"{needed} of {units} sentences and lists shown are to the point")
    if result.reading.among_others:
        faults.append("what answers is an item of a list most of which does not")
    return f"{'; '.join(faults)}."


def _markers(numbers: Sequence[int]) -> str:
    return "".join(f"[{number}]" for number in numbers) or "any citation"


def _quoted(texts: Sequence[str]) -> str:
    return ", ".join(f"“{text}”" for text in texts)
