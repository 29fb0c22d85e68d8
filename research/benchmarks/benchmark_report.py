"""Output of a benchmark: JSON, a plot and a table."""

import datetime
from collections.abc import Sequence
from pathlib import Path

from core.source import Frozen
from eval.runs import code_version
from research.benchmarks.benchmark_plot import Figures, plot
from research.benchmarks.documents_read import DocumentsRead
from research.benchmarks.embedding import EmbeddingBy
from research.benchmarks.headings_read import Share
from research.benchmarks.latency import LatencyAt
from research.benchmarks.machine import Machine, this_machine
from research.benchmarks.pages import PagesAt
from research.benchmarks.scale import Scale


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
        shares = {name: _share(share) for name, share in figure.shares().items()}
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


def _share(share: Share) -> str:
    return "-" if share.value is None else f"{share.value:.3f} ({share.right}/{share.of})"
