"""Addresses and numbers of people are told from figures, dates and numbers of documents."""

import pytest

from userdata.kept_question import has_identifier

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
