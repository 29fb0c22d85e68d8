"""A collector on loopback: OpenTelemetry's own gRPC services, which keep what they are sent."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2_grpc as metrics_service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as traces
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as trace_service
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collected:
    """What arrived; while `hangs` is set nothing is answered."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.metrics: list[Metric] = []
        self.resources: list[dict[str, str]] = []
        self.url = ""
        self.hangs = False
        self.over = threading.Event()


@contextmanager
def collector() -> Iterator[Collected]:
    collected = Collected()

    class Traces(trace_service.TraceServiceServicer):
        def Export(self, request, context):  # type: ignore[no-untyped-def]  # noqa: N802
            if collected.hangs:
                collected.over.wait()
            for resource in request.resource_spans:
                about = {one.key: one.value.string_value for one in resource.resource.attributes}
                collected.resources.append(about)
                collected.spans += [one for scope in resource.scope_spans for one in scope.spans]
            return traces.ExportTraceServiceResponse()

    class Metrics(metrics_service.MetricsServiceServicer):
        def Export(self, request, context):  # type: ignore[no-untyped-def]  # noqa: N802
            if collected.hangs:
                collected.over.wait()
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
        collected.over.set()
        server.stop(None).wait()
