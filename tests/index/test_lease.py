"""Several machines that ingest into one Chroma server: one at a time, and none breaks another's."""

import threading
import time
from collections.abc import Iterator

import pytest

from core.errors import LockedError, StoreError
from core.settings import Settings
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import Event, IngestOptions, Planned
from ingest.publishing.verify import verify
from tests.support.databases import running_chroma
from tests.support.publishing import before_publishing
from tests.support.ships import collections, files, ships
from tests.support.small import Small
from vectorstore import chroma, lease
from vectorstore.generations import Generations
from vectorstore.lease import Lease
from vectorstore.store import open_index


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_chroma(tmp_path_factory.mktemp("server")) as address:
        yield address


@pytest.fixture
def here(small: Small, url: str) -> Settings:
    """One machine, whose index holds one document."""
    settings = small(files(0)).model_copy(update={"chroma_url": url})
    client = chroma.connect(settings)
    for collection in client.list_collections():
        client.delete_collection(collection.name)
    ingest(settings)
    return settings


@pytest.fixture
def there(here: Settings) -> Settings:
    """Another machine, with the same documents."""
    return here.model_copy(update={"data_dir": here.data_dir.with_name("there")})


def test_while_one_machine_ingests_another_is_told_who_does(
    small: Small, here: Settings, there: Settings
) -> None:
    small(files(1))
    refused: list[str] = []

    def meanwhile() -> None:
        small(files(2))
        with pytest.raises(LockedError, match=r"process \d+ on .+ since .+lock ends at") as error:
            ingest(there)
        refused.append(str(error.value))

    with before_publishing(meanwhile):
        ingest(here)

    assert len(refused) == 1
    assert "1 ships" in ships(there)
    assert verify(here).problems == ()
    ingest(there)  # free again
    assert "2 ships" in ships(here)
    assert verify(there).problems == ()


def test_a_run_that_lost_its_lock_publishes_nothing_and_the_other_takes_nothing_of_it(
    small: Small, here: Settings, there: Settings
) -> None:
    small(files(1))
    before = collections(here)
    mine: set[str] = set()

    def meanwhile() -> None:  # as after a long sleep of this machine
        mine.update(collections(here) - before - {"strategiewijzer-lock"})
        lock = chroma.connect(here).get_collection("strategiewijzer-lock", None)
        lock.modify(metadata={**(lock.metadata or {}), "expires": 0.0})
        small(files(2))
        ingest(there)
        assert mine <= collections(here)

    lost = pytest.raises(LockedError, match=r"lost the lock.*Nothing was published")
    with lost, before_publishing(meanwhile):
        ingest(here)

    assert len(mine) == 2
    assert "2 ships" in ships(here)
    assert verify(there).problems == ()
    ingest(here)
    assert not mine & collections(here)  # its own leftovers
    assert "strategiewijzer-lock" not in collections(here)


def test_after_a_crash_the_same_folder_goes_on_at_once_and_another_when_the_lock_ends(
    here: Settings, there: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash() -> None:
        """What a run leaves that is killed."""

        def killed(event: Event) -> None:
            if isinstance(event, Planned):
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(Lease, "close", lambda self: self._done.set())
            with pytest.raises(KeyboardInterrupt):
                ingest(here, IngestOptions(rebuild=True), tell=killed)

    crash()
    with pytest.raises(LockedError):
        ingest(there)
    ingest(here)
    ingest(there)
    crash()
    later = time.time() + lease.LEASE
    monkeypatch.setattr(lease.time, "time", lambda: later)
    ingest(there)


def test_the_trial_of_one_machine_another_leaves_alone_and_can_publish(
    small: Small, here: Settings, there: Settings
) -> None:
    small(files(1))
    tried = ingest(here, IngestOptions(trial=True))

    Generations(there).remove_unpublished()

    assert "0 ships" in ships(there)
    asked = open_index(there, trial=True).snapshot().search("How many ships are here?", 1)
    assert "1 ships" in asked[0].passage.text

    report = ingest(there, IngestOptions(planned=tried.fingerprint))

    assert (report.generation, report.embedded) == (tried.trial, 0)
    assert "1 ships" in ships(here)


def test_of_many_that_want_it_at_once_one_gets_it_also_when_it_has_to_be_taken_over(
    here: Settings,
) -> None:
    client = chroma.connect(here)
    for left in (None, {"owner": "dead", "expires": 0.0, "token": "x"}):
        if left:
            client.create_collection("strategiewijzer-lock", metadata=left, embedding_function=None)
        taken: list[Lease] = []
        refused: list[str] = []

        def want(number: int, taken: list[Lease] = taken, refused: list[str] = refused) -> None:
            try:
                taken.append(Lease(chroma.connect(here), f"folder {number}", f"machine {number}"))
            except LockedError as error:
                refused.append(str(error))

        threads = [threading.Thread(target=want, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(taken), len(refused)) == (1, 7)
        taken[0].confirm()
        taken[0].close()
        assert {name for name in collections(here) if "lock" in name} == set()


def test_it_is_renewed_while_a_run_lasts(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LEASE", 2.0)
    held = Lease(chroma.connect(here), "folder", "machine")
    for _ in range(3):
        threading.Event().wait(1.5)
        held.confirm()
        with pytest.raises(LockedError):
            Lease(chroma.connect(here), "another", "another")
    held.close()


def test_only_what_is_whole_is_published(here: Settings) -> None:
    generations = Generations(here)
    current = generations.current()
    entry = current.manifest.segments[0].model_copy(update={"id": "half"})
    manifest = current.manifest.model_copy(update={"id": "half", "segments": (entry,)})
    generations.create(manifest)
    chroma.connect(here).delete_collection("units-half")

    with pytest.raises(StoreError, match="half was not published: a part of it is gone"):
        generations.publish("half")

    assert generations.pointer().current == current.id
    assert "0 ships" in ships(here)
