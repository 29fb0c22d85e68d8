"""Properties of answers: whatever is asked, and whatever a model replies, citations are exact.

The examples are the same at every run; how to search longer is told in test_properties_reading.py.
"""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.assistant import Assistant
from core.answer import Answer
from core.answer_blocks import marked_text
from core.settings import Settings
from core.source import Scope
from tests.support.model_replies import replies
from tests.support.model_replies import texts as written
from tests.support.odd_texts import texts
from tests.support.openai_server import Script, openai_server, reply_of
from ui.answers.answer_view import answer_html

steady = settings(deadline=None, derandomize=True, max_examples=25, database=None)


@pytest.fixture(scope="module")
def server() -> Iterator[Script]:
    with openai_server() as script:
        yield script


@pytest.fixture(scope="module")
def with_model(settings: Settings, server: Script) -> Assistant:
    values = {"openai_base_url": server.url, "model": "scripted", "answer_timeout": 120.0}
    return Assistant(settings.model_copy(update=values))


def _assert_is_exact(answer: Answer) -> None:
    """Citations are parts of passages; markers stand where they say, each with its citation. What
    is cited has the numbers from 1 on, as it comes, one for each passage, and a reference of its
    own; nothing else has one."""
    passages = {passage.id: passage for passage in answer.passages}
    for citation in answer.citations:
        assert citation.quote
        assert passages[citation.passage_id].text[citation.start : citation.end] == citation.quote
    shown = [marked_text(blocks) for blocks in (answer.blocks, *answer.further)]
    cited = list(dict.fromkeys(number for text in shown for number in text.numbers))
    assert cited == list(range(1, len(cited) + 1))
    passages_of = {(citation.number, citation.passage_id) for citation in answer.citations}
    assert sorted(number for number, _ in passages_of) == cited
    assert len({passage for _, passage in passages_of}) == len(cited)
    assert len({citation.cited_as for citation in answer.citations}) == len(cited)
    for text in shown:
        assert all(
            text.text[marker.start : marker.end] == f"[{marker.number}]" for marker in text.markers
        )
    assert all(
        answer_html(blocks, bold="".join(answer.asked_for))
        for blocks in (answer.blocks, *answer.further)
    )
    assert answer.text
    assert 0 <= answer.confidence <= 1
    marked = answer.proper.numbers or answer.unconfirmed or answer.left_out
    assert answer.kind != "answer" or marked
    assert all(part in answer.proper.plain for part in answer.asked_for)
    assert answer.kind in ("answer", "partial") or not answer.asked_for


scopes = st.builds(
    Scope,
    areas=st.lists(st.sampled_from(("drugs", "no-such", "")), max_size=2).map(tuple),
    documents=st.lists(st.sampled_from(("drugs-agenda", "no'such")), max_size=2).map(tuple),
    language=st.sampled_from(("", "nl", "xx")),
    as_of=st.one_of(st.none(), st.dates()),
)


@steady
@given(question=texts, scope=st.one_of(st.just(Scope()), scopes))
def test_any_question_in_any_scope_has_an_exact_answer_or_a_refusal(
    assistant: Assistant, question: str, scope: Scope
) -> None:
    answer = assistant.ask(question, scope=scope)
    _assert_is_exact(answer)
    assert all(scope.admits(citation.document) for citation in answer.citations)


TRUE = (
    "In 2019 there were more than 725 000 reports in the EU.",
    "In 2019 there were 912 345 reports in the EU.",
    "- There were more than 725 000 reports in 2019. [1][2]\n",
)
sentences = st.lists(st.one_of(st.sampled_from(TRUE), written), max_size=4)


@settings(steady, max_examples=15)
@given(reply=st.one_of(sentences.map(lambda texts: reply_of(*texts)), replies))
def test_an_answer_by_any_reply_of_a_model_is_exact(
    with_model: Assistant, server: Script, reply: str
) -> None:
    server.reply = reply
    answer = with_model.ask("How many reports of child sexual abuse were there in 2019?")
    _assert_is_exact(answer)
    assert answer.mode in ("generative", "fallback", "extractive")
