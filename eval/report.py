"""The files of a run: `results.json` for programs, `report.html` for people.

The report is one file that needs no network and can be printed. Questions, answers and headings
are data: the template escapes everything.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.errors import StrategiewijzerError
from eval.compare import (
    LATENCY,
    Difference,
    Figure,
    differences,
    figures,
    same_questions,
)
from eval.metrics import Interval, first_relevant
from eval.results import QuestionResult, Results

NOTHING = "–"  # shown for a figure that does not apply


def write(results: Results, out: Path, baseline: Results | None = None) -> tuple[Path, Path]:
    """Write both files into the folder `out`; returns their paths.

    Raises:
        StrategiewijzerError: the folder cannot be written to.
    """
    data, report = out / "results.json", out / "report.html"
    try:
        out.mkdir(parents=True, exist_ok=True)
        data.write_text(results.model_dump_json(indent=2) + "\n", "utf-8")
        report.write_text(html(results, baseline), "utf-8")
    except OSError as error:
        raise StrategiewijzerError(
            f"{out}: cannot be written to ({error.strerror}). Choose another folder with --out."
        ) from None
    return data, report


def html(results: Results, baseline: Results | None = None) -> str:
    """The report, with the questions that fell short first and each with its likely cause."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        results=results,
        groups={
            "language": results.by_language,
            "kind": results.by_kind,
            "document": results.by_document,
        },
        short=[result for result in results.questions if result.fell_short],
        fine=[result for result in results.questions if not result.fell_short],
        figures=figures,
        label=label,
        number=number,
        bounds=bounds,
        change=change,
        likely_cause=likely_cause,
        differences=differences(results, baseline) if baseline is not None else (),
        baseline=baseline,
        same_questions=baseline is None or same_questions(results, baseline),
    )


def likely_cause(result: QuestionResult) -> str:
    """Where to look first when a question fell short."""
    if not result.answerable and result.answered:
        return "Answered, although the documents hold no answer."
    if result.answerable and not result.fully_answered:
        kept = "Refused" if not result.answered else "Facts are missing from the answer"
        if not result.judged:
            return f"{kept}; the question names no sections to look for."
        rank = first_relevant([section.relevant for section in result.retrieved])
        if rank is None:
            return f"{kept}: no section that answers it was retrieved."
        return f"{kept}, although a section that answers it was retrieved at rank {rank}."
    if result.inexact_quotes:
        return "A quote does not stand in its passage exactly."
    if result.unsupported:
        return "A sentence is not supported by the quotes it cites."
    return ""


def label(figure: Figure | Difference) -> str:
    """A figure's name for people."""
    if figure.group == LATENCY:
        return f"latency {figure.name} (ms)"
    return figure.name.replace("_", " ")


def number(value: float | None, group: str = "") -> str:
    """A rate with three decimals, a latency in whole milliseconds."""
    if value is None:
        return NOTHING
    return f"{value:.0f}" if group == LATENCY else f"{value:.3f}"


def bounds(interval: Interval | None) -> str:
    return f"{interval[0]:.3f}–{interval[1]:.3f}" if interval is not None else ""


def change(value: float | None, group: str = "") -> str:
    """A difference with its sign."""
    if value is None:
        return NOTHING
    return f"{value:+.0f}" if group == LATENCY else f"{value:+.3f}"
