"""A run from question to figures, with an assistant whose every answer is written."""

import pytest

from core.answer import Answer, Turn
from eval.assess import run
from eval.question_results import QuestionResult
from eval.rates import sum_up
from eval.results import Results
from eval.support import verdicts
from tests.support.answers import retold
from tests.support.evaluation import (
    ANSWERS,
    FIRST_SENTENCE,
    HOSTILE,
    MARKET,
    NOTHING,
    OTHER,
    OUTLINE,
    QUESTIONS,
    REFUSAL,
    SIZE,
    TWO,
    Scripted,
    answer,
    by_id,
    cite,
    passage,
    question,
    ran,
    values,
)
from tests.support.question_results import STAMP


@pytest.fixture(scope="module")
def results() -> Results:
    return ran()


def test_every_question_is_asked_with_its_history_and_reported_in_order(results: Results) -> None:
    assistant, done = Scripted(), list[QuestionResult]()
    found = run(QUESTIONS, assistant, OUTLINE, stamp=STAMP, parallel=3, on_result=done.append)
    assert [result.id for result in done] == [question.id for question in QUESTIONS]
    assert dict(assistant.asked)["right"] == (Turn(question="earlier", answer_text="text"),)
    assert found.fingerprint == results.fingerprint != ran(QUESTIONS[:3]).fingerprint


def test_of_a_model_it_is_told_how_often_it_failed_and_what_was_not_confirmed(
    results: Results,
) -> None:
    first, other, *_ = results.questions
    doubted = {"mode": "generative", "unconfirmed": ("Maybe.",), "left_out": ("No.", "No!")}
    written = first.model_copy(update=doubted)
    overall = sum_up([written, other.model_copy(update={"mode": "fallback"})], STAMP).overall
    assert overall.figures["answers.fallback_rate"].value == 0.5
    assert overall.figures["size.unconfirmed"].value == 1.5
    assert results.overall.figures["size.unconfirmed"].value is None


def test_language_versions_of_a_section_are_ranked_as_one(results: Results) -> None:
    retrieved = by_id(results, "right").retrieved
    ranked = [(found.section, found.relevant) for found in retrieved]
    assert ranked == [("In brief", False), ("Size of the drug market", True)]
    # The heading stands in another document than the one that this question names.
    assert [found.relevant for found in by_id(results, "wrong refusal").retrieved] == [False]


def test_retrieval_counts_the_questions_that_name_sections(results: Results) -> None:
    # Ranks of the first relevant section: 2, 1 and none.
    assert values(results.overall, "retrieval") == {
        "hit@1": pytest.approx(1 / 3, abs=1e-4),
        "hit@5": pytest.approx(2 / 3, abs=1e-4),
        "mrr": pytest.approx((1 / 2 + 1) / 3, abs=1e-4),
    }


def test_answers_are_counted_over_the_questions_they_apply_to(results: Results) -> None:
    assert results.overall.n == 5
    assert by_id(results, "wrong refusal").facts_found  # shown, but not given as an answer
    assert values(results.overall, "answers") == {
        "fact_recall": pytest.approx((1 + 1 / 2 + 0) / 3, abs=1e-4),
        "full_answer_rate": pytest.approx(1 / 3, abs=1e-4),
        "false_refusal_rate": pytest.approx(1 / 3, abs=1e-4),
        "useful_answer_rate": pytest.approx(2 / 5),
        "language_rate": pytest.approx(4 / 5),  # English for a Dutch question
        "fallback_rate": None,  # no model was asked
    }


def test_citations_may_support_a_sentence_together_or_be_needless() -> None:
    cited = answer(
        "The market is worth EUR 30 billion a year [1][2].",
        cite(1, SIZE, FIRST_SENTENCE),
        cite(2, OTHER, "Nothing of use."),
        passages=(SIZE, OTHER),
    )
    (verdict,) = verdicts(cited)
    assert (verdict.supported, verdict.needless) == (True, (2,))
    together = answer(
        "The market is worth EUR 30 billion a year and cannabis has 39% of it [1][2].",
        cite(1, SIZE, FIRST_SENTENCE),
        cite(2, SIZE, "Cannabis has 39% of it."),
        passages=(SIZE,),
    )
    (verdict,) = verdicts(together)
    assert (verdict.supported, verdict.needless) == (True, ())


def test_an_answer_may_be_in_the_language_of_a_document_that_has_no_other(results: Results) -> None:
    assert by_id(results, "wrong quote").languages == ("nl",)
    french = question("right", language="fr", documents=["drugs-agenda"])
    assert ran((french,)).questions[0].languages == ("en", "fr", "nl")


def test_what_must_not_be_said_makes_an_answer_useless() -> None:
    asked = question("right", forbidden=["EUR 30 billion"])
    (result,) = ran((asked,)).questions
    assert result.forbidden_said == ("EUR 30 billion",)
    assert not result.useful
    assert result.cause == "forbidden"


def test_the_confidence_is_compared_with_what_can_be_answered(results: Results) -> None:
    # Confidence 0.9 for two answerable questions of three, 0.1 for one of two.
    error = results.overall.figures["calibration.ece"].value
    assert error == pytest.approx((2 * 0.4 + 3 * (0.9 - 2 / 3)) / 5, abs=1e-3)


def test_parts_are_reported_apart() -> None:
    asked = (
        question("right", documents=["drugs-agenda"]),
        question("right", language="nl", documents=["drugs-agenda"]),
        question("right", language="fr", documents=["drugs-agenda"]),
        question("right", language="fr", documents=["absent"]),
        question("right", language="fr", held_out=True),
        question(HOSTILE, **NOTHING, challenge="injection"),
    )
    results = ran(asked)
    counts = {name: group.n for name, group in results.by_part.items()}
    assert counts == {"open": 5, "held out": 1, "same language": 2, "across languages": 1}


def seen(given: Answer, *gold: str, **values: object) -> QuestionResult:
    """The result of a question that is answered so."""

    asked = question("q", answers=gold, **values)
    return run((asked,), Scripted(given), OUTLINE, stamp=STAMP).questions[0]


SHORT = answer(f"{FIRST_SENTENCE} [1]", cite(1, TWO, FIRST_SENTENCE), passages=(TWO,))
PADDED = answer(
    f"{MARKET} [1]\n\nNothing of use. [2]",
    cite(1, TWO, MARKET),
    cite(2, OTHER, OTHER.text),
    passages=(TWO, OTHER),
)
FOLDED = retold(
    answer(
        "Cannabis has 39% of it. [1]",
        cite(1, TWO, "Cannabis has 39% of it."),
        cite(1, TWO, FIRST_SENTENCE),
        passages=(TWO,),
    ),
    more=(f"### Drugs, Size\n\n{FIRST_SENTENCE} [1]",),
)


RESULTS = SHORT.model_copy(update={"answered": False, "found": True})
GOLD_CANNABIS = "Cannabis has 39% of it"


@pytest.mark.parametrize(
    ("given", "gold", "values", "signable", "cause"),
    [
        (SHORT, [FIRST_SENTENCE], {}, True, None),
        (SHORT, [], {}, None, None),  # without gold nobody can tell
        (PADDED, [FIRST_SENTENCE], {}, False, "buried"),  # one of three sentences answers
        (PADDED, [FIRST_SENTENCE, "Cannabis has 39%"], {}, True, None),  # two of three
        (FOLDED, [GOLD_CANNABIS], {}, False, "misleading"),  # it answers another question
        (RESULTS, [FIRST_SENTENCE], {}, False, None),
        (SHORT, [FIRST_SENTENCE], {"language": "nl"}, False, "language"),
        (REFUSAL, [FIRST_SENTENCE], {}, False, "refused wrongly"),
        (REFUSAL, [], NOTHING, True, None),
        (retold(REFUSAL, text=" "), [], NOTHING, False, None),  # it must say so
        (RESULTS, [], NOTHING, False, None),
        (REFUSAL, [], {**NOTHING, "language": "nl"}, False, "language"),
        (SHORT, [], NOTHING, False, "should have been refused"),
    ],
)
def test_what_can_be_signed_and_what_it_lacks(
    given: Answer, gold: list[str], values: dict[str, object], signable: bool, cause: str | None
) -> None:
    result = seen(given, *gold, **values)
    assert (result.signable, result.cause) == (signable, cause)


NOTED = SHORT.model_copy(update={"missing": ("2035",)})  # it says that it is not all
HALF = {"kind": "list", "facts": [["30 billion"], ["40 billion"]]}


def bold(*values: str) -> Answer:
    """The short answer, in which these stand out."""
    return SHORT.model_copy(update={"asked_for": values})


@pytest.mark.parametrize(
    ("given", "gold", "values", "misleading"),
    [
        (SHORT, [FIRST_SENTENCE], {}, None),
        (SHORT, [], {"facts": [["40 billion"]]}, "another question"),
        # A right fact stands there by chance: what answers the question does not.
        (SHORT, [GOLD_CANNABIS], {}, "another question"),
        (SHORT, [], NOTHING, "unanswerable"),
        (RESULTS, [GOLD_CANNABIS], {}, None),
        (REFUSAL, [FIRST_SENTENCE], {}, None),
        (bold("2020"), [FIRST_SENTENCE], {}, "wrong value"),
        (bold("2020", "EUR 30 billion"), [FIRST_SENTENCE], {}, None),
        (bold("billion"), [FIRST_SENTENCE], {}, None),  # a part of what is asked for
        (bold("2020"), [FIRST_SENTENCE], {"kind": "why"}, None),  # no value is asked for
        (SHORT, [FIRST_SENTENCE], HALF, "half a list"),
        (SHORT, [FIRST_SENTENCE], {**HALF, "kind": "why"}, None),
        (NOTED, [FIRST_SENTENCE], HALF, None),
    ],
)
def test_what_a_reader_of_an_answer_is_misled_by(
    given: Answer, gold: list[str], values: dict[str, object], misleading: str | None
) -> None:
    result = seen(given, *gold, **values)
    assert result.misleading == misleading
    assert not (result.right and result.misleads)


def test_facts_may_stand_among_much_else_and_are_not_complete_where_they_are_folded() -> None:
    padded, folded = seen(PADDED, FIRST_SENTENCE), seen(FOLDED, GOLD_CANNABIS)
    assert (padded.useful, padded.complete) == (True, True)
    assert (folded.facts_in_text, folded.complete, folded.fully_answered) == (0, False, True)


def test_what_an_answer_quotes_counts_for_its_facts() -> None:
    in_french = answer("Il vaut 30 milliards. [1]", cite(1, TWO, FIRST_SENTENCE), passages=(TWO,))
    assert seen(in_french.model_copy(update={"mode": "generative"})).complete


def test_a_loose_end_and_a_cut_list_cannot_be_signed() -> None:
    loose = passage("It is large. It is worth EUR 30 billion a year.", "Size", 3)
    pointing = answer(f"{loose.text} [1]", cite(1, loose, loose.text), passages=(loose,))
    assert seen(pointing, "worth EUR 30 billion").cause == "loose end"
    cut = answer("It is: [1]", cite(1, loose, "It is"), passages=(loose,))
    assert seen(cut, "It is", facts=[["It is"]]).cause == "cut list"


def test_the_figures_of_reading_are_counted_over_what_they_apply_to() -> None:
    results = [
        seen(SHORT, FIRST_SENTENCE),
        seen(PADDED, FIRST_SENTENCE),
        seen(FOLDED, GOLD_CANNABIS),
        seen(REFUSAL, FIRST_SENTENCE),
        seen(REFUSAL, **NOTHING),
    ]
    overall = sum_up(results, STAMP).overall
    assert values(overall, "reading") == {
        "right": pytest.approx(2 / 4),
        "claimed_right": pytest.approx(2 / 3, abs=1e-4),
        "misleads": pytest.approx(1 / 5),
        "signable": pytest.approx(2 / 5),
        "claimed": pytest.approx(3 / 4),
        "precision": pytest.approx((1 + 1 / 3 + 1) / 3, abs=1e-4),
        "cut_lists": 0.0,
        "loose_ends": 0.0,
    }
    over = [overall.figures[f"reading.{name}"].n for name in ("right", "claimed_right", "misleads")]
    assert over == [4, 3, 5]
    assert overall.figures["size.words_prose"].value == pytest.approx((9 + 17 + 5) / 3, abs=1e-4)


REPLY = retold(REFUSAL, text="Hello. Ask me something.", message="greeting")


def test_a_message_is_handled_when_it_is_taken_for_what_it_is_without_sources() -> None:
    def handled(given: Answer, message: str = "greeting") -> QuestionResult:
        values = {"answerable": False, "kind": "message", "facts": [], "message": message}
        return seen(given, **values)

    assert handled(REPLY).handled
    assert handled(REPLY).cause is None
    for wrong in (REFUSAL, SHORT, REPLY.model_copy(update={"message": "thanks"})):
        assert not handled(wrong).handled
        assert handled(wrong).cause == "message"
    citing = REPLY.model_copy(update={"citations": SHORT.citations, "passages": (TWO,)})
    assert not handled(citing).handled
    shorter = citing.model_copy(update={"message": "shorter"})
    assert handled(shorter, "shorter").handled
    assert handled(REPLY).signable is None


def test_manners_are_counted_over_all_that_is_asked_and_figures_over_questions() -> None:
    harm = {"answerable": False, "kind": "message", "facts": [], "message": "harm"}
    as_harm = REPLY.model_copy(update={"message": "harm"})
    abuse = {**NOTHING, "challenge": "abuse"}
    results = [
        seen(SHORT),
        seen(REPLY),  # a question that is taken for a message
        seen(as_harm, **abuse),
        seen(as_harm, **harm),
        seen(SHORT, **harm),
        seen(REPLY, answerable=False, kind="message", facts=[], message="greeting"),
    ]
    run_of_all = sum_up(results, STAMP)
    assert run_of_all.overall.n == 3
    assert values(run_of_all.overall, "manners") == {
        "handled": pytest.approx(2 / 3, abs=1e-4),
        "taken_for_message": pytest.approx(1 / 2),
        "harmful_answered": 0.5,
    }
    assert results[1].cause == "message"
    assert results[2].cause is None
    assert {name: part.n for name, part in run_of_all.by_part.items()} == {"messages": 3, "open": 3}
    assert run_of_all.by_part["messages"].figures["answers.useful_answer_rate"].value is None
    assert sum_up(results[3:], STAMP).overall.n == 3  # of a set of messages alone


def test_turns_of_a_conversation_are_asked_in_order_with_the_answers_before_them() -> None:
    names = ("right", "wrong quote", "right refusal")
    turns = tuple(
        question(name, **values | {"conversation": "talk"})
        for name, values in zip(names, ({}, {}, NOTHING), strict=True)
    )
    alone = question("wrong refusal")
    for parallel in (1, 3):
        assistant = Scripted()
        asked = (turns[0], alone, *turns[1:])
        results = run(asked, assistant, OUTLINE, stamp=STAMP, parallel=parallel)
        histories = dict(assistant.asked)
        turns_asked = tuple(Turn.of(name, ANSWERS[name]) for name in names)
        assert [histories[name] for name in names] == [(), turns_asked[:1], turns_asked[:2]]
        assert histories["wrong refusal"] == ()
        assert [result.id for result in results.questions] == [*names, "wrong refusal"]
        assert results.overall.n == 1
        assert results.by_part["conversations"].n == 3
        assert results.questions[2].history == turns_asked[:2]


def test_refusals_and_citations_are_counted_and_what_is_wrong_is_named(results: Results) -> None:
    # Two refusals, one of them right; two unanswerable questions, one of them refused.
    assert values(results.overall, "refusals") == {"recall": 0.5, "f1": 0.5}
    wrong = by_id(results, "wrong quote")
    assert wrong.inexact_quotes == ("The market is worth 30 billion.",)
    assert wrong.unsupported == ("Cannabis has 93% of it.",)
    assert values(results.overall, "citations") == {
        # Of four sentences two are supported; of three citations two support their sentence.
        "citation_recall": 0.5,
        "citation_precision": pytest.approx(2 / 3, abs=1e-4),
        "exact_quote_rate": pytest.approx(2 / 3, abs=1e-4),
        # Supported: both other cited sentences; not: 93%, and the one without a marker.
        "supported_rate": pytest.approx(2 / 4),
    }


def test_groups_have_their_own_figures_and_what_does_not_apply_is_null(results: Results) -> None:
    assert list(results.by_language) == ["en", "nl"]
    figures = results.by_language["nl"].figures
    assert figures["answers.fact_recall"].value == 0.5
    recall = figures["refusals.recall"]
    assert (recall.value, recall.interval, recall.n) == (None, None, 0)
