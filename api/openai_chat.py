"""POST /v1/chat/completions: an answer in the form of OpenAI's Chat Completions."""

import time
import uuid
from collections.abc import Iterator

from api.openai_reply import MODEL, ClientReply, Json, tokens
from api.openai_shapes import ChatReply


class ChatForm:
    """One reply in this form, whole or in chunks.

    Args:
        reply: the answer in the making.
        asked: the texts of the request, for `usage`.
        include_usage: whether a last chunk tells the usage.
    """

    def __init__(
        self, reply: ClientReply, asked: list[str], *, include_usage: bool = False
    ) -> None:
        self._reply = reply
        self._asked = asked
        self._include_usage = include_usage
        self._id = f"chatcmpl-{uuid.uuid4().hex}"
        self._created = int(time.time())

    def whole(self) -> ChatReply:
        """The body of a reply that is not streamed."""
        message = {
            "role": "assistant",
            "content": self._reply.said.text,
            "refusal": self._reply.refusal,
            "annotations": self._reply.annotations(nested=True),
        }
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return ChatReply.model_validate(
            {
                **self._head("chat.completion"),
                "choices": [choice],
                "usage": self._usage(),
                **self._reply.extra(),
            }
        )

    def begin(self) -> Iterator[Json]:
        yield self._chunk({"role": "assistant", "content": "", "refusal": None})

    def piece(self, text: str) -> Iterator[Json]:
        yield self._chunk({"content": text})

    def end(self) -> Iterator[Json]:
        """Refusal and annotations, the reason why it ends, the usage if it was asked for."""
        if self._reply.refusal:
            yield self._chunk({"refusal": self._reply.refusal})
        if annotations := self._reply.annotations(nested=True):
            yield self._chunk({"annotations": annotations})
        yield {**self._chunk({}, "stop"), **self._reply.extra()}
        if self._include_usage:
            usage = self._usage()
            yield {**self._head("chat.completion.chunk"), "choices": [], "usage": usage}

    def failed(self, error: Json) -> Iterator[Json]:
        yield error

    def _chunk(self, delta: Json, finish_reason: str | None = None) -> Json:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage: Json = {"usage": None} if self._include_usage else {}
        return {**self._head("chat.completion.chunk"), "choices": [choice], **usage}

    def _head(self, kind: str) -> Json:
        return {"id": self._id, "object": kind, "created": self._created, "model": MODEL}

    def _usage(self) -> Json:
        prompt, completion = tokens(*self._asked), tokens(self._reply.said.text)
        return {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
        }
