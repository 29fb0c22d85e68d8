"""What is read of files of every format is as recorded, or a version says that it is not.

Where a test says that a file is read differently, it says what to do: documents that are in use are
read anew only when a version is raised.
"""

import json
from pathlib import Path

import pytest

from ingest.reading.formats import FORMATS, READERS, Reader
from tests.support import readings
from tests.support.readings import RAISE, files, reading, recorded

MARKET = "tests/data/readings/market.txt"


@pytest.mark.parametrize("name", files())
def test_a_file_is_read_as_recorded(name: str) -> None:
    assert reading(files()[name]) == recorded().get(name), f"{name} is not as recorded. {RAISE}"


def test_every_format_is_recorded_and_nothing_that_is_gone() -> None:
    assert recorded().keys() == files().keys(), RAISE
    assert {FORMATS[path.suffix] for path in files().values()} == set(READERS)


def test_what_is_described_cut_and_prepared_is_all_in_the_digest(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for file in files()[MARKET].parent.glob("market.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    path = tmp_path / "market.txt"
    digests = [recorded()[MARKET].digest]
    assert reading(path).digest == digests[0]  # wherever it stands
    for name, old, new in (
        ("market.txt", b"voorlichting", b"uitleg"),
        ("market.meta.yaml", b"area: drugs", b"area: trade"),
        ("market.questions.yaml", b"wapens", b"goud"),
    ):
        file = tmp_path / name
        file.write_bytes(file.read_bytes().replace(old, new))
        digests.append(reading(path).digest)
    monkeypatch.setattr("ingest.passages.split.TARGET_TOKENS", 20)
    digests.append(reading(path).digest)
    assert len(set(digests)) == len(digests)


def test_what_is_read_differently_is_recorded_only_with_a_higher_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    market = files()[MARKET]
    before = recorded()[MARKET]
    record = tmp_path / "readings.json"
    monkeypatch.setattr(readings, "RECORDED", record)
    monkeypatch.setattr(readings, "files", lambda: {MARKET: market})
    record.write_text(json.dumps({MARKET: before._replace(digest="of before")}), "utf-8")

    assert readings.main() == 1
    assert f"{MARKET} is read differently, and no version was raised" in capsys.readouterr().err
    assert recorded()[MARKET].digest == "of before"

    monkeypatch.setitem(READERS, "plain", Reader(before.version + 1))
    assert readings.main() == 0
    assert recorded() == {MARKET: before._replace(version=before.version + 1)}
