"""The counts of the code name what is there and what runs."""

from pathlib import Path

from lxml import etree

from core.settings import ROOT
from language.matching import fold
from research.house.__main__ import files_run, lines, modules
from research.house.drawing import drawing, reached, rooms


def test_modules_are_those_of_the_product() -> None:
    found = {str(file.relative_to(ROOT)) for file in modules()}
    assert {"app.py", "chain/assistant.py", "ui/texts/__init__.py"} <= found
    assert not any(name.startswith(("tests/", "research/", ".venv/")) for name in found)
    assert lines(iter([ROOT / "core/version.py"])) == 3


def test_only_files_in_which_something_runs_are_counted() -> None:
    assert files_run(lambda: fold("É")) == [ROOT / "language/matching.py"]
    assert files_run(lambda: None) == []


def test_a_drawn_room_stands_above_what_it_imports(tmp_path: Path) -> None:
    for name, text in {
        "base/__init__.py": "",
        "base/shapes.py": "A = 1\nB = 2\n",
        "top/__init__.py": "",
        "top/story.py": "from top.part import work\n\nwork.do()\n",
        "top/request.py": "from base.shapes import A\n\nC = A\n",
        "top/part/__init__.py": "",
        "top/part/work.py": "from top import request\n\ndo = request.C\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    found = rooms(tmp_path)
    assert {name: set(room.imports) for name, room in found.items()} == {
        "base": set(),
        "top": {"top/part"},
        "top, below": {"base"},
        "top/part": {"top, below"},
    }
    assert found["base"].modules == (2,)
    assert reached(found)["top"] == {"top/part", "top, below", "base"}
    svg = etree.fromstring(drawing(found).encode())
    tops = {one.text: float(one.attrib["y"]) for one in svg.iter() if one.attrib.get("y")}
    assert tops["top"] < tops["top/part"] < tops["top, below"] < tops["base"]
