"""Documents that are made to do harm, or just odd: each is its own failure, and nothing else is."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from core.settings import Settings
from ingest.pipeline import ingest

Small = Callable[[Mapping[str, str]], Settings]

GOOD = "# Ships\n\nThe ships sail on.\n"
LONG = "n" * 243
NO_DAY = "Met dank overgenomen van de Commissie, 31 juni 2020"


def _front_matter(fields: str) -> str:
    return f"---\nid: odd\n{fields}\n---\n\n# Odd\n\nSome text.\n"


# One file never ends the run


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("odd.en.md", _front_matter("title: a\uffffb"), "the front matter is not valid YAML"),
        ("odd.en.md", _front_matter("area: " + "[" * 5000), "the front matter is nested too deep"),
        ("odd.en.md", _front_matter(r'title: "\ud800"'), "could not be read"),
        ("odd.en.md", _front_matter(f"title: {'a' * 100_000}"), "the front matter is longer than"),
        ("odd.en.html", "<p>A text.</p><p>And what of the ships?</p>" * 9, ""),
        (f"{LONG}.md", GOOD, ""),
        ("odd.nl.txt", f"Titel\n\n{NO_DAY}\n\nEen zin hier.\n", ""),
    ],
    ids=["U+FFFF", "nested", "surrogate", "long", "page", "name", "date"],
)
def test_one_file_is_its_own_failure(small: Small, name: str, text: str, problem: str) -> None:
    settings = small({"ships.en.md": GOOD, name: text})
    report = ingest(settings, dry_run=True)
    assert "ships.en" in report.plan.added
    if not problem:
        assert report.failures == ()
        return
    (failure,) = report.failures
    assert Path(failure.path).name == name
    assert name in failure.place
    assert problem in failure.problem
    assert failure.remedy


def test_an_odd_sidecar_is_the_failure_of_its_file(small: Small) -> None:
    settings = small(
        {"ships.en.md": GOOD, "odd.en.md": GOOD, "odd.en.md.meta.yaml": "title: a\uffffb\n"}
    )
    (failure,) = ingest(settings, dry_run=True).failures
    assert Path(failure.path).name == "odd.en.md"
    assert "odd.en.md.meta.yaml" in failure.place
