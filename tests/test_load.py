"""Loading: the text stays the file's own, metadata and headings are found, errors say where."""

import datetime
from pathlib import Path

import pytest

from core.errors import DocumentError
from core.source import SourceDocument
from ingest.reading.find import find
from ingest.reading.load import double, load

ROOT = Path(__file__).parent.parent
DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="module")
def briefs() -> list[SourceDocument]:
    return list(map(load, find([ROOT / "corpus"]).files))


def write(folder: Path, name: str, content: str) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")
    return file


# Markdown


def test_front_matter_is_the_metadata() -> None:
    document = load(ROOT / "corpus/nl/drugs-agenda.md")
    assert document.info.model_dump() == {
        "id": "drugs-agenda",
        "language": "nl",
        "title": "EU-agenda en -actieplan inzake drugs 2021-2025",
        "reference": "COM(2020) 606 final/2",
        "celex": "52020DC0606(01)",
        "date": datetime.date(2020, 7, 24),
        "area": "drugs",
        "publisher": "Strategiewijzer",
        "url": "https://eur-lex.europa.eu/legal-content/NL/TXT/?uri=CELEX:52020DC0606(01)",
        "kind": "brief",
        "version": "",
        "effective_from": None,
        "superseded_by": "",
        "about": "EU-agenda en -actieplan inzake drugs voor 2021-2025",
        "about_publisher": "Europese Commissie",
        "about_form": "document",
        "questions_url": "",
    }


def test_a_bundled_brief_is_the_projects_own_and_names_what_it_summarises(
    briefs: list[SourceDocument],
) -> None:
    for brief in briefs:
        assert (brief.kind, brief.publisher) == ("brief", "Strategiewijzer")
        assert brief.about
        assert brief.about_publisher in ("European Commission", "Europese Commissie")


def test_the_brief_on_the_press_release_does_not_lead_to_the_strategy(
    briefs: list[SourceDocument],
) -> None:
    package = [brief for brief in briefs if brief.id == "security-union-package"]
    assert {brief.about_form for brief in package} == {"press_release"}
    assert all(brief.questions_url for brief in package)
    assert not [brief for brief in package if "52020DC0605" in brief.url]


def test_the_text_of_a_brief_is_its_file_below_the_front_matter(
    briefs: list[SourceDocument],
) -> None:
    for document in briefs:
        assert Path(document.path).read_text(encoding="utf-8").endswith(f"---\n{document.text}")


def test_a_section_is_what_stands_below_its_heading(briefs: list[SourceDocument]) -> None:
    for document in briefs:
        for section in document.sections:
            above = document.text[: section.start].rstrip("\n").rsplit("\n", 1)[-1]
            assert above == f"## {section.headings[-1]}"
            assert section.headings == (document.title, section.headings[-1])
            assert "\n#" not in document.text[section.start : section.end]


def test_language_versions_have_the_same_sections(briefs: list[SourceDocument]) -> None:
    numbers = {d.key: [section.number for section in d.sections] for d in briefs}
    assert len(numbers) == 10
    for document in briefs:
        assert numbers[document.key] == numbers[f"{document.id}.en"]
        assert numbers[document.key] == list(range(1, len(document.sections) + 1))


def test_only_real_headings_are_headings(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "plan.en.md",
        "Before any heading.\n\nThe plan\n========\n\n## Empty\n\n### **Deep** [link](x)\n"
        "Text.\n\n```\n# no heading\n```\n\n- # odd\n\n## Last ##\n\nEnd.\n",
    )
    document = load(file)
    assert document.title == "The plan"
    assert [(s.number, s.headings) for s in document.sections] == [
        (0, ("The plan",)),
        (3, ("The plan", "Empty", "Deep link")),
        (4, ("The plan", "Last")),
    ]


def test_a_second_top_heading_is_below_the_title(tmp_path: Path) -> None:
    document = load(write(tmp_path, "a.en.md", "# Plan\n\nOne.\n\n# Annex\n\nTwo.\n"))
    assert [s.headings for s in document.sections] == [("Plan",), ("Plan", "Annex")]


# Without front matter


def test_the_name_of_a_file_gives_id_and_language(tmp_path: Path) -> None:
    document = load(write(tmp_path, "Rapport Été_2.FR.md", "# Titre\n\nDu texte.\n"))
    assert (document.id, document.language, document.kind) == ("rapport-ete-2", "fr", "upload")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nl", "De markt voor illegale drugs heeft een waarde van 30 miljard euro."),
        ("en", "The market for illicit drugs is worth 30 billion euro."),
        ("fr", "Le marché des drogues illicites vaut 30 milliards d'euros."),
        ("de", "Der Markt für illegale Drogen hat einen Wert von 30 Milliarden Euro."),
    ],
)
def test_the_language_is_detected_where_nothing_says_it(
    tmp_path: Path, language: str, text: str
) -> None:
    assert load(write(tmp_path, "note.txt", text)).language == language


def test_line_ends_are_newlines_and_control_characters_are_gone(tmp_path: Path) -> None:
    file = tmp_path / "a.en.txt"
    file.write_bytes(b"\xef\xbb\xbfTitle\r\n\r\nOne\x00 two\x07.\rThree\tfour.\n")
    assert load(file).text == "Title\n\nOne two.\nThree\tfour.\n"


def test_plain_text_can_have_front_matter(tmp_path: Path) -> None:
    release = (DATA / "press-release-2020-07-24.nl.txt").read_text(encoding="utf-8")
    header = "---\nid: press-release\nlanguage: nl\ntitle: Persbericht\ndate: 2020-07-25\n---\n"
    document = load(write(tmp_path, "release.txt", header + release))
    assert (document.id, document.title) == ("press-release", "Persbericht")
    assert document.date == datetime.date(2020, 7, 25)
    assert document.text == release


# Web pages


def test_a_web_page_keeps_its_main_text_only() -> None:
    document = load(DATA / "drugs-agenda-page.html")
    assert document.title == "Een nieuwe EU-agenda inzake drugs"
    assert (document.language, document.date) == ("nl", datetime.date(2020, 7, 24))
    assert document.url == "https://example.eu/nl/drugsagenda"
    assert [section.headings[1:] for section in document.sections] == [
        (),
        ("Doelen van de agenda",),
        ("Omvang van de markt",),
    ]
    body = "".join(document.text[s.start : s.end] for s in document.sections)
    for noise in ("cookies", "Home", "tracker", "color", "Facebook", "Terug naar boven", "**"):
        assert noise not in body
    assert "- Betere preventie, waaronder voorlichting" in body
    assert "1. De lidstaten voeren de agenda uit." in body  # not 1\.
    assert "een nieuwe agenda inzake drugs" in body


# Folders


def test_folders_are_read_in_order_each_file_once(tmp_path: Path) -> None:
    for name in ("b.en.md", "a/c.en.txt"):
        write(tmp_path, name, "# Title\n\nSome text.\n")
    found = find([tmp_path / "not-there", tmp_path, tmp_path / "b.en.md"])
    assert [file.name for file in found.files] == ["c.en.txt", "b.en.md"]


def test_no_folder_at_all_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"not found\. Name a folder"):
        find([tmp_path / "typo"])
    assert find([]).files == ()


def test_the_same_version_twice_names_both_files(tmp_path: Path) -> None:
    first, second = tmp_path / "a/plan.en.md", tmp_path / "b/plan.en.md"
    assert str(double("plan.en", str(second), str(first))) == (
        f"{second}: {first} also has id plan and language en. "
        "Remove one of the two files or change an id."
    )


# Errors


@pytest.mark.parametrize(
    ("fields", "line", "message"),
    [
        ("id: a\nid: b", 3, "id is given twice. Keep one"),
        ("id: My Plan", 2, "id has a wrong value 'My Plan'. Use lower-case letters, digits"),
        ("id: a\n\nlanguage: NLD", 4, "language has a wrong value 'NLD'. Use two lower-case"),
        ("id: a\nlanguage: no", 3, "language is not text but bool. Put it between quotes: lang"),
        ("id: a\ndate: 24-07-2020", 3, "date '24-07-2020' is not a date. Write year-month-day"),
        ("id: a\ndate: 2020-13-01", 3, "date '2020-13-01' is not a date. Write year-month-day"),
        ("id: a\nkind: memo", 3, "kind has a wrong value 'memo'. Use one of: brief, official"),
        ("id: a\nurl: www.example.eu", 3, "url has a wrong value 'www.example.eu'. Begin it with"),
        ("id: a\ntitle: 2020", 3, 'title is not text but int. Put it between quotes: title: "2020'),
        ("id: a\narea: [x, y]", 3, "area is not a single value. Write it on one line"),
        ("id: a\ntitle: EU: a plan", 3, "the front matter is not valid YAML (mapping values are"),
        ("just words", 2, 'the front matter is not a list of fields. Write "key: value"'),
    ],
)
def test_wrong_front_matter_names_file_line_and_remedy(
    tmp_path: Path, fields: str, line: int, message: str
) -> None:
    file = write(tmp_path, "plan.en.md", f"---\n{fields}\n---\n\n# Plan\n\nText.\n")
    with pytest.raises(DocumentError) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}:{line}: {message}")


@pytest.mark.parametrize("fields", ["title: A", "id:\ntitle: A", ""])
def test_front_matter_without_an_id_takes_it_from_the_name_of_the_file(
    tmp_path: Path, fields: str
) -> None:
    document = load(write(tmp_path, "plan.en.md", f"---\n{fields}\n---\n\n# A\n\nText.\n"))
    assert (document.id, document.language, document.title) == ("plan", "en", "A")


def test_what_other_programs_keep_in_front_matter_is_told_and_does_no_harm(tmp_path: Path) -> None:
    fields = "title: A\ntags: [drugs, vet]\nauthor:\n  name: X\ndraft: no\n"
    document = load(write(tmp_path, "plan.en.md", f"---\n{fields}---\n\n# B\n\nText.\n"))
    assert (document.title, document.unused) == ("A", ("tags", "author", "draft"))


def test_a_sidecar_cures_a_wrong_value_in_front_matter(tmp_path: Path) -> None:
    file = write(tmp_path, "plan.en.md", "---\ndate: 24-07-2020\n---\n\n# A\n\nText.\n")
    with pytest.raises(DocumentError, match="is not a date"):
        load(file)
    write(tmp_path, "plan.en.md.meta.yaml", "date: 2020-07-24\n")
    assert load(file).date == datetime.date(2020, 7, 24)


def test_front_matter_must_be_closed(tmp_path: Path) -> None:
    file = write(tmp_path, "plan.en.md", "---\nid: a\n\n# Plan\n")
    with pytest.raises(DocumentError, match=r"plan.en.md:1: .*not closed. Add a line ---"):
        load(file)


def test_empty_fields_count_as_not_given(tmp_path: Path) -> None:
    file = write(tmp_path, "x.en.md", "---\nid: a\ntitle:\ncelex: ''\ndate:\n---\n# Plan\n\nText.")
    document = load(file)
    assert (document.title, document.celex, document.date) == ("Plan", "", None)


@pytest.mark.parametrize("content", ["", " \n\n", "# Only a heading\n", "---\nid: a\n---\n", "***"])
def test_a_file_without_text_is_an_error(tmp_path: Path, content: str) -> None:
    file = write(tmp_path, "empty.en.md", content)
    with pytest.raises(DocumentError, match=r"has no text\. Remove the file or add its text"):
        load(file)


@pytest.mark.parametrize(
    "page",
    ["<html><body><script>1</script></body></html>", "<!-- a remark -->", "<!", "<?php 1 ?>"],
)
def test_an_empty_web_page_is_an_error(tmp_path: Path, page: str) -> None:
    with pytest.raises(DocumentError, match="has no text"):
        load(write(tmp_path, "empty.html", page))


def test_a_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    file = tmp_path / "old.nl.txt"
    file.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9)
    with pytest.raises(DocumentError, match=r"old.nl.txt: is not text, or in an unknown encoding"):
        load(file)


def test_another_format_or_no_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"not a format that can be read. Use one of: .md"):
        load(write(tmp_path, "a.csv", "x"))
    with pytest.raises(DocumentError, match="cannot be read"):
        load(tmp_path / "gone.md")
