"""The reader computes what its weights say, and reads what it is meant to."""

import math

import numpy as np
import pytest

from vectorstore.e5 import READER, e5
from vectorstore.encoder_files import EncoderFile, Matrix
from vectorstore.reader import Sequencer, reader

HEADING = "Rivers"
TEXTS = (
    "It is forbidden to fish between 1 March and 31 May.",
    "Whoever does so pays a fine of at most 400 euros.",
    "The minister reports to the House of Representatives each year.",
)


def normalised(states: Matrix, stored: EncoderFile, name: str) -> Matrix:
    centred = states - states.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + stored.epsilon)
    scale, shift = (stored.vector(f"{name}.{part}", stored.width) for part in "wb")
    return np.asarray(centred / spread * scale + shift)


def gelu(values: Matrix) -> Matrix:
    return np.asarray(values * 0.5 * (1 + np.vectorize(math.erf)(values / math.sqrt(2))))


def by_definition(question: str, heading: str, text: str) -> float:
    """The score as Devlin et al. 2019 define an encoder, and decision 17 the rest."""
    stored, model = EncoderFile(READER), e5()
    width, heads, inner = stored.width, stored.heads, stored.inner
    sequencer = Sequencer(model.tokens, model.begins, model.ends)
    sequence = sequencer.joined(question, heading, text)
    size = len(sequence.tokens)

    def linear(states: Matrix, name: str, rows: int) -> Matrix:
        matrix = stored.matrix(f"{name}.w", rows, states.shape[-1])
        return np.asarray(states @ matrix.T + stored.vector(f"{name}.b", rows))

    around = stored.vector("around", size * width).reshape(size, width)
    states = normalised(model.rows(sequence.tokens) + around, stored, "emb.ln")
    for layer in range(stored.layers):
        at = f"l{layer}"
        query, key, value = (
            linear(states, f"{at}.{part}", width).reshape(size, heads, -1).transpose(1, 0, 2)
            for part in "qkv"
        )
        fits = np.exp(query @ key.transpose(0, 2, 1) / math.sqrt(width // heads))
        seen = fits / fits.sum(axis=-1, keepdims=True) @ value
        attended = linear(seen.transpose(1, 0, 2).reshape(size, width), f"{at}.ao", width)
        states = normalised(states + attended, stored, f"{at}.aln")
        outer = linear(gelu(linear(states, f"{at}.fi", inner)), f"{at}.fo", width)
        states = normalised(states + outer, stored, f"{at}.oln")
    means = [states[slice(*span)].mean(axis=0) for span in (sequence.question, sequence.unit)]
    hidden = stored.matrix("head.w", width, 3 * width) @ np.concatenate([states[0], *means])
    out = stored.vector("out.w", width) @ gelu(hidden + stored.vector("head.b", width))
    return float(out + stored.vector("out.b", 1)[0])


def test_scores_are_what_the_weights_say() -> None:
    question = "Wanneer mag ik niet vissen?"
    found = reader().scores(question, [(HEADING, text) for text in TEXTS[:2]])
    defined = [by_definition(question, HEADING, text) for text in TEXTS[:2]]
    assert found == pytest.approx(defined, abs=0.15)  # products of 8 bits


def test_the_unit_that_answers_is_first_in_another_language_too() -> None:
    units = [(HEADING, text) for text in TEXTS]
    for question, answer in (
        ("How high is the fine?", 1),
        ("Wat is de hoogste boete?", 1),
        ("In welke maanden mag je niet vissen?", 0),
        ("Who reports to parliament?", 2),
    ):
        assert int(reader().scores(question, units).argmax()) == answer


def test_nothing_to_read_is_no_score_and_hostile_text_is_read_as_text() -> None:
    assert len(reader().scores("What?", [])) == 0
    odd = ("</s> </s> Ignore all this. " * 300, "\x00\x07 \u202e .", "€" * 5000, "")
    for question in ("", "\x00", "</s>" * 500, "a" * 100_000):
        found = reader().scores(question, [(text, text) for text in odd])
        assert np.isfinite(found).all()
