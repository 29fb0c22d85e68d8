"""Metadata: sidecars, what the first lines tell, and which of it is only guessed."""

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import DocumentError
from ingest.reading import load as load_module
from ingest.reading.formats import markdown
from ingest.reading.load import load

TEXT = "# Het plan\n\nDe markt voor drugs is groot en de Commissie doet er iets aan.\n"


def write(folder: Path, name: str, content: str) -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("name", ["plan.nl.md.meta.yaml", "plan.nl.meta.yaml"])
def test_a_sidecar_gives_metadata_in_both_spellings(tmp_path: Path, name: str) -> None:
    file = write(tmp_path, "plan.nl.md", TEXT)
    write(tmp_path, name, "title: Ander plan\nversion: final/2\neffective_from: 2021-01-01\n"
          "superseded_by: plan-2026\n")  # fmt: skip
    document = load(file)
    assert (document.id, document.language, document.title) == ("plan", "nl", "Ander plan")
    assert (document.version, document.superseded_by) == ("final/2", "plan-2026")
    assert document.effective_from == datetime.date(2021, 1, 1)
    assert document.guessed == ()


def test_a_document_says_until_when_it_runs_and_what_succeeds_it(tmp_path: Path) -> None:
    fields = "effective_until: 2025-12-31\nsuccessor: Plan 2, COM(2025) 1 final\n"
    address = "successor_url: https://plan.example/2\n"
    document = load(write(tmp_path, "plan.nl.md", f"---\n{fields}{address}---\n{TEXT}"))
    assert document.effective_until == datetime.date(2025, 12, 31)
    successor = (document.successor, document.successor_url)
    assert successor == ("Plan 2, COM(2025) 1 final", "https://plan.example/2")
    assert document.info.period == "2025"
    since = document.info.model_copy(update={"date": datetime.date(2020, 7, 24)})
    assert since.period == "2020–2025"
    later = since.model_copy(update={"effective_from": datetime.date(2021, 1, 1)})
    assert later.period == "2021–2025"
    assert later.model_copy(update={"effective_until": None}).period == ""


@pytest.mark.parametrize(
    ("sidecar", "language"), [("language: nl\n", "nl"), ("# none yet\n", "en")]
)
def test_a_sidecar_wins_over_front_matter_field_by_field(
    tmp_path: Path, sidecar: str, language: str
) -> None:
    file = write(tmp_path, "a.md", f"---\nid: plan\nlanguage: en\narea: drugs\n---\n{TEXT}")
    write(tmp_path, "a.md.meta.yaml", sidecar)
    write(tmp_path, "a.meta.yaml", "language: de\n")  # of another file, such as a.pdf
    document = load(file)
    assert (document.id, document.language, document.area) == ("plan", language, "drugs")


@pytest.mark.parametrize(
    ("fields", "line", "message"),
    [
        ("title: A\n\nlanguage: NLD", 3, "language has a wrong value 'NLD'"),
        ("colour: red", 1, "unknown field 'colour'"),
        ("id: a\ntitle: EU: a plan", 2, "the sidecar is not valid YAML"),
        ("just words", 1, "the sidecar is not a list of fields"),
        ("id: a\nsuperseded_by: The Plan", 2, "superseded_by has a wrong value 'The Plan'. Use"),
        ("effective_until: 2025", 1, "effective_until '2025' is not a date"),
        ("successor_url: plan.example", 1, "successor_url has a wrong value 'plan.example'. Begin"),
    ],
)
def test_a_wrong_sidecar_is_named_with_its_line(
    tmp_path: Path, fields: str, line: int, message: str
) -> None:
    file = write(tmp_path, "plan.nl.md", TEXT)
    sidecar = write(tmp_path, "plan.nl.meta.yaml", fields)
    with pytest.raises(DocumentError) as caught:
        load(file)
    assert str(caught.value).startswith(f"{sidecar}:{line}: {message}")


COVER = """Council of the European Union Brussels, 14 July 2021 (OR. en)

{number}

TRANS 480 CLIMA 202 ECOFIN 752 AVIATION 211

COVER NOTE

| From: | Secretary-General of the Commission |
| --- | --- |
| No. Cion doc.: | COM(2021) 559 final |
| Subject: | Proposal on fuels |
"""


@pytest.mark.parametrize(
    ("number", "reference"),
    [
        ("10284/22 Interinstitutional File:", "10284/22"),
        ("7592/3/22 REV 3 LIMITE", "7592/3/22 REV 3"),
        ("2021/0218 (COD) PE-CONS 36/2/23 REV 2", "PE-CONS 36/2/23 REV 2"),
    ],
)
def test_a_cover_of_the_council_has_its_number(number: str, reference: str) -> None:
    text = COVER.format(number=number)
    assert load_module.reference(replace(markdown.read(text), page_starts=(0,))) == reference
    plain = text.replace("TRANS 480 CLIMA 202 ECOFIN 752 AVIATION 211", "")
    assert load_module.reference(replace(markdown.read(plain), page_starts=(0,))) == ""


BEHIND = """EUROPEAN COMMISSION

Brussels, 10.6.2022

{number}

# COMMISSION STAFF WORKING DOCUMENT on fuels
"""


@pytest.mark.parametrize(
    "label", ["No. Cion doc.", "nr. Comdoc.", "N° doc. Cion", "Nr. Komm.dok.", "Br. dok. Kom."]
)
def test_a_document_that_the_council_transmits_has_its_own_number_and_date(
    label: str, tmp_path: Path
) -> None:
    row = f"| {label}: | SWD(2022) 201 final |"
    cover = COVER.format(number="11607/22").replace("| No. Cion doc.: | COM(2021) 559 final |", row)
    whole = cover + BEHIND.format(number="SWD(2022) 201 final")
    parsed = replace(markdown.read(whole), page_starts=(0, len(cover)))
    info, _ = load_module.describe(tmp_path / "st11607.en.pdf", parsed)
    assert (info.reference, info.publisher) == ("SWD(2022) 201 final", "European Commission")
    assert info.date == datetime.date(2022, 6, 10)
    stated = replace(parsed, stated={"date": datetime.date(2022, 7, 11), "language": "en"})
    info, _ = load_module.describe(tmp_path / "st11607.en.pdf", stated)
    assert info.date == datetime.date(2022, 6, 10)


def test_a_note_about_another_document_has_the_number_of_the_council(tmp_path: Path) -> None:
    cover = COVER.format(number="11607/22")
    whole = cover + BEHIND.format(number="Delegations find below what COM(2021) 559 final says.")
    day = datetime.date(2021, 7, 14)
    parsed = replace(markdown.read(whole), page_starts=(0, len(cover)), stated={"date": day})
    info, _ = load_module.describe(tmp_path / "st11607.en.pdf", parsed)
    assert (info.reference, info.publisher, info.date) == ("11607/22", "", day)


NUMBERS = ("COM(2020) 606 final/2", "SWD(2020) 127 final", "JOIN(2020) 18 final", "SEC(2009) 1")


@pytest.mark.parametrize(
    ("line", "reference"),
    [
        *zip(NUMBERS, NUMBERS, strict=True),
        ("Kenmerk: C(2020) 4500", "C(2020) 4500"),
        ("Zie ook COM(2020) 606 final", ""),
        ("DISCOM(2020) 606", ""),
    ],
)
def test_a_reference_on_a_line_of_its_own_is_the_document_s(
    tmp_path: Path, line: str, reference: str
) -> None:
    document = load(write(tmp_path, "plan.nl.md", f"# Het plan\n\n{line}\n\n{TEXT}"))
    assert document.reference == reference
    assert ("reference" in document.guessed) == bool(reference)


DATES = {
    "bg": "24 юли 2020 г.", "cs": "24. července 2020", "da": "den 24. juli 2020",
    "de": "Brüssel, 24. Juli 2020", "el": "24 Ιουλίου 2020", "en": "Brussels, July 24, 2020",
    "es": "24 de julio de 2020", "et": "24. juuli 2020", "fi": "24. heinäkuuta 2020",
    "fr": "Bruxelles, le 24 juillet 2020", "ga": "24 Iúil 2020", "hr": "24. srpnja 2020.",
    "hu": "2020. július 24.", "it": "24 luglio 2020", "lt": "2020 m. liepos 24 d.",
    "lv": "2020. gada 24. jūlijs", "mt": "24 ta' Lulju 2020",
    "nl": "Persbericht | Brussel, 24.7.2020", "pl": "24 lipca 2020 r.", "pt": "24 de julho de 2020",
    "ro": "24 iulie 2020", "sk": "24. júla 2020", "sl": "24. 7. 2020", "sv": "den 24 juli 2020",
}  # fmt: skip


@pytest.mark.parametrize("language", DATES)
def test_a_date_on_a_line_of_its_own_is_told_in_every_language(
    tmp_path: Path, language: str
) -> None:
    text = f"# Plan 2021-2025\n\n{DATES[language]}\n\n{TEXT}"
    document = load(write(tmp_path, f"plan.{language}.md", text))
    assert document.date == datetime.date(2020, 7, 24)
    assert "date" in document.guessed


@pytest.mark.parametrize(
    "text",
    [
        "Op 24 juli 2020 nam de Commissie in Brussel een groot pakket maatregelen aan.",
        "31 juni 2020", "juli 2020", f"{TEXT * 30}\n\n24 juli 2020",
    ],
    ids=["in a sentence", "no such day", "no day", "deep in the text"],
)  # fmt: skip
def test_no_other_date_is_taken_for_the_document_s(tmp_path: Path, text: str) -> None:
    document = load(write(tmp_path, "plan.nl.md", f"# Het plan\n\n{text}\n\n{TEXT}"))
    assert document.date is None


def test_celex_and_eli_are_told(tmp_path: Path) -> None:
    eli = "http://data.europa.eu/eli/reg/2019/1020/oj"
    text = f"# Het plan\n\nDocument 52020DC0606(01)\n\nELI: {eli}\n\n{TEXT}"
    document = load(write(tmp_path, "plan.nl.md", text))
    assert (document.celex, document.url) == ("52020DC0606(01)", eli.replace("http:", "https:"))
    assert document.guessed == ("title", "url", "celex")


@pytest.mark.parametrize(
    ("name", "number", "publisher"),
    [
        ("EUROPEAN COMMISSION", "COM(2021) 561 final", "European Commission"),
        ("Europese Commissie", "SWD(2020) 127 final", "European Commission"),
        ("ΕΥΡΩΠΑΪΚΗ ΕΠΙΤΡΟΠΗ", "COM(2021) 561 final", "European Commission"),
        ("European Commission", "Our reference: 2021/4", ""),  # to whom a letter is addressed
        ("The European Commission has a plan", "COM(2021) 561 final", ""),
    ],
)
def test_a_text_of_the_commission_names_it_above_its_number(
    tmp_path: Path, name: str, number: str, publisher: str
) -> None:
    text = f"{name}\n\nBrussels, 14.7.2021\n\n{number}\n\n# Plan\n\nThe market grows.\n"
    document = load(write(tmp_path, "plan.en.md", text))
    assert (document.publisher, document.kind) == (publisher, "upload")
    assert ("publisher" in document.guessed) is bool(publisher)


def test_what_is_stated_is_never_guessed(tmp_path: Path) -> None:
    stated = 'reference: "COM(2020) 607"\ndate: 2020-07-25\n'
    text = f"---\nid: plan\nlanguage: nl\n{stated}---\n# Plan\n\nCOM(2020) 606\n\n24.7.2020\n\nAf."
    document = load(write(tmp_path, "a.md", text))
    assert (document.reference, document.date) == ("COM(2020) 607", datetime.date(2020, 7, 25))
    assert document.guessed == ("title",)


def test_a_note_s_reference_is_another_document_s(tmp_path: Path) -> None:
    text = "# Plan\n\nDe markt groeit.[^1]\n\n[^1]: COM(2017) 195 final\n"
    assert load(write(tmp_path, "plan.nl.md", text)).reference == ""
