"""Official texts: whom the client connects to, whatever names and redirects say."""

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from core.settings import Settings
from ingest.official.cellar import RESOURCES, Cellar
from ingest.official.client import HOSTS, Client
from ingest.official.fetch import fetch
from ingest.official.folder import Folder
from ingest.official.sources import chosen
from ingest.official.transport import Address, CheckedTransport, is_public, look_up
from tests.publications_server import DRUGS, STRATEGY, XHTML, Office, publications_server, text


@pytest.fixture
def office() -> Iterator[Office]:
    with publications_server() as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "official"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - to be refused
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "fec0::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a00:1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_an_address_that_is_not_public_is_known_in_every_notation(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["147.67.34.45", "2a01:7080:24::1", "64:ff9b::9343:222d"])
def test_a_public_address_is_known(address: str) -> None:
    assert is_public(ip_address(address))


def test_the_client_as_shipped_asks_nobody_on_this_machine(office: Office, folder: Path) -> None:
    host = office.url.partition("://")[2]
    with Client(hosts={host}) as client:  # the host is allowed, its address is not
        outcomes = list(
            fetch(chosen([STRATEGY]), ["nl"], Folder(folder), Cellar(client, office.resources))
        )
    assert "127.0.0.1 is not a public one" in outcomes[0].problem
    assert office.asked == []


def test_the_office_is_asked_over_https_on_its_own_host_only() -> None:
    assert RESOURCES == "https://publications.europa.eu/resource/celex/"
    assert {"publications.europa.eu"} == HOSTS


def test_no_setting_loosens_the_rules() -> None:
    assert not [name for name in Settings.model_fields if "host" in name or "address" in name]


def test_what_was_checked_is_connected_to_when_a_name_changes_its_address(
    office: Office, folder: Path
) -> None:
    answers = iter([("127.0.0.1",), ("127.0.0.1", "10.0.0.1"), ("10.0.0.1",)])
    asked: list[str] = []

    def rebinding(host: str) -> tuple[Address, ...]:
        asked.append(host)
        return tuple(map(ip_address, next(answers)))

    transport = CheckedTransport(is_allowed=lambda address: address.is_loopback, look_up=rebinding)
    port = office.url.rpartition(":")[2]
    office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
    office.url = f"http://office.test:{port}"
    with Client(hosts={f"office.test:{port}"}, transport=transport) as client:
        outcomes = list(
            fetch(chosen([STRATEGY]), ["nl"], Folder(folder), Cellar(client, office.resources))
        )
    assert "office.test: its address 10.0.0.1 is not a public one" in outcomes[0].problem
    assert asked == ["office.test"] * 2  # once for each request, never again for the connection
    assert len(office.asked) == 1
    assert office.asked[0].headers["host"] == f"office.test:{port}"


def test_a_name_that_cannot_be_resolved_is_told(folder: Path) -> None:
    def unknown(host: str) -> tuple[Address, ...]:
        raise socket.gaierror(f"no {host}")

    transport = CheckedTransport(look_up=unknown)
    with Client(transport=transport, pause=0.01, tries=2) as client:
        outcomes = list(fetch(chosen([STRATEGY]), ["nl"], Folder(folder), Cellar(client)))
    assert "publications.europa.eu cannot be resolved" in outcomes[0].problem


def test_a_name_is_looked_up_once_for_each_of_its_addresses() -> None:
    assert {str(address) for address in look_up("localhost")} <= {"127.0.0.1", "::1"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for office.test and its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl makes the certificate, and it is not installed")
    place = tmp_path_factory.mktemp("tls")
    key, cert = place / "key.pem", place / "cert.pem"
    command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=office.test -addext"
    subprocess.run(
        [openssl, *command.split(), "subjectAltName=DNS:office.test", "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
    )
    return cert, key


@pytest.mark.parametrize(("name", "went_well"), [("office.test", True), ("other.test", False)])
def test_over_tls_the_certificate_is_checked_against_the_name_and_links_stay_secure(
    name: str, went_well: bool, certificate: tuple[Path, Path], folder: Path
) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*certificate)
    trusted = ssl.create_default_context(cafile=str(certificate[0]))
    transport = CheckedTransport(
        is_allowed=lambda _: True, look_up=lambda _: (ip_address("127.0.0.1"),), verify=trusted
    )
    with publications_server(server, host=name) as office:
        office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
        office.hold(DRUGS, "nld", XHTML, text("Agenda"), text("Bijlage"))
        secure = office.resources
        office.url = office.url.replace("https:", "http:")  # as Cellar names its own addresses
        hosts = {office.url.partition("://")[2]}
        with Client(hosts=hosts, transport=transport, pause=0.01, tries=2) as client:
            outcomes = list(
                fetch(chosen([STRATEGY, DRUGS]), ["nl"], Folder(folder), Cellar(client, secure))
            )
    if went_well:
        assert [outcome.status for outcome in outcomes] == ["new"] * 3
    else:
        assert all("certificate" in outcome.problem for outcome in outcomes)
        assert len(outcomes) == 2
