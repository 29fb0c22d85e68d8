"""How much of the sources fits into a prompt, and how they are written there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

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


def answer_tokens(context: int) -> int:
    """Tokens reserved for the answer."""
    return context // _ANSWER_SHARE


def tokens(text: str) -> int:
    """Upper estimate of a text's length in tokens, for European languages."""
    return -(-len(text.encode()) // _BYTES_PER_TOKEN)


def fenced(tag: str, text: str, attributes: str = "") -> str:
    """Wraps a text as data in tags that it cannot close."""
    return f"<{tag}{attributes}>\n{text.replace('<', '‹').replace('>', '›')}\n</{tag}>"


def fitting(texts: Sequence[str], context: int, *others: str) -> list[str]:
    """The first texts, as many as fit whole into the context beside `others` and the answer.

    Args:
        texts: the most important first.
        context: the model's context length in tokens.
        others: the rest of the prompt.
    """
    room = context - answer_tokens(context) - sum(map(tokens, others))
    kept: list[str] = []
    for text in texts:
        room -= tokens(text)
        if room < 0:
            break
        kept.append(text)
    return kept


# Prompt data: passages, and sentences with the stretches that they rest on, in fences.


# Standing of a document, which its text may not state.
_STANDINGS: Mapping[Standing, str] = {
    "upcoming": "not yet in force",
    "superseded": "no longer in force",
}


@dataclass(frozen=True)
class Claim:
    """A model's sentence or item, and the quotes that it may rest on."""

    text: str
    quotes: tuple[Quote, ...]


def passage_data(number: int, found: ScoredPassage) -> str:
    """Writes a passage as data: description and text, in fences that it cannot close."""
    return fenced("passage", f"{_described(found)}\n{found.passage.text}", f' number="{number}"')


def claim_data(number: int, claim: Claim, request: Request) -> str:
    """Writes a sentence as data, with its stretches, each in fences that it cannot close."""
    parts = [fenced("sentence", claim.text, f' number="{number}"')]
    for quote in claim.quotes:
        about = f' sentence="{number}" passage="{quote.passage + 1}"'
        parts.append(fenced("stretch", _quoted(request.found[quote.passage].passage, quote), about))
    return "\n".join(parts)


def _described(found: ScoredPassage) -> str:
    """Description of a passage: document, kind of text, date, standing and section."""
    passage, cited = found.passage, found.passage.document
    kind = f"summary of {cited.reference or cited.about}" if cited.kind == "brief" else "full text"
    date = str(cited.date or "")
    standing = _STANDINGS.get(found.standing, "")
    about = (cited.title, cited.reference if cited.kind != "brief" else "", kind, date, standing)
    return "; ".join(filter(None, (*about, f"section {passage.headings[-1]}")))


def _quoted(passage: Passage, quote: Quote) -> str:
    """The text of a quote, below the introductions of the lists in it."""
    leads = dict.fromkeys(
        unit.lead_in
        for unit in passage.units
        if quote.start <= unit.start < quote.end
        and unit.lead_in is not None
        and unit.lead_in[0] < quote.start
    )
    spans = [*filter(None, leads), (quote.start, quote.end)]
    return "\n".join(passage.text[start:end] for start, end in spans)
