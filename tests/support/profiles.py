"""Profiles of embedders that a test may write to."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from vectorstore import profile
from vectorstore.profile import default_profile


@pytest.fixture
def own_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "profiles"
    shutil.copytree(profile.FOLDER, folder)
    monkeypatch.setattr(profile, "FOLDER", folder)
    default_profile.cache_clear()
    yield folder
    default_profile.cache_clear()
