"""What the assistant offers to ask next can really be answered, and is new."""

import re

import pytest

from chain.answer.section_questions import document_name, questions
from chain.assistant import Assistant
from core.answer import Answer, Turn
from core.settings import Settings
from core.source import DocumentInfo, Scope
from tests.support.searches import searches


@pytest.fixture(scope="module")
def assistant(unprepared: Settings) -> Assistant:
    """Where no question is prepared; of those that are: test_prepared_questions.py."""
    return Assistant(unprepared)


def _turn(answer: Answer) -> Turn:
    return Turn(question=answer.question, answer_text=answer.text)


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("How are firearms smuggled into the EU?", "en"),
        ("Hoeveel is de drugsmarkt in de EU waard?", "nl"),
        ("Combien vaut le marché de la drogue ?", "fr"),
        ("Wie viel ist der Drogenmarkt wert?", "de"),
    ],
)
def test_follow_ups_are_answered_from_what_was_not_cited_yet(
    assistant: Assistant, question: str, language: str
) -> None:
    answer = assistant.ask(question)
    offered = assistant.follow_ups(answer)
    assert 1 <= len(offered) <= 3
    assert len(set(offered)) == len(offered)
    cited = {(one.document.id, one.headings) for one in answer.citations}
    for follow_up in offered:
        assert re.fullmatch(r"[A-Z][^«»“”„()]*\S ?\?", follow_up), "a question, not a heading"
        next_one = assistant.ask(follow_up, [_turn(answer)])
        assert (next_one.is_sourced, next_one.question_language) == (True, language)
        assert next_one.understood_as == ""
        assert next_one.confidence >= 0.7
        first = next_one.citations[0]
        assert (first.document.id, first.headings) not in cited


def _questions(assistant: Assistant, language: str, heading: str) -> list[str]:
    """What the section with this heading can be asked, all passages being around."""
    passages = assistant.index.passages()
    (passage,) = {
        one for one in passages if one.headings[-1].startswith(heading) and not one.continues
    }
    versions = [
        one
        for one in passages
        if one.document.id == passage.document.id
        and one.section == passage.section
        and one.language != passage.language
    ]
    return [one.question for one in questions(passage, passages, language, versions)]


@pytest.mark.parametrize(
    ("language", "heading", "question"),
    [
        ("nl", "Productie en precursoren", "Wat zijn drugsprecursoren?"),
        (
            "en",
            "The four strategic",
            "Which four priorities does the Security Union Strategy have?",
        ),
        (
            "nl",
            "Omvang van de drugsmarkt",
            "Hoeveel Europeanen van 15 tot en met 64 jaar hadden in het jaar voor de meting "
            "cannabis gebruikt?",
        ),
        (
            "nl",
            "Prioriteit 2: illegale inhoud online",
            "Wanneer trad de verordening inzake digitale diensten in werking?",
        ),
        (
            "en",
            "Priority 2: illegal content online",
            "When did the Digital Services Act enter into force?",
        ),
        ("nl", "Doel en benadering", "Wat is het doel van de drugsagenda?"),
    ],
)
def test_what_a_sentence_answers_is_asked_for(
    assistant: Assistant, language: str, heading: str, question: str
) -> None:
    assert _questions(assistant, language, heading)[0] == question


@pytest.mark.parametrize(
    ("language", "heading", "question"),
    [
        # without its number, with the article that it has in a sentence
        (
            "nl",
            "Gevolgen van de coronapandemie",
            "Wat zegt de drugsagenda over de gevolgen van de coronapandemie?",
        ),
        (
            "en",
            "Priority 4: Prüm",
            "What do the sources say about Prüm, police cooperation and external borders?",
        ),
        # a section in English, asked about in German and French
        (
            "de",
            "Priority 2: hybrid",
            "Was sagt die Strategie für die Sicherheitsunion über hybride Bedrohungen?",
        ),
        (
            "fr",
            "National firearms",
            "Que dit le plan d'action contre le trafic d'armes à feu sur les points de contact "
            "nationaux pour les armes à feu ?",
        ),
        (
            "de",
            "Priority 4: Europol",
            "Was sagt die Strategie für die Sicherheitsunion über Europol?",
        ),
    ],
)
def test_a_heading_is_asked_about_in_running_text(
    assistant: Assistant, language: str, heading: str, question: str
) -> None:
    passages = [one for one in assistant.index.passages() if one.headings[-1].startswith(heading)]
    assert question in {
        one.question
        for passage in passages
        for one in questions(passage, assistant.index.passages(), language, passages)
    }


@pytest.mark.parametrize(
    ("language", "heading"),
    [
        ("nl", "Prioriteit 4: internationale samenwerking intensiveren"),
        ("nl", "Wat er daarna gebeurde"),
        ("nl", "Vervolg na juli 2020"),
        ("en", "Follow-up after July 2020"),
        ("en", "What Vice-President Schinas said"),
        ("de", "Key data on the strategy"),
        ("pl", "Drugs: the market"),
    ],
)
def test_what_is_no_topic_is_not_asked_about(
    assistant: Assistant, language: str, heading: str
) -> None:
    assert _questions(assistant, language, heading) == []


def test_a_document_without_a_common_name_is_called_by_its_title() -> None:
    report = DocumentInfo(id="r", language="nl", title="Jaarverslag 2024")
    long = DocumentInfo(id="l", language="nl", title="Een lange titel " * 9)
    agenda = DocumentInfo(id="a", language="fr", title="COMMUNICATION", celex="52020DC0606(01)")
    assert document_name(report, "nl") == "„Jaarverslag 2024”"
    assert document_name(long, "nl") == ""
    assert document_name(agenda, "nl") == "de drugsagenda"


def test_what_an_answer_says_and_what_was_asked_is_not_suggested(assistant: Assistant) -> None:
    asked = "Wat zijn de acht strategische prioriteiten van de drugsagenda?"
    answer = assistant.ask("Welke prioriteiten heeft de drugsagenda?")
    assert asked not in assistant.follow_ups(answer)
    other = assistant.ask("Wat zijn drugsprecursoren?")
    assert asked in assistant.follow_ups(other)
    assert asked not in assistant.follow_ups(other, [Turn(question=asked, answer_text="")])


def test_follow_ups_cost_nine_searches_at_most(
    unprepared: Settings, assistant: Assistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [assistant.ask(one) for one in ("Wie is Schinas?", "Was ist Prävention?")]
    searched = searches(monkeypatch)
    for answer in answers:
        searched.clear()
        Assistant(unprepared).follow_ups(answer)
        assert 1 < len(searched) <= 9


def test_a_conversation_of_follow_ups_does_not_go_round_in_circles(assistant: Assistant) -> None:
    history: list[Turn] = []
    asked = ["How are firearms smuggled into the EU?"]
    for _ in range(4):
        answer = assistant.ask(asked[-1], history)
        offered = assistant.follow_ups(answer, history)
        assert set(asked).isdisjoint(offered)
        history.append(_turn(answer))
        if not offered:
            break  # rather none than a bad one
        asked.append(offered[0])
    assert len(asked) > 2


def test_follow_ups_stay_within_the_scope(assistant: Assistant) -> None:
    scope = Scope(documents=("drugs-agenda",), language="en")
    answer = assistant.ask("Hoeveel is de drugsmarkt in de EU waard?", scope=scope)
    offered = assistant.follow_ups(answer, scope=scope)
    assert offered
    for follow_up in offered:
        next_one = assistant.ask(follow_up, scope=scope)
        assert {one.document.key for one in next_one.citations} == {"drugs-agenda.en"}, follow_up


def test_where_everything_was_cited_there_is_nothing_to_go_on_with(assistant: Assistant) -> None:
    answer = assistant.ask("What are the four priorities of the action plan on firearms?")
    (section,) = {
        passage for passage in answer.passages if passage.id == answer.citations[0].passage_id
    }
    scope = Scope(documents=("no-other",))
    alone = answer.model_copy(update={"passages": (section,)})
    assert assistant.follow_ups(alone, scope=scope) == ()


def test_a_refusal_has_its_own_questions_and_no_follow_ups(assistant: Assistant) -> None:
    refused = assistant.ask("Hoeveel drugslaboratoria werden er in 2016 in Polen ontdekt?")
    assert refused.related
    assert assistant.follow_ups(refused) == ()
