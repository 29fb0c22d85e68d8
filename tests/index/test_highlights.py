"""What stands out in an answer: the number, date or name that was asked for, once, or nothing."""

import pytest

from chain.answer.composition import value_asked_for
from chain.assistant import Assistant
from tests.support.blocks import blocks_of
from ui.answers.answer_view import answer_html


@pytest.mark.parametrize(
    ("question", "language", "text", "expected"),
    [
        ("How many reports were there in 2019?", "en",
         "In 2019 there were 725 000 reports, 46% more than the 3.1 million of 2018.",
         "725 000 reports"),
        ("Hoeveel is de drugsmarkt in Europa waard?", "nl",
         "Naar schatting 30 miljard euro per jaar; COM(2020) 606 noemt dat veel.",
         "30 miljard euro"),
        ("When did EUDA start?", "en",
         "EUDA started on 2 July 2024 under Regulation (EU) 2023/1322.", "2 July 2024"),
        ("When was it adopted?", "en",
         "Proposed on 2 May 2024, it was adopted on 3 June 2025.", ""),
        ("Who was responsible?", "en", "At the time Margaritis Schinas and the EMCDDA were.", ""),
        ("Who is to do that?", "en",
         "A European Commission text of 24 July 2020, COM(2020) 608, says so.",
         "European Commission"),
        ("Who set up the innovation hub?", "en",
         "In 2019 the Standing Committee had set up the EU Innovation Hub.", "Standing Committee"),
        ("How many pistols were seized?", "en",
         "From 1 to 30 June 2020 40 pistols were seized, 12 on 5 June.", "40 pistols"),
        ("How many were seized?", "en",
         "From 1 to 30 June 2020 40 pistols were seized, 12 on 5 June.", ""),
        ("Wer war zuständig?", "de", "Zuständig war die Kommission in 2020.", ""),
        ("Why was it done?", "en", "In 2020 there were 5 reasons.", ""),
    ],
)  # fmt: skip
def test_the_value_that_is_asked_for_is_found_where_there_is_one(
    question: str, language: str, text: str, expected: str
) -> None:
    assert value_asked_for(question, language, text, language) == expected


@pytest.mark.usefixtures("sure")
def test_an_answer_names_the_number_that_was_asked_for(assistant: Assistant) -> None:
    answer = assistant.ask("Hoeveel is de drugsmarkt in Europa waard?", language="nl")

    assert answer.asked_for == ("30 miljard euro",)
    assert answer.asked_for[0] in answer.text


def test_a_bold_stretch_stays_text_is_whole_words_and_stands_once() -> None:
    html = answer_html(blocks_of("146% of <b> 46% and 46% [1]"), bold="46%")

    assert "146% of &lt;b&gt; <strong>46%</strong> and 46%" in html
    assert answer_html(blocks_of("a <b> here [1]"), bold="<b>").count("<strong>&lt;b&gt;") == 1
