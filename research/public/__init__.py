"""Evaluation on public question sets, with the project's own index: `python -m research.public`.

    file -> PublicSet -> index of its documents -> rankings -> figures

In a script, to try another ranking:

    public = load("xquad", Path("xquad.de.json"))
    fitting, reporting = halves(public)
    index = build_index(public, Settings())
    retrieval(fitting, index).figures["hit@1"]
"""

from research.public.index import build_index
from research.public.readers import load
from research.public.shapes import GoldAnswer, PublicDocument, PublicQuestion, PublicSet, halves
from research.public.tasks import (
    Figure,
    Retrieval,
    SentenceFinding,
    rank_documents,
    retrieval,
    retrieval_figures,
    right_units,
    sentence_figures,
    sentence_finding,
)

__all__ = [
    "Figure",
    "GoldAnswer",
    "PublicDocument",
    "PublicQuestion",
    "PublicSet",
    "Retrieval",
    "SentenceFinding",
    "build_index",
    "halves",
    "load",
    "rank_documents",
    "retrieval",
    "retrieval_figures",
    "right_units",
    "sentence_figures",
    "sentence_finding",
]
