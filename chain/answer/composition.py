"""Makes an answer of drafts: builds blocks with citations, and finds the value in them that was
asked for."""

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal

from langchain_core.runnables import RunnableConfig

from chain.checking.quotes import quoted
from chain.reading.quotables import reading
from chain.request import Draft, Quote, Request, Verdict
from chain.writing.extractive import quotations, supporting_blocks
from core.answer import Citation, Mode, ModelTrouble, Stage, TextDelta
from core.answer_blocks import (
    AnswerBlock,
    AnswerSentence,
    Blocks,
    Marked,
    PassageSpan,
    QuotedSpan,
    marked_text,
    own,
)
from core.settings import Unconfirmed
from core.source import ScoredPassage
from language.content_words import content_words
from language.demands import asks_for
from language.facts import names_as_written
from language.figures import amounts, dates_as_written, figures
from language.identify import written_in
from language.vocabulary import cues_of
from language.words import fold
from prompts import languages, phrases, short_phrases

_BRACKETED = re.compile(r"\[[\d\s,;–-]+\]")


class AnswerBuilder:
    """Answer under construction: the `blocks` of the answer proper, and those to unfold below it.

    A passage has one number throughout. Numbers that a passage has in brackets itself are skipped,
    so that its "[1]" is not read as our citation.

    Args:
        request: may give way to one with further passages behind its own.
        unconfirmed: what becomes of sentences that were not confirmed.
    """

    def __init__(self, request: Request, unconfirmed: Unconfirmed = "show") -> None:
        self._unconfirmed = unconfirmed
        self.blocks: Blocks = ()
        self.further: tuple[Blocks, ...] = ()
        self.request = request
        self._numbers: dict[int, int] = {}  # passage -> number
        self.quotes: dict[Quote, None] = {}
        self._written: list[str] = []  # a model's sentences
        self._quoted: Counter[str] = Counter()  # language of a quoted draft -> number of drafts
        # Salutation and closing of an e-mail, in a language that has them.
        is_email = request.task is not None and request.task.kind == "email"
        has_letter = is_email and request.language in languages()
        self._letter = phrases(request.language).letter if has_letter else None

    @property
    def language(self) -> str:
        """Language of the answer proper: of a model's words, else of most quotes."""
        if self._written:
            return written_in(" ".join(self._written), self.request.language)
        return self._quoted.most_common(1)[0][0] if self._quoted else self.request.language

    @property
    def citations(self) -> tuple[Citation, ...]:
        """One citation per distinct quote, by number."""
        made = [self._citation(quote) for quote in self.quotes]
        return tuple(sorted(made, key=lambda citation: citation.number))

    @property
    def is_found(self) -> bool:
        """Whether it has results in place of an answer."""
        return bool(self.blocks) and not self._written and not self.request.is_sure

    def asked_for(self) -> tuple[str, ...]:
        """The number, date or name that the question asks for, in the statement that was read as
        the best; of a model's words, in its first sentence."""
        if not self.blocks or not self.quotes or self.is_found:
            return ()
        request, shown = self.request, marked_text(self.blocks).plain
        text, language = shown.split("\n\n")[0], self.language
        if not self._written:
            best = request.parts[0].ranked[0] if request.parts and request.parts[0].ranked else None
            if best is None:
                return ()
            passage = request.found[best.passage].passage
            core = (passage.units[number] for number in best.statement.core)
            text, language = " ".join(reading(passage, unit) for unit in core), passage.language
            if text not in shown or text.endswith(":"):  # then an item answers
                return ()
        value = value_asked_for(request.question, request.language, text, language)
        return (value,) if value else ()

    def add(self, draft: Draft, verdict: Verdict, *, is_final: bool = True) -> TextDelta:
        """Appends a draft to the answer proper and tells the added text; an e-mail gets a
        salutation first. Unless it `is_final`, the verdict may still change."""
        before = marked_text(self.blocks)
        self.blocks = self._with(draft, verdict, is_final=is_final)
        if draft.quote is None:
            self._written.append(draft.text)
        else:
            self._quoted[self.request.found[draft.quote.passage].passage.language] += 1
        return self._added(before)

    def preview(self, draft: Draft) -> TextDelta:
        """Tells what the answer looks like with an open draft behind it."""
        return TextDelta(text="", blocks=self._with(draft, Verdict("pending"), is_final=False))

    def _with(self, draft: Draft, verdict: Verdict, *, is_final: bool) -> Blocks:
        """The blocks, with those of a draft behind them."""
        before = self.blocks
        if not before and self._letter:
            before = (own(self._letter.opening),)
        elif not before and draft.quote is not None and self.request.overview:
            before = (own(phrases(self.request.language).summary),)
        elif not before and draft.quote is not None and not self.request.is_sure:
            before = _above_results(self.request)
        if not self.blocks and self.request.opening:
            before = (own(self.request.opening), *before)
        made = self._made(draft, verdict, is_final=is_final)
        return _joined(before, made) if draft.quote is None else (*before, *made)

    def end(self) -> TextDelta | None:
        """Ends the answer proper and tells the added text: the closing of an e-mail."""
        if not self._letter or not self._letter.closing or not self.blocks:
            return None
        before = marked_text(self.blocks)
        self.blocks = (*self.blocks, own(self._letter.closing))
        return self._added(before)

    def add_more(self, drafts: Sequence[tuple[Draft, Verdict]]) -> None:
        """Appends verified drafts to unfold together; does nothing without drafts."""
        if drafts:
            made = (self._made(draft, verdict) for draft, verdict in drafts)
            self.further = (*self.further, tuple(itertools.chain.from_iterable(made)))

    def _added(self, before: Marked) -> TextDelta:
        """What stands behind a former text."""
        piece = marked_text(self.blocks).cut(len(before.text))
        passages = {number: passage for passage, number in self._numbers.items()}
        cited = (self.request.found[passages[mark.number]].passage.id for mark in piece.markers)
        return TextDelta(
            text=piece.text, markers=piece.markers, cited=tuple(cited), blocks=self.blocks
        )

    def _made(self, draft: Draft, verdict: Verdict, *, is_final: bool = True) -> list[AnswerBlock]:
        """The blocks of one draft."""
        sentence = self._sentence(draft, verdict, is_final=is_final)
        items = [(AnswerSentence(text=item, status=verdict.status),) for item in draft.items]
        made: list[AnswerBlock] = []
        if draft.label:
            made.append(AnswerBlock(kind="label", sentences=(AnswerSentence(text=draft.label),)))
        if draft.form == "item":
            made.append(AnswerBlock(kind="list", items=((sentence,),)))
        elif draft.text:
            among = (sentence,) if draft.around is None else _among(sentence, draft.around)
            made.append(AnswerBlock(kind="paragraph", sentences=among))
        if items:
            rests_on = () if draft.text else sentence.evidence
            made.append(
                AnswerBlock(kind="list", items=tuple(items), marks=draft.marks, evidence=rests_on)
            )
        made[-1] = made[-1].model_copy(update={"note": draft.note})
        return made

    def _sentence(self, draft: Draft, verdict: Verdict, *, is_final: bool) -> AnswerSentence:
        """The sentence of a draft, with its evidence, or else what comes nearest to it."""
        is_settled = is_final or verdict.status == "differs"
        status = verdict.status if is_settled else "pending"
        is_shown = status != "not_confirmed" or self._unconfirmed == "show"
        if verdict.is_found and is_shown:
            self.quotes.update(dict.fromkeys(verdict.quotes))
            evidence = tuple(
                QuotedSpan(number=self._number(quote.passage), start=quote.start, end=quote.end)
                for quote in verdict.quotes
            )
            return AnswerSentence(
                text=draft.text, status=status, reason=verdict.reason, evidence=evidence
            )
        found = self.request.found
        nearest = tuple(
            PassageSpan(
                passage_id=found[quote.passage].passage.id, start=quote.start, end=quote.end
            )
            for quote in verdict.quotes
        )
        stand_in, words = "", phrases(self.request.language)
        if status == "differs":
            stand_in = words.left_out.format(details=", ".join(verdict.details))
        elif not is_shown:
            stand_in = words.unchecked if verdict.is_found else words.unconfirmed
        return AnswerSentence(
            text=stand_in if stand_in and self._unconfirmed == "hide" else draft.text,
            status=status,
            reason=verdict.reason,
            details=verdict.details,
            nearest=nearest,
            stand_in=stand_in,
        )

    def _number(self, passage: int) -> int:
        """The number of a passage; a new one is behind all others, and none that the passages have
        in brackets: beside a model's words those that are quoted below them."""
        if passage not in self._numbers:
            request = self.request
            below = [scored for part in request.parts for scored in part.found]
            taken = _bracketed(below if self._written and below else request.found)
            free = itertools.count(max(self._numbers.values(), default=0) + 1)
            self._numbers[passage] = next(number for number in free if number not in taken)
        return self._numbers[passage]

    def _citation(self, quote: Quote) -> Citation:
        found = self.request.found[quote.passage]
        passage = found.passage
        text = passage.text[quote.start : quote.end]
        if not text or len(text) != quote.end - quote.start:
            raise AssertionError(f"a quote reaches outside passage {passage.id}")
        pages = passage.pages(quote.start, quote.end)
        url, anchor = passage.document.url, passage.anchor
        return Citation(
            number=self._numbers[quote.passage],
            passage_id=passage.id,
            document=passage.document,
            headings=passage.headings,
            marks=passage.marks(quote.start),
            last_marks=passage.marks(quote.end - 1),
            quote=text,
            start=quote.start,
            end=quote.end,
            page=pages[0] if pages else None,
            last_page=pages[1] if pages else None,
            url=f"{url}#{anchor}" if url and anchor and "#" not in url else url,
            standing=found.standing,
        )


def _above_results(request: Request) -> Blocks:
    """What was not found or cannot be done by quoting, and how near the results come."""
    short = short_phrases(request.language)
    above: list[str] = []
    if request.lacking:
        above.append(short.not_found(request.lacking))
    if not request.quotable:
        above.append(phrases(request.language).not_quotable)
    if request.aside:
        above.append(phrases(request.language).asides[request.aside])
    else:
        above.append(short.near if request.is_unlikely else short.found)
    return tuple(map(own, above))


def _among(sentence: AnswerSentence, around: tuple[str, str]) -> tuple[AnswerSentence, ...]:
    """A sentence of a result with the text around it; the last has the evidence of all."""
    before, after = around
    pieces = [(before, False), (sentence.text, True), (after, False)]
    *others, last = (
        AnswerSentence(text=text, status=sentence.status, is_hit=is_hit)
        for text, is_hit in pieces
        if text
    )
    return (*others, last.model_copy(update={"evidence": sentence.evidence}))


def _joined(before: Blocks, made: Sequence[AnswerBlock]) -> Blocks:
    """A model's sentence behind those of the same paragraph, or its item in the same list."""
    if not before or len(made) != 1 or before[-1].note or before[-1].kind != made[0].kind:
        return (*before, *made)
    last, (block,) = before[-1], made
    if last.sentences and last.sentences[-1].status == "own":
        return (*before, block)  # behind a salutation
    together = {
        "sentences": (*last.sentences, *block.sentences),
        "items": (*last.items, *block.items),
        "note": block.note,
    }
    return (*before[:-1], last.model_copy(update=together))


def _bracketed(found: Iterable[ScoredPassage]) -> frozenset[int]:
    """Numbers in square brackets in passages, their headings and titles."""
    numbers = set[int]()
    for passage in (scored.passage for scored in found):
        text = "\n".join((passage.text, passage.document.title, *passage.headings))
        numbers.update(*map(_listed, _BRACKETED.findall(text)))
    return frozenset(numbers)


def _listed(brackets: str) -> Iterator[int]:
    """The numbers in brackets, with ranges expanded.

    >>> list(_listed("[1, 4–6]"))
    [1, 4, 5, 6]
    """
    for first, last in re.findall(r"(\d{1,3})(?:\s*[–-]\s*(\d{1,3}))?(?!\d)", brackets):
        yield from range(int(first), int(last or first) + 1)


def value_asked_for(question: str, language: str, text: str, text_language: str) -> str:
    """The number, date or name in a sentence that a question asks for: the only one that is not in
    the question, or the only one among several that counts what the question names; else empty."""
    kinds = asks_for(question, language)
    known, folded = figures(question), fold(question)
    words = set(content_words(question, language))
    counted = [
        amount + (noun if content_words(noun, text_language) else "")
        for amount, noun in (amounts(text, text_language) if "number" in kinds else ())
    ]
    found = [
        *counted,
        *(dates_as_written(text, text_language) if "date" in kinds else ()),
        *(_names(text, text_language, words) if "name" in kinds else ()),
    ]
    new = dict.fromkeys(
        part
        for part in found
        if fold(part) not in folded and not (figures(part) and figures(part) <= known)
    )
    meant = [
        part
        for part in new
        if part in counted and not words.isdisjoint(content_words(part, text_language))
    ]
    return next((values[0] for values in ([*new], meant) if len(values) == 1), "")


def _names(text: str, language: str, in_question: Collection[str]) -> list[str]:
    """Names that say more than the words of the question; no months of dates and no letters of
    references: COM(2020) 605."""
    when = " ".join(dates_as_written(text, language)).split()
    names = tuple(names_as_written(text, language))
    known = {*in_question, *cues_of(language).common}
    words = {name: set(content_words(name, language)) for name in names}
    new = (
        name for name in names if words[name].isdisjoint(in_question) or not words[name] <= known
    )
    return [name for name in new if name not in when and f"{name}(" not in text]


class AnswerRun:
    """An answer in the making, in the sources' words; its public fields are those of `Answer`."""

    mode: Mode = "extractive"
    model = ""
    checker = ""
    unchecked = False
    check_trouble: ModelTrouble | Literal[""] = ""
    trouble: ModelTrouble | Literal[""] = ""
    not_stated: tuple[str, ...] = ()
    """What a model says that the passages do not state of the question, after a search for it."""

    def __init__(self, request: Request, unconfirmed: Unconfirmed = "show") -> None:
        self.request = request
        self.builder = AnswerBuilder(request, unconfirmed)

    def write(self, config: RunnableConfig | None) -> Iterator[Stage | TextDelta]:
        """Writes the answer proper; yields the stage "checking" at its first sentence, then text as
        it arrives. In `builder` each sentence has its final status."""
        for draft, verdict in self._quoted(quotations(self.request, config)):
            if not self.builder.blocks:
                yield Stage(name="checking")
            yield self.builder.add(draft, verdict)

    def unfold(self) -> None:
        """Adds the blocks to unfold below the answer proper, or below a refusal."""
        for block in supporting_blocks(self.request, self.builder.quotes):
            self.builder.add_more([*self._quoted(block)])

    def _quoted(self, drafts: Iterable[Draft]) -> Iterator[tuple[Draft, Verdict]]:
        """The drafts that are word for word in their passages."""
        for draft in drafts:
            verdict = quoted(draft, self.request)
            if verdict.is_confirmed:
                yield draft, verdict
