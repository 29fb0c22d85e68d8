"""Properties of what people type, words to search and addresses, and of facts in any text.

The examples are the same at every run; how to search longer is told in test_properties_reading.py.
"""

import datetime
import unicodedata
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chain.answer.composition import value_asked_for
from core.settings import Settings
from core.source import DocumentInfo, Scope
from language.escaping import is_web_page
from language.facts import facts, names_as_written
from language.figures import amounts, dates_as_written, figures, figures_as_written
from language.sentences import sentences
from language.words import fold, traced, without_accents
from tests.support.odd_texts import texts
from ui.addresses import place_of, quotes, reading_address, reading_query
from ui.chat.session import question_address, question_in, scope_of
from ui.markup import escape
from ui.sources.word_search import compared, spans
from vectorstore.keyword_index import KeywordIndex

steady = settings(deadline=None, derandomize=True, max_examples=50, database=None)
slow = settings(steady, max_examples=25)

LANGUAGES = (
    "nl", "en", "de", "fr", "el", "bg", "mt", "ga", "pl", "sv", "hu", "lt",
)  # fmt: skip
languages = st.sampled_from(LANGUAGES)


@pytest.fixture(scope="module")
def keyword(settings: Settings) -> KeywordIndex:
    folder = next(path.parent for path in settings.data_dir.rglob("stamp"))
    return KeywordIndex(folder)


@steady
@given(text=texts)
def test_the_question_in_a_text_is_a_piece_of_it(text: str) -> None:
    question, context = question_in(text)
    assert question in text
    assert question or not context


@slow
@given(words=texts, language=st.sampled_from(("nl", "en", "bg", "", "xx")))
def test_words_to_look_up_have_no_syntax(keyword: KeywordIndex, words: str, language: str) -> None:
    ids = set(keyword.ids())
    nearest = keyword.nearest(words, language, 5)
    assert {name for name, _ in nearest} <= ids
    assert [score for _, score in nearest] == sorted((score for _, score in nearest), reverse=True)
    assert keyword.shares(words, language, list(ids)).keys() <= ids
    assert keyword.knows(words) in (True, False)


@steady
@given(text=texts, words=texts)
def test_places_of_words_stand_in_the_text_in_order(text: str, words: str) -> None:
    found = spans(text, words)
    ends = [place for span in found for place in span]
    assert ends == sorted(ends)
    assert all(start < end <= len(text) for start, end in found)
    wanted = "".join(compared(words).split())
    for start, end in found:
        assert set(compared(text[start:end])) & set(wanted)


names = st.from_regex(r"[a-z0-9]+(?:-[a-z0-9]+)*", fullmatch=True)
offsets = st.tuples(st.integers(0, 9_999_999), st.integers(0, 9_999_999)).map(sorted).map(tuple)


@steady
@given(name=names, hash=st.from_regex(r"[0-9a-f]{24}", fullmatch=True),
       marked=st.lists(offsets, max_size=9))  # fmt: skip
def test_an_address_to_read_is_read_back(
    name: str, hash: str, marked: list[tuple[int, int]]
) -> None:
    document = DocumentInfo(id=name, language="nl", title="")
    passage = f"{document.key}:{hash}"
    query, _, place = reading_address(document, passage, marked).partition("#")
    read = parse_qs(query)
    assert (read["document"], read["language"]) == ([name], ["nl"])
    assert place == place_of(passage)
    assert quotes(read.get("quote", [])) == ({place: marked} if marked else {})
    assert parse_qs(urlencode(reading_query(document, passage, marked))) == read


@steady
@given(question=texts, areas=st.lists(texts.filter(bool), max_size=3).map(tuple),
       documents=st.lists(names, max_size=3).map(tuple), language=st.sampled_from(("", "nl")),
       as_of=st.one_of(st.none(), st.dates()))  # fmt: skip
def test_an_address_to_ask_is_read_back(
    question: str,
    areas: tuple[str, ...],
    documents: tuple[str, ...],
    language: str,
    as_of: datetime.date | None,
) -> None:
    scope = Scope(areas=areas, documents=documents, language=language, as_of=as_of)
    read = parse_qs(question_address(question, scope).removeprefix("?"))
    assert read.get("q", [""]) == [question]
    assert scope_of(read) == scope


@slow
@given(query=st.dictionaries(
    st.sampled_from(("q", "c", "s", "quote", "as_of", "area", "language", "document")),
    st.lists(st.one_of(texts, st.from_regex(r"[0-9a-f]{1,9}:[0-9]{1,9}-[0-9]{1,9}")), max_size=3),
))  # fmt: skip
def test_any_query_can_be_read(query: dict[str, list[str]]) -> None:
    assert isinstance(scope_of(query), Scope)
    for place, found in quotes(query.get("quote", [])).items():
        assert place.startswith("passage-")
        assert all(0 <= start <= end for start, end in found)


@steady
@given(text=texts)
def test_any_text_is_escaped(text: str) -> None:
    assert not set("<>\"'\x1b\u202e\ud800") & set(escape(text))
    escape(text).encode()
    assert is_web_page(text) in (True, False)


@steady
@given(text=texts, language=languages)
def test_what_is_as_written_is_a_piece_of_the_text(text: str, language: str) -> None:
    assert all(amount + noun in text for amount, noun in amounts(text, language))
    assert all(date in text for date in dates_as_written(text, language))
    assert all(name in text for name in names_as_written(text, language))
    normal = unicodedata.normalize("NFKC", text)
    assert all(written in normal for written in figures_as_written(text).values())
    assert value_asked_for("Hoeveel, wanneer en wie?", "nl", text, language) in text


@steady
@given(text=texts, language=languages)
def test_facts_of_any_text(text: str, language: str) -> None:
    found = facts(text, language)
    assert facts(text, language) == found
    assert all(value.is_finite() for value, _ in found.quantities)
    assert all(figure.replace(".", "").replace("/", "").isdecimal() for figure in figures(text))


@steady
@given(text=texts, language=languages)
def test_sentences_are_stretches_in_order(text: str, language: str) -> None:
    ends = [place for span in sentences(text, language) for place in span]
    assert ends == sorted(ends)
    assert all(0 <= end <= len(text) for end in ends)
    inside = {at for start, end in sentences(text, language) for at in range(start, end)}
    assert all(at in inside for at, character in enumerate(text) if character.isalnum())


@steady
@given(text=texts)
def test_texts_to_compare_know_their_places(text: str) -> None:
    folded, places = traced(text)
    assert len(folded) == len(places)
    assert places == sorted(places)
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert fold(fold(text)) == fold(text)
    assert without_accents(without_accents(text)) == without_accents(text)
