"""What stands out in an answer: the numbers, dates and names that were asked for."""

import pytest

from chain.answer.composition import highlights
from chain.assistant import Assistant
from tests.support.answers import blocks_of
from ui.answers.answer_view import answer_html


@pytest.mark.parametrize(
    ("question", "language", "text", "expected"),
    [
        ("How many reports were there in 2019?", "en",
         "In 2019 there were 725 000 reports, 46% more than the 3.1 million of 2018.",
         ("725 000 reports", "46%", "3.1 million")),
        ("Hoeveel is de drugsmarkt in Europa waard?", "nl",
         "Naar schatting 30 miljard euro per jaar; COM(2020) 606 noemt dat veel.",
         ("30 miljard euro",)),
        ("When did EUDA start?", "en",
         "EUDA started on 2 July 2024 under Regulation (EU) 2023/1322.", ("2 July 2024",)),
        ("Who was responsible?", "en", "At the time Margaritis Schinas and the EMCDDA were.",
         ("Margaritis Schinas", "EMCDDA")),
        ("Who is to do that?", "en",
         "A European Commission text of 24 July 2020, COM(2020) 608, says so.",
         ("European Commission",)),
        ("How many were seized?", "en",
         "From 1 to 30 June 2020 40 pistols were seized, 12 on 5 June.", ("40 pistols", "12")),
        ("Wer war zuständig?", "de", "Zuständig war die Kommission in 2020.", ()),
        ("Why was it done?", "en", "In 2020 there were 5 reasons.", ()),
        ("How many were there?", "en", "Few.\n\nIn 2020 there were 5 reports.", ()),
        ("How many guns were taken?", "en",  # an item answers, and not its introduction
         "Chapter 1 opens with two events of 2020:\n\n- 730 weapons were seized.", ()),
    ],
)  # fmt: skip
def test_what_is_asked_for_is_found(
    question: str, language: str, text: str, expected: tuple[str, ...]
) -> None:
    assert highlights(question, language, text, language) == expected


@pytest.mark.usefixtures("sure")
def test_an_answer_names_the_number_that_was_asked_for(assistant: Assistant) -> None:
    answer = assistant.ask("Hoeveel is de drugsmarkt in Europa waard?", language="nl")

    assert "30 miljard euro" in answer.asked_for
    assert all(part in answer.text for part in answer.asked_for)


def test_bold_stretches_stay_text_and_whole_words() -> None:
    html = answer_html(blocks_of("46% of <b> 46% and 146% [1]"), bold=("46%", "<b>"))

    assert html.count("<strong>46%</strong>") == 2
    assert "<strong>&lt;b&gt;</strong>" in html
    assert "146%" in html
