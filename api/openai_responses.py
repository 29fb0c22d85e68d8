"""POST /v1/responses: an answer in the form of OpenAI's Responses."""

import itertools
import time
import uuid
from collections.abc import Iterator, Mapping

from api.openai_reply import MODEL, ClientReply, Json, tokens
from api.openai_shapes import ResponseReply


class ResponsesForm:
    """One reply in this form, whole or as events in the order that OpenAI documents.

    Args:
        reply: the answer in the making.
        asked: the texts of the request, for `usage`.
        metadata: of the request, which is repeated.
    """

    def __init__(self, reply: ClientReply, asked: list[str], metadata: Mapping[str, str]) -> None:
        self._reply = reply
        self._asked = asked
        self._metadata = dict(metadata)
        self._id = f"resp_{uuid.uuid4().hex}"
        self._item = f"msg_{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._numbers = itertools.count()

    def whole(self) -> ResponseReply:
        """The body of a reply that is not streamed."""
        usage = self._usage()
        output = [self._message(self._parts())]
        response = self._response("completed", output, usage)
        return ResponseReply.model_validate({**response, **self._reply.extra()})

    def begin(self) -> Iterator[Json]:
        for name in ("created", "in_progress"):
            response = self._response("in_progress", [], None)
            yield self._event(f"response.{name}", response=response)
        item = self._message([], "in_progress")
        yield self._event("response.output_item.added", output_index=0, item=item)
        yield self._part("response.content_part.added", 0, _text("", []))

    def piece(self, text: str) -> Iterator[Json]:
        yield self._event("response.output_text.delta", **self._at(0), delta=text, logprobs=[])

    def end(self) -> Iterator[Json]:
        text, *refusals = self._parts()
        said = self._reply.said.text
        for number, annotation in enumerate(self._reply.annotations(nested=False)):
            yield self._event(
                "response.output_text.annotation.added",
                **self._at(0),
                annotation_index=number,
                annotation=annotation,
            )
        yield self._event("response.output_text.done", **self._at(0), text=said, logprobs=[])
        yield self._part("response.content_part.done", 0, text)
        for index, part in enumerate(refusals, start=1):
            refusal = self._reply.refusal
            yield self._part(
                "response.content_part.added", index, {"type": "refusal", "refusal": ""}
            )
            yield self._event("response.refusal.delta", **self._at(index), delta=refusal)
            yield self._event("response.refusal.done", **self._at(index), refusal=refusal)
            yield self._part("response.content_part.done", index, part)
        item = self._message([text, *refusals])
        yield self._event("response.output_item.done", output_index=0, item=item)
        yield self._event("response.completed", response=self.whole().model_dump(mode="json"))

    def failed(self, error: Json) -> Iterator[Json]:
        """A response that failed, as `error` of a reply's body tells it."""
        told = error["error"]
        assert isinstance(told, dict)  # noqa: S101 - the shape of all errors
        reason = {"code": "server_error", "message": told["message"]}
        response = {**self._response("failed", [], None), "error": reason}
        yield self._event("response.failed", response=response)

    def _parts(self) -> list[Json]:
        """What the message consists of: the text, and once more what refuses."""
        parts = [_text(self._reply.said.text, self._reply.annotations(nested=False))]
        if self._reply.refusal:
            parts.append({"type": "refusal", "refusal": self._reply.refusal})
        return parts

    def _message(self, parts: list[Json], status: str = "completed") -> Json:
        return {
            "id": self._item,
            "type": "message",
            "role": "assistant",
            "status": status,
            "content": parts,
        }

    def _response(self, status: str, output: list[Json], usage: Json | None) -> Json:
        return {
            "id": self._id,
            "object": "response",
            "created_at": self._created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": None,
            "max_output_tokens": None,
            "metadata": self._metadata,
            "model": MODEL,
            "output": output,
            "parallel_tool_calls": False,
            "previous_response_id": None,
            "store": False,
            "temperature": None,
            "text": {"format": {"type": "text"}},
            "tool_choice": "none",
            "tools": [],
            "top_p": None,
            "truncation": "disabled",
            "usage": usage,
        }

    def _event(self, kind: str, **facts: object) -> Json:
        return {"type": kind, "sequence_number": next(self._numbers), **facts}

    def _part(self, kind: str, index: int, part: Json) -> Json:
        return self._event(kind, **self._at(index), part=part)

    def _at(self, index: int) -> Json:
        return {"item_id": self._item, "output_index": 0, "content_index": index}

    def _usage(self) -> Json:
        asked, said = tokens(*self._asked), tokens(self._reply.said.text)
        return {
            "input_tokens": asked,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": said,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": asked + said,
        }


def _text(text: str, annotations: list[Json]) -> Json:
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}
