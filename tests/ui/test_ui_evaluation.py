"""The evaluation page: figures, what changed, each question, starting a run, the verdict on it, the
decision and the wrong answers; only for evaluators."""

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.errors import LockedError, QuestionSetError, StrategiewijzerError
from core.prepared import Approval
from core.settings import Settings
from eval import release, run_report, runs
from eval.evaluate import sum_up
from eval.gate import ENOUGH_QUESTIONS, RuleResult, Rules, compare, judge
from eval.rates import RATES
from eval.results import QuestionResult, Stamp
from eval.run_report import number
from ingest.publishing.own_questions import OwnQuestions, asked_in
from ingest.reading.question_file import PreparedAnswer, own_file
from tests.support.apps import begin_anew, labels, press, run, unfolded
from tests.support.waiting import RUNS_ON, until
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
from ui.access import User
from ui.evaluation import page
from ui.evaluation.kept_runs import label, sign_offs_by_generation
from ui.evaluation.questions import word_diff
from ui.markup import escape
from ui.texts import languages, load
from userdata.audit import records
from userdata.audit_check import verify_store

READER = User(id="reader", name="Rita", role="reader")
WAITS = ("-c", RUNS_ON, "eval")
TEXTS = load("nl")
DEAL = "The agreement covers 12 ports and 3 airports."
FAR = asked("far", **REFUSED | UNANSWERABLE | {"facts_missing": ()})
SECRET = asked("secret", question="What nobody may look at?", held_out=True)
NASTY = asked(
    "nasty",
    question=HOSTILE,
    text=HOSTILE,
    quotes=(HOSTILE,),
    language="nl",
    history=({"question": HOSTILE, "answer_text": HOSTILE},),
    missing=(HOSTILE,),
)
SAME = (NASTY, FAR, SECRET)
BEFORE = (asked("market"), asked("half", **MISSED, judged=False), asked("deal", text=DEAL), *SAME)
AGREED = asked("deal", text=DEAL.replace("12", "14"))
NOW = (asked("market", **REFUSED), asked("half", judged=False), AGREED, *SAME)


MANY = tuple(asked(f"q{number}") for number in range(ENOUGH_QUESTIONS))
FEW = MANY[:16]
RIGHT_SHARE = RuleResult(
    rule="reading.right at least 0.78", found="0.9", passed=True,
    figure="reading.right", value=0.9, floor=0.78,
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
    *,
    day: int = 24,
    stamp: Stamp = STAMP,
) -> str:
    """A run of these questions with its reports, made on this day; returns its name."""
    stamp = stamp.model_copy(update={"date": f"2026-11-{day:02}T09:00:00+00:00"})
    results = sum_up(questions, stamp)
    folder = runs.new_folder(data_dir, results)
    if checks:
        found = release.GateReport(rules="gate.yaml", baseline=stamp.date, checks=tuple(checks))
        release.keep_gate(folder, found)
    page, text = (make(results, checks=checks) for make in (run_report.html, run_report.markdown))
    runs.write(results, folder, html=page, md=text)
    return folder.name


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Without any run."""
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture
def two(data_dir: Path) -> tuple[str, str]:
    """The names of two runs of the same questions, the earlier first."""
    return keep(data_dir, BEFORE, day=20), keep(data_dir, NOW)


def _page() -> None:
    from ui.evaluation import page as evaluation

    evaluation.page()


def opened(tab: str = "", **address: str) -> AppTest:
    app = AppTest.from_function(_page, default_timeout=60)
    for name, value in address.items():
        app.query_params[name] = value
    if tab:
        app.session_state["evaluation-tab"] = tab
    return run(app)


def shown(app: AppTest) -> str:
    """All text of the page, ours and data, as it is sent to the browser."""
    boxes = (*app.html, *app.error, *app.warning, *app.info, *app.success, *app.markdown)
    return "\n".join(str(getattr(box, "body", "") or box.value) for box in boxes)


def listed(app: AppTest) -> list[str]:
    """The questions in the list, in their order."""
    return [
        button.label.strip("` ")
        for button in app.button
        if str(button.key).startswith("plain-question-")
    ]


def percent(value: float, interval: tuple[float, float] | None = None) -> str:
    """A rate as the page writes it: "44% (19 tot 69)"."""
    low_high = [f"{number(end, 'reading')}"[:-1] for end in interval or ()]
    return number(value, "reading") + (f" ({' tot '.join(low_high)})" if interval else "")


def figures_of(data_dir: Path, name: str) -> Mapping[str, Any]:
    overall: Mapping[str, Any] = json.loads((data_dir / "runs" / name / "results.json").read_text())
    return overall["overall"]


# Figures


def test_without_a_run_the_page_says_what_one_is_and_offers_the_first(data_dir: Path) -> None:
    app = opened()
    assert "Er is nog geen meting" in shown(app)
    assert "Starten" in labels(app)
    assert not app.tabs
    assert app.checkbox(key="evaluation-gate").value
    run(app.radio(key="evaluation-every").set_value(20))
    assert not app.checkbox  # the gate judges only the whole of our set


def test_figures_are_those_of_the_run_first_what_readers_notice_the_technical_ones_folded(
    data_dir: Path, two: tuple[str, str]
) -> None:
    app = opened()
    overall = figures_of(data_dir, two[1])
    table = shown(app)
    told = {
        name: percent(value, interval)
        for group in ("reading", "retrieval", "answers", "citations")
        for name, value in overall[group].items()
        if value is not None and (interval := overall["intervals"].get(group, {}).get(name))
    }
    assert len(told) > 10
    assert {name: one for name, one in told.items() if one not in table} == {}
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["bruikbaar"] == percent(overall["answers"]["useful_answer_rate"])
    assert metrics["juist op het eerste scherm"] == percent(overall["reading"]["right"])
    first = ["juist op het eerste scherm", "juist waar een antwoord is gegeven"]
    first += ["misleidt", "ondertekenbaar"]
    assert [metric.label for metric in app.metric][:4] == first
    folded = {box.label: "".join(one.body for one in box.html) for box in app.expander}
    assert "juiste sectie eerst (hit@1)" in folded["Technische cijfers"]
    assert table.count("juiste sectie eerst (hit@1)") == 1
    assert "misleidt" not in folded["Technische cijfers"]
    more = next(box for box in app.expander if box.label == "Meer kerncijfers")
    assert "letterlijke citaten" in [metric.label for metric in more.metric]
    assert "Instellingen, prompts, index en versie zijn gelijk." in table  # of the run before it
    assert '<th scope="row">Engels</th>' in table
    run(app.get("button_group")[0].set_value("part"))
    assert '<th scope="row">achtergehouden</th>' in shown(app)


@pytest.mark.parametrize("language", languages())
def test_every_figure_has_a_name_in_the_language_of_the_page(language: str) -> None:
    texts = load(language)
    figures = [(group, name) for group, names in RATES.items() for name in names]
    names = {label(*figure, texts) for figure in (*figures, ("latency_ms", "p50"))}
    assert len(names) == len(figures) + 1
    assert not {f"{group}.{name}" for group, name in figures} & names


def test_what_differs_between_two_runs_stands_above_their_figures(data_dir: Path) -> None:
    stamp = STAMP.model_copy(
        update={
            "settings": STAMP.settings | {"results": 3, "<b>": HOSTILE},
            "prompts": {"answer.md": "other", "phrases/nl.yaml": "new"},
            "code_version": "b7b7b7b",
        }
    )
    keep(data_dir, BEFORE, day=20, stamp=stamp)
    keep(data_dir, NOW)
    app = opened()
    bodies = [one.body for one in app.html]
    (told,) = (body for body in bodies if "sw-differences" in body)
    plain = re.sub(r"<[^>]+>", "", told)
    assert "Versie: b7b7b7b →is nu a6df0c4" in plain
    assert "Instelling results: 3 →is nu 6" in plain
    assert "Gewijzigde prompts: answer.md, phrases/nl.yaml" in plain
    assert "Index" not in plain
    assert escape(HOSTILE) in told
    assert HOSTILE not in told
    assert bodies.index(told) < next(n for n, body in enumerate(bodies) if "Belangrijkste" in body)
    run(app.selectbox(key="evaluation-compared").set_value("none"))
    assert "sw-differences" not in shown(app)


def test_a_run_is_compared_with_the_one_before_and_the_change_is_told_in_words(
    data_dir: Path, two: tuple[str, str]
) -> None:
    app = opened()
    assert app.query_params["compared"] == two[0]
    before, now = (figures_of(data_dir, name)["answers"]["false_refusal_rate"] for name in two)
    changes = {metric.label: metric.delta for metric in app.metric}
    assert changes["onterecht geweigerd"] == f"{100 * (now - before):+.0f} procentpunt"
    assert "slechter, kan toeval zijn" in shown(app)

    run(app.selectbox(key="evaluation-compared").set_value("none"))
    assert "kan toeval zijn" not in shown(app)
    assert app.query_params["compared"] == "none"
    other = keep(data_dir, (asked("other"),), day=19)
    run(app)
    run(app.selectbox(key="evaluation-compared").set_value(other))
    assert "geen vraag gemeen" in shown(app)
    assert app.metric

    run(app.selectbox(key="evaluation-run").set_value(two[0]))
    complete = figures_of(data_dir, two[0])["reading"]["right"]
    assert app.metric[0].value == percent(complete)


def test_an_address_with_an_unknown_run_is_told_and_the_kept_runs_are_listed(
    two: tuple[str, str],
) -> None:
    app = opened("Metingen", run="<b>nee</b>")
    assert "geen meting met deze naam" in shown(app)
    assert app.selectbox(key="evaluation-run").value == two[1]
    assert all(made in shown(app) for made in (*two, STAMP.generation, STAMP.code_version))


# Damage


def test_a_damaged_run_says_so_and_the_others_can_be_chosen(
    data_dir: Path, two: tuple[str, str]
) -> None:
    (data_dir / "runs" / two[1] / "results.json").write_text("{", "utf-8")
    app = opened()
    assert app.error[0].value == TEXTS("evaluation.problem")
    assert "Make it again with: python -m eval" in shown(app)
    assert "not a run of this version" in shown(app)
    assert "not a run of this version" not in unfolded(app)
    run(app.selectbox(key="evaluation-run").set_value(two[0]))
    run(app.selectbox(key="evaluation-compared").set_value("none"))
    assert app.metric
    assert not app.error


# Questions


def test_what_became_worse_is_listed_first_and_filters_leave_what_fits(
    two: tuple[str, str],
) -> None:
    app = opened("Vragen")
    assert listed(app)[:3] == ["What about market?", "What about half?", "What about deal?"]
    assert "▼\N{NO-BREAK SPACE}slechter" in shown(app)
    assert "▲\N{NO-BREAK SPACE}beter" in shown(app)
    assert "5 van 5 vragen" in shown(app)
    assert "1 achtergehouden vragen" in shown(app)
    (label,) = [label for label in labels(app) if "<script>" in label]
    assert all(line.startswith("`") for line in label.splitlines() if line)  # nothing but code

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


def test_a_question_shows_both_answers_and_how_they_differ(two: tuple[str, str]) -> None:
    app = opened("Vragen")
    run(app.button(key="plain-question-2").click())
    assert app.query_params["question"] == "deal"
    text = shown(app)
    assert "The agreement covers <del>" in text
    assert "The agreement covers <ins>" in text
    assert "alleen in de vergelijking:" in text
    assert "</del> ports and 3 airports." in text
    assert "Size of the market" in text

    press(app, "Vorige vraag")
    assert app.query_params["question"] == "half"
    assert "✗ ontbreekt" in shown(app)
    assert "✓ gevonden" in shown(app)
    press(app, "← Alle vragen")
    assert "question" not in app.query_params
    assert len(listed(app)) == 5


def test_what_is_folded_and_what_is_wrong_with_an_answer_is_shown(data_dir: Path) -> None:
    cut = asked("cut", more=("### Drugs\n\nMore of it. [1]",), **read(cut=("In short:",)))
    keep(data_dir, (cut, asked("hi", **GREETING)))
    text = shown(opened(question="cut"))
    assert "Ingeklapt eronder" in text
    assert "### Drugs<br>More of it. [1]" in text
    assert "Onvolledige lijsten" in text
    assert "maar een lijst is onvolledig" in text
    message = shown(opened(question="hi"))
    assert "bericht niet juist beantwoord" in message
    assert "Dit bericht is geen vraag aan de bronnen" in message


def test_equal_answers_are_said_to_be_equal_and_all_is_shown_as_it_is(
    two: tuple[str, str],
) -> None:
    text = shown(opened(question="nasty"))
    assert "Beide metingen geven hetzelfde antwoord." in text
    assert "<del>" not in text
    assert "<script" not in text
    assert "<img" not in text
    assert text.count(escape("<script>alert('x')</script>")) >= 6
    assert "geen vraag met deze naam" in shown(opened(question="<i>weg</i>"))
    told = shown(opened(question="secret"))  # which is held out, also by its address
    assert "achtergehouden vraag" in told
    assert SECRET.question not in told
    assert SECRET.text not in told


@pytest.mark.parametrize(
    ("before", "now", "left", "right"),
    [
        ("same words here", "same  words\nhere", [], []),
        ("a b c d e f g", "a b c X e f g", ["d"], ["X"]),
        ("", "all of it", [], ["all of it"]),
        ("<b>x</b>", "<i>x</i>", ["&lt;b&gt;x&lt;/b&gt;"], ["&lt;i&gt;x&lt;/i&gt;"]),
    ],
)
def test_words_that_differ_are_marked_on_either_side(
    before: str, now: str, left: list[str], right: list[str]
) -> None:
    then, since = word_diff(before, now, TEXTS)
    assert then.count("<del>") == len(left)
    assert since.count("<ins>") == len(right)
    assert all(f"</span>{word}<span" in then for word in left)
    assert all(f"</span>{word}<span" in since for word in right)


# Trend


def test_each_chart_has_its_text_the_table_every_figure_and_other_questions_are_left_out(
    data_dir: Path, two: tuple[str, str]
) -> None:
    keep(data_dir, (asked("other"),), day=22)
    app = opened("Verloop")
    charts = app.get("vega_lite_chart")
    assert len(charts) == 2
    assert {chart.proto.alt for chart in charts} == {
        f"Lijngrafiek van {name} van meting tot meting, met het 95%-interval. "
        "Het tabblad Tabel bevat dezelfde cijfers."
        for name in ("juist op het eerste scherm", "ondertekenbaar")
    }
    # The rows stand in the chart, for which Streamlit needs no package of data frames.
    assert not [chart for chart in charts if chart.proto.datasets or chart.proto.data.data]
    assert all(chart.proto.spec.count('"values": [{') == 4 for chart in charts)
    for name in two:
        overall = figures_of(data_dir, name)
        low, high = overall["intervals"]["answers"]["useful_answer_rate"]
        value = overall["answers"]["useful_answer_rate"]
        assert percent(value, (low, high)) in shown(app)
    assert "2 metingen met dezelfde vragen" in shown(app)
    assert "1 andere zijn niet vergelijkbaar" in shown(app)


def test_one_run_is_no_trend_yet(data_dir: Path) -> None:
    keep(data_dir, BEFORE)
    app = opened("Verloop")
    assert "na een tweede meting met dezelfde vragen" in shown(app)
    assert not app.get("vega_lite_chart")


# Accept


def test_a_run_is_accepted_and_that_is_undone(data_dir: Path, two: tuple[str, str]) -> None:
    app = opened()
    for before in (None, two[0]):
        if before:
            runs.accept(data_dir, before)
            run(app)
        press(app, "Ja, als referentie instellen")
        assert runs.accepted(data_dir) == two[1]
        assert "Dit is de referentie" in shown(app)
        press(app, "Ongedaan maken")
        assert runs.accepted(data_dir) == before
    press(app, "Ja, als referentie instellen")
    assert runs.accepted(data_dir) == two[1]


# Start and stop

SET = b"""- id: own-1
  question: "What is it worth?"
  language: en
  answerable: true
  kind: number
  facts: [["30 billion"]]
"""


def give(app: AppTest, name: str, content: bytes) -> AppTest:
    return run(app.file_uploader[0].set_value((name, content, "application/yaml")))


def test_an_own_question_set_is_checked_kept_and_chosen(data_dir: Path) -> None:
    app = give(opened(), "../mijn lijst.yml", SET)
    assert (data_dir / "questions" / "mijn-lijst.yaml").read_bytes() == SET
    assert app.selectbox(key="evaluation-set").value == "mijn-lijst.yaml"
    assert not app.checkbox  # the gate is made for our whole set


def test_a_set_that_is_none_is_refused_with_what_is_wrong(data_dir: Path) -> None:
    app = opened()
    for content, told in ((b"- id: x\n", "question &#x27;x&#x27;"), (SET + SET, "already used")):
        give(app, "lijst.yaml", content)
        assert "Deze vragenlijst is niet toegevoegd" in shown(app)
        assert told in shown(app)
        assert "lijst.yaml" in shown(app)
        assert told not in unfolded(app)
        assert str(data_dir) not in shown(app)
        assert list((data_dir / "questions").iterdir()) == []
    with pytest.raises(QuestionSetError, match="has no name"):
        page.keep(data_dir, "...yaml", SET)


@pytest.mark.long
def test_a_run_that_fails_says_why(data_dir: Path) -> None:
    app = give(opened(), "lijst.yaml", SET)
    press(app, "Starten")  # there is no index
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


def test_a_run_that_another_made_is_told_and_shown_on_request(
    data_dir: Path, two: tuple[str, str]
) -> None:
    ended(data_dir, two[1])
    assert "Deze meting tonen" not in labels(opened())
    app = opened(run=two[0])
    press(app, "Deze meting tonen")
    assert app.query_params["run"] == two[1]
    assert "Deze meting tonen" not in labels(app)


def test_the_run_that_was_seen_to_end_is_the_one_that_is_shown(
    data_dir: Path, two: tuple[str, str]
) -> None:
    job = ended(data_dir, two[1])
    app = AppTest.from_function(_page, default_timeout=60)
    app.query_params["run"] = two[0]
    app.session_state["evaluation-watched"] = job.id
    run(app)
    assert app.query_params["run"] == two[1]
    assert app.selectbox(key="evaluation-run").value == two[1]


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


# Who may


def test_readers_do_not_see_the_page_and_are_refused_where_it_happens(
    data_dir: Path, two: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for action in ("Starten", "Ja, als referentie instellen"):
        app = opened()
        with monkeypatch.context() as patched:
            lose_role_after_the_first_check(patched)
            press(app, action)
            assert "This needs the role evaluator" in shown(app)
    assert jobs.latest(data_dir, "eval") is None
    assert runs.accepted(data_dir) is None
    monkeypatch.setattr(access, "user", lambda: READER)
    app = opened()
    assert "Deze pagina is voor beoordelaars" in shown(app)
    assert not app.button
    assert not app.metric


def test_readers_can_neither_stop_a_run_nor_add_a_set(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = opened()
    monkeypatch.setattr(access, "user", lambda: READER)
    give(app, "lijst.yaml", SET)  # the page was open when the role went
    assert not (data_dir / "questions").exists()
    monkeypatch.undo()
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(data_dir))

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


# May it go live


@pytest.mark.parametrize(
    ("questions", "checks", "kind", "told"),
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
         "- misleidt: 7% (0 tot 4) van 100 vragen, en ten hoogste 5% mag; vooral: niet gevonden\n"
         "- ondertekenbaar: 100% (96 tot 100) van 100 vragen\n\n"
         "1 van de 2 regels van ` gate.yaml ` zijn gehaald over 100 vragen, "
         "vergeleken met de referentie van 24 november 2026, 09:00. "
         "Niet gehaald: misleidt: 7%, en ten hoogste 5% mag; vooral: niet gevonden."),
        (MANY, (), "info",
         "- misleidt: 0% (0 tot 4) van 100 vragen\n"
         "- ondertekenbaar: 100% (96 tot 100) van 100 vragen\n\n"
         "Bij deze meting is de kwaliteitseis niet aangevinkt. Meet de hele lijst met de "
         "kwaliteitseis."),
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
    told: str,
) -> None:
    keep(data_dir, questions, checks)
    app = opened()
    (box,) = getattr(app, kind)
    assert told in box.value
    verdict = {
        "success": "Mag",
        "error": "Mag niet",
        "info": "Niet getoetst",
        "warning": "Te weinig",
    }
    assert box.value.startswith(f"**{verdict[kind]}")
    assert "Niet meegeteld als misleidend: resultaten waarvan" in box.value
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
    assert "- ✗ ondertekenbaar: 67%, en ten minste 90% is nodig" in told
    assert "- ✗ gelezen tokens per antwoord: –, en ten minste 1,0 is nodig" in told
    assert re.search(r"onterecht geweigerd.*: \d+%, en ten hoogste 0% mag; vooral: \w+", told)
    assert re.search(r"\(Engels\): \d+%, en ten minste 100% is nodig", told)
    assert "30%, significant slechter dan de 50% van de referentie" in told
    assert not re.search(r"at least|at most|mostly|no worse|to measure", told)


# Approved answers


def test_what_is_in_error_is_named_and_the_rest_of_the_page_is_there(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DOCUMENTS_DIR", str(data_dir / "documents"))
    begin_anew()
    keep(data_dir, MANY, (RIGHT_SHARE, MET))
    approved = Approval(by="maintainer", organisation="Port", on=datetime.date(2026, 11, 29))
    answer = PreparedAnswer(
        units=("The quay has 31 cranes.",), questions=asked_in("en", "Cranes?"), approved=approved
    )
    own = OwnQuestions(Settings())
    own.add("harbour.en", [answer])
    own_file(data_dir / "documents", "quay.en").write_text("answers: 1", "utf-8")
    own_sets = data_dir / "questions"
    own_sets.mkdir()
    (own_sets / "approved-answers.yaml").write_text("no: list", "utf-8")
    app = opened()
    page = shown(app)
    assert "Mag live." in page
    assert unfolded(app).count("quay.en.questions.yaml") == 1
    assert "answers is not a list" in page
    assert "approved-answers.yaml" in page

    (own_sets / "approved-answers.yaml").unlink()
    assert "Cranes?" in shown(opened())


# The decision


def decide(app: AppTest, name: str, reason: str, *, live: bool) -> None:
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
    name = keep(data_dir, MANY, (RIGHT_SHARE, MET))
    (asked_for,) = [one.value for one in opened().markdown if "Leg vast of" in one.value]
    assert asked_for.startswith("- juist op het eerste scherm: 90%")
    assert "- ondertekenbaar: 100% (96 tot 100) van 100 vragen\n" in asked_for
    decide(opened(), "Els <b>\u200b", "Eerst\x1b[31m de\u2028datums.", live=False)
    decide(opened(), "Els <b>", HOSTILE, live=True)
    folder = data_dir / "runs" / name
    fingerprint = json.loads((folder / "results.json").read_text("utf-8"))["fingerprint"]
    first, last = release.sign_offs(folder)
    assert (first.goes_live, last.goes_live) == (False, True)
    assert (first.name, first.reason) == ("Els <b>", "Eerst[31m de\ndatums.")
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
    line, goes_live = sign_offs_by_generation(data_dir, TEXTS)[STAMP.generation]
    assert "Meting van 24 november 2026, 09:00:00. Gaat live: Els" in line
    assert goes_live

    settings = Settings()
    assert verify_store(settings).broken == ""
    kept = [one.record for one in records(settings)]
    assert [(one["decision"], one["run"], one["results"]) for one in kept] == [
        ("does not go live", name, fingerprint),
        ("goes live", name, fingerprint),
    ]
    assert kept[0]["reason"] == first.reason


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
            release.sign(settings, name, goes_live=True, name=signer, reason=reason, by="")
    assert release.sign_offs(data_dir / "runs" / name) == ()


def test_a_decision_takes_the_role_of_evaluator(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = keep(data_dir, FEW)
    app = opened()
    users = iter([access.LOCAL, access.LOCAL])  # of the page, and of the name in the form
    monkeypatch.setattr(access, "user", lambda: next(users, READER))
    decide(app, "Rita", "Omdat het kan.", live=True)
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
    decide(app, "Els", "Te weinig vragen.", live=False)
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
    long, bold = asked("long", **read(units=4)), asked("bold", in_bold=("2020",))
    checks = (MISLEADS.model_copy(update={"cause": "buried"}), RIGHT_SHARE)
    keep(data_dir, (*MANY, *WRONG, long, bold), checks)
    app = opened()
    press(app, "Foute antwoorden: 7 van de 109 vragen")
    assert "What about long?" not in wrong_listed(app)
    assert "What about bold?" in wrong_listed(app)
    assert "Vet staat “2020”, en dat is geen van de verwachte feiten." in shown(app)
    press(app, "← Naar de cijfers")
    press(app, "Waardoor vooral: te veel bijzaken")
    assert wrong_listed(app) == ["What about long?"]
    assert "alle feiten staan er" in shown(app)
    run(app.selectbox(key="evaluation-wrong-cause").set_value(""))
    assert len(wrong_listed(app)) == 6


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
    complete = percent(overall["reading"]["right"], overall["intervals"]["reading"]["right"])
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
    keep(data_dir, FEW, day=20, stamp=STAMP.model_copy(update={"questions": sets}))
    keep(data_dir, MANY, (RIGHT_SHARE, MET))
    page = shown(opened("Metingen")).partition("Mag live?")[2]
    rows = [re.sub(r"<[^>]+>", " ", row) for row in page.split("<tr>")[1:3]]
    assert "mag live" in rows[0]
    assert "core.yaml" in rows[0]
    assert "te weinig vragen" in rows[1]
    assert "15 bestanden" in rows[1]
    assert "file-3.yaml" not in rows[1]
