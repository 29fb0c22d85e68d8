"""Asks questions, and assesses each answer against the labels of its question, without a model."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import prompts
from core.answer import Answer, Turn
from core.answer_blocks import Blocks, marked_text
from core.source import Passage
from eval.answer_lines import cited, own_words
from eval.dataset import Question, dialogues
from eval.labels import Outline
from eval.question_results import (
    CitedSection,
    QuestionResult,
    RetrievedPassage,
    RetrievedSection,
    likely_cause,
)
from eval.rates import sum_up
from eval.results import Results, Stamp
from eval.shown import read
from eval.support import claims, inexact_quotes, unsupported, verdicts
from language.identify import detect
from language.words import contains, fold


class System(Protocol):
    """The system under evaluation: anything that answers questions."""

    def ask(self, question: str, history: tuple[Turn, ...] = ()) -> Answer: ...


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
            turn = question.model_copy(update={"history": question.history or history})
            started = time.perf_counter()
            answer = assistant.ask(turn.question, turn.history)
            spent = time.perf_counter() - started
            history = (*history, Turn.of(turn.question, answer))
            results.append(assess(turn, answer, outline, latency_ms=1000 * spent))
        return results

    results = []
    with ThreadPoolExecutor(parallel) as threads:
        for answered in threads.map(results_of, dialogues(questions)):
            for result in answered:
                results.append(result)
                if on_result is not None:
                    on_result(result)
    return sum_up(results, stamp)


def assess(
    question: Question, answer: Answer, outline: Outline, *, latency_ms: float
) -> QuestionResult:
    """Result of a question with this answer, with the likely cause if it fell short."""
    quotes = tuple(citation.quote for citation in answer.citations)
    shown = "\n".join((*map(_plain, (answer.blocks, *answer.further)), *quotes))
    found = tuple(fact for fact in question.facts if _has(shown, fact))
    proper = "\n".join((answer.proper.plain, *_quotes_in_text(answer)))
    in_passages = "\n".join(passage.context() for passage in answer.passages)
    relevant = outline.relevant_sections(question)
    text = own_words(answer.blocks)
    own_text = fold("\n".join((text, *map(own_words, answer.further))))
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
        left_out=tuple(sentence.text for sentence in answer.left_out),
        in_bold=answer.asked_for,
        forbidden_said=tuple(phrase for phrase in question.forbidden if fold(phrase) in own_text),
        languages=_languages(question, answer, outline),
        # Only the first line of a refusal: the rest names sections in any language.
        text_language=detect(
            text if answer.is_sourced else text.partition("\n")[0], answer.language
        ),
        confidence=answer.confidence,
        missing=answer.missing,
        words=len(text.split()),
        latency_ms=round(latency_ms, 1),
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
    return " ".join(re.findall(r"\w+", fold(text)))


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
