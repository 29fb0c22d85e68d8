"""The text that other programs show: numbers that hold, and nothing of its own making."""

import re
from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt

from api.client_text import ClientText
from api.openai_chat import ClientMessage, annotations, read_conversation
from api.request_shapes import source_quotes
from core.answer import Answer, Citation, Finished, TextDelta
from core.answer_blocks import Marker
from core.source import DocumentInfo
from prompts import client_words
from tests.support.answers import doubted, only_found
from tests.support.blocks import MARKER, blocks_of
from tests.support.passages import answer_of, citation_of, passage_of
from tests.support.shown_html import HOSTILE

PARSER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
LINKS = ("see [1](http://evil.example) and [1]: http://evil.example", "[x][1] ![x][1]")


def cited(number: int, passage: str, title: str = "Strategy", url: str = "") -> Citation:
    document = DocumentInfo(id=passage, language="en", title=title, url=url, kind="official")
    source = passage_of(document, f"Words of {passage}.", title, id=passage, page=3)
    return citation_of(source, source.text, number, last_page=4)


def given(text: str, *citations: Citation, **values: object) -> Answer:
    return answer_of(text, *citations, **{"language": "en", "mode": "generative"} | values)


def pieces(*said: tuple[str, *tuple[str, ...]]) -> Iterator[TextDelta]:
    """Texts that arrive one behind the other, each with the passages of its markers."""
    whole = ""
    for text, *passages in said:
        whole += text
        markers = tuple(
            Marker(start=at.start(), end=at.end(), number=int(at[1]))
            for at in MARKER.finditer(text)
        )
        yield TextDelta(text=text, markers=markers, cited=passages, blocks=blocks_of(whole))


def whole(answer: Answer) -> ClientText:
    """What a client gets of an answer that is not streamed."""
    text = ClientText()
    text.take(Finished(answer=answer))
    return text


def elements(markdown: str) -> set[str]:
    """What a renderer makes of it: CommonMark with tables, strikethrough and HTML."""
    tokens = PARSER.parse(markdown)
    return {one.type for token in tokens for one in (token, *(token.children or ()))}


def test_a_passage_keeps_the_number_that_it_came_with() -> None:
    """In the finished answer it has another: a sentence before it was not confirmed."""
    reply = ClientText()
    for event in pieces(("A. [1]", "a"), (" C. [2]", "c"), (" B. [3]", "b")):
        reply.take(event)
    citations = [
        cited(number, name, url=f"https://{name}.example/") for number, name in enumerate("abc", 1)
    ]
    answer = given("A. [1] B. [2] C. [3]", *citations)
    reply.take(Finished(answer=answer))
    assert reply.text.startswith("A. [1] C. [2] B. [3]\n\n**References**")
    quotes = source_quotes(answer, reply.citations(answer))
    assert [(quote.number, quote.passage) for quote in quotes] == [(1, "a"), (2, "c"), (3, "b")]
    places = [annotation.url_citation for annotation in annotations(reply, quotes, "en")]
    assert [place.url[8] for place in places] == ["a", "c", "b"]
    assert [reply.text[place.start_index : place.end_index] for place in places] == [
        "[1]", "[2]", "[3]",
    ]  # fmt: skip


def test_what_is_no_address_of_a_page_is_no_annotation() -> None:
    answer = given("A. [1]", cited(1, "a", url="javascript:alert(1)"))
    reply = whole(answer)
    quotes = source_quotes(answer, reply.citations(answer))
    assert list(annotations(reply, quotes, "en")) == []
    assert quotes[0].url == ""
    assert "javascript" not in reply.text


@pytest.mark.parametrize("hostile", [HOSTILE, *LINKS, "# x", "1. x", "> x", "http://evil.example"])
@pytest.mark.parametrize("prefix", ["", "- ", "### "])
def test_nothing_of_a_source_becomes_a_link_an_image_or_html(hostile: str, prefix: str) -> None:
    streamed = ClientText()
    answer = given(
        f"{prefix}{hostile}\n{hostile} [7]{hostile}\n\n{hostile}",
        cited(7, "a", title=hostile),
        missing=(hostile,),
        related=(hostile,),
    )
    for end in range(1, len(answer.blocks) + 1):
        said = answer.blocks[:end]
        markers = answer.markers[0] if end == len(answer.blocks) else ()
        names = ("a",) * len(markers)
        streamed.take(TextDelta(text="x", markers=markers, cited=names, blocks=said))
    streamed.take(Finished(answer=answer))
    for reply in (streamed, whole(answer)):
        found = elements(reply.text)
        assert not found & {"link_open", "image", "html_inline", "html_block", "code_inline"}
        assert not found & {"heading_open", "blockquote_open", "ordered_list_open", "table_open"}
        assert not re.search(r"https?://|www\.", reply.text)  # bare ones are links for many
        assert [reply.text[one.start : one.end] for one in reply.markers] == ["[7]"]


def test_the_address_of_a_reference_is_its_only_link() -> None:
    url = "https://a.example/x>(<script>)"
    reply = whole(given("A. [1]", cited(1, "a", url=url)))
    within = [child for token in PARSER.parse(reply.text) for child in token.children or ()]
    (link,) = [child for child in within if child.type == "link_open"]
    assert link.attrs["href"] == "https://a.example/x%3E(%3Cscript%3E)"


@pytest.mark.parametrize("language", ["nl", "sl"])
def test_what_there_is_to_know_of_an_answer_stands_below_it(language: str) -> None:
    words = client_words(language)
    state = {"language": language, "missing": ("Malta",), "ended": "*It* is over."}
    state |= {"unchecked": True, "trouble": "cut"}
    answer = given("A. [1]\n\n- one\n- two\n\nTwo of three.", cited(1, "a"), **state)
    reply = ClientText()
    reply.take(*pieces(("A. [1]\n\n- one\n- two", "a")))
    reply.take(Finished(answer=answer))
    told = reply.text.split("\n\n")
    checked = [words.broke_off, words.unchecked, words.missing.format(count="", items="Malta")]
    over = r"\*It\* is over."
    assert told[2:-1] == ["Two of three.", over, *checked, f"**{words.references}**"]
    assert words.page.format(page="3–4") in told[-1]


def test_what_was_not_confirmed_is_marked_in_its_place_or_listed_after_a_stream() -> None:
    words = client_words("en")
    answer = doubted(given("A. [1]", cited(1, "a"), language="en"), "B *is*.")
    at_once, streamed = whole(answer), ClientText()
    assert rf"B \*is\*. \[{words.unconfirmed}\]" in at_once.text
    assert words.unconfirmed_in not in at_once.text
    text = TextDelta(text="A. B *is*.", blocks=blocks_of("A.\n\nB *is*."))
    assert words.unconfirmed not in streamed.take(text)
    streamed.take(Finished(answer=answer))
    assert f"{words.unconfirmed_in}\n\n- B \\*is\\*." in streamed.text


@pytest.mark.parametrize("language", ["nl", "en"])
def test_what_was_found_and_not_checked_is_told_in_place_or_after_a_stream(language: str) -> None:
    words = client_words(language)
    answer = only_found(given("A. [1]", cited(1, "a"), language=language))
    at_once, streamed = whole(answer), ClientText()
    assert rf"A. \[{words.found}\] [1]" in at_once.text
    streamed.take(TextDelta(text="A.", blocks=blocks_of("A.")))
    streamed.take(Finished(answer=answer))
    assert f"{words.found_in}\n\n- A." in streamed.text
    (quote,) = source_quotes(answer, at_once.citations(answer))
    assert quote.verdict == "unchecked"
    for said in (at_once.text, streamed.text):
        assert words.unconfirmed_in not in said
        assert words.unchecked in said
    late = whole(answer.model_copy(update={"check_trouble": "slow"}))
    assert words.too_late in late.text
    assert words.unchecked not in late.text


def test_of_an_earlier_answer_only_so_many_markers_are_looked_at() -> None:
    said = [("user", "What is EMPACT?"), ("assistant", "[1]" * 3000), ("user", "And in 2019?")]
    messages = [ClientMessage.model_validate({"role": by, "content": it}) for by, it in said]
    _, (turn,) = read_conversation(messages, "en")
    assert len(turn.markers) == 200
    assert turn.answer_text == "[1]" * 3000
