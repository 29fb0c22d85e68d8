"""A generation as one file: out of one store, into another, and what is refused on the way."""

import io
import json
import random
import shutil
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import ArchiveError, IndexMismatchError, LockedError, StoreError
from core.settings import Settings
from ingest.__main__ import main
from ingest.pipeline import ingest
from ingest.publishing.lock import exclusive
from ingest.publishing.transfer import export_generation, import_generation
from ingest.publishing.verify import verify
from tests.index.test_ingest import _document, _environment
from tests.support.archives import KEPT, members, rewrite
from tests.support.small import Small
from vectorstore import chroma
from vectorstore.embeddings import LocalEmbedder
from vectorstore.generations import Generations
from vectorstore.store import open_index

FILES = {f"{name}.md": _document(name) for name in ("alpha", "beta")}
OTHER = {"gamma.md": _document("gamma", "Here a gamma speaks of trains.")}


@pytest.fixture
def exported(small: Small, tmp_path: Path) -> tuple[Settings, Path]:
    """An index and the file it was exported to."""
    settings = small(FILES)
    ingest(settings)
    file = tmp_path / "backup.zip"
    export_generation(settings, file)
    return settings, file


def _elsewhere(settings: Settings) -> Settings:
    return settings.model_copy(update={"data_dir": settings.data_dir.with_name("elsewhere")})


def _found(settings: Settings) -> list[tuple[str, float]]:
    found = open_index(settings).search("What does it speak of?", k=9, language="en")
    return [(scored.passage.text, round(scored.score, 5)) for scored in found]


def test_what_is_imported_elsewhere_answers_as_where_it_came_from(
    exported: tuple[Settings, Path],
) -> None:
    settings, file = exported
    there = _elsewhere(settings)
    seen: list[tuple[int, int]] = []

    made = import_generation(there, file, lambda done, total: seen.append((done, total)))

    assert seen == [(4, 4)]
    assert Generations(there).pointer().current == made
    assert _found(there) == _found(settings)
    assert verify(there).problems == ()
    assert ingest(there).generation == ""  # the same files are here, so nothing is to be done


def test_a_file_of_the_version_before_can_be_imported(exported: tuple[Settings, Path]) -> None:
    settings, file = exported
    manifest = json.loads(members(file)["manifest.json"])
    for entry in manifest["documents"]:
        del entry["reading"]
    older = json.dumps({**manifest, "splitter": "0123456789ab"})
    rewrite(file, {"manifest.json": older.encode()})
    there = _elsewhere(settings)

    import_generation(there, file)

    assert _found(there) == _found(settings)
    report = ingest(there)
    assert (report.plan.changed, report.embedded) == (("alpha.en", "beta.en"), 0)


def test_a_file_of_today_can_be_imported(small: Small, tmp_path: Path) -> None:
    there, file = small(FILES), tmp_path / "index.zip"
    file.write_bytes(members(KEPT)["generation.zip"])
    assert import_generation(there, file) == Generations(there).pointer().current
    assert "ships" in str(_found(there))
    assert verify(there).problems == ()


def test_where_the_texts_have_other_paths_nothing_is_embedded_again(
    exported: tuple[Settings, Path], tmp_path: Path
) -> None:
    settings, file = exported
    there = _elsewhere(settings).model_copy(update={"corpus_dirs": (tmp_path / "copied",)})
    shutil.copytree(settings.corpus_dirs[0], tmp_path / "copied")
    import_generation(there, file)

    report = ingest(there)

    assert (report.embedded, report.plan.added, report.plan.removed) == (0, (), ())


def test_an_import_becomes_a_new_generation_and_rollback_goes_back(
    exported: tuple[Settings, Path], small: Small
) -> None:
    settings, file = exported
    ingest(small(OTHER), allow_shrink=True)
    before = Generations(settings).pointer()

    made = import_generation(settings, file)

    assert Generations(settings).pointer().kept == (*before.kept, made)
    assert "ships" in str(_found(settings))
    assert len(Generations(settings).current().manifest.segments) == 1
    assert Generations(settings).rollback() == before.current
    assert "trains" in str(_found(settings))
    assert verify(settings).problems == ()


def test_any_kept_generation_can_be_exported(
    exported: tuple[Settings, Path], small: Small, tmp_path: Path
) -> None:
    settings, file = exported
    first = Generations(settings).pointer().current
    ingest(small({**FILES, **OTHER}))

    assert export_generation(settings, file, first) == first
    there = _elsewhere(settings)
    import_generation(there, file)
    assert "gamma" not in str(_found(there))

    export_generation(settings, file)
    import_generation(there, file)
    assert "gamma" in str(_found(there))
    with pytest.raises(StoreError, match=r"'nope'.*python -m ingest history"):
        export_generation(settings, file, "nope")


def test_a_file_can_be_read_with_other_tools(exported: tuple[Settings, Path]) -> None:
    _, file = exported
    folder = file.with_name("unpacked")
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    vectors = np.load(folder / "units.npy", allow_pickle=False)
    assert (vectors.shape, vectors.dtype) == ((4, 384), np.float32)
    lines = (folder / "passages.jsonl").read_text("utf-8").splitlines()
    assert {json.loads(line)["document"]["id"] for line in lines} == {"alpha", "beta"}
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, check=True)
    assert not list(file.parent.glob(".backup*"))


def test_another_embedder_refuses_the_file(
    exported: tuple[Settings, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, file = exported
    other = LocalEmbedder()
    monkeypatch.setattr(other, "fingerprint", "another-model/384")
    monkeypatch.setattr("ingest.publishing.transfer.make_embedder", lambda settings: other)
    there = _elsewhere(settings)

    with pytest.raises(
        IndexMismatchError, match=r"was made by multilingual-e5-small.*but another-model/384"
    ):
        import_generation(there, file)

    assert not there.data_dir.exists()


def _npy(array: object, *, allow_pickle: bool = False) -> bytes:
    out = io.BytesIO()
    np.save(out, np.asarray(array), allow_pickle=allow_pickle)
    return out.getvalue()


def _with_nan(units: bytes) -> bytes:
    vectors = np.load(io.BytesIO(units)).copy()
    vectors[3, 7] = np.nan
    return _npy(vectors)


def _first_twice(passages: bytes) -> bytes:
    lines = passages.splitlines(keepends=True)
    return b"".join([*lines[:-1], lines[0]])


def _without_the_last(file: Path) -> None:
    there = members(file)
    changed = {
        "passages.jsonl": b"".join(there["passages.jsonl"].splitlines(keepends=True)[:-1]),
        "units.npy": _npy(np.load(io.BytesIO(there["units.npy"]))[:-1]),
        "manifest.json": json.dumps({**json.loads(there["manifest.json"]), "units": 3}).encode(),
    }
    rewrite(file, changed)


Harm = Callable[[Path], object]


def _whole(change: Callable[[bytes], bytes]) -> Harm:
    return lambda file: file.write_bytes(change(file.read_bytes()))


def _member(name: str, change: Callable[[bytes], bytes | None], **how: Any) -> Harm:
    return lambda file: rewrite(file, {name: change(members(file).get(name, b""))}, **how)


NEWER = b'{"format": "strategiewijzer-generation", "version": 3}'
PICKLE = _npy(np.empty((4, 384), dtype=object), allow_pickle=True)
PACKED = {"packing": zipfile.ZIP_DEFLATED}
DAMAGES: Mapping[str, tuple[Harm, str]] = {
    "cut off": (_whole(lambda data: data[:-300]), "is damaged"),
    "flipped": (_whole(lambda data: data.replace(data[5000:5008], b"flipped!")), "is damaged"),
    "foreign": (_whole(lambda _: b"%PDF-1.7 not a zip"), "not a zip"),
    "empty": (_whole(lambda _: b""), "not a zip"),
    "no format": (_member("format.json", lambda _: None), "the right parts"),
    "newer": (_member("format.json", lambda _: NEWER), "generation up to version 2 can be read"),
    "a path": (_member("../../outside", lambda _: b"x"), "the right parts"),
    "no vectors": (_member("units.npy", lambda _: None), "the right parts"),
    "other sums": (
        _member("passages.jsonl", lambda data: data.replace(b"sh", b"ch"), right_sums=False),
        "does not fit its checksum",
    ),
    "a pickle": (_member("units.npy", lambda _: PICKLE), "not float32"),
    "no number": (_member("units.npy", _with_nan), "wrong units"),
    "fewer vectors": (_member("units.npy", lambda data: data[:-1536]), "cannot reshape"),
    "more vectors": (_member("units.npy", lambda data: data + bytes(1536)), "its manifest lists"),
    "packed vectors": (_member("units.npy", lambda data: data, **PACKED), "units.npy is packed"),
    "fewer passages": (_without_the_last, "its manifest lists"),
    "a passage twice": (_member("passages.jsonl", _first_twice), "is there twice"),
    "a passage of nothing": (
        _member("passages.jsonl", lambda data: data.replace(b'"alpha', b'"omega')),
        "is of no document",
    ),
    "a bomb": (
        _member("manifest.json", lambda data: data + b" " * 50_000_000, **PACKED),
        "larger than can be",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_is_not_right_is_refused_and_changes_nothing(
    exported: tuple[Settings, Path], damage: str
) -> None:
    settings, file = exported
    before = _found(settings), Generations(settings).pointer(), _collections(settings)
    harm, told = DAMAGES[damage]
    harm(file)

    with pytest.raises(ArchiveError, match=told) as caught:
        import_generation(settings, file)

    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert before == (_found(settings), Generations(settings).pointer(), _collections(settings))
    assert sorted(p.name for p in file.parent.iterdir()) == ["backup.zip", "data", "documents"]


def _collections(settings: Settings) -> set[str]:
    return {collection.name for collection in chroma.connect(settings).list_collections()}


def test_a_file_with_random_bytes_changed_is_refused_or_the_same(
    exported: tuple[Settings, Path],
) -> None:
    settings, file = exported
    right, before = file.read_bytes(), Generations(settings).pointer()
    dice = random.Random(7)  # noqa: S311
    refused = 0
    for _ in range(60):
        data = bytearray(right)
        for _ in range(dice.choice((1, 1, 20))):
            data[dice.randrange(len(data))] = dice.randrange(256)
        file.write_bytes(bytes(data))
        try:
            import_generation(_elsewhere(settings), file)
        except ArchiveError:
            refused += 1
        else:
            assert _found(_elsewhere(settings)) == _found(settings)
    assert refused > 40
    assert Generations(settings).pointer() == before


def test_a_folder_that_is_not_there_and_a_busy_index_are_told(
    exported: tuple[Settings, Path],
) -> None:
    settings, file = exported
    with pytest.raises(ArchiveError, match=r"cannot be written: No such file.*folder that exists"):
        export_generation(settings, file.with_name("no-folder") / "backup.zip")
    with pytest.raises(ArchiveError, match=r"There is no file"):
        import_generation(settings, file.with_name("nothing.zip"))
    with exclusive(settings.data_dir), pytest.raises(LockedError):
        import_generation(settings, file)


def test_a_damaged_generation_is_not_exported(exported: tuple[Settings, Path]) -> None:
    settings, file = exported
    right = file.read_bytes()
    current = Generations(settings).pointer().current
    units = chroma.connect(settings).get_collection(f"units-{current}", None)
    units.delete(ids=units.get(limit=1)["ids"])
    with pytest.raises(StoreError, match="python -m ingest verify"):
        export_generation(settings, file)
    assert file.read_bytes() == right


def test_the_commands_tell_what_they_did(
    small: Small,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = small(FILES)
    file = str(tmp_path / "backup.zip")
    for name, value in _environment(settings).items():
        monkeypatch.setenv(name, value)
    assert main(["export", file]) == 1
    assert "make ingest" in capsys.readouterr().err
    made = ingest(settings).generation
    assert main(["export", file]) == 0
    assert f"Generation {made} is in {file} (0.1 MB)." in capsys.readouterr().out
    assert main(["import", file]) == 0
    assert "is in use. Go back with: python -m ingest rollback" in capsys.readouterr().out
    assert main(["import", str(tmp_path)]) == 1
    assert f"{tmp_path} cannot be read or unpacked: " in capsys.readouterr().err
