"""A Chroma server: behind a proxy with TLS and a password, with tenants, and when it stops."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import chromadb
import pytest
from pydantic import SecretStr

from core.errors import StoreError
from core.settings import Settings
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import Embedded, Event
from ingest.publishing.verify import verify
from tests.support import patient_http
from tests.support.browser import free_port
from tests.support.databases import chroma_command, running
from tests.support.proxies import TOKEN, USER, proxied
from tests.support.publishing import before_publishing
from tests.support.ships import collections, files, ships
from tests.support.small import Small
from vectorstore import chroma
from vectorstore.lease import Lease
from vectorstore.store import open_index


class Server:
    """A Chroma server that can be stopped and started on one port and folder."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = chroma_command(folder, self.port)
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        self._process = self._running.enter_context(running(self._command, self.port))

    def stop(self) -> None:
        self._running.close()

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It takes connections and says nothing until the block ends."""
        self._process.send_signal(signal.SIGSTOP)
        os.waitpid(self._process.pid, os.WUNTRACED)  # until then its threads may go on
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path / "server")
    yield made
    made.stop()


@pytest.fixture
def here(small: Small, server: Server) -> Settings:
    return small(files(0)).model_copy(update={"chroma_url": server.url})


@pytest.fixture
def behind(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: Small
) -> Iterator[Settings]:
    """Settings for the server behind a proxy whose certificate is trusted, without its secret."""
    folder = tmp_path / "proxy"
    folder.mkdir()
    with proxied(server.port, folder) as (address, certificate):
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        yield small(files(0)).model_copy(update={"chroma_url": address})


@pytest.mark.parametrize("user", ["", USER])
def test_a_server_behind_tls_takes_a_token_or_a_password(behind: Settings, user: str) -> None:
    allowed = behind.model_copy(update={"chroma_token": SecretStr(TOKEN), "chroma_user": user})
    ingest(allowed)
    assert "0 ships" in ships(allowed)
    for token, name in (("", ""), ("wrong", ""), ("wrong", USER), (TOKEN, "bo")):
        changes = {"chroma_token": SecretStr(token), "chroma_user": name}
        with pytest.raises(StoreError, match=r"401.*_TOKEN, for a password also _CHROMA_") as told:
            open_index(behind.model_copy(update=changes))
        assert TOKEN not in str(told.value)


def test_a_certificate_that_nobody_vouches_for_is_refused(
    behind: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    allowed = behind.model_copy(update={"chroma_token": SecretStr(TOKEN)})
    with pytest.raises(StoreError, match=r"localhost.*SSL_CERT_FILE") as told:
        open_index(allowed)
    assert TOKEN not in str(told.value)


def test_a_server_down_behind_a_proxy_is_found_again(behind: Settings, server: Server) -> None:
    allowed = behind.model_copy(update={"chroma_token": SecretStr(TOKEN)})
    ingest(allowed)
    index = open_index(allowed)
    server.stop()
    with pytest.raises(StoreError, match=r"vector store gave an error.*502 Bad Gateway"):
        ships(index)
    with pytest.raises(StoreError, match=r"what is before it, refuses.*502 Bad Gateway"):
        open_index(allowed)
    server.start()
    assert "0 ships" in ships(index)


def test_an_index_is_kept_in_the_tenant_and_database_set(here: Settings, server: Server) -> None:
    changes = {"chroma_tenant": "ministry", "chroma_database": "security"}
    theirs = here.model_copy(update=changes)
    with pytest.raises(StoreError, match=r"no tenant 'ministry' with.*docs/servers\.md"):
        open_index(theirs)
    patient_http.post(f"{server.url}/api/v2/tenants", json={"name": "ministry"}).raise_for_status()
    with pytest.raises(StoreError, match=r"a database 'security'.*_TENANT and _DATABASE"):
        open_index(theirs)
    made = f"{server.url}/api/v2/tenants/ministry/databases"
    patient_http.post(made, json={"name": "security"}).raise_for_status()
    ingest(theirs)
    assert "0 ships" in ships(theirs)
    assert collections(here) == set()
    names = chromadb.HttpClient(
        host="127.0.0.1", port=server.port, tenant="ministry", database="security"
    ).list_collections()
    assert "strategiewijzer" in {collection.name for collection in names}


def test_a_server_that_stops_in_the_middle_of_a_question_is_told_and_found_again(
    here: Settings, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(here)
    index = open_index(here)
    asked, stopped = chroma.nearest, []

    def stops_first(*given: object) -> object:
        if not stopped:
            server.stop()
            stopped.append(True)
        return asked(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(chroma, "nearest", stops_first)
    with pytest.raises(StoreError, match="Does the Chroma server run"):
        ships(index)
    assert stopped
    server.start()
    assert "0 ships" in ships(index)


@pytest.mark.parametrize("when", ["embedding", "publishing"])
def test_a_server_that_stops_in_the_middle_of_an_ingest_loses_nothing(
    small: Small, here: Settings, server: Server, when: str
) -> None:
    first = ingest(here).generation
    reader = open_index(here)
    small(files(1))
    stopped: list[str] = []

    def stop(moment: str) -> None:
        if moment == when and not stopped:
            server.stop()
            stopped.append(moment)

    def tell(event: Event) -> None:
        if isinstance(event, Embedded):
            stop("embedding")

    fails = pytest.raises(StoreError, match="vector store gave an error")
    with fails, before_publishing(lambda: stop("publishing")):
        ingest(here, tell=tell)
    assert stopped == [when]
    server.start()
    assert reader.snapshot().generation == first
    assert "0 ships" in ships(reader)

    report = ingest(here)  # at once: the lock it could not give back is its own
    assert report.generation != first
    assert "1 ships" in ships(reader)
    assert verify(here).problems == ()
    assert not {name for name in collections(here) if "lock" in name}


def test_a_server_that_hangs_is_waited_for_no_longer_than_is_set(
    here: Settings, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chroma, "PATIENCE", 0.2)
    index_of = chroma.connect(here)
    with server.hanging(), pytest.raises(StoreError, match="Does the Chroma server run"):
        Lease(index_of, "folder", "machine")
