"""Budgets: tokens of a prompt, where data in fences fit beside the answer, and shares of the time.

model_context = rules and question + passages or history + a quarter for the answer
"""

from collections.abc import Sequence

# The answer gets 1/4 of the context: 1,024 tokens of Ollama's smallest default. A larger share
# takes passages away, a smaller one cuts answers off.
_ANSWER_SHARE = 4

# The configured model's tokenizer is not available. With SmolLM2's small vocabulary (49,152) a
# token has at least 2.4 bytes in the Dutch briefs, and 4 in the English ones.
_BYTES_PER_TOKEN = 2

CONDENSE_SHARE = 0.25
"""Share of `answer_timeout` for rewriting a follow-up; the rest is for the answer. A reasoning
model needs some ten seconds for either."""
CHECK_SHARE = 0.25  # a larger one takes the time from the answer itself
"""Share of `answer_timeout` for checking the reply."""


def answer_tokens(context: int) -> int:
    """Tokens reserved for the answer."""
    return context // _ANSWER_SHARE


def tokens(text: str) -> int:
    """Upper estimate of a text's length in tokens, for European languages."""
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


def fenced(tag: str, text: str, attributes: str = "") -> str:
    """Wraps a text as data in tags that it cannot close."""
    return f"<{tag}{attributes}>\n{text.replace('<', '‹').replace('>', '›')}\n</{tag}>"


def fitting(texts: Sequence[str], context: int, *others: str) -> list[str]:
    """The first texts, as many as fit whole into the context beside `others` and the answer.

    Args:
        texts: the most important first.
        context: the model's context length in tokens.
        others: the rest of the prompt.
    """
    room = context - answer_tokens(context) - sum(map(tokens, others))
    kept: list[str] = []
    for text in texts:
        room -= tokens(text)
        if room < 0:
            break
        kept.append(text)
    return kept
