"""What an evaluator reads and signs: the page, the summary, the plots, the causes, the stamp."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from pydantic import SecretStr

from core.settings import Settings
from core.version import VERSION
from eval import plots, run_report
from eval import runs as stamping
from eval.causes import MEANINGS, explain, likely_cause
from eval.evaluate import sum_up
from eval.gate import Comparison, RuleResult, compare
from eval.plots import WIDTH, numbers
from eval.results import (
    Cause,
    CitedSection,
    QuestionResult,
    Reading,
    Results,
    RetrievedSection,
    SentenceVerdict,
    SignOff,
    Stamp,
)
from eval.runs import code_version, make_stamp, masked
from ui.texts import languages, load

HOSTILE = "<script>alert('x')</script> |\n\n# **b** `c` \"><img src=x onerror=alert(1)>"
STAMP = Stamp(
    settings={"results": 6, "refuse_below": 0.6, "model": "<none>"},
    prompts={"answer.md": "1425f729ded1"},
    embedder="tiny/3",
    generation="20261124T155115-1e76",
    code_version="a6df0c4",
    date="2026-11-24T16:08:57+00:00",
    questions={"core.yaml": "189fa6f1"},
)
RIGHT = RetrievedSection(document="drugs", section="Size of the market", relevant=True)
OTHER = RetrievedSection(document="drugs", section="In brief", relevant=False)
FACT = ("30 miljard", "30 billion")
VERDICT = SentenceVerdict(text="The market is worth 30 billion.", citations=(1,), supported=True)


READING = Reading(
    judged=True, units=1, needed=1, direct=True, lists=0, whole_lists=0, words_prose=6
)


def asked(name: str, **values: object) -> QuestionResult:
    """A question that was fully answered, but for what is given."""
    section = CitedSection(number=1, document="drugs", section="Size of the market")
    given: dict[str, object] = {
        "id": name, "question": f"What about {name}?", "language": "en", "kind": "number",
        "documents": ("drugs",), "answerable": True, "answered": True, "reason": "",
        "mode": "extractive", "text": "The market is worth 30 billion. [1]",
        "quotes": ("The market is worth 30 billion.",), "citations": (section,), "passages": (),
        "retrieved": (OTHER, RIGHT), "judged": True, "relevant_sections": 1, "facts_retrieved": 1,
        "facts_found": (FACT,), "facts_missing": (), "facts_in_text": 1, "reading": READING,
        "inexact_quotes": (), "sentences": 1, "unsupported": (), "verdicts": (VERDICT,),
        "languages": ("en", "nl"), "text_language": "en", "confidence": 0.9, "missing": (),
        "words": 6, "latency_ms": 62.0, "stages_ms": {"retrieve": 40.0, "first_sentence": 55.5},
    }  # fmt: skip
    result = QuestionResult.model_validate(given | values)
    return result.model_copy(update={"cause": likely_cause(result)})


MISSED = {"facts_found": (), "facts_missing": (FACT,), "facts_in_text": 0}
REFUSED = {**MISSED, "answered": False, "text": "No source says so.", "quotes": (), "citations": ()}
REFUSED |= {"verdicts": (), "confidence": 0.4}
UNANSWERABLE = {"answerable": False, "kind": "unanswerable", "challenge": "near-topic"}
UNANSWERABLE |= {"facts_found": (), "facts_retrieved": 0, "judged": False, "documents": ()}
GREETING = {**REFUSED, **UNANSWERABLE, "kind": "message", "expected": "greeting"}
GREETING |= {"facts_missing": (), "challenge": None, "part": "messages", "confidence": 0.0}


def read(**values: object) -> dict[str, Reading]:
    return {"reading": READING.model_copy(update=values)}


SHORT: dict[Cause, QuestionResult] = {
    "forbidden": asked("forbidden", forbidden_said=("500 miljard",)),
    "wrong citation": asked("cited", verdicts=(VERDICT.model_copy(update={"supported": False}),)),
    "message": asked("hello", message="greeting"),
    "should have been refused": asked("unknown", **UNANSWERABLE),
    "language": asked("spoken", text_language="de"),
    "refused wrongly": asked("refused", **REFUSED),
    "not retrieved": asked("unfound", **MISSED, retrieved=(OTHER,), facts_retrieved=0),
    "retrieved but not chosen": asked("overlooked", **MISSED),
    "incomplete": asked("half", **MISSED, judged=False),
    "misleading": asked("bold", in_bold=("2020",)),
    "cut list": asked("listed", **read(cut=("It has three blocks:",))),
    "loose end": asked("pointing", **read(loose=("That number is high.",))),
    "buried": asked(
        "long", **read(units=4, among_others=True), facts_found=(FACT, ("39%",)), facts_in_text=1
    ),
}
FINE = asked("fine", question="Hoe groot is de markt?", language="nl", text_language="nl")
RIGHTLY_REFUSED = asked("far", **REFUSED | UNANSWERABLE | {"facts_missing": ()})


def results_of(*questions: QuestionResult) -> Results:
    return sum_up(list(questions), STAMP)


@pytest.fixture(scope="module")
def results() -> Results:
    return results_of(*SHORT.values(), FINE, RIGHTLY_REFUSED)


@pytest.fixture(scope="module")
def comparison(results: Results) -> Comparison:
    """With a run in which `fine` was refused, `far` answered, and sections ranked otherwise."""
    before = {
        "fine": asked("fine", question="Hoe groot is de markt?", language="nl", **REFUSED),
        "far": asked("far", **UNANSWERABLE, text="Once it was answered."),
        "half": asked("half", **MISSED, judged=False, retrieved=(RIGHT,)),
        "refused": asked("refused"),
    }
    earlier = [before.get(one.id, one) for one in results.questions]
    stamp = STAMP.model_copy(update={"date": "2026-11-20T09:00:00+00:00", "code_version": "old"})
    return compare(sum_up(earlier, stamp), results)


CHECKS = (
    RuleResult(
        rule="answers.full_answer_rate at least 0.6", found="0.7", passed=True,
        figure="answers.full_answer_rate", value=0.7, floor=0.6,
    ),
    RuleResult(
        rule="reading.misleads at most 0.05", found="0.33", passed=False,
        figure="reading.misleads", value=0.33, ceiling=0.05, cause="incomplete",
    ),
    RuleResult(
        rule="retrieval.hit@5 at least 0.9", found="0.5, mostly: not retrieved", passed=False,
        figure="retrieval.hit@5", value=0.5, floor=0.9, cause="not retrieved",
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def page(results: Results, comparison: Comparison) -> str:
    return run_report.html(results, comparison=comparison, checks=CHECKS)


def section(page: str, name: str) -> str:
    """What stands in a section of the page, in words, with single spaces."""
    found = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())


# The page


_useful_by_language, _ = plots.PLOTS["Useful answers by language"]
_useful_by_document, _ = plots.PLOTS["Useful answers by document"]


def test_the_page_opens_with_the_verdict_and_ends_with_the_signature(page: str) -> None:
    order = ["verdict", "headlines", "readings", "plots", "changed", "short", "figures"]
    order += ["calibration", "fine", "stamp", "signoff"]
    assert re.findall(r'<section id="(\w+)"', page) == order
    assert "<details open>" in page
    for line in (
        "Goes live",
        "Does not go live",
        "Name",
        "Function",
        "Date",
        "Signature",
        "Remarks",
    ):
        assert re.search(rf"<label.*> ?{line}<?", page)
    assert '<td lang="nl">Hoe groot is de markt?</td>' in page  # in the language that it is in
    assert '<div class="text" lang="de">' in page


@pytest.mark.parametrize(
    ("name", "told"),
    [
        # A reader's figures, in a reader's order, before what else was measured.
        ("verdict", ("May not go live right on the first screen: 54% (23 to 77) of 13 answerable "
                     "questions right where it claims to answer: ", " of 13 answers misleads: 33%",
                     " of 15 questions, at most 5% is allowed; mostly: incomplete signable: 20%",
                     " of 15 questions 1 of 3 rules are met over 15 questions, compared with the "
                     "baseline of 2026-11-20. Failed (2) ✗ failed: misleads: 33%",
                     "✗ failed: hit@5: 50%, at least 90% is needed; mostly: not retrieved",
                     "Passed (1) ✓ full answer rate: 70%, at least 60% is needed")),
        # What became worse stands before what became better, and that before what is different.
        ("changed", ("refusal recall 0% 50% +50 +0 to +100 1.000 better, may be",
                     "Questions that are worse (", "fully answered → refused, though answerable",
                     "Questions that are better (", "refused, though answerable → fully answered",
                     "Before No source says so. Now The market is worth 30 billion. [1]",
                     "Questions that are different (")),
        ("changed", ("With the same answer as before (1)",
                     "What about half? half 0 of 1 facts, as before")),
        ("short", (f"What fell short ({len(SHORT)} of 15 answers)",
                   *(f"{one.capitalize()} (1)" for one in MEANINGS))),
        # A failure shows what it takes to see why.
        ("short", ("What about cited?",
                   "cited · en · number · confidence 0.90 · 62 ms · extractive",
                   "is not supported by [1]",
                   "✓ found: 30 miljard / 30 billion",
                   "[1] drugs: Size of the market “The market is worth 30 billion.”",
                   "drugs: In brief drugs: Size of the market ← answers it", "What about unknown?",
                   "✗ missing: 30 miljard / 30 billion")),
        ("figures", ("signable 20% (0 to 40)",
                     "Stage p50 p95 retrieve 40.0 40.0 first sentence 55.5 55.5")),
        ("calibration", ("0.9–1.0 13 0.900 0.923 too unsure by 0.023",)),
        ("fine", ("Hoe groot is de markt? fine fully answered The market is worth",
                  "What about far? far rightly refused –")),
    ],
)  # fmt: skip
def test_a_section_of_the_page_says_in_this_order(
    page: str, name: str, told: tuple[str, ...]
) -> None:
    rest = section(page, name)
    for part in told:
        assert part in rest
        rest = rest.partition(part)[2]


@pytest.mark.parametrize(
    ("what", "name", "n"),
    [
        ("Language", "nl", 1), ("Kind", "unanswerable", 2), ("Document", "drugs", 13),
        ("Challenge", "near-topic", 2), ("Part", "open", 15),
    ],
)  # fmt: skip
def test_figures_are_given_for_each_group_in_rows(page: str, what: str, name: str, n: int) -> None:
    rows_of = rf"By {what.lower()} {what} n right on the first screen .*\b{name} {n} "
    assert re.search(rows_of, section(page, "figures"))


def test_the_signature_is_put_under_what_the_run_was_made_with(page: str, results: Results) -> None:
    signoff = section(page, "signoff")
    for made_with in (
        "2026-11-24 16:08 UTC, 15 questions", "a6df0c4",
        "May not go live right on the first screen: 54%", "signable: 20% (0 to 40) of 15 questions",
        "20261124T155115-1e76", "tiny/3", "extractive", "answer.md 1425f729ded1",
        "core.yaml 189fa6f1", results.fingerprint,
    ):  # fmt: skip
        assert made_with in signoff


def test_without_gate_and_baseline_the_page_says_no_more_than_it_knows() -> None:
    page = run_report.html(results_of(FINE))
    assert "No gate was run" in section(page, "verdict")
    assert "Not counted as misleading: results, in which" in section(page, "verdict")
    assert 'id="changed"' not in page
    assert section(page, "short") == "What fell short (0 of 1 answers) None."
    assert (
        "right on the first screen 100% 95% interval 21 to 100 of the answerable questions"
        in section(page, "headlines")
    )
    page = run_report.html(results_of(RIGHTLY_REFUSED), checks=CHECKS[:1])
    assert "right on the first screen – of the answerable" in section(
        page, "headlines"
    )  # it does not apply
    assert "1 of 1 rules are met over 1 questions, without a baseline" in section(page, "verdict")


@pytest.mark.parametrize(
    ("questions", "checks", "verdict", "mark"),
    [
        (99, CHECKS[:1], "Too few questions to tell whether this may go live", "too-few"),
        (99, CHECKS, "✗ May not go live", "failed"),
        (100, (), "Not checked whether this may go live", "unchecked"),
        (100, CHECKS, "✗ May not go live", "failed"),
        (100, CHECKS[:1], "✓ May go live", "passed"),
    ],
)
def test_the_verdict_is_whether_it_may_go_live(
    questions: int, checks: tuple[RuleResult, ...], verdict: str, mark: str
) -> None:
    run = results_of(FINE)
    run = run.model_copy(update={"overall": run.overall.model_copy(update={"n": questions})})
    page = run_report.html(run, checks=checks)
    assert f'class="verdict {mark}">\n<h2>{verdict}</h2>' in page
    text = run_report.markdown(run, checks=checks)
    assert text.startswith(f"## Evaluation: {verdict.strip('✗✓ ').lower()}\n")


def test_decisions_stand_in_both_reports_and_cannot_change_their_markup() -> None:
    run = results_of(FINE)
    made = SignOff(
        goes_live=True, name=HOSTILE, reason=HOSTILE, date="2026-11-25T08:00:00+00:00", results="x"
    )
    other = made.model_copy(update={"goes_live": False, "name": "Els", "reason": "Not yet."})
    page = run_report.signed(run_report.html(run), (made,), ".html")
    page = run_report.signed(page, (made, other), ".html")  # the former is not told twice
    Elements(page)
    assert page.count("Goes live</strong>") == 1
    assert "Does not go live : Els, 2026-11-25 . Not yet." in section(page, "verdict")
    assert "<script" not in page
    text = run_report.signed(run_report.markdown(run), (made, other), ".md")
    assert "- **Does not go live**: Els, 2026-11-25. Not yet.\n" in text
    assert [one for one in tokens(text) if one.type == "image"] == []
    assert "<img" not in text


def test_the_reports_count_wrong_answers_as_the_page_does(results: Results) -> None:
    told = "9 of 15 questions answered wrongly. Of all 15 answers, those to messages and in "
    for report in (run_report.html(results), run_report.markdown(results)):
        assert f"{told}conversations included, 13 fell short, also in form alone." in report


def test_the_reports_say_of_their_times_that_they_are_utc(
    results: Results, comparison: Comparison
) -> None:
    assert "2026-11-24 16:08 UTC" in run_report.markdown(results)
    compared = run_report.changes(comparison)
    assert compared.startswith("2026-11-20 09:00 UTC → 2026-11-24 16:08 UTC, ")


def test_messages_and_conversations_are_reported_apart(results: Results) -> None:
    apart = asked("hi", **GREETING, message="greeting")
    both = sum_up([*results.questions, apart], STAMP)
    assert both.overall.n == results.overall.n
    page = run_report.html(both)
    assert (
        "and 1 messages, turns of conversations and prepared questions that are reported apart"
        in page
    )
    assert "hi handled as a message" in section(page, "fine")
    assert ["messages", "1"] in [row[:2] for row in rows(run_report.markdown(both))]


def test_an_answer_is_shown_with_what_is_folded_below_it_and_what_is_wrong_with_it() -> None:
    cut = asked("cut", more=("### Drugs\n\nMore of it. [1]",), **read(cut=("In short:",)))
    short = section(run_report.html(results_of(cut)), "short")
    assert "Folded below it (1) ### Drugs More of it. [1]" in short
    assert "Cut lists In short:" in short


def test_whatever_was_found_wrong_has_a_heading_in_the_report_and_on_the_page() -> None:
    found = ("Of this.",)
    every = dict.fromkeys(("unsupported", "unconfirmed", "left_out", "missing"), found)
    every |= {"inexact_quotes": found, "forbidden_said": found}
    result = asked("all", **every, **read(cut=found, loose=found))
    assert result.findings == dict.fromkeys(run_report.FINDINGS, found)
    short = section(run_report.html(results_of(result)), "short")
    assert [one for one in run_report.FINDINGS.values() if f"{one} Of this." not in short] == []
    for language in languages():
        named = load(language).values
        assert [k for k in run_report.FINDINGS if f"evaluation.question.{k}" not in named] == []
    assert FINE.findings == {}


def test_a_significant_change_is_called_so() -> None:
    many = [asked(f"q{number}") for number in range(10)]
    refused = [asked(one.id, **REFUSED) for one in many]
    changed = compare(results_of(*many), results_of(*refused))
    said = section(run_report.html(results_of(*refused), comparison=changed), "changed")
    assert "full answer rate 100% 0% -100 -100 to -100 0.002 significantly worse" in said


# What comes from outside is data


@pytest.fixture(scope="module")
def hostile() -> Results:
    """A run in which everything that can be is an attack."""
    values: dict[str, object] = {
        "question": HOSTILE, "text": HOSTILE, "documents": (HOSTILE,), "quotes": (HOSTILE,),
        "citations": (CitedSection(number=1, document=HOSTILE, section=HOSTILE),),
        "retrieved": (RetrievedSection(document=HOSTILE, section=HOSTILE, relevant=True),),
        "facts_found": (), "facts_missing": ((HOSTILE,),), "inexact_quotes": (HOSTILE,),
        "unsupported": (HOSTILE,), "unconfirmed": (HOSTILE,), "missing": (HOSTILE,),
        "left_out": (HOSTILE,),
        "verdicts": (SentenceVerdict(text=HOSTILE, citations=(1,), supported=False),),
        "text_language": HOSTILE, "mode": HOSTILE, "model": HOSTILE, "stages_ms": {HOSTILE: 1.0},
    }  # fmt: skip
    stamp = STAMP.model_copy(
        update={
            "settings": {HOSTILE: HOSTILE, "list": [HOSTILE]},
            "prompts": {HOSTILE: HOSTILE},
            "questions": {HOSTILE: HOSTILE},
            "code_version": HOSTILE,
        }
    )
    return sum_up([asked(HOSTILE, **values)], stamp)


def attacked(hostile: Results) -> Comparison:
    better = hostile.questions[0].model_copy(update={"text": "no attack", "inexact_quotes": ()})
    return compare(sum_up([better], hostile.stamp), hostile)


@pytest.fixture(scope="module")
def hostile_page(hostile: Results) -> str:
    checks = (RuleResult(rule=HOSTILE, found=HOSTILE, passed=False),)
    return run_report.html(hostile, comparison=attacked(hostile), checks=checks)


class Elements(HTMLParser):
    """The elements of a page; those that have no end tag, or one of another, are an error."""

    VOID = frozenset({"meta", "br", "col", "input"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attributes}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_nothing_from_the_run_becomes_markup(hostile_page: str) -> None:
    elements = Elements(hostile_page)
    assert not elements.names & {"script", "img", "iframe", "object", "link", "form"}
    assert not {name for name in elements.attributes if name.startswith("on")}
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in hostile_page


def test_the_page_is_one_file_that_asks_nothing_of_the_network(page: str) -> None:
    Elements(page)
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    without_namespace = page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    for reference in ("http://", "https://", "src=", "url(", "@import", "xlink"):
        assert reference not in without_namespace
    assert {target[0] for target in re.findall(r'href="([^"]*)"', page)} == {"#"}


# The summary for a merge request


def tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)


def rows(text: str) -> list[list[str]]:
    """The cells of all tables of a Markdown text, as they are read."""
    found: list[list[str]] = []
    for token, following in zip(tokens(text), tokens(text)[1:], strict=False):
        if token.type == "tr_open":
            found.append([])
        elif token.type in ("th_open", "td_open"):
            parts = following.children or []
            found[-1].append("".join(part.content for part in parts))
    return found


def test_the_summary_shows_what_the_page_shows_with_the_questions_folded(
    page: str, results: Results, comparison: Comparison
) -> None:
    text = run_report.markdown(results, comparison=comparison, checks=CHECKS)
    assert "- ❌ failed: hit@5: 50%, at least 90% is needed; mostly: not retrieved\n" in text
    figures, *others = rows(text)
    assert figures == ["figure", "value (95% interval)", "change (points)", "p", "in words"]
    on_page = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    told = [
        cell
        for row in others
        if len(row) == 5 and row[0] != "figure"
        for cell in (row[0], row[1].partition(" ")[0], row[4])
    ]
    assert len(told) > 20
    assert [cell for cell in told if cell not in on_page] == []
    assert ["should have been refused: answered, although the documents hold no answer", "1"] in (
        others
    )
    assert "<details>\n<summary>Questions that are worse: 2</summary>\n\n| question" in text
    moved = ["refused: What about refused?", "fully answered", "refused, though answerable"]
    assert moved in [row[:3] for row in others]
    assert f"`{results.fingerprint}`" in text
    assert "code a6df0c4, index generation 20261124T155115-1e76" in text
    alone = run_report.markdown(results)
    assert "No gate was run." in alone
    assert "Not counted as misleading: results, in which" in alone
    assert rows(alone)[0] == ["figure", "value (95% interval)"]


OURS = r"</?(details|summary)>|<!-- (end of )?decisions -->"  # markup of the summary


def test_a_question_cannot_change_the_summarys_markup(hostile: Results) -> None:
    checks = (RuleResult(rule=HOSTILE, found=HOSTILE, passed=False),)
    text = run_report.markdown(hostile, comparison=attacked(hostile), checks=checks)
    for token in tokens(text):
        for part in (token, *(token.children or ())):
            if part.type.startswith("html"):
                assert "<" not in re.sub(OURS, "", part.content)
            assert part.type not in ("image", "link_open")
    assert {len(row) for row in rows(text)} == {2, 4, 5}
    assert " ".join(f"{HOSTILE}: {HOSTILE}".split()) in [row[0] for row in rows(text)]


# Causes


def test_every_cause_is_found_and_given_a_meaning() -> None:
    assert SHORT.keys() == MEANINGS.keys() == set(get_args(Cause))
    assert {cause: likely_cause(result) for cause, result in SHORT.items()} == {
        cause: cause for cause in SHORT
    }


@pytest.mark.parametrize("result", [FINE, RIGHTLY_REFUSED])
def test_what_did_not_fall_short_has_no_cause(result: QuestionResult) -> None:
    assert (result.fell_short, likely_cause(result), explain(result)) == (False, None, "")


@pytest.mark.parametrize(
    ("cause", "values"),
    [
        ("forbidden", {"forbidden_said": ("x",), "inexact_quotes": ("x",), "text_language": "de"}),
        ("wrong citation", {"inexact_quotes": ("x",), "text_language": "de", **UNANSWERABLE}),
        ("wrong citation", {"unsupported": ("x",)}),
        ("should have been refused", {**UNANSWERABLE, "text_language": "de"}),
        ("language", {"text_language": "de", **MISSED}),
        ("language", {**REFUSED, "text_language": "de"}),
        ("not retrieved", {**REFUSED, "retrieved": (OTHER,)}),
        ("refused wrongly", {**REFUSED, "judged": False, "retrieved": ()}),
        ("incomplete", {**MISSED, "facts_retrieved": 0}),
        ("incomplete", {**MISSED, "judged": False, **read(cut=("x",))}),
        ("cut list", read(cut=("x",), loose=("x",), units=4)),
        ("loose end", read(loose=("x",), units=4)),
        ("buried", read(units=4)),
        ("message", {**GREETING, "text_language": "de"}),
    ],
)
def test_of_several_causes_the_first_counts(cause: Cause, values: dict[str, object]) -> None:
    assert likely_cause(asked("q", **values)) == cause


@pytest.mark.parametrize(
    ("result", "explanation"),
    [
        (SHORT["forbidden"], "The answer says “500 miljard”, which it must not."),
        (asked("q", inexact_quotes=("A quote.",), unsupported=("93%",)),
         "The quote “A quote.” is not in its passage (and 1 more)."),
        (SHORT["wrong citation"],
         "The sentence “The market is worth 30 billion.” is not supported by [1]."),
        (SHORT["should have been refused"],
         "Answered with confidence 0.90, although the documents hold no answer."),
        (SHORT["language"], "The answer is in de, not in en or nl."),
        (asked("q", **REFUSED, text_language=""),
         "The refusal is in no language, not in en or nl."),
        (SHORT["refused wrongly"],
         "Refused with confidence 0.40; a right section was retrieved at rank 2 "
         "(drugs: Size of the market)."),
        (SHORT["not retrieved"],
         "1 of 1 fact missing, 0 of 1 in the passages; none of the 1 retrieved sections "
         "answers it."),
        (SHORT["retrieved but not chosen"],
         "1 of 1 fact missing, 1 of 1 in the passages; a right section was retrieved at rank 2 "
         "(drugs: Size of the market)."),
        (asked("q", facts_missing=(("40%",),), facts_retrieved=2),
         "1 of 2 facts missing, 2 of 2 in the passages; a right section was retrieved at rank 2 "
         "(drugs: Size of the market)."),
        (SHORT["message"], "This is a question, and was taken for greeting."),
        (asked("hi", **GREETING), "This is greeting, and was taken for a question."),
        (SHORT["misleading"], "In bold stands “2020”, which is none of the facts."),
        (SHORT["cut list"], "A list is cut at “It has three blocks:”."),
        (SHORT["loose end"], "Not to be understood where it stands: “That number is high.”."),
        (SHORT["buried"],
         "1 of 2 facts are only folded below the answer; 1 of 4 sentences and lists shown are to "
         "the point; what answers is an item of a list most of which does not."),
        (SHORT["incomplete"],
         "1 of 1 fact missing, 1 of 1 in the passages; the question names no sections to look "
         "for."),
    ],
)  # fmt: skip
def test_the_explanation_has_the_detail(result: QuestionResult, explanation: str) -> None:
    assert explain(result) == explanation


# Plots


def drawn(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)  # noqa: S314 - our own output


def texts(svg: str) -> list[str]:
    return ["".join(one.itertext()) for one in drawn(svg).iter() if one.tag.endswith("}text")]


def marks(svg: str, kind: str) -> int:
    """How many marks of a kind (symbol, rule, line, bar) are drawn, axes and legends aside."""
    return sum(one.get("class") == kind for one in drawn(svg).iter())


def test_every_plot_says_what_it_is_and_how_to_read_it(results: Results) -> None:
    made = plots.plots(results)
    assert len(made) == len(plots.PLOTS)
    for plot in made:
        assert plot.caption.endswith(".")
        root = drawn(plot.svg)
        assert root.get("role") == "img"
        assert root.get("aria-label") == root[0].text == f"{plot.title}. {plot.caption}"
    assert plots.plots(Results.model_validate_json(results.model_dump_json())) == made


@pytest.mark.parametrize(
    ("draw", "told", "drawn_marks"),
    [
        (_useful_by_language, {"nl (1)", "en (14)"}, {"symbol": 2, "rule": 2}),
        (plots.refusals, {"answerable questions", "unanswerable questions", "in use: 0.6"},
         {"line": 2, "rule": 1}),
        (plots.reliability, {"2", "13"}, {"symbol": 2}),  # the questions of each bin
        (plots.latency, {"median: 62 ms", "95th percentile: 62 ms"}, {"rule": 2}),
        (plots.stages, {"retrieve", "first sentence", "median", "95th percentile"},
         {"symbol": 4, "rule": 2}),
    ],
    ids=("useful", "refusals", "reliability", "latency", "stages"),
)  # fmt: skip
def test_a_plot_names_and_draws_what_it_is_about(
    results: Results, draw: plots.Draw, told: set[str], drawn_marks: dict[str, int]
) -> None:
    svg = draw(results)
    assert told <= set(texts(svg))
    assert {kind: marks(svg, kind) for kind in drawn_marks} == drawn_marks


def test_groups_stand_best_first_and_a_curve_needs_its_kind_and_threshold(results: Results) -> None:
    names = texts(_useful_by_language(results))
    assert names.index("nl (1)") < names.index("en (14)")
    stamp = STAMP.model_copy(update={"settings": {}})
    assert marks(plots.refusals(results.model_copy(update={"stamp": stamp})), "rule") == 0
    assert marks(plots.refusals(results_of(FINE)), "line") == 1


def test_only_the_documents_with_the_most_questions_are_drawn() -> None:
    names = [f"document-{number:02}" for number in range(plots.MOST_GROUPS)]
    many = results_of(
        asked("all", documents=(*names, "rare")),
        *(asked(name, documents=(name,)) for name in names),
    )
    svg = _useful_by_document(many)
    assert marks(svg, "symbol") == plots.MOST_GROUPS
    assert "rare (1)" not in texts(svg)


def test_a_mark_stands_where_the_ticks_say(results: Results) -> None:
    root = drawn(plots.reliability(results))
    below = (one for one in root.iter() if one.get("text-anchor") == "middle")
    at = {one.text: float(one.get("x", "")) for one in below}
    points = [one for one in root.iter() if one.get("class") == "symbol"]
    assert results.calibration is not None
    for one, point in zip(results.calibration.bins, points, strict=True):
        share = (float(point.get("cx", "")) - at["0.0"]) / (at["1.0"] - at["0.0"])
        assert share == pytest.approx(one.confidence, abs=0.001)


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 85.4, ["0", "20", "40", "60", "80", "100"]),
        (60, 2810, ["0", "1,000", "2,000", "3,000"]),
        (62, 63, ["62", "63"]),
        (0, 0, ["0", "1"]),
    ],
)
def test_an_axis_has_round_numbers(low: float, high: float, ticks: list[str]) -> None:
    axis = numbers("milliseconds", low, high)
    assert list(axis.ticks.values()) == ticks
    assert axis.low <= low <= high <= axis.high


def test_all_that_is_written_fits_in_the_picture(results: Results) -> None:
    """A letter of this size is 6 pixels wide."""
    for plot in plots.plots(results):
        for one in drawn(plot.svg).iter():
            if one.tag.endswith("}text") and "rotate" not in one.get("transform", ""):
                wide = 6 * len(one.text or "")
                before = {"start": 0, "middle": wide / 2, "end": wide}[one.get("text-anchor", "")]
                left = float(one.get("x", "")) - before
                assert left >= 0
                assert left + wide <= WIDTH


@pytest.mark.parametrize("draw", [draw for draw, _ in plots.PLOTS.values()])
def test_without_data_there_is_no_plot(draw: Callable[[Results], str]) -> None:
    assert draw(results_of()) == ""


def test_names_in_plots_are_text(hostile: Results) -> None:
    for plot in plots.plots(hostile):
        assert "<script" not in plot.svg
        assert "<img" not in plot.svg
    assert any(text.startswith("<script>") for text in texts(_useful_by_document(hostile)))


# Words and numbers


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (run_report.number(0.66781), "0.668"), (run_report.number(None), "–"),
        (run_report.number(61.8, "latency_ms"), "62"), (run_report.number(48.93, "size"), "48.9"),
        (run_report.number(0.4375, "reading"), "44%"),
        (run_report.number(0.9967, "reading"), "99%"),
        (run_report.number(0.001, "reading"), "1%"), (run_report.number(1.0, "reading"), "100%"),
        (run_report.bounds((0.188, 0.688), "reading"), "19 to 69"), (run_report.bounds(None), ""),
        (run_report.bounds((45.52, 52.1), "size"), "45.5 to 52.1"),
        ("{} {}".format(*run_report.beside(0.838, 0.84, "answers")), "83.8% 84.0%"),
        ("{} {}".format(*run_report.beside(0.8396, 0.84, "answers")), "83.96% 84.00%"),
        ("{} {}".format(*run_report.beside(0.75, 0.84, "answers")), "75% 84%"),
        (run_report.change(-0.0491, "answers"), "-5"),
        (run_report.change(0.004, "answers"), "+0.4"),
        (run_report.change(0.0, "answers"), "+0"), (run_report.change(3.2, "latency_ms"), "+3"),
        (run_report.change(None), "–"),
        (run_report.label("retrieval", "hit@1"), "hit@1"),
        (run_report.label("answers", "full_answer_rate"), "full answer rate"),
        (run_report.label("refusals", "f1"), "refusal f1"),
        (run_report.label("reading", "complete_with_more"), "complete with more"),
        (run_report.label("manners", "harmful_answered"), "harmful requests answered"),
        (run_report.label("size", "words_prose"), "words besides lists per answer"),
        (run_report.label("size", "tokens_in"), "tokens read per answer"),
        (run_report.label("latency_ms", "p95"), "latency p95 (ms)"),
        (run_report.p_value(0.0004), "< 0.001"), (run_report.p_value(0.125), "0.125"),
    ],
)  # fmt: skip
def test_figures_are_written_for_people(shown: str, expected: str) -> None:
    assert shown == expected


# The stamp


def test_the_stamp_keeps_no_secret(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path,
        openai_api_key=SecretStr("hush-1"),
        embeddings_api_key=SecretStr("hush-2"),
        chroma_token=SecretStr("hush-3"),
        database_url=SecretStr("postgresql://user:hush-4@db.example/name"),
    )
    kept = masked(settings)
    assert "hush" not in json.dumps(kept)
    address = Settings.model_construct(chroma_url="https://user:hush-5@chroma.example:8000")
    assert masked(address)["chroma_url"] == "https://***@chroma.example:8000"
    assert kept["results"] == settings.results


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("openai_base_url", "https://models.example/v1?tenant=7&code=hush#hush"),
        ("embeddings_url", "https://models.example/v1?hush"),
        ("chroma_url", "http://chroma.example:8000/?k=hush"),
    ],
)
def test_the_stamp_keeps_nothing_of_the_query_of_an_address(name: str, address: str) -> None:
    settings = Settings.model_construct(**{name: address})
    stamp = make_stamp(settings, {}, prompts={}, embedder="e5", generation="g")
    assert "hush" not in stamp.model_dump_json()
    assert stamp.settings[name] == address.partition("?")[0] + "?***"


def test_the_stamp_names_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither who has which role nor whose machine it is."""
    monkeypatch.setenv("HOME", "/home/grace")
    settings = Settings(
        data_dir=Path("/home/grace/data"),
        corpus_dirs=(Path("/home/grace/corpus"), Path("/srv/corpus")),
        role_claim="email",
        role_values={"maintainer": ["grace@example.org"]},
        role_members={"evaluator": ["grace@example.org"]},
    )
    kept = masked(settings)
    assert "grace" not in json.dumps(kept)
    assert (kept["data_dir"], kept["corpus_dirs"]) == ("~/data", ["~/corpus", "/srv/corpus"])
    assert "grace@" not in repr(settings)


def test_the_code_version_is_that_of_git_or_of_the_product(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert code_version() not in ("", VERSION)
    monkeypatch.setattr(stamping, "ROOT", tmp_path)  # a folder that git does not know
    assert code_version() == VERSION
