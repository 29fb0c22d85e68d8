"""The counts of the code name what is there and what runs."""

from core.settings import ROOT
from language.words import fold
from research.house import files_run, lines, modules


def test_modules_are_those_of_the_product() -> None:
    found = {str(file.relative_to(ROOT)) for file in modules()}
    assert {"app.py", "chain/assistant.py", "ui/texts/__init__.py"} <= found
    assert not any(name.startswith(("tests/", "research/", ".venv/")) for name in found)
    assert lines(iter([ROOT / "core/__init__.py"])) == 3


def test_only_files_in_which_something_runs_are_counted() -> None:
    assert files_run(lambda: fold("É")) == [ROOT / "language/words.py"]
    assert files_run(lambda: None) == []
