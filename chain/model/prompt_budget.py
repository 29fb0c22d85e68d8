"""How much of the sources fits into a prompt, and how they are written there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from chain.request import Quote, Request
from core.source import Passage, ScoredPassage, Standing

# The answer gets 1/4 of the context: 1,024 tokens of Ollama's smallest default. A larger share
# takes passages away, a smaller one cuts answers off.
_ANSWER_SHARE = 4

# The configured model's tokenizer is not available. With SmolLM2's small vocabulary (49,152) a
# token has at least 2.4 bytes in the Dutch briefs, and 4 in the English ones.
_BYTES_PER_TOKEN = 2

CONDENSE_SHARE = 0.25
"""Share of `answer_timeout` for rewriting a follow-up; the rest is for the answer. A reasoning
model needs some ten seconds for either."""
CHECK_SHARE = 0.25  # a larger one takes the time from the answer itself
"""Share of `answer_timeout` for checking the reply."""
_DOCUMENT_ENDS = "</document>\n\n"
# Standing of a document, which its text may not state.
_STANDINGS: Mapping[Standing, str] = {
    "upcoming": "not yet in force",
    "superseded": "no longer in force",
}


def answer_tokens(context: int) -> int:
    """Tokens reserved for the answer."""
    return context // _ANSWER_SHARE


def tokens(text: str) -> int:
    """Upper estimate of a text's length in tokens, for European languages."""
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


def room_left(context: int, *others: str) -> int:
    """Tokens left of a context beside other texts of the prompt, and the answer."""
    return context - answer_tokens(context) - sum(map(tokens, others))


def fenced(tag: str, text: str, attributes: str = "") -> str:
    """Wraps a text as data in tags that it cannot close."""
    return f"<{tag}{attributes}>\n{_inert(text)}\n</{tag}>"


def _inert(text: str) -> str:
    return text.replace("<", "‹").replace(">", "›")


def fitting(texts: Sequence[str], context: int, *others: str) -> list[str]:
    """The first texts, as many as fit whole into the context (tokens) beside others."""
    room, sizes = room_left(context, *others), accumulate(map(tokens, texts))
    return [text for text, size in zip(texts, sizes, strict=True) if size <= room]


@dataclass(frozen=True)
class Claim:
    """A model's sentence or item."""

    text: str
    quotes: tuple[Quote, ...]  # that it may rest on


class PromptPassages:
    """Passages as data in a room of tokens, by document: its description once, then its passages in
    their order, each with its number and section, in fences that none can close."""

    def __init__(self, request: Request, room: int) -> None:
        self._request = request
        self._room = room
        self._documents: dict[str, str] = {}  # key -> description
        self._passages: dict[int, str] = {}

    def take(self, numbers: Iterable[int], beside: str = "") -> bool:
        """Takes in passages (from 0), if they fit together with another text of the prompt."""
        new = {
            number: fenced(
                "passage",
                "\n".join(
                    (
                        f"section {passage.headings[-1]}",
                        *(introduction.text for introduction in passage.introductions),
                        passage.text,
                    )
                ),
                f' number="{number + 1}"',
            )
            for number in numbers
            if number not in self._passages
            for passage in [self._request.found[number].passage]
        }
        documents = {
            found.passage.document.key: f"<document>\n{_inert(_described(found))}"
            for found in map(self._request.found.__getitem__, new)
        }
        lacking = [text for key, text in documents.items() if key not in self._documents]
        ends = _DOCUMENT_ENDS * len(lacking)
        left = self._room - sum(map(tokens, (beside, ends, *lacking, *new.values())))
        if left < 0:
            return False
        self._room = left
        self._documents = {**documents, **self._documents}
        self._passages |= new
        return True

    @property
    def text(self) -> str:
        """All that were taken in; the document first that was first in the request."""
        found = self._request.found
        by_document: dict[str, list[int]] = {}
        for number in sorted(self._passages):
            by_document.setdefault(found[number].passage.document.key, []).append(number)
        return "\n\n".join(
            "\n".join(
                (
                    self._documents[key],
                    *(self._passages[n] for n in sorted(own, key=lambda n: found[n].passage.start)),
                    _DOCUMENT_ENDS.strip(),
                )
            )
            for key, own in by_document.items()
        )


def claim_data(number: int, claim: Claim, request: Request) -> str:
    """Writes a sentence as data, with its stretches, each in fences that it cannot close."""
    parts = [fenced("sentence", claim.text, f' number="{number}"')]
    for quote in claim.quotes:
        passage = request.found[quote.passage].passage
        attributes = f' sentence="{number}" passage="{quote.passage + 1}"'
        if point := " › ".join(passage.marks(quote.start)).replace('"', ""):
            attributes += f' point="{_inert(point)}"'
        parts.append(fenced("stretch", _quoted(passage, quote), attributes))
    return "\n".join(parts)


def _described(found: ScoredPassage) -> str:
    """Description of a passage's document: title, kind of text, date and standing."""
    document = found.passage.document
    reference, kind = document.reference, "full text"
    if document.kind == "brief":
        reference, kind = "", f"summary of {document.reference or document.about}"
    standing = _STANDINGS.get(found.standing, "")
    parts = (document.title, reference, kind, str(document.date or ""), standing)
    return "; ".join(filter(None, parts))


def _quoted(passage: Passage, quote: Quote) -> str:
    """The text of a quote, below the introductions of the lists and tables in it."""
    own = passage.text[quote.start : quote.end]
    within = [unit for unit in passage.units if quote.start <= unit.start < quote.end]
    leads = dict.fromkeys(lead for unit in within for lead in passage.lead_ins(unit))
    return "\n".join((*(lead for lead in leads if lead not in own), own))
