"""Follow-up questions become questions that can be searched on their own."""

from collections.abc import Sequence

from core.types import Turn
from vectorstore.keyword import content_words

_OWN_WORDS = 3  # a question with more content words than this stands by itself


def standalone(question: str, language: str, history: Sequence[Turn]) -> str:
    """The question, with the previous one before it when it has few words of its own.

    >>> standalone("and in 2010?", "en", [Turn(question="How many reports?", answer_text="")])
    'How many reports? and in 2010?'
    """
    if not history or len(set(content_words(question, language))) > _OWN_WORDS:
        return question
    return f"{history[-1].question} {question}"
