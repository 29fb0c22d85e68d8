"""Fitting a query adapter on one's own index: what it says, and what it keeps."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from core.settings import Settings
from core.source import Passage, PreparedQuestion
from research.fitting import fit_adapter
from research.reader import adapter
from research.reader.adapter import Asked, fit
from vectorstore.embeddings import Vectors
from vectorstore.profile import DEFAULT, adapter_of
from vectorstore.store import Snapshot


@pytest.fixture
def data_dir(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own with the index of the briefs, in use."""
    for name in ("chroma", "keyword"):
        (tmp_path / name).symlink_to(settings.data_dir / name, target_is_directory=True)
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(tmp_path))
    return tmp_path


def asking(monkeypatch: pytest.MonkeyPatch, turned: float) -> None:
    """Each unit is asked for by its own vector, with some of it in the opposite order."""
    asked_of = fit_adapter._asked

    def prepared(index: Snapshot, passages: Sequence[Passage]) -> list[PreparedQuestion]:
        names = [name for one in passages for name in one.unit_ids]
        given = {"question": "?", "language": "en"}
        return [PreparedQuestion(id=name, units=(name,), **given) for name in names]

    def asked(
        index: Snapshot, passages: Sequence[Passage], questions: Sequence[PreparedQuestion]
    ) -> Asked:
        monkeypatch.setattr(index.embedder, "queries", lambda texts: np.zeros((len(texts), 1)))
        found = asked_of(index, passages, questions)
        vectors: Vectors = found.units + turned * found.units[:, ::-1]
        return found._replace(vectors=vectors / np.linalg.norm(vectors, axis=1, keepdims=True))

    monkeypatch.setattr(fit_adapter, "_prepared", prepared)
    monkeypatch.setattr(fit_adapter, "_asked", asked)
    monkeypatch.setattr(fit_adapter, "fit", partial(fit, steps=10))
    monkeypatch.setattr(adapter, "_RATE", 1e-3)


def test_without_enough_prepared_questions_it_says_how_many_are_needed(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fit_adapter, "_FEWEST", 5000)
    assert fit_adapter.main() == 1
    assert "5000 in each half of the documents" in capsys.readouterr().out
    assert not (data_dir / "embedders").exists()


def test_only_one_that_finds_more_is_kept_and_used(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asking(monkeypatch, turned=0.0)
    assert fit_adapter.main() == 0
    assert "It gains nothing here" in capsys.readouterr().out
    assert not (data_dir / "embedders").exists()
    asking(monkeypatch, turned=1.0)
    assert fit_adapter.main() == 0
    without, with_one, kept = capsys.readouterr().out.splitlines()
    assert without.startswith("without an adapter:")
    assert with_one.startswith("with an adapter:")
    assert str(data_dir) in kept
    assert adapter_of(DEFAULT, data_dir / "embedders") is not None
