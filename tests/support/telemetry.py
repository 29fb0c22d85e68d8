"""Telemetry of this process, off at the start of a test, and its names in Prometheus."""

from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from core import telemetry, telemetry_sdk

STAGES = {"understand", "retrieve", "decide", "parts", "answer", "check"}


@pytest.fixture(autouse=True)
def off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Telemetry is off at the start, and again after."""
    monkeypatch.setattr(telemetry, "_recorder", None)
    monkeypatch.setattr(telemetry, "_observed", {})


def recorder() -> telemetry_sdk.Recorder:
    """The one that `telemetry.start` made."""
    found = telemetry._recorder
    assert isinstance(found, telemetry_sdk.Recorder)
    return found


def observed_names() -> Mapping[str, str]:
    """Prometheus' name of every metric, by ours."""
    telemetry.start("", scraped=True)
    telemetry.index_in_use("generation", 1)
    for measure in telemetry.MEASURES:
        if measure.instrument != "gauge":
            recorder().add(measure, 1, dict.fromkeys(measure.attributes, "x"))
    text = telemetry.exposition()[0].decode()
    families = [family.name for family in text_string_to_metric_families(text)]
    names = {}
    for measure in telemetry.MEASURES:
        plain = measure.name.replace(".", "_") + ("_seconds" if measure.unit == "s" else "")
        (name,) = [family for family in families if family == plain]
        names[measure.name] = name
    return names
