"""docs/observability.md names what there is: settings, metrics, labels, spans, rules."""

import re
from typing import get_args

from core import telemetry
from core.settings import ROOT, Settings
from core.yaml_files import read_yaml
from tests.support.telemetry import STAGES, observed_names
from tests.support.telemetry import off as off
from ui.guard import _REFUSALS

DOC = (ROOT / "docs/observability.md").read_text("utf-8")


def rows(first: str) -> list[list[str]]:
    """The rows of the table whose first heading this is."""
    table = DOC.split(f"| {first} |", 1)[1].split("\n\n", 1)[0]
    return [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.split("\n")[2:]]


def test_metrics_are_told_with_their_names_in_prometheus() -> None:
    told = {row[0].strip("`"): row[1].strip("`") for row in rows("name")}
    names = observed_names()
    kinds = {one.name: one.instrument for one in telemetry.MEASURES}
    expected = {
        name: f"{prometheus}_total" if kinds[name] == "counter" else prometheus
        for name, prometheus in names.items()
    }
    assert told == expected


def test_attributes_and_labels_are_told() -> None:
    values = [value for value in vars(telemetry).values() if isinstance(value, str)]
    names = {one for one in values if re.fullmatch(r"[a-z_]+(\.[a-z_]+)+", one)}
    names -= {telemetry.__name__}
    assert len(names) > 12
    assert {name for name in names if f"`{name}`" not in DOC} == set()
    labels = {label for one in telemetry.MEASURES for label in one.attributes}
    told = {row[0].strip("`"): row[1].strip("`") for row in rows("label, also attribute of spans")}
    assert told == {label: label.replace(".", "_") for label in labels}


def test_spans_are_told() -> None:
    told = {name for row in rows("span") for name in re.findall("`(.*?)`", row[0])}
    assert told == {"question", "ingest", *STAGES, *get_args(telemetry.Operation)}


def test_settings_are_told_with_their_defaults() -> None:
    for name, default, *_ in rows("setting"):
        told = default.strip("`")
        told = "" if told.startswith("empty") else told
        assert Settings.model_fields[name.strip("`")].default == told


def test_refusals_are_told() -> None:
    (told,) = [row[3] for row in rows("name") if "refused" in row[0]]
    assert {int(one) for one in re.findall(r"\d{3}", told)} == _REFUSALS


def test_rules_ask_for_what_there_is() -> None:
    (rules,) = re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)
    groups = read_yaml(rules)["groups"]
    observed_names()
    text = telemetry.exposition()[0].decode()
    samples = {line.split("{")[0].split(" ")[0] for line in text.splitlines() if line[0] != "#"}
    labels = {label.replace(".", "_") for one in telemetry.MEASURES for label in one.attributes}
    expressions = [rule["expr"] for group in groups for rule in group["rules"]]
    assert len(expressions) == 5
    for expression in expressions:
        asked = set(re.findall(r"\b(?:strategiewijzer|gen_ai)_\w+", expression))
        assert asked
        assert asked <= samples | labels
        assert asked & samples
