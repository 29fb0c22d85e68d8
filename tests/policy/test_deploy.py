"""The files of deploy/, held against what they name. None of them was run in containers here."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.settings import PREFIX, ROOT, Settings
from core.yaml_files import read_yaml
from tests.support.databases import PASSWORD, Postgresql
from tests.support.people import talk
from userdata.conversations import Conversations
from userdata.database import Database

DEPLOY = ROOT / "deploy"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = read_yaml((DEPLOY / "compose.yaml").read_text("utf-8"))
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


REPLIES_IN_THE_IMAGE = """
from eval import replies
print(replies.ROOT)
for half in replies.HALVES:
    for documents in (False, True):
        print(len(replies.read(half, documents=documents)))
"""


def test_the_image_has_what_the_verifier_is_measured_with(tmp_path: Path) -> None:
    """`make eval` runs `python -m eval.verifier` too, and tests/ is not in the image."""
    for name in _copied():
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name)
    command = [sys.executable, "-P", "-c", REPLIES_IN_THE_IMAGE]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    root, *counts = done.stdout.split()
    assert Path(root) == tmp_path.resolve()
    assert len(counts) == 4
    assert all(int(count) > 20 for count in counts)


def test_the_image_runs_as_nobody_special_with_what_is_locked() -> None:
    steps = [step for step, _ in STEPS]
    last = dict(STEPS[len(steps) - steps[::-1].index("FROM") :])
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", last["USER"])  # not root
    runs = " ".join(rest for step, rest in STEPS if step == "RUN")
    installs = re.findall(r"pip\b[^&]* install .*?(?= &&|$)", runs)
    assert installs
    assert all("--require-hashes" in install for install in installs)


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


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", ["strategiewijzer", "chroma"])
def test_a_unit_is_one_that_systemd_takes_and_leaves_little_open(tmp_path: Path, name: str) -> None:
    unit = tmp_path / f"{name}.service"
    text = (DEPLOY / unit.name).read_text("utf-8")  # with a program that is there
    unit.write_text(re.sub(r"(?<=^ExecStart=)\S+", "/bin/true", text, flags=re.M), "utf-8")
    verified = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True)
    assert (verified.returncode, verified.stderr) == (0, "")
    looked = ["systemd-analyze", "security", "--offline=yes", "--threshold=15", unit]
    told = subprocess.run(looked, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout


_SYSTEMCTL = """#!{python}
# `systemctl cat`: the files of a unit, each after a comment with its path.
import pathlib, sys
assert sys.argv[1:] == ["cat", "strategiewijzer.service"], sys.argv
for file in ({unit!r}, {added!r}):
    print(f"# {{file}}\\n" + pathlib.Path(file).read_text("utf-8"))
"""

_SYSTEMD_RUN = """#!{python}
# `systemd-run --wait`: runs a command with what its properties say, as systemd.exec(5) has it.
import os, pathlib, shlex, subprocess, sys
end = sys.argv.index("--")
options, command = sys.argv[1:end], sys.argv[end + 1:]
assert {{"--wait", "--pipe"}} < {{*options}}, options
environment, credentials = {{"PATH": os.defpath}}, pathlib.Path({credentials!r})
folder = "/"
for name, value in (one.split("=", 2)[1:] for one in options if one.startswith("--property=")):
    if name == "Environment":
        environment.update(word.split("=", 1) for word in shlex.split(value))
    elif name == "EnvironmentFile":
        file = pathlib.Path(value.removeprefix("-"))
        if file.exists() or not value.startswith("-"):
            environment.update(line.split("=", 1) for line in file.read_text("utf-8").splitlines())
    elif name == "LoadCredential":
        id, path = value.split(":", 1)
        credentials.mkdir(exist_ok=True)
        (credentials / id).write_bytes(pathlib.Path(path).read_bytes())
        environment["CREDENTIALS_DIRECTORY"] = str(credentials)
    elif name == "WorkingDirectory":
        folder = value
    elif name == "User":
        environment["USER"] = value
    else:
        assert name in ("Group", "StateDirectory", "StateDirectoryMode", "UMask"), name
command = [word.replace("$$", "$") for word in command]
sys.exit(subprocess.run(command, env=environment, cwd=folder).returncode)
"""


class _Machine:
    """A machine on which the service is installed, with stand-ins for systemd's programs."""

    def __init__(self, place: Path, added: str) -> None:
        self._programs = place / "bin"
        self._programs.mkdir()
        drop_in = place / "override.conf"
        drop_in.write_text(added, "utf-8")
        named = {
            "python": sys.executable,
            "unit": str(DEPLOY / "strategiewijzer.service"),
            "added": str(drop_in),
            "credentials": str(place / "credentials"),
        }
        for name, text in (("systemctl", _SYSTEMCTL), ("systemd-run", _SYSTEMD_RUN)):
            program = self._programs / name
            program.write_text(text.format(**named), "utf-8")
            program.chmod(0o755)

    def run(
        self, *arguments: str, script: Path = DEPLOY / "as-service"
    ) -> subprocess.CompletedProcess[str]:
        """What `as-service` does, of which nothing of this process's environment is seen."""
        path = {"PATH": f"{self._programs}:{os.environ['PATH']}"}
        return subprocess.run([script, *arguments], env=path, capture_output=True, text=True)


def test_a_command_by_hand_erases_where_the_service_keeps_it(
    tmp_path: Path, postgresql: Postgresql
) -> None:
    """The address of the database, with its password, is a credential of the unit."""
    url, secret = postgresql.new_database(), tmp_path / "database_url"
    secret.write_text(url, "utf-8")
    server = Database(None, url)
    Conversations("an", server, 90).put(talk("Wat is EMPACT?"))
    machine = _Machine(
        tmp_path,
        f"[Service]\nLoadCredential=strategiewijzer_database_url:{secret}\n"
        f"Environment=STRATEGIEWIJZER_DATA_DIR={tmp_path / 'index'}\nWorkingDirectory={ROOT}\n",
    )
    unknown = machine.run("people", "erase", "ann", "--yes")
    assert unknown.returncode == 1
    assert "Nothing is kept of 'ann' in PostgreSQL" in unknown.stderr
    erased = machine.run("people", "erase", "an", "--yes")
    assert erased.returncode == 0, erased.stderr
    assert "Deleted: 1 conversations" in erased.stdout
    assert Conversations("an", server, 90).listed() == ()
    assert PASSWORD not in unknown.stderr + erased.stdout + erased.stderr
    server.engine.dispose()


@pytest.fixture
def told(tmp_path: Path) -> Path:
    """`as-service` of a program that tells what it was given, and ends with 3."""
    place = tmp_path / "installed"
    (place / "deploy").mkdir(parents=True)
    shutil.copy(DEPLOY / "as-service", place / "deploy")
    program = place / "strategiewijzer"
    tell = "import json, os, sys; print(json.dumps([sys.argv[1:], {**os.environ}])); sys.exit(3)"
    program.write_text(f"#!{sys.executable}\n{tell}\n", "utf-8")
    program.chmod(0o755)
    return place / "deploy" / "as-service"


def test_a_command_by_hand_has_all_settings_and_arguments(tmp_path: Path, told: Path) -> None:
    file = tmp_path / "environment"
    file.write_text("STRATEGIEWIJZER_AUDIT=true\n", "utf-8")
    machine = _Machine(
        tmp_path,
        "[Unit]\nDescription=Environment=NOT=this\n\n[Service]\n# Environment=NOT=this\n"
        f"EnvironmentFile = {file}\nEnvironment=A=1 \\\n; NOT=this\n  'B=x y' C=50%%\n"
        f"MemoryMax=8G\nExecStartPre=/bin/true\nWorkingDirectory={tmp_path}\n",
    )
    arguments = ["ask", "$5 or $$HOME, 100% 'so' \\n", ""]
    result = machine.run(*arguments, script=told)
    assert result.returncode == 3, result.stderr
    given, environment = json.loads(result.stdout)
    assert given == arguments
    assert {name: environment[name] for name in "ABC"} == {"A": "1", "B": "x y", "C": "50%"}
    assert environment["STRATEGIEWIJZER_AUDIT"] == "true"
    assert environment["STRATEGIEWIJZER_DATA_DIR"] == "/var/lib/strategiewijzer/index"
    assert len(json.loads(environment["STRATEGIEWIJZER_CORPUS_DIRS"])) == 2
    assert environment["USER"] == "strategiewijzer"
    assert "NOT" not in environment


def test_what_only_a_unit_can_say_is_refused_by_name(tmp_path: Path, told: Path) -> None:
    machine = _Machine(tmp_path, "[Service]\nLoadCredential=strategiewijzer_model:/etc/%N/model\n")
    result = machine.run("doctor", script=told)
    assert (result.returncode, result.stdout) == (1, "")
    assert "LoadCredential in the unit has a specifier" in result.stderr
    (tmp_path / "override.conf").unlink()  # nor is anything run without the unit
    result = machine.run("doctor", script=told)
    assert (result.returncode, result.stdout) == (1, "")
