"""What tests share is what each would have made: vectors, reading processes, indexes."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import DocumentError
from core.settings import Settings
from ingest.passages.isolated import Loader
from ingest.pipeline import ingest
from tests.support.kept import Kept, ingested
from tests.support.small import Small
from vectorstore.e5 import E5, e5
from vectorstore.store import open_index

SHIPS = "# Ships\n\nThe harbour has 31 ships.\n"
Indexed = Small


def test_a_kept_vector_is_the_computed_one_and_is_computed_once(
    tmp_path: Path, made_once: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    computed: list[str] = []
    with made_once.set_aside():
        vector = e5().vector(SHIPS)

        def noted(model: E5, text: str) -> object:
            computed.append(text)
            return vector

        monkeypatch.setattr(E5, "vector", noted)
        file = tmp_path / "vectors.sqlite"
        for kept in (Kept(file), Kept(file)):  # the second finds what the first has written
            with kept.in_place():
                for _ in range(2):
                    assert np.array_equal(e5().vector(SHIPS), vector)
                    assert e5().vector(SHIPS).dtype == vector.dtype
        assert computed == [SHIPS]


def test_one_process_reads_for_one_run_after_another_until_it_fails(
    tmp_path: Path, made_once: Kept
) -> None:
    file = tmp_path / "ships.en.md"
    file.write_text(SHIPS, "utf-8")

    def reads(path: Path) -> object:
        """The process that read it."""
        with Loader(Settings(data_dir=tmp_path)) as loader:
            assert loader.load(path).document.title == "Ships"
            return loader._worker

    first = reads(file)
    assert reads(file) is first
    with pytest.raises(DocumentError):
        reads(tmp_path / "none.en.md")
    second = reads(file)
    assert second is not first
    with made_once.set_aside():
        assert reads(file) not in (first, second)


def test_a_copied_index_is_changed_and_the_next_copy_is_as_it_was(
    indexed: Indexed, kept_indexes: Path, tmp_path: Path
) -> None:
    files = {"ships.en.md": SHIPS}
    settings = indexed(files)
    (settings.corpus_dirs[0] / "ships.en.md").write_text(SHIPS.replace("31", "47"), "utf-8")
    ingest(settings)
    assert "47 ships" in open_index(settings).passages()[0].text

    again = settings.model_copy(update={"data_dir": tmp_path / "again"})
    ingested(again, files, kept_indexes)

    (passage,) = open_index(again).passages()
    assert "31 ships" in passage.text
    assert open_index(again).search("How many ships?", k=1)[0].passage == passage
