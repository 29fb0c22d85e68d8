"""The words of a text in context: where they stand, and that languages share them."""

import numpy as np
import pytest

from vectorstore.words import word_states

ENGLISH = (
    "The Commission proposes that Europol supports the Member States against firearms smuggling."
)


def closest(text: str, other: str) -> dict[str, str]:
    """Each word of a text -> the word of the other that is closest in context."""
    words, others = word_states().words(text), word_states().words(other)
    moved = [one.states - one.states.mean(axis=0) for one in (words, others)]
    left, right = (one / np.linalg.norm(one, axis=1, keepdims=True) for one in moved)
    nearest = (left @ right.T).argmax(axis=1)
    return {
        text[start:end]: other[slice(*others.spans[number])]
        for (start, end), number in zip(words.spans, nearest, strict=True)
    }


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (
            "Komisja proponuje, aby Europol wspierał państwa w walce z przemytem broni.",
            {
                "Komisja": "Commission",
                "proponuje": "proposes",
                "wspierał": "supports",
                "przemytem": "smuggling",
                "broni": "firearms",
            },
        ),
        (
            "De Commissie stelt voor dat Europol de lidstaten steunt tegen wapensmokkel.",
            {"Commissie": "Commission", "stelt": "proposes", "steunt": "supports"},
        ),
        (
            "Η Επιτροπή προτείνει η Ευρωπόλ να στηρίξει τα κράτη μέλη.",
            {"Επιτροπή": "Commission", "προτείνει": "proposes", "στηρίξει": "supports"},
        ),
    ],
)
def test_a_word_is_closest_to_its_translation(text: str, pairs: dict[str, str]) -> None:
    found = closest(text, ENGLISH)
    assert {word: found[word] for word in pairs} == pairs


def test_words_are_where_they_stand() -> None:
    text = "  (EU) 2011/93/EU;\tend-to-end – 725 000!\x00 ‘é’"
    words = word_states().words(text)
    found = [text[start:end] for start, end in words.spans]
    assert found == ["EU", "2011/93/EU", "end-to-end", "725 000", "é"]
    assert words.states.shape == (5, 384)


def test_a_text_without_words_has_none() -> None:
    assert word_states().words(" –!? ").spans == ()
    assert word_states().words("").states.shape == (0, 384)


def test_a_text_that_is_longer_than_the_model_takes_is_read_to_its_end() -> None:
    text = "Europol supports. " * 400
    words = word_states().words(text)
    assert len(words.spans) == 800
    assert np.isfinite(words.states).all()
