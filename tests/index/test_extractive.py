"""What an answer made of the sources' own sentences holds, by what the question asks for."""

import pytest

from chain.assistant import Assistant
from chain.reading import relevance
from chain.reading.quotables import Statement
from chain.reading.relevance import best_first
from chain.request import Ranked
from chain.understanding.follow_ups import sub_questions
from tests.support.small import Small

HARBOUR = """---
id: harbour
title: Harbour report
language: en
---

# Harbour report

## The harbour office

The harbour office keeps the register of ships. The port authority works with the HRO, the office
that keeps the register of ships. The HRO received new computers in 2018. The office staff praised
the HRO for its report on storms. The harbour office was founded in 1994.

## Passengers in 2010

The ferries carried 40 000 passengers in 2010. The ferries may carry more passengers in summer than
in other seasons, because the days are longer and the sea is calmer. More passengers would need
larger ferries. The ferries do not sail in winter.

## Passengers in 2019

The ferries carried 95 000 passengers in 2019. Fish is landed at night.

## The lighthouse

The lighthouse on the northern pier was built by the engineer Amalia Verdonk. Visitors may climb it.

## Duties of the harbour master

The harbour master has these duties:

- inspecting the moorings;
- collecting the harbour dues;
- warning skippers of storms.
"""


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("Wie coördineert FOCAL-SF en in welke landen loopt het?", "nl",
         ("Wie coördineert FOCAL-SF", "in welke landen loopt het")),
        ("Wie viele Labore gab es 2012 und 2016?", "de",
         ("Wie viele Labore gab es 2012", "Wie viele Labore gab es 2016")),
        ("Wat is het verschil tussen geweren en pistolen?", "nl",
         ("Wat is het verschil tussen geweren", "Wat is het verschil tussen geweren pistolen")),
        ("Are pistols seized more often than rifles?", "en",
         ("Are pistols seized more often", "Are pistols seized more often rifles")),
        # one thing is asked
        ("How do the EU and its partners prevent and counter child abuse?", "en", ()),
        ("What does the strategy against organised crime say?", "en", ()),
        ("And when?", "en", ()),
        ("", "en", ()),
        # what is compared stands last
        ("What is the difference between the 2017 and the 2020 estimate of the market?", "en", ()),
        ("Wat is het verschil tussen 2010 en 2019 in meldingen?", "nl", ()),
    ],
)  # fmt: skip
def test_a_question_is_parted_at_its_questions_and_at_the_sides_of_a_comparison(
    question: str, language: str, expected: tuple[str, ...]
) -> None:
    assert sub_questions(question, language) == expected


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many passengers did the ferries carry in 2019 and who built the lighthouse?",
         "answer"),
        ("When did the HRO receive new computers and who built the lighthouse?", "answer"),
        ("Who built the lighthouse and who paid for it?", "found"),
    ],
)  # fmt: skip
def test_a_question_with_two_parts_is_answered_where_each_is(
    indexed: Small, question: str, kind: str
) -> None:
    answer = Assistant(indexed({"harbour.md": HARBOUR})).ask(question, language="en")
    assert answer.kind == kind
    if kind == "answer":
        assert [one.quote.count(".") for one in answer.citations] == [1, 1]
        assert "Amalia Verdonk" in answer.text


@pytest.mark.parametrize(
    ("question", "both"),
    [
        ("Who built the lighthouse on the northern pier and when do ferries sail?",
         ("Amalia Verdonk", "winter")),
        ("What is the difference between the lighthouse and the harbour office?",
         ("northern pier", "register of ships")),
    ],
)  # fmt: skip
def test_parts_and_sides_of_a_comparison_find_a_passage_of_their_own(
    indexed: Small, question: str, both: tuple[str, str]
) -> None:
    settings = indexed({"harbour.md": HARBOUR})
    one = settings.model_copy(update={"refuse_below": 0.0, "results": 1})
    answer = Assistant(one).ask(question, language="en")
    assert len(answer.passages) == 2
    assert all(said in answer.text for said in both)


def test_a_footnote_is_no_answer_by_itself(indexed: Small) -> None:
    text = (
        "---\nid: note\ntitle: Ferries\nlanguage: en\n---\n\n# Ferries\n\n## Report on ferries\n\n"
        "The report on ferries was published in 2017.\n\n[^1]: Report on ferries, COM(2017) 195.\n"
    )
    settings = indexed({"note.md": text}).model_copy(update={"refuse_below": 0.0})
    answer = Assistant(settings).ask("Which report on ferries was there?", language="en")
    assert [unit.kind for unit in answer.passages[0].units] == ["sentence", "note"]
    assert [one.quote for one in answer.citations] == [
        "The report on ferries was published in 2017."
    ]


def test_passages_are_ordered_by_what_search_and_reading_say(
    indexed: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Assistant(indexed({"harbour.md": HARBOUR})).index
    found = index.snapshot().search("passengers", 4, "en")

    def ordered(searched: list[float], read: dict[int, float]) -> list[int]:
        scored = [
            one.model_copy(update={"score": score})
            for one, score in zip(found, searched, strict=True)
        ]
        ranked = [
            Ranked(place, Statement((0,), (0,)), read.get(place, -9.0), place in read)
            for place in sorted(range(4), key=lambda place: -read.get(place, -9.0))
        ]
        monkeypatch.setattr(relevance, "rank", lambda *_: ranked)
        order, chosen = best_first("passengers", "en", scored, index.profile, 2)
        assert {order[one.passage].passage.id for one in chosen} == {
            one.passage.id for one in order[:2]
        }
        assert [one.score for one in chosen] == sorted((one.score for one in chosen), reverse=True)
        return [scored.index(one) for one in order]

    assert ordered([4, 3, 2, 1], {0: 5.0}) == [0, 1, 2, 3]
    assert ordered([4, 3, 2, 1], {0: -5.0, 3: 5.0}) == [3, 0, 1, 2]
    # What was not read stands before what was read and hardly answers.
    assert ordered([3, 2, 1, 0], {3: 0.0, 2: -5.0, 1: -6.0}) == [0, 3, 1, 2]


@pytest.mark.usefixtures("sure")
def test_what_two_documents_say_in_the_same_words_is_said_once(indexed: Small) -> None:
    text = (
        "---\nid: {0}\ntitle: Report {0}\nlanguage: en\n---\n\n# Report {0}\n\n## Boats\n\n"
        "The town has 40 boats.\n"
    )
    settings = indexed({f"{name}.md": text.format(name) for name in ("one", "two")})
    settings = settings.model_copy(update={"refuse_below": 0.0})
    answer = Assistant(settings).ask("How many boats does the town have?", language="en")
    assert len(answer.passages) == 2
    assert answer.text == "The town has 40 boats. [1]"
