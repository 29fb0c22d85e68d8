"""A model's reply becomes drafts while it arrives, whatever its form and wherever it is cut."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pytest

from chain.request import Draft, Gaps
from chain.writing.generative import ReplyReader, read
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


def _read(reply: str, size: int = 1, language: str = "en") -> list[Draft]:
    pieces = (reply[start : start + size] for start in range(0, len(reply), size))
    return _complete(read(pieces, language))


def _texts(reply: str, language: str = "en") -> list[str]:
    return [draft.text for draft in _read(reply, language=language)]


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "reply",
    [
        STRUCTURED,
        f"```json\n{json.dumps(json.loads(STRUCTURED), indent=2)}\n```",
        f"\n {STRUCTURED}",
        f"<think>\nThe passages say it [1].\n</think>\n\n{STRUCTURED}",
        f"{STRUCTURED}\n\nLet me know what else you need.",
        MARKED,
        MARKED.replace("[1][3]", "[1, 3]"),
        f"<think>\nThe passages say it [1].\n</think>\n\n{MARKED}",
        f"```markdown\n{MARKED}\n```",
        f"## Answer\n\n{MARKED}\n\n---\n",
        f'"{MARKED}"',
    ],
)
def test_every_form_gives_the_same_drafts_however_it_is_cut(reply: str, size: int) -> None:
    assert _read(reply, size) == DRAFTS


# The same answer in every form, in six languages

ANSWERS: dict[str, tuple[str, ...]] = {
    "nl": (
        "De strategie (COM(2020) 607 final) is van 24 juli 2020.",
        "Volgens art. 5, lid 2, o.a. Europol en dhr. Schinas kost het ca. 2,5 mln. euro.",
        "“Zo is het”, zei de Raad.",
    ),
    "en": (
        "The market is worth EUR 30 billion, e.g. No. 3 of the report.",
        "725,000 reports were made in Article 5(2) of the U.S. list.",
        "eu-LISA said: “It works. It is safe.”",
    ),
    "fr": (
        "« C'est fait », a dit M. Schinas.",
        "Écrit à l'art. 5, il vaut 2,5 milliards d'euros.",
        "À la fin, 725 000 signalements ont été faits.",
    ),
    "de": (
        "Gemäß Art. 5 Abs. 2 gilt das ab dem 24. Juli 2020.",
        "„So ist es“, sagt z. B. Dr. Meyer.",
        "Übrigens gab es 725 000 Meldungen.",
    ),
    "pl": (
        "Rynek jest wart 30 mld euro.",
        "Środki z art. 5 ust. 2 są np. dla Europolu.",
        "Źródła są z 24 lipca 2020 r. i „nowe”.",
    ),
    "es": (
        "El mercado vale 30 000 millones de euros.",
        "África no está en el art. 5, p. ej. en el anexo.",
        "«Así es», dijo la Comisión.",
    ),
}
CITES = ((0,), (1, 2), (3,))


def _numbers(cites: Sequence[int]) -> list[int]:
    return [number + 1 for number in cites]


def _square(cites: Sequence[int]) -> str:
    return "".join(f"[{number}]" for number in _numbers(cites))


def _before(answer: Sequence[str]) -> list[str]:
    """With markers before the full stop, or behind the sentence that a quotation mark ends."""
    marked = [(one, _square(cites)) for one, cites in zip(answer, CITES, strict=True)]
    return [f"{one[:-1]} {m}." if one[-1] == "." else f"{one} {m}" for one, m in marked]


def _behind(answer: Sequence[str], mark: Callable[[Sequence[int]], str]) -> list[str]:
    return [f"{one} {mark(cites)}" for one, cites in zip(answer, CITES, strict=True)]


def _json(answer: Sequence[str], opening: str = "") -> str:
    entries = [
        {"text": opening + one, "passages": _numbers(cites)}
        for one, cites in zip(answer, CITES, strict=True)
    ]
    return json.dumps({"sentences": entries}, indent=1, ensure_ascii=False)


FORMS: dict[str, Callable[[Sequence[str]], str]] = {
    "before the stop": lambda answer: " ".join(_before(answer)),
    "behind the stop": lambda answer: " ".join(_behind(answer, _square)),
    "a line each": lambda answer: "\n".join(_behind(answer, lambda cites: f"{_numbers(cites)}")),
    "brackets": lambda answer: " ".join(
        _behind(answer, lambda cites: "".join(f"【{number}†source】" for number in _numbers(cites)))
    ),
    "parentheses": lambda answer: "\n\n".join(
        _behind(answer, lambda cites: f"({', '.join(map(str, _numbers(cites)))})")
    ),
    "footnotes, in bold": lambda answer: "\n".join(
        f"**{one}**{''.join(f'[^{number}]' for number in _numbers(cites))}"
        for one, cites in zip(answer, CITES, strict=True)
    ),
    "JSON": _json,
    "bullets": lambda answer: "\n".join(f"- {one}" for one in _before(answer)),
    "numbers": lambda answer: "\n".join(
        f"{number}. {one}" for number, one in enumerate(_before(answer), start=1)
    ),
    "JSON of items": lambda answer: f"<think>Hm.</think>```json\n{_json(answer, '- ')}\n```",
}
ITEMS = ("bullets", "numbers", "JSON of items")


@pytest.mark.parametrize("language", ANSWERS)
@pytest.mark.parametrize("form", FORMS)
def test_sixty_replies_are_read_right_in_pieces_of_any_size(form: str, language: str) -> None:
    answer = ANSWERS[language]
    reply = FORMS[form](answer)
    expected = [
        Draft(one, cites, form="item" if form in ITEMS else "sentence")
        for one, cites in zip(answer, CITES, strict=True)
    ]
    for size in (1, 3, 7, len(reply)):
        assert _read(reply, size, language) == expected


# Where sentences end


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("pl", ["Rynek rośnie.", "Środki są duże.", "Źródła są nowe."]),
        ("sl", ["Trg raste.", "Žrtve so otroci.", "Čas teče."]),
        ("el", ["Η αγορά αυξάνεται.", "Έτσι είναι.", "Τι είναι;", "Είναι αυτό."]),
        ("bg", ["Пазарът расте.", "В чл. 5 се казва това.", "Така е."]),
        ("hu", ["A bizottság 2020. július 24-én elfogadta.", "A piac nő.", "Őrök vannak."]),
        ("de",
         ["Es wächst.", "„Sehr“, sagt sie.", "725 000 waren es.", "«Ja.»", "Am 2. Mai nicht."]),
        ("en", ["It grew.", "725,000 were made.", "Is it so?", "Yes!", "“No,” he said.", "It is."]),
        ("es", ["¿Es así?", "¡Sí!", "Ávila crece."]),
        ("lv", ["Tas ir pieņemts 2020. gada 24. jūlijā.", "Šis ir tirgus."]),
    ],
)  # fmt: skip
def test_sentences_without_markers_end_where_a_reader_ends_them(
    language: str, expected: list[str]
) -> None:
    assert _texts(" ".join(expected), language) == expected


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("It grows [1], and use rises [2]. It fell [3]", [(1, 2), (3,)]),
        ("It grows [1] The agency started [2]", [(1,), (2,)]),
        ("It grows [1-3]. It fell [2, 4]. It rose ([1], [2]).", [(1, 2, 3), (2, 4), (1, 2)]),
        ("It grows (1). It fell. (2) It rose (1, 2).", [(1,), (2,), (1, 2)]),
        ("It grows【1】. It fell【2:0†a.pdf】. It rose [passage 3].", [(1,), (2,), (3,)]),
        ("It grows¹. It fell.² It rose in 2019³.", [(1,), (2,), (3,)]),
        ("It grows <sup>1</sup>. It fell\\[2\\]. It rose [[3]](#s).", [(1,), (2,), (3,)]),
        ("It grows\n[1]\nIt fell.\n[2]\n\nIt rose **[3]**.", [(1,), (2,), (3,)]),
        ("It comes from drugs, e.g. [1] heroin. It fell etc. [2] and so on.", [(1,), (2,)]),
        ("eu-LISA grows [1]. eu-LISA fell. [2] eu-LISA rose [3].", [(1,), (2,), (3,)]),
        ("[1] It grows.\n[2] It fell.", [(1,), (2,)]),
        ("It grows[1].It fell[2].", [(1,), (2,)]),
        ("It grows [1][9][1].", [(1, 9)]),
    ],
)
def test_markers_in_any_notation_are_read(reply: str, expected: list[tuple[int, ...]]) -> None:
    drafts = _read(reply)
    assert [tuple(number + 1 for number in draft.cites) for draft in drafts] == expected
    assert not any(mark in draft.text for draft in drafts for mark in "[]()【】<>¹²³*")


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "It is laid down in Article 5(2)."),
        ("en", "It is laid down in paragraph (2)."),
        ("en", "It is laid down in Article 5 (2)."),
        ("nl", "Het staat in lid (2)."),
        ("de", "Es steht in Abs. (2)."),
        ("es", "Está en el apartado (2)."),
        ("en", "It was signed (2020)."),
        ("en", "It was signed [2020]."),
        ("en", "It measures 400 km² and 10³ tonnes of CO²."),
        ("en", "Call [112] for help."),
        ("en", "It is COM(2020) 607 final."),
        ("en", "It has (1) drugs, (2) firearms and (3) abuse."),
        ("de", "Bürger*innen zahlen 5 * 3 Euro für file_name_one."),
    ],
)
def test_figures_and_parts_of_acts_are_no_markers(language: str, sentence: str) -> None:
    assert _read(sentence, language=language) == [Draft(sentence, ())]


@pytest.mark.parametrize(
    ("reply", "drafts"),
    [
        ("# What it is worth\n\n> The **drug** market is *worth* __EUR 30__ `billion` [1].<br>\n"
         "It is in [the agenda](https://example.org/a_(b)) ~~now~~ [2].\n***\n",
         [("The drug market is worth EUR 30 billion.", (0,)), ("It is in the agenda now.", (1,))]),
        ('[EMPACT](https://x.example/a_(b) "In 2019") grows. [1]', [("EMPACT grows.", (0,))]),
        ("[EMPACT](https://x.example/a_(b) 'The count') grows. [1]", [("EMPACT grows.", (0,))]),
        # An exclamation mark before a marker begins no image, and a marker is no link.
        ("It grows![1] It fell [2].", [("It grows!", (0,)), ("It fell.", (1,))]),
        ("The ban is laid down in [1](a) of the text.",
         [("The ban is laid down in(a) of the text.", (0,))]),
        # A quotation over several sentences stays whole.
        ("He said: “It grew. It fell.” Then it rose [1].",
         [("He said: “It grew. It fell.”", ()), ("Then it rose.", (0,))]),
        # A line that is only full goes on in the next.
        ("The drug market in the European Union is estimated to be worth\nEUR 30 billion\na year "
         "[1].\nIt fell.",
         [("The drug market in the European Union is estimated to be worth EUR 30 billion a year.",
           (0,)), ("It fell.", ())]),
    ],
)  # fmt: skip
def test_markup_is_left_out(reply: str, drafts: list[tuple[str, tuple[int, ...]]]) -> None:
    assert _read(reply) == [Draft(text, cites) for text, cites in drafts]


@pytest.mark.parametrize(
    "image",
    [
        "![x](http://a.example/x.png)", "![x](<http://a.example/x (1).png> 'A title. Of it')",
        "![Buy now. It is [so] good](data:image/png;base64,AAAA)",
        "[![x](http://a.example/x.png)](http://a.example)", "![x][]", "![x]",
        "<img src='http://a.example/x.png' alt='x'>",
    ],
)  # fmt: skip
def test_nothing_of_an_image_is_part_of_a_sentence(image: str) -> None:
    empact = ["It runs through EMPACT.", "It grows."]
    assert _texts(f"It runs through EMPACT {image}. [1] It grows [2].") == empact
    assert _texts(f"{image} It grows [1].") == ["It grows."]


# Lists and tables


def test_a_list_is_its_introduction_and_its_items() -> None:
    reply = (
        "The pillars are:\n\n- **Drugs** – 30% [1]\n* Firearms. They are many [2].\n"
        "  1. rifles\n  2. pistols\na) first\n(b) second\n• third\n- [x] done\n\nThat is all [3]."
    )
    drafts = _read(reply)
    assert [draft.text for draft in drafts] == [
        "The pillars are:", "Drugs – 30%", "Firearms.", "They are many.", "rifles", "pistols",
        "first", "second", "third", "done", "That is all.",
    ]  # fmt: skip
    assert [draft.form for draft in drafts] == ["sentence", *["item"] * 9, "sentence"]
    in_one_line = _read("(1) The Commission acts. (2) Member States follow.")
    texts = ("The Commission acts.", "Member States follow.")
    assert in_one_line == [Draft(text, (), form="item") for text in texts]
    dated = "24. Juli 2020 ist der Tag [1].\n1. Juli 2020 auch [2].\n"  # no number of an item
    assert _texts(dated, "de") == ["24. Juli 2020 ist der Tag.", "1. Juli 2020 auch."]


def test_the_rows_of_a_table_are_items_with_their_headings() -> None:
    head = "| Market | Worth | Source |\n|:---|---:|---|\n"
    rows = "| Drugs. All | **EUR 30 billion** | [1] |\n| Cannabis [2] | | |\n"
    assert _read(f"In figures:\n{head}{rows}\nThat is all.") == [
        Draft("In figures:", ()),
        Draft("Market: Drugs. All; Worth: EUR 30 billion", (0,), form="item"),
        Draft("Market: Cannabis", (1,), form="item"),
        Draft("That is all.", ()),
    ]
    assert _texts(rows) == ["Drugs. All; EUR 30 billion", "Cannabis"]
    assert _texts(rows[:-10]) == ["Drugs. All; EUR 30 billion"]


# As soon as it is complete


def test_a_structured_sentence_is_given_as_soon_as_it_is_complete() -> None:
    reader = ReplyReader()
    first_ends = STRUCTURED.index("}, {") + 1
    assert list(reader.feed(STRUCTURED[: first_ends - 1])) == []
    assert list(reader.feed(STRUCTURED[first_ends - 1 : first_ends])) == DRAFTS[:1]


@pytest.mark.parametrize(
    ("reply", "next_begins"),
    [
        ("It grows [1]. T", "T"),
        ("It grows. [1] e", "e"),
        ("It grows [1]\n", "\n"),
        ("- It grows [1]\n", "\n"),
        ("It grows. The ", " "),
        ("It grows.\nT", "T"),
    ],
)
def test_a_sentence_does_not_wait_for_the_next(reply: str, next_begins: str) -> None:
    reader = ReplyReader()
    assert list(reader.feed(reply.removesuffix(next_begins))) == []
    assert [draft.text.rstrip(".") for draft in reader.feed(next_begins)] == ["It grows"]


# What breaks off


def test_a_sentence_that_the_end_of_the_reply_cuts_is_no_draft() -> None:
    assert _read(f"{MARKED} The agency costs EUR 2") == DRAFTS
    assert _read(f"{MARKED} The agency costs EUR 2 million.") != DRAFTS
    assert _read(f'{STRUCTURED[:-2]}, {{"text": "The agency costs EUR 2') == DRAFTS
    assert _texts("They are:\n- drugs [1]\n- firearms [2]\n- abu")[1:] == ["drugs", "firearms"]
    assert _texts("They are:\n- drugs\n- firearms\n- abuse")[1:] == ["drugs", "firearms", "abuse"]


@pytest.mark.parametrize("reply", [MARKED, f"- {MARKED}", STRUCTURED])
def test_wherever_a_reply_breaks_off_only_whole_sentences_are_kept(reply: str) -> None:
    whole = _texts(reply)
    without_stop = [text.removesuffix(".") for text in whole]
    for end in range(len(reply) + 1):
        kept = _until_error(_broken(reply[:end]))
        assert [text.removesuffix(".") for text in kept] == without_stop[: len(kept)]
    with pytest.raises(ModelError, match="broke off"):
        list(read(_broken("")))
    assert kept == whole


def _broken(said: str) -> Iterator[str]:
    yield said
    raise ModelError("The model's answer broke off.")


def _until_error(pieces: Iterator[str]) -> list[str]:
    given: list[Draft | Gaps] = []
    try:
        for draft in read(pieces):
            given.append(draft)
    except ModelError:
        pass
    return [draft.text for draft in _complete(given)]


def _complete(given: Iterable[Draft | Gaps]) -> list[Draft]:
    return [one for one in given if isinstance(one, Draft) and not one.is_open]


def test_a_full_stop_at_which_a_reply_broke_off_may_be_that_of_a_figure() -> None:
    said = "It grows [1].\nThe agency costs EUR 2."
    assert _until_error(_broken(said)) == ["It grows."]
    assert _texts(said)[1:] == ["The agency costs EUR 2."]


# No answer, and no reply


@pytest.mark.parametrize(
    "reply",
    [
        "NO ANSWER", "**NO ANSWER**", "NO ANSWER.", "`NO ANSWER`", '"No answer."', "NO_ANSWER",
        "- NO ANSWER [1]", "```\nNO ANSWER\n```", "<think>Hm.</think>NO ANSWER",
        '{"sentences": []}',
        "[]", "```json\n[ ]\n```", '{"sentences": []}\nNothing else.', '{"sentences": [ \n ]}',
        '{"sentences": [{"text": "**NO ANSWER**", "passages": []}]}',
    ],
)  # fmt: skip
def test_no_answer_is_no_draft(reply: str) -> None:
    assert _read(reply) == []


@pytest.mark.parametrize(
    "reply",
    [
        "", " \n", "```", "```json\n```", "{", '{"answer": "It is so."}', '{"sentences": "none"}',
        "{]", "<think>It is", "<think>It is.</think>\n", "Here it is:\n{", "The", "[1]", "- ",
        "The market grows", "[1,2,3]", '{"sentences": [1, 2, 3]}', '{"sentences": [[]]}',
        f'{{"sentences": [{"[" * 5000}{"]" * 5000}]}}', '{"sentences": [{"text": "It is"',
 '{"sentences": [{"text": "It \\ud83d grows.", "passages": [1]}]}',
    ],
)  # fmt: skip
def test_an_empty_or_malformed_reply_is_an_error(reply: str) -> None:
    with pytest.raises(ModelError):
        _read(reply)


def test_entries_out_of_form_are_left_out_and_the_rest_is_kept() -> None:
    odd = [
        None, {"text": 5, "passages": [1]}, {"text": "Good one.", "passages": ["1", 0, -2, 2]},
        {"text": "Marked [3]."}, {"text": "Two things. Both here.", "passages": [1]},
        "A bare one [2]", {"text": "- an item\n- another", "passages": [1]},
    ]  # fmt: skip
    assert _read(json.dumps({"sentences": odd})) == [
        Draft("Good one.", (1,)), Draft("Marked.", (2,)), Draft("Two things.", (0,)),
        Draft("Both here.", (0,)), Draft("A bare one", (1,)), Draft("an item", (0,), form="item"),
        Draft("another", (0,), form="item"),
    ]  # fmt: skip


def test_thoughts_of_which_the_beginning_was_left_out_are_not_given_with_the_answer() -> None:
    assert _texts("Hmm, is it so?\n\nIt may be</think>\n\nIt grows [1].")[-1] == "It grows."


# What a sentence says of its own check


@pytest.mark.parametrize(
    "mark",
    [
        "✔ ", "✅ ", "☑️ ", "✓", "✔ Confirmed: ", "Confirmed: ", "CONFIRMED – ", "**Verified:** ",
        "[confirmed] ", "(verified) ", "【✓ confirmed】 ", "✅ [Confirmed]: ", "[x] ", "Checked: ",
        "Fact-checked: ", "Status: confirmed: ", "Bevestigd: ", "Gecontroleerd: ", "Confirmé : ",
        "[vérifié] ", "Bestätigt: ", "✔ Geprüft – ", "Potwierdzone: ", "Επιβεβαιωμένο: ",
        "✔ ✔ Confirmed: [confirmed] ",
    ],
)  # fmt: skip
def test_a_sentence_does_not_say_itself_that_it_was_confirmed(mark: str) -> None:
    said = "EMPACT ended in every Member State."
    structured = json.dumps({"sentences": [{"text": mark + said, "evidence": []}]})
    for reply in (f"{mark}{said} [1]", f"- {mark}{said} [1]", structured):
        assert _texts(reply) == [said]
        begun = [one.text for one in read(list(reply)) if isinstance(one, Draft) and one.is_open]
        assert not any(one.startswith(("✔", "✅", "✓", "[conf")) for one in begun)


@pytest.mark.parametrize("claim", ["✔ Confirmed.", "Bevestigd.", "[confirmed]", "✅"])
def test_what_only_says_that_something_was_confirmed_is_no_sentence(claim: str) -> None:
    assert _texts(f"{claim} It grows [1].") == ["It grows."]
    assert _texts(f"It grows [1]. {claim}\n") == ["It grows."]


@pytest.mark.parametrize(
    "said",
    [
        "Confirmed cases rose.", "Confirmed: 12 of 30 cases.", "Verified-data exchange began.",
        "Checked baggage is screened.", "The plan was confirmed.", "Not confirmed: it grew.",
        "Bevestigde gevallen namen toe.", "§ 5 applies.", "EMPACT is checked: yearly.",
    ],
)  # fmt: skip
def test_what_a_sentence_says_of_something_else_stays(said: str) -> None:
    assert _texts(f"{said} [1]") == [said]


def test_a_mark_like_ours_behind_a_sentence_is_taken_off() -> None:
    assert _texts("It grows [confirmed].") == ["It grows."]
    assert _texts("It grows [✓ bevestigd]. It falls [verified]!") == ["It grows.", "It falls!"]


# Hostile and endless


@pytest.mark.parametrize(
    "unit",
    [
        "It grows and grows. ", "It grows [1]. ", "- drugs\n", "| a | b |\n", " ", "\n", "<think>",
        '{"sentences": [', "{", "[", "(", "It (grows ", "*", "`", "```\n", '"', "[1]", "(1) ",
        "a. b. ", "A. B. ", "word ", "a", "[a](", "<b", "\\",
    ],
)  # fmt: skip
def test_much_of_the_same_is_read_in_time_or_given_up(unit: str) -> None:
    size = 1_000_000 if unit.isalpha() or unit.startswith("It grows and") else 100_000
    begun = time.thread_time()
    _until_error(iter([unit * (size // len(unit))]))
    assert time.thread_time() - begun < size / 30_000


def test_nested_braces_are_given_up() -> None:
    for nested in ('{"a":' * 200_000, "[" * 1_000_000, '{"text": "' + "}" * 1_000_000):
        begun = time.thread_time()
        with pytest.raises(ModelError):
            _read('{"sentences": [{"text": "It grows.", "more": ' + nested, 1000)
        assert time.thread_time() - begun < 5


def test_a_sentence_that_does_not_end_is_an_error_and_what_came_before_is_kept() -> None:
    assert _until_error(iter([MARKED, " And", " so on" * 1000])) == [one.text for one in DRAFTS]
    with pytest.raises(ModelError, match="2000 characters"):
        _read(f"{MARKED} And{' so on' * 1000}")


# What the passages leave open


@pytest.mark.parametrize(
    "reply",
    [
        json.dumps(
            {
                "sentences": SENTENCES,
                "not_stated": ["the budget of the agency.", "its seat"],
                "searches": ["budget agency"],
            }
        ),
        f"{MARKED}\nNOT STATED: the budget of the agency.\nNOT STATED: its seat\n"
        "SEARCH: budget agency",
    ],
    ids=["as JSON", "as text"],
)
def test_what_is_not_stated_and_may_be_searched_for_is_told_last(reply: str) -> None:
    *given, last = read([*reply])
    assert _complete(given) == DRAFTS
    assert last == Gaps(("budget agency",), ("the budget of the agency", "its seat"))


@pytest.mark.parametrize(
    "reply",
    [
        '{"sentences": [], "not_stated": ["the budget"], "searches": []}',
        "NO ANSWER\nNOT STATED: the budget",
    ],
)
def test_nothing_but_what_is_not_stated_is_no_answer(reply: str) -> None:
    assert list(read([*reply])) == [Gaps((), ("the budget",))]
