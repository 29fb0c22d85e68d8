"""Output of a benchmark: JSON, a plot and a table."""

import datetime
import io
from collections.abc import Sequence
from pathlib import Path

import altair as alt

from core.types import Frozen
from eval.stamp import code_version
from research.benchmarks.documents_read import DocumentsRead, Share
from research.benchmarks.embedding import EmbeddingBy
from research.benchmarks.latency import LatencyAt
from research.benchmarks.machine import Machine, this_machine
from research.benchmarks.pages import PagesAt
from research.benchmarks.retrieval import Comparison
from research.benchmarks.scale import Scale

Figures = Comparison | DocumentsRead | EmbeddingBy | LatencyAt | PagesAt | Scale
_COLOURS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00"]  # Okabe and Ito's


class Benchmark(Frozen):
    """One run of a benchmark, as stored; `date` is UTC, ISO 8601."""

    name: str
    date: str
    code_version: str
    machine: Machine
    figures: tuple[Figures, ...]


def save(name: str, figures: Sequence[Figures], folder: Path) -> tuple[Benchmark, Path]:
    """Writes <folder>/<name>.json and <name>.svg; returns the run and the JSON's path."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    run = Benchmark(
        name=name,
        date=now,
        code_version=code_version(),
        machine=this_machine(),
        figures=tuple(figures),
    )
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.json"
    file.write_text(run.model_dump_json(indent=2) + "\n", "utf-8")
    file.with_suffix(".svg").write_text(plot(figures), "utf-8")
    return run, file


def plot(figures: Sequence[Figures]) -> str:
    """SVG plot: time (and for `scale` memory) against size; for `retrieval` hit@1 of both sides;
    for `documents` shares over all files; for `embedding` times of both engines; for `pages`
    questions per second."""
    rows = [row for figure in figures for row in _rows(figure)]
    if isinstance(figures[0], Comparison):
        return _svg(_bars(rows, "hit@1", "retriever", "set"))
    if isinstance(figures[0], DocumentsRead):
        return _svg(_bars(rows, "share", "what", "documents"))
    if isinstance(figures[0], EmbeddingBy):
        return _svg(_bars(rows, "milliseconds", "engine", "what"))
    if isinstance(figures[0], PagesAt):
        return _svg(_bars(rows, "questions a second", "checkout", "readers"))
    charts = [_lines([r for r in rows if r["unit"] == unit], unit) for unit in _units(rows)]
    return _svg(alt.hconcat(*charts).resolve_scale(color="independent"))


def table(figures: Sequence[Figures]) -> tuple[list[str], list[list[str]]]:
    """Column names and rows of the table."""
    rows = [_cells(figure) for figure in figures]
    return list(rows[0]), [list(row.values()) for row in rows]


def _cells(figure: Figures) -> dict[str, str]:
    if isinstance(figure, Scale):
        changed, same = figure.one_document, figure.unchanged
        return {
            "passages": f"{figure.passages:,}",
            "units": f"{figure.units:,}",
            "read files": f"{figure.load:.1f} s",
            "write all": f"{figure.full:.1f} s",
            "unchanged": f"{same.median:.2f} s ({same.least:.2f}-{same.most:.2f})",
            "one document": f"{changed.median:.2f} s ({changed.least:.2f}-{changed.most:.2f})",
            "memory": f"{figure.memory:.0f} MB",
            "disk": f"{figure.disk:.0f} MB",
        }
    if isinstance(figure, LatencyAt):
        alone, together = figure.alone, figure.together
        return {
            "passages": f"{figure.passages:,}",
            "first": f"{figure.first:.2f} s",
            "embedding p50 / p95": f"{figure.embedding.p50:.1f} / {figure.embedding.p95:.1f} ms",
            "search p50 / p95": f"{alone.p50:.1f} / {alone.p95:.1f} ms",
            "p50 of rounds": f"{alone.p50_spread[0]:.1f}-{alone.p50_spread[1]:.1f} ms",
            "one document p50 / p95": f"{figure.narrow.p50:.1f} / {figure.narrow.p95:.1f} ms",
            "16 threads p50 / p95": f"{together.p50:.0f} / {together.p95:.0f} ms",
            "p95 by one's p50": f"{together.p95 / alone.p50:.1f} x",
            "errors, same": f"{figure.errors}, {'yes' if figure.same else 'no'}",
            "recall@20": f"{figure.recall:.4f}",
            "memory": f"{figure.memory:.0f} MB",
        }
    if isinstance(figure, EmbeddingBy):
        asked, passage = figure.question, figure.passage
        return {
            "engine": figure.engine,
            "loading": f"{figure.loading:.2f} s",
            "a question p50 / p95": f"{asked.p50:.1f} / {asked.p95:.1f} ms",
            "a passage p50 / p95": f"{passage.p50:.1f} / {passage.p95:.1f} ms",
            "on all cores": f"{figure.at_once:.1f} ms a passage",
            "16 threads p50 / p95": f"{figure.together.p50:.0f} / {figure.together.p95:.0f} ms",
            "memory": f"{figure.memory:.0f} MB",
            "least cosine": f"{figure.cosine:.4f}",
        }
    if isinstance(figure, PagesAt):
        opening, asking = figure.opening, figure.asking
        return {
            "checkout": figure.checkout,
            "readers": str(figure.readers),
            "a second": f"{figure.per_second:.1f}",
            "answer p50 / p95": f"{asking.p50 / 1000:.2f} / {asking.p95 / 1000:.2f} s",
            "page p50 / p95": f"{opening.p50 / 1000:.2f} / {opening.p95 / 1000:.2f} s",
            "processor a question": f"{figure.cpu:.3f} s",
            "sent a question": f"{figure.received:.0f} kB",
            "memory": f"{figure.memory:.0f} MB",
        }
    if isinstance(figure, DocumentsRead):
        shares = {name: _share(share) for name, share in _shares(figure).items()}
        cpu = f"{1000 * figure.cpu / figure.pages:.1f} ms" if figure.pages else "-"
        return {
            "documents": figure.name if figure.files == 1 else f"{figure.name} ({figure.files})",
            "not read": str(figure.unread),
            **shares,
            "processor a page": cpu,
        }
    ours, plain = figure.ours, figure.plain
    ratio = "-" if figure.misses_ratio is None else f"{figure.misses_ratio:.2f} x"
    return {
        "set": f"{figure.name} {figure.language} ({figure.questions})",
        "hit@1 ours / plain": f"{ours.hit_at_1:.3f} / {plain.hit_at_1:.3f}",
        "95% of the difference": f"{figure.difference[0]:+.3f} to {figure.difference[1]:+.3f}",
        "misses, ours by plain": ratio,
        "hit@4": f"{ours.hit_at_4:.3f} / {plain.hit_at_4:.3f}",
        "MRR@4": f"{ours.mrr_at_4:.3f} / {plain.mrr_at_4:.3f}",
        "p50 without embedding": f"{ours.latency.p50:.1f} / {plain.latency.p50:.1f} ms",
    }


def _rows(figure: Figures) -> list[dict[str, str | float]]:
    if isinstance(figure, Comparison):
        sides = {"ours": figure.ours.hit_at_1, "plain": figure.plain.hit_at_1}
        name = f"{figure.name} {figure.language}"
        return [{"set": name, "retriever": side, "hit@1": hit} for side, hit in sides.items()]
    if isinstance(figure, DocumentsRead):
        named = _shares(figure) if figure.name.startswith("all") else {}
        return [
            {"documents": figure.name, "what": what, "share": share.value}
            for what, share in named.items()
            if share.value is not None
        ]
    if isinstance(figure, EmbeddingBy):
        measured = {
            "a question": figure.question.p50,
            "a passage": figure.passage.p50,
            "a passage, on all cores": figure.at_once,
        }
        return [
            {"engine": figure.engine, "what": what, "milliseconds": value}
            for what, value in measured.items()
        ]
    if isinstance(figure, PagesAt):
        return [
            {
                "readers": figure.readers,
                "checkout": figure.checkout,
                "questions a second": figure.per_second,
            }
        ]
    if isinstance(figure, Scale):
        values = {
            "seconds": {
                "write all": figure.full,
                "unchanged": figure.unchanged.median,
                "one document": figure.one_document.median,
            },
            "MB": {"memory": figure.memory, "disk": figure.disk},
        }
    else:
        values = {
            "milliseconds": {
                "alone p50": figure.alone.p50,
                "alone p95": figure.alone.p95,
                "one document p50": figure.narrow.p50,
                "16 threads p50": figure.together.p50,
                "16 threads p95": figure.together.p95,
            }
        }
    return [
        {"passages": figure.passages, "unit": unit, "what": what, "value": value}
        for unit, named in values.items()
        for what, value in named.items()
    ]


def _shares(figure: DocumentsRead) -> dict[str, Share]:
    return {
        "titles": figure.titles,
        "headings found": figure.recall,
        "headings right": figure.precision,
        "below the right one": figure.parents,
        "runs of five words": figure.runs,
        "whole paragraphs": figure.paragraphs,
    }


def _share(share: Share) -> str:
    return "-" if share.value is None else f"{share.value:.3f} ({share.right}/{share.of})"


def _units(rows: Sequence[dict[str, str | float]]) -> list[str]:
    return list(dict.fromkeys(str(row["unit"]) for row in rows))


def _lines(rows: Sequence[dict[str, str | float]], unit: str) -> alt.Chart:
    names = list(dict.fromkeys(str(row["what"]) for row in rows))
    colours = alt.Scale(domain=names, range=_COLOURS[: len(names)])
    chart = alt.Chart(alt.InlineData(values=list(rows))).mark_line(point=True)
    lines: alt.Chart = chart.encode(
        alt.X("passages:Q", scale=alt.Scale(type="log")),
        alt.Y("value:Q", title=unit, scale=alt.Scale(type="log")),
        alt.Color("what:N", scale=colours, legend=alt.Legend(orient="top", title=None)),
        alt.StrokeDash("what:N", scale=alt.Scale(domain=names), legend=None),
    )
    return lines.properties(width=300, height=220)


def _bars(rows: Sequence[dict[str, str | float]], value: str, by: str, within: str) -> alt.Chart:
    """Bar chart of a value for each `by`, in a row for each `within`."""
    names = list(dict.fromkeys(str(row[by]) for row in rows))
    bars: alt.Chart = (
        alt.Chart(alt.InlineData(values=list(rows)))
        .mark_bar()
        .encode(
            alt.X(f"{value}:Q"),
            alt.Y(f"{by}:N", title=None),
            alt.Row(f"{within}:N"),
            alt.Color(f"{by}:N", scale=alt.Scale(range=_COLOURS[: len(names)]), legend=None),
        )
        .properties(width=300)
    )
    return bars


def _svg(chart: alt.Chart | alt.HConcatChart) -> str:
    text = io.StringIO()
    chart.configure(font="sans-serif", background="white", padding=4).save(text, format="svg")
    return text.getvalue()
