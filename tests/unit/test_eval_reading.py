"""What a reader sees of an answer, worked out by hand on one small document."""

from collections.abc import Sequence

import pytest

from core.answer import Answer, Mode
from core.source import DocumentInfo, Passage, Unit
from eval.answer_lines import answer_lines, own_words
from eval.question_results import Reading
from eval.shown import about_itself, points_back, read
from tests.support.blocks import blocks_of
from tests.support.passages import answer_of, citation_of, passage_of

AGENDA = DocumentInfo(id="agenda", language="en", title="Drugs Agenda")
MARKET = "The market is worth EUR 30 billion a year."
SAME = "The press release gives that amount too."
ALSO = "It also names cannabis."
LEAD = "The Agenda has three blocks:"
ITEMS = ("security measures;", "prevention;", "care.")
AFTER = "This plan runs until 2025."


def passage(name: str, *units: str | tuple[str, ...]) -> Passage:
    """A passage of sentences, each a text, and of lists: a tuple of lead-in and items.

    An empty lead-in is none.
    """
    text, found = "", list[Unit]()

    def add(part: str, between: str, lead_in: tuple[int, int] | None, is_item: bool) -> Unit:
        nonlocal text
        text += between if text else ""
        start, text = len(text), text + part
        unit = Unit(start=start, end=len(text), lead_in=lead_in)
        found.append(unit.model_copy(update={"kind": "item"}) if is_item else unit)
        return found[-1]

    for unit in units:
        if isinstance(unit, str):
            add(unit, " ", None, is_item=False)
            continue
        lead, *items = unit
        introduction = add(lead, " ", None, is_item=False) if lead else None
        for number, item in enumerate(items):
            between = "\n- " if number else "\n\n- "
            span = (introduction.start, introduction.end) if introduction else None
            add(item, between, span, is_item=True)
    return passage_of(AGENDA, text, name, id=name, units=tuple(found))


SIZE = passage("size", MARKET, SAME, ALSO)
BRIEF = passage("brief", "It was adopted in 2020.", (LEAD, *ITEMS), AFTER)
LONG = passage("long", ("There are 14 steps:", *(f"step {n} of it;" for n in range(1, 15))))
ROWS = "| Weapon | Number |\n| --- | --- |\n| revolver | 102 |\n| rifle | 33 |"
TABLE = passage_of(
    AGENDA,
    ROWS,
    "table",
    id="table",
    units=tuple(
        Unit(start=ROWS.index(row), end=ROWS.index(row) + len(row), kind="item", lead_in=(2, 17))
        for row in ("revolver | 102", "rifle | 33")
    ),
)
LIST = "\n".join(f"- {item}" for item in ITEMS)
WHOLE = f"{LEAD} [2]\n\n{LIST}"


def given(text: str, *more: str, mode: Mode = "extractive", **values: object) -> Answer:
    """An answer that cites all of the passages, numbered in this order."""
    passages = (SIZE, BRIEF, LONG, TABLE)
    citations = (citation_of(cited, cited.text, n) for n, cited in enumerate(passages, start=1))
    values = {"language": "en", "more": more, "passages": passages, "mode": mode} | values
    return answer_of(text, *citations, **values)


def reading(text: str, *more: str, gold: Sequence[str] = (MARKET,)) -> Reading:
    return read(given(text, *more), gold)


def test_an_answer_is_taken_apart_into_labels_paragraphs_items_and_notes() -> None:
    text = f"### Agenda, Brief\n\n**Two** things: [2]\n\n{LIST}\n\n3 of 23 items.\n\nEnd. [1]"
    found = answer_lines(blocks_of(text))
    assert [(line.kind, line.text, line.numbers) for line in found] == [
        ("label", "Agenda, Brief", ()),
        ("paragraph", "Two things:", (2,)),
        ("item", "security measures;", (2,)),
        ("item", "prevention;", (2,)),
        ("item", "care.", (2,)),
        ("note", "3 of 23 items.", ()),
        ("paragraph", "End.", (1,)),
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((one, "note") for one in ("3 of 23 items.", "3 van de 23 punten.", "Hier 3 von 23")),
        *((one, "paragraph") for one in ("2 of 23.", "3 items.", "3 of 2 items.", "3 of 23. [1]")),
    ],
)
def test_a_note_counts_the_items_above_it_and_nothing_else(text: str, kind: str) -> None:
    assert answer_lines(blocks_of(f"A: [1]\n\n{LIST}\n\n{text}"))[-1].kind == kind


def test_words_are_counted_without_labels_and_markers_and_besides_lists() -> None:
    text = f"### Agenda, Brief\n\n{WHOLE}\n\n{MARKET} [1]"
    assert len(own_words(blocks_of(text)).split()) == 5 + 4 + 9
    assert reading(text).words_prose == 5 + 9


POINTING = f"{MARKET} {SAME} {ALSO} [1]"
CUT = f"{LEAD} [2]\n\n- {ITEMS[0]}\n- {ITEMS[1]}"


@pytest.mark.parametrize(
    ("text", "gold", "needed", "units"),
    [
        (POINTING, MARKET, 1, 3),  # a sentence is a unit
        (f"{AFTER} [2]\n\n{MARKET} [1]", MARKET, 1, 2),
        (f"### Agenda, Size\n\n{MARKET} [1]", MARKET, 1, 1),
        # Gold is a stretch of a unit, in whatever case and spacing.
        (f"{MARKET} [1]", "worth  eur 30 Billion", 1, 1),
        (f"{MARKET} [1]", "31 billion", 0, 1),
        # A whole list is one unit, and gold with its lead-in or an item; of a cut one each line
        # counts, and what a gold one needs is needed.
        (f"{WHOLE}\n\n{MARKET} [1]", LEAD, 1, 2),
        (f"{WHOLE}\n\n{MARKET} [1]", ITEMS[1], 1, 2),
        (CUT, ITEMS[1], 3, 3),
        (CUT, LEAD, 3, 3),
        (CUT, MARKET, 0, 3),
        (POINTING, ALSO, 2, 3),  # "It" points back to the press release, which is needed
        (f"{MARKET} {SAME} [1]", SAME, 1, 2),  # opens with no such word
    ],
)
def test_units_are_needed_by_what_is_gold(text: str, gold: str, needed: int, units: int) -> None:
    found = reading(text, gold=[gold])
    assert (found.needed, found.units) == (needed, units)


def test_without_gold_nothing_is_said_about_precision() -> None:
    found = reading(f"{MARKET} [1]", gold=())
    assert (found.judged, found.precision) == (False, None)


def test_a_models_sentence_is_a_unit_that_rests_on_what_it_quotes() -> None:
    text = "Le marché vaut 30 milliards. [1] Il y a trois axes. [2]"
    found = read(given(text, mode="generative"), [MARKET])
    assert (found.needed, found.units) == (1, 2)
    other = read(given(text, mode="generative"), [ALSO])
    assert other.needed == 0  # the figure says which unit it rests on


def test_a_table_row_is_a_unit_with_its_headings() -> None:
    found = reading("Weapon: revolver; number: 102 [4]", gold=["revolver | 102"])
    assert (found.units, found.cut, found.loose) == (1, (), ())
    assert reading("revolver | 102 [4]").loose == ("revolver | 102",)
    assert reading("- Weapon: revolver; number: 102 [4]").cut == ()
    swapped = "Weapon: 102; number: revolver"
    assert reading(f"- {swapped} [4]").cut == (swapped,)


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        (f"{LEAD} [2]", LEAD),
        (f"{LEAD} [2]\n\n- {ITEMS[0]}\n- {ITEMS[2]}", LEAD),
        (f"- {ITEMS[0]} [2]", ITEMS[0]),
        (LIST.replace(";", "; [2]").replace("care.", "care. [2]"), ITEMS[0]),  # no lead-in
    ],
)
def test_a_list_in_part_is_cut_wherever_it_stands(text: str, cut: str) -> None:
    for found in (reading(text), reading(f"{MARKET} [1]", text)):
        assert found.cut == (cut,)


def test_a_long_list_may_end_after_twelve_items_with_a_note() -> None:
    steps = [f"- step {n} of it;" for n in range(1, 15)]
    lead = "There are 14 steps: [3]\n\n"
    shown = {number: lead + "\n".join(steps[:number]) for number in (11, 12, 14)}
    assert reading(shown[14]).cut == ()
    assert reading(f"{shown[12]}\n\n12 of 14 items.").cut == ()
    assert reading(shown[12]).cut
    assert reading(f"{shown[11]}\n\n11 of 14 items.").cut
    without_the_first = lead + "\n".join(steps[1:13])
    assert reading(f"{without_the_first}\n\n12 of 14 items.").cut


def test_items_that_nothing_introduces_may_stand_alone_and_together_are_one_unit() -> None:
    alone = passage("alone", MARKET, ("", "Europol: 3;", "the agency: 4."))
    for text, units in (("- Europol: 3; [1]", 1), ("- Europol: 3; [1]\n- the agency: 4. [1]", 1)):
        answer = given(text)
        citation = answer.citations[0].model_copy(update={"passage_id": "alone"})
        answer = answer.model_copy(update={"passages": (alone,), "citations": (citation,)})
        found = read(answer, ["the agency: 4"])
        assert (found.units, found.cut) == (units, ())


@pytest.mark.parametrize(
    ("text", "gold", "among_others"),
    [
        (WHOLE, ITEMS[1], True),  # one of three items answers
        (WHOLE, LEAD, False),  # all of it does
        (WHOLE, MARKET, False),  # none of it does
        (ITEMS[1], ITEMS[1], False),  # it stands alone
    ],
)
def test_what_answers_may_be_an_item_among_others(text: str, gold: str, among_others: bool) -> None:
    assert reading(text, gold=[gold]).among_others is among_others


def test_an_answer_that_is_not_all_may_say_so() -> None:
    steps = "There are 14 steps: [3]\n\n" + "\n".join(f"- step {n} of it;" for n in range(1, 13))
    assert not reading(steps).noted
    assert reading(f"{steps}\n\n12 of 14 items.").noted
    assert read(given(MARKET, missing=("2035",)), [MARKET]).noted


def test_a_list_within_a_list_belongs_to_it() -> None:
    text = "Two steps:\n\n- first:\n  - look;\n  - leap;\n- rest."
    spans = [(text.index(part), text.index(part) + len(part)) for part in
             ("Two steps:", "first:", "look;", "leap;", "rest.")]  # fmt: skip
    leads = [None, spans[0], spans[1], spans[1], spans[0]]
    units = tuple(
        Unit(start=start, end=end, kind="item" if lead else "sentence", lead_in=lead)
        for (start, end), lead in zip(spans, leads, strict=True)
    )
    nested = BRIEF.model_copy(update={"text": text, "units": units})
    passages = (SIZE, nested, LONG, TABLE)
    shown = text.replace("  -", "-")
    whole = given(shown.replace("steps:", "steps: [2]"), passages=passages)
    assert read(whole, ["leap"]).cut == ()
    assert read(whole, ["leap"]).units == 1
    assert read(given("Two steps: [2]\n\n- first:\n- rest.", passages=passages)).cut


def test_a_models_lists_need_a_lead_in_and_items_too() -> None:
    def cut(text: str) -> tuple[str, ...]:
        return read(given(text, mode="generative")).cut

    assert cut("In short, there are two: [1]\n\n- one thing [1]\n- another [1]") == ()
    assert cut("In short, there are two: [1]") == ("In short, there are two:",)
    assert cut("- one thing [1]\n- another [1]") == ("one thing",)


def test_a_paragraph_may_not_point_to_what_is_not_shown() -> None:
    assert reading(f"{ALSO} [1]").loose == (ALSO,)
    assert reading(f"{SAME} {ALSO} [1]").loose == ()
    assert reading(f"{SAME} [1]\n\n{ALSO} [1]").loose == ()  # directly above it
    assert reading(f"{MARKET} [1] {ALSO} [1]").loose == (ALSO,)  # not what stands before it there
    assert reading(f"{MARKET} [1]", f"### Agenda\n\n{AFTER} [2]").loose == (AFTER,)
    assert reading(f"{WHOLE}\n\n{AFTER} [2]").loose == ()


def test_a_models_sentence_may_point_to_the_one_before_it_in_its_paragraph() -> None:
    text = "The market is large. [1] It grows. [1]"
    assert read(given(text, mode="generative")).loose == ()
    assert read(given(text.replace("] It", "]\n\nIt"), mode="generative")).loose == ("It grows.",)


POINT_BACK = {
    "en": "With that study the Commission looks further. | They are the first. | There the work "
    "goes on. | “Such a centre would help.” | All of them share a plan.",
    "nl": "Het telt drie punten. | Volgens dat onderzoek klopt het. | Hierdoor daalt de vraag. | "
    "Op dezelfde dag verscheen een plan. | Ook de routekaart hoort erbij.",
    "fr": "C'est pourquoi la Commission propose un plan. | Dans ce cadre, Europol agit.",
    "de": "Daher gibt es einen Plan. | Nach dieser Studie stimmt es.",
    "es": "Además, hay un plan.",
    "it": "Inoltre c'è un piano.",
    "pl": "Dlatego jest plan.",
}
DO_NOT = {
    "en": "It is clear that more is needed. | Both the Commission and Europol act. | Those who "
    "sell weapons are prosecuted. | Itinerant groups are active.",
    "nl": "Het actieplan telt vier prioriteiten. | Het is nog niet duidelijk of dat zo blijft. | "
    "Dieren vallen er niet onder.",
    "fr": "Ce qui compte est la prévention. | Les États membres agissent.",
    "de": "Das Programm hat vier Teile.",
    "es": "El plan tiene cuatro partes.",
    "it": "Il piano ha quattro parti.",
    "pl": "Komisja ma plan.",
    "sv": "Detta gäller alla.",  # nothing is known of this language
}


@pytest.mark.parametrize("language", DO_NOT)
def test_openings_that_point_back_and_that_do_not(language: str) -> None:
    for openings, expected in ((POINT_BACK, True), (DO_NOT, False)):
        for opening in filter(None, openings.get(language, "").split(" | ")):
            assert points_back(opening, language) is expected, opening


def test_a_summary_that_speaks_about_itself_is_a_loose_end() -> None:
    assert about_itself("The individual actions are not listed in this brief.", "en")
    assert about_itself("Deze samenvatting somt de maatregelen niet op.", "nl")
    assert not about_itself("The Commission published a brief.", "en")
    itself = passage("size", "Many actions are left out of this summary.")
    text = "Many actions are left out of this summary. [1]"
    passages = (itself, BRIEF, LONG, TABLE)
    assert read(given(text, passages=passages)).loose
