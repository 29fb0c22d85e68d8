"""The evaluation page: starting a run, the verdict, the decision, the list, one question; only for
evaluators."""

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import LockedError, StrategiewijzerError
from core.settings import Settings
from eval import runs
from eval.gate import RuleResult
from eval.question_results import QuestionResult
from tests.support.apps import all_text as shown
from tests.support.apps import begin_anew, labels, page_of, press, run, unfolded
from tests.support.earlier_version import VERSION_0_1_0
from tests.support.question_results import (
    BEFORE,
    FEW,
    GREETING,
    HOSTILE,
    MANY,
    MET,
    MISLEADS,
    NOW,
    REFUSED,
    RIGHT_SHARE,
    SECRET,
    STAMP,
    WRONG,
    keep,
    read,
    result_of,
)
from tests.support.waiting import RUNS_ON, until
from ui import access, jobs
from ui.access import User
from ui.evaluation.kept_runs import sign_offs_by_generation
from ui.markup import escape
from ui.texts import load
from userdata.audit import records, verify_store

READER = User(id="reader", name="Rita", role="reader")
WAITS = ("-c", RUNS_ON, "eval")
TEXTS = load("nl")


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Without any run."""
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def two(data_dir: Path) -> tuple[str, str]:
    """The names of two runs of the same questions, the earlier first."""
    return keep(data_dir, BEFORE, day=20), keep(data_dir, NOW)


def opened(**address: str) -> AppTest:
    app = page_of("evaluation")
    for name, value in address.items():
        app.query_params[name] = value
    return run(app)


def listed(app: AppTest) -> list[str]:
    """The questions in the list, in their order."""
    return [
        button.label.strip("` ")
        for button in app.button
        if str(button.key).startswith("plain-question-")
    ]


def test_without_a_run_the_page_says_what_one_is_and_offers_the_first(data_dir: Path) -> None:
    app = opened()
    assert "Er is nog geen meting" in shown(app)
    assert "Starten" in labels(app)


def test_a_damaged_run_says_so_and_the_others_can_be_chosen(
    data_dir: Path, two: tuple[str, str]
) -> None:
    (data_dir / "runs" / two[1] / "results.json").write_text("{", "utf-8")
    app = opened()
    assert app.error[0].value == TEXTS("evaluation.runs.cannot_be_read")
    assert "Make it again with: python -m eval" in shown(app)
    assert "not a run of this version" not in unfolded(app)
    run(app.selectbox(key="evaluation-run").set_value(two[0]))
    assert listed(app)
    assert "Make it again" not in shown(app)


def test_a_run_of_an_earlier_version_is_listed_and_breaks_no_page(
    data_dir: Path, two: tuple[str, str]
) -> None:
    shutil.copytree(VERSION_0_1_0 / "runs", data_dir / "runs", dirs_exist_ok=True)
    (earlier,) = set(runs.listed(data_dir)) - set(two)
    (data_dir / "runs" / "accepted").write_text(earlier)
    app = opened(run=two[1])
    assert TEXTS("evaluation.runs.baseline_unreadable") in [box.value for box in app.warning]
    assert not app.error
    assert listed(app)
    options = app.selectbox(key="evaluation-run").options
    assert TEXTS("evaluation.runs.unreadable", name=earlier) in options
    for address in ({"run": earlier}, {"run": earlier, "question": "moved"}):
        app = opened(**address)
        assert [box.value for box in app.error] == [TEXTS("evaluation.runs.cannot_be_read")]
    run(app.selectbox(key="evaluation-run").set_value(two[1]))
    assert not app.error


def test_a_run_with_a_damaged_question_is_not_compared_with(
    data_dir: Path, two: tuple[str, str]
) -> None:
    runs.accept(data_dir, two[0])
    with (data_dir / "runs" / two[0] / "questions.jsonl").open("a", encoding="utf-8") as questions:
        questions.write("{\n")
    app = opened(run=two[1])
    assert TEXTS("evaluation.runs.baseline_unreadable") in [box.value for box in app.warning]
    assert not app.error
    assert listed(app)


def test_wrong_answers_are_listed_first_the_worst_on_top_with_why(data_dir: Path) -> None:
    keep(
        data_dir, (*WRONG, result_of("bold", in_bold=("2020",)), result_of("long", **read(units=4)))
    )
    app = opened()
    page = shown(app)
    assert "Foute antwoorden: 7 van de 9 vragen" in page
    order = listed(app)
    assert set(order[:3]) == {"What about misled?", "What about half?", "What about bold?"}
    assert order[3] == "What about forbidden?"
    for reason in (
        "Geen van de verwachte feiten wordt genoemd.",
        "De documenten beantwoorden deze vraag niet, en toch is er geantwoord.",
        "Het antwoord zegt “500 miljard”, en dat mag het volgens de vragenlijst niet zeggen.",
        "Er is geen antwoord gegeven, hoewel de documenten het hebben. "
        "De sectie die de vraag beantwoordt, was wel gevonden.",
        "Vet staat “2020”, en dat is geen van de verwachte feiten.",
        "1 achtergehouden vragen",
    ):
        assert reason in page
    assert "nobody may look" not in page
    assert "<script" not in page
    (label,) = [label for label in labels(app) if "<script>" in label]
    assert all(line.startswith("`") for line in label.splitlines() if line)  # nothing but code

    run(app.toggle(key="evaluation-wrong").set_value(True))
    assert "What about long?" not in listed(app)
    run(app.multiselect(key="evaluation-filter-cause").set_value(["misleading"]))
    assert listed(app) == ["What about bold?"]


def test_filters_leave_what_fits_and_what_became_worse_is_marked(two: tuple[str, str]) -> None:
    app = opened()
    assert "5 van 5 vragen" in shown(app)
    assert "▼\N{NO-BREAK SPACE}slechter" in shown(app)
    run(app.multiselect(key="evaluation-filter-outcome").set_value(["refused_rightly"]))
    assert listed(app) == ["What about far?"]
    assert "1 van 5 vragen" in shown(app)
    run(app.multiselect(key="evaluation-filter-language").set_value(["nl"]))
    assert listed(app) == []
    assert "Geen vraag past bij deze filters" in shown(app)
    app.multiselect(key="evaluation-filter-outcome").set_value([])
    app.multiselect(key="evaluation-filter-language").set_value([])
    run(app.multiselect(key="evaluation-filter-moved").set_value(["worse"]))
    assert listed(app) == ["What about market?"]
    app.multiselect(key="evaluation-filter-moved").set_value([])
    run(app.text_input(key="evaluation-words").set_value("ABOUT deal"))
    assert listed(app) == ["What about deal?"]
    run(app.text_input(key="evaluation-words").set_value("nobody may look"))
    assert listed(app) == []  # it is held out


def test_messages_and_conversations_are_listed_apart(data_dir: Path) -> None:
    talk = [result_of(f"talk-{number}", part="conversations", **REFUSED) for number in range(3)]
    keep(data_dir, (*FEW, *talk, result_of("hi", **GREETING)))
    app = opened()
    assert "16 van 16 vragen" in shown(app)
    run(app.segmented_control(key="evaluation-part").set_value("conversations"))
    assert listed(app) == [f"What about talk-{number}?" for number in range(3)]
    run(app.segmented_control(key="evaluation-part").set_value("messages"))
    assert "Dit is een bericht en geen vraag aan de bronnen" in shown(app)


def test_a_question_shows_what_was_expected_and_both_answers(two: tuple[str, str]) -> None:
    app = opened()
    run(app.button(key=f"plain-question-{listed(app).index('What about deal?')}").click())
    assert app.query_params["question"] == "deal"
    text = shown(app)
    assert "The agreement covers 12 ports" in text
    assert "The agreement covers 14 ports" in text
    assert "Size of the market" in text
    press(app, "← Alle vragen")
    assert "question" not in app.query_params
    assert len(listed(app)) == 5
    half = shown(opened(question="half"))
    assert "✗ ontbreekt" in half
    assert "✓ gevonden" in half


def test_what_is_folded_and_what_is_wrong_with_an_answer_is_shown(data_dir: Path) -> None:
    cut = result_of("cut", more=("### Drugs\n\nMore of it. [1]",), **read(cut=("In short:",)))
    keep(data_dir, (cut, result_of("hi", **GREETING)))
    text = shown(opened(question="cut"))
    assert "Ingeklapt eronder" in text
    assert "### Drugs<br>More of it. [1]" in text
    assert "Onvolledige lijsten" in text
    assert "maar een lijst is onvolledig" in text
    message = shown(opened(question="hi"))
    assert "bericht niet juist beantwoord" in message
    assert "Dit bericht is geen vraag aan de bronnen" in message


def test_equal_answers_are_said_to_be_equal_and_all_is_shown_as_it_is(two: tuple[str, str]) -> None:
    text = shown(opened(question="nasty"))
    assert "Beide metingen geven hetzelfde antwoord." in text
    assert "<script" not in text
    assert "<img" not in text
    assert text.count(escape("<script>alert('x')</script>")) >= 6
    assert "geen vraag met deze naam" in shown(opened(question="<i>weg</i>"))
    held_out = shown(opened(question="secret"))  # which is held out, also by its address
    assert "achtergehouden vraag" in held_out
    assert SECRET.question not in held_out
    assert SECRET.text not in held_out


@pytest.mark.long
def test_a_run_that_fails_says_why(data_dir: Path) -> None:
    app = press(opened(), "Starten")  # there is no index
    job = jobs.latest(data_dir, "eval")
    assert job is not None
    until(lambda: job.state != "running", "the job has ended")
    run(app)
    assert "De laatste meting is niet gelukt" in shown(app)
    assert "make ingest" in shown(app)
    assert "make ingest" not in unfolded(app)


def ended(data_dir: Path, name: str) -> jobs.Job:
    """A job on record that made this run."""
    event = {"event": "run", "folder": name}
    job = jobs.start(data_dir, "eval", ("-c", f"print({json.dumps(event)!r})", "eval"), "")
    until(lambda: job.state != "running", "the job has ended", told=job.errors)
    return job


def test_a_run_that_another_made_is_told_and_one_that_was_seen_to_end_is_shown(
    data_dir: Path, two: tuple[str, str]
) -> None:
    job = ended(data_dir, two[1])
    assert "Deze meting tonen" not in labels(opened())
    app = opened(run=two[0])
    press(app, "Deze meting tonen")
    assert app.query_params["run"] == two[1]
    assert "Deze meting tonen" not in labels(app)
    app = opened(run=two[0])
    app.session_state["evaluation-watched"] = job.id
    run(app)
    assert app.selectbox(key="evaluation-run").value == app.query_params["run"] == two[1]


def test_who_starts_second_sees_the_run_that_is_going_on(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened()
    begin, first = jobs.start, []

    def late(*arguments: Any) -> jobs.Job:
        first.append(begin(data_dir, "eval", WAITS, "https://idp.example Els"))
        return begin(*arguments)

    monkeypatch.setattr(jobs, "start", late)
    try:
        press(app, "Starten")
        assert "Er loopt een meting" in shown(app)
        assert "door Els." in shown(app)
        assert not app.error
    finally:
        jobs.stop(first[0])


def test_a_run_that_another_started_is_told_and_can_be_stopped(data_dir: Path) -> None:
    job = jobs.start(data_dir, "eval", WAITS, "https://idp.example Els<b>")
    try:
        app = opened()
        assert "door Els&lt;b&gt;." in shown(app)
        assert "Starten" not in labels(app)
        press(app, "Deze meting stoppen")
        assert "De laatste meting is voortijdig gestopt" in shown(app)
        assert job.state == "stopped"
        assert "Starten" in labels(app)
    finally:
        jobs.stop(job)


def test_readers_do_not_see_the_page_and_are_refused_where_it_happens(
    data_dir: Path, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened()
    with monkeypatch.context() as patched:
        lose_role_after_the_first_check(patched)
        press(app, "Starten")
        assert "This needs the role evaluator" in shown(app)
    assert jobs.latest(data_dir, "eval") is None
    assert runs.accepted(data_dir) is None
    monkeypatch.setattr(access, "user", lambda: READER)
    app = opened()
    assert "Deze pagina is voor beoordelaars" in shown(app)
    assert not app.button


def test_readers_cannot_stop_a_run(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = jobs.start(data_dir, "eval", WAITS, "")
    try:
        app = opened()
        lose_role_after_the_first_check(monkeypatch)
        press(app, "Deze meting stoppen")
        assert "This needs the role evaluator" in shown(app)
        assert job.state == "running"
    finally:
        jobs.stop(job)


def lose_role_after_the_first_check(monkeypatch: pytest.MonkeyPatch) -> None:
    """The check of the page is passed, the one where the action happens is not."""
    users = iter([access.LOCAL])
    monkeypatch.setattr(access, "user", lambda: next(users, READER))


@pytest.mark.parametrize(
    ("questions", "checks", "kind", "expected"),
    [
        (MANY, (RIGHT_SHARE, MET), "success",
         "**Mag live.**\n\n"
         "- juist op het eerste scherm: 90% (96 tot 100) van 100 te beantwoorden vragen, en ten "
         "minste 78% is nodig\n"
         "- juist waar een antwoord is gegeven: 100% (96 tot 100) van 100 antwoorden\n"
         "- misleidt: 1% (0 tot 4) van 100 vragen, en ten hoogste 5% mag\n"
         "- ondertekenbaar: 100% (96 tot 100) van 100 vragen\n\n"
         "2 van de 2 regels van ` gate.yaml ` zijn gehaald over 100 vragen, "
         "vergeleken met de referentie van 24 november 2026, 09:00. Niet meegeteld"),
        (MANY, (RIGHT_SHARE, MISLEADS), "error",
         "Niet gehaald: misleidt: 7%, en ten hoogste 5% mag; vooral: niet gevonden."),
        (MANY, (), "info",
         "- ondertekenbaar: 100% (96 tot 100) van 100 vragen\n\n"
         "Bij deze meting is de kwaliteitseis niet getoetst. Meet de hele lijst."),
        (FEW, (RIGHT_SHARE, MET), "warning",
         "- ondertekenbaar: 100% (81 tot 100) van 16 vragen\n\n"
         "Deze 16 vragen bewijzen niets. Meet de hele lijst."),
        (FEW, (RIGHT_SHARE, MISLEADS), "error",
         "1 van de 2 regels van ` gate.yaml ` zijn gehaald over 16 vragen"),
    ],
    ids=("passed", "failed", "unchecked", "too few", "few and failed"),
)  # fmt: skip
def test_one_sentence_says_whether_it_may_go_live_and_only_what_passed_is_green(
    data_dir: Path,
    questions: Sequence[QuestionResult],
    checks: Sequence[RuleResult],
    kind: str,
    expected: str,
) -> None:
    keep(data_dir, questions, checks)
    app = opened()
    (box,) = getattr(app, kind)
    assert expected in box.value
    verdicts = {"success": "Mag", "error": "Mag niet", "info": "Niet get", "warning": "Te weinig"}
    assert box.value.startswith(f"**{verdicts[kind]}")
    assert "Niet meegeteld als misleidend: resultaten waarvan" in box.value
    assert len(app.success) == (kind == "success")


@pytest.mark.parametrize("every", [1, 20])
def test_the_whole_set_is_judged_by_the_gate_and_a_trial_run_is_not(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    started: list[Sequence[str]] = []

    def start(data_dir: Path, kind: str, arguments: Sequence[str], by: str) -> None:
        started.append(arguments)
        raise LockedError("One is running.")

    monkeypatch.setattr(jobs, "start", start)
    app = opened()
    app.radio(key="evaluation-every").set_value(every)
    press(app, "Starten")
    ((*arguments,),) = started
    assert arguments[:5] == ["-m", "eval", "--json", "--every", str(every)]
    assert ("--gate" in arguments) == (every == 1)


def test_rules_are_told_in_the_language_of_the_page(data_dir: Path) -> None:
    checks = (
        RuleResult(figure="size.unconfirmed", value=None, floor=1, passed=False),
        RuleResult(figure="answers.false_refusal_rate", value=0.5, ceiling=0, passed=False,
                   cause="not retrieved"),
        RuleResult(figure="answers.useful_answer_rate", language="en", value=0.5, floor=1,
                   passed=False),
        RuleResult(figure="retrieval.mrr", value=0.3, before=0.5, passed=False),
    )  # fmt: skip
    keep(data_dir, NOW, checks)
    page = shown(opened())
    assert "niet bevestigde zinnen per antwoord: –, en ten minste 1,0 is nodig" in page
    assert re.search(r"onterecht geweigerd.*: 50%, en ten hoogste 0% mag; vooral: niet gev", page)
    assert "(Engels): 50%, en ten minste 100% is nodig" in page
    assert "30%, significant slechter dan de 50% van de referentie" in page
    assert not re.search(r"at least|at most|mostly|no worse|to measure", page)


def decide(app: AppTest, name: str, reason: str, *, live: bool) -> None:
    (decision,) = [radio for radio in app.radio if radio.label == "Besluit"]
    decision.set_value(live)
    app.text_input(key="evaluation-signer").set_value(name)
    app.text_area[0].set_value(reason)
    press(app, "Besluit vastleggen")


def test_a_decision_is_kept_with_the_run_and_shown_wherever_the_run_is(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT", "true")
    begin_anew()
    name = keep(data_dir, MANY, (RIGHT_SHARE, MET))
    (asked_for,) = [text.value for text in opened().markdown if "Leg vast of" in text.value]
    assert asked_for.startswith("- juist op het eerste scherm: 90%")
    assert "- ondertekenbaar: 100% (96 tot 100) van 100 vragen\n" in asked_for
    decide(opened(), "Els <b>\u200b", "Eerst\x1b[31m de\u2028datums.", live=False)
    decide(opened(), "Els <b>", HOSTILE, live=True)
    folder = data_dir / "runs" / name
    fingerprint = json.loads((folder / "results.json").read_text("utf-8"))["fingerprint"]
    first, last = runs.sign_offs(folder)
    assert (first.goes_live, last.goes_live) == (False, True)
    assert (first.name, first.reason) == ("Els <b>", "Eerst[31m de\ndatums.")
    assert (last.name, last.reason, last.results) == ("Els <b>", HOSTILE, fingerprint)

    app = opened()
    page = shown(app)
    assert page.index("Gaat live: Els &lt;b&gt;,") < page.index("Gaat niet live: Els &lt;b&gt;,")
    assert escape(HOSTILE) in page
    assert "<script" not in page
    assert app.selectbox(key="evaluation-run").options[0].endswith(" · Gaat live")
    report = (folder / "report.html").read_text("utf-8")
    assert "<strong>Does not go live</strong>: Els &lt;b&gt;" in report
    line, goes_live = sign_offs_by_generation(data_dir, TEXTS)[STAMP.generation]
    assert "Meting van 24 november 2026, 09:00:00. Gaat live: Els" in line
    assert goes_live

    settings = Settings()
    assert verify_store(settings).broken == ""
    kept = [entry.record for entry in records(settings)]
    assert [(one["decision"], one["run"], one["results"]) for one in kept] == [
        ("does not go live", name, fingerprint),
        ("goes live", name, fingerprint),
    ]
    assert kept[0]["reason"] == first.reason


def test_with_a_decision_a_run_becomes_the_baseline(data_dir: Path) -> None:
    name = keep(data_dir, FEW)
    app = opened()
    (accept,) = [box for box in app.checkbox if "referentie" in box.label]
    accept.set_value(True)
    decide(app, "Els", "Hiermee wordt vergeleken.", live=True)
    assert runs.accepted(data_dir) == name
    assert "Dit is de referentie" in shown(app)
    assert not [box for box in app.checkbox if "referentie" in box.label]


def test_a_decision_needs_a_name_and_a_reason(data_dir: Path) -> None:
    name = keep(data_dir, FEW)
    app = opened()
    press(app, "Besluit vastleggen")
    assert "Kies een besluit en vul uw naam en een reden in." in shown(app)
    settings = Settings(data_dir=data_dir)
    for signer, reason in (
        (" ", "x"),
        ("Els", " "),
        ("\u200b", "x"),
        ("E" * 101, "x"),
        ("Els", "x" * 1001),
    ):
        with pytest.raises(StrategiewijzerError, match="needs a name"):
            runs.sign(settings, name, goes_live=True, name=signer, reason=reason, by="")
    assert runs.sign_offs(data_dir / "runs" / name) == ()


def test_a_decision_takes_the_role_of_evaluator(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = keep(data_dir, FEW)
    app = opened()
    users = iter([access.LOCAL, access.LOCAL])  # of the page, and of the name in the form
    monkeypatch.setattr(access, "user", lambda: next(users, READER))
    decide(app, "Rita", "Omdat het kan.", live=True)
    assert "This needs the role evaluator" in shown(app)
    assert runs.sign_offs(data_dir / "runs" / name) == ()


def test_who_is_signed_in_signs_under_that_name(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(data_dir, FEW)
    els = access.User(id="https://idp.example 1", name="Els", role="evaluator")
    monkeypatch.setattr(access, "user", lambda: els)
    app = opened()
    assert [field for field in app.text_input if field.label == "Uw naam"] == []
    assert "U besluit als Els." in shown(app)
