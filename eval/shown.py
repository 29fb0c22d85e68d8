"""Judges what a reader is shown: whether it is supported, whole and on the first screen."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from core.answer import Answer
from eval.results import Reading, SentenceVerdict
from eval.tracing import (
    AnswerLine,
    Place,
    Shown,
    ShownPart,
    Stretch,
    Tracer,
    about_itself,
    answer_lines,
    cited_rows,
    content_words,
    is_right_row,
    plain,
)
from language.figures import figures
from language.matching import fold
from language.sentences import sentences

_NUMBERED = re.compile(r"^\s*\d+[.)]\s+")

Claim = tuple[str, frozenset[int]]  # a sentence, and the numbers of its citations


def inexact_quotes(answer: Answer) -> tuple[str, ...]:
    """Quotes that differ from the text at their offsets in the passage."""
    texts = {passage.id: passage.text for passage in answer.passages}
    return tuple(
        citation.quote
        for citation in answer.citations
        if not citation.quote
        or texts.get(citation.passage_id, "")[citation.start : citation.end] != citation.quote
    )


def quotes_by_number(answer: Answer) -> Mapping[int, tuple[str, ...]]:
    """Citation number -> quotes, in order of first use."""
    found: dict[int, list[str]] = {}
    for citation in answer.citations:
        found.setdefault(citation.number, []).append(citation.quote)
    return {number: tuple(quotes) for number, quotes in found.items()}


def claims(answer: Answer) -> tuple[Claim, ...]:
    """Sentences of the answer and its folded blocks, with their citation numbers.

    Verbatim quoted text is one claim, whatever its punctuation; so is a row of a table. A marker
    covers the text before it in its paragraph, and the list that its sentence introduces; in a
    model's text, only the sentence before it. Labels, notes, refusals and replies claim nothing.
    """
    if not answer.is_sourced:
        return ()
    quotes = quotes_by_number(answer)
    return tuple(
        claim
        for part in (answer.blocks, *answer.further)
        for line in answer_lines(part)
        if line.kind in ("paragraph", "item")
        for claim in _claims(line, answer, quotes)
    )


def unsupported(answer: Answer) -> tuple[str, ...]:
    """Sentences without a marker, with the marker of no citation, or with a figure that their
    quotes lack; rows of a table with a cell under another heading than its own."""
    quotes = quotes_by_number(answer)
    return tuple(
        text for text, numbers in claims(answer) if not _holds(text, numbers, answer, quotes)
    )


def _holds(
    text: str, numbers: frozenset[int], answer: Answer, quotes: Mapping[int, tuple[str, ...]]
) -> bool:
    if not numbers or not numbers <= quotes.keys():
        return False
    if (is_row := is_right_row(text, cited_rows(answer, numbers))) is not None:
        return is_row
    quoted = (quote for number in sorted(numbers) for quote in quotes[number])
    return figures(text) <= figures("\n".join(quoted))


def _claims(
    line: AnswerLine, answer: Answer, quotes: Mapping[int, tuple[str, ...]]
) -> Iterator[Claim]:
    for place, stretch in enumerate(line.stretches):
        # A list number is no figure.
        text = _NUMBERED.sub("", stretch.text) if place == 0 else stretch.text
        yield from _sentences(Stretch(text, stretch.numbers), answer, quotes)


def _sentences(
    stretch: Stretch, answer: Answer, quotes: Mapping[int, tuple[str, ...]]
) -> list[Claim]:
    text, numbers = stretch.text, frozenset(stretch.numbers)
    cited = [fold(plain(quote)) for number in numbers for quote in quotes.get(number, ())]
    is_quoted = any(fold(text).rstrip(".;:") in quote for quote in cited)
    if is_quoted or is_right_row(text, cited_rows(answer, numbers)) is not None:
        return [(text, numbers)]
    spans = sentences(text, answer.language)
    parts = [text[start:end] for start, end in spans if re.search(r"\w", text[start:end])]
    earlier = frozenset() if answer.mode == "generative" else numbers
    return [*((part, earlier) for part in parts[:-1]), (parts[-1], numbers)]


# Readability of an answer: which of its units answer the question, cut lists, dangling references.


LONGEST_LIST = 12  # as an answer shows: chain/reading/quotables.py
"""Items that suffice of a longer list, with a note that says how many there are."""

_PIPES = re.compile(r"^\s*\||\S\s+\|\s+\S")


class AnswerReader:
    """Judges one answer by the units that the question set names (gold).

    Args:
        answer: to judge.
        gold: parts of gold units; the lead-in of a list stands for the whole list.
    """

    def __init__(self, answer: Answer, gold: Sequence[str] = ()) -> None:
        self._answer = answer
        self._gold_texts = tuple(fold(text) for text in gold)
        self._traced = Tracer(answer)

    def read(self) -> Reading:
        proper = self._traced.part(self._answer.blocks)
        parts = (proper, *map(self._traced.part, self._answer.further))
        verdicts = self._verdicts(proper)
        lists = [one for part in parts for one in self._lists_shown(part)]
        paragraphs = [line for line in proper.lines if line.kind == "paragraph"]
        return Reading(
            judged=bool(self._gold_texts),
            units=len(verdicts),
            needed=sum(is_needed for _, is_needed in verdicts),
            direct=bool(verdicts) and verdicts[0][0],
            lists=len(lists),
            whole_lists=sum(lists),
            cut=tuple(text for part in parts for text in self._cut(part)),
            loose=tuple(text for part in parts for text in _loose(part)),
            among_others=self._among_others(proper),
            noted=bool(self._answer.missing) or proper.cut_short(),
            words_prose=sum(len(line.text.split()) for line in paragraphs),
        )

    # Gold units

    @cached_property
    def _gold(self) -> frozenset[Place]:
        """The units with a gold text, and all items of a list whose lead-in has one."""
        found = set()
        for source in self._traced.sources.values():
            for number, unit in enumerate(source.units):
                if any(text in unit for text in self._gold_texts):
                    found.add(source.place(number))
                    found |= {source.place(item) for item in source.lists.get(number, ())}
        return frozenset(found)

    def _verdicts(self, part: ShownPart) -> list[tuple[bool, bool]]:
        """For each unit shown, in order: whether it is gold, and whether it is needed: gold, or the
        context of a gold unit.

        A whole list is one unit, gold if a member is. In a cut list each member is a unit; those
        beside a gold member are needed. So is a sentence that a needed one refers back to.
        """
        whole = self._whole(part)
        units: list[list[Shown]] = []
        lists: list[Place | None] = []
        for one in part.shown:
            listed = self._traced.list_of(one.place) if one.place else None
            if lists and listed in whole and lists[-1] == listed:
                units[-1].append(one)
            else:
                units.append([one])
                lists.append(listed)
        gold = [any(one.rests_on & self._gold for one in unit) for unit in units]
        gold_lists = {
            listed
            for listed, is_gold in zip(lists, gold, strict=True)
            if is_gold and listed and self._traced.sources[listed[0]].introduced(listed[1])
        }
        needed = [
            is_gold or listed in gold_lists for listed, is_gold in zip(lists, gold, strict=True)
        ]
        for place in range(len(units) - 2, -1, -1):
            last, following = units[place][-1], units[place + 1][0]
            if needed[place + 1] and following.points_back and following.follows(last):
                needed[place] = True
        return list(zip(gold, needed, strict=True))

    def _among_others(self, part: ShownPart) -> bool:
        """Whether a list is shown of which a gold unit is one item, and most are not gold."""
        for listed, members in self._members(part).items():
            gold = {number for number in members if (listed[0], number) in self._gold}
            if gold and 2 * len(gold) < len(members):
                return True
        return False

    # Lists

    def _members(self, part: ShownPart) -> dict[Place, set[int]]:
        """Lists that are shown at least in part -> numbers of the units shown."""
        members: dict[Place, set[int]] = {}
        for one in part.shown:
            listed = self._traced.list_of(one.place) if one.place else None
            if one.place and listed:
                members.setdefault(listed, set()).add(one.place[1])
        return members

    def _whole(self, part: ShownPart) -> frozenset[Place]:
        """Lists shown whole: lead-in and all items, or the first twelve and a note."""
        return frozenset(
            listed
            for listed, shown in self._members(part).items()
            if listed[1] in shown and self._enough(self._traced.items(listed), shown, part)
        )

    @staticmethod
    def _enough(items: Sequence[int], shown: set[int], part: ShownPart) -> bool:
        there = [item for item in items if item in shown]
        if len(there) == len(items):
            return True
        return (
            len(there) >= LONGEST_LIST and there == list(items[: len(there)]) and part.cut_short()
        )

    def _lists_shown(self, part: ShownPart) -> list[bool]:
        """For each introduced list that is shown at least in part: whether it is whole."""
        whole = self._whole(part)
        return [
            listed in whole
            for listed in self._members(part)
            if self._traced.sources[listed[0]].introduced(listed[1])
        ]

    def _cut(self, part: ShownPart) -> Iterator[str]:
        """Texts of cut lists: the first line of each, lead-ins without items, and items without
        lead-in. An item that stands as a sentence is no list."""
        whole, told = self._whole(part), set()
        for place, one in enumerate(part.shown):
            following = part.shown[place + 1] if place + 1 < len(part.shown) else None
            listed = self._traced.list_of(one.place) if one.place else None
            if one.place and listed:
                introduced = self._traced.sources[listed[0]].introduced(listed[1])
                as_list = one.is_item or one.place == listed
                if introduced and as_list and listed not in whole and listed not in told:
                    told.add(listed)
                    yield one.text
            elif one.text.rstrip(" *_").endswith(":") and not one.is_item:
                if following is None or not (following.is_item or following.follows(one)):
                    yield one.text
            elif one.is_item and one.place is None:
                before = part.shown[place - 1] if place else None
                if before is None or one.block - before.block > 1:
                    yield one.text


def read(answer: Answer, gold: Sequence[str] = ()) -> Reading:
    """Judges an answer; `gold` as in `AnswerReader`."""
    return AnswerReader(answer, gold).read()


def _loose(part: ShownPart) -> Iterator[str]:
    """Lines that cannot be understood in place: dangling references, a summary's talk about itself,
    and raw table markup."""
    for place, one in enumerate(part.shown):
        before = part.shown[place - 1] if place else None
        if (one.points_back and (before is None or not one.follows(before))) or about_itself(
            one.text, one.language
        ):
            yield one.text
    for line in part.lines:
        if _PIPES.search(line.text):
            yield line.text


# Citation recall and precision of an answer, judged by figures and words.


# Least share of a sentence's words in quotes in its language that support it. Of a strong model's
# 139 sentences over the briefs (tests/replies/open) 98.6% have it in the passage that they rest on,
# and 3.6% in another one.
_SHARED = 0.25


def verdicts(answer: Answer) -> tuple[SentenceVerdict, ...]:
    """One verdict per sentence of an answer; none for a refusal, which claims nothing.

    A row of a table is judged cell by cell. A citation is needless if it does not support the
    sentence alone and the others do without it.
    """
    found = []
    for text, markers in claims(answer):
        numbers = tuple(sorted(markers))
        needless = tuple(
            number
            for number in numbers
            if len(numbers) > 1
            and not supports(answer, [number], text)
            and supports(answer, [one for one in numbers if one != number], text)
        )
        found.append(
            SentenceVerdict(
                text=text,
                citations=numbers,
                supported=supports(answer, numbers, text),
                needless=needless,
            )
        )
    return tuple(found)


def supports(answer: Answer, numbers: Sequence[int], sentence: str) -> bool:
    """Whether quotes of an answer together support its sentence: they, or the headings above them,
    have its figures, and one of them has it word for word, or they share enough words with it.

    Of what a model wrote in another language than it quotes only the figures can be compared,
    without asking the embedder that sentences are verified with.
    """
    if (is_row := is_right_row(sentence, cited_rows(answer, numbers))) is not None:
        return is_row
    cited = [one for one in answer.citations if one.number in numbers]
    quotes = [one.quote for one in cited]
    headings = (heading for one in cited for heading in one.headings)
    if not quotes or not figures(sentence) <= figures("\n".join((*headings, *quotes))):
        return False
    if any(fold(sentence).rstrip(".;:") in fold(quote) for quote in quotes):
        return True
    if answer.mode == "generative" and {one.document.language for one in cited} != {
        answer.language
    }:
        return True
    said = content_words(sentence)
    return len(said & content_words("\n".join(quotes))) >= _SHARED * len(said)
