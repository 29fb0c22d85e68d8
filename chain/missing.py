"""What a question demands and the evidence lacks.

Similarity cannot tell "reports in 2019" from "reports in 2015"; what a question names can.
"""

import re
from collections.abc import Iterable, Sequence

from chain.asking import gives_reason
from chain.demands import Demands, demands_of
from chain.evidence import Evidence, of_citation, of_passage
from core.matching import figures
from core.types import Citation, ScoredPassage
from prompts import Kind, languages, phrases
from vectorstore.store import Snapshot

_UNSURE = 0.7  # confidence; a surer answer may well say it in other words
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def missing(
    question: str,
    language: str,
    found: Sequence[ScoredPassage],
    citations: Sequence[Citation],
    confidence: float,
    index: Snapshot,
) -> tuple[str, ...]:
    """What the question demands and the evidence lacks, in the question's words and order.

    Figures and kinds of figure must stand in a quote (or be said of it: heading, reference, date),
    countries and names in a passage that is quoted, rare words in any passage that was found; these
    only under an answer that is unsure, for they never are why there is none. Without citations
    the found passages are the evidence; `index` is asked for names that cannot be compared with
    passages in another language.
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
    kinds = phrases(language).demands.kinds
    return (
        *sorted(dict.fromkeys(words), key=question.find),
        *(kinds[kind] for kind in sorted(_kinds_missing(demands, quotes, citations))),
    )


def _kinds_missing(
    demands: Demands, quotes: Evidence, citations: Sequence[Citation]
) -> Iterable[Kind]:
    """The kinds of thing that are asked for and that no quote has."""
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
