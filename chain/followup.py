"""Follow-up questions become questions that can be searched on their own."""

import re
from collections.abc import Sequence

from core.types import Turn
from prompts import phrases
from vectorstore.keyword import content_words

_OWN_WORDS = 3  # a question with more content words than this stands by itself


def standalone(question: str, language: str, history: Sequence[Turn]) -> str:
    """The question, with the previous one before it when it leans on that.

    It does when it has few words of its own and begins like a follow-up, refers to something that
    was said, or has no content word at all.

    >>> standalone("and in 2010?", "en", [Turn(question="How many reports?", answer_text="")])
    'How many reports? and in 2010?'
    """
    own = set(content_words(question, language))
    if not history or len(own) > _OWN_WORDS or not (_leans(question, language) or not own):
        return question
    return f"{history[-1].question} {question}"


def _leans(question: str, language: str) -> bool:
    cues = phrases(language).cues
    words = re.findall(r"\w+", question.casefold())
    opens = bool(words) and words[0] in cues.opening
    return opens or any(word in cues.referring for word in words)
