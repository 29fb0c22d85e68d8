"""What removed generations leave in Chroma's folder goes, and is counted while it is there."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.settings import ROOT, Settings
from ingest.pipeline import ingest
from ingest.publishing.verify import verify
from tests.support.databases import running_chroma
from tests.support.small import Small, document
from vectorstore import store
from vectorstore.generations import Generations
from vectorstore.leftovers import Leftovers, LeftoversError, look
from vectorstore.store import open_index

SECRET = b"zeldzaamwoord"
KEPT = {"keep_generations": 2}  # fewer than are published here


def _files(number: int) -> dict[str, str]:
    return {
        "alpha.md": document("alpha", f"Here are {number} ships."),
        "beta.md": document("beta", "Here are boats."),
    }


def _publish_and_remove(small: Small, settings: Settings) -> None:
    """One document is removed, and three generations are published after that."""
    small({**_files(0), "gone.md": document("gone", f"Here is a {SECRET.decode()}.")})
    ingest(settings)
    for number in range(1, 4):
        small(_files(number))
        ingest(settings)


def _folders(folder: Path) -> int:
    return sum(place.is_dir() for place in folder.iterdir())


@pytest.mark.long
def test_three_publications_later_nothing_of_what_was_removed_is_there(small: Small) -> None:
    settings = small({}).model_copy(update=KEPT)
    _publish_and_remove(small, settings)
    folder = settings.data_dir / "chroma"
    kept = len(Generations(settings).pointer().kept)

    assert _folders(folder) == 2 * kept  # passages and units of each
    assert SECRET not in (folder / "chroma.sqlite3").read_bytes()
    assert not look(folder)
    assert (verify(settings).problems, verify(settings).notes) == ((), ())


def test_what_could_not_be_removed_is_counted_does_not_fail_a_run_and_goes_with_the_next(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small({}).model_copy(update=KEPT)

    def locked(folder: Path, *, remove: bool = False) -> Leftovers:
        if remove:
            raise LeftoversError("database is locked")
        return look(folder)

    with monkeypatch.context() as patch:
        patch.setattr(store, "look", locked)
        _publish_and_remove(small, settings)
    folder = settings.data_dir / "chroma"
    left = look(folder)
    assert (left.folders, _folders(folder)) == (4, 8)
    assert left.folder_bytes > 0
    assert left.free_bytes > 0
    found = verify(settings)
    (note,) = found.notes
    assert found.problems == ()
    assert note.startswith("Removed generations left behind 4 folders with")
    assert SECRET in (folder / "chroma.sqlite3").read_bytes()

    ingest(settings)  # which finds nothing to do

    assert verify(settings).notes == ()
    assert SECRET not in (folder / "chroma.sqlite3").read_bytes()


def test_a_program_that_has_the_store_open_goes_on_answering(small: Small) -> None:
    settings = small(_files(0)).model_copy(update=KEPT)
    ingest(settings)
    asking = (
        "import sys; from pathlib import Path; from core.settings import Settings\n"
        "from vectorstore.store import open_index\n"
        "Settings.model_config['env_file'] = None\n"
        "index = open_index(Settings(data_dir=Path(sys.argv[1])))\n"
        "for line in sys.stdin:\n"
        "    print(index.snapshot().search('How many ships?', 1)[0].passage.text, flush=True)\n"
    )
    command = [sys.executable, "-c", asking, str(settings.data_dir)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdin
        assert program.stdout
        for number in range(4):
            small(_files(number))
            ingest(settings)
            print(file=program.stdin, flush=True)
            assert f"{number} ships" in program.stdout.readline()
        program.stdin.close()
    assert not look(settings.data_dir / "chroma")


@pytest.mark.long
def test_on_a_server_they_go_with_a_program_for_its_machine(small: Small, tmp_path: Path) -> None:
    folder = tmp_path / "server"
    with running_chroma(folder) as address:
        settings = small({}).model_copy(update={**KEPT, "chroma_url": address})
        _publish_and_remove(small, settings)
        assert look(folder).folders == 4
        (note,) = verify(settings).notes
        assert "python vectorstore/leftovers.py FOLDER" in note

        assert not look(folder, remove=True)  # while the server runs

        assert SECRET not in (folder / "chroma.sqlite3").read_bytes()
        found = open_index(settings).snapshot().search("How many ships?", 1)
        assert "3 ships" in found[0].passage.text
        assert verify(settings).problems == ()


def test_a_folder_that_is_none_of_chroma_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0549d067-ef3f-4f14-bf40-fbad03d2abd3").mkdir()
    with pytest.raises(LeftoversError, match="is no folder of Chroma"):
        look(tmp_path, remove=True)
    assert _folders(tmp_path) == 1
