"""The files of deploy/, held against what they name. None of them was run in containers here."""

import re
import shutil
import subprocess
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.settings import PREFIX, ROOT, Settings

DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
UNIT = (DEPLOY / "strategiewijzer.service").read_text("utf-8")
STEPS = [
    line.split(maxsplit=1)
    for line in re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", CONTAINERFILE, flags=re.M)).split("\n")
    if line
]
APPS = ("app", "app-2")


def _copied() -> list[str]:
    """What is copied from the tree into the image."""
    parts = [rest.split() for step, rest in STEPS if step == "COPY" and not rest.startswith("--")]
    return [source for sources in parts for source in sources[:-1]]


def test_what_the_image_copies_is_there_and_is_all_that_the_program_has() -> None:
    copied = _copied()
    assert not {name for name in copied if not (ROOT / name).exists()}
    packages = {file.parent.name for file in ROOT.glob("*/__init__.py")} - {"tests", "research"}
    assert packages | {"corpus"} == {name for name in copied if (ROOT / name).is_dir()}
    assert {"app.py", "strategiewijzer", ".streamlit/config.toml", "requirements.lock"} < {*copied}


def test_what_is_sent_to_the_builder_is_what_the_image_copies() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").split("\n")
    assert lines[1] == "*"
    assert {line[1:] for line in lines if line.startswith("!")} == {*_copied()}


def test_the_image_runs_as_a_user_with_what_is_locked_and_no_shell_between() -> None:
    steps = [step for step, _ in STEPS]
    told = dict(STEPS[len(steps) - steps[::-1].index("FROM") :])
    assert told["USER"] == "10001:10001"
    assert told["ENTRYPOINT"] == '["/app/strategiewijzer"]'
    assert told["CMD"] == '["serve"]'
    assert "/healthz" in told["HEALTHCHECK"]
    assert 'CMD ["/app/.venv/bin/python"' in told["HEALTHCHECK"]
    assert "curl" not in CONTAINERFILE
    installs = re.findall(r"install --no-cache-dir.*?(?= &&|$)", STEPS[4][1])
    assert len(installs) == 1
    assert all("--require-hashes" in one and "--only-binary :all:" in one for one in installs)
    assert "dev" not in {*re.findall(r"requirements-(\w+)\.lock", CONTAINERFILE)}
    assert [rest for step, rest in STEPS if step == "ARG"] == ["PYTHON=3.13-slim-trixie"]


def test_settings_that_are_named_exist() -> None:
    files = [path for path in DEPLOY.iterdir() if path.is_file()]
    named = {
        name.lower()
        for path in files
        for name in re.findall(rf"\b{PREFIX}([A-Z0-9_]+)\b", path.read_text("utf-8"))
    } - {"name", "tag"}  # of a comment, and of the image
    named |= {
        secret.removeprefix(PREFIX.lower())
        for secret in COMPOSE["secrets"]
        if secret.startswith(PREFIX.lower())
    }
    assert len(named) > 5
    assert named <= {*Settings.model_fields}


def test_chroma_is_the_one_that_is_installed_with_the_app() -> None:
    """So it is of the version that is locked, and none of its files are root's."""
    chroma, app = COMPOSE["services"]["chroma"], COMPOSE["services"]["app"]
    assert [chroma[key] for key in ("image", "build")] == [app[key] for key in ("image", "build")]
    program, *arguments = chroma["entrypoint"]
    assert program == "/app/.venv/bin/chroma"
    (found,) = (one for one in entry_points(group="console_scripts") if one.name == "chroma")
    assert found.dist is not None
    assert found.dist.name == "chromadb"
    unit = (DEPLOY / "chroma.service").read_text("utf-8")
    assert [one for one in arguments if one.startswith("--")] == re.findall(r" (--\w+)", unit)
    assert arguments[arguments.index("--path") + 1] == chroma["volumes"][0].partition(":")[2]


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_service_may_do_no_more_than_it_must(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in service
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", service["user"])  # not root
    if service["image"] != COMPOSE["services"]["app"]["image"]:
        assert re.fullmatch(r"\S+/\S+:(?!latest)\S+", service["image"])
    assert "healthcheck" in service or name in APPS  # the image's own
    exposed = service.get("ports", [])
    assert all(port.startswith("127.0.0.1:") for port in exposed)
    assert bool(exposed) == (name in APPS)
    assert service["networks"] == (["front", "back"] if name in APPS else ["back"])


def test_what_a_service_names_is_defined_and_no_secret_is_in_the_file() -> None:
    assert COMPOSE["networks"]["back"] == {"internal": True}
    for service in COMPOSE["services"].values():
        volumes = {volume.partition(":")[0] for volume in service.get("volumes", [])}
        assert {name for name in volumes if not name.startswith("$")} <= {*COMPOSE["volumes"]}
        secrets = service.get("secrets", [])
        named = {one if isinstance(one, str) else one["source"] for one in secrets}
        assert named <= {*COMPOSE["secrets"]}
        for key, value in service.get("environment", {}).items():
            assert "PASSWORD" not in key or value.startswith("/run/secrets/")
    assert all(secret["file"].startswith("./secrets/") for secret in COMPOSE["secrets"].values())


def _checked_unit(tmp_path: Path, file: Path) -> Path:
    """The unit, of which the program is there, as it must be for systemd to accept it."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\n", "utf-8")
    program.chmod(0o755)
    unit = tmp_path / file.name
    unit.write_text(
        re.sub(r"(?<=^ExecStart=)\S+", str(program), file.read_text("utf-8"), flags=re.M)
    )
    return unit


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", ["strategiewijzer", "chroma"])
def test_a_unit_is_one_that_systemd_takes_and_leaves_little_open(tmp_path: Path, name: str) -> None:
    unit = str(_checked_unit(tmp_path, DEPLOY / f"{name}.service"))
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")
    looked = ["systemd-analyze", "security", "--offline=yes", "--threshold=15", unit]
    told = subprocess.run(looked, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout


def test_the_unit_writes_where_the_operations_say() -> None:
    for folder in ("index", "documents"):
        assert f"/var/lib/strategiewijzer/{folder}\n" in UNIT
    assert "StateDirectory=strategiewijzer\n" in UNIT
    assert "ProtectSystem=strict\n" in UNIT


def test_the_unit_leaves_the_processor_to_be_seen_and_other_processes_not() -> None:
    """Without /proc/cpuinfo onnxruntime prints lines of its own and guesses what it may use."""
    assert "ProtectProc=invisible\n" in UNIT
    assert not re.search("^ProcSubset=", UNIT, re.M)
