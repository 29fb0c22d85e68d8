"""What a reply of OpenAI's protocol says of an answer, the same in both of its forms."""

import math
from dataclasses import dataclass, field

from api.client_words import client_words
from api.openai_shapes import AnswerFacts
from api.openai_text import ClientText
from api.search_limits import SearchLimits
from api.source_quote import SourceQuote, source_quotes
from core.answer import Answer
from core.event import Event, Finished, TextDelta

Json = dict[str, object]

MODEL = "strategiewijzer"
"""The one model id that there is."""

DECLINED = ("harm", "opinion", "legal")
"""Kinds of messages that are not answered on purpose (`core.answer.Message`)."""

_PER_TOKEN = 4  # characters: what OpenAI reckons for English. There may be no model that counts


@dataclass
class ClientReply:
    """An answer in the making. `limits` are those of the request, `said` is the text; once finished
    there is `answer`."""

    limits: SearchLimits
    said: ClientText = field(default_factory=ClientText)
    answer: Answer | None = None

    def take(self, event: Event) -> str:
        """The text that an event adds: what is verified as it arrives, last what belongs below."""
        if isinstance(event, TextDelta) and event.text:
            numbers = (marker.number for marker in event.markers)
            return self.said.add(event.blocks, dict(zip(numbers, event.cited, strict=True)))
        if isinstance(event, Finished):
            self.answer = event.answer
            return self.said.end(event.answer)
        return ""

    @property
    def finished(self) -> Answer:
        assert self.answer is not None  # noqa: S101 - asked for after the last event
        return self.answer

    @property
    def refusal(self) -> str | None:
        """What was said in place of an answer; None for an answer and for small talk."""
        answer = self.finished
        refuses = answer.kind == "refusal" or answer.message in DECLINED
        return answer.text if refuses else None

    @property
    def quotes(self) -> tuple[SourceQuote, ...]:
        """The citations that the text has markers for."""
        return source_quotes(self.finished, self.said.citations(self.finished))

    def annotations(self, *, nested: bool) -> list[Json]:
        """One for each marker: the official page that it refers to, or the document without one.

        Args:
            nested: as Chat Completions has it, with the facts one level down.
        """
        quotes = {quote.number: quote for quote in reversed(self.quotes)}
        found: list[Json] = []
        for marker in self.said.markers:
            quote = quotes.get(marker.number)
            if quote is None:
                continue
            kind = "url_citation" if quote.url else "file_citation"
            facts: Json = (
                {
                    "url": quote.url,
                    "title": _title(quote, self.finished.language),
                    "start_index": marker.start,
                    "end_index": marker.end,
                }
                if quote.url
                else {"file_id": quote.passage, "filename": quote.title, "index": marker.start}
            )
            found.append({"type": kind, kind: facts} if nested else {"type": kind, **facts})
        return found

    def extra(self) -> Json:
        """What OpenAI's protocol has no place for."""
        answer = self.finished
        return {
            "citations": [quote.model_dump(mode="json") for quote in self.quotes],
            "strategiewijzer": {
                **answer.model_dump(mode="json", include={*AnswerFacts.model_fields}),
                "limits": self.limits.model_dump(mode="json"),
            },
        }


def _title(quote: SourceQuote, language: str) -> str:
    """Of a brief with what it is: the page behind it is that of the official text."""
    if quote.kind != "brief":
        return quote.title
    return f"{quote.title} ({client_words(language).summary})"


def tokens(*texts: str) -> int:
    """An estimate: four characters each."""
    return math.ceil(sum(map(len, texts)) / _PER_TOKEN)
