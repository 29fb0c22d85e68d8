"""A question is answered from one generation, whatever is published while it is answered."""

import gc
import weakref
from collections.abc import Callable

import pytest

from chain.answer.suggestions import examples, questions_about
from chain.assistant import Assistant
from core.answer import Answer, Finished, Stage, TextDelta
from core.source import Scope
from ingest.pipeline import ingest
from tests.support.small import LIGHTHOUSES, Small
from vectorstore.generations import Generations

ASKED = "How many lighthouses does the northern coast have?"
PARTS = f"{ASKED[:-1]} and who maintains the lighthouses?"  # each is searched for
REFUSED = "How many lighthouses does Portugal have?"


def _files(number: int) -> dict[str, str]:
    changed = LIGHTHOUSES.replace("31 lighthouses", f"{number} lighthouses")
    more = {
        f"{n}.md": LIGHTHOUSES.replace("lighthouses", f"harbours{n}") for n in range(31, number)
    }
    return {"lighthouses.en.md": changed, **more}


def _answered(assistant: Assistant, question: str, publish: Callable[[], object]) -> Answer:
    """The answer to a question while whose passages are read something is published."""
    for event in assistant.stream(question):
        if isinstance(event, Stage) and event.name == "reading":
            publish()
        if isinstance(event, Finished):
            return event.answer
    raise AssertionError


@pytest.mark.parametrize("question", [ASKED, PARTS, REFUSED])
def test_what_is_published_meanwhile_is_in_the_next_answer(
    indexed: Small, small: Small, question: str
) -> None:
    settings = indexed(_files(31))
    first = Generations(settings).current().id
    assistant = Assistant(settings)
    before = assistant.ask(question)
    small(_files(33))

    answer = _answered(assistant, question, lambda: ingest(settings))

    assert answer.generation == first
    assert answer.model_copy(update={"timings": before.timings}) == before
    after = assistant.ask(question)
    assert after.generation != first
    assert after.text != before.text


def test_a_superseded_generation_is_let_go_at_once(indexed: Small, small: Small) -> None:
    prepared = """by: project
answers: [{units: ["The northern coast has"], questions: {en: ["How many lights are there?"]}}]
"""
    dutch = LIGHTHOUSES.replace("lighthouses", "vuurtorens").replace(": en", ": nl")
    files = {"lighthouses.en.questions.yaml": prepared, "vuurtorens.nl.md": dutch}
    settings = indexed({**_files(32), **files})
    assistant = Assistant(settings)
    index = assistant.index.snapshot()
    scope = Scope(documents=("lighthouses",))
    answer = assistant.ask(ASKED, scope=scope)
    assert answer.answered
    assistant.follow_ups(answer)
    assert examples(index, "en")
    assert {document.language for document in index.documents()} == {"en", "nl"}
    assert any(questions_about(index, document, "en") for document in index.documents())
    superseded = weakref.ref(index), weakref.ref(index._generation)
    gc.collect()
    gc.disable()  # what is loaded at the start is frozen, and no collection would find it
    try:
        small(_files(33))
        assert ingest(settings).generation != index.generation
        assistant.index.snapshot()
        del index
        assert [generation() for generation in superseded] == [None, None]
    finally:
        gc.enable()


def test_a_generation_that_is_removed_meanwhile_has_the_question_asked_again(
    indexed: Small, small: Small
) -> None:
    settings = indexed(_files(31)).model_copy(update={"keep_generations": 1})
    assistant = Assistant(settings)
    published: list[str] = []

    def publish() -> None:
        if not published:
            small(_files(33))
            published.append(ingest(settings).generation)

    answer = _answered(assistant, PARTS, publish)

    assert "33 lighthouses" in answer.text
    assert "harbour authority maintains" in answer.text
    assert [answer.generation] == published
    assert not any("31 lighthouses" in passage.text for passage in answer.passages)


def test_after_a_sentence_was_shown_no_other_answer_begins(
    indexed: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = indexed(_files(31))
    assistant = Assistant(settings)
    events = assistant.stream(ASKED)
    seen = [next(events)]
    while not isinstance(seen[-1], TextDelta):
        seen.append(next(events))
    monkeypatch.setattr(Generations, "pointer", None)  # is not read any more

    rest = list(events)

    assert isinstance(rest[-1], Finished)
    assert not [event for event in rest if isinstance(event, Stage) and event.name == "searching"]
