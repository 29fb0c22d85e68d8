"""The questions that want a prepared answer: grouped by what they ask, the worst first."""

import datetime
from collections.abc import Iterable
from pathlib import Path

import pytest

from core.answer import Turn
from core.settings import Settings
from language.demands import demands_of, differ
from tests.support.passages import answer_of
from tests.support.people import HOSTILE, verdict
from tests.support.searches import embedded_questions
from ui.maintenance import question_groups as groups_of
from ui.maintenance.question_groups import QuestionGroup, Wording, grouped, question_groups
from userdata import feedback
from userdata.asked_questions import CountedQuestion, note
from userdata.database import database
from userdata.feedback import Feedback

DAY = datetime.date(2026, 11, 24)
CRANES = "How many cranes stand in the harbour of Veldport?"
HOISTS = "How many cranes are there in the harbour of Veldport?"
EMPACT = "Wat is EMPACT?"


def counted(
    question: str, times: int = 1, outcome: str = "answer", language: str = "en", last: int = 0
) -> CountedQuestion:
    day = DAY + datetime.timedelta(days=last)
    return CountedQuestion.model_validate(
        {"question": question, "language": language, "outcome": outcome, "times": times}
        | {"first": DAY, "last": day}
    )


def texts(groups: Iterable[QuestionGroup]) -> list[list[str]]:
    return [[wording.text for wording in group.wordings] for group in groups]


def test_what_asks_the_same_is_one_group_with_all_its_wordings() -> None:
    wrong = verdict(1, question=HOISTS, language="en", comment="No, 33.")
    asked_so = [counted(CRANES, 2, "refused"), counted(HOISTS, 3, last=2), counted("Who pays?")]
    assert grouped(asked_so, [wrong]) == (
        QuestionGroup(
            wordings=(Wording(HOISTS, "en", 3, "answer"), Wording(CRANES, "en", 2, "refused")),
            verdicts=(wrong,),
            asked=5,
            refused=True,
            last=DAY + datetime.timedelta(days=2),
        ),
    )


def test_other_facts_are_another_group() -> None:
    """However alike they sound."""
    for one, other in (
        ("How many reports did Malta send?", "How many reports did Cyprus send?"),
        ("Which goods may be imported?", "Which goods may not be imported?"),
    ):
        assert texts(grouped([counted(one, 2), counted(other, 3)], [])) == [[other], [one]]


def test_no_two_of_a_group_differ_in_their_facts() -> None:
    """Also where a third agrees with both, as it says less."""
    year = "How many reports of child abuse were there in {}?".format
    asked_so = [
        counted("How many reports of child abuse were there?", 9),
        *(counted(year(number), 2) for number in range(2015, 2022)),
    ]
    found = grouped(asked_so, [])
    assert sum(len(group.wordings) for group in found) == len(asked_so)
    for group in found:
        facts = [demands_of(wording.text, wording.language) for wording in group.wordings]
        assert not any(differ(mine, other) for mine in facts for other in facts)


def test_what_one_person_got_an_answer_to_is_not_in_the_queue() -> None:
    for question in (counted(EMPACT, 1, "refused"), counted(EMPACT, 2, "results")):
        assert grouped([question], [])
    for question in (counted(EMPACT, 1), counted(EMPACT, 1, "results")):
        assert grouped([question], []) == ()


def test_the_worst_comes_first() -> None:
    """Verdicts and refusals, then how many asked, then how lately."""
    asked_so = [
        counted("What is a barge?", 2, last=1),
        counted("Who is the harbour master?", 2),
        counted("Are there whales in the basin?", 7),
        counted("When was the quay renewed?", 3, "refused"),
    ]
    berth = {"question": "What does a berth cost?", "language": "en"}
    wrong = [verdict(number, **berth) for number in range(4)]
    assert texts(grouped(reversed(asked_so), wrong)) == [
        ["What does a berth cost?"],
        ["When was the quay renewed?"],
        ["Are there whales in the basin?"],
        ["What is a barge?"],
        ["Who is the harbour master?"],
    ]
    assert grouped(reversed(asked_so), reversed(wrong)) == grouped(asked_so, wrong)


def test_verdicts_that_ask_for_no_answer_are_left_out() -> None:
    open_one = verdict(1, answered=False)
    others = [
        verdict(2, helpful=True),
        verdict(3, helpful=None, comment="Mooi."),
        verdict(4, handled=datetime.datetime.now(datetime.UTC)),
        verdict(5, question="Dank je wel!"),
        verdict(6, question="Korter graag"),
    ]
    (group,) = grouped([], [*others, open_one])
    assert (group.verdicts, group.asked, group.refused) == ((open_one,), 1, False)
    assert group.wordings == (Wording(open_one.question, "nl", 1, None),)
    (group,) = grouped([], [verdict(1), verdict(2, helpful=True, evidence=False)])
    assert [given.id for given in group.verdicts] == [verdict(1).id, verdict(2).id]
    assert group.wordings[0].times == 2


def test_a_follow_up_is_in_the_queue_as_it_was_understood() -> None:
    before = (Turn(question="How many reports in 2019?", answer_text="12"),)
    wrong = verdict(1, question="And in 2010?", language="en", history=before)
    (group,) = grouped([counted("How many reports in 2010?", 2)], [wrong])
    assert [wording.text for wording in group.wordings] == ["How many reports in 2010?"]
    assert (group.asked, group.verdicts) == (2, (wrong,))


def test_only_so_many_are_compared_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups_of, "_COMPARED", 2)
    asked_so = [counted(f"What is measure {number}?", 2, last=number) for number in range(4)]
    assert texts(grouped(asked_so, [])) == [["What is measure 3?"], ["What is measure 2?"]]
    wrong = [verdict(number, question=f"What is plan {number}?") for number in range(4)]
    assert sorted(texts(grouped([], wrong))) == [["What is plan 2?"], ["What is plan 3?"]]
    monkeypatch.setattr(groups_of, "_MOST", 1)
    assert len(grouped(asked_so, [])) == 1


def test_a_page_that_is_drawn_again_embeds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    embedded = embedded_questions(monkeypatch)
    monkeypatch.setattr(groups_of, "_vectors", groups_of._QuestionVectors())
    for _ in range(2):
        grouped([counted(CRANES, 2), counted(EMPACT, 2, language="nl")], [])
    grouped([counted(HOISTS, 2), counted(CRANES, 2)], [])
    assert sorted(embedded) == sorted([CRANES, EMPACT, HOISTS])


def test_a_hostile_question_is_a_wording_like_others() -> None:
    wrong: Feedback = verdict(
        1, question=HOSTILE, history=(Turn(question=HOSTILE, answer_text=""),)
    )
    asked_so = [counted("\ufffd" * 300, 2), counted("1 " * 150, 2), counted("é\u0301" * 100, 2)]
    found = grouped(asked_so, [wrong])
    assert len(found) == 4
    (hostile,) = (group for group in found if group.verdicts)
    assert not set("\n\0\x07\ufeff").intersection(hostile.wordings[0].text)
    assert grouped([], []) == ()


def test_they_are_of_what_is_kept(tmp_path: Path) -> None:
    kept = Settings(data_dir=tmp_path, keep_questions=30)
    note(kept, answer_of("Nee.", question=EMPACT), "an")
    feedback.save(database(kept), verdict(1))
    found = {one.wordings[0].text: (one.refused, one.verdicts) for one in question_groups(kept)}
    assert found == {EMPACT: (True, ()), verdict(1).question: (False, (verdict(1),))}
    without = kept.model_copy(update={"keep_questions": 0})
    assert texts(question_groups(without)) == [[verdict(1).question]]
    nothing = Settings(data_dir=tmp_path / "none")
    assert question_groups(nothing) == ()
    assert not database(nothing).is_there  # looking makes none
