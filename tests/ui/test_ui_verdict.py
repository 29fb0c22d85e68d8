"""The verdict on a run, the decision on it, and its wrong answers."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import LockedError, StrategiewijzerError
from core.settings import Settings
from eval import release, run_report, runs
from eval.evaluate import sum_up
from eval.gate import ENOUGH_QUESTIONS, RuleResult, Rules, compare, judge
from eval.results import QuestionResult
from people.audit import records, verify_store
from tests.support.apps import begin_anew, labels, press, run
from tests.ui.test_ui_evaluation import (
    BEFORE,
    NOW,
    READER,
    data_dir,
    figures_of,
    listed,
    opened,
    percent,
    shown,
)
from tests.unit.test_eval_report import (
    GREETING,
    HOSTILE,
    MISSED,
    REFUSED,
    STAMP,
    UNANSWERABLE,
    asked,
    read,
)
from ui import access, jobs
from ui.evaluation.kept_runs import sign_offs_by_generation
from ui.markup import escape
from ui.texts import load

__all__ = ["data_dir"]  # a fixture

MANY = tuple(asked(f"q{number}") for number in range(ENOUGH_QUESTIONS))
FEW = MANY[:16]
COMPLETE = RuleResult(
    rule="reading.complete at least 0.78", found="0.9", passed=True,
    figure="reading.complete", value=0.9, floor=0.78,
)  # fmt: skip
MISLEADS = RuleResult(
    rule="reading.misleads at most 0.05", found="0.07", passed=False,
    figure="reading.misleads", value=0.07, ceiling=0.05, cause="not retrieved",
)  # fmt: skip
MET = MISLEADS.model_copy(update={"value": 0.01, "passed": True, "cause": ""})


def keep(
    data_dir: Path,
    questions: Sequence[QuestionResult],
    checks: Sequence[RuleResult] = (),
    generation: str = STAMP.generation,
) -> str:
    """A run of these questions with its reports, judged by these rules; returns its name."""
    date = "2026-11-24T09:00:00+00:00"
    stamp = STAMP.model_copy(update={"date": date, "generation": generation})
    results = sum_up(questions, stamp)
    folder = runs.new_folder(data_dir, results)
    if checks:
        found = release.GateReport(rules="gate.yaml", baseline=stamp.date, checks=tuple(checks))
        release.keep_gate(folder, found)
    page, text = (make(results, checks=checks) for make in (run_report.html, run_report.markdown))
    runs.write(results, folder, html=page, md=text)
    return folder.name


@pytest.mark.parametrize(
    ("questions", "checks", "kind", "told"),
    [
        (MANY, (COMPLETE, MET), "success",
         "**Mag live.** 2 van de 2 regels van ` gate.yaml ` zijn gehaald over 100 vragen, "
         "vergeleken met de referentie van 24 november 2026, 09:00. Beslissend: "
         "volledig: 90%, en ten minste 78% is nodig; misleidt: 1%, en ten hoogste 5% mag."),
        (MANY, (COMPLETE, MISLEADS), "error",
         "**Mag niet live.** 1 van de 2 regels van ` gate.yaml ` zijn gehaald over 100 vragen, "
         "vergeleken met de referentie van 24 november 2026, 09:00. Beslissend: "
         "misleidt: 7%, en ten hoogste 5% mag; vooral: niet gevonden; "
         "volledig: 90%, en ten minste 78% is nodig."),
        (MANY, (), "info",
         "**Niet getoetst of dit live mag.** Bij deze meting is de kwaliteitseis niet aangevinkt. "
         "Meet de hele lijst met de kwaliteitseis."),
        (FEW, (COMPLETE, MET), "warning",
         "**Te weinig vragen om te beslissen.** Deze 16 vragen bewijzen niets: volledig "
         "100% (81 tot 100); misleidt 0% (0 tot 19). Meet de hele lijst."),
        (FEW, (COMPLETE, MISLEADS), "error",
         "**Mag niet live.** 1 van de 2 regels van ` gate.yaml ` zijn gehaald over 16 vragen"),
    ],
    ids=("passed", "failed", "unchecked", "too few", "few and failed"),
)  # fmt: skip
def test_one_sentence_says_whether_it_may_go_live_and_only_what_passed_is_green(
    data_dir: Path,
    questions: Sequence[QuestionResult],
    checks: Sequence[RuleResult],
    kind: str,
    told: str,
) -> None:
    keep(data_dir, questions, checks)
    app = opened()
    (box,) = getattr(app, kind)
    assert box.value.startswith(told)
    assert len(app.success) == (kind == "success")
    rules = [one.value for one in app.markdown if one.value.startswith(("- ✓", "- ✗"))]
    assert [line.count("\n") + 1 for line in rules] == [len(checks)][: len(checks)]
    assert ("Hele lijst meten en toetsen" in labels(app)) == (kind in ("info", "warning"))


def test_a_trial_run_offers_the_whole_set_with_the_quality_check(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(data_dir, FEW)
    started: list[Sequence[str]] = []

    def start(data_dir: Path, kind: str, arguments: Sequence[str], by: str) -> None:
        started.append(arguments)
        raise LockedError("One is running.")

    monkeypatch.setattr(jobs, "start", start)
    press(opened(), "Hele lijst meten en toetsen")
    ((*arguments,),) = started
    assert arguments[:5] == ["-m", "eval", "--json", "--every", "1"]
    assert arguments[5] == "--gate"


def test_rules_are_told_in_the_language_of_the_page(data_dir: Path) -> None:
    before, now = (sum_up(questions, STAMP) for questions in (BEFORE, NOW))
    rules = {
        "at_least": {"reading.signable": 0.9, "size.tokens_in": 1},
        "at_most": {"answers.false_refusal_rate": 0},
        "in_every_language": {"answers.useful_answer_rate": 1},
        "no_worse_than_accepted": {"figures": ["retrieval.mrr"], "significance": 0.5},
    }
    comparison = compare(before, now)
    (test,) = [one for one in comparison.tests if one.name == "mrr"]
    fell = test.model_copy(update={"change": -0.2, "p_value": 0.01, "before": 0.5, "now": 0.3})
    fallen = comparison.model_copy(update={"tests": (fell,)})
    keep(data_dir, NOW, judge(Rules.model_validate(rules), now, fallen))
    told = shown(opened())
    assert "- ✗ ondertekenbaar: 83%, en ten minste 90% is nodig" in told
    assert "- ✗ gelezen tokens per antwoord: –, en ten minste 1,0 is nodig" in told
    assert re.search(r"onterecht geweigerd.*: \d+%, en ten hoogste 0% mag; vooral: \w+", told)
    assert re.search(r"\(Engels\): \d+%, en ten minste 100% is nodig", told)
    assert "30%, significant slechter dan de 50% van de referentie" in told
    assert not re.search(r"at least|at most|mostly|no worse|to measure", told)


# The decision


def decide(name: str, reason: str, *, live: bool) -> None:
    app = opened()
    (decision,) = [one for one in app.radio if one.label == "Besluit"]
    decision.set_value(live)
    app.text_input(key="evaluation-signer").set_value(name)
    app.text_area[0].set_value(reason)
    press(app, "Besluit vastleggen")


def test_a_decision_is_kept_with_the_run_and_shown_wherever_the_run_is(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT", "true")
    begin_anew()
    name = keep(data_dir, MANY, (COMPLETE, MET))
    decide("Els <b>", "Eerst de\u2028datums.", live=False)
    decide("Els <b>", HOSTILE, live=True)
    folder = data_dir / "runs" / name
    fingerprint = json.loads((folder / "results.json").read_text("utf-8"))["fingerprint"]
    first, last = release.sign_offs(folder)
    assert (first.goes_live, last.goes_live) == (False, True)
    assert (last.name, last.reason, last.results) == ("Els <b>", HOSTILE, fingerprint)

    app = opened("Metingen")
    page = shown(app)
    assert page.index("Gaat live: Els &lt;b&gt;,") < page.index("Gaat niet live: Els &lt;b&gt;,")
    assert escape(HOSTILE) in page
    assert "<script" not in page
    assert "Gaat live (Els &lt;b&gt;)" in page  # in the list of runs
    assert app.selectbox(key="evaluation-run").options[0].endswith(" · Gaat live")
    report = (folder / "report.html").read_text("utf-8")
    assert "<strong>Does not go live</strong>: Els &lt;b&gt;" in report
    assert "**Goes live**: Els &lt;b&gt;" in (folder / "report.md").read_text("utf-8")
    line, goes_live = sign_offs_by_generation(data_dir, load("nl"))[STAMP.generation]
    assert "Meting van 24 november 2026, 09:00:00. Gaat live: Els" in line
    assert goes_live

    settings = Settings()
    assert verify_store(settings).broken == ""
    kept = [one.record for one in records(settings)]
    assert [(one["decision"], one["run"], one["results"]) for one in kept] == [
        ("does not go live", name, fingerprint),
        ("goes live", name, fingerprint),
    ]
    assert kept[0]["reason"] == "Eerst de\u2028datums."


def test_a_decision_needs_a_name_and_a_reason(data_dir: Path) -> None:
    name = keep(data_dir, FEW)
    app = opened()
    press(app, "Besluit vastleggen")
    assert "Kies een besluit en vul uw naam en een reden in." in shown(app)
    settings = Settings(data_dir=data_dir)
    for signer, reason in ((" ", "x"), ("Els", " "), ("E" * 101, "x"), ("Els", "x" * 1001)):
        with pytest.raises(StrategiewijzerError, match="needs a name"):
            release.sign(settings, name, goes_live=True, name=signer, reason=reason, by="")
    assert release.sign_offs(data_dir / "runs" / name) == ()


def test_a_decision_takes_the_role_of_evaluator(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = keep(data_dir, FEW)
    app = opened()
    (decision,) = [one for one in app.radio if one.label == "Besluit"]
    decision.set_value(True)
    app.text_input(key="evaluation-signer").set_value("Rita")
    app.text_area[0].set_value("Omdat het kan.")
    users = iter([access.LOCAL, access.LOCAL])  # of the page, and of the name in the form
    monkeypatch.setattr(access, "user", lambda: next(users, READER))
    press(app, "Besluit vastleggen")
    assert "This needs the role evaluator" in shown(app)
    assert release.sign_offs(data_dir / "runs" / name) == ()


def test_who_is_signed_in_signs_under_that_name(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(data_dir, FEW)
    els = access.User(id="https://idp.example 1", name="Els", role="evaluator")
    monkeypatch.setattr(access, "user", lambda: els)
    app = opened()
    assert [one for one in app.text_input if one.label == "Uw naam"] == []
    assert "U besluit als Els." in shown(app)


def test_after_a_decision_the_box_is_closed_and_empty(data_dir: Path) -> None:
    keep(data_dir, FEW)
    app = opened()
    before = app.text_area[0].key
    (decision,) = [one for one in app.radio if one.label == "Besluit"]
    decision.set_value(False)
    app.text_input(key="evaluation-signer").set_value("Els")
    app.text_area[0].set_value("Te weinig vragen.")
    press(app, "Besluit vastleggen")
    (decision,) = [one for one in app.radio if one.label == "Besluit"]
    assert (decision.value, app.text_area[0].value) == (None, "")
    assert app.text_area[0].key != before  # another box: the browser draws it closed
    assert "Gaat niet live: Els," in shown(app)


@pytest.mark.parametrize(
    ("language", "english", "minutes"),
    [
        ("nl", "in het Engels", "enkele minuten"),
        ("en", "in English", "a few minutes"),
        ("de", "auf Englisch", "einige Minuten"),
        ("fr", "en anglais", "quelques minutes"),
    ],
)
def test_buttons_say_that_a_report_is_in_english_and_how_long_the_whole_set_takes(
    language: str, english: str, minutes: str
) -> None:
    texts = load(language)
    assert english in texts("evaluation.download.html")
    assert english in texts("evaluation.download.md")
    assert minutes in texts("evaluation.start.offline")


# Wrong answers

WRONG = (
    asked("half", **MISSED, judged=False),
    asked("refused", **REFUSED),
    asked("forbidden", **REFUSED | UNANSWERABLE | {"facts_missing": ()},
          forbidden_said=("500 miljard",)),
    asked("misled", **UNANSWERABLE),
    asked("secret", question="What nobody may look at?", held_out=True, **REFUSED),
    asked("hostile", question=HOSTILE, **REFUSED | {"text": HOSTILE}),
    asked("good"),
    asked("hi", **GREETING),
)  # fmt: skip


def wrong_listed(app: AppTest) -> list[str]:
    buttons = [one for one in app.button if str(one.key).startswith("plain-question-wrong-")]
    return [button.label.strip("` ") for button in buttons]


def test_wrong_answers_are_the_first_button_and_open_worst_first_with_why(data_dir: Path) -> None:
    keep(data_dir, WRONG)
    app = opened()
    offered = [label for label in labels(app) if label not in ("Starten", "")]
    assert offered[0] == "Foute antwoorden: 6 van de 7 vragen"
    press(app, "Foute antwoorden: 6 van de 7 vragen")
    assert app.query_params["show"] == "wrong"
    order = wrong_listed(app)
    assert set(order[:2]) == {"What about misled?", "What about half?"}  # these mislead
    assert order[2] == "What about forbidden?"
    page = shown(app)
    for told in (
        "Geen van de verwachte feiten wordt genoemd.",
        "De documenten beantwoorden deze vraag niet, en toch is er geantwoord.",
        "Het antwoord zegt “500 miljard”, en dat mag het volgens de vragenlijst niet zeggen.",
        "Er is geen antwoord gegeven, hoewel de documenten het hebben. "
        "De sectie die de vraag beantwoordt, was wel gevonden.",
        "<li>30 miljard / 30 billion</li>",
        "1 achtergehouden vragen",
        escape(HOSTILE),
    ):
        assert told in page
    assert "nobody may look" not in page
    assert "<script" not in page

    parts = app.get("button_group")[0]
    assert list(parts.options) == ["Vragen (6 van 7)", "Berichten (1 van 1)"]
    run(parts.set_value("messages"))
    assert wrong_listed(app) == ["What about hi?"]
    assert "Dit is een bericht en geen vraag aan de bronnen" in shown(app)
    run(app.button(key="plain-question-wrong-0").click())
    assert app.query_params["question"] == "hi"
    press(app, "← Alle vragen")
    assert "Foute antwoorden" in shown(app)
    press(app, "← Naar de cijfers")
    assert "show" not in app.query_params
    press(app, "Foute antwoorden: 6 van de 7 vragen")
    assert len(wrong_listed(app)) == 5  # the first part again, not what was looked at before


def test_the_verdict_leads_to_the_answers_with_the_cause_that_it_names(data_dir: Path) -> None:
    long = read(units=4)
    folded = asked("folded", **long, facts_in_text=0)
    checks = (MISLEADS.model_copy(update={"cause": "buried"}), COMPLETE)
    keep(data_dir, (*MANY, *WRONG, folded), checks)
    app = opened()
    press(app, "Foute antwoorden: 6 van de 108 vragen")
    assert "What about folded?" not in wrong_listed(app)
    press(app, "← Naar de cijfers")
    press(app, "Waardoor vooral: te veel bijzaken")
    assert wrong_listed(app) == ["What about folded?"]
    assert "alle feiten staan er" in shown(app)
    run(app.selectbox(key="evaluation-wrong-cause").set_value(""))
    assert len(wrong_listed(app)) == 5


def test_a_run_without_wrong_answers_offers_none(data_dir: Path) -> None:
    keep(data_dir, FEW)
    (button,) = [one for one in opened().button if one.label.startswith("Foute antwoorden")]
    assert button.label == "Foute antwoorden: 0 van de 16 vragen"
    assert button.disabled


# One set of figures


def test_a_page_has_one_set_of_figures_and_counts_messages_and_conversations_apart(
    data_dir: Path,
) -> None:
    talk = [asked(f"talk-{number}", part="conversations", **REFUSED) for number in range(3)]
    name = keep(data_dir, (*FEW, asked("miss", **MISSED), *talk, asked("hi", **GREETING)))
    overall = figures_of(data_dir, name)
    complete = percent(overall["reading"]["complete"], overall["intervals"]["reading"]["complete"])
    page = shown(opened())
    assert "Belangrijkste cijfers over 17 vragen" in page
    table = page.partition("Vragen (17)")[2].partition("Beurten van gesprekken (3)")
    assert complete in table[0]
    assert "0% (0 tot 56)" in table[2].partition("Berichten (1)")[0]
    assert "berichten goed opgevangen" in table[2].partition("Berichten (1)")[2]
    assert "berichten goed opgevangen" not in table[0]

    app = opened("Vragen")
    assert "17 van 17 vragen" in shown(app)
    assert "Cijfers van deze vragen" not in "".join(box.label for box in app.expander)
    parts = app.get("button_group")[0]
    run(parts.set_value("conversations"))
    assert listed(app) == [f"What about talk-{number}?" for number in range(3)]


def test_the_list_has_a_row_for_each_run_with_its_verdict(data_dir: Path) -> None:
    sets = {f"file-{number}.yaml": "189f" for number in range(15)}
    stamp = STAMP.model_copy(update={"questions": sets, "date": "2026-11-20T09:00:00+00:00"})
    results = sum_up(FEW, stamp)
    runs.write(results, runs.new_folder(data_dir, results))
    keep(data_dir, MANY, (COMPLETE, MET))
    page = shown(opened("Metingen")).partition("Mag live?")[2]
    rows = [re.sub(r"<[^>]+>", " ", row) for row in page.split("<tr>")[1:3]]
    assert "mag live" in rows[0]
    assert "core.yaml" in rows[0]
    assert "te weinig vragen" in rows[1]
    assert "15 bestanden" in rows[1]
    assert "file-3.yaml" not in rows[1]
