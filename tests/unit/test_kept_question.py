"""Which questions may be kept, and in which words."""

import datetime

import pytest

from core.answer import Answer
from core.source import Approval
from tests.support.passages import answer_of
from userdata.asked_questions import has_identifier, kept_question

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


OF_SOMEBODY = [
    "Mail it to jan@example.nl", "Who is jan @ example.nl?", "Ｊａｎ＠example.nl",
    "Bel 06-12345678", "06 12 34 56 78", "06 123 456 78", "06.12345678", "(020) 123 45 67",
    "+31 6 12345678", "+31 612 345 678", "0031 20 123 4567", "+32 2 299 11 11", "02 299 11 11",
    "12 34 56 78", "0800-1234", "０６１２３４５６７８", "٠٦١٢٣٤٥٦٧٨", "06\u200b123\u200b45678",
    "06\u00ad12345678",
    "06\u202f1234\u202f5678", "Is NL91ABNA0417164300 mine?", "nl91 abna 0417 1643 00",
    "BE68 5390 0754 7034", "GB29 NWBK 6016 1331 9268 19", "FR14 2004 1010 0505 0001 3M02 606",
    "my number is 123456782", "1234.56.782", "4111 1111 1111 1111", "case 1234567890123",
    "123.456.782",  # as a figure, and one that 11 divides
]  # fmt: skip
OF_NOBODY = [
    "Is 112 the emergency number?", "What does Regulation (EU) 2019/1148 ask?",
    "COM(2020) 606 final and COM(2020) 607", "52020DC0606 or 32016L0680",
    "Is it 30 000 000 000 euros?", "1.000.000.000 euro", "1'000'000'000", "30.000.000.000,50 euro",
    "123 456 789 reports", "725 000, 800 000 or 900 000?", "10 000 000-20 000 000",
    "11,6 miljard", "0,123456789", "on 24-07-2020", "from 01-01-2020 to 31-12-2025",
    "01/01/2020-31/12/2025", "2011/93/EU of 13.12.2011", "2014-2020 2021-2027",
    "in 2019, 2020, 2021 and 2022", "What does @europol say?", "Wat doet Europol 24/7?", "",
]  # fmt: skip


@pytest.mark.parametrize("text", OF_SOMEBODY)
def test_an_address_or_number_of_somebody_is_found(text: str) -> None:
    assert has_identifier(text)
    assert has_identifier(f"Hoeveel in 2019? {text}, en in 2020?")


@pytest.mark.parametrize("text", OF_NOBODY)
def test_figures_dates_and_documents_are_nobodys(text: str) -> None:
    assert not has_identifier(text)


@pytest.mark.parametrize(
    ("piece", "found"),
    [("1 ", True), ("1-", True), ("1.1,", True), ("\u200b1", True), ("(1) ", False), ("@ ", False)],
)
def test_a_hostile_text_is_read_through(piece: str, found: bool) -> None:
    assert has_identifier(piece * 50_000) == found
