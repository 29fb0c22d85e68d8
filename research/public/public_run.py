"""Run over a public set: both tasks, and a stamp of its settings and versions."""

import datetime
from collections.abc import Mapping
from typing import Literal, Protocol

from core.errors import QuestionSetError
from core.settings import Settings
from core.source import Frozen
from eval.runs import code_version
from research.public.index import build_index, marked
from research.public.shapes import PublicSet, halves
from research.public.tasks import Figure, retrieval, sentence_finding
from vectorstore.manifest import method_of

Half = Literal["even", "odd"]


class Watch(Protocol):
    """Receives the progress of a step."""

    def __call__(self, step: str, done: int, total: int) -> None: ...


class PublicStamp(Frozen):
    """Provenance of a run.

    questions: fingerprint of the set with the questions asked.
    results: number of passages that sentences were ranked in.
    """

    questions: str
    embedder: str
    method: str
    results: int
    code_version: str
    date: str  # ISO 8601, UTC


class PublicRun(Frozen):
    """Figures of one set. `n` is the number of questions, `with_answers` of those with an answer in
    the set, which count for sentences."""

    name: str
    language: str
    question_language: str
    half: Half | None
    every: int
    documents: int
    n: int
    with_answers: int
    retrieval: Mapping[str, Figure]
    sentences: Mapping[str, Figure]
    latency_ms: Mapping[str, float | None]
    notes: tuple[str, ...]
    stamp: PublicStamp


def run(
    public: PublicSet,
    settings: Settings,
    *,
    half: Half | None = None,
    every: int = 1,
    watch: Watch = lambda step, done, total: None,
) -> PublicRun:
    """Builds the set's index if needed, and runs both tasks.

    Args:
        public: the set; all its documents are searched, whichever questions are asked.
        settings: of the assistant: data folder, embedder, `results`.
        half: ask only the questions on even or on odd articles.
        every: ask only every n-th question.
        watch: receives progress.

    Raises:
        QuestionSetError: no question is left to ask.
        LockedError, StoreError: as `build_index`.
    """
    even, odd = halves(public)
    chosen = {None: public, "even": even, "odd": odd}[half]
    chosen = chosen.asking(chosen.questions[::every])
    if not chosen.questions:
        raise QuestionSetError(f"{public.name}: no question is left to ask. Leave --half out.")
    index = build_index(
        chosen, settings, lambda done, total: watch("Embedding passages", done, total)
    )
    found = retrieval(chosen, index, asked=lambda done, total: watch("Searching", done, total))
    sentences = sentence_finding(
        chosen,
        index,
        settings.results,
        asked=lambda done, total: watch("Finding sentences", done, total),
    )
    guarded = marked(chosen)
    return PublicRun(
        name=public.name,
        language=public.language,
        question_language=public.question_language,
        half=half,
        every=every,
        documents=len(public.documents),
        n=len(chosen.questions),
        with_answers=len(sentences.ranks),
        retrieval=found.figures,
        sentences=sentences.figures if sentences.ranks else {},
        latency_ms=found.latency_ms,
        notes=(
            *public.notes,
            *([f"documents marked in front, to be taken as text: {guarded}"] if guarded else []),
        ),
        stamp=PublicStamp(
            questions=chosen.fingerprint,
            embedder=index.embedder.fingerprint,
            method=method_of(index.embedder),
            results=settings.results,
            code_version=code_version(),
            date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        ),
    )
