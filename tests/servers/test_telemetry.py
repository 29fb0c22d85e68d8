"""Metrics and spans: of real questions, to the SDK's own exporter and to a real collector."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as trace_service
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from prometheus_client.parser import text_string_to_metric_families

from chain.assistant import Assistant
from core import logs, telemetry, telemetry_sdk
from core.answer import AnswerKind, Mode
from core.errors import SettingsError
from core.settings import ROOT, Settings
from ingest.pipeline import ingest
from tests.support.browser import free_port
from tests.support.openai_server import Script, openai_error, reply_of
from tests.support.small import Small
from tests.support.telemetry import STAGES, recorder
from tests.support.telemetry import off as off
from tests.support.waiting import PATIENCE, until

ASKED = "Hoeveel meldingen van online kindermisbruik waren er in 2019, vraagt jan@example.org?"
REPORTS = "How many reports of online child sexual abuse were there in the EU in 2019?"
SAID = reply_of("In 2019 there were more than 725 000 reports in the EU.")


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What ends is there at once."""
    kept = InMemorySpanExporter()
    monkeypatch.setattr(telemetry_sdk, "BatchSpanProcessor", SimpleSpanProcessor)
    recorder = telemetry_sdk.Recorder(telemetry.MEASURES, lambda: telemetry._observed, kept)
    monkeypatch.setattr(telemetry, "_recorder", recorder)
    return kept


@pytest.fixture
def assistant(settings: Settings, server: Script) -> Assistant:
    changes = {"openai_base_url": server.url, "model": "scripted", "checker": False}
    return Assistant(settings.model_copy(update=changes))


@dataclass
class Collected:
    """What arrived; nothing is answered while `go_on` is not set."""

    spans: list[Span] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    url: str = ""
    go_on: threading.Event = field(default_factory=threading.Event)


@contextmanager
def collector() -> Iterator[Collected]:
    collected = Collected()
    collected.go_on.set()

    class Traces(trace_service.TraceServiceServicer):
        def Export(self, request, context):  # type: ignore[no-untyped-def]  # noqa: N802
            collected.go_on.wait()
            for resource in request.resource_spans:
                about = {one.key: one.value.string_value for one in resource.resource.attributes}
                collected.resources.append(about)
                collected.spans += [one for scope in resource.scope_spans for one in scope.spans]
            return traces.ExportTraceServiceResponse()

    class Metrics(metrics_service.MetricsServiceServicer):
        def Export(self, request, context):  # type: ignore[no-untyped-def]  # noqa: N802
            collected.go_on.wait()
            for resource in request.resource_metrics:
                for scope in resource.scope_metrics:
                    collected.metrics += scope.metrics
            return metrics.ExportMetricsServiceResponse()

    server = grpc.server(ThreadPoolExecutor(4))
    trace_service.add_TraceServiceServicer_to_server(Traces(), server)
    metrics_service.add_MetricsServiceServicer_to_server(Metrics(), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    collected.url = f"http://localhost:{port}"
    try:
        yield collected
    finally:
        collected.go_on.set()
        server.stop(None).wait()


def named(spans: InMemorySpanExporter) -> Mapping[str, ReadableSpan]:
    return {span.name: span for span in spans.get_finished_spans()}


def about(span: ReadableSpan) -> Mapping[str, object]:
    return dict(span.attributes or {})


def is_within(span: ReadableSpan, other: ReadableSpan) -> bool:
    """Whether a span is a child of another, in the same trace."""
    assert span.parent
    assert span.context
    assert other.context
    same = span.context.trace_id == other.context.trace_id
    return same and span.parent.span_id == other.context.span_id


def samples() -> Mapping[str, list[tuple[Mapping[str, str], float]]]:
    """The values of each metric in the exposition, by the labels that they have."""
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in text_string_to_metric_families(telemetry.exposition()[0].decode()):
        for sample in family.samples:
            labels = {name: value for name, value in sample.labels.items() if value}
            found.setdefault(sample.name, []).append((labels, sample.value))
    return found


def test_nothing_is_loaded_or_recorded_until_it_is_switched_on() -> None:
    script = """
import sys
from core import telemetry
telemetry.start("", scraped=False)
question = telemetry.QuestionSpan()
with question.active():
    question.begin("understand")
    question.end("understand", 1.0)
question.ended(None)
with telemetry.call("chat", "m", "http://x"), telemetry.ingest():
    telemetry.refused(403)
heavy = ("opentelemetry.sdk", "opentelemetry.exporter", "prometheus", "grpc")
print([name for name in sys.modules if name.startswith(heavy)])
"""
    environment = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:1"}
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("[]\n", "")


def test_metrics_alone_send_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with collector() as collected:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collected.url)
        telemetry.start("", scraped=True)
        telemetry.QuestionSpan().ended(None)
        recorder().close()
        assert (collected.spans, collected.metrics) == ([], [])


@pytest.mark.parametrize("address", ["localhost:4317", "grpc://x:1", "http://me:key@x", "http://"])
def test_an_address_of_another_form_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="otlp_endpoint"):
        Settings(otlp_endpoint=address)


def test_a_question_is_a_span_of_stages(settings: Settings, spans: InMemorySpanExporter) -> None:
    with logs.request("asked-1"):
        answer = Assistant(settings).ask(ASKED)
    found = named(spans)
    question = found.pop("question")
    assert found.keys() == STAGES
    for name, span in found.items():
        assert is_within(span, found["answer"] if name == "check" else question)
        assert span.start_time
        assert span.end_time
        seconds = (span.end_time - span.start_time) / 1e9
        assert seconds == pytest.approx(answer.timings[name], abs=0.05)
    assert about(question) == {
        telemetry.REQUEST: "asked-1",
        telemetry.KIND: "found",
        telemetry.MODE: "extractive",
        telemetry.GENERATION: answer.generation,
    }
    assert all(span.instrumentation_scope.name == "strategiewijzer" for span in found.values())


def test_no_span_holds_what_was_asked_or_said(
    assistant: Assistant, server: Script, spans: InMemorySpanExporter
) -> None:
    server.reply = SAID
    answer = assistant.ask(REPORTS)
    assert answer.mode == "generative"
    server.refusal = lambda _: openai_error(400, f"{ASKED} sk-hush", "bad", ASKED)
    assistant.ask(ASKED)
    told = "".join(span.to_json() for span in spans.get_finished_spans())
    assert "scripted" in told
    # times and ids of spans have any figures
    for text in ("kindermisbruik", "jan@", "725 000", "725,000", "reports", "sk-hush"):
        assert text not in told


def test_a_request_to_a_model_is_a_span_of_the_stage_that_makes_it(
    assistant: Assistant, server: Script, spans: InMemorySpanExporter
) -> None:
    server.reply = SAID
    assistant.ask(REPORTS)
    call = named(spans)["chat scripted"]
    assert is_within(call, named(spans)["answer"])
    assert call.kind == SpanKind.CLIENT
    told = about(call)
    tokens = [told.pop(f"gen_ai.usage.{kind}_tokens") for kind in ("input", "output")]
    assert all(isinstance(number, int) and number > 0 for number in tokens)
    assert told == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "scripted",
        "server.address": "127.0.0.1",
        "server.port": int(server.url.rpartition(":")[2].partition("/")[0]),
    }
    assert samples()["gen_ai_client_token_usage_count"]


def test_a_failure_says_how(
    assistant: Assistant, server: Script, spans: InMemorySpanExporter
) -> None:
    server.status = 401
    assistant.ask(ASKED)
    call = named(spans)["chat scripted"]
    assert about(call)["error.type"] == "OpenAIAuthenticationError"
    assert not call.status.is_ok
    assert not call.events  # which would hold the message
    assert about(named(spans)["question"])[telemetry.TROUBLE] == "key"
    troubles = samples()["strategiewijzer_model_troubles_total"]
    assert troubles == [({"strategiewijzer_trouble": "key"}, 1.0)]


def test_a_run_of_ingest_is_a_span(small: Small, spans: InMemorySpanExporter) -> None:
    with pytest.raises(Exception, match="no documents here"):
        ingest(small({}))
    assert about(named(spans)["ingest"]) == {"error.type": "DocumentError"}
    spans.clear()
    ingest(small({"a.md": "---\nid: a\ntitle: A\nlanguage: en\n---\n\n# A\n\nText.\n"}))
    assert about(named(spans)["ingest"]) == {}
    counts = samples()["strategiewijzer_ingest_duration_seconds_count"]
    assert [value for _, value in counts] == [1.0, 1.0]


def test_a_question_that_is_left_or_fails_ends_its_spans(
    settings: Settings, spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = Assistant(settings)
    events = assistant.stream(ASKED)
    next(events)
    next(events)
    events.close()  # type: ignore[attr-defined]
    assert about(named(spans)["question"])[telemetry.KIND] == "stopped"
    spans.clear()
    monkeypatch.setattr("chain.assistant.decide", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        assistant.ask(ASKED)
    question = about(named(spans)["question"])
    assert (question[telemetry.KIND], question["error.type"]) == ("failed", "ZeroDivisionError")
    assert not trace.get_current_span().get_span_context().is_valid


def test_the_exposition_counts_questions_with_few_values_of_labels(settings: Settings) -> None:
    telemetry.start("", scraped=True)
    assistant = Assistant(settings)
    for question in (ASKED, "Hallo", "Wie won de Tour de France in 1998?", ASKED):
        assistant.ask(question)
    telemetry.refused(403)
    found = samples()
    asked = {
        (labels["strategiewijzer_kind"], labels["strategiewijzer_mode"]): value
        for labels, value in found["strategiewijzer_questions_total"]
    }
    assert sum(asked.values()) == 4
    assert asked["reply", "extractive"] == asked["refusal", "extractive"] == 1
    kinds = {*AnswerKind.__args__, "failed", "stopped"}  # type: ignore[attr-defined]
    modes = {*Mode.__args__, "none"}  # type: ignore[attr-defined]
    assert all(kind in kinds and mode in modes for kind, mode in asked)
    index = assistant.index.snapshot()
    ((labels, value),) = found["strategiewijzer_index"]
    assert (labels, value) == ({"strategiewijzer_generation": index.generation}, 1.0)
    assert found["strategiewijzer_index_passages"][0][1] == len(index.passages())
    assert found["strategiewijzer_requests_refused_total"] == [
        ({"http_response_status_code": "403"}, 1.0)
    ]
    bounds = {
        labels["le"] for labels, _ in found["strategiewijzer_question_duration_seconds_bucket"]
    }
    assert {"0.01", "0.16", "81.92", "+Inf"} <= bounds
    assert telemetry.exposition()[1].startswith("text/plain; version=0.0.4")


def test_a_collector_gets_spans_and_metrics(settings: Settings) -> None:
    with collector() as collected:
        telemetry.start(collected.url, scraped=False)
        Assistant(settings).ask(ASKED)
        recorder().close()
        assert {span.name for span in collected.spans} == {"question", *STAGES}
        names = {metric.name for metric in collected.metrics}
        assert {"strategiewijzer.questions", "strategiewijzer.index"} <= names
        assert {resource["service.name"] for resource in collected.resources} == {"strategiewijzer"}
        assert all(resource["service.instance.id"] for resource in collected.resources)
        sent = "".join(map(str, (*collected.spans, *collected.metrics)))
        assert "kindermisbruik" not in sent


def test_answers_go_on_without_the_collector_and_the_end_is_not_held_up(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry_sdk, "_PATIENCE", 0.2)
    monkeypatch.setattr(telemetry_sdk, "_TIMEOUT", 0.5)
    assistant = Assistant(settings)
    telemetry.start(f"http://localhost:{free_port()}", scraped=False)
    for _ in range(3):
        assert assistant.ask(ASKED).is_sourced
    recorder().close()
    until(recorder()._closed.is_set, "nothing is sent any more, nor told in later tests")


def test_a_process_ends_although_the_collector_hangs() -> None:
    script = """
from core import telemetry, telemetry_sdk
telemetry_sdk._PATIENCE, telemetry_sdk._TIMEOUT = 0.2, 3600.0
telemetry.start({url!r}, scraped=False)
telemetry.QuestionSpan().ended(None)
"""
    with collector() as collected:
        collected.go_on.clear()
        command = [sys.executable, "-c", script.format(url=collected.url)]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
        assert run.returncode == 0, run.stderr
