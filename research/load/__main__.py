"""Load test: users that ask the app's API in a loop, described in docs/benchmarks.md."""

import csv
import datetime
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import typer

from core.command_line import CommandLine
from core.errors import StrategiewijzerError
from core.settings import ROOT, Settings
from eval.dataset import QUESTIONS, load
from research.benchmarks.machine import cpu_seconds, memory_mb, this_machine
from research.benchmarks.served_app import environment, served
from userdata.api_keys import make

_FEW = 4  # users beside an ingest: the app is busy, but not the whole time
_STREAMS = 8  # of a model at once, as issue and aim name them
_FIRST = 120  # seconds, for the first answer; 5 on an idle machine
_ADDRESS = "/v1/ask"
# The test measures the app, not its limits; fifty at once are half of the greatest that is allowed.
_NO_LIMITS = {
    "STRATEGIEWIJZER_API_REQUESTS_PER_MINUTE": "1000000",
    "STRATEGIEWIJZER_API_QUESTIONS_AT_ONCE": "100",
}


@dataclass(frozen=True)
class Figures:
    """Of one phase; times in milliseconds. `memory` is the app's in MB, when it begins and ends."""

    phase: str
    requests: int
    failures: int
    per_second: float
    p50: float
    p95: float
    cpu: float  # seconds of the app's processor for each request
    memory: tuple[float, float]

    def __str__(self) -> str:
        return (
            f"| {self.phase} | {self.requests} | {self.failures} | {self.per_second:.1f} "
            f"| {self.p50:.0f} / {self.p95:.0f} ms | {self.cpu:.3f} s "
            f"| {self.memory[0]:.0f} -> {self.memory[1]:.0f} MB |"
        )


@dataclass(frozen=True)
class _Load:
    """What all phases share: a folder for its files, the app."""

    folder: Path
    address: str
    pid: int

    def run(self, phase: str, users: int, seconds: int, *, streamed: bool = False) -> list[Figures]:
        """Users for some seconds: the figures of answers, when streamed of their first words and of
        the whole. Raises StrategiewijzerError when locust does not run or nothing was answered."""
        out = self.folder / phase.replace(" ", "-")
        memory, cpu = memory_mb(pid=self.pid), cpu_seconds(self.pid)
        command = [
            *(sys.executable, "-m", "locust", "--headless", "--only-summary"),
            *("--host", self.address),
            *("-f", str(Path(__file__).with_name("locustfile.py")), "--csv", str(out)),
            *("--users", str(users), "--spawn-rate", str(users), "--run-time", f"{seconds}s"),
            *("--questions", str(_questions(out)), "--key", str(self.folder / "key")),
            *(["--streamed"] if streamed else []),
            *("--stop-timeout", "60"),  # seconds; questions under way are finished and counted
        ]
        ended = subprocess.run(command, capture_output=True, text=True, cwd=self.folder)  # noqa: S603 - ours
        stats = Path(f"{out}_stats.csv")
        if not stats.is_file():
            raise StrategiewijzerError(f"locust did not run:\n{ended.stderr[-2000:]}")
        rows = {row["Name"]: row for row in csv.DictReader(stats.read_text("utf-8").splitlines())}
        shown = ("first words", "whole answer") if streamed else (_ADDRESS,)
        if missing := [one for one in shown if one not in rows]:
            raise StrategiewijzerError(
                f"{phase}: nothing was answered within {seconds} s ({', '.join(missing)}):\n"
                f"{ended.stderr[-2000:]}"
            )
        cpu, after = cpu_seconds(self.pid) - cpu, memory_mb(pid=self.pid)
        return [
            Figures(
                phase=name if row["Name"] == _ADDRESS else f"{name}: {row['Name']}",
                requests=int(row["Request Count"]),
                failures=int(row["Failure Count"]),
                per_second=float(row["Requests/s"]),
                p50=float(row["50%"]),
                p95=float(row["95%"]),
                cpu=cpu / max(1, int(row["Request Count"])),
                memory=(memory, after),
            )
            for name, row in ((phase, rows[one]) for one in shown)
        ]


app = CommandLine()


@app.command()
def measure(
    users: int = typer.Option(50, help="How many ask at once."),
    seconds: int = typer.Option(60, help="Of the long phases."),
    model_url: str = typer.Option("", help="An OpenAI-compatible server for streams."),
) -> int:
    """Load test: users that ask the app's API in a loop.

    Runs the real app on a copy of the index in use (run `make ingest` first), on this machine only:
    one user, then many, then a few without and with an ingest meanwhile; with --model-url also
    eight streams that a language model writes. Prints a table; exits with 1 when a request failed.
    Needs what the tests need (`make test` installs it).
    """
    print(f"{this_machine()}\n")
    print("| phase | questions | failed | a second | p50 / p95 | processor each | memory |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    failed = 0
    for figures in _phases(users, seconds, model_url):
        for row in figures:
            print(row, flush=True)
            failed += row.failures
    return 1 if failed else 0


def _phases(users: int, seconds: int, model_url: str) -> Iterator[list[Figures]]:
    with _load({}) as served_app:
        yield served_app.run("one user", 1, seconds // 3)
        yield served_app.run(f"{users} users", users, seconds)
        yield served_app.run(f"{users} users again", users, seconds)
        yield served_app.run(f"{_FEW} users", _FEW, seconds // 2)
        with _ingesting(served_app.folder):
            yield served_app.run(f"{_FEW} users, ingest meanwhile", _FEW, seconds // 2)
    if model_url:
        with _load({"OPENAI_BASE_URL": model_url}) as served_app:
            yield served_app.run(f"{_STREAMS} streams", _STREAMS, seconds, streamed=True)


@contextmanager
def _load(settings: Mapping[str, str]) -> Iterator[_Load]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(Settings().data_dir, folder / "data", dirs_exist_ok=True)
        day = datetime.timedelta(days=1)
        here = Settings().model_copy(update={"data_dir": folder / "data"})
        key, _ = make(here, "load", ("ask",), "reader", day)
        (folder / "key").write_text(key, "utf-8")
        with served(ROOT, folder, {**_NO_LIMITS, **settings}) as (address, pid):
            _warm(address, key)
            yield _Load(folder, address, pid)


def _warm(address: str, key: str) -> None:
    """Asks once, since the first question waits until the API and the assistant are made."""
    headers = {"Authorization": f"Bearer {key}"}
    body = {"question": "Hoeveel is de drugsmarkt waard?"}
    reply = httpx.post(address + _ADDRESS, json=body, headers=headers, timeout=_FIRST)
    if reply.status_code != 200:
        raise StrategiewijzerError(f"The first question: HTTP {reply.status_code}")


@contextmanager
def _ingesting(folder: Path) -> Iterator[None]:
    """Rebuilds the index again and again until the block ends."""
    loop = 'while :; do "$0" -m ingest --rebuild || exit 1; done'
    data = {"STRATEGIEWIJZER_DATA_DIR": str(folder / "data")}
    command = [*environment(data), "/bin/sh", "-c", loop, sys.executable]
    log = folder / "ingest.log"
    with log.open("wb") as out:
        running = subprocess.Popen(  # noqa: S603 - ours
            command, cwd=ROOT, stdout=out, stderr=out, start_new_session=True
        )
    try:
        time.sleep(2)  # it has begun to embed
        yield
        if running.poll() is not None:
            raise StrategiewijzerError(f"The ingest failed:\n{log.read_text('utf-8')[-2000:]}")
    finally:
        subprocess.run(["/bin/kill", "--", f"-{running.pid}"], check=False)  # noqa: S603 - ours
        running.wait()


def _questions(out: Path) -> Path:
    """The question set in a file for locust, in Dutch and English."""
    file = out.with_suffix(".questions.json")
    asked = [one.question for one in load(QUESTIONS) if one.language in ("nl", "en")]
    file.write_text(json.dumps(asked), "utf-8")
    return file


def main(arguments: Sequence[str]) -> int:
    return app.run(arguments, "python -m research.load")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
