"""Whether the labels of a question set fit the documents; and whether ours do."""

from collections import Counter

import pytest

from core.settings import ROOT, Settings
from core.source import DocumentInfo
from eval.dataset import QUESTIONS, SETS, Question, load, load_sets
from eval.labels import Outline, check
from language.words import fold
from research.fitting import QUESTIONS as FITTED_ON
from tests.support.evaluation import DRUGS, MARKET, OUTLINE, passage, question
from vectorstore.store import open_index

PLACE = {"documents": ["drugs-agenda"], "sections": ["Size of the drug market"]}
GOOD = question("good", answers=["the market is worth EUR 30 billion"], **PLACE)

MESSAGE = {"answerable": False, "kind": "message", "message": "greeting", "facts": []}


def problems(*questions: Question, fitted_on: tuple[Question, ...] = ()) -> list[tuple[str, str]]:
    found = check(questions, OUTLINE, fitted_on=fitted_on)
    return [(problem.severity, problem.key) for problem in found]


def test_a_question_whose_labels_fit_has_no_problem_unless_weights_were_fitted_on_it() -> None:
    assert problems(GOOD.model_copy(update={"facts": (("30 billion",),)})) == []
    assert ("error", "question") in problems(GOOD, fitted_on=(GOOD,))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"documents": ["absent"], "sections": []}, ("error", "documents")),
        ({"sections": ["No such heading"]}, ("error", "sections")),
        ({"facts": [["31 billion"]]}, ("error", "facts")),
        ({"facts": [["Nothing of use"]]}, ("warning", "facts")),  # in another section
        ({"facts": [["30 billion", "30 biljoen"]]}, ("warning", "facts")),
    ],
)
def test_labels_that_do_not_fit_are_named(
    changes: dict[str, object], expected: tuple[str, str]
) -> None:
    assert expected in problems(question("odd", **PLACE | changes))


def test_answers_that_no_unit_has_are_named_and_a_lack_of_them_is_told() -> None:
    assert ("error", "answers") in problems(question("odd", answers=["It is worth 31 billion."]))
    assert ("warning", "answers") in problems(question("odd"))
    none = question("none", answerable=False, kind="unanswerable", facts=[], note="no")
    assert "answers" not in [key for _, key in problems(none)]


OFFICIAL = DocumentInfo(
    id="agenda", language="en", title="Agenda", celex="52020DC0606", kind="official"
)
OF_OFFICIAL = passage("It sells for EUR 30 billion a year.", "1. Introduction", 2, OFFICIAL)
OF_BRIEF = passage(MARKET, "Size of the drug market", 3, DRUGS.model_copy(update={"kind": "brief"}))


BOTH = question(
    "both",
    documents=["drugs-agenda", "52020DC0606"],
    sections=["Size of the drug market"],
    answers=["the market is worth EUR 30 billion", "sells for EUR 30 billion"],
    facts=[["30 billion"]],
)


def test_a_label_names_a_brief_and_the_official_text_whether_or_not_that_is_there() -> None:
    without, within = Outline.of([OF_BRIEF]), Outline.of([OF_BRIEF, OF_OFFICIAL])
    assert [problem.severity for problem in check([BOTH], without)] == ["warning"] * 2
    assert without.relevant_sections(BOTH) == {("drugs-agenda", 3)}
    assert check([BOTH], within) == ()
    assert within.relevant_sections(BOTH) == {("drugs-agenda", 3), ("agenda", 2)}


def test_the_number_of_the_official_text_does_not_name_the_brief_about_it() -> None:
    brief = DRUGS.model_copy(update={"kind": "brief", "celex": "52020DC0606"})
    outline = Outline.of([passage(MARKET, "Size", 3, brief)])
    assert outline.called("52020DC0606") == frozenset()
    assert outline.called("drugs-agenda") == {"drugs-agenda"}


def test_a_label_of_a_brief_names_the_official_text_where_that_is_there() -> None:
    labelled = BOTH.model_copy(update={"documents": ("drugs-agenda",)})
    brief = OF_BRIEF.document.model_copy(update={"celex": OFFICIAL.celex})
    of_brief = OF_BRIEF.model_copy(update={"document": brief})
    assert Outline.of([of_brief]).called("drugs-agenda") == {"drugs-agenda"}
    both = Outline.of([of_brief, OF_OFFICIAL])
    assert both.called("drugs-agenda") == {"drugs-agenda", "agenda"}
    assert both.relevant_sections(labelled) == {("drugs-agenda", 3), ("agenda", 2)}
    assert check([labelled], both) == ()


def test_without_headings_the_sections_that_say_the_answer_or_all_facts_count() -> None:
    by_facts = question("facts", documents=["52020dc0606"], facts=[["30 billion"]])
    by_answer = question("answer", documents=["agenda"], answers=["Nothing like this", "It sells"])
    outline = Outline.of([OF_OFFICIAL, passage("Nothing of use.", "2. More", 3, OFFICIAL)])
    assert outline.relevant_sections(by_facts) == {("agenda", 2)}
    assert outline.relevant_sections(by_answer) == {("agenda", 2)}
    assert outline.relevant_sections(question("neither")) == frozenset()


def test_turns_of_conversations_may_ask_the_same_and_messages_need_no_note() -> None:
    turn = question("hi", conversation="a", **MESSAGE)
    again = turn.model_copy(update={"id": "hi-2", "conversation": "b"})
    alone = question("hi", **MESSAGE).model_copy(update={"id": "hi-3"})
    assert problems(turn, again, alone) == []
    twice = alone.model_copy(update={"id": "hi-4"})
    assert problems(alone, twice) == [("error", "question")] * 2


def test_the_same_question_twice_is_named_both_times() -> None:
    again = GOOD.model_copy(update={"id": "again", "question": GOOD.question.upper()})
    assert problems(GOOD, again).count(("error", "question")) == 2
    followed = question("good", history=[{"question": "What?", "answer_text": "That."}])
    assert ("error", "question") not in problems(GOOD, followed)


def test_an_unanswerable_question_whose_answer_is_there_is_named() -> None:
    asked = question(
        "none", answerable=False, kind="unanswerable", facts=[], forbidden=["39%"], note="no"
    )
    assert problems(asked) == [("error", "forbidden"), ("warning", "challenge")]
    assert ("warning", "note") in problems(asked.model_copy(update={"note": ""}))  # should say why


@pytest.mark.long
def test_our_labels_fit_the_briefs(settings: Settings) -> None:
    passages = open_index(settings).snapshot().passages()
    found = check(load_sets(SETS), Outline.of(passages), fitted_on=load(FITTED_ON))
    assert [problem for problem in found if problem.severity == "error"] == []
    for language in ("nl", "en"):  # each version says every fact, in a section that is named
        of_language = (passage for passage in passages if passage.language == language)
        found = check(load(QUESTIONS), Outline.of(of_language))
        lacking = [problem for problem in found if "not say" in problem.message]
        assert [problem for problem in lacking if problem.key == "facts"] == []


def test_our_sets_are_as_large_and_varied_as_promised() -> None:
    questions = load(QUESTIONS)
    languages = Counter(question.language for question in questions)
    challenges = Counter(question.challenge for question in questions)
    unanswerable = [question for question in questions if not question.answerable]
    adversarial = {"injection", "secrets", "abuse", "leading", "no-sources"}
    assert len(questions) >= 200
    assert languages.keys() == {"nl", "en", "fr", "de", "pl", "es", "it"}
    assert {question.language for question in unanswerable} == languages.keys()
    assert abs(languages["nl"] - languages["en"]) <= 0.05 * len(questions)
    assert min(languages.values()) >= 10
    assert len({question.kind for question in questions}) == 9
    assert sum(bool(question.history) for question in questions) >= 40
    assert sum(challenges[name] for name in adversarial) >= 20
    assert min(challenges["near-topic"], challenges["far-topic"]) >= 25
    assert all(question.note and question.challenge for question in unanswerable)
    about = Counter(question.documents[0] for question in questions if question.documents)
    briefs = {file.stem for file in (ROOT / "corpus" / "en").glob("*.md")}
    assert min(about[brief] for brief in briefs) >= 10


def test_the_held_out_part_is_marked_and_nothing_was_fitted_on_it() -> None:
    held_out = {fold(question.question) for question in load(QUESTIONS) if question.held_out}
    assert len(held_out) >= 50
    assert held_out.isdisjoint(fold(question.question) for question in load(FITTED_ON))
