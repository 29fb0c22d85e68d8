"""Which questions may be kept, and in which words."""

import datetime

import pytest

from core.answer import Answer
from core.prepared import Approval
from tests.support.passages import answer_of
from userdata.kept_question import kept_question

APPROVAL = Approval(by="A", on=datetime.date(2026, 11, 29))


def told(question: str, **given: object) -> Answer:
    return answer_of("Dat is zo.", question=question, **given)


@pytest.mark.parametrize(
    ("question", "language", "is_kept"),
    [
        ("Hoeveel meldingen gaf Malta in 2019 door?", "nl", True),
        ("EMPACT", "nl", True),
        ("drugsmarkt euro per jaar", "nl", True),
        ("Wat is EMPACT?", "nl", True),
        ("And how many reports of child abuse did Malta send?", "en", True),
        ("Is it true that drugs kill?", "en", True),
        ("Ποιες είναι οι προτεραιότητες;", "el", True),
        ("Какви са приоритетите на агенцията?", "bg", True),
        # What rests on an earlier question is not.
        ("En in 2021?", "nl", False),
        ("And the second?", "en", False),
        ("Who runs it?", "en", False),
        ("Waarom?", "nl", False),
        ("Et eux ?", "fr", False),
        ("Was ist das?", "de", False),
        ("Защо тогава?", "bg", False),
        ("???", "nl", False),
        ("", "en", False),
    ],
)
def test_a_question_that_stands_alone_is_kept(question: str, language: str, is_kept: bool) -> None:
    assert kept_question(told(question, language=language)) == (question if is_kept else "")


def test_a_follow_up_is_kept_as_it_was_understood() -> None:
    follow_up = told("And in 2010?", understood_as="How many in 2010?", follows="How many in 2019?")
    assert kept_question(follow_up) == "How many in 2010?"
    assert kept_question(told("And in 2010?", understood_as="Does jan@example.nl know?")) == ""


@pytest.mark.parametrize(
    "given",
    [
        {"message": "greeting"},
        {"message": "identity"},
        {"message": "harm"},
        {"message": "shorter", "understood_as": "Wat is EMPACT?"},  # a task
        {"message": "table", "answered": True},
        {"reason": "out_of_scope"},
        {"reason": "not_in_sources", "elsewhere": True},
        {"approved": APPROVAL, "answered": True},
    ],
)
def test_what_is_no_question_to_the_sources_or_is_answered_for_good_is_not_kept(
    given: dict[str, object],
) -> None:
    assert kept_question(told("Wat is EMPACT?")) == "Wat is EMPACT?"
    assert kept_question(told("Wat is EMPACT?", **given)) == ""


def test_what_tells_of_somebody_or_is_long_is_not_kept() -> None:
    assert kept_question(told("Krijgt jan@example.nl antwoord over wapens?")) == ""
    assert kept_question(told("Welke regels gelden voor 06-12345678?")) == ""
    assert len(kept_question(told("wapen " * 50))) == 299
    assert kept_question(told("wapen " * 51)) == ""


def test_a_question_is_one_line_without_what_nobody_sees() -> None:
    hostile = "Wat\x00 doet\r\n\u202eEuropol\ud83d \U000e0041<script>alert(1)</script>?"
    assert kept_question(told(hostile)) == "Wat doet Europol\ufffd <script>alert(1)</script>?"
