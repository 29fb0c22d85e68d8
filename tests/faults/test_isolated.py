"""Loading in another process: the same documents and errors, and no file can stop the run."""

import logging
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import DocumentError
from core.settings import ROOT, Settings
from ingest.passages.isolated import Loader
from ingest.passages.split import split
from ingest.reading.load import load
from tests.support import pdf_files
from vectorstore.embeddings import token_counter

pytestmark = pytest.mark.usefixtures("nothing_kept")

GOOD = ROOT / "corpus/en/drugs-agenda.md"


def write(file: Path, content: bytes) -> Path:
    file.write_bytes(content)
    return file


def workers() -> list[int]:
    command = ["pgrep", "-P", str(os.getpid()), "-f", "ingest.passages.isolated"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    return [int(line) for line in listed.stdout.split()]


@pytest.fixture
def settings(tmp_path: Path, give_model: Callable[[Path], Path]) -> Settings:
    return Settings(data_dir=give_model(tmp_path / "data"))


def test_a_document_comes_out_as_if_loaded_here(settings: Settings) -> None:
    token_count = token_counter(estimated=False)
    with Loader(settings) as loader:
        for file in sorted((ROOT / "corpus").rglob("drugs*.md")):
            loaded = loader.load(file)
            assert loaded.document == load(file)
            assert loaded.passages == tuple(split(loaded.document, token_count))


def test_one_worker_is_kept_and_ends_with_the_loader(settings: Settings) -> None:
    with Loader(settings) as loader:
        loader.load(GOOD)
        first = workers()
        loader.load(GOOD)
        assert workers() == first
        assert len(first) == 1
    assert workers() == []


def test_a_document_error_comes_out_as_it_was_raised(settings: Settings, tmp_path: Path) -> None:
    file = write(tmp_path / "wrong.en.md", b"---\nid: wrong\nlanguage: english\n---\n\nText.\n")
    with pytest.raises(DocumentError) as here:
        load(file)
    with Loader(settings) as loader, pytest.raises(DocumentError) as there:
        loader.load(file)
    assert str(there.value) == str(here.value)
    assert (there.value.path, there.value.line) == (str(file), 3)
    assert there.value.remedy == here.value.remedy
    assert (there.value.fault, there.value.field) == ("value", "language")


def test_any_name_crosses_the_border(settings: Settings, tmp_path: Path) -> None:
    with Loader(settings) as loader:
        for name in ("a b.en.md", "été.fr.md", "new\nline.en.md", "\u202fx\u200f.en.md"):
            file = write(tmp_path / name, b"# Title\n\nA sentence here.\n")
            assert loader.load(file).document.path == str(file)


def test_a_file_that_takes_too_long_is_given_up_and_the_next_one_is_loaded(
    settings: Settings, tmp_path: Path
) -> None:
    file = write(tmp_path / "slow.en.pdf", pdf_files.bomb(8))
    with Loader(settings.model_copy(update={"parse_timeout": 2})) as loader:
        with pytest.raises(DocumentError, match="takes longer than 2 seconds") as caught:
            loader.load(file)
        assert caught.value.path == str(file)
        assert "STRATEGIEWIJZER_PARSE_TIMEOUT" in caught.value.remedy
        assert loader.load(GOOD).document.id == "drugs-agenda"


def test_a_file_that_takes_too_much_memory_is_given_up_for_the_next(
    settings: Settings, tmp_path: Path
) -> None:
    file = write(tmp_path / "large.en.pdf", pdf_files.bomb(20))
    with Loader(settings.model_copy(update={"parse_memory": 512})) as loader:
        with pytest.raises(DocumentError, match=r"memory|ends the process") as caught:
            loader.load(file)
        assert caught.value.remedy.startswith("It may be damaged or made to do harm")
        assert "Only if you trust it" in caught.value.remedy
        assert "STRATEGIEWIJZER_PARSE_MEMORY" in caught.value.remedy
        assert loader.load(GOOD).document.id == "drugs-agenda"


def test_a_worker_that_is_killed_between_two_files_is_replaced(settings: Settings) -> None:
    with Loader(settings) as loader:
        loader.load(GOOD)
        (worker,) = workers()
        os.kill(worker, signal.SIGKILL)
        os.waitid(os.P_PID, worker, os.WEXITED | os.WNOWAIT)  # until it has ended, not reaped
        assert loader.load(GOOD).document.id == "drugs-agenda"
        assert workers() != [worker]


def test_what_the_worker_logs_is_seen_also_where_it_is_no_text(
    settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = pdf_files.typed(["The market for drugs grows."], [])
    file = write(tmp_path / os.fsdecode(b"\xff.en.pdf"), content)
    with caplog.at_level(logging.WARNING), Loader(settings) as loader:
        assert "The market" in loader.load(file).document.text
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("ingest.reading.formats.pdf", "WARNING")
    assert "no text on page 2" in caplog.text
