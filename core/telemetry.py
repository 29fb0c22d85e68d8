"""Metrics and traces of questions, calls of servers and runs of ingest, and how a process begins to
record them.

Names follow OpenTelemetry's conventions for generative AI (`gen_ai.*`) where these have one;
docs/observability.md lists all of them.
"""

import atexit
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlsplit

from opentelemetry import context, trace
from opentelemetry.metrics import Observation
from opentelemetry.trace import NoOpTracer, Span, SpanKind, StatusCode, Tracer

from core import logs
from core.answer import Answer
from core.errors import ModelError, SettingsError
from core.logs import request_id
from core.settings import current

if TYPE_CHECKING:
    from core.telemetry_sdk import Recorder

Attributes = Mapping[str, str | int]
Operation = Literal["chat", "embeddings"]

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
MODEL = "gen_ai.request.model"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
TOKEN_TYPE = "gen_ai.token.type"  # noqa: S105 - a kind of words
ERROR = "error.type"
ADDRESS = "server.address"
PORT = "server.port"
STATUS = "http.response.status_code"
KIND = "strategiewijzer.kind"
MODE = "strategiewijzer.mode"
STAGE = "strategiewijzer.stage"
TROUBLE = "strategiewijzer.trouble"
GENERATION = "strategiewijzer.generation"
REQUEST = "strategiewijzer.request_id"


class Measure(NamedTuple):
    """A metric."""

    name: str
    instrument: Literal["counter", "histogram", "gauge"]
    unit: str  # "s": seconds
    attributes: tuple[str, ...]
    tells: str


QUESTIONS = Measure("strategiewijzer.questions", "counter", "", (KIND, MODE), "Questions asked")
DURATION = Measure(
    *("strategiewijzer.question.duration", "histogram", "s", (KIND, MODE)),
    "Time from question to whole answer",
)
STAGES = Measure(
    "strategiewijzer.stage.duration", "histogram", "s", (STAGE,), "Time of a stage of a question"
)
TROUBLES = Measure(
    *("strategiewijzer.model.troubles", "counter", "", (TROUBLE,)),
    "Answers that the model did not write, or not all of",
)
CALLS = Measure(
    *("gen_ai.client.operation.duration", "histogram", "s", (OPERATION, PROVIDER, MODEL, ERROR)),
    "Time of a request to the server of a model",
)
TOKENS = Measure(
    *("gen_ai.client.token.usage", "histogram", "", (OPERATION, PROVIDER, MODEL, TOKEN_TYPE)),
    "Tokens of a request, where the server tells them",
)
REFUSED = Measure(
    "strategiewijzer.requests.refused", "counter", "", (STATUS,), "HTTP requests refused"
)
INGESTS = Measure(
    "strategiewijzer.ingest.duration", "histogram", "s", (ERROR,), "Time of an ingest"
)
INDEX = Measure("strategiewijzer.index", "gauge", "", (GENERATION,), "1 for the generation in use")
PASSAGES = Measure(
    "strategiewijzer.index.passages", "gauge", "", (), "Passages of the generation in use"
)
MEASURES = (QUESTIONS, DURATION, STAGES, TROUBLES, CALLS, TOKENS, REFUSED, INGESTS, INDEX, PASSAGES)

_AZURE = (".azure.com", ".azure.us", ".azure.cn")  # its clouds; others speak OpenAI's API

_lock = threading.Lock()
_recorder: "Recorder | None" = None
_observed: Mapping[Measure, Observation] = {}  # what the gauges show, if there is an index


def start(endpoint: str, *, scraped: bool) -> None:
    """Begins to record, once per process: for `exposition` if `scraped`, and for a collector."""
    global _recorder
    with _lock:
        if _recorder is None and (scraped or endpoint):
            from core import telemetry_sdk  # takes long to import

            _recorder = telemetry_sdk.recorder(endpoint, MEASURES, lambda: _observed)
            atexit.register(_recorder.close)


def exposition() -> tuple[bytes, str]:
    """The metrics of this process in Prometheus' text format, and its content type."""
    start("", scraped=True)
    assert _recorder is not None  # noqa: S101 - just started
    return _recorder.exposition()


def index_in_use(generation: str, passages: int) -> None:
    global _observed
    _observed = {INDEX: Observation(1, {GENERATION: generation}), PASSAGES: Observation(passages)}


def refused(status: int) -> None:
    """Counts a request that is answered with an HTTP status of refusal."""
    _add(REFUSED, 1, {STATUS: status})


def _add(measure: Measure, value: float, labels: Attributes) -> None:
    if _recorder is not None:
        _recorder.add(measure, value, labels)


def _tracer() -> Tracer:
    return NoOpTracer() if _recorder is None else _recorder.tracer


def _active(span: Span) -> AbstractContextManager[Span]:
    """Within it, spans that begin are inside of this one."""
    return trace.use_span(span, record_exception=False, set_status_on_exception=False)


def _end(span: Span, attributes: Attributes, *, failed: bool) -> None:
    span.set_attributes(attributes)
    if failed:
        span.set_status(StatusCode.ERROR)
    span.end()


class QuestionSpan:
    """The span of a question, with those of its stages."""

    def __init__(self) -> None:
        self._tracer = _tracer()
        self._started = time.perf_counter()
        question = self._tracer.start_span("question", attributes={REQUEST: request_id()})
        self._running = [question]

    def active(self) -> AbstractContextManager[object]:
        """Within it, calls of servers belong to the stage that the question is in."""
        return _active(self._running[-1])

    def begin(self, stage: str) -> None:
        """Begins a stage, inside of the one that runs."""
        outer = trace.set_span_in_context(self._running[-1])
        self._running.append(self._tracer.start_span(stage, outer, attributes={STAGE: stage}))
        self._go_on()

    def end(self, stage: str, seconds: float) -> None:
        """Ends the innermost stage."""
        self._running.pop().end()
        self._go_on()
        _add(STAGES, seconds, {STAGE: stage})

    def _go_on(self) -> None:
        """Makes the innermost span the active one until `active` ends."""
        context.attach(trace.set_span_in_context(self._running[-1]))

    def ended(self, answer: Answer | None, error: BaseException | None = None) -> None:
        """Ends the question: with an answer, an error, or neither when nobody waits any more."""
        kind = answer.kind if answer else "failed" if error else "stopped"
        labels = {KIND: kind, MODE: answer.mode if answer else "none"}
        _add(QUESTIONS, 1, labels)
        _add(DURATION, time.perf_counter() - self._started, labels)
        more = {GENERATION: answer.generation} if answer else {}
        if answer and answer.trouble:
            more[TROUBLE] = answer.trouble
            _add(TROUBLES, 1, {TROUBLE: answer.trouble})
        while self._running:
            _end(self._running.pop(), {**labels, **more, **_trouble(error)}, failed=bool(error))


class Call:
    """A request to the server of a model."""

    tokens: tuple[int, int] | None = None  # of input and output, if the server counts them

    def __init__(self, span: Span) -> None:
        self.span = span


def call(operation: Operation, model: str, url: str) -> AbstractContextManager[Call]:
    """Measures a request. Around a generator it also sees that this is closed early."""
    host = urlsplit(url).hostname or ""
    provider = "azure.ai.openai" if host.endswith(_AZURE) else "openai"
    labels = {OPERATION: operation, PROVIDER: provider, MODEL: model}
    where: Attributes = {ADDRESS: host, PORT: urlsplit(url).port or 443 if host else 0}
    return _timed(f"{operation} {model}".strip(), CALLS, labels, where)


@contextmanager
def ingest() -> Iterator[None]:
    """Measures a run of ingest."""
    with _timed("ingest", INGESTS, {}, {}) as run, _active(run.span):
        yield


@contextmanager
def _timed(name: str, measure: Measure, labels: Attributes, where: Attributes) -> Iterator[Call]:
    """Records a time and a span, which is not the active one: around a generator it cannot be."""
    kind = SpanKind.CLIENT if where else SpanKind.INTERNAL
    made = Call(_tracer().start_span(name, kind=kind, attributes={**labels, **where}))
    started, trouble = time.perf_counter(), _trouble(None)
    try:
        yield made
    except BaseException as error:
        trouble = _trouble(error)
        raise
    finally:
        _add(measure, time.perf_counter() - started, {**labels, **trouble})
        if made.tokens is not None:
            kinds = (("input", INPUT_TOKENS), ("output", OUTPUT_TOKENS))
            for (token_type, attribute), number in zip(kinds, made.tokens, strict=True):
                made.span.set_attribute(attribute, number)
                _add(TOKENS, number, {**labels, TOKEN_TYPE: token_type})
        _end(made.span, trouble, failed=bool(trouble))


def _trouble(error: BaseException | None) -> dict[str, str]:
    """The kind of an error as an attribute: why a model failed, "stopped", else its type."""
    if error is None:
        return {}
    if isinstance(error, GeneratorExit):
        return {ERROR: "stopped"}
    return {ERROR: error.reason if isinstance(error, ModelError) else type(error).__name__}


def observe(*, serves: bool = False) -> None:
    """Starts logs and telemetry, once per process: of a server, whose metrics are read from
    outside, or of a command, which prints what it does and logs only warnings, or all at "debug".

    Wrong settings raise an error where they are used; until then the defaults hold.
    """
    logs.log_uncaught()
    try:
        settings = current()
    except SettingsError:
        logs.set_up("text", "info" if serves else "warning")
        return
    level = settings.log_level
    if not serves and level == "info":
        level = "warning"
    logs.set_up(settings.log_format, level)
    start(settings.otlp_endpoint, scraped=serves)
