"""Entities of a question that the evidence lacks.

Vector similarity hardly tells "reports in 2019" from "reports in 2015"; entities do.
"""

import re
from collections.abc import Iterable, Sequence

from chain.reading.evidence import Evidence, of_citation, of_passage
from chain.understanding.asking import gives_reason
from chain.understanding.demands import Demands, demands_of
from core.citation import Citation
from core.passage import ScoredPassage
from language.quantities import figures
from prompts import Demanded, languages, phrases
from vectorstore.snapshot import Snapshot

_UNSURE = 0.7  # confidence; a surer answer probably says it in other words
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def missing(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    citations: Sequence[Citation],
    confidence: float,
    index: Snapshot,
) -> tuple[str, ...]:
    """Entities and answer types of the question that the evidence lacks, in its words and order.

    Figures and answer types are looked up in the quotes (with heading, reference and date),
    countries and names in the quoted passages, rare words in all retrieved passages. Rare words
    count only under an unsure answer: they are never the reason for a refusal. Without citations
    the retrieved passages are the evidence. `index` is asked for names if all passages are in
    another language.
    """
    demands = demands_of(question, language)
    quoted = {citation.passage_id for citation in citations}
    passages = [one.passage for one in found if one.passage.id in quoted or not quoted]
    texts = [of_citation(citation) for citation in citations] or list(map(of_passage, passages))
    quotes = Evidence(texts, language)
    around = Evidence(map(of_passage, passages), language)
    words = [
        *quotes.figures_missing(demands),
        *around.countries_missing(demands),
        *around.names_missing(demands, index.knows),
    ]
    if citations and confidence < _UNSURE:
        everything = Evidence((of_passage(one.passage) for one in found), language)
        words += everything.words_missing(demands)
    kinds = phrases(language).kinds
    return (
        *sorted(dict.fromkeys(words), key=question.find),
        *(kinds[kind] for kind in sorted(_kinds_missing(demands, quotes, citations))),
    )


def _kinds_missing(
    demands: Demands, quotes: Evidence, citations: Sequence[Citation]
) -> Iterable[Demanded]:
    """Answer types of the question that no quote has."""
    if not citations:
        return
    texts = [citation.quote for citation in citations]
    listed = any(text.count("\n") > 1 for text in texts)  # its items can be counted
    counted = listed or any(figures(text) - demands.figures.keys() for text in texts)
    if "number" in demands.kinds and not counted:
        yield "number"
    if "date" in demands.kinds and not any(_YEAR.search(text) for text in texts):
        yield "date"
    if "amount" in demands.kinds and not quotes.has_currency():
        yield "amount"
    told = {citation.document.language for citation in citations} <= set(languages())
    if (
        "reason" in demands.kinds
        and told
        and not any(gives_reason(one.quote, one.document.language) for one in citations)
    ):
        yield "reason"
