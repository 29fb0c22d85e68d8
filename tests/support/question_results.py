"""Made-up results of questions, and runs of them that are kept with a report."""

from collections.abc import Sequence
from pathlib import Path

from eval import run_report, runs
from eval.gate import ENOUGH_QUESTIONS, RuleResult
from eval.question_results import (
    CitedSection,
    QuestionResult,
    Reading,
    RetrievedSection,
    SentenceVerdict,
    likely_cause,
)
from eval.rates import sum_up
from eval.results import Stamp

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


READING = Reading(judged=True, units=1, needed=1, words_prose=6)


def result_of(name: str, **values: object) -> QuestionResult:
    """A question that was fully answered, but for what is given."""
    section = CitedSection(number=1, document="drugs", section="Size of the market")
    given: dict[str, object] = {
        "id": name, "question": f"What about {name}?", "language": "en", "kind": "number",
        "documents": ("drugs",), "answerable": True, "answered": True, "reason": "",
        "mode": "extractive", "text": "The market is worth 30 billion. [1]",
        "quotes": ("The market is worth 30 billion.",), "citations": (section,), "passages": (),
        "retrieved": (OTHER, RIGHT), "judged": True, "facts_retrieved": 1,
        "facts_found": (FACT,), "facts_missing": (), "facts_in_text": 1, "reading": READING,
        "inexact_quotes": (), "sentences": 1, "unsupported": (), "verdicts": (VERDICT,),
        "languages": ("en", "nl"), "text_language": "en", "confidence": 0.9, "missing": (),
        "words": 6, "latency_ms": 62.0,
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


DEAL = "The agreement covers 12 ports and 3 airports."
FAR = result_of("far", **REFUSED | UNANSWERABLE | {"facts_missing": ()})
SECRET = result_of("secret", question="What nobody may look at?", held_out=True)
NASTY = result_of(
    "nasty", question=HOSTILE, text=HOSTILE, quotes=(HOSTILE,), language="nl", missing=(HOSTILE,),
    history=({"question": HOSTILE, "answer_text": HOSTILE},),
)  # fmt: skip
SAME = (NASTY, FAR, SECRET)
HALF = result_of("half", **MISSED, judged=False)
BEFORE = (result_of("market"), HALF, result_of("deal", text=DEAL), *SAME)
AGREED = result_of("deal", text=DEAL.replace("12", "14"))
NOW = (result_of("market", **REFUSED), result_of("half", judged=False), AGREED, *SAME)

MANY = tuple(result_of(f"q{number}") for number in range(ENOUGH_QUESTIONS))
FEW = MANY[:16]
RIGHT_SHARE = RuleResult(figure="reading.right", value=0.9, floor=0.78, passed=True)
MISLEADS = RuleResult(
    figure="reading.misleads", value=0.07, ceiling=0.05, passed=False, cause="not retrieved"
)
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
    gate = runs.GateReport(rules="gate.yaml", baseline=stamp.date, checks=tuple(checks))
    runs.write(results, folder, run_report.html(results, checks=checks), gate if checks else None)
    return folder.name


WRONG = (
    HALF,
    result_of("refused", **REFUSED),
    result_of("forbidden", **REFUSED | UNANSWERABLE | {"facts_missing": ()},
          forbidden_said=("500 miljard",)),
    result_of("misled", **UNANSWERABLE),
    result_of("secret", question=SECRET.question, held_out=True, **REFUSED),
    result_of("hostile", question=HOSTILE, **REFUSED | {"text": HOSTILE}),
    result_of("good"),
    result_of("hi", **GREETING),
)  # fmt: skip
