"""Which sentences of an answer count as supported by the quotes they cite."""

import pytest

from eval.support import claims, unsupported
from tests.test_eval_run import FIRST_SENTENCE, MARKET, SIZE, answer, cite

QUOTE = cite(1, SIZE, MARKET)


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRST_SENTENCE} [1]",
        "The market is worth EUR 30 billion a year [1].",
        "It is worth 30 billion. [1][2]",
        "It is worth 30 billion [1, 2].",
        f"{MARKET} [1]",
        "In short:\n\n- EUR 30 billion [1]\n- 39% is cannabis [2]",
        "1. **Cannabis** has 39% [1]",
        "## Market\n\nCannabis has 39%. [1] It is worth 30 billion. [1]",
    ],
)
def test_supported_however_it_is_marked(text: str) -> None:
    given = answer(text, QUOTE, cite(2, SIZE, MARKET), passages=(SIZE,))
    assert unsupported(given) == ()
    assert claims(given)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is worth 31 billion. [1]", "It is worth 31 billion."),
        ("It is worth 30 billion.", "It is worth 30 billion."),
        ("It is worth 30 billion. [3]", "It is worth 30 billion."),
        ("It is worth 30 billion. [1][3]", "It is worth 30 billion."),
        ("It grows fast. It is worth 30 billion. [1]", "It grows fast."),
        ("In all 4 markets:\n\n- EUR 30 billion [1]", "In all 4 markets:"),
        ("In short:", "In short:"),
    ],
)
def test_unsupported_sentences_are_named(text: str, expected: str) -> None:
    assert unsupported(answer(text, QUOTE, passages=(SIZE,))) == (expected,)
