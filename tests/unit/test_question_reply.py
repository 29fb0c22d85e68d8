"""What a model writes of a section is read as questions with units, whatever it is."""

import json

import pytest

from chain.proposing import plain, read, schema, usable
from core.errors import ModelError

UNITS, LANGUAGES = (0, 1, 3), ("en", "nl")
ONE = "How many cranes are there?"


def answers(*entries: object) -> str:
    return json.dumps({"answers": entries})


def entry(units: object, *questions: object, language: str = "en") -> dict[str, object]:
    return {"units": units, "questions": {language: list(questions)}}


def kept(reply: str) -> list[tuple[tuple[int, ...], str, str]]:
    """(units, language, question) of what can be used of a reply."""
    found = usable(read(reply, UNITS, LANGUAGES))
    return [(question.units, question.language, question.text) for question in found]


def test_numbers_are_those_of_the_passage_in_its_order() -> None:
    reply = answers(entry([4, 1, 1], ONE), entry([2], "aantal kranen", language="nl"))
    assert kept(reply) == [((0, 3), "en", ONE), ((1,), "nl", "aantal kranen")]


@pytest.mark.parametrize(
    "reply",
    [
        f"Here they are:\n```json\n{answers(entry([1], ONE))}\n```\nAnything else?",
        answers(entry([1], ONE), entry([2], "Who runs it all?"))[:90],  # broke off
        answers(entry([1], ONE)).replace("cranes are", "cranes\nare"),  # a line end that is raw
        answers(entry([1], ONE), "text", 7, None, [], {}, {"units": {}}),
        answers(entry([1], f'1. "{ONE}"'), entry([1], f"- {ONE}\u202e"), entry([1], ONE.upper())),
    ],
)
def test_the_same_is_read_in_other_forms(reply: str) -> None:
    assert kept(reply) == [((0,), "en", ONE)]


@pytest.mark.parametrize(
    "reply",
    [
        "", "NO ANSWER", "{}", '{"answers": 7}', "[1, 2]", "{" * 9999,
        '{"answers": [7, "text"]}', '{"answers": [}', '{"answers": [{"units": [1], ',
        *(f'{{"answers": [{"[" * depth}{"]" * depth}]}}' for depth in (1, 100, 100_000)),
        '{"answers": [{"units": ' + "[" * 100_000 + "]" * 100_000 + "}]}",
    ],
)  # fmt: skip
def test_what_has_no_answers_is_refused(reply: str) -> None:
    with pytest.raises(ModelError, match="not in the form"):
        read(reply, UNITS, LANGUAGES)


def test_no_answers_are_no_failure() -> None:
    assert kept('{"answers": []}') == kept('{"answers": [ , ]}') == []


@pytest.mark.parametrize(
    "units",
    [[], [0], [3], [5], [-1], [1, 99], ["1"], [1.0], [True], "1", None, {}, [[1]], [1] * 99],
)
def test_a_unit_that_is_not_there_drops_its_questions(units: object) -> None:
    assert kept(answers(entry(units, ONE, "number of cranes"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "Cranes?", "12 31", "", "   \n ", "x" * 201, "a " * 900, "Who is <b>it</b>?",
        "See [this](https://evil.example/x)", "What is on https://evil.example?",
        "What is on www.evil.example?", "What is **bold** here?", "`rm -rf /` is what?",
        "Is &lt;script&gt; here?", "# A heading here", "| a | table |",
    ],
)  # fmt: skip
def test_what_is_no_plain_question_is_dropped(text: str) -> None:
    assert plain(text) == ""
    assert kept(answers(entry([1], text, ONE))) == [((0,), "en", ONE)]


@pytest.mark.parametrize("value", [7, None, ["Who is it?"], {"text": "Who is it?"}])
def test_what_is_no_text_is_as_if_it_were_not_there(value: object) -> None:
    (question,) = read(answers(entry([1], value, ONE)), UNITS, LANGUAGES)
    assert question.text == ONE


def test_what_cannot_be_seen_is_taken_out() -> None:
    assert plain("How many\r\n cra\u200bnes\x1b[2J") == ""  # what is left of it is marked
    assert plain("How many\r\n cra\u200bnes\x07 \ud800?") == "How many cranes \ufffd?"


def test_a_question_in_another_language_or_one_that_nobody_asked_for_is_dropped() -> None:
    reply = answers(
        entry([1], "Wie viele Kräne stehen heute im Hafen von Veldport?", language="nl"),
        entry([1], "Wie viele Kräne stehen heute im Hafen?", language="de"),
        entry([1], "kranen Veldport", language="nl"),  # too short to be told
    )
    assert kept(reply) == [((0,), "nl", "kranen Veldport")]


def test_ten_thousand_questions_and_an_endless_reply_are_read_in_part() -> None:
    many = answers(
        *(entry([1], *(f"Which crane has number {n} {m}?" for m in range(99))) for n in range(101))
    )
    assert 0 < len(kept(many)) <= 150
    endless = '{"answers": [' + json.dumps(entry([1], ONE)) + ", [" * 200_000
    assert len(kept(endless)) == 1
    assert len(kept('{"answers": [' + '{"a": 1},' * 40_000)) == 0


def test_the_schema_asks_for_the_units_and_the_languages() -> None:
    form = schema(UNITS, LANGUAGES)
    assert form["title"] == "answers"
    answer = form["properties"]["answers"]["items"]
    assert answer["required"] == ["units", "questions"]
    assert answer["properties"]["units"]["items"]["enum"] == [1, 2, 4]
    assert answer["properties"]["questions"]["required"] == ["en", "nl"]
