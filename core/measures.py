"""Names of what is measured: metrics, and attributes of metrics and spans.

They follow OpenTelemetry's conventions for generative AI (`gen_ai.*`) where these have a name.
docs/observability.md lists all of them.
"""

from typing import Literal, NamedTuple

# Attributes
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
