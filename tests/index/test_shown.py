"""How well questions over documents of the grounds are answered: what is counted, and as what."""

import json
from pathlib import Path

import pytest

from research.reader import grounds, shown
from research.reader.grounds import Source

LAW = """# Wet op de havens

## Artikel 1. De havenmeester

De havenmeester van Veldport besluit binnen zes weken. Hij kan dat besluit één keer \
uitstellen.

## Artikel 2. Het havengeld

Het havengeld bedraagt veertig euro per schip en per nacht.

## Artikel 3. Slotbepaling

Deze wet treedt in werking op 1 mei 2019.
"""
OTHER = LAW.replace("Wet op de havens", "Wet op de sluizen").replace("havenmeester", "sluiswachter")
FIRST, DUES = "De havenmeester van Veldport besluit", "Het havengeld bedraagt"
ASKED = (
    ("Binnen hoeveel weken besluit de havenmeester van Veldport?", "nl", FIRST),
    ("Within how many weeks does the harbour master of Veldport decide?", "en", FIRST),
    ("Hoe hoog is het havengeld in de Wet op de havens?", "nl", DUES),
    ("Wie won het songfestival van 1975?", "nl", ""),
)


@pytest.fixture
def documents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two laws, and questions over one; both end with the same article, by which neither is told
    from the other."""
    texts = {"havens": LAW, "sluizen": OTHER}
    own = {}
    for name, text in texts.items():
        (tmp_path / f"{name}.nl.md").write_text(text, "utf-8")
        of = {"name": name, "file": f"{name}.nl.md", "part": "show", "kind": "law"}
        own[name] = Source(**of, language="nl", origin="", reuse="")  # type: ignore[arg-type]
    (tmp_path / "show").mkdir()
    lines = [
        {"id": str(number), "question": question, "language": language, "style": "short"}
        | {"answers": [[words]] if words else []}
        for number, (question, language, words) in enumerate(ASKED)
    ]
    (tmp_path / "show" / "havens.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    (tmp_path / "show" / "sluizen.jsonl").write_text("", "utf-8")
    monkeypatch.setattr(grounds, "FOLDER", tmp_path)
    monkeypatch.setattr(grounds, "sources", lambda: own)
    monkeypatch.setattr(shown, "sources", lambda: own)
    monkeypatch.setattr(grounds, "stretches", dict)
    return tmp_path


def _rows(printed: str) -> dict[str, list[str]]:
    """The rows of printed tables, by their first cell."""
    return {
        cells[0]: cells[1:]
        for line in printed.splitlines()
        if line.startswith("│")
        for cells in [[one.strip() for one in line.strip("│").split("│")]]
    }


def test_a_question_counts_by_the_unit_of_its_own_document(
    documents: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown.app.run([str(documents), "--out", str(documents / "out")], "shown") == 0
    rows = _rows(capsys.readouterr().out)
    assert [rows[name][0] for name in ("answerable", "own language", "across", "unanswerable")] == [
        *("3", "2", "1", "1")
    ]
    assert rows["answerable"][1:3] == ["1.000", "1.000"]  # not the like article of the other law
    assert rows["unanswerable"][1:] == ["0.000", "0.000", "0.000", "1.000", "-"]
