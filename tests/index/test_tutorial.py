"""The tutorial, run as its reader would: every block of the page, in its order."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from core.settings import ROOT
from tests.support.pdf_files import article

PAGE = (ROOT / "docs" / "tutorial.md").read_text("utf-8")
BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)


@pytest.mark.long
def test_every_block_of_the_tutorial_runs_and_the_question_is_answered(
    tmp_path: Path, give_model: Callable[[Path], Path]
) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "lighthouses.pdf").write_bytes(
        article(
            "Lighthouses of the northern coast",
            {
                "Number and age": "The northern coast has 31 lighthouses. The oldest of them was "
                "built in 1790, when the harbour was opened to large ships.",
                "Upkeep": "The harbour authority maintains the lighthouses and checks the lamps "
                "and the foghorns every year, before the winter begins.",
            },
        )
    )
    give_model(tmp_path / "reports-index")
    blocks = BLOCK.findall(PAGE)
    assert [kind for kind, _ in blocks] == ["sh", "sh", "sh", "python", "yaml", "sh", "sh"]

    shell = "\n".join(text for kind, text in blocks if kind == "sh")
    (tmp_path / "questions.yaml").write_text(_only("yaml"), "utf-8")
    (tmp_path / "ask.py").write_text(_only("python"), "utf-8")
    ran = subprocess.run(
        ["bash", "-e", "-c", f"{shell}\nexport PYTHONPATH=.\n{sys.executable} ~/ask.py"],
        cwd=ROOT,
        env={"HOME": str(tmp_path), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )

    assert ran.returncode == 0, ran.stderr
    assert "The northern coast has 31 lighthouses. [1]" in ran.stdout
    assert "\n1 Lighthouses of the northern coast 1 The northern coast has 31" in ran.stdout
    runs = (tmp_path / "reports-index" / "runs").iterdir()
    assert [(run / "report.html").is_file() for run in runs] == [True, True]


def _only(kind: str) -> str:
    (text,) = (text for language, text in BLOCK.findall(PAGE) if language == kind)
    return text
