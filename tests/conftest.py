"""Fixtures: real settings, real indexes; nothing that we ship is replaced by a fake."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from core.settings import ROOT, Settings
from ingest.pipeline import ingest
from tests.browser import served, started

CORPUS = ROOT / "corpus"


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> None:
    """Tests do not depend on the variables or the `.env` of whoever runs them."""
    for name in list(os.environ):
        if name.startswith(("STRATEGIEWIJZER_", "OPENAI_")):
            del os.environ[name]
    Settings.model_config["env_file"] = None


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory, _no_settings_from_outside: None) -> Settings:
    """Settings of an index over the bundled briefs; built once: do not ingest into it."""
    made = Settings(data_dir=tmp_path_factory.mktemp("data"), corpus_dirs=(CORPUS,))
    ingest(made)
    return made


@pytest.fixture
def small(tmp_path: Path) -> Callable[[Mapping[str, str]], Settings]:
    """Writes these files (name -> text) into a folder of their own; returns settings for it.

    Called again it changes the files; nothing is ingested yet.
    """

    def make(files: Mapping[str, str]) -> Settings:
        folder = tmp_path / "documents"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        return Settings(data_dir=tmp_path / "data", corpus_dirs=(folder,))

    return make


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One browser for all tests; each opens pages of its own."""
    with started() as found:
        yield found


@pytest.fixture(scope="session")
def address(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the app on the bundled briefs."""
    with served(settings.data_dir, tmp_path_factory.mktemp("app") / "log") as found:
        yield found
