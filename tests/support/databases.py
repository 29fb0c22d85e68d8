"""Servers of the tests' own: PostgreSQL, from the packages of the machine, and Chroma's."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import sqlalchemy
from sqlalchemy import Connection

from tests.support.browser import free_port
from tests.support.waiting import PATIENCE, listens, until
from userdata.database import METADATA, Database

PASSWORD = "t0p-Secret/it"  # noqa: S105 - of a server that lives as long as the tests
_ACCOUNT = "postgres"  # the server refuses to run as root


def missing(what: str) -> None:
    """Skips the test that needs a program of the machine, or fails it if REQUIRE_SERVERS is 1."""
    if os.environ.get("REQUIRE_SERVERS") == "1":
        pytest.fail(f"REQUIRE_SERVERS is set and {what} is missing")
    pytest.skip(f"{what} is not installed")


@contextmanager
def running(command: Sequence[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    """A server that listens on a port until the block ends."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: process.poll() is not None or listens(port), f"{command[0]} listens")
        assert process.poll() is None, f"{command[0]} stopped"
        yield process
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def chroma_command(folder: Path, port: int) -> list[str]:
    """As `chroma run`, which first loads all of the client, in a second of a processor."""
    program = "import sys, chromadb_rust_bindings; chromadb_rust_bindings.cli(sys.argv)"
    return [sys.executable, "-c", program, "run", "--path", str(folder), "--port", str(port)]


@contextmanager
def running_chroma(folder: Path) -> Iterator[str]:
    """The address of a Chroma server that keeps what it has in a folder."""
    port = free_port()
    with running(chroma_command(folder, port), port):
        yield f"http://127.0.0.1:{port}"


def make_certificate(folder: Path) -> Path:
    """A certificate of "localhost" that vouches for itself, and its key.pem beside it."""
    openssl = shutil.which("openssl")
    if not openssl:
        missing("openssl")
    certificate = folder / "certificate.pem"
    subprocess.run(
        [
            *(str(openssl), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "1", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(folder / "key.pem"), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return certificate


class Postgresql:
    """A server on loopback; every test gets a database of its own, whose role owns only that."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.port = free_port()
        self._programs, self._folder = programs, folder
        password = folder / "password"
        password.write_text(PASSWORD)
        self.certificate = make_certificate(folder)
        if os.geteuid() == 0:
            for place in (folder, password, self.certificate, folder / "key.pem"):
                shutil.chown(place, _ACCOUNT, _ACCOUNT)
        self._run(
            *("initdb", "--pgdata", str(folder / "data"), "--username", "admin", "--no-sync"),
            *("--auth", "scram-sha-256", "--pwfile", str(password)),
            *("--encoding", "UTF8", "--locale", "C.UTF-8"),
        )
        with (folder / "data" / "postgresql.conf").open("a") as options:
            options.write(
                f"port = {self.port}\nlisten_addresses = '127.0.0.1'\n"
                "unix_socket_directories = ''\nfsync = off\nssl = on\n"
                f"ssl_cert_file = '{self.certificate}'\nssl_key_file = '{folder}/key.pem'\n"
            )
        self.start()
        with self._admin() as connection:
            connection.exec_driver_sql(f"CREATE ROLE app LOGIN PASSWORD '{PASSWORD}'")

    def start(self) -> None:
        self._control("start", "--log", str(self._folder / "log"))

    def stop(self) -> None:
        """As when the machine fails: connections end in the middle of what they do."""
        self._control("stop", "--mode", "immediate")

    def restart(self) -> None:
        self.stop()
        self.start()

    def new_database(self) -> str:
        """The address of a new database."""
        name = f"test_{uuid4().hex}"
        with self._admin() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} OWNER app")
        return address_of(self._address("app", name)) + "?sslmode=require"

    @contextmanager
    def _admin(self) -> Iterator[Connection]:
        engine = sqlalchemy.create_engine(
            self._address("admin", "postgres"), isolation_level="AUTOCOMMIT"
        )
        with engine.connect() as connection:
            yield connection
        engine.dispose()

    def _address(self, user: str, name: str) -> sqlalchemy.URL:
        return sqlalchemy.URL.create(
            "postgresql+pg8000", user, PASSWORD, "127.0.0.1", self.port, name
        )

    def _control(self, *arguments: str) -> None:
        self._run("pg_ctl", *arguments, "--wait", "--pgdata", str(self._folder / "data"))

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = (str(self._programs / program), *arguments)
        if os.geteuid() == 0:
            command = ("runuser", "-u", _ACCOUNT, "--", *command)
        # Not a pipe: the server would keep it open.
        with (self._folder / "out").open("ab") as out:
            done = subprocess.run(command, stdout=out, stderr=out, cwd="/", timeout=60)
        assert done.returncode == 0, (self._folder / "out").read_text()


def address_of(url: sqlalchemy.URL) -> str:
    """As the setting has it."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextmanager
def running_postgresql() -> Iterator[Postgresql]:
    found = shutil.which("initdb")
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))  # Debian's are not in PATH
    if not found and not places:
        missing("PostgreSQL")
    programs = Path(found).parent if found else places[-1].parent
    with tempfile.TemporaryDirectory(prefix="postgresql-") as folder:
        server = Postgresql(programs, Path(folder))
        yield server
        server.stop()


def dumped(database: Database) -> str:
    """All that the rows of a database hold."""
    with database.engine.connect() as connection:
        return "\n".join(
            str(tuple(row))
            for table in METADATA.sorted_tables
            for row in connection.execute(sqlalchemy.select(table))
        )


def is_kept(text: str, database: Database) -> bool:
    """Whether a text is anywhere in a database: in its file, also where rows were deleted."""
    if database.file:
        return text.encode() in database.file.read_bytes()
    return text in dumped(database)
