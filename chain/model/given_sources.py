"""Prompt data: passages, and sentences with their evidence, in fences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chain.answerer import Draft, Quote, Request, Verdict
from chain.model.budget import fenced
from core.passage import Passage, ScoredPassage
from core.source import Standing

# Standing of a document, which its text may not state.
_STANDINGS: Mapping[Standing, str] = {
    "upcoming": "not yet in force",
    "superseded": "no longer in force",
}
# Passages given with a sentence that has neither evidence nor citations: they are given whole, and
# more would crowd the other sentences out of the prompt.
_NEAREST = 2


@dataclass(frozen=True)
class Claim:
    """A model's sentence or item, and the verifier's verdict.

    before: the introduction of its list, or the sentence that it refers back to.
    doubt: why it is not shown.
    """

    draft: Draft
    verdict: Verdict
    before: str = ""
    doubt: str = ""


def passage_data(number: int, found: ScoredPassage) -> str:
    """One passage as data: description and text, in fences that it cannot close."""
    return fenced("passage", f"{_described(found)}\n{found.passage.text}", f' number="{number}"')


def claim_data(number: int, claim: Claim, request: Request) -> str:
    """One sentence as data, each part in fences that it cannot close."""
    parts = [("sentence", claim.draft.text), ("before", claim.before), ("doubt", claim.doubt)]
    for quote in _evidence(claim, request):
        found = request.found[quote.passage]
        parts.append(("evidence", f"{_described(found)}\n{_quoted(found.passage, quote)}"))
    return "\n".join(fenced(tag, text, f' number="{number}"') for tag, text in parts if text)


def _described(found: ScoredPassage) -> str:
    """Description of a passage: document, kind of text, date, standing and section."""
    passage, cited = found.passage, found.passage.document
    kind = f"summary of {cited.reference or cited.about}" if cited.kind == "brief" else "full text"
    date = str(cited.date or "")
    standing = _STANDINGS.get(found.standing, "")
    about = (cited.title, cited.reference if cited.kind != "brief" else "", kind, date, standing)
    return "; ".join(filter(None, (*about, f"section {passage.headings[-1]}")))


def _evidence(claim: Claim, request: Request) -> Sequence[Quote]:
    """The quotes of the verdict, else the cited passages, else the best passages."""
    if claim.verdict.quotes:
        return claim.verdict.quotes
    count = len(request.found)
    cited = [number for number in claim.draft.cites if number < count]
    whole = cited or range(min(count, _NEAREST))
    return [Quote(number, 0, len(request.found[number].passage.text)) for number in whole]


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
