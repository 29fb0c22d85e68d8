"""What goes into the model's context: data in fences, as much as fits, with room for the answer.

model_context = rules and question + passages or history + a quarter for the answer
"""

from collections.abc import Sequence

_ANSWER_SHARE = 4  # the answer has one part in so many of the context

# No tokenizer is at hand for whichever model is configured. Measured with SmolLM2's small
# vocabulary (49,152) a token of a Dutch brief has 2.4 bytes or more, of an English one 4.
_BYTES_PER_TOKEN = 2


def answer_tokens(context: int) -> int:
    """The room that is kept for the answer, in tokens."""
    return context // _ANSWER_SHARE


def tokens(text: str) -> int:
    """An estimate of a text's length in tokens, on the safe side for European languages."""
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


def fenced(tag: str, text: str, attributes: str = "") -> str:
    """A text as data, between tags that it cannot close."""
    return f"<{tag}{attributes}>\n{text.replace('<', '‹').replace('>', '›')}\n</{tag}>"


def fitting(texts: Sequence[str], context: int, *others: str) -> list[str]:
    """The first of these texts, as many as fit whole beside the others and the answer.

    Args:
        texts: the most important first.
        context: the model's context length in tokens.
        others: what is in the prompt in any case.
    """
    room = context - answer_tokens(context) - sum(map(tokens, others))
    kept: list[str] = []
    for text in texts:
        room -= tokens(text)
        if room < 0:
            break
        kept.append(text)
    return kept
