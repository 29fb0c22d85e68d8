"""Follow-ups: what they become, when they are left alone, and what is answered."""

import pytest

from chain.assistant import Assistant
from chain.understanding.follow_ups import standalone
from core.answer import Turn
from language.identify import detect_languages


def turns(*questions: str) -> list[Turn]:
    return [Turn(question=question, answer_text="...") for question in questions]


@pytest.mark.parametrize(
    ("language", "before", "question", "expected"),
    [
        ("nl", "Hoeveel meldingen waren er in 2019?", "en in 2010?",
         "Hoeveel meldingen waren er in 2010?"),
        ("en", "What is priority 2 for?", "And priority 3?", "What is priority 3 for?"),
        ("en", "How much goes to cocaine?", "And to heroin?", "How much goes to heroin?"),
        ("nl", "Wat zijn de doelen van het actieplan?", "En van de drugsagenda?",
         "Wat zijn de doelen van de drugsagenda?"),
        ("en", "When was the third report published?", "What about the fifth?",
         "When was the fifth report published?"),
        ("es", "¿Cuántas denuncias hubo en 2019?", "¿y en 2010?",
         "¿Cuántas denuncias hubo en 2010?"),
        # a name without a place in the question before is added
        ("en", "How many reports in 2019?", "and worldwide?",
         "How many reports in 2019 worldwide?"),
        # a topic is carried without what was asked about it
        ("en", "What is FOCAL-SF?", "Who runs it?", "FOCAL-SF: who runs it"),
        ("nl", "Is de drugsagenda goed ontvangen?", "waarom?",
         "drugsagenda goed ontvangen: waarom"),
        ("nl", "Welke drie initiatieven waren er?", "welke van die gaan over gevangenissen?",
         "drie initiatieven: welke van die gaan over gevangenissen"),
        ("de", "Was ist FOCAL-SF?", "Und in welchen Ländern?", "FOCAL-SF: in welchen Ländern"),
        ("nl", "What is FOCAL-SF?", "Wie leidt het?", "FOCAL-SF: wie leidt het"),
        # of two years the topic keeps that of the follow-up
        ("nl", "Hoeveel dumpplaatsen waren er in 2016?", "Hoeveel waren dat er in 2010?",
         "dumpplaatsen: hoeveel waren dat er in 2010"),
    ],
)  # fmt: skip
def test_a_follow_up_takes_what_it_lacks_from_the_question_before(
    language: str, before: str, question: str, expected: str
) -> None:
    assert standalone(question, language, turns(before)) == expected


def test_a_topic_lives_on_through_follow_ups_and_small_talk() -> None:
    before = turns("Hoeveel meldingen waren er in 2019?", "en in 2010?", "en wereldwijd?", "?")
    assert standalone("wie zei dat?", "nl", before) == "meldingen 2010 wereldwijd: wie zei dat"
    before = turns("What is FOCAL-SF?", "Tell me more", "thanks")
    assert standalone("Who runs it?", "en", before).startswith("FOCAL-SF: ")


@pytest.mark.parametrize(
    ("language", "question"),
    [
        ("nl", "Wat is de hoofdstad van Australië?"),
        ("nl", "Wat is EMPACT?"),
        ("nl", "Maar wanneer werd het EWDD opgericht?"),
        ("nl", "preventienetwerk kindermisbruik, wat is dat"),
        ("en", "And what are the four priorities of the firearms action plan?"),
        ("en", "Which countries took part in the FOCAL-SF project?"),
        ("nl", ""),
        ("nl", "¤?"),
    ],
)
def test_a_question_of_its_own_is_left_alone(language: str, question: str) -> None:
    before = turns("Hoeveel meldingen waren er in 2019?")
    assert standalone(question, language, before) == question
    assert standalone(question, language, ()) == question


@pytest.mark.parametrize(
    ("before", "question", "language"),
    [
        ("Combien de signalements y a-t-il eu en 2019 ?", "et en 2010 ?", "fr"),
        ("Wie viele Meldungen gab es im Jahr 2019?", "Und 2010?", "de"),
        ("How many reports were there in 2019?", "and Europol?", "en"),
        ("Hoeveel meldingen waren er in 2019?", "How many reports were there worldwide?", "en"),
        ("Hoeveel meldingen waren er in 2019?", "Warum?", "nl"),  # one word tells no language
    ],
)
def test_a_conversation_keeps_its_language_until_another_is_clear(
    before: str, question: str, language: str
) -> None:
    assert detect_languages([before, question], likely="nl")[-1] == language


@pytest.mark.parametrize(
    ("questions", "fact"),
    [
        (("Hoeveel meldingen van online kindermisbruik waren er in 2019?", "en in 2010?"),
         "23 000"),
        (("How many reports of child abuse in the EU in 2019?", "And worldwide?", "And in 2010?"),
         "1 million"),
    ],
)  # fmt: skip
def test_a_conversation_is_answered_to_its_end(
    assistant: Assistant, questions: tuple[str, ...], fact: str
) -> None:
    history: list[Turn] = []
    for question in questions:
        answer = assistant.ask(question, history)
        history.append(Turn(question=question, answer_text=answer.text))
    assert answer.is_sourced
    assert fact in " ".join(citation.quote for citation in answer.citations)
