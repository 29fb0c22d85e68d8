"""What is offered to ask next is prepared, can be answered, and is new."""

import re

import pytest

from chain.answer.suggestions import examples, questions_about
from chain.assistant import Assistant
from core.source import Scope
from language.identify import written_in
from tests.support.searches import searches
from tests.support.small import LIGHTHOUSES, Small
from userdata.conversations import Conversation, Exchange


def test_where_nothing_is_prepared_nothing_is_offered(indexed: Small) -> None:
    assistant = Assistant(indexed({"lighthouses.md": LIGHTHOUSES}))
    index = assistant.index.snapshot()
    assert examples(index, "en") == ()
    (document,) = index.documents()
    assert questions_about(index, document, "en") == ()
    answer = assistant.ask("How many lighthouses does the northern coast have?")
    assert answer.is_sourced
    assert assistant.follow_ups(answer) == ()
    refused = assistant.ask("How many lighthouses does Portugal have?")
    assert (refused.related, assistant.follow_ups(refused)) == ((), ())


@pytest.mark.parametrize("language", ["nl", "en"])
def test_questions_to_begin_with_are_each_of_another_document_that_answers_them(
    assistant: Assistant, language: str
) -> None:
    offered = examples(assistant.index.snapshot(), language)
    assert len(offered) == 5
    answers = [assistant.ask(question, language=language) for question in offered]
    assert all(answer.is_sourced for answer in answers)
    assert len({answer.citations[0].document.id for answer in answers}) == len(offered)


def test_questions_about_a_document_are_answered_by_it(assistant: Assistant) -> None:
    index = assistant.index.snapshot()
    for document in index.documents():
        offered = questions_about(index, document, document.language)
        assert 1 <= len(offered) <= 5
        if document.language == "nl":
            answer = assistant.ask(offered[-1], scope=Scope(documents=(document.id,)))
            assert answer.documents == (document.id,), offered[-1]


def test_follow_ups_cost_one_search(assistant: Assistant, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = assistant.ask("Wie is Schinas?")
    searched = searches(monkeypatch)
    assistant.follow_ups(answer)
    assert len(searched) == 1


def test_follow_ups_stay_within_the_scope(assistant: Assistant) -> None:
    scope = Scope(documents=("drugs-agenda",), language="en")
    answer = assistant.ask("How big is the drug market in the EU?", scope=scope)
    offered = assistant.follow_ups(answer, scope=scope)
    assert offered
    for follow_up in offered:
        next_one = assistant.ask(follow_up, scope=scope)
        assert {one.document.key for one in next_one.citations} == {"drugs-agenda.en"}, follow_up


def test_as_much_is_offered_in_four_languages(assistant: Assistant) -> None:
    for question, language in (
        ("Hoeveel is de drugsmarkt in de EU waard?", "nl"),
        ("How much is the EU drug market worth?", "en"),
        ("Wie viel ist der Drogenmarkt wert?", "de"),
        ("Combien vaut le marché de la drogue ?", "fr"),
    ):
        offered = assistant.follow_ups(assistant.ask(question, language=language))
        assert len(offered) == 3, question
        for one in offered:
            assert written_in(one, language) == language
            assert not re.match("Wat zegt|What do|Was sagen|Que disent", one)


def test_nothing_is_offered_twice_or_after_its_answer_was_shown(assistant: Assistant) -> None:
    conversation = Conversation()
    for question in (
        "Welke drie blokken heeft de drugsagenda?",
        "What are the eight strategic priorities of the Drugs Agenda?",
        "Wat valt er onder blok B van de drugsagenda?",
        "How much is the EU drug market worth?",
    ):
        history = conversation.turns()
        answer = assistant.ask(question, history)
        follow_ups = assistant.follow_ups(answer, history)
        offered = {one for turn in history for one in turn.offered}
        assert offered.isdisjoint(follow_ups)
        assert "What are the three blocks of the EU Drugs Agenda?" not in follow_ups
        asked = Exchange(question=question, answer=answer, follow_ups=follow_ups)
        conversation = conversation.with_exchange(asked)
    assert len(offered) >= 6


def test_what_has_nothing_to_do_with_a_refused_question_is_not_offered(
    assistant: Assistant,
) -> None:
    for question in ("What is the capital of France?", "Was kostet ein Führerschein in Polen?"):
        assert assistant.ask(question).related == (), question
