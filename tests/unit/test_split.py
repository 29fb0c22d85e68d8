"""Splitting: passages fit the embedder, quote exactly, and keep together what belongs together."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from core.source import Passage, Unit
from ingest.passages.split import split
from ingest.reading.files import find
from ingest.reading.load import load
from vectorstore.embeddings import token_counter

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parents[1] / "data"
BRIEFS = sorted((ROOT / "corpus").rglob("*.md"))
SOURCES = [*BRIEFS, *sorted(f for f in DATA.iterdir() if f.suffix in (".html", ".txt"))]
MARK = re.compile(r"^\s*(?:[-*•]|\d+\.)\s+", re.MULTILINE)

TokenCount = Callable[[str], int]


@pytest.fixture(scope="module")
def token_count() -> TokenCount:
    return token_counter(estimated=False)


Cut = Callable[..., list[Passage]]


@pytest.fixture
def cut(tmp_path: Path, token_count: TokenCount) -> Cut:
    """Cuts a text in Markdown into passages."""
    file = tmp_path / "plan.en.md"

    def passages(text: str, *limit: int) -> list[Passage]:
        file.write_text(text, encoding="utf-8")
        return split(load(file), token_count, *limit)

    return passages


def texts(passage: Passage) -> list[str]:
    return [passage.text[unit.start : unit.end] for unit in passage.units]


def lead_in(passage: Passage, unit: Unit) -> str | None:
    return passage.text[slice(*unit.lead_in)] if unit.lead_in else None


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_passages_are_exact_and_fit_and_hold_all_text(path: Path, token_count: TokenCount) -> None:
    source = load(path)
    content = path.read_text(encoding="utf-8")
    passages = split(source, token_count)
    sections = {section.number: section for section in source.sections}
    for passage in passages:
        assert passage.text == source.text[passage.start : passage.end]
        assert path.suffix == ".html" or passage.text in content
        assert token_count(passage.context()) < 512
        assert passage.document == source.info
        assert passage.headings == sections[passage.section].headings
    assert len({passage.id for passage in passages}) == len(passages)
    assert all(re.fullmatch(rf"{source.key}:[0-9a-f]{{24}}", p.id) for p in passages)
    for section in source.sections:
        body = source.text[section.start : section.end]
        within = [p for p in passages if section.start <= p.start < section.end]
        units = "".join(unit for passage in within for unit in texts(passage))
        assert [*filter(str.isalnum, units)] == [*filter(str.isalnum, MARK.sub("", body))]
    for passage in passages:
        ends = [0, *(unit.end for unit in passage.units)]
        assert all(end <= unit.start for end, unit in zip(ends, passage.units, strict=False))
        assert all(text == text.strip() and text for text in texts(passage))


def test_a_section_of_a_brief_is_one_passage_in_every_language(token_count: TokenCount) -> None:
    numbers = {
        source.key: [passage.section for passage in split(source, token_count)]
        for source in map(load, find([ROOT / "corpus"]).files)
    }
    for key, found in numbers.items():
        assert found == numbers[f"{key.split('.')[0]}.en"]
        assert found == sorted(set(found))


def test_a_long_section_is_cut_between_paragraphs_into_equal_parts(cut: Cut) -> None:
    paragraph = "The plan sets out what the Union will do against drugs in the next years. " * 8
    passages = cut("# Plan\n\n" + f"{paragraph.strip()}\n\n" * 4)
    assert [len(passage.units) for passage in passages] == [16, 16]
    assert all(passage.text.startswith("The plan") for passage in passages)
    assert len({passage.id for passage in passages}) == 2  # the same text twice


def test_a_list_stays_with_its_lead_in_rather_than_with_the_text_before(cut: Cut) -> None:
    before = "The plan sets out what the Union will do against drugs in the next years. " * 16
    items = "".join(
        f"{n}. Support number {n} for the Member States, in words that fill the line up.\n"
        for n in range(1, 17)
    )
    first, second = cut(f"# Plan\n\n{before}The plan has these parts:\n\n{items}")
    assert {unit.kind for unit in first.units} == {"sentence"}
    assert second.text.startswith("The plan has these parts:\n\n1. Support number 1 ")
    assert {lead_in(second, unit) for unit in second.units} == {None, "The plan has these parts:"}


def test_nested_items_are_introduced_by_their_parent(cut: Cut) -> None:
    items = "- Prevention\n  - at school. And work\n- Care"
    text = f"# Plan\n\nThe parts:\n\n{items}\n\nThe end.\n\n- x\n"
    (passage,) = cut(text)
    assert [(passage.text[u.start : u.end], lead_in(passage, u)) for u in passage.units] == [
        ("The parts:", None),
        ("Prevention", "The parts:"),
        ("at school. And work", "Prevention"),
        ("Care", "The parts:"),
        ("The end.", None),
        ("x", None),
    ]


def test_a_long_item_is_cut_into_sentences(cut: Cut) -> None:
    sentence = "The plan sets out what the Union will do against drugs in the next years."
    long = " ".join([sentence] * 6)
    text = f"# Plan\n\nThe parts:\n\n- {long}\n- {sentence} {sentence}\n"
    (passage,) = cut(text)
    assert texts(passage) == ["The parts:", *[sentence] * 6, f"{sentence} {sentence}"]
    assert {lead_in(passage, unit) for unit in passage.units[1:]} == {"The parts:"}


def test_a_point_of_a_legal_text_is_citable_as_such(cut: Cut) -> None:
    text = """# Act

Whereas:

(27) The first recital. It has two sentences.

## Article 16

1. Providers shall act.
2. Providers shall:
   - (a) ensure safety;
   - (b) keep records:
     - (i) of tests.

   A second subparagraph.

- no mark
"""
    found = cut(text)
    marks = {p.text[u.start : u.end]: u.marks for p in found for u in p.units}
    assert marks == {
        "Whereas:": (),
        "(27) The first recital.": ("(27)",),
        "It has two sentences.": ("(27)",),
        "Providers shall act.": ("1",),
        "Providers shall:": ("2",),
        "(a) ensure safety;": ("2", "(a)"),
        "(b) keep records:": ("2", "(b)"),
        "(i) of tests.": ("2", "(b)", "(i)"),
        "A second subparagraph.": ("2",),
        "no mark": (),
    }


def test_a_row_without_text_is_no_unit(cut: Cut) -> None:
    text = "# P\n\n| Year | Seized |\n|---|---|\n|  |  |\n| 2017 | 5 |\n| "
    (passage,) = cut(text)
    assert texts(passage) == ["Year | Seized", "2017 | 5"]


@pytest.mark.parametrize(
    "text",
    [
        "The plan covers " + ", ".join(f"subject number {n} of the year" for n in range(400)) + ".",
        "- The item begins. " + "It goes on, and on; and then some more. " * 100, "word " * 3000,
        "x" * 9000, "| a |\n|---|\n| " + "cell after cell " * 500 + "|",
        "```\n" + "code_without_end(); " * 500 + "\n```",
    ],
    ids=["clauses", "item", "words", "letters", "row", "code"],
)  # fmt: skip
@pytest.mark.parametrize("limit", [64, 512])
def test_the_limit_always_holds(cut: Cut, token_count: TokenCount, text: str, limit: int) -> None:
    passages = cut(f"# A plan\n\n{text}\n", limit)
    assert max(token_count(passage.context()) for passage in passages) <= limit
    units = "".join(unit for passage in passages for unit in texts(passage))
    body = MARK.sub("", text).removeprefix("| a |\n|---|")
    assert re.sub(r"\W", "", units).removeprefix("a") == re.sub(r"\W", "", body)


def test_a_long_sentence_is_cut_at_clauses(cut: Cut) -> None:
    text = ", ".join(f"subject number {n} of the year" for n in range(200)) + "."
    found = [t for p in cut(f"# A\n\n{text}") for t in texts(p)]
    assert len(found) > 1
    assert all(re.match(r"subject.*[,.]$", unit) for unit in found)


def test_a_heading_never_takes_more_than_half(cut: Cut, token_count: TokenCount) -> None:
    heading = "A very long heading about many things " * 60
    text = f"# Plan\n\n## {heading}\n\n### Short\n\nOne sentence. Another sentence.\n"
    (passage,) = cut(text)
    assert passage.headings == ("Short",)
    text = f"# Plan\n\n## {heading}\n\nOne sentence."
    (passage,) = cut(text)
    (cut_short,) = passage.headings  # there is always one: pages and prompts show the last
    assert re.fullmatch(r"A very long heading about many .*\w…", cut_short)
    assert 200 < token_count(cut_short) <= 256


def test_the_root_of_a_heading_path_is_short(cut: Cut) -> None:
    title = "Proposal for a regulation on " + ", ".join(f"subject number {n}" for n in range(30))
    (passage,) = cut(f"# {title}\n\n## Article 1\n\nOne sentence.\n")
    root, article = passage.headings
    assert article == "Article 1"
    assert root.endswith("…")
    assert title.startswith(root.rstrip("…"))
    assert len(root) <= 150
    assert passage.document.title == title


def test_an_unchanged_passage_keeps_its_id(cut: Cut) -> None:
    old = "# Plan\n\n## A\n\nSame text.\n\n## B\n\nOld text.\n"
    before = cut(old)
    after = cut(f"Intro.\n\n{old.replace('Old', 'New')}")
    assert [passage.text for passage in after] == ["Intro.", "Same text.", "New text."]
    assert after[1].id == before[0].id
    assert after[2].id != before[1].id


ACT = """# Regulation (EU) 2024/1 on harbours

(1) Harbours are open to all.

(2) They need care. It costs money.

## Article 1 – Notices

1. A master notifies an incident within 72 hours. The notice is written.
2. The notice states:
   - (a) the place;
   - (b) the time.

## Tasks

1. Dredge the harbour.
2. Paint the quay.

## Events

7. The harbour master closed the northern basin on 3 May 2020, as the storm
   had moved the buoys, and opened it in June.
"""


def test_numbered_paragraphs_of_an_article_are_no_list(cut: Cut) -> None:
    recitals, article, tasks, events = cut(ACT)
    assert [unit.marks for unit in recitals.units] == [("(1)",), ("(2)",), ("(2)",)]
    assert [(unit.kind, unit.marks) for unit in article.units] == [
        ("sentence", ("1",)),
        ("sentence", ("2",)),
        ("item", ("2", "(a)")),
        ("item", ("2", "(b)")),
    ]
    lead = article.units[1]
    assert article.units[2].lead_in == (lead.start, lead.end)
    assert [unit.kind for unit in tasks.units] == ["item", "item"]  # a list by itself
    assert [(unit.kind, unit.marks) for unit in events.units] == [("sentence", ("7",))]


def test_what_introduces_a_list_goes_with_its_later_passages(cut: Cut) -> None:
    item = "a thing that is described with so many words that few of them fit in one passage"
    text = (
        "# P\n\nThe plan has these parts:\n\n"
        + "- (a) the first part, which is:\n"
        + "".join(f"  - (i) {item} {n};\n" for n in range(8))
        + f"- (b) {item}.\n"
    )
    first, *later = cut(text, 96)
    assert not first.introductions
    assert later
    for passage in later:
        for unit in passage.units:
            own = passage.text[unit.start : unit.end]
            nested = ["(a) the first part, which is:"] * own.startswith("(i)")
            assert passage.lead_ins(unit) == ["The plan has these parts:", *nested]
        for introduction in passage.introductions:
            assert text[introduction.start :].startswith(introduction.text)


def test_introductions_that_leave_no_room_stay_behind(cut: Cut, token_count: TokenCount) -> None:
    long = " ".join(f"word{n}" for n in range(60))
    text = f"# P\n\nThe parts, {long}:\n\n" + "".join(f"- {long} {n}.\n" for n in range(3))
    for passage in cut(text, 300):
        assert token_count(passage.context()) <= 300
        assert all(unit.outer <= len(passage.introductions) for unit in passage.units)


def test_a_table_is_introduced_by_its_caption_and_a_list_below_it_is_not(cut: Cut) -> None:
    table = "Table 1: tonnes\n\n| Year | Seized |\n|---|---|\n| 2017 | 5 |"
    (passage,) = cut(f"# P\n\n{table}\n\n- Not of the table.\n\nAfter it.")
    lead_ins = {text: passage.lead_ins(unit)
            for text, unit in zip(texts(passage), passage.units, strict=True)}  # fmt: skip
    assert lead_ins == {
        "Table 1: tonnes": [],
        "Year | Seized": ["Table 1: tonnes"],
        "2017 | 5": ["Table 1: tonnes", "| Year | Seized |"],
        "Not of the table.": [],
        "After it.": [],
    }
