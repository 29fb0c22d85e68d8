"""A trial: what would be published is built and asked first; users see nothing of it."""

from pathlib import Path

import pytest

from chain import __main__ as chain
from chain.assistant import Assistant
from command.backup import back_up, restore
from core.command_line import BUSY
from core.errors import LockedError, NoIndexError, StoreError
from core.settings import Settings
from ingest.__main__ import main
from ingest.pipeline import ingest
from ingest.publishing.history import history
from ingest.publishing.ingest_run import Embedded, Event, IngestOptions, StoppedError
from ingest.publishing.lock import exclusive
from ingest.publishing.verify import verify
from tests.support.commands import whole_environment
from tests.support.small import LIGHTHOUSES, Small
from vectorstore import chroma
from vectorstore.embeddings import Vectors, local_embedder
from vectorstore.generations import Generations
from vectorstore.keyword_index import keyword_folder
from vectorstore.store import open_index

ASKED = "How many lighthouses does the northern coast have?"


def _files(number: int) -> dict[str, str]:
    return {"lighthouses.en.md": LIGHTHOUSES.replace("31 lighthouses", f"{number} lighthouses")}


class _Counting:
    """The real embedder, which counts the texts that it embeds."""

    def __init__(self) -> None:
        self._real = local_embedder()
        self.fingerprint, self.limit = self._real.fingerprint, self._real.limit
        self.query, self.token_count = self._real.query, self._real.token_count
        self.at_once = self._real.at_once
        self.embedded = 0

    def queries(self, texts: list[str]) -> Vectors:
        self.embedded += len(texts)
        return self._real.queries(texts)

    def passages(self, texts: list[str]) -> Vectors:
        self.embedded += len(texts)
        return self._real.passages(texts)


@pytest.fixture
def settings(small: Small) -> Settings:
    """An index that says 31, and texts that say 32."""
    made = small(_files(31))
    ingest(made)
    small(_files(32))
    return made


def _left(settings: Settings, generation: str) -> bool:
    """Whether anything of a generation is stored."""
    names = [one.name for one in chroma.connect(settings).list_collections()]
    return (
        any(generation in name for name in names) or keyword_folder(settings, generation).exists()
    )


def _is_tried(settings: Settings) -> bool:
    try:
        return bool(open_index(settings, trial=True).documents())
    except StoreError:
        return False


def test_it_answers_from_the_trial_while_readers_notice_nothing(settings: Settings) -> None:
    readers = Assistant(settings)
    before = readers.ask(ASKED)
    opened, kept = readers.index.snapshot(), history(settings)

    report = ingest(settings, IngestOptions(trial=True))

    assert report.generation == ""
    assert report.trial
    assert "32 lighthouses" in Assistant(settings, trial=True).ask(ASKED).text
    after = readers.ask(ASKED)
    assert after.model_copy(update={"timings": before.timings}) == before
    assert readers.index.snapshot() is opened
    assert "31 lighthouses" in Assistant(settings).ask(ASKED).text
    assert history(settings) == kept
    assert verify(settings).problems == ()


@pytest.mark.parametrize("options", [IngestOptions(as_tried=True), IngestOptions()])
def test_what_was_tried_is_published_as_it_is_without_embedding_again(
    settings: Settings, options: IngestOptions
) -> None:
    embedder = _Counting()
    tried = ingest(settings, IngestOptions(trial=True), embedder=embedder)
    assert embedder.embedded > 0
    embedder.embedded = 0

    report = ingest(settings, options, embedder=embedder)

    assert report.generation == tried.trial
    assert (report.embedded, embedder.embedded) == (0, 0)
    assert "32 lighthouses" in Assistant(settings).ask(ASKED).text
    assert not _is_tried(settings)
    assert verify(settings).problems == ()
    assert Generations(settings).unpublished() == []


def test_before_the_first_publication_there_can_be_a_trial(small: Small) -> None:
    settings = small(_files(31))
    tried = ingest(settings, IngestOptions(trial=True))
    assert "31 lighthouses" in Assistant(settings, trial=True).ask(ASKED).text
    with pytest.raises(NoIndexError):
        Assistant(settings)
    assert ingest(settings).generation == tried.trial


@pytest.mark.parametrize("is_trial", [True, False])
def test_when_something_else_is_published_or_tried_it_is_gone(
    small: Small, settings: Settings, is_trial: bool
) -> None:
    tried = ingest(settings, IngestOptions(trial=True)).trial
    assistant = Assistant(settings, trial=True)
    small(_files(33))

    ingest(settings, IngestOptions(trial=is_trial))

    assert not _left(settings, tried)
    assert _is_tried(settings) == is_trial
    if is_trial:
        assert "33 lighthouses" in assistant.ask(ASKED).text
    else:
        with pytest.raises(StoreError, match="There is no trial"):
            assistant.ask(ASKED)
        assert "33 lighthouses" in Assistant(settings).ask(ASKED).text


def test_when_the_texts_are_as_they_were_it_is_gone(small: Small, settings: Settings) -> None:
    tried = ingest(settings, IngestOptions(trial=True)).trial
    small(_files(31))
    assert ingest(settings).generation == ""
    assert not _is_tried(settings)
    assert not _left(settings, tried)


def test_once_the_documents_have_changed_it_is_not_published(
    small: Small, settings: Settings
) -> None:
    tried = ingest(settings, IngestOptions(trial=True))
    small(_files(33))
    with pytest.raises(StoppedError, match="have changed since the plan"):
        ingest(settings, IngestOptions(trial=True, planned=tried.fingerprint))
    with pytest.raises(StoppedError, match="Prepare a new trial with: python -m ingest --trial"):
        ingest(settings, IngestOptions(as_tried=True))
    assert "31 lighthouses" in Assistant(settings).ask(ASKED).text
    small(_files(32))
    assert ingest(settings, IngestOptions(as_tried=True)).generation == tried.trial


def test_rollback_ends_it_and_the_next_run_removes_it(small: Small, settings: Settings) -> None:
    ingest(settings)
    small(_files(33))
    tried = ingest(settings, IngestOptions(trial=True)).trial

    Generations(settings).rollback()

    with pytest.raises(StoreError, match="something was published or restored since"):
        ingest(settings, IngestOptions(as_tried=True))
    ingest(settings)
    assert not _left(settings, tried)
    assert "33 lighthouses" in Assistant(settings).ask(ASKED).text


def test_nothing_is_built_again_for_the_same_trial_unless_it_is_damaged(settings: Settings) -> None:
    tried = ingest(settings, IngestOptions(trial=True)).trial
    assert ingest(settings, IngestOptions(trial=True)).trial == tried
    chroma.connect(settings).delete_collection(f"units-{tried}")
    with pytest.raises(StoreError):
        ingest(settings, IngestOptions(as_tried=True))
    assert "31 lighthouses" in Assistant(settings).ask(ASKED).text
    again = ingest(settings, IngestOptions(trial=True)).trial
    assert again not in ("", tried)
    assert not _left(settings, tried)
    assert ingest(settings, IngestOptions(as_tried=True)).generation == again


def test_a_rebuild_takes_nothing_over_from_it(settings: Settings) -> None:
    tried = ingest(settings, IngestOptions(trial=True))
    assert ingest(settings, IngestOptions(rebuild=True)).generation != tried.trial
    assert not _left(settings, tried.trial)


@pytest.mark.parametrize("there", [False, True], ids=["none before", "another before"])
def test_a_crash_while_it_is_built_leaves_nothing_that_the_next_run_does_not_clear(
    small: Small, settings: Settings, there: bool
) -> None:
    if there:
        ingest(settings, IngestOptions(trial=True))
        small(_files(33))

    def crash(event: Event) -> None:
        if isinstance(event, Embedded) and event.done == event.total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ingest(settings, IngestOptions(trial=True), tell=crash)

    assert _is_tried(settings) == there
    if there:
        assert "32 lighthouses" in Assistant(settings, trial=True).ask(ASKED).text
    assert "31 lighthouses" in Assistant(settings).ask(ASKED).text
    small(_files(31))
    ingest(settings)
    assert Generations(settings).unpublished() == []
    kept = Generations(settings).pointer().kept
    assert {place.name for place in keyword_folder(settings).iterdir()} == set(kept)


def test_of_two_runs_at_once_one_is_told(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in whole_environment(settings).items():
        monkeypatch.setenv(name, value)
    ingest(settings, IngestOptions(trial=True))
    with exclusive(settings.data_dir):
        with pytest.raises(LockedError):
            ingest(settings, IngestOptions(trial=True))
        with pytest.raises(LockedError):
            ingest(settings)
        assert main(["discard"]) == BUSY
    assert "Another ingest run is busy" in capsys.readouterr().err
    assert _is_tried(settings)


def test_a_removal_that_was_allowed_for_the_trial_is_published_with_it(
    small: Small, settings: Settings
) -> None:
    text = LIGHTHOUSES.replace("lighthouses", "ferries")
    small({"ferries.en.md": text})
    with pytest.raises(StoppedError, match="--allow-shrink"):
        ingest(settings, IngestOptions(trial=True))
    tried = ingest(settings, IngestOptions(trial=True, allow_shrink=True)).trial
    assert ingest(settings, IngestOptions(as_tried=True)).generation == tried


def test_a_backup_has_it_and_once_restored_it_can_be_asked_and_published(
    settings: Settings, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"documents_dir": tmp_path / "documents"})
    tried = ingest(settings, IngestOptions(trial=True)).trial
    back_up(settings, tmp_path / "backup.zip")
    there = settings.model_copy(
        update={"data_dir": tmp_path / "there", "documents_dir": tmp_path / "others"}
    )
    restore(there, tmp_path / "backup.zip")
    assert "31 lighthouses" in Assistant(there).ask(ASKED).text
    assert "32 lighthouses" in Assistant(there, trial=True).ask(ASKED).text
    report = ingest(there, IngestOptions(as_tried=True))
    assert (report.generation, report.embedded) == (tried, 0)


def test_on_the_command_line_it_is_prepared_published_and_discarded(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in whole_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert main(["publish"]) == 1
    assert "There is no trial" in capsys.readouterr().err
    assert main(["--trial"]) == 0
    out = capsys.readouterr().out
    assert "Trial (nothing was published):" in out
    assert "python -m ingest publish" in out
    tried = Generations(settings).pointer().trial
    assert chain.main([ASKED, "--trial"]) == 0
    assert "32 lighthouses" in capsys.readouterr().out
    assert chain.main([ASKED]) == 0
    assert "31 lighthouses" in capsys.readouterr().out
    assert main(["discard"]) == 0
    assert capsys.readouterr().out == f"Discarded {tried}.\n"
    assert not _left(settings, tried)
    assert chain.main([ASKED, "--trial"]) == 1
    assert "python -m ingest --trial" in capsys.readouterr().err
    assert main(["discard"]) == 0
    assert capsys.readouterr().out == "There was no trial to discard.\n"

    assert main(["--trial"]) == 0
    tried = Generations(settings).pointer().trial
    assert main(["publish", "--note", "As tried"]) == 0
    assert f"Generation {tried} is in use." in capsys.readouterr().out
    assert history(settings)[-1].note == "As tried"
    for other in ("--dry-run", "--rebuild"):
        assert main(["--trial", other]) == 2
    assert main(["publish", "corpus", "--only", "lighthouses.en"]) == 2
    for command in ("publish", "discard"):
        assert main([command, "--help"]) == 0
        assert "trial" in capsys.readouterr().out
