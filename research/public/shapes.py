"""Common shape of public question sets.

Offsets are character offsets (Python string indices) in `PublicDocument.text`, end exclusive.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Literal

from core.source import Frozen

Format = Literal["xquad", "squad", "beir", "tsv"]


class PublicDocument(Frozen):
    """One paragraph, or one entry of a BEIR corpus: what is retrieved.

    `article` is the 0-based position of its article; in a format without articles, its own.
    """

    id: str
    title: str
    text: str
    article: int


class GoldAnswer(Frozen):
    """Span of an answer in the text of a document."""

    document: str
    start: int
    end: int


class PublicQuestion(Frozen):
    """A question with its judgements.

    relevant: document id -> grade (1 and up), as in TREC judgements.
    answers: alternatives; empty if the set has none.
    """

    id: str
    text: str
    relevant: Mapping[str, int]
    answers: tuple[GoldAnswer, ...] = ()


class PublicSet(Frozen):
    """A public question set; `notes` say what was left out or corrected in reading it."""

    name: str
    language: str  # of the documents, ISO 639-1
    question_language: str
    documents: tuple[PublicDocument, ...]
    questions: tuple[PublicQuestion, ...]
    notes: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Fingerprint of documents, questions and judgements: 12 hex digits of a SHA-256."""
        return _digest(self.model_dump(mode="json", exclude={"name", "notes"}))

    @property
    def documents_fingerprint(self) -> str:
        """Fingerprint of the documents; the same for every language of the questions."""
        return _digest([self.language, *([d.title, d.text] for d in self.documents)])

    def asking(self, questions: Iterable[PublicQuestion]) -> "PublicSet":
        """The set with these questions only."""
        return self.model_copy(update={"questions": tuple(questions)})


def halves(public: PublicSet) -> tuple[PublicSet, PublicSet]:
    """Splits the questions by even and odd articles (0, 2, ... and 1, 3, ...), over all documents.

    Fit on one half and report on the other: no article is in both. A question with several relevant
    documents goes with the first.
    """
    article = {document.id: document.article for document in public.documents}

    def is_odd(question: PublicQuestion) -> bool:
        first = next(name for name in question.relevant if name in article)
        return article[first] % 2 == 1

    return (
        public.asking(question for question in public.questions if not is_odd(question)),
        public.asking(question for question in public.questions if is_odd(question)),
    )


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:12]
