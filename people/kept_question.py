"""Which words of a question may be kept: those that say nothing of who asked, and stand alone."""

import re

from core.answer import Answer
from language.characters import visible
from language.cues import cues_of, has_cues
from language.identifiers import has_identifier

_LONGEST = 300  # characters: a longer message tells of its writer's case
_SAYING = 3  # letters that words have at most which say nothing of a topic: "the"
_OPENED, _REFERRING = 3, 2  # words of a topic that such a question has at most, if it rests on more
_UNKNOWN = 2  # words that it has at most in a language without cues


def kept_question(answer: Answer) -> str:
    """The question of an answer, in one line, as it may be kept; empty where it may not.

    A follow-up is kept as it was understood, and not if it needs the conversation all the same. Not
    kept are messages that ask the sources nothing, tasks on an earlier answer, questions that only
    the limits of the search refused, long ones, those with an address or a number of somebody's,
    and those that have an approved answer, as these need no other.
    """
    if answer.message or answer.approved or answer.elsewhere or answer.reason == "out_of_scope":
        return ""
    question = " ".join(visible(answer.understood_as or answer.question).split())
    if len(question) > _LONGEST or has_identifier(question):
        return ""
    rests = not answer.understood_as and _rests_on_more(question, answer.question_language)
    return "" if rests else question


def _rests_on_more(question: str, language: str) -> bool:
    """Whether a question needs an earlier one to be understood, such as "And the second?"."""
    said = re.findall(r"\w+", question)
    if not has_cues(language):
        return len(said) <= _UNKNOWN
    cues, words = cues_of(language), [word.casefold() for word in said]
    empty = {
        *cues.asking,
        *cues.helping,
        *cues.empty,
        *cues.referring,
        *cues.opening,
        *cues.general,
    }
    topic = [
        word
        for word in said
        if word.casefold() not in empty and (len(word) > _SAYING or not word.islower())
    ]
    begins = f"{' '.join(words)} ".startswith(tuple(f"{opening} " for opening in cues.opening))
    refers = not set(cues.referring).isdisjoint(words)
    return len(topic) <= max(_OPENED * begins, _REFERRING * refers)
