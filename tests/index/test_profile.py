"""An embedder that nothing was fitted for: its cosines are moved onto the scale of the weights."""

import hashlib
import json
import shutil
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from chain.assistant import Assistant
from core.errors import ModelError
from core.settings import ROOT, Settings
from ingest.pipeline import ingest
from research.fitting import write
from tests.support.profiles import own_profiles as own_profiles
from vectorstore.embeddings import LocalEmbedder, Vectors, local_embedder
from vectorstore.generations import Generations
from vectorstore.profile import DEFAULT, REFERENCE, measure, profile_of
from vectorstore.store import Index


class Turned(LocalEmbedder):
    """The local embedder's vectors centred and rotated: cosines are at 0.2 to 0.6, not at 0.8."""

    fingerprint = "turned/384"

    def __init__(self) -> None:
        super().__init__()
        reference = json.loads(REFERENCE.read_text("utf-8"))
        self._centre = super().passages([*chain.from_iterable(reference["passages"])]).mean(axis=0)
        self._rotation = np.linalg.qr(np.random.default_rng(5).normal(size=(384, 384)))[0]

    def query(self, text: str) -> Vectors:
        return self._turned(super().query(text))

    def queries(self, texts: list[str]) -> Vectors:
        return self._turned(super().queries(texts))

    def passages(self, texts: list[str]) -> Vectors:
        return self._turned(super().passages(texts))

    def _turned(self, vectors: Vectors) -> Vectors:
        turned = (vectors - self._centre) @ self._rotation
        lengths = np.linalg.norm(turned, axis=-1, keepdims=True)
        return np.asarray(turned / lengths, dtype=np.float32)


@pytest.mark.long
def test_an_answer_in_another_geometry(settings: Settings, tmp_path: Path) -> None:
    """Over the briefs without their prepared questions."""
    texts = shutil.copytree(
        ROOT / "corpus", tmp_path / "texts", ignore=shutil.ignore_patterns("*.questions.*")
    )
    own = Settings(data_dir=tmp_path / "turned", corpus_dirs=(texts,))
    embedder = Turned()
    ingest(own, embedder=embedder)
    assistant = Assistant(settings)
    assistant.index = Index(own, Generations(own), embedder)
    answer = assistant.ask("Hoeveel is de drugsmarkt waard?", language="nl")
    assert answer.kind == "found"  # as of the default embedder
    assert "30 miljard euro" in answer.text
    assert assistant.ask("Goedemorgen!", language="nl").message == "greeting"
    assert not assistant.ask("Wie won het songfestival van 1975?", language="nl").answered


class Hashed:
    """An embedder of whatever geometry, without a model."""

    limit = 512
    at_once = 1
    fingerprint = "hashed/16"
    asked = 0
    fails = False

    def query(self, text: str) -> Vectors:
        return self.passages([text])[0]

    def queries(self, texts: list[str]) -> Vectors:
        return self.passages(texts)

    def passages(self, texts: list[str]) -> Vectors:
        if self.fails:
            raise ModelError("The embeddings server did not answer.")
        self.asked += len(texts)
        seeds = (int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) for text in texts)
        made = np.stack([np.random.default_rng(seed).normal(size=16) for seed in seeds])
        return np.asarray(made / np.linalg.norm(made, axis=1, keepdims=True), dtype=np.float32)

    def token_count(self, text: str) -> int:
        return len(text) // 4


def test_the_default_embedder_is_read_as_it_is(tmp_path: Path) -> None:
    made = profile_of(local_embedder(), tmp_path)
    assert (local_embedder().fingerprint, made.own) == (DEFAULT, None)
    assert made.on_scale("unit", 0.8123456789) == 0.8123456789
    assert not list(tmp_path.iterdir())


def test_what_was_measured_of_the_default_embedder_is_still_so() -> None:
    profile = profile_of(local_embedder(), Path())
    stored = profile.cosines
    for kind, found in measure(local_embedder(), profile.adapter).items():
        assert found.mean == pytest.approx(stored[kind].mean, abs=2e-3)
        assert found.spread == pytest.approx(stored[kind].spread, abs=2e-3)


def test_an_unknown_embedder_is_measured_once_and_never_read_as_it_is(tmp_path: Path) -> None:
    embedder = Hashed()
    made = profile_of(embedder, tmp_path)
    assert made.own is not None
    for kind, own in made.own.items():
        assert made.on_scale(kind, own.mean) == pytest.approx(made.cosines[kind].mean)
        above = made.on_scale(kind, own.mean + own.spread)
        assert above == pytest.approx(made.cosines[kind].mean + made.cosines[kind].spread)
    asked = embedder.asked
    assert profile_of(embedder, tmp_path) == made
    assert embedder.asked == asked > 100
    (file,) = tmp_path.iterdir()
    file.write_text("{", "utf-8")
    assert profile_of(embedder, tmp_path) == made
    assert embedder.asked > asked


def test_nothing_is_kept_of_an_embedder_that_fails(tmp_path: Path) -> None:
    embedder = Hashed()
    embedder.fails = True
    with pytest.raises(ModelError):
        profile_of(embedder, tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_fitted_for_an_embedder_is_used_for_it_alone(
    own_profiles: Path, tmp_path: Path
) -> None:
    before = profile_of(Hashed(), tmp_path / "kept")
    weights = dict.fromkeys(before.ranking, 1.0)
    file = write("hashed/16", "ranking", weights, "a test")
    assert file.parent == own_profiles
    assert json.loads(file.read_text("utf-8"))["ranking"]["made_by"] == "a test"
    made = profile_of(Hashed(), tmp_path / "kept")
    assert made == before.model_copy(update={"ranking": weights})
    assert profile_of(local_embedder(), tmp_path).ranking == before.ranking
