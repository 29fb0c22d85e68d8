"""A `.env` of a test's own."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from core.settings import Settings


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes `.env`."""
    file = tmp_path / ".env"
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    return lambda **values: write(file, **values)


def write(file: Path, **values: str) -> None:
    lines = (f"STRATEGIEWIJZER_{name.upper()}={json.dumps(text)}" for name, text in values.items())
    file.write_text("\n".join(lines), "utf-8")
