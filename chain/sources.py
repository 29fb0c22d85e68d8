"""What a model is given of the sources, as data: passages, and sentences with their evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.answerer import Draft, Quote, Request, Verdict
from chain.budget import fenced
from core.types import Passage, ScoredPassage, Standing

# What a passage's own text may not say of its document.
_STANDINGS: Mapping[Standing, str] = {
    "upcoming": "not yet in force",
    "superseded": "no longer in force",
}
_NEAREST = 2  # passages that are given with a sentence for which nothing was found, citing nothing


@dataclass(frozen=True)
class Claim:
    """A sentence or item that a model wrote, and what the verifier said of it.

    `before` is what it cannot be understood without: the introduction of its list, or the sentence
    that it points back to. `doubt` is why it is not shown.
    """

    draft: Draft
    verdict: Verdict
    before: str = ""
    doubt: str = ""


def passage_data(number: int, found: ScoredPassage) -> str:
    """One passage as data: what it is, and its text between fences it cannot close."""
    return fenced("passage", f"{_described(found)}\n{found.passage.text}", f' number="{number}"')


def claim_data(number: int, claim: Claim, request: Request) -> str:
    """One sentence as data, each part of it between fences that it cannot close."""
    parts = [("sentence", claim.draft.text), ("before", claim.before), ("doubt", claim.doubt)]
    for quote in _evidence(claim, request):
        found = request.found[quote.passage]
        parts.append(("evidence", f"{_described(found)}\n{_quoted(found.passage, quote)}"))
    return "\n".join(fenced(tag, text, f' number="{number}"') for tag, text in parts if text)


def _described(found: ScoredPassage) -> str:
    """What a passage is: document, kind of text, date, standing and section."""
    passage, cited = found.passage, found.passage.document
    kind = f"summary of {cited.reference or cited.about}" if cited.kind == "brief" else "full text"
    date = str(cited.date or "")
    standing = _STANDINGS.get(found.standing, "")
    about = (cited.title, cited.reference if cited.kind != "brief" else "", kind, date, standing)
    return "; ".join(filter(None, (*about, f"section {passage.headings[-1]}")))


def _evidence(claim: Claim, request: Request) -> Sequence[Quote]:
    """The quotes of the verdict; without any the passages that are cited, or else the best."""
    if claim.verdict.quotes:
        return claim.verdict.quotes
    count = len(request.found)
    cited = [number for number in claim.draft.cites if number < count]
    whole = cited or range(min(count, _NEAREST))
    return [Quote(number, 0, len(request.found[number].passage.text)) for number in whole]


def _quoted(passage: Passage, quote: Quote) -> str:
    """The text of a quote, below the introductions of the lists that its items are from."""
    leads = dict.fromkeys(
        unit.lead_in
        for unit in passage.units
        if quote.start <= unit.start < quote.end
        and unit.lead_in is not None
        and unit.lead_in[0] < quote.start
    )
    spans = [*filter(None, leads), (quote.start, quote.end)]
    return "\n".join(passage.text[start:end] for start, end in spans)
