"""Fitting a query adapter on one's own index: what it says, and what it keeps."""

import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from core.settings import Settings
from core.source import Passage, PreparedQuestion
from research.fitting import fit_adapter
from research.reader.adapter import Asked, fit
from vectorstore.embeddings import Vectors
from vectorstore.profile import DEFAULT, adapter_of
from vectorstore.store import Snapshot


@pytest.fixture
def data_dir(unprepared: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of an index without prepared questions, in use."""
    folder = Path(shutil.copytree(unprepared.data_dir, tmp_path / "data"))
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(folder))
    return folder


def asking(monkeypatch: pytest.MonkeyPatch, turned: float) -> None:
    """Each unit is asked for by its own vector, with some of it in the opposite order."""

    def prepared(index: Snapshot, passages: Sequence[Passage]) -> list[PreparedQuestion]:
        names = [name for one in passages for name in one.unit_ids]
        given = {"question": "?", "language": "en"}
        return [PreparedQuestion(id=name, units=(name,), **given) for name in names]

    def asked(index: Snapshot, passages: Sequence[Passage], _: object) -> Asked:
        units = np.concatenate(index.vectors(passages))
        vectors: Vectors = units + turned * units[:, ::-1]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        right = [[row] for row in range(len(units))]
        return Asked(vectors, units, right, [[] for _ in right])

    monkeypatch.setattr(fit_adapter, "_prepared", prepared)
    monkeypatch.setattr(fit_adapter, "_asked", asked)
    monkeypatch.setattr(fit_adapter, "fit", partial(fit, steps=30))


def test_without_enough_prepared_questions_it_says_how_many_are_needed(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fit_adapter.main() == 1
    assert "50 in each half of the documents" in capsys.readouterr().out
    assert not (data_dir / "embedders").exists()


def test_one_that_finds_more_is_kept_and_used(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asking(monkeypatch, turned=1.0)
    assert fit_adapter.main() == 0
    without, with_one, kept = capsys.readouterr().out.splitlines()
    assert without.startswith("without an adapter:")
    assert with_one.startswith("with an adapter:")
    assert str(data_dir) in kept
    assert adapter_of(DEFAULT, data_dir / "embedders") is not None


def test_one_that_finds_nothing_more_is_not_kept(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asking(monkeypatch, turned=0.0)
    assert fit_adapter.main() == 0
    assert "It gains nothing here" in capsys.readouterr().out
    assert not (data_dir / "embedders").exists()
