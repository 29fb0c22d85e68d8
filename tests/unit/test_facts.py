"""Facts of sentences and questions: figures, dates, references, names, alike in every language."""

import datetime
from decimal import Decimal

import pytest

from language.demands import demands_of, differ
from language.facts import Facts, facts, initials, names_as_written
from language.figures import amounts, dates_as_written, day_in, figures, names_money

BILLION = 1_000_000_000


def _figures_of(found: Facts) -> set[tuple[float, str]]:
    return {(float(value), unit) for value, unit in found.quantities}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        # decimals, groups of thousands, percentages
        ("nl", "In 2019 zijn er 725.000 meldingen, 39%.", {(2019, ""), (725000, ""), (39, "%")}),
        ("en", "Some 46 per cent of the 725,000 reports.", {(46, "%"), (725000, "")}),
        ("fr", "Plus de 725\u00a0000 signalements, soit 39 % de plus.", {(725000, ""), (39, "%")}),
        ("en", "It weighs 1,234.5 kg.", {(1234.5, "kilogram")}),
        ("nl", "Dat kost € 1.234,5.", {(1234.5, "EUR")}),
        # scales and currencies
        ("nl", "Zo'n 30 miljard euro, of $ 5 mln.", {(30 * BILLION, "EUR"), (5_000_000, "USD")}),
        ("en", "It is worth EUR 30 billion.", {(30 * BILLION, "EUR")}),
        ("de", "Er ist 30 Mrd. EUR wert.", {(30 * BILLION, "EUR")}),
        # Of a range only the second figure has scale and unit.
        ("nl", "Naar schatting 3,2 tot 6,2 miljoen mensen.", {(3.2, ""), (6_200_000, "")}),
        # ordinals
        ("nl", "De 2e prioriteit.", {(2, "")}),
        # 1.2.3 is no decimal number; a date or a reference has no figures
        ("en", "Section 1.2.3.", {(123, "")}),
        ("de", "Am 24. Juli 2020 nahm sie COM(2020) 607 an.", set()),
        ("fr", "Le règlement (UE) 2019/1020 du 20 juin 2019.", set()),
    ],
)
def test_quantities(language: str, text: str, expected: set[tuple[float, str]]) -> None:
    assert _figures_of(facts(text, language)) == expected


@pytest.mark.parametrize(
    ("language", "text", "same_language", "same"),
    [
        ("en", "EUR 30 billion", "nl", "30 miljard euro"),
        ("en", "30 billion euros", "fr", "30 milliards d'euros"),
        ("en", "30 billion euros", "pt", "30 mil milhões de euros"),
        ("de", "30 Milliarden Euro", "pl", "30 miliardów euro"),
        ("en", "11.6 million", "es", "11,6 millones"),
    ],
)
def test_quantities_are_the_same_in_every_language(
    language: str, text: str, same_language: str, same: str
) -> None:
    assert facts(text, language).quantities == facts(same, same_language).quantities


def test_scales_and_words_mean_what_they_mean_in_their_language() -> None:
    assert facts("30 billion", "en").quantities != facts("30 million", "en").quantities
    assert facts("30 billion", "en").quantities != facts("30 Billionen", "de").quantities
    assert facts("eight", "en").worded == facts("acht", "nl").worded == {(Decimal(8), "")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *((f"meer dan {one} meldingen", {"725000"}) for one in (
            "725 000", "725,000", "725.000", "725\u00a0000", "725\u202f000", "725'000")),
        ("EUR 11.6 billion", {"11.6"}),
        ("11,6 miljard euro", {"11.6"}),
        # Years and references are not taken for groups of thousands.
        ("in 2017 535 weapons, COM(2020) 607", {"2017", "535", "2020", "607"}),
        ("Richtlijn 2011/93/EU van 24 juli 2020", {"2011/93", "24", "2020"}),
    ],
)  # fmt: skip
def test_figures_are_the_same_in_every_notation(text: str, found: set[str]) -> None:
    assert figures(text) == found


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nl", "op 24 juli 2020"), ("en", "on July 24, 2020"), ("en", "on the 24th of July 2020"),
        ("fr", "le 24 juillet 2020"), ("de", "am 24. Juli 2020"), ("es", "el 24 de julio de 2020"),
        ("hu", "2020. július 24."), ("pl", "24 lipca 2020 r."), ("en", "2020-07-24"),
        ("de", "24.07.2020"),
    ],
)  # fmt: skip
def test_dates_are_the_same_in_every_language(language: str, text: str) -> None:
    assert facts(text, language).dates == {(2020, 7, 24)}
    assert day_in(text, language) == datetime.date(2020, 7, 24)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("fr", "Le 1er juillet 2020.", (2020, 7, 1)),
        ("nl", "In januari 2023.", (2023, 1, None)),
        ("en", "On 5 June.", (None, 6, 5)),
    ],
)
def test_a_date_has_what_it_says(
    language: str, text: str, expected: tuple[int | None, int, int | None]
) -> None:
    assert facts(text, language).dates == {expected}


@pytest.mark.parametrize("text", ["", "in July 2020", "31 June 2020", "1 May 2020 or 2 May 2020"])
def test_a_day_is_one_of_the_calendar_and_the_only_one(text: str) -> None:
    assert day_in(text, "en") is None


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The Strategy, 52020DC0605, and Directive 2011/93/EU.", {"52020dc0605", "2011/93"}),
        ("en", "Document 52020DC0606(01) says so.", {"52020dc0606(01)"}),
        ("nl", "Zij stelde dit voor (COM(2020) 607 final).", {"com(2020)607"}),
        ("de", "Siehe COM (2020)\u00a0606 final/2 und SWD(2020) 150.",
         {"com(2020)606", "swd(2020)150"}),
        ("fr", "Le règlement (UE) 2019/1020.", {"2019/1020"}),
    ],
)  # fmt: skip
def test_references(language: str, text: str, expected: set[str]) -> None:
    found = facts(text, language)
    assert found.references == expected
    assert not found.quantities


@pytest.mark.parametrize(
    ("language", "text", "acronyms", "names"),
    [
        ("nl", "Het Europees Waarnemingscentrum (EMCDDA) werkt met Europol.", {"emcdda"},
         {"europees", "waarnemingscentrum", "europol"}),
        ("en", "The Agency's EMCDDA, WePROTECT and E2EE.", {"emcdda", "weprotect", "e2ee"},
         {"agency"}),
        ("fr", "Le centre (OEDT) et l'agence d'Europol comptent.", {"oedt"}, {"europol"}),
        # All nouns have a capital.
        ("de", "Das Zentrum (EBDD) und die Kommission.", {"ebdd"}, set()),
        # No acronym: a currency, a month, the letters of a reference.
        ("en", "In July it paid EUR 3 for COM(2020) 607.", set(), set()),
    ],
)  # fmt: skip
def test_acronyms_and_names(language: str, text: str, acronyms: set[str], names: set[str]) -> None:
    found = facts(text, language)
    assert (found.acronyms, found.names) == (acronyms, names)


def test_the_first_word_of_a_sentence_may_be_a_name() -> None:
    found = facts("Zorblat leads it. In Delft, Europol did.", "en")
    assert found.openings == {"zorblat", "in"}
    assert found.names == {"delft", "europol"}


def test_an_acronym_may_stand_for_the_initials_of_a_name() -> None:
    assert "eesc" in initials("the European Economic and Social Committee")


@pytest.mark.parametrize(
    ("language", "text", "shown"),
    [
        ("en", "From 1 to 30 June 2020 the Agency counted 12 pistols and EUR 3.1 million.",
         (["12 pistols", "EUR 3.1 million"], ["1 to 30 June 2020"], ["June", "Agency", "EUR"])),
        ("nl", "Sinds 2018 meldt Europol, in COM(2020) 607, 46% van 725.000 meldingen.",
         (["46%", "725.000 meldingen"], ["2018"], ["Europol", "COM"])),
        ("fr", "Le 1er juillet 2020, Eurojust compte 11,6 milliards selon 2011/93/UE.",
         (["11,6 milliards selon"], ["1er juillet 2020"], ["Eurojust"])),
        ("de", "Am 24. Juli 2020 zahlte die Kommission 30 Euro.", (["30"], ["24. Juli 2020"], [])),
        ("it", "Il 1° luglio 2020 o il 24/7/2020.", ([], ["1° luglio 2020"], [])),
    ],
)  # fmt: skip
def test_what_is_shown_is_as_written(
    language: str, text: str, shown: tuple[list[str], list[str], list[str]]
) -> None:
    found = ["".join(amount) for amount in amounts(text, language)]
    dates, names = dates_as_written(text, language), names_as_written(text, language)
    assert (found, list(dates), list(names)) == shown


def test_money_is_named_by_sign_or_name() -> None:
    assert all(map(names_money, ("€ 3", "3 EUR", "trois euros", "US dollars")))
    assert not names_money("The Europeans and 3 people")


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
