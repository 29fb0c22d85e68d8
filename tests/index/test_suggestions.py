"""What the assistant offers to ask next can really be answered, and is new."""

import re

import pytest

from chain.answer.section_questions import document_name, questions
from chain.assistant import Assistant
from core.answer import Answer, Turn
from core.settings import Settings
from core.source import DocumentInfo, Scope
from language.identify import written_in
from tests.support.searches import searches
from tests.support.small import Small
from userdata.conversation import Conversation, Exchange


@pytest.fixture(scope="module")
def assistant(unprepared: Settings) -> Assistant:
    """Where no question is prepared; of those that are: test_prepared_questions.py."""
    return Assistant(unprepared)


def _turn(answer: Answer) -> Turn:
    return Turn(question=answer.question, answer_text=answer.text)


@pytest.mark.parametrize(
    "question",
    ["Hoeveel is de drugsmarkt in de EU waard?", "How big is the drug market in the EU?"],
)
def test_follow_ups_are_answered_from_what_was_not_cited_yet(
    assistant: Assistant, question: str
) -> None:
    answer = assistant.ask(question)
    offered = assistant.follow_ups(answer)
    assert 1 <= len(offered) <= 3
    assert len(set(offered)) == len(offered)
    cited = {(one.document.id, one.headings) for one in answer.citations}
    for follow_up in offered:
        assert re.fullmatch(r"[A-Z][^«»“”„()]*\S\?", follow_up), "a question, not a heading"
        next_one = assistant.ask(follow_up, [_turn(answer)])
        assert (next_one.is_sourced, next_one.question_language) == (True, answer.question_language)
        assert next_one.understood_as == ""
        assert next_one.confidence >= 0.7
        first = next_one.citations[0]
        assert (first.document.id, first.headings) not in cited


@pytest.mark.parametrize("language", ["nl", "en"])
def test_questions_to_begin_with_are_each_of_another_document_that_answers_them(
    assistant: Assistant, language: str
) -> None:
    index = assistant.index.snapshot()
    offered = assistant.examples(index, language)
    assert 4 <= len(offered) <= 5
    answers = [assistant.ask(question, language=language) for question in offered]
    assert all(one.is_sourced for one in answers)
    assert len({one.citations[0].document.id for one in answers}) == len(offered)
    assert {one.citations[0].document.language for one in answers} == {language}
    assert assistant.examples(index, "de") == ()  # no document is in German


def test_they_cost_a_bounded_number_of_searches(
    unprepared: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched = searches(monkeypatch)
    anew = Assistant(unprepared)
    offered = anew.examples(anew.index.snapshot(), "nl")
    assert len(offered) <= len(searched) <= 40
    searched.clear()
    assert anew.examples(anew.index.snapshot(), "nl") == offered
    assert searched == []


def test_the_number_of_a_paragraph_is_no_part_of_its_question(indexed: Small) -> None:
    text = (
        "# Act\n\n## Recitals\n\n(4) Hoists are the machines of a port.\n\n"
        "4.6. The decision of the board is sent to the owner.\n"
    )
    passages = Assistant(indexed({"act.en.md": text})).index.passages()
    asked = [one.question for passage in passages for one in questions(passage, "en")]
    assert asked == ["What are hoists?"]


def _questions(assistant: Assistant, language: str, heading: str) -> list[str]:
    """What the section with this heading can be asked, all passages being around."""
    passages = assistant.index.passages()
    (passage,) = {
        one for one in passages if one.headings[-1].startswith(heading) and not one.continues
    }
    return [one.question for one in questions(passage, language)]


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
    ("language", "heading"),
    [
        ("nl", "Wat er daarna gebeurde"),
        ("en", "Priority 4: Prüm"),
        ("en", "What Vice-President Schinas said"),
        ("de", "Priority 2: hybrid"),
        ("fr", "National firearms"),
        ("pl", "Drugs: the market"),
    ],
)
def test_a_heading_alone_is_no_question(assistant: Assistant, language: str, heading: str) -> None:
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
        assert 1 <= len(searched) <= 9


def test_a_conversation_of_follow_ups_does_not_go_round_in_circles(assistant: Assistant) -> None:
    history: list[Turn] = []
    asked = ["How big is the drug market in the EU?"]
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
    answer = assistant.ask("How big is the drug market in the EU?", scope=scope)
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
    refused = assistant.ask("How many drug laboratories were found in Poland?")
    assert refused.related
    assert assistant.follow_ups(refused) == ()
    elsewhere = assistant.ask("Wat kost een rijbewijs in Polen?")
    assert (elsewhere.kind, elsewhere.related) == ("refusal", ())


# What is prepared, in a conversation


ASKED = [
    (
        "Wat zijn de vier prioriteiten van het vuurwapenactieplan?",
        "What are the four priorities of the action plan on firearms?",
        "Welche vier Prioritäten hat der Aktionsplan gegen Feuerwaffen?",
        "Quelles sont les quatre priorités du plan d'action sur les armes à feu ?",
    ),
    (
        "Hoeveel is de drugsmarkt in de EU waard?",
        "How much is the EU drug market worth?",
        "Wie viel ist der Drogenmarkt wert?",
        "Combien vaut le marché de la drogue ?",
    ),
]


@pytest.mark.parametrize("asked", ASKED)
def test_as_much_is_offered_in_four_languages(settings: Settings, asked: tuple[str, ...]) -> None:
    assistant = Assistant(settings)
    for question, language in zip(asked, ("nl", "en", "de", "fr"), strict=True):
        offered = assistant.follow_ups(assistant.ask(question, language=language))
        assert len(offered) == 3, question
        for one in offered:
            assert written_in(one, language) == language
            assert not re.match("Wat zegt|What do|Was sagen|Que disent", one)


def test_nothing_is_offered_twice_or_after_its_answer_was_shown(settings: Settings) -> None:
    assistant = Assistant(settings)
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


def test_what_has_nothing_to_do_with_a_refused_question_is_not_offered(settings: Settings) -> None:
    assistant = Assistant(settings)
    near = assistant.ask("Hoeveel drugslaboratoria werden er in Polen ontdekt?")
    assert 1 <= len(near.related) <= 2
    for one in near.related:
        assert "drug" in one.casefold()
    for question in ("What is the capital of France?", "Was kostet ein Führerschein in Polen?"):
        assert assistant.ask(question).related == (), question
