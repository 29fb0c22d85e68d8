"""Properties of reading a model's reply: pieces of any size give the same, and nothing is made up.

The examples are the same at every run; how to search longer is told in test_properties_reading.py.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from chain.model.language_model import tidy, without_thoughts
from chain.request import Draft
from chain.writing.generative import read
from core.errors import ModelError
from tests.support.model_replies import replies, texts
from tests.support.openai_server import reply_of

steady = settings(deadline=None, derandomize=True, max_examples=150, database=None)
places = st.lists(st.floats(0, 1), max_size=12)


def _cut(text: str, where: list[float]) -> list[str]:
    """The text in pieces, some of them empty."""
    ends = sorted(int(place * len(text)) for place in where)
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


@steady
@given(written=st.lists(texts, max_size=4), where=places)
def test_a_draft_is_a_piece_of_one_text(written: list[str], where: list[float]) -> None:
    for draft in _drafts(_cut(reply_of(*written), where))[0]:
        assert any(_letters(draft.text) in _letters(text) for text in written)
        assert draft.cites == (0,)


@steady
@given(reply=replies, where=st.floats(0, 1))
def test_what_has_been_given_stays_when_the_reply_breaks_off(reply: str, where: float) -> None:
    """The drafts given so far are the first of the whole reply's."""
    begun, _ = _drafts([reply[: int(where * len(reply))]])
    assert _drafts([reply])[0][: len(begun)] == begun
