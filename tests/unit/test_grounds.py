"""Questions to learn from: whole, in the agreed form, and no document in two parts."""

from collections import Counter
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest

from language.official import OFFICIAL
from research.reader.grounds import FOLDER, Document, Labelled, Part, labelled, sources, stretches

SOURCES = sources()
ASKED = {one.name: labelled(one.name, one.part) for one in SOURCES.values()}
ALL = [*chain.from_iterable(ASKED.values())]
WORDS: Any = SimpleNamespace(token_count=lambda text: len(text.split()), limit=512)
LAW = """# Wet op de proef

## Artikel 1

De minister besluit binnen zes weken. Hij kan dat besluit één keer uitstellen.

## Artikel 2

Bezwaar is mogelijk. De minister besluit binnen zes weken.
"""


@pytest.fixture
def law(tmp_path: Path) -> Document:
    file = tmp_path / "wet.nl.md"
    file.write_text(LAW, "utf-8")
    return Document(file, WORDS)


def test_every_file_belongs_to_a_document_and_no_document_to_two_parts() -> None:
    there = [(file.parent.name, file.stem) for file in FOLDER.glob("*/*.jsonl")]
    assert sorted(there) == sorted((one.part, one.name) for one in SOURCES.values())
    parts = Counter(one.part for one in SOURCES.values())
    assert set(parts) == set(get_args(Part))
    assert min(parts.values()) > len(ASKED) / 8
    assert {*stretches()} <= {*SOURCES}


def test_questions_are_many_varied_and_asked_once_of_a_document() -> None:
    assert len(ALL) > 13_500
    unanswered = sum(not one.answers for one in ALL) / len(ALL)
    assert 0.38 < unanswered < 0.42
    across = [
        one.id
        for name, asked in ASKED.items()
        for one in asked
        if one.language != SOURCES[name].language
    ]
    assert 0.45 < len(across) / len(ALL) < 0.55
    assert {one.language for one in ALL} <= {*OFFICIAL}
    assert len({one.id for one in ALL}) == len(ALL)
    for asked in ASKED.values():
        assert len({one.question for one in asked}) == len(asked)


def test_a_question_has_an_answer_or_what_only_looks_like_one() -> None:
    assert all(bool(one.answers) != bool(one.near) for one in ALL)
    assert all(way and all(way) for one in ALL for way in one.answers)


def test_a_unit_is_found_by_the_words_that_it_begins_with(law: Document) -> None:
    asked = Labelled(
        id="wet-001", question="Hoe lang duurt het?", language="nl", style="short",
        answers=(("De minister besluit", "Hij kan dat besluit"),),
    )  # fmt: skip
    found = law.locate(asked, None)
    assert found is not None
    # What stands in the text twice answers in both places.
    assert found.answers == (((0, 0), (0, 1)), ((1, 1), (0, 1)))
    assert found.read == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_what_lies_outside_of_the_stretch_that_was_read_is_not_known(law: Document) -> None:
    asked = Labelled(
        id="wet-002", question="Wie helpt mij?", language="nl", style="short", near=("Bezwaar is",)
    )
    found = law.locate(asked, ("De minister besluit", "Hij kan"))
    assert found is not None
    assert found.answers == ()
    assert found.read == {(0, 0), (0, 1)}


def test_a_question_whose_unit_is_gone_is_left_out(law: Document) -> None:
    asked = Labelled(
        id="wet-003", question="Wat kost het?", language="nl", style="short",
        answers=(("De kosten zijn",),),
    )  # fmt: skip
    assert law.locate(asked, None) is None
