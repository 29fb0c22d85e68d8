"""Two replicas of the app and two ingest hosts, with folders of their own, on shared servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import LockedError
from core.settings import Settings
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import IngestOptions
from ingest.publishing.verify import verify
from tests.support.databases import Postgresql, running_chroma
from tests.support.people import talk, verdict
from tests.support.publishing import before_publishing
from tests.support.ships import collections, files
from tests.support.small import Small
from userdata import feedback
from userdata.conversations import Conversations
from userdata.database import database
from vectorstore import lease
from vectorstore.store import Index, open_index


@pytest.fixture
def hosts(small: Small, postgresql: Postgresql, tmp_path: Path) -> Iterator[dict[str, Settings]]:
    """The settings of four hosts that share a Chroma server and a database."""
    shared = {"database_url": SecretStr(postgresql.new_database()), "keep_generations": 1}
    names = ("replica-a", "replica-b", "ingest-a", "ingest-b")
    with running_chroma(tmp_path / "server") as address:
        settings = small(files(0)).model_copy(update={**shared, "chroma_url": address})
        made = {name: settings.model_copy(update={"data_dir": tmp_path / name}) for name in names}
        yield made
    for one in made.values():
        database(one).engine.dispose()


def asked(index: Index) -> str:
    return index.snapshot().search("How many ships are here?", 1)[0].passage.text


@pytest.mark.long
def test_after_each_publication_both_replicas_answer_from_it_and_nothing_is_left(
    small: Small, hosts: dict[str, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(hosts["ingest-a"])
    replicas = [open_index(hosts[f"replica-{name}"]) for name in "ab"]
    refused: list[str] = []

    def meanwhile() -> None:
        with pytest.raises(LockedError, match="Another ingest run is busy") as told:
            ingest(hosts["ingest-b"], IngestOptions(rebuild=True))
        refused.append(str(told.value))
        assert {asked(replica) for replica in replicas} == {f"Here are {number - 1} ships."}

    for number, host in ((1, "ingest-b"), (2, "ingest-a"), (3, "ingest-b")):
        small(files(number))
        before = meanwhile if host == "ingest-a" else lambda: None
        with before_publishing(before):
            generation = ingest(hosts[host]).generation
        for replica in replicas:
            assert f"{number} ships" in asked(replica)
            assert replica.snapshot().generation == generation
    assert len(refused) == 1
    for name in ("replica-a", "replica-b", "ingest-b"):
        assert [path.name for path in (hosts[name].data_dir / "keyword").iterdir()] == [generation]
    assert verify(hosts["ingest-b"]).problems == ()
    # what the other host made goes once no run of its can still be at work on it
    monkeypatch.setattr(lease, "LEASE", 0.0)
    ingest(hosts["ingest-b"])
    there = {name for name in collections(hosts["replica-a"]) if "-" in name}
    assert there == {f"passages-{generation}", f"units-{generation}"}


def test_what_is_asked_at_one_replica_is_there_at_the_other(hosts: dict[str, Settings]) -> None:
    first, second = (database(hosts[f"replica-{name}"]) for name in "ab")
    talked = talk("Wat is EMPACT?")
    Conversations("an", first, 90).put(talked)
    assert Conversations("an", second, 90).find(talked.id) == talked
    assert Conversations("bo", second, 90).find(talked.id) is None
    feedback.save(first, verdict(1))
    feedback.handle(second, verdict(1), "maud")
    (given,) = feedback.read(first)
    assert given.by == "maud"
    assert not any((hosts[f"replica-{name}"].data_dir / "people.sqlite").exists() for name in "ab")
