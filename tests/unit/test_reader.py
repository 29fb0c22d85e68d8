"""A model's reply becomes drafts while it arrives, wherever it is cut."""

import json
import time
from collections.abc import Iterable, Iterator

import pytest

from chain.model.reply import EntryReader
from chain.request import Draft, Gaps, NamedStretch
from chain.writing.generative import read
from core.errors import ModelError
from tests.support.openai_server import reply_of

SENTENCES = [
    {
        "text": 'There were "725,000" reports {in 2019}.',
        "evidence": [
            {"passage": 1, "first": "725,000", "last": "reports"},
            {"passage": 3, "first": "In 2019", "last": ""},
        ],
    },
    {
        "text": "The agency \\ started in 2024.",
        "evidence": [{"passage": 2, "first": "It", "last": ""}],
    },
]
REPLY = json.dumps({"sentences": SENTENCES})
DRAFTS = [
    Draft(
        'There were "725,000" reports {in 2019}.',
        (0, 2),
        stretches=(NamedStretch(0, "725,000", "reports"), NamedStretch(2, "In 2019")),
    ),
    Draft("The agency \\ started in 2024.", (1,), stretches=(NamedStretch(1, "It"),)),
]


def _read(reply: str, size: int = 1, language: str = "en") -> list[Draft]:
    pieces = (reply[start : start + size] for start in range(0, len(reply), size))
    return _complete(read(pieces, language))


def _complete(given: Iterable[Draft | Gaps]) -> list[Draft]:
    return [each for each in given if isinstance(each, Draft) and not each.is_open]


def _texts(*texts: str, language: str = "en") -> list[str]:
    """The texts of the drafts of a reply with these texts."""
    return [draft.text for draft in _read(reply_of(*texts), language=language)]


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "reply",
    [
        REPLY,
        f"```json\n{json.dumps(json.loads(REPLY), indent=2)}\n```",
        f"\n {REPLY}",
        f'Is {{it}} so? The list "sentences" [has two].</think>\n\n{REPLY}',
        f"{REPLY}\n\nLet me know what else you need.",
    ],
)
def test_every_form_gives_the_same_drafts_however_it_is_cut(reply: str, size: int) -> None:
    assert _read(reply, size) == DRAFTS


ANSWERS = {
    "nl": (
        "De strategie (COM(2020) 607 final) is van 24 juli 2020.",
        "Volgens art. 5, lid 2, o.a. Europol en dhr. Schinas kost het ca. 2,5 mln. euro.",
        "“Zo is het”, zei de Raad.",
    ),
    "en": (
        "The market is worth EUR 30 billion, e.g. No. 3 of the report.",
        "725,000 reports were made in Article 5(2) of the U.S. list.",
        "eu-LISA said: “It works. It is safe.”",
        "It was signed [2020]: call [112].",
        "It is in paragraph (2), 400 km² and file_name_one.",
    ),
    "fr": ("« C'est fait », a dit M. Schinas.", "Écrit à l'art. 5, il vaut 2,5 milliards d'euros."),
    "de": (
        "Gemäß Art. 5 Abs. 2 gilt das ab dem 24. Juli 2020.",
        "„So ist es“, sagt z. B. Dr. Meyer.",
        "24. Juli 2020 ist der Tag.",
        "Bürger*innen zahlen 5 * 3 Euro.",
    ),
    "pl": ("Środki z art. 5 ust. 2 są np. dla Europolu.", "Źródła są z 24 lipca 2020 r. i „nowe”."),
    "es": ("África no está en el art. 5, p. ej. en el anexo.", "«Así es», dijo la Comisión."),
    "el": ("Η αγορά αυξάνεται.", "Τι είναι;"),
}


@pytest.mark.parametrize("language", ANSWERS)
def test_a_sentence_is_given_as_it_stands_one_an_entry_or_two(language: str) -> None:
    answer = ANSWERS[language]
    assert _texts(*answer, language=language) == [*answer]
    assert _texts(" ".join(answer[:2]), language=language) == [*answer[:2]]


@pytest.mark.parametrize(
    ("text", "drafts"),
    [
        ("It grows [1].", ["It grows."]),
        ("It grows. [1][3] It fell [2, 4]. It rose【1:0†a.pdf】.",
         ["It grows.", "It fell.", "It rose."]),
        ("The **drug** market is worth `EUR 30` ~~billion~~.",
         ["The drug market is worth EUR 30 billion."]),
        ("Two\nlines.", ["Two", "lines."]),
    ],
)  # fmt: skip
def test_what_is_added_to_a_sentence_is_left_out(text: str, drafts: list[str]) -> None:
    assert _texts(text) == drafts


def test_a_bullet_or_number_makes_an_item() -> None:
    texts = ["They are:", "- drugs", "* firearms", "• abuse", "1. rifles\n2) pistols", "(3) knives"]
    drafts = _read(reply_of(*texts))
    assert [draft.text for draft in drafts] == [
        "They are:", "drugs", "firearms", "abuse", "rifles", "pistols", "knives",
    ]  # fmt: skip
    assert [draft.form for draft in drafts] == ["sentence", *["item"] * 6]


def test_a_sentence_is_given_as_soon_as_its_entry_is_closed() -> None:
    reader = EntryReader("sentences", 1000)
    first_ends = REPLY.index("}, {", REPLY.index("]")) + 1
    assert list(reader.feed(REPLY[: first_ends - 1])) == []
    assert len(list(reader.feed(REPLY[first_ends - 1 : first_ends]))) == 1


def test_what_has_arrived_of_a_sentence_is_shown() -> None:
    reply = reply_of("- It grows **fast** [1].")
    begun = [each for each in read([*reply]) if isinstance(each, Draft) and each.is_open]
    assert [each.text for each in begun][:4] == ["I", "It", "It g", "It gr"]
    assert begun[-1] == Draft("It grows fast.", (), "item", is_open=True)


def _broken(reply: str) -> Iterator[str]:
    yield reply
    raise ModelError("The model's answer broke off.")


def _until_error(pieces: Iterable[str]) -> list[Draft]:
    given: list[Draft | Gaps] = []
    try:
        for draft in read(pieces):
            given.append(draft)
    except ModelError:
        pass
    return _complete(given)


def test_wherever_a_reply_breaks_off_only_whole_sentences_are_kept() -> None:
    for end in range(len(REPLY) + 1):
        kept = _until_error(_broken(REPLY[:end]))
        assert kept == DRAFTS[: len(kept)]
    assert kept == DRAFTS
    with pytest.raises(ModelError, match="broke off"):
        list(read(_broken("")))


@pytest.mark.parametrize(
    "reply", ['{"sentences": []}', '{"sentences": []}\nNothing else.', '{"sentences": [ \n ]}']
)
def test_no_sentence_is_no_draft(reply: str) -> None:
    assert _read(reply) == []


@pytest.mark.parametrize(
    "reply",
    [
        "", " \n", "```json\n```", "{", '{"answer": "It is so."}', '{"sentences": "none"}', "{]",
        "It grows [1].", "NO ANSWER", "- It grows [1]", "[]", "[1,2,3]",
        '{"sentences": [1, 2, 3]}', '{"sentences": [[]]}', '{"sentences": [{"text": "..."}]}',
        f'{{"sentences": [{"[" * 5000}{"]" * 5000}]}}', '{"sentences": [{"text": "It is"',
        '{"sentences": [{"text": "It \\ud83d grows."}]}',
    ],
)  # fmt: skip
def test_a_reply_in_another_form_is_a_failure(reply: str) -> None:
    with pytest.raises(ModelError):
        _read(reply)


@pytest.mark.parametrize(
    "mark",
    [
        "✔ ", "☑️ ", "✓", "CONFIRMED – ", "**Verified:** ", "(verified) ", "【✓ confirmed】 ",
        "✅ [Confirmed]: ", "[x] ", "Fact-checked: ", "Status: confirmed: ", "Gecontroleerd: ",
        "[vérifié] ", "✔ Geprüft – ", "Potwierdzone: ", "Επιβεβαιωμένο: ", "✔ ✔ Confirmed: [x] ",
    ],
)  # fmt: skip
def test_a_sentence_does_not_say_itself_that_it_was_confirmed(mark: str) -> None:
    sentence = "EMPACT ended in every Member State."
    for text in (f"{mark}{sentence}", f"- {mark}{sentence}"):
        assert _texts(text) == [sentence]
        given = read([*reply_of(text)])
        begun = [each.text for each in given if isinstance(each, Draft) and each.is_open]
        assert not any(each.startswith(("✔", "✅", "✓", "[conf")) for each in begun)


@pytest.mark.parametrize("claim", ["✔ Confirmed.", "Bevestigd.", "[confirmed]", "✅"])
def test_what_only_says_that_something_was_confirmed_is_no_sentence(claim: str) -> None:
    assert _texts(claim, "It grows.") == ["It grows."]
    assert _texts(f"It grows. {claim}") == ["It grows."]


@pytest.mark.parametrize(
    "sentence",
    [
        "Confirmed cases rose.", "Confirmed: 12 of 30 cases.", "Verified-data exchange began.",
        "Checked baggage is screened.", "The plan was confirmed.", "Not confirmed: it grew.",
        "Bevestigde gevallen namen toe.", "§ 5 applies.", "EMPACT is checked: yearly.",
    ],
)  # fmt: skip
def test_what_a_sentence_says_of_something_else_stays(sentence: str) -> None:
    assert _texts(sentence) == [sentence]


def test_a_mark_like_ours_behind_a_sentence_is_taken_off() -> None:
    assert _texts("It grows [confirmed].") == ["It grows."]
    assert _texts("It grows [✓ bevestigd].", "It falls [verified]!") == ["It grows.", "It falls!"]


@pytest.mark.long
@pytest.mark.parametrize("before", ["", '{"sentences": [', '{"sentences": [{"text": "'])
@pytest.mark.parametrize(
    "unit",
    ["It grows. ", " ", "<think>", '{"sentences": [', "{", "[", "- a\\n", "[1]", "**", '"', "\\"],
)
def test_much_of_the_same_is_read_in_time_or_given_up(before: str, unit: str) -> None:
    begun = time.thread_time()
    _until_error([before, *[unit] * (200_000 // len(unit))])
    assert time.thread_time() - begun < 5


def test_an_entry_that_does_not_end_is_a_failure_and_what_came_before_is_kept() -> None:
    reply = f'{REPLY[:-2]}, {{"text": "And{" so on" * 1000}'
    assert _until_error([reply]) == DRAFTS
    with pytest.raises(ModelError, match="4000 characters"):
        _read(reply)


def test_what_is_not_stated_and_may_be_searched_for_is_given_last() -> None:
    reply = reply_of(
        "It grows.",
        not_stated=["the budget of the agency.", "its seat", "..."],
        searches=["budget agency", "..."],
    )
    *given, last = read([*reply])
    assert [draft.text for draft in _complete(given)] == ["It grows."]
    assert last == Gaps(("budget agency",), ("the budget of the agency", "its seat"))
    assert list(read([*reply_of(not_stated=["the budget"])])) == [Gaps((), ("the budget",))]
