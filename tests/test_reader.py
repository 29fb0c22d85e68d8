"""A model's reply becomes drafts while it arrives, whatever its form and wherever it is cut."""

import json
from typing import Any

import pytest

from chain.answerer import Draft
from chain.reader import Reader, read
from core.errors import ModelError

SENTENCES: list[dict[str, Any]] = [
    {"text": 'There were "725,000" reports {in 2019}.', "passages": [1, 3]},
    {"text": "The agency \\ started in 2024.", "passages": [2]},
]
STRUCTURED = json.dumps({"sentences": SENTENCES})
MARKED = 'There were "725,000" reports {in 2019} [1][3]. The agency \\ started in 2024 [2].'
DRAFTS = [
    Draft('There were "725,000" reports {in 2019}.', (0, 2)),
    Draft("The agency \\ started in 2024.", (1,)),
]


def _read(reply: str, size: int = 1) -> list[Draft]:
    return list(read(reply[start : start + size] for start in range(0, len(reply), size)))


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "reply",
    [
        STRUCTURED,
        f"```json\n{json.dumps(json.loads(STRUCTURED), indent=2)}\n```",
        f"\n {STRUCTURED}",
        MARKED,
        MARKED.replace("[1][3]", "[1, 3]"),
    ],
)
def test_every_form_gives_the_same_drafts_however_it_is_cut(reply: str, size: int) -> None:
    assert _read(reply, size) == DRAFTS


def test_a_structured_sentence_is_given_as_soon_as_it_is_complete() -> None:
    reader = Reader()
    first_ends = STRUCTURED.index("}, {") + 1
    assert list(reader.feed(STRUCTURED[: first_ends - 1])) == []
    assert list(reader.feed(STRUCTURED[first_ends - 1 : first_ends])) == DRAFTS[:1]


def test_a_half_received_marker_is_never_part_of_a_sentence() -> None:
    for end in range(len(MARKED)):
        reader = Reader()
        for draft in reader.feed(MARKED[:end]):
            assert "[" not in draft.text
            assert draft in DRAFTS


def test_a_sentence_that_the_end_of_the_reply_cuts_is_no_draft() -> None:
    assert _read(f"{MARKED} The agency costs EUR 2") == DRAFTS
    assert _read(f"{MARKED} The agency costs EUR 2 million.") != DRAFTS
    assert _read(f'{STRUCTURED[:-2]}, {{"text": "The agency costs EUR 2') == DRAFTS


@pytest.mark.parametrize("reply", ["NO ANSWER", '{"sentences": []}', "[1]", "- "])
def test_no_answer_is_no_draft(reply: str) -> None:
    assert _read(reply) == []


@pytest.mark.parametrize(
    "reply", ["", " \n", "```", "{", '{"answer": "It is so."}', '{"sentences": "none"}', "{]"]
)
def test_an_empty_or_malformed_reply_is_an_error(reply: str) -> None:
    with pytest.raises(ModelError):
        _read(reply)


def test_entries_out_of_form_are_left_out_and_the_rest_is_kept() -> None:
    odd = [
        None,
        {"text": 5, "passages": [1]},
        {"text": "Good one.", "passages": ["1", 0, -2, 2]},
        {"text": "Marked [3]."},
        {"text": "Two things. Both here.", "passages": [1]},
    ]
    assert _read(json.dumps({"sentences": odd})) == [
        Draft("Good one.", (1,)),
        Draft("Marked.", (2,)),
        Draft("Two things.", (0,)),
        Draft("Both here.", (0,)),
    ]


def test_json_that_breaks_off_keeps_its_complete_sentences() -> None:
    cut = STRUCTURED[: STRUCTURED.index("started")]
    assert _read(cut) == DRAFTS[:1]
