"""What records and exports metrics and spans, by OpenTelemetry's SDK; nothing else imports that.

Metrics are read by Prometheus, and go with the spans to a collector if there is one. Nothing waits
for a collector: what it does not take is dropped. The providers are of this module alone, so that
libraries that also know OpenTelemetry, such as Chroma's, send nothing through them. What no setting
says (headers, certificates, resource, intervals) the SDK itself takes from its variables `OTEL_*`.
"""

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.metrics import CallbackOptions, Counter, Histogram, Observation
from opentelemetry.sdk.metrics import AlwaysOffExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import NoOpTracer, Tracer
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from core.background import begin

if TYPE_CHECKING:
    from core.telemetry import Attributes, Measure

Observed = Callable[[], Mapping["Measure", Observation]]

NAME = "strategiewijzer"
# Bounds that OpenTelemetry's conventions advise for durations and tokens of generative AI.
_SECONDS = tuple(0.01 * 2**step for step in range(14))
_COUNTS = tuple(float(4**step) for step in range(10))
_TIMEOUT = 5.0  # seconds of an export, all tries included: more come meanwhile
_PATIENCE = 3.0  # seconds that the end of a process waits for a collector


class Recorder:
    """Records what `core.telemetry` measures; `observed` gives what the gauges show. The exporters
    take spans, and metrics at intervals."""

    def __init__(
        self,
        measures: Iterable["Measure"],
        observed: Observed,
        spans: SpanExporter | None = None,
        metrics: MetricExporter | None = None,
    ) -> None:
        about = {"service.name": NAME, "service.instance.id": uuid.uuid4().hex}
        resource = Resource.create(about)
        self._registry = CollectorRegistry()
        prometheus = PrometheusMetricReader(
            disable_target_info=True, scope_info_enabled=False, registry=self._registry
        )
        pushed = [PeriodicExportingMetricReader(metrics)] if metrics else []
        self._meters = MeterProvider(
            [prometheus, *pushed],
            resource,
            shutdown_on_exit=False,
            exemplar_filter=AlwaysOffExemplarFilter(),
        )
        self._observed = observed
        self._instruments = dict(self._made(measures))
        self.tracer: Tracer = NoOpTracer()
        self._traces: TracerProvider | None = None
        if spans is not None:
            self._traces = TracerProvider(resource=resource, shutdown_on_exit=False)
            self._traces.add_span_processor(BatchSpanProcessor(spans))
            self.tracer = self._traces.get_tracer(NAME)
        # Made now: at its end a process can start no thread any more.
        self._closing, self._closed = threading.Event(), threading.Event()
        begin(self._close, "telemetry", self._closing)

    def add(self, measure: "Measure", value: float, labels: "Attributes") -> None:
        """Counts, or records a value of a histogram."""
        instrument = self._instruments[measure]
        if isinstance(instrument, Counter):
            instrument.add(value, labels)
        else:
            instrument.record(value, labels)

    def exposition(self) -> tuple[bytes, str]:
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4

    def close(self) -> None:
        """Sends what is left, for a few seconds at most."""
        self._closing.set()
        self._closed.wait(_PATIENCE)

    def _close(self) -> None:
        self._closing.wait()
        if self._traces is not None:
            self._traces.shutdown()
        self._meters.shutdown(timeout_millis=_TIMEOUT * 1000)
        self._closed.set()

    def _made(
        self, measures: Iterable["Measure"]
    ) -> Iterable[tuple["Measure", Counter | Histogram]]:
        meter = self._meters.get_meter(NAME)
        for measure in measures:
            name = measure.name
            about: dict[str, Any] = {"unit": measure.unit, "description": measure.tells}
            if measure.instrument == "counter":
                yield measure, meter.create_counter(name, **about)
            elif measure.instrument == "histogram":
                bounds = _SECONDS if measure.unit == "s" else _COUNTS
                about["explicit_bucket_boundaries_advisory"] = bounds
                yield measure, meter.create_histogram(name, **about)
            else:
                meter.create_observable_gauge(name, [partial(self._values_of, measure)], **about)

    def _values_of(self, measure: "Measure", _: CallbackOptions) -> Iterable[Observation]:
        if found := self._observed().get(measure):
            yield found


def recorder(endpoint: str, measures: Iterable["Measure"], observed: Observed) -> Recorder:
    """A recorder; for the collector at `endpoint` too (OTLP over gRPC), unless that is empty."""
    if not endpoint:
        return Recorder(measures, observed)
    to: dict[str, Any] = {"endpoint": endpoint, "timeout": _TIMEOUT}
    return Recorder(measures, observed, OTLPSpanExporter(**to), OTLPMetricExporter(**to))
