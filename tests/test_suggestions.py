"""What the assistant offers to ask next can really be answered, and is new."""

import pytest

from chain.assistant import Assistant
from core.settings import Settings
from core.types import Answer, Scope, Turn


@pytest.fixture(scope="module")
def assistant(settings: Settings) -> Assistant:
    return Assistant(settings)


def _turn(answer: Answer) -> Turn:
    return Turn(question=answer.question, answer_text=answer.text)


@pytest.mark.parametrize(
    ("question", "language", "opening"),
    [
        ("How are firearms smuggled into the EU?", "en", "What do the sources say about “"),
        ("Hoeveel is de drugsmarkt in de EU waard?", "nl", "Wat zeggen de bronnen over „"),
        ("Combien vaut le marché de la drogue ?", "fr", "Que disent les sources sur « "),
        ("Wie viel ist der Drogenmarkt wert?", "de", "Was sagen die Quellen zu „"),
    ],
)
def test_follow_ups_are_answered_from_what_was_not_cited_yet(
    assistant: Assistant, question: str, language: str, opening: str
) -> None:
    answer = assistant.ask(question)
    offered = assistant.follow_ups(answer)
    assert 1 <= len(offered) <= 3
    assert len(set(offered)) == len(offered)
    cited = {(one.document.id, one.headings) for one in answer.citations}
    for follow_up in offered:
        assert follow_up.startswith(opening)
        next_one = assistant.ask(follow_up, [_turn(answer)])
        assert (next_one.answered, next_one.question_language) == (True, language)
        assert next_one.passages[0].headings[-1] in follow_up
        assert (next_one.passages[0].document.id, next_one.passages[0].headings) not in cited


def test_a_conversation_of_follow_ups_does_not_go_round_in_circles(assistant: Assistant) -> None:
    history: list[Turn] = []
    asked = ["How are firearms smuggled into the EU?"]
    for _ in range(4):
        answer = assistant.ask(asked[-1], history)
        offered = assistant.follow_ups(answer, history)
        assert set(asked).isdisjoint(offered)
        history.append(_turn(answer))
        asked.append(offered[0])


def test_follow_ups_stay_within_the_scope(assistant: Assistant) -> None:
    scope = Scope(documents=("drugs-agenda",), language="en")
    answer = assistant.ask("Hoeveel is de drugsmarkt in de EU waard?", scope=scope)
    offered = assistant.follow_ups(answer, scope=scope)
    assert offered
    there = {
        heading
        for passage in assistant.index.passages({"drugs-agenda.en"})
        for heading in passage.headings
    }
    for follow_up in offered:
        assert any(f"„{heading}”" in follow_up for heading in there), follow_up


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
