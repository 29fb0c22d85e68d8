"""The report of a run as a page and as JSON.

The page is one file that needs no network and runs no script. Source texts, names and answers are
untrusted: the template escapes them all.
"""

import functools
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.errors import StrategiewijzerError
from core.names import printable
from ingest.publishing.changes import word_diff
from ingest.publishing.ingest_report import Report, told_stale


def write(report: Report, file: Path) -> tuple[Path, Path]:
    """Writes FILE.html for people and FILE.json for programs; a suffix of the name is replaced.

    Raises:
        StrategiewijzerError: they cannot be written.
    """
    base = file.with_suffix("") if file.suffix in (".html", ".json") else file
    page, data = (base.with_name(base.name + suffix) for suffix in (".html", ".json"))
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(html(report), "utf-8")
        data.write_text(report.model_dump_json(indent=2) + "\n", "utf-8")
    except OSError as error:
        raise StrategiewijzerError(
            f"{printable(error.filename)}: cannot be written to ({error.strerror}). The index is "
            "not affected; choose another file for the next --report."
        ) from None
    return page, data


def html(report: Report) -> str:
    """The report as a page: what happened to each document, with word diffs; failures first."""
    return _templates().get_template("changes.html.j2").render(report=report)


@functools.cache
def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters["printable"] = printable
    environment.filters["told_stale"] = told_stale
    environment.globals["word_diff"] = word_diff
    return environment
