"""Which lines of a reply may stand: none that leaves a hole, and a list that lost items says so."""

import pytest

from chain.answerer import Draft, Verdict
from chain.checking.manuscript import Line, Manuscript

NOTE = "2 of 3 items; the sources do not confirm the rest."


def _line(text: str) -> Line:
    """A line from a sketch: "-" an item, then "?" uncertain, "!" contradicted, "~" awaited."""
    is_item, text = text.startswith("- "), text.removeprefix("- ")
    state = {"?": "uncertain", "!": "contradicted"}.get(text[0], "supported")
    doubt = "" if state == "supported" else "Too far from the source."
    draft = Draft(text.lstrip("?!~"), (0,), form="item" if is_item else "sentence")
    return Line(draft, Verdict(state, doubt=doubt), awaited=text[0] == "~")


def _manuscript(*sketch: str) -> Manuscript:
    made = Manuscript("en")
    made.lines += map(_line, sketch)
    return made


def _texts(made: Manuscript) -> list[str]:
    return [line.draft.text for line in made.standing()]


@pytest.mark.parametrize("fallen", ["?One act was adopted.", "!One act was adopted."])
def test_what_points_back_falls_with_what_it_points_to(fallen: str) -> None:
    made = _manuscript(fallen, "It applies to all.", "This is new.", "Drugs kill.", "They are bad.")
    assert _texts(made) == ["Drugs kill.", "They are bad."]
    doubts = [claim.doubt for _, claim in made.doubtful()]
    assert doubts[-2:] == ["It points back to a sentence that is left out."] * 2
    assert ("Too far from the source." in doubts) == (fallen[0] == "?")


def test_what_points_back_to_the_question_stands() -> None:
    assert _texts(_manuscript("It applies to all.")) == ["It applies to all."]


def test_it_stands_again_once_what_it_points_to_is_mended() -> None:
    made = _manuscript("?One act was adopted.", "It applies to all.")
    made.replace(made.lines[0], [_line("One act was proposed.")])
    assert _texts(made) == ["One act was proposed.", "It applies to all."]


def test_items_fall_with_their_introduction_and_say_what_they_lean_on() -> None:
    made = _manuscript("?It rejects:", "- bans", "- fines", "Drugs kill.")
    assert _texts(made) == ["Drugs kill."]
    (_, claim), *_ = made.doubtful()[1:]
    assert (claim.before, claim.doubt) == (
        "It rejects:",
        "The introduction of its list is left out.",
    )


def test_an_introduction_falls_with_all_of_its_items() -> None:
    made = _manuscript("The plan has:", "- ?bans", "- !fines", "Drugs kill.")
    assert _texts(made) == ["Drugs kill."]
    assert [claim.draft.text for _, claim in made.doubtful()] == ["The plan has:", "bans"]


def test_a_whole_sentence_before_a_list_stands_without_it() -> None:
    assert _texts(_manuscript("The plan has two goals.", "- ?bans")) == ["The plan has two goals."]


def test_a_list_that_nothing_introduces_stands() -> None:
    assert _texts(_manuscript("- bans", "- ?fines", "- checks")) == ["bans", "checks"]


def test_what_points_back_to_a_list_stands_with_any_of_it() -> None:
    some = _manuscript("The plan has:", "- bans", "- ?fines", "These are new.")
    assert _texts(some)[-1] == "These are new."
    assert "These are new." not in _texts(_manuscript("The plan has:", "- ?bans", "These are new."))


def test_only_a_list_that_lost_items_says_so_below_its_last() -> None:
    made = _manuscript("One:", "- a", "- b", "- !c", "Two:", "- d", "Three:", "- ?e", "- ?f")
    noted = [(draft.text, draft.note) for draft, _ in made.final() if draft.note]
    assert noted == [("b", NOTE)]


def test_nothing_is_settled_before_what_it_depends_on() -> None:
    assert _manuscript("A.", "~B.", "C.").settled(is_whole=False) == [True]
    open_list = _manuscript("The plan has:")
    assert open_list.settled(is_whole=False) == []
    open_list.lines.append(_line("- ?bans"))
    assert open_list.settled(is_whole=False) == []
    open_list.lines.append(_line("- ~fines"))
    assert open_list.settled(is_whole=True) == []
    open_list.lines[-1].awaited = False
    assert open_list.settled(is_whole=False) == [True, False, True]


def test_an_introduction_without_a_list_is_a_sentence() -> None:
    made = _manuscript("The Commission said:", "Drugs kill.")
    assert made.settled(is_whole=False) == [True, True]


@pytest.mark.parametrize(
    ("sketch", "has"),
    [
        (("It is not banned.", "?Drugs kill."), True),
        (("?It is not banned.", "Drugs kill."), False),
        (("!It is not banned.", "Drugs kill."), False),
        (("It rejects:", "- ?bans", "- !fines", "Drugs kill."), False),
        ((), True),
    ],
)
def test_it_knows_whether_its_opening_stands(sketch: tuple[str, ...], has: bool) -> None:
    assert _manuscript(*sketch).has_opening() == has
