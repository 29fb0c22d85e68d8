"""What an evaluator reads and signs: the report, what the terminal shows, the causes, the stamp."""

import json
import re
from pathlib import Path
from typing import get_args

import pytest
from pydantic import SecretStr

from core import VERSION
from core.settings import Settings
from eval import results as results_module
from eval import run_report
from eval.__main__ import show_run
from eval.comparison import Comparison, compare
from eval.gate import RuleResult
from eval.question_results import (
    MEANINGS,
    Cause,
    CitedSection,
    QuestionResult,
    RetrievedSection,
    SentenceVerdict,
    explain,
    likely_cause,
)
from eval.rates import sum_up
from eval.results import Results, SignOff, code_version, make_stamp, masked
from tests.support.question_results import (
    FACT,
    GREETING,
    HOSTILE,
    MISSED,
    OTHER,
    REFUSED,
    RIGHT,
    STAMP,
    UNANSWERABLE,
    VERDICT,
    read,
    result_of,
)
from tests.support.shown_html import Shown
from ui.texts import languages, load

SHORT: dict[Cause, QuestionResult] = {
    "forbidden": result_of("forbidden", forbidden_said=("500 miljard",)),
    "wrong citation": result_of(
        "cited", verdicts=(VERDICT.model_copy(update={"supported": False}),)
    ),
    "message": result_of("hello", message="greeting"),
    "should have been refused": result_of("unknown", **UNANSWERABLE),
    "language": result_of("spoken", text_language="de"),
    "refused wrongly": result_of("refused", **REFUSED),
    "not retrieved": result_of("unfound", **MISSED, retrieved=(OTHER,), facts_retrieved=0),
    "retrieved but not chosen": result_of("overlooked", **MISSED),
    "incomplete": result_of("half", **MISSED, judged=False),
    "misleading": result_of("bold", in_bold=("2020",)),
    "cut list": result_of("listed", **read(cut=("It has three blocks:",))),
    "loose end": result_of("pointing", **read(loose=("That number is high.",))),
    "buried": result_of(
        "long", **read(units=4, among_others=True), facts_found=(FACT, ("39%",)), facts_in_text=1
    ),
}
FINE = result_of("fine", question="Hoe groot is de markt?", language="nl", text_language="nl")
RIGHTLY_REFUSED = result_of("far", **REFUSED | UNANSWERABLE | {"facts_missing": ()})


def results_of(*questions: QuestionResult) -> Results:
    return sum_up(list(questions), STAMP)


@pytest.fixture(scope="module")
def results() -> Results:
    return results_of(*SHORT.values(), FINE, RIGHTLY_REFUSED)


@pytest.fixture(scope="module")
def comparison(results: Results) -> Comparison:
    """With a run in which `fine` was refused, `far` answered, and sections ranked otherwise."""
    before = {
        "fine": result_of("fine", question="Hoe groot is de markt?", language="nl", **REFUSED),
        "far": result_of("far", **UNANSWERABLE, text="Once it was answered."),
        "half": result_of("half", **MISSED, judged=False, retrieved=(RIGHT,)),
        "refused": result_of("refused"),
    }
    earlier = [before.get(result.id, result) for result in results.questions]
    stamp = STAMP.model_copy(update={"date": "2026-11-20T09:00:00+00:00", "code_version": "old"})
    return compare(sum_up(earlier, stamp), results)


CHECKS = (
    RuleResult(figure="answers.full_answer_rate", value=0.7, floor=0.6, passed=True),
    RuleResult(
        figure="reading.misleads", value=0.33, ceiling=0.05, passed=False, cause="incomplete"
    ),
    RuleResult(figure="retrieval.hit@5", value=0.5, floor=0.9, passed=False, cause="not retrieved"),
)


@pytest.fixture(scope="module")
def page(results: Results, comparison: Comparison) -> str:
    return run_report.html(results, comparison=comparison, checks=CHECKS)


def section(page: str, name: str) -> str:
    """What stands in a section of the page, in words, with single spaces."""
    found = re.search(rf'<section id="{name}".*?</section>', page, re.DOTALL)
    assert found is not None
    return " ".join(re.sub(r"<[^>]*>", " ", found[0]).split())


def test_the_page_opens_with_the_verdict_and_ends_with_the_signature(page: str) -> None:
    order = ["verdict", "changed", "short", "figures", "fine", "signoff"]
    assert re.findall(r'<section id="(\w+)"', page) == order
    assert "<details open>" in page
    counts = "9 of 15 questions answered wrongly. Of all 15 answers, those to messages and in "
    assert f"{counts}conversations included, 13 fell short, also in form alone." in page
    for field in ("Goes live", "Does not go live", "Name", "Function", "Date", "Signature"):
        assert re.search(rf"<label.*> ?{field}<?", page)
    assert '<td lang="nl">Hoe groot is de markt?</td>' in page  # in the language that it is in
    assert '<div class="text" lang="de">' in page


@pytest.mark.parametrize(
    ("name", "parts"),
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
        ("changed", ("What about half?", "0 of 1 facts, as before :", "With the same answer as")),
        ("short", (f"What fell short ({len(SHORT)} of 15 answers)",
                   *(f"{one.capitalize()} (1)" for one in MEANINGS))),
        # A failure shows what it takes to see why.
        ("short", ("What about cited?",
                   "cited · en · number · confidence 0.90 · 62 ms · extractive",
                   "a quote is not exact, or a sentence is not supported by what it cites",
                   "✓ found: 30 miljard / 30 billion",
                   "[1] drugs: Size of the market “The market is worth 30 billion.”",
                   "drugs: In brief drugs: Size of the market ← answers it", "What about unknown?",
                   "✗ missing: 30 miljard / 30 billion")),
        ("figures", ("signable 20% (0 to 40) of the questions", "calibration error",
                     "By language Language n right on the first screen", " nl 1 ",
                     "By part Part n right on the first screen", " open 15 ")),
        ("fine", ("Hoe groot is de markt? fine fully answered The market is worth",
                  "What about far? far rightly refused –")),
    ],
)  # fmt: skip
def test_a_section_of_the_page_says_in_this_order(
    page: str, name: str, parts: tuple[str, ...]
) -> None:
    rest = section(page, name)
    for part in parts:
        assert part in rest
        rest = rest.partition(part)[2]


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
    figure = "right on the first screen 100% (21 to 100) of the answerable questions"
    assert figure in section(page, "figures")
    page = run_report.html(results_of(RIGHTLY_REFUSED), checks=CHECKS[:1])
    assert "right on the first screen – of the answerable" in section(page, "figures")  # no figure
    assert "1 of 1 rules are met over 1 questions, without a baseline" in section(page, "verdict")


def test_decisions_stand_in_the_report_and_cannot_change_its_markup() -> None:
    made = SignOff(
        goes_live=True, name=HOSTILE, reason=HOSTILE, date="2026-11-25T08:00:00+00:00", results="x"
    )
    other = made.model_copy(update={"goes_live": False, "name": "Els", "reason": "Not yet."})
    page = run_report.signed(run_report.html(results_of(FINE)), (made,))
    page = run_report.signed(page, (made, other))  # the former is not repeated
    assert Shown(page).open == []
    assert page.count("Goes live</strong>") == 1
    assert "Does not go live : Els, 2026-11-25 . Not yet." in section(page, "verdict")
    assert "<script" not in page


def test_messages_and_conversations_are_reported_apart(results: Results) -> None:
    apart = result_of("hi", **GREETING, message="greeting")
    both = sum_up([*results.questions, apart], STAMP)
    assert both.overall.n == results.overall.n
    page = run_report.html(both)
    assert "and 1 messages, turns of conversations and prepared questions that are" in page
    assert "hi handled as a message" in section(page, "fine")
    assert re.search(r"By part Part n .* messages 1 ", section(page, "figures"))


def test_whatever_was_found_wrong_has_a_heading_in_the_report_and_on_the_page() -> None:
    found = ("Of this.",)
    every = dict.fromkeys(("unsupported", "unconfirmed", "left_out", "missing"), found)
    every |= {"inexact_quotes": found, "forbidden_said": found}
    folded = ("### Drugs\n\nMore of it. [1]",)
    result = result_of("all", more=folded, **every, **read(cut=found, loose=found))
    assert result.findings == dict.fromkeys(run_report.FINDINGS, found)
    short = section(run_report.html(results_of(result)), "short")
    assert "Folded below it (1) ### Drugs More of it. [1]" in short
    assert [one for one in run_report.FINDINGS.values() if f"{one} Of this." not in short] == []
    for language in languages():
        named = load(language).values
        assert [k for k in run_report.FINDINGS if f"evaluation.question.{k}" not in named] == []
    assert FINE.findings == {}


def test_a_significant_change_is_called_so() -> None:
    many = [result_of(f"q{number}") for number in range(10)]
    refused = [result_of(result.id, **REFUSED) for result in many]
    changed = compare(results_of(*many), results_of(*refused))
    changes = section(run_report.html(results_of(*refused), comparison=changed), "changed")
    assert "full answer rate 100% 0% -100 -100 to -100 0.002 significantly worse" in changes


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
        "text_language": HOSTILE, "mode": HOSTILE, "model": HOSTILE,
    }  # fmt: skip
    stamp = {key: {HOSTILE: HOSTILE} for key in ("settings", "prompts", "questions")}
    changed = STAMP.model_copy(update={**stamp, "code_version": HOSTILE})
    return sum_up([result_of(HOSTILE, **values)], changed)


def test_nothing_from_the_run_becomes_markup(hostile: Results) -> None:
    better = hostile.questions[0].model_copy(update={"text": "no attack", "inexact_quotes": ()})
    comparison = compare(sum_up([better], hostile.stamp), hostile)
    checks = (RuleResult(figure=HOSTILE, language=HOSTILE, value=0, floor=1, passed=False),)
    page = run_report.html(hostile, comparison=comparison, checks=checks)
    elements = Shown(page).elements
    names = {name for name, _ in elements}
    assert not names & {"script", "img", "iframe", "object", "link", "form"}
    assert not any(name.startswith("on") for _, attributes in elements for name in attributes)
    assert "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;" in page


def test_the_page_is_one_file_that_asks_nothing_of_the_network(page: str) -> None:
    assert Shown(page).open == []
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    without_namespace = page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    for reference in ("http://", "https://", "src=", "url(", "@import", "xlink"):
        assert reference not in without_namespace
    assert {target[0] for target in re.findall(r'href="([^"]*)"', page)} == {"#"}


def test_the_terminal_shows_what_the_report_says_in_short(
    results: Results,
    comparison: Comparison,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    show_run(results, comparison, CHECKS)
    out = " ".join(capsys.readouterr().out.split())
    for text in (
        "May not go live right on the first screen: 54%",
        "1 of 3 rules are met.",
        "FAILED: hit@5: 50%, at least 90% is needed; mostly: not retrieved",
        "Not counted as misleading: results, in which",
        "9 of 15 questions answered wrongly.",
        "all questions 15 54% (23 to 77)",
        "over the 15 questions that both runs asked; 0 were asked in only one of them.",
        "worse refused: What about refused? refused now",
    ):
        assert text in out
    show_run(results_of(FINE), None, ())
    assert "No gate was run." in capsys.readouterr().out


def test_markup_in_a_question_is_text_in_the_terminal(
    hostile: Results, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "300")
    bold = hostile.questions[0].model_copy(update={"question": "[bold]x[/bold] [/]"})
    now = sum_up([bold], hostile.stamp)
    before = sum_up([bold.model_copy(update={"text": "no attack"})], hostile.stamp)
    show_run(now, compare(before, now), ())
    assert "[bold]x[/bold] [/]" in capsys.readouterr().out


def test_every_cause_is_found_and_given_a_meaning() -> None:
    assert SHORT.keys() == MEANINGS.keys() == set(get_args(Cause))
    assert [likely_cause(result) for result in SHORT.values()] == list(SHORT)
    for result in (FINE, RIGHTLY_REFUSED):
        assert (likely_cause(result), explain(result)) == (None, "")


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
    assert likely_cause(result_of("q", **values)) == cause


@pytest.mark.parametrize(
    ("result", "detail"),
    [
        (SHORT["forbidden"], " (“500 miljard”)"),
        (result_of("hi", **GREETING), " (greeting, taken for a question)"),
        (result_of("q", **REFUSED, text_language=""), " (none, not en or nl)"),
        (SHORT["misleading"], " (wrong value; in bold: “2020”)"),
        (SHORT["buried"],
         " (1 of 4 sentences and lists shown are to the point; 1 of 2 facts are folded below)"),
    ],
)  # fmt: skip
def test_the_explanation_has_the_detail(result: QuestionResult, detail: str) -> None:
    assert result.cause is not None
    assert explain(result) == MEANINGS[result.cause] + detail


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (run_report.number(0.66781), "0.668"), (run_report.number(None), "–"),
        (run_report.number(61.8, "latency_ms.p50"), "62"),
        (run_report.number(0.9967, "reading.right"), "99%"),
        (run_report.number(0.001, "reading.right"), "1%"),
        (run_report.number(1.0, "reading.right"), "100%"),
        (run_report.bounds((0.188, 0.688), "reading.right"), "19 to 69"),
        (run_report.bounds(None), ""),
        ("{} {}".format(*run_report.beside(0.8396, 0.84, "reading.right")), "83.96% 84.00%"),
        ("{} {}".format(*run_report.beside(0.75, 0.84, "reading.right")), "75% 84%"),
        (run_report.change(-0.0491, "reading.right"), "-5"),
        (run_report.change(0.004, "reading.right"), "+0.4"),
        (run_report.change(3.2, "latency_ms.p50"), "+3"),
        (run_report.p_value(0.0004), "< 0.001"), (run_report.p_value(0.125), "0.125"),
    ],
)  # fmt: skip
def test_figures_are_written_for_people(shown: str, expected: str) -> None:
    assert shown == expected


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
    stamp = make_stamp(settings, {}, embedder="e5", generation="g")
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
    monkeypatch.setattr(results_module, "ROOT", tmp_path)  # a folder that git does not know
    assert code_version() == VERSION
