"""Asks the question set, assesses each answer, and puts the results together."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.runnables import RunnableConfig

import prompts
from core.answer import Answer, Turn
from core.answer_blocks import Blocks, marked_text
from core.source import Passage
from eval.causes import likely_cause
from eval.dataset import Outline, Question, dialogues
from eval.rates import calibrate, reported, summarise, summarise_by
from eval.results import (
    CitedSection,
    QuestionResult,
    Results,
    RetrievedPassage,
    RetrievedSection,
    Stamp,
    TokenUsage,
)
from eval.shown import claims, inexact_quotes, read, unsupported, verdicts
from eval.tracing import cited, own_words, words
from language.identify import detect
from language.matching import contains, fold
from language.words import words as words_of

# Assesses one answer against its labels; deterministic, without a model.


def assess(
    question: Question,
    answer: Answer,
    outline: Outline,
    *,
    latency_ms: float,
    tokens: TokenUsage | None = None,
) -> QuestionResult:
    """Result of a question with this answer, with the likely cause if it fell short."""
    quotes = tuple(citation.quote for citation in answer.citations)
    shown = "\n".join((*map(_plain, (answer.blocks, *answer.further)), *quotes))
    found = tuple(fact for fact in question.facts if _has(shown, fact))
    proper = "\n".join((answer.proper.plain, *_quotes_in_text(answer)))
    in_passages = "\n".join(passage.context() for passage in answer.passages)
    relevant = outline.relevant_sections(question)
    text = own_words(answer.blocks)
    said = fold("\n".join((text, *map(own_words, answer.further))))
    result = QuestionResult(
        id=question.id,
        question=question.question,
        history=question.history,
        language=question.language,
        kind=question.kind,
        challenge=question.challenge,
        part=question.part,
        conversation=question.conversation,
        held_out=question.held_out,
        across_languages=_across(question, outline),
        answers=question.answers,
        expected=question.message,
        message=answer.message,
        documents=question.documents,
        answerable=question.answerable,
        answered=answer.answered,
        found=answer.found,
        reason=answer.reason,
        mode=answer.mode,
        model=answer.model,
        text=answer.text,
        more=answer.more,
        quotes=quotes,
        citations=tuple(
            CitedSection(
                number=citation.number,
                document=citation.document.id,
                section=_section(citation.headings),
            )
            for citation in answer.citations
        ),
        passages=tuple(
            RetrievedPassage(
                id=passage.id,
                document=passage.document.id,
                language=passage.language,
                section=_section(passage.headings),
                text=passage.text,
            )
            for passage in answer.passages
        ),
        retrieved=_retrieved(answer.passages, relevant),
        judged=bool(question.sections or relevant),
        relevant_sections=len(relevant),
        facts_retrieved=sum(_has(in_passages, fact) for fact in question.facts),
        facts_found=found,
        facts_missing=tuple(fact for fact in question.facts if fact not in found),
        facts_in_text=sum(_has(proper, fact) for fact in found),
        reading=read(answer, question.answers),
        inexact_quotes=inexact_quotes(answer),
        sentences=len(claims(answer)),
        unsupported=unsupported(answer),
        verdicts=verdicts(answer),
        unconfirmed=answer.unconfirmed,
        left_out=tuple(one.text for one in answer.left_out),
        in_bold=answer.asked_for,
        forbidden_said=tuple(one for one in question.forbidden if fold(one) in said),
        languages=_languages(question, answer, outline),
        # Only the first line of a refusal: the rest names sections in any language.
        text_language=detect(
            text if answer.is_sourced else text.partition("\n")[0], answer.language
        ),
        confidence=answer.confidence,
        missing=answer.missing,
        words=words(answer.blocks),
        tokens=tokens,
        latency_ms=round(latency_ms, 1),
        stages_ms={stage: round(1000 * spent, 1) for stage, spent in answer.timings.items()},
    )
    return result.model_copy(update={"cause": likely_cause(result)})


def _quotes_in_text(answer: Answer) -> Iterator[str]:
    """Quotes of the answer proper.

    A citation number can also have quotes for the folded blocks: those that are verbatim there, and
    not in the answer proper, are left out.
    """
    numbers = cited(answer.blocks)
    text = _letters(answer.proper.plain)
    more = _letters("\n".join(map(_plain, answer.further)))
    for citation in answer.citations:
        quote = _letters(citation.quote)
        if citation.number in numbers and (quote in text or quote not in more):
            yield citation.quote


def _plain(blocks: Blocks) -> str:
    return marked_text(blocks).plain


def _letters(text: str) -> str:
    """Words of a text, without list marks and punctuation."""
    return " ".join(words_of(text))


def _has(text: str, fact: Sequence[str]) -> bool:
    return any(contains(text, spelling) for spelling in fact)


def _retrieved(
    passages: Sequence[Passage], relevant: frozenset[tuple[str, int]]
) -> tuple[RetrievedSection, ...]:
    """Distinct sections of the passages, best first.

    Language versions of a section share document id and section number, and count as one, with the
    heading of the first.
    """
    distinct: dict[tuple[str, int], RetrievedSection] = {}
    for passage in passages:
        place = passage.document.id, passage.section
        distinct.setdefault(
            place,
            RetrievedSection(
                document=passage.document.id,
                section=_section(passage.headings),
                relevant=place in relevant,
            ),
        )
    return tuple(distinct.values())


def _languages(question: Question, answer: Answer, outline: Outline) -> tuple[str, ...]:
    """Languages that the answer may be in.

    The question's; for quoted answers also those of a cited document without a version in the
    question's language. A refusal is in English if the assistant does not speak the question's
    language.
    """
    allowed = {question.language}
    if not answer.is_sourced:
        spoken = prompts.spoken_in_short if answer.reason else prompts.spoken
        return (spoken(question.language),)
    if answer.mode != "generative":
        for name in answer.documents:
            versions = outline.languages.get(name, frozenset())
            if question.language not in versions:
                allowed |= versions
    return tuple(sorted(allowed))


def _across(question: Question, outline: Outline) -> bool | None:
    named = outline.documents(question)
    if not question.answerable or not question.documents or not named:
        return None
    return all(question.language not in outline.languages[name] for name in named)


def _section(headings: Sequence[str]) -> str:
    return headings[-1] if headings else ""


# Runs an evaluation: asks the questions, assesses the answers, and sums up.


class System(Protocol):
    """The system under evaluation: anything that answers questions."""

    def ask(
        self,
        question: str,
        history: tuple[Turn, ...] = (),
        *,
        config: RunnableConfig | None = None,
    ) -> Answer: ...


def run(
    questions: Sequence[Question],
    assistant: System,
    outline: Outline,
    *,
    stamp: Stamp,
    parallel: int = 1,
    on_result: Callable[[QuestionResult], None] | None = None,
) -> Results:
    """Asks each question, without telling its language, and sums up.

    The turns of a conversation are asked in order, with the assistant's own answers as history.
    `parallel` is the number of questions and conversations asked at a time, for models that take
    many at once. `on_result` gets each result, in the order of eval.dataset.dialogues.
    """

    def results_of(turns: Sequence[Question]) -> list[QuestionResult]:
        history: tuple[Turn, ...] = ()
        results = []
        for question in turns:
            asked = question.model_copy(update={"history": question.history or history})
            usage = UsageMetadataCallbackHandler()
            started = time.perf_counter()
            answer = assistant.ask(asked.question, asked.history, config={"callbacks": [usage]})
            spent = time.perf_counter() - started
            history = (*history, Turn.of(asked.question, answer))
            tokens = _tokens(usage)
            results.append(assess(asked, answer, outline, latency_ms=1000 * spent, tokens=tokens))
        return results

    results = []
    with ThreadPoolExecutor(parallel) as threads:
        for answered in threads.map(results_of, dialogues(questions)):
            for result in answered:
                results.append(result)
                if on_result is not None:
                    on_result(result)
    return sum_up(results, stamp)


def sum_up(results: Sequence[QuestionResult], stamp: Stamp) -> Results:
    """Computes the figures of these results."""
    counted = reported(results)
    return Results(
        stamp=stamp,
        overall=summarise(counted, manners_of=results),
        by_language=summarise_by(counted, lambda result: [result.language]),
        by_kind=summarise_by(counted, lambda result: [result.kind]),
        by_document=summarise_by(counted, lambda result: result.documents),
        by_challenge=summarise_by(
            counted, lambda result: [result.challenge] if result.challenge else []
        ),
        by_part=summarise_by(results, _part),
        calibration=calibrate([result for result in counted if not result.is_message]),
        questions=tuple(results),
    )


def _part(result: QuestionResult) -> list[str]:
    if result.part != "questions":
        return [result.part]
    parts = ["held out" if result.held_out else "open"]
    if result.across_languages is not None:
        parts.append("across languages" if result.across_languages else "same language")
    return parts


def _tokens(usage: UsageMetadataCallbackHandler) -> TokenUsage | None:
    """Tokens of all calls for one answer; None if the server counts none."""
    counted = list(usage.usage_metadata.values())
    if not counted:
        return None
    return TokenUsage(
        input=sum(one["input_tokens"] for one in counted),
        output=sum(one["output_tokens"] for one in counted),
    )
