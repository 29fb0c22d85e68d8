"""What version 0.1.0 kept, written by its own code: conversations, notes, feedback, and a run."""

import shutil
from pathlib import Path

from core.settings import ROOT
from userdata.database import VERSION_0_1_0 as FILES

VERSION_0_1_0 = ROOT / "tests" / "data" / "version_0_1_0"


def put_files(data_dir: Path) -> None:
    """Puts the files of what it kept of people into a data folder."""
    for name in FILES:
        shutil.copy(VERSION_0_1_0 / name, data_dir)


def remove_copies(data_dir: Path) -> None:
    """Removes the copies that taking over leaves, from a data folder that tests share."""
    for name in FILES:
        for copy in data_dir.glob(f"{name}.taken-over-*"):
            copy.unlink()
