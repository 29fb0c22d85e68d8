"""Facts decide whether two questions that sound alike ask the same."""

import pytest

from language.demands import demands_of, differ

OTHERS = [
    ("How many reports were there in 2021?", "en", "How many reports were there in 2019?", "en"),
    ("What did the eighth report say?", "en", "What did the first report say?", "en"),
    ("Wat stond in het achtste verslag?", "nl", "What did the first report say?", "en"),
    ("What do the three priorities say?", "en", "What do the four priorities say?", "en"),
    ("How many guns are there in Norway?", "en", "Wie viele Waffen gibt es in Polen?", "de"),
    ("What did commissioner Johansson say?", "en", "What did commissioner Schinas say?", "en"),
    ("What does EMPACT do?", "en", "What does WePROTECT do?", "en"),
    ("Why is encryption banned?", "en", "Why is encryption not banned?", "en"),
    ("Why did the reports grow?", "en", "How many reports are there?", "en"),
    ("Waarom groeiden de meldingen?", "nl", "Seit wann gibt es Meldungen?", "de"),
]
SAME = [
    ("How many reports were there?", "en", "How many reports were there in 2019?", "en"),
    ("How many reports in 2019?", "en", "Hoeveel meldingen waren er in 2019?", "nl"),
    ("Hoeveel wapens zijn er in Duitsland?", "nl", "How many guns are there in Germany?", "en"),
    ("drugsmarkt euro per jaar", "nl", "Hoeveel is de drugsmarkt waard?", "nl"),
    ("How much does it cost?", "en", "How many euros is it?", "en"),
    ("Ποιες είναι οι προτεραιότητες;", "el", "What are the priorities?", "en"),
    ("Wat doet Europol?", "nl", "What is the task of Europol?", "en"),
]


@pytest.mark.parametrize(
    ("one", "language", "other", "other_language", "is_other"),
    [*((*pair, True) for pair in OTHERS), *((*pair, False) for pair in SAME)],
)
def test_another_fact_is_another_question_and_other_words_are_not(
    one: str, language: str, other: str, other_language: str, is_other: bool
) -> None:
    assert differ(demands_of(one, language), demands_of(other, other_language)) == is_other
    assert differ(demands_of(other, other_language), demands_of(one, language)) == is_other
