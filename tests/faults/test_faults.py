"""What must be survived: disks that are full or read-only, and a process that is killed.

Disks are real: a small tmpfs and a read-only bind mount. Where mounting is not permitted these
tests are skipped, unless REQUIRE_FAULTS is set, as in CI.
"""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import StoreError
from core.settings import ROOT, Settings
from ingest.pipeline import ingest
from ingest.publishing.verify import verify
from tests.support.browser import free_port
from tests.support.commands import Command, whole_environment
from tests.support.kept import MODEL
from tests.support.small import Small, document
from tests.support.waiting import PATIENCE
from vectorstore import keyword_index
from vectorstore.generations import Generations
from vectorstore.keyword_index import open_keyword
from vectorstore.store import Index, open_index

NAMES = ("alpha", "beta", "gamma")


def _version(number: int) -> dict[str, str]:
    sentence = f"The first section speaks of version {number} of the ships."
    return {f"{name}.md": document(name, sentence) for name in NAMES}


def _versions(index: Index) -> set[str]:
    """The versions that a question finds, in all three documents."""
    found = index.snapshot().search("version of the ships", k=3, language="en")
    assert {scored.passage.document.id for scored in found} == set(NAMES)
    return {scored.passage.text.split("version ")[1].split()[0] for scored in found}


def _mount(*arguments: str) -> None:
    done = subprocess.run(["mount", *arguments], capture_output=True, text=True)
    if done.returncode == 0:
        return
    reason = f"mounting is not permitted here: {done.stderr.strip()}"
    if os.environ.get("REQUIRE_FAULTS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def _unmounted(place: Path) -> Iterator[Path]:
    try:
        yield place
    finally:  # lazily: the store in this process keeps its files open
        subprocess.run(["umount", "--lazy", str(place)], check=True)


class Disk:
    """A disk of 8 MB."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self._filler = place / "filler"

    def fill(self, room: int) -> None:
        """Leaves about so many bytes of room."""
        free = os.statvfs(self.place).f_bavail * os.statvfs(self.place).f_frsize
        self._filler.write_bytes(bytes(max(0, free - room)))

    def clear(self) -> None:
        self._filler.unlink()


def _long(value: object) -> Any:
    return pytest.param(value, marks=pytest.mark.long)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    place = tmp_path / "disk"
    place.mkdir()
    _mount("-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place))
    with _unmounted(place):
        yield Disk(place)


@pytest.fixture
def settings(small: Small, disk: Disk) -> Settings:
    """An index of version 0 on the small disk, and the texts of version 1."""
    made = small(_version(0))
    data_dir = disk.place / "data"
    data_dir.mkdir()
    (data_dir / MODEL).symlink_to(made.data_dir / MODEL)  # which is larger than the disk
    made = made.model_copy(update={"data_dir": data_dir})
    ingest(made)
    small(_version(1))
    return made


def _command(
    settings: Settings, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, as people run it, once it has ended."""
    return subprocess.run(
        [sys.executable, *arguments],
        env=whole_environment(settings) | environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def _run(settings: Settings, *arguments: str, first: str = "") -> tuple[int, str]:
    """The exit code and the errors of `python -m ingest`.

    After a failed write Chroma can hang in the process that wrote, though not in others.
    """
    code = f"import sys\nfrom ingest.__main__ import main\n{first}\nsys.exit(main(sys.argv[1:]))"
    done = _command(settings, "-c", code, *arguments)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize("room", [_long(0), 60_000, _long(120_000)])
def test_a_disk_that_gets_full_stops_a_run_and_readers_notice_nothing(
    settings: Settings, disk: Disk, room: int
) -> None:
    running = open_index(settings)
    disk.fill(room)

    code, error = _run(settings)

    assert code == 1
    assert error.endswith("MB free). Make room, then try again.\n")
    assert _versions(running) == {"0"}
    disk.clear()
    assert verify(settings).problems == ()
    ingest(settings)
    assert _versions(running) == {"1"}
    assert verify(settings).problems == ()
    assert Generations(settings).unpublished() == []


# Fills the disk before a step, and says on standard output how many passages are embedded.
_FULL_AT = """
import os
from vectorstore.generations import Generations
whole = Generations.{step}
def on_a_full_disk(self, *arguments):
    free = os.statvfs({place!r})
    with open({place!r} + "/filler", "wb") as filler:
        filler.write(bytes(free.f_bavail * free.f_frsize))
    return whole(self, *arguments)
Generations.{step} = on_a_full_disk
"""


@pytest.mark.parametrize("step", [_long("create"), "publish", _long("remove_unpublished")])
def test_a_disk_that_is_full_at_a_step_leaves_one_generation_or_the_other(
    settings: Settings, disk: Disk, step: str
) -> None:
    running = open_index(settings)
    answers = "1" if step == "remove_unpublished" else "0"

    code, error = _run(settings, first=_FULL_AT.format(step=step, place=str(disk.place)))

    # after publishing there was nothing to remove
    assert (code, "Make room, then try again." in error) == ((1, True), (0, False))[int(answers)]
    assert _versions(running) == {answers}
    disk.clear()
    report = ingest(settings)
    assert report.embedded == (3 if step == "create" else 0)  # what was embedded is not lost
    assert _versions(running) == {"1"}
    assert verify(settings).problems == ()


def test_a_disk_that_is_full_from_the_start_is_told_and_forgotten_when_it_is_not(
    settings: Settings, disk: Disk
) -> None:
    generation = Generations(settings).current()
    folder = settings.data_dir / "keyword" / "new"
    disk.fill(8_000)
    with pytest.raises(StoreError, match=r"keyword index cannot be written.*Make room"):
        keyword_index.build(folder, generation.all_passages())
    assert [place.name for place in folder.parent.iterdir()] == [generation.id]
    disk.clear()
    # a store that this process has not opened yet
    moved = settings.model_copy(update={"data_dir": disk.place / "moved"})
    settings.data_dir.rename(moved.data_dir)
    disk.fill(0)
    for _ in range(3):
        with pytest.raises(StoreError, match="Make room, then try again"):
            open_index(moved)
    disk.clear()
    assert _versions(open_index(moved)) == {"0"}


def test_a_service_started_on_a_full_disk_says_so(settings: Settings, disk: Disk) -> None:
    """Chroma writes to take its lock, so no new process can read. Whoever starts it tries again."""
    disk.fill(4_096)
    done = _command(settings, "-m", "command", "serve", "--port", str(free_port()))
    assert done.returncode == 1
    assert done.stderr.endswith("MB free). Make room, then try again.\n")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("room", [0, 200_000])
@pytest.mark.long
def test_backup_and_restore_on_a_full_disk_change_nothing(
    settings: Settings, disk: Disk, tmp_path: Path, room: int
) -> None:
    documents = str(disk.place / "documents")

    def run(*arguments: str) -> tuple[int, str]:
        given = ("-m", "command", *arguments)
        done = _command(settings, *given, STRATEGIEWIJZER_DOCUMENTS_DIR=documents)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stderr

    good = str(tmp_path / "good.zip")
    assert run("backup", good)[0] == 0
    running = open_index(settings)
    disk.fill(room)
    before = sorted(path for path in disk.place.rglob("*"))
    for arguments in (("backup", str(disk.place / "backup.zip")), ("restore", good, "--yes")):
        code, error = run(*arguments)
        assert (code, "Make room" in error) == (1, True), error
        assert sorted(path for path in disk.place.rglob("*")) == before
    assert _versions(running) == {"0"}
    disk.clear()
    assert run("restore", good, "--yes")[0] == 0


@pytest.fixture
def read_only(small: Small, tmp_path: Path) -> Iterator[Settings]:
    """An index of version 0 in a folder that cannot be written to, not by root either."""
    made = small(_version(0))
    ingest(made)
    small(_version(1))
    place = tmp_path / "read-only"
    place.mkdir()
    _mount("--bind", str(made.data_dir), str(place))
    with _unmounted(place):
        _mount("-o", "remount,bind,ro", str(place))
        yield made.model_copy(update={"data_dir": place})


def test_a_read_only_index_is_told_to_readers_and_writers(
    read_only: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = r"read-only for this program.*STRATEGIEWIJZER_DATA_DIR"
    for _ in range(2):
        with pytest.raises(StoreError, match=told):
            open_index(read_only)
    with pytest.raises(StoreError, match=told):
        ingest(read_only)

    run_ingest = Command(monkeypatch, capsys)
    run_ingest.use(read_only)
    for command in ([], ["status"], ["history"], ["rollback"], ["verify"]):
        assert run_ingest(*command) == 1
        assert "read-only for this program" in run_ingest.err
        assert "Traceback" not in run_ingest.err
    writable = read_only.model_copy(update={"data_dir": tmp_path / "data"})
    with pytest.raises(StoreError, match=r"keyword index .* is read-only for this program"):
        open_keyword(read_only, Generations(writable).current())


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nothing"])
def test_an_impossible_data_folder_is_told(small: Small, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    settings = small(_version(0)).model_copy(update={"data_dir": tmp_path / place})
    for use in (ingest, open_index):
        with pytest.raises(StoreError, match="STRATEGIEWIJZER_DATA_DIR"):
            use(settings)


_KILLS = 28
# Imports first, then says so and waits: kills then fall into the run itself.
_CHILD = """
import sys
import ingest.commands.sync, vectorstore.store
from ingest.__main__ import main
print("ready", flush=True)
sys.stdin.readline()
sys.exit(main([]))
"""


def _waiting(settings: Settings) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD],
        env=whole_environment(settings),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _run_of(child: subprocess.Popen[str], kill_after: float | None = None) -> tuple[int, float]:
    """Lets a waiting child run; returns its exit code and the seconds that it took."""
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    started = time.monotonic()
    child.stdin.write("go\n")
    child.stdin.flush()
    try:
        _, error = child.communicate(timeout=PATIENCE if kill_after is None else kill_after)
    except subprocess.TimeoutExpired:
        child.kill()
        _, error = child.communicate()
    assert child.returncode in (0, -9), error
    return child.returncode, time.monotonic() - started


@pytest.mark.timeout(900)
@pytest.mark.long
def test_kills_at_random_moments_leave_a_whole_generation_in_use(small: Small) -> None:
    seed = random.randrange(1_000_000)  # noqa: S311
    print(f"seed {seed}")  # noqa: T201 - to see the same again
    dice = random.Random(seed)  # noqa: S311
    settings = small(_version(0))
    _run_of(_waiting(settings))
    small(_version(1))
    code, whole_run = _run_of(_waiting(settings))
    assert code == 0
    index, before, waiting = open_index(settings), "1", _waiting(settings)
    number, killed, published = 1, 0, 0
    while killed < _KILLS:
        number += 1
        assert number < 200, "the runs end before they are killed"
        small(_version(number))
        child, waiting = waiting, _waiting(settings)  # which starts while the other runs
        code, took = _run_of(child, kill_after=dice.uniform(0, whole_run))
        whole_run = whole_run if code else took  # the machine is less busy by now

        (answer,) = _versions(index)  # two would be a mixture of generations
        assert answer in (before, str(number))
        assert _versions(open_index(settings)) == {answer}
        assert verify(settings).problems == ()
        killed += code != 0
        published += code != 0 and answer != before
        before = answer

    assert _run_of(waiting)[0] == 0
    assert _versions(index) == {str(number)}
    assert verify(settings).problems == ()
    assert Generations(settings).unpublished() == []
    print(f"{number} runs, {killed} killed, {published} of these after publishing")  # noqa: T201
