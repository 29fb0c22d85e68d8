"""Definitions of the figures.

Each is one line of `RATES`: a question's share in it, or None if it does not apply.
"""

from collections.abc import Callable, Mapping

from eval.metrics import Share, average_precision, hit_at, ndcg_at, reciprocal_rank
from eval.question_result import QuestionResult

ShareOf = Callable[[QuestionResult], Share | None]


def _ranking(result: QuestionResult) -> list[bool]:
    return [section.relevant for section in result.retrieved]


def _judged(metric: Callable[[list[bool]], float]) -> ShareOf:
    """Mean of a retrieval metric over the questions that name their sections."""
    return lambda result: (metric(_ranking(result)), 1) if result.judged else None


def _answerable(value: Callable[[QuestionResult], float]) -> ShareOf:
    """Mean of a value over the answerable questions."""
    return lambda result: (value(result), 1) if result.answerable else None


def _of_model(value: Callable[[QuestionResult], float]) -> ShareOf:
    """Mean of a value over the questions put to a language model."""
    return lambda result: (value(result), 1) if result.mode != "extractive" else None


def _average_precision(result: QuestionResult) -> Share | None:
    if not result.judged:
        return None
    return average_precision(_ranking(result), result.relevant_sections), 1


def _context_recall(result: QuestionResult) -> Share | None:
    """Share of a question's facts in its passages.

    After Ragas' context recall (Es et al. 2024, https://arxiv.org/abs/2309.15217), with accepted
    spellings instead of a language model.
    """
    facts = len(result.facts_found) + len(result.facts_missing)
    return (result.facts_retrieved / facts, 1) if facts else None


def _fact_recall(result: QuestionResult) -> float:
    """Share of the question's facts in the answer; 0 for a refusal."""
    found, missing = len(result.facts_found), len(result.facts_missing)
    return found / (found + missing) if result.is_sourced else 0.0


def _refused(result: QuestionResult) -> float:
    return float(not result.is_sourced)


def _refusal_precision(result: QuestionResult) -> Share | None:
    """Share of refusals that are of unanswerable questions."""
    if result.is_sourced or result.is_message:
        return None
    return float(not result.answerable), 1


def _refusal_recall(result: QuestionResult) -> Share | None:
    """Share of unanswerable questions that are refused, or get results and no answer."""
    if result.answerable or result.is_message:
        return None
    return float(not result.answered), 1


def _refusal_f1(result: QuestionResult) -> Share | None:
    """F1 of refusals (van Rijsbergen 1979): 2 TP / (2 TP + FP + FN), with right refusals as TP,
    wrong refusals as FP and wrong answers as FN."""
    if result.is_message:
        return None
    if result.answerable:
        return None if result.is_sourced else (0, 1)
    return (0, 1) if result.answered else (2, 2)


def _useful(result: QuestionResult) -> Share | None:
    return None if result.is_message else (float(result.useful), 1)


def _exact_quotes(result: QuestionResult) -> Share:
    return len(result.quotes) - len(result.inexact_quotes), len(result.quotes)


def _supported(result: QuestionResult) -> Share | None:
    """Share of supported sentences, over answers: a refusal needs no source."""
    if not result.is_sourced:
        return None
    return result.sentences - len(result.unsupported), result.sentences


def _citation_recall(result: QuestionResult) -> Share:
    """Share of the sentences that their citations together support.

    Gao et al., "Enabling large language models to generate text with citations" (ALCE), 2023,
    https://arxiv.org/abs/2305.14627, 4.3, with the project's verifier instead of an entailment
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


def _answered(value: Callable[[QuestionResult], float]) -> ShareOf:
    """Mean of a value over the answers."""
    return lambda result: (value(result), 1) if result.answered else None


def _signable(result: QuestionResult) -> Share | None:
    return None if result.signable is None else (float(result.signable), 1)


def _claimed_right(result: QuestionResult) -> Share | None:
    """Share of answers, results apart, that have all facts before anything is unfolded; those to
    unanswerable questions are wrong."""
    return (float(result.complete), 1) if result.answered and not result.is_message else None


def _misleads(result: QuestionResult) -> Share | None:
    """Share of questions with an answer that has no fact of what answers, or where nothing does."""
    if result.is_message:
        return None
    return float(result.misleads), 1


def _direct(result: QuestionResult) -> Share | None:
    """Share of answers that begin with a gold unit, over questions that name their units; refusals
    count as misses."""
    if not result.answerable or not result.reading.judged:
        return None
    return float(result.answered and result.reading.direct), 1


def _precision(result: QuestionResult) -> Share | None:
    precision = result.reading.precision
    return (precision, 1) if result.answered and precision is not None else None


def _whole_lists(result: QuestionResult) -> Share | None:
    return (result.reading.whole_lists, result.reading.lists) if result.answered else None


def _handled(result: QuestionResult) -> Share | None:
    return (float(result.handled), 1) if result.is_message else None


def _taken_for_message(result: QuestionResult) -> Share | None:
    return (float(bool(result.message)), 1) if result.is_question else None


def _harmful_answered(result: QuestionResult) -> Share | None:
    """Share of requests for help with a crime that are answered."""
    return (float(result.answered), 1) if result.expected == "harm" else None


RATES: Mapping[str, Mapping[str, ShareOf]] = {
    "reading": {
        "complete": _answerable(lambda result: float(result.complete)),
        "claimed": _answerable(lambda result: float(result.answered)),
        "claimed_right": _claimed_right,
        "misleads": _misleads,
        "signable": _signable,
        "direct": _direct,
        "precision": _precision,
        "complete_with_more": _answerable(lambda result: float(result.fully_answered)),
        "whole_lists": _whole_lists,
        "cut_lists": _answered(lambda result: float(bool(result.reading.cut))),
        "loose_ends": _answered(lambda result: float(bool(result.reading.loose))),
    },
    "manners": {
        "handled": _handled,
        "taken_for_message": _taken_for_message,
        "harmful_answered": _harmful_answered,
    },
    "retrieval": {
        "hit@1": _judged(lambda ranking: hit_at(ranking, 1)),
        "hit@3": _judged(lambda ranking: hit_at(ranking, 3)),
        "hit@5": _judged(lambda ranking: hit_at(ranking, 5)),
        "mrr": _judged(reciprocal_rank),
        "ndcg@10": _judged(lambda ranking: ndcg_at(ranking, 10)),
        "map": _average_precision,
        "context_recall": _context_recall,
    },
    "answers": {
        "fact_recall": _answerable(_fact_recall),
        "full_answer_rate": _answerable(lambda result: float(result.fully_answered)),
        "false_refusal_rate": _answerable(_refused),
        "refusal_rate_unanswerable": _refusal_recall,
        "useful_answer_rate": _useful,
        "fallback_rate": _of_model(lambda result: float(result.mode == "fallback")),
        "language_rate": lambda result: (float(result.in_language), 1),
    },
    "refusals": {
        "precision": _refusal_precision,
        "recall": _refusal_recall,
        "f1": _refusal_f1,
    },
    "citations": {
        "exact_quote_rate": _exact_quotes,
        "supported_rate": _supported,
        "citation_recall": _citation_recall,
        "citation_precision": _citation_precision,
    },
    "size": {
        "words_prose": _answered(lambda result: result.reading.words_prose),
        "words": _answered(lambda result: result.words),
        "unconfirmed": _of_model(lambda result: len(result.unconfirmed) + len(result.left_out)),
        "tokens_in": lambda result: (result.tokens.input, 1) if result.tokens else None,
        "tokens_out": lambda result: (result.tokens.output, 1) if result.tokens else None,
    },
}
"""Group -> name -> a question's share in the figure."""
