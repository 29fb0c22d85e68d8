"""Text as an embedder takes it."""


def estimated_tokens(text: str) -> int:
    # The server's tokenizer is unknown: this estimate is on the safe side for European languages.
    return len(clean(text).encode()) // 3


# Control characters become spaces: a vocabulary has none, and a server may end the text at a NUL.
_CONTROL = dict.fromkeys((*range(9), *range(11, 32), 127), " ")


def clean(text: str) -> str:
    return text.translate(_CONTROL)
