"""Official texts: whom the client asks, whatever redirects say, and by way of which proxy."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from ingest.official.client import ORIGINS, RESOURCES, Cellar, Client, chosen
from ingest.official.fetch import Fetched, Folder, fetch
from tests.support.publications_server import (
    DRUGS,
    STRATEGY,
    XHTML,
    Office,
    publications_server,
    redirect,
    text,
)


@pytest.fixture
def office() -> Iterator[Office]:
    with publications_server() as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "official"


def _fetched(client: Client, folder: Path, resources: str, *celex: str) -> list[Fetched]:
    with client:
        cellar = Cellar(client, resources)
        return list(fetch(chosen(celex or [STRATEGY]), ["nl"], Folder(folder), cellar))


def test_the_office_is_asked_over_https_on_its_own_host_only() -> None:
    assert RESOURCES == "https://publications.europa.eu/resource/celex/"
    assert {"https://publications.europa.eu"} == ORIGINS


def test_no_setting_loosens_the_rules() -> None:
    ours = {"allowed_hosts", "mcp_hosts"}  # names of this server
    names = set(Settings.model_fields) - ours
    assert not [name for name in names if "host" in name or "origin" in name]


def test_the_client_as_shipped_asks_nobody_else(office: Office, folder: Path) -> None:
    (outcome,) = _fetched(Client(), folder, office.resources)
    assert "may not be asked" in outcome.problem
    assert office.asked == []


def test_a_redirect_to_another_server_is_not_followed(office: Office, folder: Path) -> None:
    with publications_server() as other:
        office.spoil(STRATEGY, redirect(other.resources + STRATEGY), always=True)
        (outcome,) = _fetched(Client(origins={office.url}), folder, office.resources)
        assert f"{other.resources}{STRATEGY}: an address that may not be asked" in outcome.problem
        assert other.asked == []


def test_the_proxy_of_the_environment_is_asked_for_the_office(
    office: Office, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server stands in for the proxy: what it is asked for is an address of the Office."""
    monkeypatch.setenv("HTTP_PROXY", office.url)
    monkeypatch.setenv("NO_PROXY", "")
    asked = "http://office.test/resource/celex/"
    office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
    _fetched(Client(origins={"http://office.test"}, tries=1), folder, asked)
    assert office.paths()[0] == asked + STRATEGY
    assert office.asked[0].headers["host"] == "office.test"


def test_over_https_the_proxy_only_passes_on_what_it_cannot_read(
    office: Office, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", office.url)  # it refuses CONNECT
    (outcome,) = _fetched(Client(tries=1), folder, RESOURCES)
    assert "the connection failed" in outcome.problem
    assert "HTTPS_PROXY" in outcome.problem
    assert office.asked == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate, and it is not installed")
    place = tmp_path_factory.mktemp("tls")
    key, cert = place / "key.pem", place / "cert.pem"
    command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    subprocess.run(
        [openssl, *command.split(), "subjectAltName=DNS:localhost", "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
    )
    return cert, key


@pytest.mark.parametrize(("name", "went_well"), [("localhost", True), ("127.0.0.1", False)])
def test_over_tls_the_certificate_is_checked_against_the_name_and_links_stay_secure(
    name: str, went_well: bool, certificate: tuple[Path, Path], folder: Path
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    with publications_server(server, host=name) as office:
        office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
        office.hold(DRUGS, "nld", XHTML, text("Agenda"), text("Bijlage"))
        secure = office.resources
        office.url = office.url.replace("https:", "http:")  # as Cellar names its own addresses
        origins = {secure.removesuffix("/resource/celex/")}
        client = Client(origins=origins, verify=trusted, pause=0.01, tries=2)
        outcomes = _fetched(client, folder, secure, STRATEGY, DRUGS)
    if went_well:
        assert [outcome.status for outcome in outcomes] == ["new"] * 3
    else:
        assert all("certificate" in outcome.problem for outcome in outcomes)
        assert len(outcomes) == 2
