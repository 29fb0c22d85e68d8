"""Questions to learn from: whole, in the agreed form, and no document in two parts."""

import json
import random
from collections import Counter
from itertools import chain
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
import pytest

from language.identify import OFFICIAL
from research.reader import grounds
from research.reader.examples import Example, Ground, Maker
from research.reader.grounds import (
    FOLDER,
    Document,
    Labelled,
    Part,
    Source,
    labelled,
    located,
    sources,
    stretches,
)

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
    across = sum(
        one.language != SOURCES[name].language for name, asked in ASKED.items() for one in asked
    )
    assert 0.45 < across / len(ALL) < 0.55
    assert {one.language for one in ALL} <= {*OFFICIAL}
    assert len({one.id for one in ALL}) == len(ALL)
    for asked in ASKED.values():
        assert len({one.question for one in asked}) == len(asked)


def test_a_question_has_an_answer_or_what_only_looks_like_one() -> None:
    assert all(bool(one.answers) != bool(one.near) for one in ALL)
    assert all(way and all(way) for one in ALL for way in one.answers)


def asking(**labels: Any) -> Labelled:
    return Labelled(id="wet-001", question="Hoe lang?", language="nl", style="short", **labels)


def test_a_unit_is_found_by_the_words_that_it_begins_with(law: Document) -> None:
    found = law.locate(asking(answers=(("De minister besluit", "Hij kan dat besluit"),)), None)
    assert found is not None
    # What stands in the text twice answers in both places.
    assert found.answers == (((0, 0), (0, 1)), ((1, 1), (0, 1)))
    assert found.read == {(0, 0), (0, 1), (1, 0), (1, 1)}


def test_what_lies_outside_of_the_stretch_that_was_read_is_not_known(law: Document) -> None:
    found = law.locate(asking(near=("Bezwaar is",)), ("De minister besluit", "Hij kan"))
    assert found is not None
    assert found.answers == ()
    assert found.read == {(0, 0), (0, 1)}


def test_a_question_whose_unit_is_gone_is_left_out(law: Document) -> None:
    assert law.locate(asking(answers=(("De kosten zijn",),)), None) is None


# What a reader learns from: sequences of tokens, here of one for each word.


BEGINS, ENDS = -1, -2


def encode(text: str) -> list[int]:
    return [sum(word.encode()) for word in text.split()]


@pytest.fixture
def ground(tmp_path: Path, law: Document, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """The law with one question that its first unit answers, and one that nothing answers."""
    folder = tmp_path / "grounds"
    (folder / "fit").mkdir(parents=True)
    (folder / "stretches.json").write_text("{}")
    asked = {"language": "nl", "style": "short"}
    lines = [
        {"id": "1", "question": "Hoe lang nog?", "answers": [["Hij kan dat besluit"]], **asked},
        {"id": "2", "question": "Wat kost bezwaar?", "near": ["Bezwaar is mogelijk"], **asked},
    ]
    (folder / "fit" / "wet.jsonl").write_text("\n".join(map(json.dumps, lines)))
    monkeypatch.setattr(grounds, "FOLDER", folder)
    stretches.cache_clear()
    source = Source(
        name="wet", file="wet.nl.md", part="fit", kind="law", language="nl", origin="", reuse=""
    )
    vectors = np.eye(4)  # of the four units, in order
    embedder: Any = SimpleNamespace(**vars(WORDS), passages=lambda texts: vectors[: len(texts)])
    try:
        yield Ground(source, law, located(source, law), embedder, tmp_path)
    finally:
        stretches.cache_clear()


@pytest.fixture
def maker() -> Maker:
    return Maker(encode, BEGINS, ENDS)


def test_a_sequence_has_the_question_the_heading_and_the_unit(ground: Ground, maker: Maker) -> None:
    made = maker.sequence("Hoe lang nog?", ground.passages[0], 1)
    assert made.tokens[slice(*made.question)] == encode("Hoe lang nog?")
    assert made.tokens[slice(*made.unit)] == encode("Hij kan dat besluit één keer uitstellen.")
    assert encode("Artikel 1") == made.tokens[made.question[1] + 2 : made.unit[0] - 1]
    assert (made.tokens[0], made.tokens[-1]) == (BEGINS, ENDS)


def test_what_answers_is_right_the_nearest_others_are_wrong(ground: Ground, maker: Maker) -> None:
    answered, unanswered = ground.asked
    near = np.array([0.9, 0.8, 0.1, 0.0])

    def units(made: list[Example]) -> list[tuple[int, bool]]:
        """The number of the unit in the law, in its order, of each sequence."""
        texts = [
            encode(passage.text[unit.start : unit.end])
            for passage in ground.passages
            for unit in passage.units
        ]
        return [
            (texts.index(one.sequence.tokens[slice(*one.sequence.unit)]), one.answers)
            for one in made
        ]

    made = maker.of(answered, ground, [ground], near, random.Random(1))  # noqa: S311
    # The last unit has the words of the first.
    assert units(made) == [(1, True), (0, False), (2, False), (0, False)]
    made = maker.of(unanswered, ground, [ground], near, random.Random(1))  # noqa: S311
    assert units(made)[0] == (2, False)  # what looks like an answer comes first
    assert not any(answers for _, answers in units(made))


def test_a_passage_is_as_near_as_its_best_unit_and_the_mean(ground: Ground) -> None:
    assert ground.fits(np.array([1.0, 0.5, 0.0, 0.2])).tolist() == pytest.approx(
        [0.6 * 1.0 + 0.4 * 0.75, 0.6 * 0.2 + 0.4 * 0.1]
    )
