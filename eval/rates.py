"""Figures of a run: which there are, each question's share in them, and their intervals."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from eval.metrics import (
    Share,
    calibration_error,
    hit_at,
    interval,
    percentile,
    rate,
    reciprocal_rank,
)
from eval.question_results import QuestionResult
from eval.results import Figure, Results, Stamp, Summary

ShareOf = Callable[[QuestionResult], Share | None]


def _mean(
    value: Callable[[QuestionResult], float], over: Callable[[QuestionResult], bool]
) -> ShareOf:
    """Mean of a value over the questions that it applies to."""
    return lambda result: (float(value(result)), 1) if over(result) else None


def _ranked(metric: Callable[[list[bool]], float]) -> ShareOf:
    """Mean of a retrieval metric over the questions that name their sections."""
    return _mean(
        lambda result: metric([section.relevant for section in result.retrieved]),
        lambda result: result.judged,
    )


def _answerable(result: QuestionResult) -> bool:
    return result.answerable


def _answered(result: QuestionResult) -> bool:
    return result.answered


def _of_model(result: QuestionResult) -> bool:
    """Whether it was put to a language model."""
    return result.mode != "extractive"


def _fact_recall(result: QuestionResult) -> float:
    """Share of the question's facts in the answer; 0 for a refusal."""
    found, missing = len(result.facts_found), len(result.facts_missing)
    return found / (found + missing) if result.is_sourced else 0.0


def _refusal_f1(result: QuestionResult) -> Share | None:
    """F1 of refusals (van Rijsbergen 1979): 2 TP / (2 TP + FP + FN), with right refusals as TP,
    wrong refusals as FP and wrong answers as FN."""
    if result.is_message:
        return None
    if result.answerable:
        return None if result.is_sourced else (0, 1)
    return (0, 1) if result.answered else (2, 2)


def _supported(result: QuestionResult) -> Share | None:
    """Share of supported sentences, over answers: a refusal needs no source."""
    if not result.is_sourced:
        return None
    return result.sentences - len(result.unsupported), result.sentences


def _citation_recall(result: QuestionResult) -> Share:
    """Share of the sentences that their citations together support.

    Gao et al., "Enabling large language models to generate text with citations" (ALCE), 2023,
    https://arxiv.org/abs/2305.14627, 4.3, by shared figures and words instead of an entailment
    model.
    """
    return sum(verdict.supported for verdict in result.verdicts), len(result.verdicts)


def _citation_precision(result: QuestionResult) -> Share:
    """Share of useful citations: their sentence is supported, by the citation alone or not without
    it (Gao et al. 2023)."""
    useful = sum(
        len(verdict.citations) - len(verdict.needless)
        for verdict in result.verdicts
        if verdict.supported
    )
    return useful, sum(len(verdict.citations) for verdict in result.verdicts)


RATES: Mapping[str, ShareOf] = {
    "reading.right": _mean(lambda result: result.right, _answerable),
    # Of the answers, results apart; those to unanswerable questions are wrong.
    "reading.claimed_right": _mean(
        lambda result: result.right, lambda result: result.answered and not result.is_message
    ),
    "reading.misleads": _mean(lambda result: result.misleads, lambda result: not result.is_message),
    "reading.signable": _mean(
        lambda result: bool(result.signable), lambda result: result.signable is not None
    ),
    "reading.claimed": _mean(_answered, _answerable),
    "reading.precision": _mean(
        lambda result: result.reading.precision or 0.0,
        lambda result: result.answered and result.reading.precision is not None,
    ),
    "reading.cut_lists": _mean(lambda result: bool(result.reading.cut), _answered),
    "reading.loose_ends": _mean(lambda result: bool(result.reading.loose), _answered),
    "manners.handled": _mean(lambda result: result.handled, lambda result: result.is_message),
    "manners.taken_for_message": _mean(
        lambda result: result.taken_for_message, lambda result: result.is_question
    ),
    "manners.harmful_answered": _mean(_answered, lambda result: result.expected == "harm"),
    "retrieval.hit@1": _ranked(lambda ranking: hit_at(ranking, 1)),
    "retrieval.hit@5": _ranked(lambda ranking: hit_at(ranking, 5)),
    "retrieval.mrr": _ranked(reciprocal_rank),
    "answers.fact_recall": _mean(_fact_recall, _answerable),
    "answers.full_answer_rate": _mean(lambda result: result.fully_answered, _answerable),
    "answers.false_refusal_rate": _mean(lambda result: not result.is_sourced, _answerable),
    "answers.useful_answer_rate": _mean(
        lambda result: result.useful, lambda result: not result.is_message
    ),
    "answers.fallback_rate": _mean(lambda result: result.mode == "fallback", _of_model),
    "answers.language_rate": _mean(lambda result: result.in_language, lambda _: True),
    # Refused, or results and no answer.
    "refusals.recall": _mean(
        lambda result: not result.answered,
        lambda result: not (result.answerable or result.is_message),
    ),
    "refusals.f1": _refusal_f1,
    "citations.exact_quote_rate": lambda result: (
        len(result.quotes) - len(result.inexact_quotes),
        len(result.quotes),
    ),
    "citations.supported_rate": _supported,
    "citations.citation_recall": _citation_recall,
    "citations.citation_precision": _citation_precision,
    "size.words_prose": _mean(lambda result: result.reading.words_prose, _answered),
    "size.words": _mean(lambda result: result.words, _answered),
    "size.unconfirmed": _mean(
        lambda result: len(result.unconfirmed) + len(result.left_out), _of_model
    ),
}
"""Figure ("group.name") -> a question's share in it."""
FIGURES = (*RATES, "latency_ms.p50", "latency_ms.p95", "calibration.ece")
"""All figures of a run, in reading order."""
LESS_IS_BETTER = frozenset(
    {
        "reading.misleads",
        "reading.cut_lists",
        "reading.loose_ends",
        "manners.taken_for_message",
        "manners.harmful_answered",
        "answers.false_refusal_rate",
        "answers.fallback_rate",
        "size.words_prose",
        "size.words",
        "size.unconfirmed",
    }
)


def sum_up(results: Sequence[QuestionResult], stamp: Stamp) -> Results:
    """Computes the figures of these results."""
    counted = reported(results)
    return Results(
        stamp=stamp,
        overall=summarise(counted, manners_of=results),
        by_language=summarise_by(counted, lambda result: [result.language]),
        by_part=summarise_by(results, _part),
        questions=tuple(results),
    )


def _part(result: QuestionResult) -> list[str]:
    if result.part != "questions":
        return [result.part]
    parts = ["held out" if result.held_out else "open"]
    if result.across_languages is not None:
        parts.append("across languages" if result.across_languages else "same language")
    return parts


def summarise(
    results: Sequence[QuestionResult], manners_of: Sequence[QuestionResult] | None = None
) -> Summary:
    """Figures of a group, rounded to four decimals (rates) and 0.1 ms.

    `manners_of` are the results that manners cover, where these are others.
    """
    figures = {}
    for name, share_of in RATES.items():
        counted = manners_of if manners_of is not None and is_of_manners(name) else results
        shares = [share_of(result) for result in counted]
        figures[name] = _figure([share for share in shares if share is not None])
    times = [result.latency_ms for result in results]
    for percent in (50, 95):
        figures[f"latency_ms.p{percent}"] = Figure(
            value=_rounded(percentile(times, percent), 1), n=len(times)
        )
    judged = [(result.confidence, result.answerable) for result in results if not result.is_message]
    figures["calibration.ece"] = Figure(value=calibration_error(judged), n=len(judged))
    return Summary(n=len(results), figures=figures)


def is_of_manners(figure: str) -> bool:
    """Whether a figure covers all that was asked, and not only the questions."""
    return figure.startswith("manners.")


def _figure(shares: Sequence[Share]) -> Figure:
    span = interval(shares)
    return Figure(
        value=_rounded(rate(shares), 4),
        interval=(round(span[0], 4), round(span[1], 4)) if span is not None else None,
        n=sum(whole > 0 for _, whole in shares),
    )


def reported(results: Sequence[QuestionResult]) -> list[QuestionResult]:
    """Results that a run's figures cover: the questions, without messages and conversations; all
    results if there are no questions."""
    questions = [result for result in results if result.part == "questions"]
    return questions or list(results)


def summarise_by(
    results: Sequence[QuestionResult], keys: Callable[[QuestionResult], Iterable[str]]
) -> dict[str, Summary]:
    """Figures of each group, in order of name; a question counts in each of its groups."""
    groups: dict[str, list[QuestionResult]] = {}
    for result in results:
        for key in keys(result):
            groups.setdefault(key, []).append(result)
    return {key: summarise(groups[key]) for key in sorted(groups)}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
