"""Verifies sentences of a model against the sources, by evidence in the stretches that it names or
in what is nearest."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, cached_property

from rapidfuzz import fuzz

import prompts
from chain.reading.quotables import runs
from chain.request import Draft, NamedStretch, Quote, Request, Verdict
from core.answer_blocks import Doubt
from core.source import Passage
from language.facts import Facts, Lacking, as_detail, facts, has_name, lacking
from language.figures import digits, quantities
from language.vocabulary import cues_of
from language.words import fold, traced, words
from vectorstore.e5 import e5
from vectorstore.embeddings import LocalEmbedder, local_embedder
from vectorstore.profile import default_profile
from vectorstore.store import Snapshot

Place = tuple[int, int]  # passage number, unit number within it
Span = tuple[int, int]  # offsets in a text

_LONGEST = 2500  # characters from the first to the last word; a longer stretch proves little
_ALIKE = 85.0  # of 100: words that a model wrote down with a slip, not other words
_FEWEST = 8  # characters that can be looked for nearly; shorter ones are like anything
_LONGEST_NAME = 100  # characters of words that no passage has; some eight are asked for
_LONGEST_GAP = 200  # characters of what is not stated; a few words are asked for
_LONG = 4  # words: a sequence this long in both a sentence and a prompt is no coincidence
_CLAUSE = 4  # words; shorter ones are near to anything
_MOST_UNITS = 5  # of evidence that no model named; more only add single words
_CLAUSE_END = re.compile(r"[.:;](?=\s|$)")
_FIGURE = re.compile(r"(\d(?:[\d.,'’ \u00a0\u202f]*\d)?(?:\s?%)?)(?:\s\w+)?")
_ADDRESS = re.compile(
    r"https?://\S+|//[\w-]+\.\S+|www\.\S+|\S+@\S+|"
    r"(?<![\w.@/-])(?:[\w-]+\.)*[\w-]*[a-zA-Z][\w-]+\.[a-z]{2,}\b"
)


class Text:
    """The folded text of a passage, in which stretches are looked for."""

    def __init__(self, passage: Passage) -> None:
        self._folded, self._places = traced(passage.text)

    def find(self, first: str, last: str) -> Span | None:
        """Finds the shortest stretch from the first words to the last, as offsets in the passage's
        text; None where either is not in it. Without `last`, `first` is all of it."""
        begins, ends = traced(first)[0], traced(last)[0]
        begins, ends = (begins, ends) if begins else (ends, "")
        if not begins:
            return None
        found = [
            (start, stop)
            for start, middle in self._places_of(begins)
            for stop in [self._end(ends, start, middle)]
            if stop is not None
        ]
        if not found:
            return None
        start, stop = min(found, key=lambda span: (span[1] - span[0], span[0]))
        return self._places[start][0], self._places[stop - 1][1]

    def _end(self, ends: str, start: int, middle: int) -> int | None:
        """The offset at which the last words end behind the first; they may overlap."""
        if not ends:
            return middle
        limit = start + _LONGEST
        at = self._folded.find(ends, start, limit)
        while at >= 0 and at + len(ends) < middle:
            at = self._folded.find(ends, at + 1, limit)
        if at >= 0:
            return at + len(ends)
        near = _nearly(ends, self._folded[start:limit])
        return max(start + near[1], middle) if near else None

    def _places_of(self, sought: str) -> Iterator[Span]:
        at = self._folded.find(sought)
        if at < 0 and (near := _nearly(sought, self._folded)):
            yield near
        while at >= 0:
            yield at, at + len(sought)
            at = self._folded.find(sought, at + 1)


def _nearly(sought: str, text: str) -> Span | None:
    """The stretch of a text that is most like these words, if it is like them."""
    if len(sought) < _FEWEST:
        return None
    found = fuzz.partial_ratio_alignment(sought, text, score_cutoff=_ALIKE)
    return (found.dest_start, found.dest_end) if found else None


def _above(passage: Passage) -> str:
    document = passage.document
    return " ".join((document.title, document.reference, *passage.headings, str(document.date)))


@cache
def _instructions() -> frozenset[str]:
    """Lines and clauses of the prompts for writers, as words."""
    pieces = [
        piece
        for name in prompts.WRITING
        for line in prompts.load(name).splitlines()
        for piece in (line, *_CLAUSE_END.split(line))
    ]
    return frozenset(" ".join(words(piece)) for piece in pieces) - {""}


Nearness = Callable[[str, Sequence[Passage]], Mapping[str, Sequence[float]]]
"""Gives the cosines of a text with the units of each of some passages, by the passage's id: by the
local embedder, for which the limits are set."""


class Verifier:
    """Verifies a model's drafts of one request, with evidence from any of its passages; safe to
    share between threads."""

    def __init__(self, request: Request, nearness: Nearness) -> None:
        self._request = request
        self._passages = tuple(found.passage for found in request.found)
        self._nearness = nearness
        self._text = cache(lambda number: Text(self._passages[number]))
        self._unit_facts = cache(self._facts_of_unit)
        self._metadata_facts = cache(self._facts_of_metadata)
        self._question = facts(request.question, request.language)

    @cached_property
    def _digits(self) -> frozenset[str]:
        """The figures of the passages by their digits, those of their headings and documents
        too."""
        texts = (f"{passage.text}\n{_above(passage)}" for passage in self._passages)
        return frozenset().union(*map(digits, texts))

    def verdict(self, draft: Draft) -> Verdict:
        """Verdict on a model's draft."""
        if self._is_of_the_prompt(draft.text):
            return Verdict("not_confirmed", reason="states_nothing", is_firm=True)
        text = draft.text
        claim = _without(facts(text, self._request.language), self._question)
        if foreign := self._foreign_addresses(text):
            return Verdict("differs", (), "absent", tuple(map(_inert, foreign)), is_firm=True)
        named = self._named(draft)
        places = named or self._nearest(draft, claim)
        if not places:
            return Verdict("not_confirmed", reason="distant", is_firm=True)
        unfound = () if named else tuple(filter(None, map(_words_of, draft.stretches)))
        return replace(self._compared(text, claim, places, is_named=bool(named)), unfound=unfound)

    def is_asked(self, text: str) -> bool:
        """Whether what a model says is not stated may be what the question asks for: a few words,
        without an address and without a figure that neither the question nor a passage has."""
        is_short = len(text) <= _LONGEST_GAP and not _ADDRESS.search(text)
        return is_short and digits(text) <= digits(self._request.question) | self._digits

    def _is_of_the_prompt(self, sentence: str) -> bool:
        """Whether a sentence states nothing: it is a question, part of the one asked, also with a
        full stop, or of a prompt ("Rules:"), or has only words of a passage's description there."""
        if sentence.endswith("?") or fold(sentence).rstrip(" .;:!") in fold(self._request.question):
            return True
        used = frozenset(words(sentence))
        if any(used <= frozenset(words(_above(passage))) for passage in self._passages):
            return True
        longest = max((" ".join(words(part)) for part in _CLAUSE_END.split(sentence)), key=len)
        is_long = longest.count(" ") >= _LONG - 1
        return longest in _instructions() or any(
            (sentence.endswith(":") and rule.startswith(f"{longest} "))
            or (is_long and f" {longest} " in f" {rule} ")
            for rule in _instructions()
        )

    def _compared(
        self, text: str, claim: Facts, places: Sequence[Place], *, is_named: bool
    ) -> Verdict:
        """Verdict on a sentence by its evidence, to which is added what else has its details."""
        language = self._request.language
        lacks = self._lacking(claim, places)
        if details := lacks.all:
            absent = self._absent(claim, lacks, text)
            if absent.exact:
                written = _as_written(absent.exact, text, language)
                return Verdict("differs", self._quotes(places), "absent", written, is_firm=True)
            quotes = self._quotes(self._with_details(claim, places))
            reason: Doubt = "absent" if absent.names else "elsewhere"
            written = _as_written(absent.names or details, text, language)
            return Verdict("not_confirmed", quotes, reason, written)
        quotes = self._quotes(places)
        if any(self._is_word_for_word(text, quote) for quote in quotes):
            return Verdict("confirmed", quotes)
        margin = self._margin(text, quotes)
        # A model that obeys what a source orders confirms it too, however far that is.
        is_firm = not is_named and margin < -default_profile().amounts.local.far
        return Verdict(
            "not_confirmed", quotes, "distant" if margin < 0 else "unchecked", is_firm=is_firm
        )

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
                    found |= dict.fromkeys(self._places(number, *span))
                    break
        return list(found)

    def _nearest(self, draft: Draft, claim: Facts) -> list[Place]:
        """The unit nearest to a draft in the passages that it cites, or in any if it cites none;
        and others of these, or of the same passage, that have the details which it lacks."""
        cited = [number for number in draft.cites if number < len(self._passages)]
        ordered = self._ordered(draft.text, cited or range(len(self._passages)))
        if not ordered:
            return []
        first, *others = ordered
        return self._adding(
            [first], (place for place in others if cited or place[0] == first[0]), claim
        )

    def _with_details(self, claim: Facts, places: Sequence[Place]) -> list[Place]:
        """Evidence with the units of its documents that have the details which it lacks, those of
        its own passages first. A unit comes with its headings and what is known of its document."""
        near = {number for number, _ in places}
        documents = {self._passages[number].document.id for number in near}
        others = [
            place
            for place in self._all_places()
            if self._passages[place[0]].document.id in documents
        ]
        return self._adding(places, sorted(others, key=lambda place: place[0] not in near), claim)

    def _adding(
        self, places: Sequence[Place], others: Iterable[Place], claim: Facts
    ) -> list[Place]:
        """Evidence with each of other units that has details which the evidence lacks."""
        chosen = list(places)
        lacks = len(self._lacking(claim, chosen).all)
        for place in others:
            if not lacks or len(chosen) == len(places) + _MOST_UNITS:
                break
            left = len(self._lacking(claim, [*chosen, place]).all)
            if left < lacks:
                chosen, lacks = [*chosen, place], left
        return chosen

    def _ordered(self, text: str, numbers: Iterable[int]) -> list[Place]:
        """All units of these passages, the one nearest to a text first."""
        within = {number: self._passages[number] for number in numbers}
        cosines = self._nearness(text, list(within.values()))
        fits = [
            (fit, (number, unit))
            for number, passage in within.items()
            for unit, fit in enumerate(cosines.get(passage.id, ()))
        ]
        return [place for _, place in sorted(fits, key=lambda fit: (-fit[0], fit[1]))]

    def _lacking(self, claim: Facts, places: Sequence[Place]) -> Lacking:
        return lacking(claim, self._facts(places), _may_be_name)

    def _absent(self, claim: Facts, lacks: Lacking, text: str) -> Lacking:
        """Keeps the details that no passage has, in any language; of a figure neither its value
        nor its digits, as the heading of a table may have its scale or unit."""
        everywhere = self._facts(list(self._all_places()))
        words = frozenset().union(*(found.words for found in everywhere))
        nowhere = lacking(claim, everywhere, _may_be_name)
        written = {
            detail: digits(" ".join(_as_written([detail], text, claim.language)))
            for detail in map(as_detail, claim.quantities)
        }
        return Lacking(
            [
                detail
                for detail in lacks.exact
                if detail in nowhere.exact and not written.get(detail, frozenset()) & self._digits
            ],
            [
                name
                for name in lacks.names
                if name in nowhere.names or (name in claim.names and not has_name(words, name))
            ],
            [],
        )

    def _facts(self, places: Sequence[Place]) -> list[Facts]:
        """Facts of units, and of what is known of their passages."""
        metadata = map(self._metadata_facts, dict.fromkeys(number for number, _ in places))
        return [*map(self._unit_facts, places), *metadata]

    def _facts_of_unit(self, place: Place) -> Facts:
        """Facts of a unit with its heading, its lead-in and the marks of its points."""
        passage = self._passages[place[0]]
        unit = passage.units[place[1]]
        return facts("\n".join((passage.context(unit), *unit.marks)), passage.language)

    def _facts_of_metadata(self, number: int) -> Facts:
        """Facts of the metadata of a passage: title, number, date, publishers and headings."""
        passage = self._passages[number]
        document = passage.document
        publishers = (document.publisher, document.about_publisher)
        date = str(document.date or "")
        named = (document.title, document.about, document.reference, date)
        return facts("\n".join((*named, *publishers, *passage.headings)), passage.language)

    def _places(self, number: int, start: int, end: int) -> Iterator[Place]:
        """The units that a stretch of a passage touches."""
        for place, unit in enumerate(self._passages[number].units):
            if unit.start < end and start < unit.end:
                yield number, place

    def _all_places(self) -> Iterator[Place]:
        for number, passage in enumerate(self._passages):
            yield from self._places(number, 0, len(passage.text))

    def _quotes(self, places: Collection[Place]) -> tuple[Quote, ...]:
        """The units as quotes, by passage in order of appearance; adjacent units are merged."""
        made = []
        for number in dict.fromkeys(number for number, _ in places):
            for run in runs(sorted({unit for passage, unit in places if passage == number})):
                inside = [self._passages[number].units[unit] for unit in run]
                made.append(Quote(number, inside[0].start, inside[-1].end))
        return tuple(made)

    def _margin(self, text: str, quotes: Sequence[Quote]) -> float:
        """The least margin, in cosine, by which a sentence and each of its clauses exceed the
        closeness to the evidence that they need."""
        passages, language = self._passages, self._request.language
        cited = [passages[quote.passage].text[quote.start : quote.end] for quote in quotes]
        same = {passages[quote.passage].language for quote in quotes} == {language}
        clauses = _clauses(text, language)
        whole, *parts = _closeness([text, *clauses], cited)
        least = default_profile().amounts.local
        margin = whole - (least.near if same else least.near_translated)
        return min(margin, *(part - least.clause_near for part in parts)) if parts else margin

    def _is_word_for_word(self, text: str, quote: Quote) -> bool:
        """Whether a text is whole sentences of a quote, word for word. An item of a list is none:
        what introduces it may deny it."""
        passage = self._passages[quote.passage]
        units = [
            " ".join(words(passage.text[unit.start : unit.end]))
            if unit.kind == "sentence"
            else "\n"
            for unit in passage.units
            if quote.start <= unit.start and unit.end <= quote.end
        ]
        sought = " ".join(words(text))
        return any(
            sought == " ".join(units[start:end])
            for start in range(len(units))
            for end in range(start + 1, len(units) + 1)
        )

    def _foreign_addresses(self, text: str) -> list[str]:
        """Web and e-mail addresses in a text that no passage has."""
        found = _ADDRESS.findall(text)
        sources = fold("\n".join(passage.text for passage in self._passages)) if found else ""
        return [address for address in found if fold(address).strip(".,;:)") not in sources]


def _words_of(stretch: NamedStretch) -> str:
    """The words by which a draft names a stretch, in quotation marks; empty where it has none."""
    ends = (words[:_LONGEST_NAME] for words in (stretch.first, stretch.last) if words.strip())
    words = " … ".join(ends)
    return f"“{words}”" if words else ""


def nearness_of(index: Snapshot) -> Nearness:
    """Nearness to the passages of an index. A model's sentences go to no other server: where the
    index has the vectors of one, they are compared with the local embedder."""
    return index.similarities if isinstance(index.embedder, LocalEmbedder) else local_nearness


def local_nearness(text: str, passages: Sequence[Passage]) -> dict[str, list[float]]:
    """`Nearness` to passages that need be in no index."""
    local = local_embedder()
    query = local.query(text)
    return {
        passage.id: list(
            map(float, local.passages([passage.context(u) for u in passage.units]) @ query)
        )
        for passage in passages
        if passage.units
    }


def _closeness(texts: Sequence[str], quotes: Sequence[str]) -> list[float]:
    """For each text the highest cosine with a quote, or with all quotes joined."""
    joined = [" ".join(quotes)] if len(quotes) > 1 else []
    vectors = local_embedder().passages([*texts, *quotes, *joined])
    return list(map(float, (vectors[: len(texts)] @ vectors[len(texts) :].T).max(axis=1)))


def _may_be_name(word: str) -> bool:
    """Whether a word is probably a name, by how frequent its tokens are with a capital and without,
    in text of all languages."""
    small, capital = e5().pieces(word.casefold()), e5().pieces(word.capitalize())
    least = default_profile().amounts.local
    return len(small) >= least.rare_pieces or sum(capital) - sum(small) >= least.more_frequent


def _clauses(text: str, language: str) -> list[str]:
    joining = "|".join(map(re.escape, cues_of(language).joining))
    parts = re.split(rf"[,;:–]\s+|\s(?:{joining})\s", text)
    return [part for part in parts if len(part.split()) >= _CLAUSE]


def _without(claim: Facts, question: Facts) -> Facts:
    """A claim without the figures and names that the question brought in."""
    numbers = question.quantities | question.worded
    return replace(
        claim,
        quantities=claim.quantities - numbers,
        worded=claim.worded - numbers,
        dates=claim.dates - question.dates,
        references=claim.references - question.references,
        acronyms=claim.acronyms - question.acronyms,
        names=claim.names - question.words - frozenset(cues_of(claim.language).common),
        openings=claim.openings - question.words,
        countries=claim.countries - question.countries,
        calendar=claim.calendar - question.calendar,
    )


def _as_written(details: Iterable[str], text: str, language: str) -> tuple[str, ...]:
    """Details in normalised form, as they stand in the text that has them: "1,4 miljoen"."""
    figures = {
        f"{value:f}": written
        for found in _FIGURE.finditer(text)
        for written in (found[0], found[1])  # with the word behind it, which may be a scale
        for value, _ in quantities(fold(written), language)
    }
    made = []
    for detail in details:
        word = re.search(rf"(?<!\w){re.escape(detail)}(?!\w)", text, re.IGNORECASE)
        made.append(word[0] if word else figures.get(detail.partition(" ")[0], detail))
    return tuple(dict.fromkeys(made))


def _inert(address: str) -> str:
    """An address in a form that nothing makes a link of: "evil[.]example"."""
    return address.replace("://", "[:]//").replace(".", "[.]").replace("@", "[@]")
