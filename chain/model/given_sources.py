"""Prompt data: passages, and sentences with the stretches that they rest on, in fences."""

from collections.abc import Mapping
from dataclasses import dataclass

from chain.answerer import Quote, Request
from chain.model.budget import fenced
from core.passage import Passage, ScoredPassage
from core.source import Standing

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
    """One passage as data: description and text, in fences that it cannot close."""
    return fenced("passage", f"{_described(found)}\n{found.passage.text}", f' number="{number}"')


def claim_data(number: int, claim: Claim, request: Request) -> str:
    """One sentence as data, with its stretches, each in fences that it cannot close."""
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
