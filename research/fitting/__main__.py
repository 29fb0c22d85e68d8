"""Fits the weights of the confidence; writes them into the embedder's profile
(vectorstore/embeddings.py), and draws `docs/refusal.svg`.

    python -m research.fitting

Two logistic regressions with an L2 penalty (Newton's method) on the questions in
`research/fitting/`: is a question on topic (all questions), and do the sources answer it (those on
topic). Prints the area under the ROC curve and the share refused at each threshold, by
leave-one-out cross-validation, and plots the latter.
"""

import sys

import numpy as np
from numpy.typing import NDArray

from chain.reading.confidence import lacks, similarities
from chain.reading.relevance import best_first
from chain.retrieve import FOUND
from chain.understanding.meaning import standalone
from core.errors import StrategiewijzerError
from core.settings import ROOT, Settings
from eval.dataset import Question, fingerprints
from language.identify import conversation
from research.fitting import QUESTIONS, is_wide
from research.fitting import questions as questions_to_fit_on
from research.fitting.curve import refusal_curve
from research.fitting.fitted_numbers import write
from research.fitting.logistic import Array, fit, probability
from vectorstore.store import Snapshot, open_index

CURVE = ROOT / "docs" / "refusal.svg"
_PENALTY = 1.0  # on standardised features
_THRESHOLDS = np.arange(0.1, 0.95, 0.05)


def main() -> int:
    try:
        settings = Settings()
        questions = questions_to_fit_on()
        index = open_index(settings).snapshot()
        topic, sources = _features(questions, settings, index)
    except StrategiewijzerError as error:
        print(error, file=sys.stderr)
        return 1
    answerable = np.array([question.answerable for question in questions], dtype=float)
    far = np.array([question.challenge == "far-topic" for question in questions])
    everything = np.ones(len(questions), dtype=bool)
    models = {
        "on_topic": (topic, (~far).astype(float), everything),
        "in_sources": (sources, answerable, ~far),
    }
    weights = {}
    judged = {}
    for model, (features, outcome, among) in models.items():
        values = np.array([list(row.values()) for row in features])
        fitted = fit(values[among], outcome[among], _PENALTY)
        rounded = (round(float(weight), 4) for weight in fitted)
        weights[model] = dict(zip(["intercept", *features[0]], rounded, strict=True))
        judged[model] = _left_out(values, outcome, among)
    left_out = judged["on_topic"] * judged["in_sources"]
    area = auc(left_out, answerable)
    write(
        index.embedder.fingerprint,
        "confidence",
        weights,
        "python -m research.fitting",
        questions=fingerprints({"questions": QUESTIONS}),
        n=len(questions),
        auc_leave_one_out=round(area, 3),
    )
    groups = {
        "off topic": left_out[far],
        "near the topic, not in the sources": left_out[(answerable == 0) & ~far],
        "answerable": left_out[answerable == 1],
    }
    CURVE.write_text(refusal_curve(groups, settings.refuse_below), "utf-8")
    wide = np.array([is_wide(question) for question in questions])
    groups["answerable, of wide.yaml"] = left_out[(answerable == 1) & wide]
    print(f"AUC, leave one out: {area:.3f} ({len(questions)} questions)")
    least, on_topic = index.profile.amounts.confidence.far, judged["on_topic"]
    answered, off = on_topic[answerable == 1], on_topic[far]
    print(f"on topic: the least chance of an answerable question is {answered.min():.2f};")
    print(f"below {least:.2f} {(answered < least).mean():.1%} of these, {(off < least).mean():.1%}")
    print(f"of those off topic, of which half are below {np.median(off):.2f}")
    for threshold in _THRESHOLDS:
        shares = (f"{(of < threshold).mean():.1%} {name}" for name, of in groups.items())
        print(f"refuse below {threshold:.2f}: {', '.join(shares)}")
    return 0


def auc(score: Array, outcome: Array) -> float:
    """Probability that a positive scores above a negative; ties count half (Mann-Whitney U)."""
    difference = score[outcome == 1][:, None] - score[outcome == 0][None, :]
    return float(((difference > 0) + 0.5 * (difference == 0)).mean())


def _left_out(values: Array, outcome: Array, among: NDArray[np.bool_]) -> Array:
    """Leave-one-out probabilities: of each question by weights fitted on the others in `among`."""
    judged = []
    for number in range(len(values)):
        others = among & (np.arange(len(values)) != number)
        weights = fit(values[others], outcome[others], _PENALTY)
        judged.append(probability(values[[number]], weights)[0])
    return np.array(judged)


def _features(
    questions: tuple[Question, ...], settings: Settings, index: Snapshot
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Features of each question for the two models: on topic, and in the sources."""
    topic, sources = [], []
    for question in questions:
        turns = [*(turn.question for turn in question.history), question.question]
        language = conversation(turns, settings.default_language)[-1]
        asked = standalone(question.question, language, question.history)
        looked = index.search(asked, k=FOUND, language=language)
        ordered, ranked = best_first(asked, language, looked, index.profile, settings.results)
        found = ordered[: settings.results]
        near = similarities(asked, found, ranked, index)
        topic.append(near)
        sources.append(near | lacks(asked, language, found, ranked, index))
    return topic, sources


if __name__ == "__main__":
    sys.exit(main())
