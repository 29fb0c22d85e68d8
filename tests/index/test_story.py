"""The whole product in one page: ingest a few sentences (tests/support/small.py), ask, check the
citation."""

import pytest

from chain.assistant import Assistant
from core.answer import Finished, TextDelta
from ingest.pipeline import ingest
from tests.support.small import LIGHTHOUSES, Small


def test_a_question_is_answered_from_the_sources_with_a_checked_citation(small: Small) -> None:
    settings = small({"lighthouses.en.md": LIGHTHOUSES})
    report = ingest(settings)
    assert report.plan.added == ("lighthouses.en",)

    answer = Assistant(settings).ask("How many lighthouses are there on the northern coast?")

    assert answer.answered
    assert answer.language == "en"
    assert "The northern coast has 31 lighthouses." in answer.text
    first = answer.citations[0]
    assert f"[{first.number}]" in answer.text
    assert first.document.reference == "REF(2021) 12"
    assert first.headings == ("Lighthouses of the northern coast", "Number and age")
    assert first.url == "https://example.org/lighthouses"
    assert first.quote in LIGHTHOUSES


@pytest.mark.usefixtures("sure")
def test_a_list_comes_whole_and_under_its_lead_in(indexed: Small) -> None:
    settings = indexed({"lighthouses.en.md": LIGHTHOUSES})

    answer = Assistant(settings).ask(
        "Which parts of the lighthouses does the harbour authority check every year?"
    )

    assert answer.text == (
        "The harbour authority maintains the lighthouses. It checks, every year: [1]\n\n"
        "- the lamps;\n- the foghorns;\n- the stairs."
    )
    quote = answer.citations[0].quote
    assert quote in LIGHTHOUSES
    assert quote.startswith("The harbour authority")
    assert quote.endswith("the stairs.")


def test_what_the_sources_do_not_say_is_not_said(indexed: Small) -> None:
    settings = indexed({"lighthouses.en.md": LIGHTHOUSES})

    answer = Assistant(settings).ask("Wat is de hoofdstad van Australië?")

    assert not answer.answered
    assert answer.language == "nl"
    assert answer.citations == ()
    assert answer.reason == "off_topic"
    assert "Doorzocht: 1 document" in answer.text


def test_the_pieces_of_a_stream_add_up_to_the_answer(indexed: Small) -> None:
    settings = indexed({"lighthouses.en.md": LIGHTHOUSES})

    *pieces, last = Assistant(settings).stream("From which year is the oldest lighthouse?")

    assert isinstance(last, Finished)
    assert "1790" in last.answer.text
    assert last.answer.text == "".join(
        piece.text for piece in pieces if isinstance(piece, TextDelta)
    )
