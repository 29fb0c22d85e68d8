"""Verifies each draft against the passages, independently of the answerer.

    sentence -> its evidence: the stretches that the model names, else the units nearest to it
             -> does the evidence have its details? does any passage?
             -> is it close to the evidence in meaning?

Nothing is left out for its verdict: docs/decisions/0007.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial

from chain.answerer import Draft, Quote, Request, Verdict
from chain.checking.details import Lacking, has_name, lacking
from chain.checking.stated import Stated
from chain.checking.stretches import Text
from chain.reading.lists import runs
from chain.reading.unit_text import is_row, reading
from core.answer_blocks import Doubt, SentenceStatus
from core.passage import Passage
from language.cues import cues_of
from language.facts import Facts, facts
from language.matching import fold
from language.quantities import quantities
from vectorstore.e5 import e5
from vectorstore.embeddings import Embedder, LocalEmbedder, local_embedder
from vectorstore.snapshot import Snapshot

Place = tuple[int, int]  # passage number, unit number within it
Similarities = Callable[[str, Sequence[Passage]], Mapping[str, Sequence[float]]]
"""Cosines of a text with the units of each of these passages, by the passage's id."""

# Least cosines with its evidence of a sentence that is confirmed where nobody else checks it,
# within and across languages, and of each of its clauses (docs/decisions/0007).
_NEAR, _NEAR_TRANSLATED, _CLAUSE_NEAR = 0.88, 0.84, 0.775
_CLAUSE = 4  # words; shorter ones are near to anything
# Cosine below these by which a sentence is about something else, whatever a model says of it: one
# that obeys what a source orders also confirms it.
_FAR = 0.06
_MOST_UNITS = 5  # of evidence that no model named; more only add single words
# A word of three tokens or more is in no language's everyday vocabulary; and what is e^2 times as
# frequent with a capital as without is a name. Of 423 true sentences about the briefs in their own
# language one begins so, and not with a word of its evidence ("Samengevat").
_RARE_PIECES = 3
_CAPITAL_MORE_FREQUENT = 2.0
_FIGURE = re.compile(r"(\d(?:[\d.,'’ \u00a0\u202f]*\d)?(?:\s?%)?)(?:\s\w+)?")
_ADDRESS = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+|(?<![\w.@/-])(?:[\w-]+\.)*[\w-]*[a-zA-Z][\w-]+\.[a-z]{2,}\b"
)


class Verifier:
    """Verifies the drafts of one request, with evidence from any of its passages.

    Safe to share between threads.

    Args:
        request: the question with its passages.
        similarities: of the index that the passages come from.
    """

    def __init__(self, request: Request, similarities: Similarities) -> None:
        self._request = request
        self._passages = tuple(one.passage for one in request.found)
        self._similarities = similarities
        self._stated = Stated(request)
        self._text = cache(lambda number: Text(self._passages[number]))
        self._said = cache(partial(_said, self._passages))
        self._about = cache(partial(_about, self._passages))
        self._asked = facts(request.question, request.language)

    def verdict(self, draft: Draft) -> Verdict:
        """Verdict on a draft; one with a quote of its own only has to be that text, word for
        word."""
        if draft.quote is not None:
            if _is_quoted(draft, draft.quote, self._passages):
                return Verdict("quoted", (draft.quote,))
            return Verdict("differs")
        if not self._stated.anything(draft.text):
            return Verdict("not_confirmed", reason="states_nothing", is_firm=True)
        return self._by_evidence(draft)

    def _by_evidence(self, draft: Draft) -> Verdict:
        text, language, passages = draft.text, self._request.language, self._passages
        claim = _without(facts(text, language), self._asked)
        if foreign := _addresses(text, passages):
            return Verdict("differs", (), "absent", tuple(map(_inert, foreign)), is_firm=True)
        places = self._named(draft) or self._nearest(draft, claim)
        if not places:
            return Verdict("not_confirmed", reason="distant", is_firm=True)
        quotes = _quotes(places, passages)
        lacks = self._lacking(claim, places)
        if lacks.sure:
            nowhere = self._nowhere(claim, lacks.sure)
            status: SentenceStatus = "differs" if nowhere else "not_confirmed"
            reason: Doubt = "absent" if nowhere else "elsewhere"
            details = _as_written(nowhere or lacks.sure, text, language)
            return Verdict(status, quotes, reason, details, is_firm=True)
        if lacks.likely:
            details = _as_written(lacks.likely, text, language)
            return Verdict("not_confirmed", quotes, "elsewhere", details)
        margin = _margin(text, language, quotes, passages)
        if margin < 0:
            return Verdict("not_confirmed", quotes, "distant", is_firm=margin < -_FAR)
        return Verdict("confirmed", quotes)

    def _named(self, draft: Draft) -> list[Place]:
        """The units of the stretches that a draft names: in the passage that it names, else in any
        other."""
        found: dict[Place, None] = {}
        for stretch in draft.stretches:
            others = dict.fromkeys((stretch.passage, *draft.cites, *range(len(self._passages))))
            for number in others:
                if not 0 <= number < len(self._passages):
                    continue
                if span := self._text(number).find(stretch.first, stretch.last):
                    found |= dict.fromkeys(_places(number, self._passages[number], *span))
                    break
        return list(found)

    def _nearest(self, draft: Draft, claim: Facts) -> list[Place]:
        """The unit nearest to a draft in the passages that it cites, or in any if it cites none;
        and others of these, or of the same passage, that have the details which it lacks."""
        cited = [number for number in draft.cites if number < len(self._passages)]
        ordered = self._ordered(draft.text, cited or range(len(self._passages)))
        chosen, lacks = ordered[:1], sum(map(len, self._lacking(claim, ordered[:1])))
        for place in ordered[1:]:
            if not lacks or len(chosen) > _MOST_UNITS:
                break
            if place[0] == chosen[0][0] or cited:
                left = sum(map(len, self._lacking(claim, [*chosen, place])))
                if left < lacks:
                    chosen, lacks = [*chosen, place], left
        return chosen

    def _ordered(self, text: str, numbers: Iterable[int]) -> list[Place]:
        """All units of these passages, the one nearest to a text first."""
        within = {number: self._passages[number] for number in numbers}
        cosines = self._similarities(text, list(within.values()))
        fits = [
            (fit, (number, unit))
            for number, passage in within.items()
            for unit, fit in enumerate(cosines.get(passage.id, ()))
        ]
        return [place for _, place in sorted(fits, key=lambda one: (-one[0], one[1]))]

    def _lacking(self, claim: Facts, places: Sequence[Place]) -> Lacking:
        return lacking(claim, self._facts(places), _may_be_name)

    def _nowhere(self, claim: Facts, details: Sequence[str]) -> list[str]:
        """Those of the details that no passage has, in any language."""
        everywhere = self._facts(list(_all_places(self._passages)))
        words = frozenset().union(*(one.words for one in everywhere))
        lacks = lacking(claim, everywhere, _may_be_name).sure
        names = (one for one in details if one in claim.names and not has_name(words, one))
        return list(dict.fromkeys((*(one for one in details if one in lacks), *names)))

    def _facts(self, places: Sequence[Place]) -> list[Facts]:
        """Facts of units, and of what is known of their passages."""
        about = map(self._about, dict.fromkeys(number for number, _ in places))
        return [*map(self._said, places), *about]


def similarities_of(index: Snapshot) -> Similarities:
    """Cosines of texts with the units of an index. A model's sentences go to no other server: where
    the index has the vectors of one, they are compared with the local embedder."""
    embedder = index.embedder
    return index.similarities if isinstance(embedder, LocalEmbedder) else local_similarities


def local_similarities(text: str, passages: Sequence[Passage]) -> dict[str, list[float]]:
    """`Similarities` by the local embedder, of passages that need be in no index."""
    vectors = local_embedder()
    query = vectors.query(text)
    return {
        one.id: list(map(float, vectors.passages([one.context(u) for u in one.units]) @ query))
        for one in passages
        if one.units
    }


def closeness(texts: Sequence[str], quotes: Sequence[str], embedder: Embedder) -> list[float]:
    """For each text the highest cosine with a quote, or with all quotes joined."""
    joined = [" ".join(quotes)] if len(quotes) > 1 else []
    vectors = embedder.passages([*texts, *quotes, *joined])
    return list(map(float, (vectors[: len(texts)] @ vectors[len(texts) :].T).max(axis=1)))


def _margin(
    text: str, language: str, quotes: Sequence[Quote], passages: Sequence[Passage]
) -> float:
    """By how much a sentence and each of its clauses are nearer to its evidence than they have to
    be: the least of them, in cosine.

    Uses the local embedder, whatever the index uses: the limits hold for it.
    """
    quoted = [passages[one.passage].text[one.start : one.end] for one in quotes]
    same = {passages[one.passage].language for one in quotes} == {language}
    whole, *parts = closeness([text, *_clauses(text, language)], quoted, local_embedder())
    margin = whole - (_NEAR if same else _NEAR_TRANSLATED)
    return min(margin, *(part - _CLAUSE_NEAR for part in parts)) if parts else margin


def _may_be_name(word: str) -> bool:
    """Whether a word is probably a name, by how frequent its tokens are with a capital and without,
    in text of all languages."""
    small, capital = e5().pieces(word.casefold()), e5().pieces(word.capitalize())
    return len(small) >= _RARE_PIECES or sum(capital) - sum(small) >= _CAPITAL_MORE_FREQUENT


def _clauses(text: str, language: str) -> list[str]:
    joining = "|".join(map(re.escape, cues_of(language).joining))
    parts = re.split(rf"[,;:–]\s+|\s(?:{joining})\s", text)
    return [part for part in parts if len(part.split()) >= _CLAUSE]


def _without(claim: Facts, asked: Facts) -> Facts:
    """A claim without the figures and names that the question brought in."""
    numbers = asked.quantities | asked.worded
    return replace(
        claim,
        quantities=claim.quantities - numbers,
        worded=claim.worded - numbers,
        dates=claim.dates - asked.dates,
        references=claim.references - asked.references,
        acronyms=claim.acronyms - asked.acronyms,
        names=claim.names - asked.words - frozenset(cues_of(claim.language).common),
        openings=claim.openings - asked.words,
        countries=claim.countries - asked.countries,
        calendar=claim.calendar - asked.calendar,
    )


def _as_written(details: Iterable[str], text: str, language: str) -> tuple[str, ...]:
    """Details in normalised form, as they stand in the text that has them: "1,4 miljoen"."""
    figures = {
        f"{value:f}": one
        for found in _FIGURE.finditer(text)
        for one in (found[0], found[1])  # with the word behind it, which may be a scale
        for value, _ in quantities(fold(one), language)
    }
    made = []
    for detail in details:
        word = re.search(rf"(?<!\w){re.escape(detail)}(?!\w)", text, re.IGNORECASE)
        made.append(word[0] if word else figures.get(detail.partition(" ")[0], detail))
    return tuple(dict.fromkeys(made))


def _places(number: int, passage: Passage, start: int, end: int) -> Iterator[Place]:
    """The units that a stretch of a passage touches."""
    for unit, one in enumerate(passage.units):
        if one.start < end and start < one.end:
            yield number, unit


def _all_places(passages: Sequence[Passage]) -> Iterator[Place]:
    for number, passage in enumerate(passages):
        yield from _places(number, passage, 0, len(passage.text))


def _quotes(places: Collection[Place], passages: Sequence[Passage]) -> tuple[Quote, ...]:
    """The units as quotes, by passage in order of appearance; adjacent units are merged."""
    made = []
    for number in dict.fromkeys(number for number, _ in places):
        units = sorted({unit for passage, unit in places if passage == number})
        for run in runs(units):
            inside = [passages[number].units[unit] for unit in run]
            made.append(Quote(number, inside[0].start, inside[-1].end))
    return tuple(made)


def _addresses(text: str, passages: Sequence[Passage]) -> list[str]:
    """Web and e-mail addresses in a text that no passage has."""
    found = _ADDRESS.findall(text)
    said = fold("\n".join(one.text for one in passages)) if found else ""
    return [one for one in found if fold(one).strip(".,;:)") not in said]


def _inert(address: str) -> str:
    """An address in a form that nothing makes a link of: "evil[.]example"."""
    return address.replace("://", "[:]//").replace(".", "[.]").replace("@", "[@]")


def _said(passages: Sequence[Passage], place: Place) -> Facts:
    """Facts of a unit with its heading, its lead-in and the marks of its points."""
    passage = passages[place[0]]
    unit = passage.units[place[1]]
    return facts("\n".join((passage.context(unit), *unit.marks)), passage.language)


def _about(passages: Sequence[Passage], number: int) -> Facts:
    """Facts of the metadata of a passage: title, number, date, publishers and headings."""
    passage = passages[number]
    document = passage.document
    publishers = (document.publisher, document.about_publisher)
    date = str(document.date or "")
    named = (document.title, document.about, document.reference, date)
    return facts("\n".join((*named, *publishers, *passage.headings)), passage.language)


def _is_quoted(draft: Draft, quote: Quote, passages: Sequence[Passage]) -> bool:
    """Whether the draft's text is verbatim in its quote, and the quote within its passage; a table
    row may have its headings."""
    if not 0 <= quote.passage < len(passages):
        return False
    passage = passages[quote.passage]
    if not 0 <= quote.start < quote.end <= len(passage.text):
        return False
    quoted = " ".join(passage.text[quote.start : quote.end].split())
    within = [u for u in passage.units if quote.start <= u.start and u.end <= quote.end]
    rows = {reading(passage, unit) for unit in within if is_row(passage, unit)}
    said = [text for text in (draft.text, *draft.items, *(draft.around or ())) if text]
    return bool(said) and all(text in quoted or text in rows for text in said)
