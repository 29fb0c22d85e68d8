"""`python -m ingest` in this process, and what it printed."""

import json

import pytest

from core.settings import Settings
from ingest.__main__ import main


class Command:
    """Runs it with some settings; `out` and `err` have what it printed last, on both ways out."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.out = self.err = ""

    def use(self, settings: Settings) -> None:
        """Gives it the folders of these settings, through the environment."""
        for name, value in environment(settings).items():
            self._monkeypatch.setenv(name, value)

    def __call__(self, *arguments: str) -> int:
        self._capsys.readouterr()
        code = main(arguments)
        self.out, self.err = self._capsys.readouterr()
        return code


def environment(settings: Settings) -> dict[str, str]:
    """The variables that name the folders of some settings."""
    return {
        "STRATEGIEWIJZER_DATA_DIR": str(settings.data_dir),
        "STRATEGIEWIJZER_CORPUS_DIRS": json.dumps([str(one) for one in settings.corpus_dirs]),
        "STRATEGIEWIJZER_DOCUMENTS_DIR": str(settings.documents_dir),
    }


def whole_environment(settings: Settings) -> dict[str, str]:
    """All variables of a process of its own with these settings."""
    return {**environment(settings), "PATH": "/usr/bin:/bin"}
