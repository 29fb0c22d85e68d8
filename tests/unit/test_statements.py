"""What may be shown of a passage: sentences with what they point to, whole lists, readable rows."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from chain.answer.composition import AnswerBuilder
from chain.assistant import Assistant
from chain.model.prompt_budget import Claim, PromptPassages, claim_data
from chain.reading.quotables import excepts, number_of, points_back, reading, series, statements
from chain.request import Quote, Request, Verdict
from chain.writing.extractive import QuotedBlock, drafts
from core.answer import Answer
from core.answer_blocks import marked_text
from core.settings import Settings
from core.source import DocumentInfo, Introduction, Passage, ScoredPassage, Unit
from ingest.passages.split import split
from ingest.pipeline import ingest
from ingest.reading.load import load
from tests.support.passages import passage_of
from vectorstore.reader import text_of
from vectorstore.store import open_index

AGENDA = DocumentInfo(id="agenda", language="en", title="Agenda")

MARKET = """---
id: market
title: Market report
language: en
kind: brief
---

# Market report

## The market

The market opens at dawn. It closes at noon. That hour was chosen in 1990. This brief
does not say why.

## Stalls

Fish sells very well. These are the stalls:

- fish, of which
    - cod;
    - eel;
- fruit.

The stalls close early.

## Weapons found

Guards found these weapons:

| Weapon | Number |
| --- | --- |
| revolver | 102 |
| | 7 |

## Guests

The guests were:

{guests}

## Halls

The market has three halls. Hall A sells fish. Hall B sells:

- fruit;
- nuts.

Hall C is empty. In hall C a fire broke out. The roof leaks.

## Rules

Dogs must stay outside. The first rule does not apply to guide dogs. Stalls must be cleaned daily.

Carts may not pass the gate:

- by day;
- on market days.

The rule does not apply to:

- the fire brigade;
- the guards.
""".format(guests="\n".join(f"- guest {number};" for number in range(1, 15)))


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("market")
    (folder / "market.md").write_text(MARKET, "utf-8")
    settings = Settings(corpus_dirs=(folder,), data_dir=folder.parent / f"{folder.name}-data")
    ingest(settings)
    return settings


@pytest.fixture(scope="module")
def passages(market: Settings) -> Mapping[str, Passage]:
    return {one.headings[-1]: one for one in open_index(market).snapshot().passages()}


def said(passage: Passage) -> list[list[str]]:
    return [[reading(passage, passage.units[n]) for n in one.units] for one in statements(passage)]


@pytest.mark.parametrize(
    ("sentence", "language", "back"),
    [
        ("It closes at noon.", "en", True),
        ("In that year the number rose.", "en", True),
        ("According to the same report, prices fell.", "en", True),
        ("Those rules build on the directive.", "en", True),
        ("Ook de routekaart hoort erbij.", "nl", True),
        ("Het gaat om drie landen.", "nl", True),
        ("Van die groepen heeft een derde banden.", "nl", True),
        ("Mit diesen Mitteln wird geforscht.", "de", True),
        ("Cela vaut aussi ici.", "fr", True),
        ("Pour ces raisons, elle propose une loi.", "fr", True),
        ("Esto vale también.", "es", True),
        ("Questo vale anche qui.", "it", True),
        ("There are eight priorities.", "en", False),
        ("The Commission says that it will act.", "en", False),
        ("Het actieplan heeft vier prioriteiten.", "nl", False),
        ("Il existe trois groupes.", "fr", False),
        ("Ir-rapport.", "mt", False),
        ("", "en", False),
    ],
)
def test_a_sentence_points_back_with_one_of_its_first_words(
    sentence: str, language: str, back: bool
) -> None:
    assert points_back(sentence, language) == back


def test_a_sentence_brings_what_it_points_to_and_a_summary_is_silent_about_itself(
    passages: Mapping[str, Passage],
) -> None:
    told = ["The market opens at dawn.", "It closes at noon.", "That hour was chosen in 1990."]
    assert said(passages["The market"]) == [told[:1], told[:2], told]


def test_a_list_is_one_statement_with_all_that_is_listed_in_it(
    passages: Mapping[str, Passage],
) -> None:
    first, listed, last = said(passages["Stalls"])
    items = ["fish, of which", "cod;", "eel;", "fruit."]
    assert listed == ["Fish sells very well.", "These are the stalls:", *items]
    assert (first, last) == (["Fish sells very well."], ["The stalls close early."])


def test_an_exception_goes_with_what_it_limits(passages: Mapping[str, Passage]) -> None:
    dogs, guides, stalls, carts, free = said(passages["Rules"])
    assert dogs == ["Dogs must stay outside.", "The first rule does not apply to guide dogs."]
    assert (guides, stalls) == (dogs[1:], ["Stalls must be cleaned daily."])
    assert free == ["The rule does not apply to:", "the fire brigade;", "the guards."]
    assert carts == ["Carts may not pass the gate:", "by day;", "on market days.", *free]


@pytest.mark.parametrize(
    ("sentence", "language", "is_exception"),
    [
        ("Paragraph 1 shall not apply to antiques.", "en", True),
        ("By way of derogation from paragraph 1, Member States may wait.", "en", True),
        ("Het eerste lid is niet van toepassing op musea.", "nl", True),
        ("Satz 1 gilt nicht für Museen.", "de", True),
        ("Paragraph 1 shall apply to museums.", "en", False),
        ("By way of derogation from Article 5, Member States may wait.", "en", False),
        ("", "en", False),
    ],
)
def test_an_exception_is_told_by_its_first_words(
    sentence: str, language: str, is_exception: bool
) -> None:
    assert excepts(sentence, language) == is_exception


def test_a_row_of_a_table_is_read_with_its_headings(passages: Mapping[str, Passage]) -> None:
    rows = said(passages["Weapons found"])[-2:]
    assert rows == [["Weapon: revolver; Number: 102"], ["Number: 7"]]


def test_of_a_long_list_the_first_twelve_are_shown_and_the_rest_is_counted(
    passages: Mapping[str, Passage],
) -> None:
    (guests,) = statements(passages["Guests"])
    assert (len(guests.units), guests.left_out) == (13, 2)


def test_what_is_told_by_letter_or_number_belongs_together(passages: Mapping[str, Passage]) -> None:
    passage = passages["Halls"]
    halls = series(passage, statements(passage))
    shown = " ".join(reading(passage, passage.units[n]) for n in halls.units)
    assert shown.startswith("The market has three halls. Hall A")
    assert shown.endswith("In hall C a fire broke out.")
    assert series(passages["Stalls"], statements(passages["Stalls"])) is None


@pytest.fixture(scope="module")
def ask_market(market: Settings) -> Callable[[str], Answer]:
    assistant = Assistant(market.model_copy(update={"refuse_below": 0.0}))
    return lambda question: assistant.ask(question, language="en")


def test_a_numbered_list_is_answered_with_the_numbers_of_its_source(tmp_path: Path) -> None:
    file = tmp_path / "plan.en.md"
    listed = "6. Ships sail.\n7. Trains ride.\n   - Trams too.\n"
    file.write_text(f"# Plan\n\nThese are the last initiatives:\n\n{listed}\n(a) A typed mark.\n")
    (one,) = split(load(file), lambda text: len(text.split()))
    assert [number_of(one, unit) for unit in one.units] == ["", "6.", "7.", "", ""]
    found = ScoredPassage(passage=one, score=0.0, similarity=0.0)
    request = Request("?", "en", (found,), (), is_sure=True)
    (draft,) = drafts(QuotedBlock(0, (0, 1, 2, 3)), request, labelled=False)
    quote = Quote(0, one.units[0].start, one.units[3].end)
    assert draft.quote == quote
    builder = AnswerBuilder(request)
    told = builder.add(draft, Verdict("quoted", quotes=(quote,)))
    assert told.text.endswith("\n\n- Ships sail.\n- Trains ride.\n- Trams too.")
    for_a_reader = marked_text(builder.blocks, as_read=True).text
    assert for_a_reader.endswith("\n\n6. Ships sail.\n7. Trains ride.\n- Trams too.")


def test_an_answer_counts_what_it_leaves_out_of_a_list(ask_market: Callable[[str], Answer]) -> None:
    paragraphs = ask_market("Who were the guests?").text.split("\n\n")
    assert paragraphs[0] == "The guests were: [1]"
    assert paragraphs[1].count("- guest") == 12
    assert paragraphs[2] == "12 of 14 items."


def test_a_row_is_shown_without_pipes_and_quoted_from_the_table(
    ask_market: Callable[[str], Answer],
) -> None:
    answer = ask_market("How many revolvers were found?")
    assert "- Weapon: revolver; Number: 102 [1]" in answer.text
    assert "|" not in answer.text
    assert any(citation.quote == "revolver | 102" for citation in answer.citations)


def test_a_series_is_given_whole_where_a_list_is_asked_for(
    ask_market: Callable[[str], Answer],
) -> None:
    text = ask_market("Which three halls does the market have?").text
    assert all(f"Hall {letter}" in text for letter in "ABC")


def test_every_statement_of_the_briefs_is_whole(settings: Settings) -> None:
    lists = 0
    for passage in open_index(settings).snapshot().passages():
        for one in statements(passage):
            first = passage.units[one.units[0]]
            text = passage.text[first.start : first.end]
            assert first.kind != "item", text
            assert not points_back(text, passage.language), text
            for number in one.units:
                lists += _check_list(passage, one.units, number)
    assert lists > 70


def _check_list(passage: Passage, shown: tuple[int, ...], number: int) -> bool:
    """Whether a unit introduces a list; then all its items must be shown, and it must be with any
    of them."""
    unit = passage.units[number]
    if unit.lead_in is not None:
        lead_in = next(n for n, u in enumerate(passage.units) if (u.start, u.end) == unit.lead_in)
        assert lead_in in shown
    items = [n for n, u in enumerate(passage.units) if u.lead_in == (unit.start, unit.end)]
    assert set(items) <= set(shown) or len(items) > 12
    return bool(items)


def test_a_row_has_the_names_of_its_columns_from_an_earlier_passage() -> None:
    text = "| 2020 | 12 |\n| 2021 | 15 |"
    passage = passage_of(
        AGENDA,
        text,
        "Seizures",
        introductions=(
            Introduction(text="Table 2: tonnes", start=0),
            Introduction(text="| Year | Cocaine |", start=17),
        ),
        units=(
            Unit(start=2, end=11, kind="item", outer=2),
            Unit(start=16, end=25, kind="item", outer=2),
        ),
    )
    assert [reading(passage, unit) for unit in passage.units] == [
        "Year: 2020; Cocaine: 12",
        "Year: 2021; Cocaine: 15",
    ]
    found = ScoredPassage(passage=passage, score=1, similarity=1)
    given = PromptPassages(Request("How much cocaine?", "en", (found,)), 1000)
    assert given.take([0])
    assert "Table 2: tonnes\n| Year | Cocaine |\n| 2020 | 12 |" in given.text
    checked = claim_data(
        1, Claim("It was 15 tonnes.", (Quote(0, 16, 25),)), Request("?", "en", (found,))
    )
    assert "Table 2: tonnes\n| Year | Cocaine |\n2021 | 15" in checked
    assert text_of(passage, 1) == "Year | Cocaine 2021 | 15"
