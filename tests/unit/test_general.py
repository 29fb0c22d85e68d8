"""Open question sets to learn from: what is taken of them, and what is not."""

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

from research.reader.examples import General, Maker, general

TEXT = "The bridge was built in 1901. It fell in 1950."
DANISH = "Broen blev bygget i 1901. Den faldt i 1950."


def article(title: str, text: str, asked: str, key: str, start: int | None) -> dict[str, Any]:
    answers = [] if start is None else [{"answer_start": start, "text": "-"}]
    one = {"id": key, "question": asked, "answers": answers, "is_impossible": start is None}
    return {"title": title, "paragraphs": [{"context": text, "qas": [one]}]}


@pytest.fixture
def sets(tmp_path: Path) -> Path:
    english = [
        article("Bridge", TEXT, "When did it fall?", "1", TEXT.index("1950")),
        article("Normans", TEXT, "Who?", "2", 0),
    ]
    danish = [
        article("Bridge", DANISH, "Hvornår faldt den?", "1", DANISH.index("1950")),
        article("Normans", DANISH, "Hvem?", "2", None),
    ]
    for name, articles in (("squad2-en-half", english), ("squad2-da", danish)):
        content = gzip.compress(json.dumps({"data": articles}).encode())
        (tmp_path / f"{name}.json.gz").write_bytes(content)
    return tmp_path


@pytest.fixture
def asked(sets: Path) -> list[General]:
    titles = [{"title": "Bridge"}, {"title": "Normans"}]
    (sets / "xquad.en.json").write_text(json.dumps({"data": titles}), "utf-8")
    return general([sets])


def test_articles_that_are_measured_on_are_left_out(asked: list[General]) -> None:
    assert sorted(one.question for one in asked) == ["Hvornår faldt den?", "When did it fall?"]


def test_the_same_question_is_put_to_the_paragraph_in_another_language(
    asked: list[General],
) -> None:
    maker = Maker(lambda text: [len(word) for word in text.split()], -1, -2)
    chance = random.Random(1)  # noqa: S311 - a lot, no secret
    english = next(one for one in asked if one.question.startswith("When"))
    texts = {one.paragraph.sentences for one in asked}
    assert {english.paragraph, *english.others} == {one.paragraph for one in asked}
    assert len(texts) == 2
    read = [english.examples(maker, chance) for _ in range(30)]
    for made in read:
        assert [one.answers for one in made].count(True) == 1
        assert len(made) == 2
    assert len({len(made[0].sequence.tokens) for made in read}) > 1  # of both paragraphs


def test_without_the_list_of_what_is_measured_nothing_is_taken(sets: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"xquad\.en\.json is needed"):
        general([sets])
