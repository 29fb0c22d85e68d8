"""A server with OpenAI's protocol on loopback, with the refusals and faults of real ones.

Only for what cannot be had in a test: it gives a scripted reply, whole or streamed as server-sent
events, by Chat Completions as documented in OpenAI's API reference. It counts words as tokens, and
does not hold the reply to a schema that is asked for. Error bodies are those that OpenAI, Azure,
Mistral, llama.cpp, vLLM and LiteLLM return; Ollama's `/api/show` and `/api/ps` are as in its
docs/api.md. What is asked of it as checker is told apart by the prompt, and is answered and kept
apart: unless told otherwise it accepts all.
"""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from tests.support.http_server import Handler, http_server

Request = dict[str, Any]
Reply = str | int | dict[str, Any]  # what the model says, the status of a failure, or a raw body


class Fault(dict[str, Any]):
    """An error body, and the status that it comes with."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(body)
        self.status = status


def openai_error(
    status: int, message: str, code: str | None = None, param: str | None = None, kind: str = ""
) -> Fault:
    """An error as OpenAI and Azure put it, and others whose type is of another kind."""
    kind_of_openai = "invalid_request_error" if status < 429 else code
    error = {"message": message, "type": kind or kind_of_openai, "param": param, "code": code}
    return Fault(status, {"error": error})


WRONG_KEY = openai_error(
    401,
    "Incorrect API key provided: sk-very-****-key. You can find your API key at "
    "https://platform.openai.com/account/api-keys.",
    "invalid_api_key",
)
NO_CREDIT = openai_error(
    429,
    "You exceeded your current quota, please check your plan and billing details.",
    "insufficient_quota",
)
RATE_LIMIT = openai_error(
    429, "Rate limit reached for scripted on requests per min.", "rate_limit_exceeded"
)
NO_MODEL = openai_error(
    404, "The model `scripted` does not exist or you do not have access to it.", "model_not_found"
)
NO_DEPLOYMENT = openai_error(
    404, "The API deployment for this resource does not exist.", "DeploymentNotFound"
)
TOO_LONG = openai_error(
    400,
    "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 "
    "tokens. Please reduce the length of the messages.",
    "context_length_exceeded",
    "messages",
)
TOO_LONG_FOR_LLAMA_CPP = openai_error(
    400,
    "the request exceeds the available context size. try increasing the context size or enable "
    "context shift",
    kind="exceed_context_size_error",
)
FILTERED = openai_error(
    400,
    "The response was filtered due to the prompt triggering Azure OpenAI's content management "
    "policy. Please modify your prompt and retry.",
    "content_filter",
    "prompt",
)
# How servers and models without JSON schemas refuse one; each is by name and year.
NO_SCHEMA: Mapping[str, Fault] = {
    "OpenAI, Azure": openai_error(
        400,
        "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this "
        "model. Learn more about supported models at the Structured Outputs guide: "
        "https://platform.openai.com/docs/guides/structured-outputs",
    ),
    "Azure 2024": openai_error(
        400,
        "Invalid parameter: 'response_format' must be one of 'json_object', 'text'.",
        param="response_format",
    ),
    "LiteLLM": openai_error(
        400,
        "litellm.UnsupportedParamsError: scripted does not support parameters: "
        "['response_format'], for model=scripted. To drop these, set `litellm.drop_params=True`",
        "400",
        kind="None",
    ),
    "Ollama 2024": openai_error(400, 'invalid format: expected "json" or a JSON schema'),
}
NO_STREAM = openai_error(
    400, "Your organization must be verified to stream this model.", "unsupported_value", "stream"
)


def reasoning_model(request: Request) -> Fault | None:
    """What o1, o3 and gpt-5 refuse."""
    if request.get("temperature", 1) != 1:
        return openai_error(
            400,
            f"Unsupported value: 'temperature' does not support {request['temperature']} with this "
            "model. Only the default (1) value is supported.",
            "unsupported_value",
            "temperature",
        )
    if "max_tokens" in request:
        return openai_error(
            400,
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
            "unsupported_parameter",
            "max_tokens",
        )
    return None


def strict_fields(*allowed: str) -> Callable[[Request], Fault | None]:
    """A server that, as Mistral's, refuses every field that it does not know, and names it only in
    its text."""
    known = {"model", "messages", "stream", *allowed}

    def refusal(request: Request) -> Fault | None:
        unknown = [name for name in request if name not in known]
        detail = [{"type": "extra_forbidden", "loc": ["body", name]} for name in unknown[:1]]
        return Fault(422, {"message": {"detail": detail}, "param": None}) if detail else None

    return refusal


def reply_of(
    *texts: str,
    passages: Sequence[int] = (1,),
    not_stated: Sequence[str] = (),
    searches: Sequence[str] = (),
) -> str:
    """A model's answer: sentences and items, each resting on passages of which it names no words;
    without any it is no answer."""
    evidence = [{"passage": number, "first": "", "last": ""} for number in passages]
    sentences = [{"text": text, "evidence": evidence} for text in texts]
    return json.dumps(
        {"sentences": sentences, "not_stated": [*not_stated], "searches": [*searches]}
    )


def numbers(request: Request) -> list[int]:
    """The sentences that the model is to check."""
    return [int(number) for number in re.findall(r'<sentence number="(\d+)">', prompt_of(request))]


def sentence_of(request: Request, number: int) -> str:
    """The text of a sentence that the model is to check."""
    after = prompt_of(request).partition(f'<sentence number="{number}">\n')[2]
    return after.partition("\n</sentence>")[0]


def checked(request: Request, rejected: Mapping[int, str] = MappingProxyType({})) -> str:
    """A checker's reply that supports all sentences but these: number -> reason."""
    listed = [
        {
            "number": number,
            "reason": rejected.get(number, "It is what the passages say."),
            "verdict": "not supported" if number in rejected else "supported",
        }
        for number in numbers(request)
    ]
    return json.dumps({"verdicts": listed})


class Script:
    """What the server does with the next requests, and what it was asked."""

    def __init__(self) -> None:
        self.reply: Reply | Callable[[Request], Reply] = ""
        self.check: Reply | Callable[[Request], Reply] = checked
        self.status = 200
        self.retry_after = 0  # seconds, told with a failure
        self.refusal: Callable[[Request], Fault | None] = lambda _: None
        self.cut_after: int | None = None  # pieces, then the connection is dropped
        self.finish = "stop"  # how a reply ends: also "length", "content_filter"
        self.reasons_only_if_short: int | None = None  # fewer tokens than this leave none to write
        self.piece = 7  # characters
        self.delay = 0.0  # seconds before each piece, or before a whole reply
        self.models: list[str] = ["scripted"]
        self.about_models: dict[str, object] = {}  # what the list tells of each
        self.listed: object = ...  # in place of the list
        self.ollama: dict[str, dict[str, Any]] = {}  # what /api/show and /api/ps say; else none
        self.requests: list[Request] = []  # but for these:
        self.checks: list[Request] = []
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.hung_up = threading.Event()  # a client left before the end of a stream
        self.over = threading.Event()  # the server is to be closed
        self.url = ""


@contextmanager
def openai_server() -> Iterator[Script]:
    """Serves until the block ends; `url` is to be used as base URL."""
    script = Script()

    class Scripted(Handler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            script.paths.append(self.path)
            if path.endswith("/models"):
                about = {"object": "model", "created": 0, **script.about_models}
                listed: object = [{"id": name, **about} for name in script.models]
                listed = listed if script.listed is ... else script.listed
                self._json(200, {"object": "list", "data": listed})
            else:
                self._of_ollama(path)

        def do_POST(self) -> None:
            request = json.loads(self.body)
            path = urlsplit(self.path).path
            script.paths.append(self.path)
            script.headers.append({key.lower(): value for key, value in self.headers.items()})
            if "/api/" in path:
                self._of_ollama(path)
                return
            is_check = prompt_of(request).startswith("You check sentences")
            (script.checks if is_check else script.requests).append(request)
            said = script.check if is_check else script.reply
            reply = said(request) if callable(said) else said
            refusal = script.refusal(request)
            if script.status != 200:
                self._error(script.status)
            elif refusal is not None:
                self._json(refusal.status, refusal)
            elif isinstance(reply, int):
                self._error(reply)
            elif isinstance(reply, Fault):
                self._json(reply.status, reply)
            elif isinstance(reply, dict):
                self._json(200, reply)
            else:
                self._say(request, reply)

        def _of_ollama(self, path: str) -> None:
            found = script.ollama.get(path)
            self._json(200 if found else 404, found or {"error": "not found"})

        def _say(self, request: Request, reply: str) -> None:
            limit = request.get("max_completion_tokens")
            ending, least = script.finish, script.reasons_only_if_short
            if least is not None and limit is not None and limit < least:
                reply, ending = "", "length"
            if not request.get("stream"):
                script.over.wait(script.delay)
                self._json(200, _completion(request, reply, ending))
                return
            try:
                self._stream(_chunks(request, reply, ending, script.piece))
            except (BrokenPipeError, ConnectionResetError):
                script.hung_up.set()
                self.close_connection = True

        def _stream(self, events: Iterator[dict[str, Any]]) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            pieces = 0
            for event in events:
                if _content(event):
                    if pieces == script.cut_after:
                        self.connection.close()
                        return
                    pieces += 1
                    script.over.wait(script.delay)
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
                self.wfile.flush()
            self.wfile.write(b"data: [DONE]\n\n")
            self.close_connection = True

        def _error(self, status: int) -> None:
            self._json(status, {"error": {"message": "no", "type": "error", "code": None}})

        def _json(self, status: int, value: Mapping[str, Any]) -> None:
            body = json.dumps(value).encode()
            later = {"Retry-After": str(script.retry_after)}
            self.answer(body, status, {"Content-Type": "application/json", **later})

    with http_server(Scripted) as port:
        script.url = f"http://127.0.0.1:{port}/v1"
        try:
            yield script
        finally:
            script.over.set()


def prompt_of(request: Request) -> str:
    return "\n".join(str(message["content"]) for message in request["messages"])


def _content(event: dict[str, Any]) -> str:
    choices = event.get("choices") or [{}]
    return (choices[0].get("delta") or {}).get("content") or ""


def _object(kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
    about = {"id": "chatcmpl-1", "object": kind, "created": 0, "model": "scripted"}
    return {**about, "choices": choices}


def _completion(request: Request, reply: str, ending: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": reply, "refusal": None}
    choice = {"index": 0, "message": message, "finish_reason": ending}
    return _object("chat.completion", [choice]) | {"usage": _usage(request, reply)}


def _chunks(request: Request, reply: str, ending: str, piece: int) -> Iterator[dict[str, Any]]:
    counts = bool((request.get("stream_options") or {}).get("include_usage"))
    no_usage = {"usage": None} if counts else {}

    def chunk(choices: list[dict[str, Any]]) -> dict[str, Any]:
        return _object("chat.completion.chunk", choices) | no_usage

    for start in range(0, len(reply), piece):
        text = reply[start : start + piece]
        delta = {"role": "assistant", "content": text}
        yield chunk([{"delta": delta, "index": 0, "finish_reason": None}])
    yield chunk([{"delta": {}, "index": 0, "finish_reason": ending}])
    if counts:
        yield chunk([]) | {"usage": _usage(request, reply)}


def _usage(request: Request, reply: str) -> dict[str, Any]:
    prompt, written = len(prompt_of(request).split()), len(reply.split())
    counted = {"prompt_tokens": prompt, "completion_tokens": written}
    return {**counted, "total_tokens": prompt + written}
