"""Suggestions: prepared questions, questions from headings, corrected spelling."""

import itertools
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from weakref import WeakKeyDictionary

from rapidfuzz import process
from rapidfuzz.distance import OSA

from chain.answer.digest import spread, stretches
from chain.answer.section_questions import (
    QUESTIONS,
    Probes,
    Section,
    SectionQuestion,
    answers,
    highest,
    is_better_outside,
    nearest_sections,
    questions,
    section_of,
    words_of,
)
from chain.understanding.follow_ups import standalone
from core.answer import Answer, Turn
from core.batches import batches
from core.prepared import MatchedQuestion, PreparedQuestion
from core.source import DocumentInfo, Passage, Scope, ScoredPassage, preferred
from language.cues import cues_of
from language.matching import fold, plain
from language.words import content_words
from vectorstore.store import Snapshot

_SHORTEST = 7  # letters; shorter words are near to too many others
_WRONG = 1  # edits (optimal string alignment): a wrong letter, or two swapped neighbours
_ENDING = 2  # letters of an inflection: a plural or a case is no misspelling
_BEGINNING = 2  # letters that few people get wrong, and in which prefixes differ ("om-", "op-")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")


def respelt(question: str, language: str, index: Snapshot) -> str:
    """The question with misspelt words replaced by words of the sources; empty if there are none.

    Args:
        question: as asked.
        language: of the question and of the passages to take words from (ISO 639-1).
        index: to look words up in.
    """
    general = cues_of(language).general
    changed = question
    for word in dict.fromkeys(_WORD.findall(question)):
        if len(word) < _SHORTEST or fold(word) in general or not content_words(word, language):
            continue
        if index.has(word):
            continue
        if better := _nearest(word, language, index, index.alike(word)):
            changed = re.sub(rf"\b{re.escape(word)}\b", better, changed)
    return changed if changed != question else ""


def _nearest(word: str, language: str, index: Snapshot, passages: Sequence[Passage]) -> str:
    """The word of these passages that this may be a misspelling of; empty if there is none.

    Inflections do not count as misspellings, and the beginning must match.
    """
    wanted = plain(word)
    known = {
        plain(there): there
        for passage in passages
        if passage.language == language
        for there in _WORD.findall(passage.text)
        if plain(there)[:_BEGINNING] == wanted[:_BEGINNING]
        and not plain(there).startswith(wanted[:-_ENDING])
    }
    found = process.extractOne(wanted, known.keys(), scorer=OSA.distance, score_cutoff=_WRONG)
    if found is None:
        return ""
    used = _used(index, language)
    if used[wanted] and used[wanted] >= used[found[0]]:
        return ""
    better: str = known[found[0]]
    first = better[0].upper() if word[0].isupper() else better[0].lower()
    return first + better[1:]


_words_used: WeakKeyDictionary[Snapshot, dict[str, Counter[str]]] = WeakKeyDictionary()


def _used(index: Snapshot, language: str) -> Counter[str]:
    """How many prepared questions of a language have each word; kept as long as the index
    generation is."""
    known = _words_used.setdefault(index, {})
    if language not in known:
        every = index.questions([one.key for one in index.documents()])
        mine = (one.question for one in every if one.language == language)
        known[language] = Counter(
            word for text in mine for word in set(map(plain, _WORD.findall(text)))
        )
    return known[language]


# Prepared questions as suggestions: each has an answer, and was chosen or read before it came here.


_NEAR = 300  # prepared questions around one, in all languages, most of them other words for it
_LONGEST = 110  # characters, two lines in a narrow column
# Share of words that makes two questions one in other words.
_ALIKE = 0.5


def near(
    index: Snapshot,
    question: str,
    language: str,
    scope: Scope,
    around: Sequence[Passage],
    about: Collection[str],
    least: float,
    turns: Sequence[Turn],
) -> Iterator[str]:
    """Prepared questions around a question, nearest first, that are about the same.

    Args:
        index: has them.
        question: that was asked, standing alone.
        language: of the questions (ISO 639-1).
        scope: limits of the search.
        around: passages that a search for the question finds; others are about something else.
        about: ids of the documents that the question is about.
        least: cosine of a question that one of these documents answers with this one.
        turns: earlier turns: what was asked, offered or answered there is not offered again.
    """
    found = index.asked_nearby(question, language, _NEAR, scope)
    elsewhere = index.profile.amounts.cosines.elsewhere
    seen = index.named({id for turn in turns for id in turn.cited})
    offered = {text for turn in turns for text in turn.offered}
    gone = {one.prepared.units for one in found if one.prepared.question in offered}
    sections = {(one.document.id, one.section) for one in around}
    places = {
        one.id: one for one in index.named({id for each in found for id in each.prepared.passages})
    }

    def is_new(one: MatchedQuestion) -> bool:
        answer = [places[id] for id in one.prepared.passages if id in places]
        return (
            one.prepared.units not in gone
            and not any(_same_text(mine, other) for mine in answer for other in seen)
            and any((mine.document.id, mine.section) in sections for mine in answer)
            and one.cosine
            > (least if any(mine.document.id in about for mine in answer) else elsewhere)
        )

    asked = [question, *(turn.question for turn in turns), *offered]
    fresh = (one.prepared for one in found if is_new(one))
    return _different(_offerable(fresh, language), language, asked)


def _same_text(one: Passage, other: Passage) -> bool:
    """Whether two passages are one, or the same section in two languages."""
    if one.document.key == other.document.key:
        return one.id == other.id
    return (one.document.id, one.section) == (other.document.id, other.section)


def about(
    index: Snapshot, document: DocumentInfo, language: str, passages: Sequence[Passage], count: int
) -> tuple[str, ...]:
    """Prepared questions of a document, `count` of them, from all its parts and in its order.

    Args:
        index: has them.
        document: the language version.
        language: of the questions (ISO 639-1).
        passages: those of the document, in order.
        count: how many.
    """
    by_passage: dict[str, list[PreparedQuestion]] = {}
    for one in _offerable(index.questions([document.key]), language):
        by_passage.setdefault(one.passages[0], []).append(one)
    chosen: list[str] = []
    for places in stretches(len(passages), count):
        here = (by_passage.get(passages[place].id, ()) for place in places)
        asked = sorted((one for of_passage in here for one in of_passage), key=_preference)
        chosen += itertools.islice(_different(asked, language, chosen), 1)
    return tuple(chosen)


def examples(index: Snapshot, language: str, count: int) -> Iterator[str]:
    """Of each of the first documents that have one in a language, the first prepared question."""
    versions: dict[str, dict[str, DocumentInfo]] = {}
    for entry in index.entries():
        if entry.questions:
            versions.setdefault(entry.info.id, {})[entry.info.language] = entry.info
    keys = [one[preferred(one, language)].key for one in versions.values()]

    def found() -> Iterator[str]:
        # Those of one document are found by reading all, so several documents are asked of at once.
        for some in batches(keys, count):
            first: dict[str, str] = {}
            for one in _offerable(index.questions(some), language):
                first.setdefault(one.document, one.question)
            yield from (first[key] for key in some if key in first)

    return itertools.islice(found(), count)


def _offerable(prepared: Iterable[PreparedQuestion], language: str) -> Iterator[PreparedQuestion]:
    """Keeps the questions in a language that have an answer, are to be shown, and are short."""
    for one in prepared:
        is_readable = one.is_shown and len(one.question) <= _LONGEST
        if one.units and one.language == language and is_readable:
            yield one


def _different(
    prepared: Iterable[PreparedQuestion], language: str, asked: Sequence[str]
) -> Iterator[str]:
    """Questions that are not in other words what was asked or offered, one for each passage."""
    taken, passages = [words_of(one, language) for one in asked], set[str]()
    for one in prepared:
        words = words_of(one.question, language)
        again = any(len(words & old) > _ALIKE * min(len(words), len(old)) for old in taken)
        if words and not again and passages.isdisjoint(one.passages):
            taken.append(words)
            passages.update(one.passages)
            yield one.question


def _preference(one: PreparedQuestion) -> tuple[bool, int, str]:
    """Approved ones first, then those whose answer is a sentence or a short list."""
    return one.approved is None, abs(len(one.units) - 2), one.id


# Suggested questions: each was prepared, or tested, and the sources answer it.


_RELATED = 2  # questions beside a refusal, which may also offer a respelt and a wider one
_FOLLOW_UPS = 3  # questions after an answer; more would outweigh one of some 40 words
_EXAMPLES = 5  # questions to begin with: a screen of a phone
_AMONG = 16  # nearest sections to ask about; farther ones are about something else
_TRIED = 8  # questions tried around a question: each costs an embedding and a search
_LOOK = 12  # passages around a question: as many as are compared unit by unit (embeddings.py)
# Share of a sentence's words in a quote that makes it a repetition. A smaller one would leave out
# what only shares the quote's subject, a larger one would ask for what has just been read.
_SAME = 0.6


class Suggestions:
    """Makes suggestions from the sections of an index; safe to share between threads."""

    def __init__(self, trials: Probes) -> None:
        self._trials = trials
        self._examples: WeakKeyDictionary[Snapshot, dict[str, tuple[str, ...]]] = (
            WeakKeyDictionary()
        )

    def related(
        self,
        index: Snapshot,
        question: str,
        language: str,
        found: Sequence[ScoredPassage],
        scope: Scope,
        history: Sequence[Turn],
    ) -> tuple[str, ...]:
        """Up to two questions about the sections nearest to a refused question.

        Args:
            index: holds the passages.
            question: the refused one.
            language: of the questions (ISO 639-1).
            found: the retrieved passages, best first.
            scope: limits of the search.
            history: earlier turns.
        """
        turns = [*history, Turn(question=question, answer_text="")]
        close = [*(scored.passage for scored in found), *_near(index, question, language, scope)]
        about = {scored.passage.document.id for scored in found[:1]}
        least = index.profile.amounts.cosines.related
        prepared = near(index, question, language, scope, close, about, least, turns)
        if offers := tuple(itertools.islice(prepared, _RELATED)):
            return offers
        words = words_of(question, language)
        offered = self._offered(index, language, close, scope, turns)
        alike = (one for one in offered if words & words_of(one, language))
        return tuple(itertools.islice(alike, _RELATED))

    def follow_ups(
        self, index: Snapshot, answer: Answer, history: Sequence[Turn], scope: Scope
    ) -> tuple[str, ...]:
        """Up to three follow-up questions about nearby sections that the answer does not cite; none
        repeats what was asked or offered earlier, or asks for what earlier answers said."""
        language = answer.question_language
        turns = [*history, Turn.of(answer.question, answer)]
        about = standalone(answer.question, language, history)
        passages = [*answer.passages, *_near(index, about, language, scope)]
        spoken = {citation.document.id for citation in answer.citations}
        least = index.profile.amounts.cosines.goes_on
        prepared = near(index, about, language, scope, passages, spoken, least, turns)
        if offers := tuple(itertools.islice(prepared, _FOLLOW_UPS)):
            return offers
        cited_ids = {id for turn in turns for id in turn.cited}
        cited = {section_of(passage) for passage in passages if passage.id in cited_ids}
        left = [
            passage
            for passage in passages
            if passage.document.id in spoken and section_of(passage) not in cited
        ]
        said = [citation.quote for citation in answer.citations]
        offered = self._offered(index, language, left, scope, turns, said)
        return tuple(itertools.islice(offered, _FOLLOW_UPS))

    def examples(self, index: Snapshot, language: str) -> tuple[str, ...]:
        """A question of each document, up to five, for readers of a language: by turns a prepared
        one and one made of a document without any; cached while the index generation is in use."""
        known = self._examples.setdefault(index, {})
        if language not in known:
            by_turns = itertools.zip_longest(
                examples(index, language, _EXAMPLES), self._made(index, language)
            )
            found = filter(None, itertools.chain.from_iterable(by_turns))
            known[language] = tuple(itertools.islice(found, _EXAMPLES))
        return known[language]

    def _made(self, index: Snapshot, language: str) -> Iterator[str]:
        """A question of each of at most five documents in a language that have none prepared, from
        all over the list of documents."""
        prepared = {entry.info.id for entry in index.entries() if entry.questions}
        without = [
            one for one in index.documents() if one.id not in prepared and one.language == language
        ]
        for document in without[:: -(-len(without) // _EXAMPLES) or 1]:
            passages = spread(index.passages([document.key]), _AMONG)
            yield from itertools.islice(
                self._offered(index, language, passages, Scope(), turns=()), 1
            )

    def respelt(
        self,
        index: Snapshot,
        question: str,
        language: str,
        found: Sequence[ScoredPassage],
        scope: Scope,
    ) -> str:
        """The question in the sources' spelling, if a clearly better passage than those found
        answers it then; else empty."""
        better = respelt(question, language, index)
        tried = self._trials.answer(index, better, language, scope) if better else None
        least = highest(found) + index.profile.amounts.ranking.respelt
        gained = tried is not None and tried.best.score >= least
        return better if gained else ""

    def _offered(
        self,
        index: Snapshot,
        language: str,
        passages: Sequence[Passage],
        scope: Scope,
        turns: Sequence[Turn],
        said: Sequence[str] = (),
    ) -> Iterator[str]:
        """Yields questions that a section of the passages answers, at most one for each, without
        those asked or offered in these turns or answered by the quotes in `said`."""
        earlier = (text for turn in turns for text in (turn.question, *turn.offered))
        taken = [words_of(text, language) for text in earlier]
        tries = itertools.count(1)
        for section in nearest_sections(passages, _AMONG):
            for one in itertools.islice(questions(section, language), QUESTIONS):
                words = words_of(one.question, language)
                if any(words <= old for old in taken) or _is_said(one, section, said):
                    continue
                if standalone(one.question, language, turns) != one.question:
                    continue  # would be rewritten as a follow-up
                if next(tries) > _TRIED:
                    return
                tried = self._trials.answer(index, one.question, language, scope)
                if tried is not None and answers(tried, one, section):
                    taken.append(words)
                    yield one.question
                    break


def _near(index: Snapshot, question: str, language: str, scope: Scope) -> list[Passage]:
    around = index.search(question, _LOOK, language, scope=scope, rerank=False)
    return [scored.passage for scored in around]


def _is_said(asked: SectionQuestion, section: Passage, said: Sequence[str]) -> bool:
    """Whether a quote already answers the question."""
    texts = (section.text[section.units[n].start : section.units[n].end] for n in asked.units)
    words = words_of(" ".join(texts), section.language)
    quoted = (words_of(quote, section.language) for quote in said)
    return bool(words) and any(len(words & one) >= _SAME * len(words) for one in quoted)


# Questions about a document: each was prepared, or tried, and the document answers it.


_ABOUT = 5  # questions about a document: one of each stretch, as the summary has sentences
_LOOKED_AT = 60  # passages, evenly spread: a long act costs no more than a report
_TRIED_ABOUT = 14  # questions tried: each is a search, and another one if it is answered
_ALIKE_ABOUT = 2  # questions with the same first word; five "When did ...?" tell little


def document_questions(
    index: Snapshot, document: DocumentInfo, language: str, trials: Probes
) -> tuple[str, ...]:
    """Up to five questions that a language version of a document answers, in its order.

    They come from all its parts; where none is prepared, they are made and tested with the search
    limited to it, which costs up to 19 searches.
    """
    passages = spread(index.passages([document.key]), _LOOKED_AT)
    if prepared := about(index, document, language, passages, _ABOUT):
        return prepared
    scope = Scope(documents=(document.id,))
    waiting = {
        number: _candidates([passages[place] for place in places], language)
        for number, places in enumerate(stretches(len(passages), _ABOUT))
    }
    found: list[tuple[int, str]] = []
    asked_of: set[Section] = set()
    given, tries = Counter[int](), Counter[int]()
    while waiting and len(found) < _ABOUT and tries.total() < _TRIED_ABOUT:
        number = min(waiting, key=lambda one: (given[one], tries[one]))
        candidate = next(waiting[number], None)
        if candidate is None:
            del waiting[number]
            continue
        passage, asked = candidate
        words = words_of(asked.question, language)
        if section_of(passage) in asked_of:
            continue
        alike = sum(_opening(old) == _opening(asked.question) for _, old in found)
        if any(words <= words_of(old, language) for _, old in found) or (
            asked.units and alike == _ALIKE_ABOUT
        ):
            continue
        tries[number] += 1
        tried = trials.answer(index, asked.question, language, scope)
        if tried is None or not answers(tried, asked, passage):
            continue
        outside = trials.elsewhere(index, asked.question, language, scope)
        if not is_better_outside(outside, tried.best.score, index):
            given[number] += 1
            asked_of.add(section_of(passage))
            found.append((passage.start, asked.question))
    return tuple(question for _, question in sorted(found))


def _candidates(
    passages: Sequence[Passage], language: str
) -> Iterator[tuple[Passage, SectionQuestion]]:
    """Questions about the passages; first those that one sentence answers."""
    listed = []
    for passage in passages:
        asked = itertools.islice(questions(passage, language), QUESTIONS)
        listed += [(passage, one) for one in asked]
    yield from sorted(listed, key=lambda one: not one[1].units)


def _opening(question: str) -> str:
    return question.split(maxsplit=1)[0]
