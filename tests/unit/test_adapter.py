"""The query adapter: what it learns, and which one is used."""

from pathlib import Path

import numpy as np
import pytest

from research.reader import adapter
from research.reader.adapter import Asked, fit, places
from vectorstore.embeddings import Vectors
from vectorstore.profile import Adapter, adapter_file, adapter_of

WIDTH, TOPICS = 24, 60


def unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=-1, keepdims=True), np.float32)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Questions whose vectors are those of their units, turned a little, all the same way."""
    monkeypatch.setattr(adapter, "_DRAWN", 30)
    monkeypatch.setattr(adapter, "_DECAY", 0.0)
    monkeypatch.setattr(adapter, "_RATE", 1e-2)
    chance = np.random.default_rng(1)
    units = unit(chance.normal(size=(TOPICS, WIDTH)))
    turned = unit(0.6 * units + units[:, ::-1])
    rows = [[row] for row in range(TOPICS)]
    return Asked(turned, units, rows, [[] for _ in rows], np.arange(TOPICS))


def test_a_map_is_learned_by_which_questions_find_their_units(asked: Asked) -> None:
    before = places(asked.vectors, asked)
    after = places(fit(asked, steps=200)(asked.vectors), asked)
    assert (before == 0).mean() < 0.7 < 0.9 < (after == 0).mean()


def test_an_adapter_is_kept_and_the_first_folder_that_has_one_counts(tmp_path: Path) -> None:
    mine, ours = tmp_path / "mine", tmp_path / "ours"
    for folder in (mine, ours):
        folder.mkdir()
    assert adapter_of("a model/1", mine, ours) is None
    matrix = np.eye(3, dtype=np.float32)
    Adapter(matrix, np.zeros(3, np.float32)).write(adapter_file("a model/1", ours))
    Adapter(-matrix, np.ones(3, np.float32)).write(adapter_file("a model/1", mine))
    found = adapter_of("a model/1", mine, ours)
    assert found is not None
    assert np.array_equal(found.matrix, -matrix)
    moved = found(np.array([1, 0, 0], np.float32))
    assert moved == pytest.approx(unit(np.array([1.0, 0.5, 0.5])), abs=1e-6)
