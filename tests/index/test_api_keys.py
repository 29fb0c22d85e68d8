"""Keys: made, shown once, listed, ended; what they open, and what happens without one."""

import datetime
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from command.database import keys
from core.settings import ROOT, Settings
from tests.support import patient_http
from tests.support.api_server import bearer, client, key, serving, told
from userdata import api_keys
from userdata.api_keys import PREFIX, hash_of, kept


def no_assistant() -> None:
    raise AssertionError("no test here asks a question")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:  # type: ignore[override]
    """Settings without an index, which no key needs."""
    return Settings(data_dir=tmp_path / "data")


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    with serving(no_assistant, settings) as found:  # type: ignore[arg-type]
        yield found


def run(settings: Settings, *arguments: str) -> tuple[int, str, str]:
    """The exit code and what the command prints, on both ways out."""
    environment = {"STRATEGIEWIJZER_DATA_DIR": str(settings.data_dir)}
    result = CliRunner().invoke(keys, list(arguments), env=environment)
    return result.exit_code, result.stdout, result.stderr


def test_a_key_goes_into_no_file_that_others_may_read(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "key"
    command = [sys.executable, "-m", "command", "keys", "new", "My script", "--scope", "ask"]
    environment = {**os.environ, "STRATEGIEWIJZER_DATA_DIR": str(settings.data_dir)}

    def into_the_file() -> subprocess.CompletedProcess[str]:
        with file.open("w") as out:
            return subprocess.run(
                command, env=environment, cwd=ROOT, stdout=out, stderr=subprocess.PIPE, text=True
            )

    file.touch(0o644)
    refused = into_the_file()
    assert refused.returncode == 1
    assert "chmod 600" in refused.stderr
    assert (file.read_text(), kept(settings)) == ("", [])
    file.chmod(0o600)
    assert into_the_file().returncode == 0
    (known,) = kept(settings)
    assert api_keys.found(settings, hash_of(file.read_text().strip())) == known


def opens(address: str, key: str, path: str = "/v1/openapi.json") -> int:
    return patient_http.get(f"{address}{path}", headers=bearer(key)).status_code


def test_a_key_is_made_listed_and_revoked(settings: Settings, address: str) -> None:
    assert "keys new NAME" in run(settings, "list")[1]
    code, printed, beside = run(settings, "new", "Open WebUI", "--scope", "ask", "--scope", "read")
    assert code == 0
    made = printed.strip()
    assert re.fullmatch(PREFIX + r"[\w-]{43}", made)
    assert opens(address, made) == 200

    (known,) = kept(settings)
    assert (known.name, known.scopes) == ("Open WebUI", ("ask", "read"))
    assert known.expires - known.created == datetime.timedelta(days=365)
    listed = run(settings, "list")[1]
    assert known.id in listed
    assert known.id in beside
    assert made not in listed + beside

    assert run(settings, "revoke", known.id)[0] == 0
    assert opens(address, made) == 401
    assert "revoked" in run(settings, "list")[1]
    code, _, beside = run(settings, "revoke", known.id)
    assert code == 1
    assert "keys list" in beside


@pytest.mark.parametrize(
    "arguments",
    [
        ("new", "me"),
        ("new", "me", "--scope", "all"),
        ("new", "me", "--scope", "ask", "--days", "0"),
        ("new", " \u202e", "--scope", "ask"),
        ("new", "a" * 101, "--scope", "ask"),
    ],
)
def test_a_key_that_cannot_be_is_not_made(settings: Settings, arguments: tuple[str, ...]) -> None:
    code, printed, _ = run(settings, *arguments)
    assert code == 2
    assert PREFIX not in printed
    assert kept(settings) == []


def test_of_a_key_only_the_hash_is_stored(settings: Settings) -> None:
    made = key(settings)
    written = b"".join(file.read_bytes() for file in settings.data_dir.rglob("*") if file.is_file())
    assert hash_of(made).encode() in written
    assert made.encode() not in written
    assert made.removeprefix(PREFIX).encode() not in written


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/ask"), ("GET", "/v1/search?q=a"), ("GET", "/v1/documents"),
        ("GET", "/v1/documents/x"), ("GET", "/v1/openapi.json"),
        ("GET", "/v1/no-such"), ("PUT", "/v1/ask"), ("POST", "/mcp"), ("GET", "/metrics"),
    ],
)  # fmt: skip
def test_without_a_key_nothing_is_told_but_how_to_get_one(
    address: str, method: str, path: str
) -> None:
    answer = httpx.request(method, address + path, content=b"{" if method == "POST" else None)
    assert told(answer) == (401, "invalid_api_key")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert "./strategiewijzer keys new NAME --scope ask" in answer.json()["error"]["message"]


def test_a_key_that_has_ended_is_told_as_one_that_never_was(
    settings: Settings, address: str
) -> None:
    revoked = key(settings)
    (known,) = kept(settings)
    assert api_keys.revoke(settings, known.id)
    valid, expired = key(settings), key(settings, days=-1)
    answers = [
        patient_http.get(f"{address}/v1/documents", headers=bearer(sent))
        for sent in (revoked, expired, PREFIX + "a" * 43, ".", "a" * 1000, valid + "x")
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", "KEY")],
        [("Authorization", "Basic KEY")],
        [("Authorization", "Bearer KEY"), ("Authorization", "Bearer KEY")],
        [("X-Api-Key", "KEY")],
        [("Cookie", "key=KEY; _streamlit_user=KEY")],
    ],
)
def test_a_key_counts_in_its_one_place_only(
    settings: Settings, address: str, headers: list[tuple[str, str]]
) -> None:
    made = key(settings)
    sent = [(name, value.replace("KEY", made)) for name, value in headers]
    assert patient_http.get(f"{address}/v1/openapi.json", headers=sent).status_code == 401
    assert patient_http.get(f"{address}/v1/openapi.json?key={made}").status_code == 401


def test_a_key_opens_only_what_its_scopes_name(settings: Settings, address: str) -> None:
    ask, read = key(settings, "ask"), key(settings, "read")
    question = {"question": "Wat is EMPACT?"}
    with client(address, read) as api:
        answer = api.post("/v1/ask", json=question)
        assert told(answer) == (403, "insufficient_scope")
        assert "'ask'" in answer.json()["error"]["message"]
        assert told(api.get("/metrics")) == (403, "insufficient_scope")
    with client(address, ask) as api:
        for path in ("/v1/search?q=a", "/v1/documents", "/v1/documents/x"):
            assert told(api.get(path)) == (403, "insufficient_scope")


def test_a_key_may_make_so_many_requests_a_minute(settings: Settings) -> None:
    few = settings.model_copy(update={"api_requests_per_minute": 3})
    with serving(no_assistant, few) as address:  # type: ignore[arg-type]
        one, other = key(few), key(few)
        assert [opens(address, one) for _ in range(4)] == [200, 200, 200, 429]
        refused = patient_http.get(f"{address}/v1/openapi.json", headers=bearer(one))
        assert told(refused) == (429, "rate_limit_exceeded")
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
        assert "api_requests_per_minute" in refused.json()["error"]["message"]
        assert opens(address, other) == 200
        assert patient_http.get(f"{address}/healthz").status_code == 200


def test_whoever_tries_keys_is_stopped_and_keeps_nobody_out_who_has_one(
    settings: Settings, address: str
) -> None:
    """Wherever they say that they come from, also with a key that has ended; a key that was never
    used before is let in as well."""
    revoked = key(settings)
    (known,) = kept(settings)
    api_keys.revoke(settings, known.id)
    used, fresh = key(settings), key(settings)
    assert opens(address, used) == 200
    tried = [
        patient_http.get(
            f"{address}/v1/openapi.json",
            headers={**bearer(sent), "X-Forwarded-For": f"203.0.113.{number}"},
        )
        for number in range(25)
        for sent in [revoked if number % 2 else f"{PREFIX}{number:043}"]
    ]
    assert [told(answer) for answer in tried[:20]] == [(401, "invalid_api_key")] * 20
    assert [told(answer) for answer in tried[20:]] == [(429, "rate_limit_exceeded")] * 5
    assert "needs a valid key" in tried[-1].json()["error"]["message"]
    assert 1 <= int(tried[-1].headers["Retry-After"]) <= 61
    assert opens(address, used) == 200
    assert opens(address, fresh) == 200
