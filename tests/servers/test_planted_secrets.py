"""Secrets that are planted wherever one can be set are in nothing that is written or shown."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from pydantic import SecretStr

from core.settings import PREFIX, ROOT, Settings
from tests.support.http_server import Handler, http_server

pytestmark = pytest.mark.long

# Characters that URLs, JSON and HTML write in another way.
_LIKE = "Pl4nted/{}+q&8=z7"
_KEYS = tuple(
    name
    for name, about in Settings.model_fields.items()
    if about.annotation is SecretStr and name != "database_url"  # an address, with a password
)
_OTHERS = ("database_password", "address_password", "cookie", "client", "environment")
SECRETS = {name: _LIKE.format(name.replace("_", "-")) for name in (*_KEYS, *_OTHERS)}
QUESTION = "How many inspectors does the European Firearms Registry Office have?"
_TEXT = "The European Firearms Registry Office has 120 inspectors in 14 ports."
_PAGES = f"""
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from tests.support.http_server import Handler, http_server
app = AppTest.from_file("app.py", default_timeout=120).run()
def show():
    for part in (*app.main, *app.sidebar):
        print(part, getattr(part, "body", ""), getattr(part, "value", ""))
show()
if app.chat_input and not app.chat_input[0].disabled:
    app.chat_input[0].set_value({QUESTION!r}).run()
    show()
    print("ASKED")
for path in ("sources", "notes", "evaluation", "maintenance"):
    app._page_hash = calc_hash(path)  # as a browser asks for it
    app.run()
    show()
"""


def forms(secret: str) -> Iterator[bytes]:
    """A secret as it may be written: plain, within JSON, HTML or a URL, in hexadecimal digits, and
    in Base64 wherever it begins there."""
    yield from (form.encode() for form in (secret, quote(secret, safe=""), quote_plus(secret)))
    yield quote(secret).encode()
    yield json.dumps(secret)[1:-1].replace("/", "\\/").encode()
    yield secret.replace("&", "&amp;").encode()
    yield secret.encode().hex().encode()
    for before in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(b"\0" * before + secret.encode())
            yield whole[(0, 2, 3)[before] : -4]  # the rest depends on what stands beside it


def found(name: str, content: bytes) -> list[str]:
    """Which secrets are in some content."""
    return [
        f"{secret} in {name}"
        for secret, value in SECRETS.items()
        if any(form in content for form in forms(value))
    ]


@dataclass
class Echo:
    """A server that refuses all, and repeats in its answer what it was sent to prove oneself."""

    url: str = ""
    status: int = 401
    seen: set[str] = field(default_factory=set)


@contextmanager
def echo() -> Iterator[Echo]:
    told = Echo()

    class Repeating(Handler):
        timeout = 0.5  # seconds: what speaks PostgreSQL waits for an answer that is not to come

        def _answer(self) -> None:
            _ = self.body
            sent = "; ".join(f"{name}: {value}" for name, value in self.headers.items())
            told.seen |= {leak.split(" ")[0] for leak in found("", sent.encode())}
            error = {"message": f"Wrong: {sent}", "type": sent, "code": sent, "param": sent}
            body = json.dumps({"error": error, "detail": sent}).encode()
            headers = {"Content-Type": "application/json", "X-Echo": sent}
            self.answer(body, told.status, headers)

        do_GET = do_POST = _answer  # names that http.server asks for

    with http_server(Repeating) as port:
        told.url = f"http://localhost:{port}"
        yield told


@dataclass
class Installation:
    """A folder of somebody who runs the app, with every secret set."""

    home: Path
    server: Echo

    @property
    def sign_in(self) -> Path:
        return self.home / ".streamlit" / "secrets.toml"

    def run(self, *command: str, **settings: str) -> str:
        """What a command prints, on both; it is kept among what is written."""
        variables = {
            **os.environ,
            "HOME": str(self.home),
            "PLANTED_TOKEN": SECRETS["environment"],
            "LANGSMITH_API_KEY": SECRETS["environment"],
            f"{PREFIX}DATA_DIR": str(self.home / "data"),
            f"{PREFIX}CORPUS_DIRS": json.dumps([str(self.home / "documents")]),
            f"{PREFIX}DOCUMENTS_DIR": str(self.home / "documents"),
            **{f"{PREFIX}{name.upper()}": SECRETS[name] for name in _KEYS},
            **{f"{PREFIX}{name.upper()}": value for name, value in settings.items()},
        }
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=variables,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        told = done.stdout + done.stderr
        assert "Traceback" not in told, told[-2000:]
        number = len(list(self.home.glob("*.out")))
        (self.home / f"{number:02}.out").write_text(f"{command[:3]}\n{told}", "utf-8")
        return told

    @property
    def models(self) -> Mapping[str, str]:
        """Settings of a language model at the server that refuses."""
        return {
            "openai_base_url": f"{self.server.url}/v1",
            "model": "planted",
            "answer_timeout": "20",
        }

    def leaks(self) -> list[str]:
        """Secrets in anything that was written, but for the file that is to hold some."""
        files = [file for file in self.home.rglob("*") if file.is_file() and file != self.sign_in]
        inside = (
            leak
            for file in files
            for leak in found(str(file.relative_to(self.home)), file.read_bytes())
        )
        return [*inside, *(leak for file in files for leak in found("a name", str(file).encode()))]


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    home = tmp_path_factory.mktemp("home")
    (home / "documents").mkdir()
    front = "---\nid: office\nlanguage: en\ntitle: The office\n---\n"
    (home / "documents" / "office.md").write_text(f"{front}# The office\n\n{_TEXT}\n", "utf-8")
    with echo() as server:
        made = Installation(home, server)
        assert "is in use" in made.run("-m", "ingest")
        yield made


def test_every_secret_is_found_in_each_form_that_is_looked_for() -> None:
    for name, secret in SECRETS.items():
        for form in forms(secret):
            assert found("here", b"before " + form + b" after") == [f"{name} in here"]
        basic = base64.b64encode(f"somebody:{secret}".encode())
        assert found("here", basic) == [f"{name} in here"]


def test_a_server_that_repeats_the_key_does_not_get_it_into_anything(
    installation: Installation,
) -> None:
    for status, more in ((401, ()), (429, ("--json",)), (500, ())):
        installation.server.status = status
        told = installation.run("-m", "chain", *more, QUESTION, **installation.models)
        assert "120" in told  # answered without the model
    installation.server.status = 401
    corpus = "corpus/en/firearms-plan.md"
    told = installation.run(
        "-m", "eval", "--every", "60", "--corpus", corpus, **installation.models
    )
    assert (installation.home / "data" / "runs").is_dir(), told
    checks = installation.run("-m", "command", "doctor", "--json", **installation.models)
    assert '"failure"' in checks
    assert "openai_api_key" in installation.server.seen
    assert installation.leaks() == []


@pytest.mark.parametrize(
    ("secret", "settings"),
    [
        ("embeddings_api_key", {"embeddings_url": "{}/v1"}),
        ("chroma_token", {"chroma_url": "{}", "chroma_user": ""}),
        ("chroma_token", {"chroma_url": "{}", "chroma_user": "somebody"}),
    ],
)
def test_a_server_of_vectors_that_repeats_what_it_is_sent_leaks_nothing(
    installation: Installation, secret: str, settings: dict[str, str]
) -> None:
    told = {name: value.format(installation.server.url) for name, value in settings.items()}
    installation.server.seen.clear()
    for command in (("ingest",), ("chain", QUESTION), ("eval", "--every", "60")):
        assert installation.run("-m", *command, **told)
    assert installation.run("-m", "command", "doctor", "--json", **told)
    assert secret in installation.server.seen
    assert installation.leaks() == []


def test_the_password_of_a_database_is_in_nothing(installation: Installation) -> None:
    password = quote(SECRETS["database_password"], safe="")
    host = installation.server.url.partition("://")[2]
    told = {"database_url": f"postgresql://somebody:{password}@{host}/kept", "audit": "true"}
    for command in (("people", "list"), ("keys", "list"), ("ask", QUESTION), ("doctor", "--json")):
        assert installation.run("-m", "command", *command, **told)
    installation.run("-c", _PAGES, **told)
    assert installation.leaks() == []


def test_an_address_refused_for_its_password_is_not_repeated(installation: Installation) -> None:
    password = quote(SECRETS["address_password"], safe="")
    names = ("chroma_url", "openai_base_url", "embeddings_url")
    told = dict.fromkeys(names, f"https://somebody:{password}@localhost/v1")
    for command in (("ingest",), ("chain", QUESTION), ("eval",), ("command", "doctor", "--json")):
        printed = installation.run("-m", *command, **told)
        assert [name for name in names if name.upper() not in printed.upper()] == []
        assert "password" in printed
    installation.run("-c", _PAGES, **told)
    assert installation.leaks() == []


def test_pages_show_and_log_none(installation: Installation) -> None:
    assert "ASKED" in installation.run("-c", _PAGES, **installation.models)
    installation.run("-c", _PAGES, chroma_url=installation.server.url)
    installation.sign_in.parent.mkdir()
    secrets = {"cookie_secret": SECRETS["cookie"], "client_secret": SECRETS["client"]}
    lines = ["[auth]", *(f'{name} = "{value}"' for name, value in secrets.items())]
    for more in ([], ["client_id ="], ['client_id = "a"', 'server_metadata_url = "http://x"']):
        installation.sign_in.write_text("\n".join([*lines, *more, ""]), "utf-8")
        assert "ASKED" not in installation.run("-c", _PAGES, **installation.models)
        installation.run("-m", "command", "doctor", "--json", **installation.models)
    assert installation.leaks() == []
