"""The load test at a tiny size: that it measures what it says, not how fast it is."""

import pytest

from core.settings import Settings
from research.load.__main__ import main


@pytest.mark.long
def test_users_get_answers_also_while_the_index_is_rebuilt(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    # 8 seconds in the shortest phase: other tests may hold both cores.
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    assert main(["--users", "2", "--seconds", "24"]) == 0
    rows = [line.split(" | ") for line in capfd.readouterr().out.splitlines()[4:]]
    assert [row[0] for row in rows] == [
        "| one user", "| 2 users", "| 2 users again", "| 4 users", "| 4 users, ingest meanwhile",
    ]  # fmt: skip
    for row in rows:
        assert int(row[1]) > 0
        assert int(row[2]) == 0
