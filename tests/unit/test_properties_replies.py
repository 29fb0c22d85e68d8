"""Properties of reading a model's reply: pieces of any size give the same, and nothing is made up.

The examples are the same at every run; how to search longer is told in test_properties_reading.py.
"""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from chain.model.language_model import tidy, without_thoughts
from chain.request import Draft
from chain.writing.generative import ReplyReader, read
from chain.writing.prose import closing, is_marked, plain
from core.errors import ModelError
from language.escaping import visible

steady = settings(deadline=None, derandomize=True, max_examples=150, database=None)

WORDS = [
    "The", "drug", "market", "grows.", "It", "is", "EUR", "2.5", "million,", "e.g.", "in",
    "2021!", "De", "vloot", "vaart", "uit;", "art.", "3", "(2)", "“It", "is.”", "NO", "ANSWER",
    "Straße", "Ελλάδα;", "km²", "z.B.", "“he", "said:", "725", "000", "…", "?", "Bürger*innen",
    "30%", "it's", "(a)", "COM(2020)", "607",
]  # fmt: skip
MARKERS = (
    "[1]", " [2]", "[1][3]", "[1, 2]", "[1–3]", "【1†source】", "(1)", " (2).", "¹", " [[1]]",
    "[^1]", "[passage 2]", "<sup>1</sup>", "[99]", "[0]", "[", "]", "[1", "[1](#a)",
    "[a](https://b.c/d)", "【",
)  # fmt: skip
MARKUP = (
    "\n", "\n\n", "\n- ", "\n1. ", "\n(a) ", "\n# ", "\n> ", "\n| a | b |\n|---|---|\n| ", " | ",
    "\n|", "**", "*", "`", "```\n", "\n```json\n", "~~", "<b>", "</b>", "<br>", "\\", "{", "}",
    '"', '{"a":', "<think>", "</think>", "[]", "\n---\n", "\r\n", "\t", "\u202e", "\u200b",
    "\ufffd", "\U0001f600",
)  # fmt: skip
texts = st.lists(
    st.one_of(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join),
        st.sampled_from(MARKERS),
        st.sampled_from(MARKUP),
        st.text(st.characters(exclude_categories=("Cs",)), max_size=5),
    ),
    max_size=20,
).map(lambda parts: "".join(parts))

odd_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inside: st.one_of(
        st.lists(inside, max_size=3), st.dictionaries(st.sampled_from('ab{"'), inside, max_size=3)
    ),
    max_leaves=6,
)
entries = st.one_of(
    st.fixed_dictionaries({"text": texts, "passages": st.lists(st.integers(-1, 9), max_size=3)}),
    st.fixed_dictionaries({"passages": odd_values, "text": texts}),
    odd_values,
)
structured = st.builds(
    lambda listed, indent, escaped: json.dumps(
        {"sentences": listed}, indent=indent, ensure_ascii=escaped
    ),
    st.lists(entries, max_size=5),
    st.sampled_from((None, 2)),
    st.booleans(),
)
thoughts = st.builds(
    lambda tag, inside, closed: f"<{tag}>{inside}{f'</{tag}>' if closed else ''}",
    st.sampled_from(("think", "THINKING", "reasoning")),
    texts,
    st.sampled_from((True, True, True, False)),
)
replies = st.builds(
    lambda before, reply, behind: f"{before}{reply}{behind}",
    st.one_of(st.just(""), st.just(""), thoughts, st.sampled_from(("```json\n", "Sure.\n", " \n"))),
    st.one_of(texts, structured, st.tuples(structured, texts).map("".join)),
    st.one_of(st.just(""), st.sampled_from(("\n```", "\n\nDone.", "}", "]"))),
)
places = st.lists(st.floats(0, 1), max_size=12)


def _cut(text: str, where: list[float]) -> list[str]:
    """The text in pieces, some of them empty."""
    ends = sorted(int(one * len(text)) for one in where)
    return [text[a:b] for a, b in zip([0, *ends], [*ends, len(text)], strict=True)]


def _drafts(pieces: list[str]) -> tuple[list[Draft], str]:
    """The drafts of a reply, and the error that it ends with."""
    found: list[Draft] = []
    try:
        for draft in read(pieces):
            if isinstance(draft, Draft) and not draft.is_open:
                found.append(draft)
    except ModelError as error:
        return found, f"{error.reason}: {error}"
    return found, ""


def _letters(text: str) -> str:
    return "".join(filter(str.isalpha, text))


@steady
@given(reply=replies, where=places)
def test_pieces_of_any_size_give_the_same_drafts(reply: str, where: list[float]) -> None:
    whole = _drafts([reply])
    assert _drafts(_cut(reply, where)) == whole
    assert _drafts(list(reply)) == whole
    for draft in whole[0]:
        assert _letters(draft.text)
        assert "\n" not in draft.text
        assert all(number >= 0 for number in draft.cites)


@steady
@given(reply=replies, where=places)
def test_a_reply_is_tidied_the_same_in_pieces(reply: str, where: list[float]) -> None:
    pieces = _cut(reply, where)
    assert "".join(without_thoughts(pieces)) == "".join(without_thoughts([reply]))
    if "\r" not in reply:  # a piece may end between the two characters of one line end
        assert "".join(tidy(pieces)) == "".join(tidy([reply]))


# Of what has no letters the letters of a draft are a piece of those of the reply.
unlettered = st.lists(
    st.one_of(
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join),
        st.sampled_from([one for one in MARKERS if not _letters(one)]),
        st.sampled_from([one for one in MARKUP if not _letters(one) and "|" not in one]),
    ),
    max_size=20,
).map(lambda parts: "".join(parts))


@steady
@given(reply=unlettered)
def test_a_draft_is_a_piece_of_the_reply(reply: str) -> None:
    for draft in _drafts([reply])[0]:
        assert _letters(draft.text) in _letters(reply)


@steady
@given(said=st.lists(unlettered, max_size=4), where=places)
def test_a_draft_of_json_is_a_piece_of_one_text(said: list[str], where: list[float]) -> None:
    reply = json.dumps({"sentences": [{"text": one, "passages": [1]} for one in said]})
    for draft in _drafts(_cut(reply, where))[0]:
        assert any(_letters(draft.text) in _letters(one) for one in said)
        assert draft.cites


@steady
@given(reply=replies, where=st.floats(0, 1))
def test_what_has_been_given_stays_when_the_reply_breaks_off(reply: str, where: float) -> None:
    """The drafts given so far are the first of the whole reply's."""
    begun: list[Draft] = []
    reader = ReplyReader()
    try:
        for draft in reader.feed(reply[: int(where * len(reply))]):
            begun.append(draft)
        list(reader.close(broken=True))
    except ModelError:
        pass
    assert _drafts([reply])[0][: len(begun)] == begun


@steady
@given(text=texts)
def test_markers_stand_within_the_plain_text(text: str) -> None:
    said, cited = plain(text)
    offsets = [at for at, _ in cited]
    assert offsets == sorted(offsets)
    assert all(at >= 0 for at in offsets)
    assert "\n" not in said
    assert closing(text) in ("", "marker", "stop, marker", "marker, stop")
    assert is_marked(text) in (True, False)
    assert visible(visible(text)) == visible(text)
