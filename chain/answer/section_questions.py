"""Questions made from section headings, and probes whether the sources answer them."""

import datetime
import math
import re
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache, partial
from typing import NamedTuple
from weakref import WeakKeyDictionary

from chain.reading.confidence import confidence
from chain.reading.quotables import statements
from chain.reading.relevance import READ_OF_OTHERS, rank
from core.settings import Settings
from core.source import DocumentInfo, Passage, Scope, ScoredPassage
from language.cues import cues_of, question_forms
from language.identify import CAPITALISES_NOUNS
from language.words import content_words, words
from prompts import languages, phrases
from vectorstore.store import Snapshot

QUESTIONS = 2  # more would spend the few tries on the first sections
"""Questions tried for each section."""

Section = tuple[str, int]  # document key, number


def nearest_sections(passages: Sequence[Passage], count: int) -> list[Passage]:
    """The first passage of each of the best sections."""
    first: dict[Section, Passage] = {}
    for passage in passages:
        first.setdefault(section_of(passage), passage)
    return list(first.values())[:count]


def section_of(passage: Passage) -> Section:
    return passage.document.key, passage.section


def words_of(text: str, language: str) -> frozenset[str]:
    """Content words, by which questions are compared; not those that only ask."""
    cues = cues_of(language)
    return frozenset(content_words(text, language)).difference(cues.asking, cues.helping)


# Question generation from a section of a document, by templates; needs no model.


_LONGEST = 120  # characters of a question; a longer one is not understood at a glance
_LONGEST_TITLE = 60  # characters of a title within a question: the other half is for what is asked
_ASIDE = re.compile(r"\s+\([^()]*\)")
_NUMBERED = re.compile(r"^(?:[\dIVXLC]+(?:\.\d+)*[.)]?|[a-z]\)|§ ?\d+)\s+")  # "4.2.1 ", "IV. "
_PARAGRAPH = re.compile(r"^(?:\(\d+\)|(?:\d+\.)+|[a-z]\))\s+")  # of a sentence: "(4) ", "4.6. "
_LABEL = re.compile(
    r"[^:]*?\d+(?:er)?(?::| [–—-]) (?P<rest>.+)"
)  # "Priority 2: ...", "Article 3 – ..."


class SectionQuestion(NamedTuple):
    """A question, and the numbers of the units that answer it; empty for the whole section."""

    question: str
    units: frozenset[int] = frozenset()


def questions(passage: Passage, language: str) -> Iterator[SectionQuestion]:
    """Questions in a language (ISO 639-1) about the section of a passage, the most direct first;
    none where the passage is in another."""
    if passage.language != language or language not in languages():
        return
    yield from _stated(passage, language)
    topic, document = _topic(passage, language), document_name(passage.document, language)
    for form in question_forms(language).listed:
        if _pattern(form.says).fullmatch(topic) and (document or "{document}" not in form.asks):
            yield SectionQuestion(_capital(form.asks.format(topic=topic, document=document)))
            return


def document_name(document: DocumentInfo, language: str) -> str:
    """Name of a document in running text; empty if its title is too long."""
    said = phrases(language).suggesting
    known = said.documents.get(document.celex) or said.documents.get(document.id)
    short = document.title if len(document.title) <= _LONGEST_TITLE else ""
    return known or (said.titled.format(title=short) if short else "")


def _stated(passage: Passage, language: str) -> Iterator[SectionQuestion]:
    """Questions that a sentence of the passage answers by itself, in the order of the templates."""
    said = question_forms(language)
    pointing = {*cues_of(language).referring, *said.pointing}
    alone = [one for one in statements(passage) if one.is_list or one.units == one.core]
    document = document_name(passage.document, language)
    for form in said.forms:
        for one in alone:
            unit = passage.units[one.units[0]]
            text = _PARAGRAPH.sub("", passage.text[unit.start : unit.end])
            text = _ASIDE.sub("", text)
            if not (found := _pattern(form.says).match(text)):
                continue
            parts = {name: part or "" for name, part in found.groupdict().items()}
            if "subject" in parts:
                parts["subject"] = _subject(parts["subject"], passage, language)
            if "" in (parts.get("subject", "-"), document if "{document}" in form.asks else "-"):
                continue
            question = " ".join(form.asks.format(document=document, **parts).split())
            points = pointing.intersection(words(" ".join(parts.values())))
            if len(question) <= _LONGEST and not points:
                yield SectionQuestion(_capital(question), frozenset(one.units))


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _subject(subject: str, passage: Passage, language: str) -> str:
    """A subject as within a sentence; empty if it is too vague to stand alone. "This document" and
    the like become the document's name."""
    said = question_forms(language)
    running = _running(subject, passage)
    first = running.casefold().split()[0]
    if first in {*cues_of(language).asking, *said.openings}:
        return ""
    if running.casefold() in said.vague:
        return ""
    name = document_name(passage.document, language)
    itself = _pattern(said.itself).search(running)
    if not itself:
        return running
    if passage.document.about_form == "press_release":  # "this strategy" is another document
        return ""
    return running[: itself.start()] + name + running[itself.end() :] if name else ""


def _topic(passage: Passage, language: str) -> str:
    """The heading in running text, without its number; empty where nothing is left."""
    heading = _NUMBERED.sub("", _ASIDE.sub("", passage.headings[-1])).strip()
    if labelled := _LABEL.fullmatch(heading):
        heading = labelled["rest"]
    else:
        heading = heading.partition(":")[0].strip()
    heading = _pattern(question_forms(language).tail).sub("", heading)
    return _running(heading, passage) if heading else ""


def _running(text: str, passage: Passage) -> str:
    """Lower-cases the first word unless it is a name.

    It is no name if the passage has it in lower case or it is an article; in languages other than
    German also if it never has a capital within a sentence.
    """
    text = text.strip()
    first = re.split(r"[\s,;-]", text, maxsplit=1)[0]
    if first[1:] != first[1:].lower() or not first[:1].isupper() or not first.isalpha():
        return text  # "EU-strategie", "2011/93/EU"
    small = re.search(rf"\b{re.escape(first.lower())}\b", passage.text)
    inside = re.search(rf"[^.:;!?)\s-] {re.escape(first)}\b", passage.text)
    articles = question_forms(passage.language).articles
    names_only = passage.language != CAPITALISES_NOUNS
    is_word = small or first.lower() in articles or (names_only and not inside)
    return f"{first.lower()}{text[len(first) :]}" if is_word else text


def _capital(question: str) -> str:
    return question[:1].upper() + question[1:]


# Asks a question to see whether it would be answered, and from where.


_REMEMBERED = 2000  # questions in the cache: many readers are offered the same; bounds memory


class Probed(NamedTuple):
    """Answer to a question: the best passage, and passage and units of the best statement."""

    best: ScoredPassage
    passage: Passage
    units: frozenset[int]
    is_sure: bool


_Ask = Callable[[datetime.date, str, str, Scope], Probed | None]


class Probes:
    """Tries questions on an index; safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: WeakKeyDictionary[Snapshot, _Ask] = WeakKeyDictionary()

    def answer(self, index: Snapshot, question: str, language: str, scope: Scope) -> Probed | None:
        """Answer to a question; None if it would be refused.

        Cached while the index generation is in use: many readers get the same few questions.
        """
        ask = self._known.get(index)
        if ask is None:
            best = partial(self._best, weakref.proxy(index))
            ask = self._known[index] = lru_cache(maxsize=_REMEMBERED)(best)
        today = datetime.datetime.now(datetime.UTC).date()  # part of the key: what is in force
        return ask(today, question, language, scope)

    def _best(
        self, index: Snapshot, today: datetime.date, question: str, language: str, scope: Scope
    ) -> Probed | None:
        del today
        wanted = self._settings.results
        found = index.search(question, wanted, language, scope=scope, rerank=False)
        ranked = rank(question, language, found, index.profile, READ_OF_OTHERS)
        sure = confidence(question, language, found, ranked, index)
        if sure.value < self._settings.refuse_below or not ranked:
            return None
        first = ranked[0]
        passage = found[first.passage].passage
        is_sure = sure.value >= index.profile.amounts.confidence.suggested
        return Probed(found[0], passage, frozenset(first.statement.units), is_sure)

    def elsewhere(
        self, index: Snapshot, question: str, language: str, scope: Scope
    ) -> ScoredPassage | None:
        """The best passage for a question, if it is outside of the scope; None if nothing answers
        it, or a document within does, in any language."""
        tried = self.answer(index, question, language, Scope()) if scope != Scope() else None
        within = scope.model_copy(update={"language": ""})
        return None if tried is None or within.admits(tried.passage.document) else tried.best


def answers(tried: Probed, asked: SectionQuestion, section: Passage) -> bool:
    """Whether the best answer is what the question was made from, with high confidence."""
    meant = tried.passage.id == section.id and bool(asked.units & tried.units)
    found_there = section_of(tried.passage) == section_of(tried.best.passage) == section_of(section)
    return tried.is_sure and (meant if asked.units else found_there)


def is_better_outside(outside: ScoredPassage | None, inside: float, index: Snapshot) -> bool:
    """Whether the best passage outside of the scope is so much better than the best within
    (`inside`) that the question is refused."""
    return outside is not None and outside.score > inside + index.profile.amounts.ranking.outside


def highest(found: Sequence[ScoredPassage]) -> float:
    """Highest score of the passages; minus infinity without any."""
    return max((one.score for one in found), default=-math.inf)
