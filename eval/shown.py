"""Readability of an answer: which of its units answer the question, cut lists, loose ends."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path

from core.answer import Answer
from core.yaml_files import read_yaml
from eval.question_results import Reading
from eval.tracing import Place, Shown, ShownPart, Tracer
from language.words import fold

LONGEST_LIST = 12  # as an answer shows: chain/reading/quotables.py
"""Items that suffice of a longer list, with a note that says how many there are."""

_POINTERS = Path(__file__).with_name("pointers.yaml")
_OPENING = "\"'«»([ "
_PIPES = re.compile(r"^\s*\||\S\s+\|\s+\S")


class AnswerReader:
    """Judges one answer by the units that the question set names: `gold` are parts of these, and
    the lead-in of a list stands for the whole list."""

    def __init__(self, answer: Answer, gold: Sequence[str] = ()) -> None:
        self._answer = answer
        self._gold_texts = tuple(fold(text) for text in gold)
        self._traced = Tracer(answer)

    def read(self) -> Reading:
        proper = self._traced.part(self._answer.blocks)
        parts = (proper, *map(self._traced.part, self._answer.further))
        needed = self._needed(proper)
        paragraphs = [line for line in proper.lines if line.kind == "paragraph"]
        return Reading(
            judged=bool(self._gold_texts),
            units=len(needed),
            needed=sum(needed),
            cut=tuple(text for part in parts for text in self._cut(part)),
            loose=tuple(text for part in parts for text in _loose(part)),
            among_others=self._among_others(proper),
            noted=bool(self._answer.missing) or proper.cut_short(),
            words_prose=sum(len(line.text.split()) for line in paragraphs),
        )

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

    def _needed(self, part: ShownPart) -> list[bool]:
        """For each unit shown, in order: whether it is gold, or the context of a gold unit.

        A whole list is one unit, gold if a member is. In a cut list each member is a unit; those
        beside a gold member are needed. So is a sentence that a needed one refers back to.
        """
        whole = self._whole(part)
        units: list[list[Shown]] = []
        lists: list[Place | None] = []
        for sentence in part.shown:
            listed = self._traced.list_of(sentence.place)
            if lists and listed in whole and lists[-1] == listed:
                units[-1].append(sentence)
            else:
                units.append([sentence])
                lists.append(listed)
        gold = [any(sentence.rests_on & self._gold for sentence in unit) for unit in units]
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
            if needed[place + 1] and _is_pointing(following) and following.follows(last):
                needed[place] = True
        return needed

    def _among_others(self, part: ShownPart) -> bool:
        """Whether a list is shown of which a gold unit is one item, and most are not gold."""
        for listed, members in self._members(part).items():
            gold = {number for number in members if (listed[0], number) in self._gold}
            if gold and 2 * len(gold) < len(members):
                return True
        return False

    def _members(self, part: ShownPart) -> dict[Place, set[int]]:
        """Lists that are shown at least in part -> numbers of the units shown."""
        members: dict[Place, set[int]] = {}
        for sentence in part.shown:
            listed = self._traced.list_of(sentence.place)
            if sentence.place and listed:
                members.setdefault(listed, set()).add(sentence.place[1])
        return members

    def _whole(self, part: ShownPart) -> frozenset[Place]:
        """Lists shown whole: lead-in and all items, or the first twelve and a note."""
        return frozenset(
            listed
            for listed, shown in self._members(part).items()
            if listed[1] in shown
            and self._enough(self._traced.sources[listed[0]].lists[listed[1]], shown, part)
        )

    @staticmethod
    def _enough(items: Sequence[int], shown: set[int], part: ShownPart) -> bool:
        there = [item for item in items if item in shown]
        at_its_beginning = there == list(items[: len(there)])
        return len(there) == len(items) or (
            len(there) >= LONGEST_LIST and at_its_beginning and part.cut_short()
        )

    def _cut(self, part: ShownPart) -> Iterator[str]:
        """Texts of cut lists: the first line of each, lead-ins without items, and items without
        lead-in. An item that stands as a sentence is no list."""
        whole, reported = self._whole(part), set()
        for place, sentence in enumerate(part.shown):
            following = part.shown[place + 1] if place + 1 < len(part.shown) else None
            listed = self._traced.list_of(sentence.place)
            if listed:
                introduced = self._traced.sources[listed[0]].introduced(listed[1])
                as_list = sentence.is_item or sentence.place == listed
                if introduced and as_list and listed not in whole and listed not in reported:
                    reported.add(listed)
                    yield sentence.text
            elif sentence.text.rstrip(" *_").endswith(":") and not sentence.is_item:
                if following is None or not (following.is_item or following.follows(sentence)):
                    yield sentence.text
            elif sentence.is_item and sentence.place is None:
                before = part.shown[place - 1] if place else None
                if before is None or sentence.block - before.block > 1:
                    yield sentence.text


def read(answer: Answer, gold: Sequence[str] = ()) -> Reading:
    """Judges an answer; `gold` as in `AnswerReader`."""
    return AnswerReader(answer, gold).read()


def _loose(part: ShownPart) -> Iterator[str]:
    """Lines that cannot be understood in place: dangling references, a summary's talk about itself,
    and raw table markup."""
    for place, sentence in enumerate(part.shown):
        before = part.shown[place - 1] if place else None
        if (
            _is_pointing(sentence) and (before is None or not sentence.follows(before))
        ) or about_itself(sentence.text, sentence.language):
            yield sentence.text
    for line in part.lines:
        if _PIPES.search(line.text):
            yield line.text


def _is_pointing(sentence: Shown) -> bool:
    return not sentence.is_item and points_back(sentence.text, sentence.language)


def points_back(sentence: str, language: str) -> bool:
    """Whether a sentence opens with a word that refers back; False for languages not in the file.

    >>> points_back("This strategy has four parts.", "en")
    True
    >>> points_back("There are four parts.", "en")
    False
    """
    patterns = _patterns().get(language)
    if patterns is None:
        return False
    pointing, not_pointing, _ = patterns
    text = fold(sentence).lstrip(_OPENING)
    return pointing.match(text) is not None and not_pointing.match(text) is None


def about_itself(sentence: str, language: str) -> bool:
    """Whether a summary talks about itself: "this brief does not list"."""
    patterns = _patterns().get(language)
    return patterns is not None and patterns[2].search(fold(sentence)) is not None


@cache
def _patterns() -> dict[str, tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]]:
    """Language -> patterns for references back, their exceptions, and talk about itself
    (pointers.yaml explains its keys)."""
    found = {}
    for language, entry in read_yaml(_POINTERS.read_text("utf-8")).items():
        preposition = rf"(?:{entry['prepositions']}) "
        openings = [*entry["opens"], rf"{preposition}(?:{entry['after']})"]
        openings += [rf"{word} (?:{verbs})" for word, verbs in entry.get("before", {}).items()]
        exceptions = _any(entry["except"], r"(?:{})(?!\w)")
        found[language] = (
            re.compile(_any(openings, r"(?:{})(?:(?<=')|(?!\w))")),
            re.compile(rf"(?:{preposition})?(?:{exceptions})"),
            re.compile(_any(entry.get("itself", ()), r"(?<!\w)(?:{})(?!\w)")),
        )
    return found


def _any(words: Iterable[str], form: str) -> str:
    """Expression for one of these words in this form; for nothing where there are none."""
    return "|".join(form.replace("{}", word) for word in words) or r"(?!)"
