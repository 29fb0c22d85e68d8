"""Answers from acts: an article before a recital, a definition, a whole list, the named act."""

import pytest

from chain.assistant import Assistant
from core.settings import Settings
from core.source import DocumentInfo
from language.facts import documents_named, names_in
from tests.support.small import Small
from vectorstore.store import Index, open_index

_SAID = (
    "the lamp room is swept and its windows are washed before the evening watch begins its round",
    "the fog horn is sounded every two minutes as long as the other shore cannot be seen from it",
    "the log book is kept in ink and is shown to every inspector of the harbour who asks for it",
    "the boats of the station are launched within ten minutes of an alarm at whatever hour it is",
    "the stock of oil is counted each Monday and a report of it is sent to the harbour master",
    "visitors are led up the stairs in groups of eight at most and never while a storm is blowing",
    "the anchor chains are greased in spring and in autumn and are replaced when a link is worn",
    "the flag is hoisted at sunrise and is taken in at sunset except on days of public mourning",
    "the wages of the keepers are paid on the last working day of the month and noted in the book",
)
_POINTS = tuple(
    f"{point}, of which the keepers give an account to the ministry at the end of each year, with "
    "what it cost and who did it"
    for point in _SAID
)
_MARKS = "abcdefghi"
LIGHTS = f"""---
id: lights
title: Regulation on lighthouses
celex: 32016R0679
language: en
---

# Regulation on lighthouses

Whereas:

(1) A lighthouse should have a keeper on watch at night, for ships depend on its light. The number
of keepers of a lighthouse should follow from the length of the night.

(2) Keepers should be paid in time.

## Article 1 – Definitions

For the purposes of this Regulation:

(1) ‘beacon’ means a fire or a lamp on a tower that ships see from ten miles away;

(2) ‘keeper’ means a person who lives in a lighthouse and watches its lamp.

## Article 2 – Watch

1. The number of keepers of a lighthouse on watch at night is two.

## Article 3 – Duties

The keepers of a lighthouse have these duties:

{chr(10).join(f"- ({mark}) {point};" for mark, point in zip(_MARKS, _POINTS, strict=True))}

Done at the harbour,
"""
PORTS = """---
id: ports
title: Decision on ports
language: en
---

# Decision on ports

## Article 1 – Watch

1. The number of guards of a port on watch at night is five, and a beacon is a lamp at its gate.

## Article 2 – Notes

For details, see https://ports.example/watch
"""
DUTIES = "Which duties do the keepers of a lighthouse have?"


@pytest.fixture
def settings(indexed: Small) -> Settings:
    made = indexed({"lights.en.md": LIGHTS, "ports.en.md": PORTS})
    return made.model_copy(update={"refuse_below": 0.0})


@pytest.fixture
def index(settings: Settings) -> Index:
    return open_index(settings)


def test_an_article_comes_before_the_recital_that_says_it_too(settings: Settings) -> None:
    asked = "What is the number of keepers of a lighthouse on watch at night?"
    answer = Assistant(settings).ask(asked, language="en")
    assert "The number of keepers of a lighthouse on watch at night is two." in answer.text
    assert "should" not in answer.text


@pytest.mark.usefixtures("sure")
def test_what_something_is_is_told_by_its_definition(settings: Settings) -> None:
    answer = Assistant(settings).ask("What is a beacon according to the Regulation?", language="en")
    means = "means a fire or a lamp on a tower that ships see from ten miles away;"
    assert answer.text == f"(1) ‘beacon’ {means} [1]"


def test_a_list_that_stands_in_several_passages_is_shown_whole(
    settings: Settings, index: Index
) -> None:
    first, *rest = [
        p for p in index.snapshot().passages(["lights.en"]) if "Duties" in p.headings[-1]
    ]
    assert rest
    assert first.continued_in == rest[0].id
    answer = Assistant(settings).ask(DUTIES, language="en")
    assert [line for line in answer.text.splitlines() if line.startswith("- ")][:9] == [
        f"- ({mark}) {point};" + (f" [{1 + len(rest)}]" if mark == "i" else "")
        for mark, point in zip(_MARKS, _POINTS, strict=True)
    ]
    assert " of 9 items" not in answer.text
    cited = {citation.passage_id for citation in answer.citations}
    assert {first.id, *(passage.id for passage in rest)} <= cited
    assert [citation.point for citation in answer.citations][:2] == [(), ("(f)–(i)",)]


@pytest.mark.parametrize(
    "question", ["How many are on watch under the AVG?", "Who is on watch under 2016/679?"]
)
def test_a_document_that_the_question_names_comes_first(index: Index, question: str) -> None:
    found = index.snapshot().search(question, language="en")
    assert found[0].passage.document.key == "lights.en"
    assert found[0].named
    unnamed = index.snapshot().search("How many guards are on watch?", language="en")
    assert unnamed[0].passage.document.key == "ports.en"
    assert not any(scored.named for scored in unnamed)


def test_nothing_but_an_address_is_no_answer(settings: Settings) -> None:
    answer = Assistant(settings).ask("What are the details of the notes?", language="en")
    assert "https" not in answer.text


def test_an_act_is_known_by_its_names_and_its_number() -> None:
    gdpr = DocumentInfo(id="gdpr", language="fr", title="RÈGLEMENT", celex="32016R0679")
    plan = DocumentInfo(id="plan", language="en", title="Plan", reference="COM(2020) 607 final")
    old = DocumentInfo(id="old", language="en", title="Directive", celex="31991L0477")
    names = names_in([gdpr, plan, old])
    for question, keys in {
        "Wat is de hoogste boete volgens de AVG?": {"gdpr.fr"},
        "la durée selon le règlement général sur la protection des données ?": {"gdpr.fr"},
        "What does Regulation (EU) 2016/679 say of COM(2020) 607?": {"gdpr.fr", "plan.en"},
        "Was sagt die Feuerwaffenrichtlinie 91/477?": {"old.en"},
        "Hoeveel avgas is er in 2016?": set(),
        "": set(),
    }.items():
        assert documents_named(question, names) == keys
