"""Metrics and traces of questions, calls of servers and runs of ingest, and how a process begins to
record them.

Names follow OpenTelemetry's conventions for generative AI (`gen_ai.*`) where these have one;
docs/observability.md lists all of them.
"""

import atexit
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import urlsplit

from core import logs
from core.answer import Answer
from core.errors import ModelError, SettingsError
from core.logs import request_id
from core.settings import current

if TYPE_CHECKING:
    from core.telemetry_sdk import Recorder, Running

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
_index: tuple[str, int] | None = None


def start(endpoint: str, *, scraped: bool) -> None:
    """Begins to record, once per process: for `exposition` if `scraped`, and for a collector."""
    global _recorder
    with _lock:
        if _recorder is None and (scraped or endpoint):
            from core import telemetry_sdk

            _recorder = telemetry_sdk.recorder(endpoint, MEASURES, observed)
            atexit.register(_recorder.close)


def exposition() -> tuple[bytes, str]:
    """The metrics of this process in Prometheus' text format, and its content type."""
    start("", scraped=True)
    assert _recorder is not None  # noqa: S101 - just started
    return _recorder.exposition()


def observed() -> Mapping[Measure, tuple[float, Mapping[str, object]]]:
    """The values and attributes of the gauges: of the generation in use, if there is one."""
    if _index is None:
        return {}
    generation, passages = _index
    return {INDEX: (1, {GENERATION: generation}), PASSAGES: (passages, {})}


def index_in_use(generation: str, passages: int) -> None:
    global _index
    _index = generation, passages


def refused(status: int) -> None:
    """Counts a request that is answered with an HTTP status of refusal."""
    if _recorder is not None:
        _recorder.add(REFUSED, 1, {STATUS: status})


class QuestionSpan:
    """The span of a question, with those of its stages."""

    def __init__(self) -> None:
        self._recorder = _recorder
        self._started = time.perf_counter()
        self._running: list[Running] = []
        if self._recorder is not None:
            self._running.append(self._recorder.begin("question", {REQUEST: request_id()}))

    def active(self) -> AbstractContextManager[object]:
        """Within it, calls of servers belong to the stage that the question is in."""
        if self._recorder is None:
            return nullcontext()
        return self._recorder.within(self._running[-1])

    def begin(self, stage: str) -> None:
        """Begins a stage, inside of the one that runs."""
        if self._recorder is not None:
            self._running.append(self._recorder.begin(stage, {STAGE: stage}, self._running[-1]))
            self._recorder.go_on_in(self._running[-1])

    def end(self, stage: str, seconds: float) -> None:
        """Ends the innermost stage."""
        if self._recorder is not None and len(self._running) > 1:
            self._running.pop().end()
            self._recorder.go_on_in(self._running[-1])
            self._recorder.add(STAGES, seconds, {STAGE: stage})

    def ended(self, answer: Answer | None, error: BaseException | None = None) -> None:
        """Ends the question: with an answer, an error, or neither when nobody waits any more."""
        if self._recorder is None:
            return
        kind = answer.kind if answer else "failed" if error else "stopped"
        labels = {KIND: kind, MODE: answer.mode if answer else "none"}
        self._recorder.add(QUESTIONS, 1, labels)
        self._recorder.add(DURATION, time.perf_counter() - self._started, labels)
        more = {GENERATION: answer.generation} if answer else {}
        if answer and answer.trouble:
            more[TROUBLE] = answer.trouble
            self._recorder.add(TROUBLES, 1, {TROUBLE: answer.trouble})
        while self._running:
            self._running.pop().end({**labels, **more, **_trouble(error)}, failed=error is not None)


class Call:
    """A request to the server of a model."""

    tokens: tuple[int, int] | None = None  # of input and output, if the server counts them


def call(operation: Operation, model: str, url: str) -> AbstractContextManager[Call]:
    """Measures a request. Around a generator it also sees that this is closed early."""
    host = urlsplit(url).hostname or ""
    provider = "azure.ai.openai" if host.endswith(_AZURE) else "openai"
    labels = {OPERATION: operation, PROVIDER: provider, MODEL: model}
    where = {ADDRESS: host, PORT: urlsplit(url).port or 443 if host else 0}
    return _timed(f"{operation} {model}".strip(), CALLS, labels, where)


@contextmanager
def ingest() -> Iterator[None]:
    """Measures a run of ingest."""
    with _timed("ingest", INGESTS, {}, {}, is_active=True):
        yield


@contextmanager
def _timed(
    name: str,
    measure: Measure,
    labels: Mapping[str, object],
    where: Mapping[str, object],
    *,
    is_active: bool = False,
) -> Iterator[Call]:
    """Records a time and a span, which is the active one only where `is_active`: around a generator
    it cannot be."""
    made, recorder = Call(), _recorder
    if recorder is None:
        yield made
        return
    started, trouble = time.perf_counter(), _trouble(None)
    running = recorder.begin(name, {**labels, **where}, client=bool(where))
    try:
        with recorder.within(running) if is_active else nullcontext():
            yield made
    except BaseException as error:
        trouble = _trouble(error)
        raise
    finally:
        recorder.add(measure, time.perf_counter() - started, {**labels, **trouble})
        counts: dict[str, object] = {}
        if made.tokens is not None:
            counts = {INPUT_TOKENS: made.tokens[0], OUTPUT_TOKENS: made.tokens[1]}
            for kind, number in zip(("input", "output"), made.tokens, strict=True):
                recorder.add(TOKENS, number, {**labels, TOKEN_TYPE: kind})
        running.end({**counts, **trouble}, failed=bool(trouble))


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
