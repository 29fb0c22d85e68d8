"""Verifies each draft against the passages, independently of the answerer.

    sentence -> its evidence (units) -> do these have its details? -> do they entail it?

A sentence is shown only with the `Quote`s found here: exact spans of passages. Together they must
have every figure, date, reference, acronym and country of a model's sentence
(chain/checking/details.py), and entail it according to a classifier (chain/checking/judgement.py):
docs/decisions/0007.
"""

import re
import threading
from collections.abc import Collection, Sequence
from functools import cache, partial

from chain.answerer import Draft, Quote, Request, Verdict
from chain.checking.alignment import Aligner, Basis, Place
from chain.checking.details import doubtful, lacking, unexplained_names, with_opening_names
from chain.checking.judgement import centre, doubt
from chain.checking.stated import Stated
from chain.reading.lists import runs
from chain.reading.unit_text import is_row, reading
from core.background import begin
from core.passage import Passage
from language.facts import Facts, facts
from language.matching import fold
from vectorstore.embeddings import Embedder, local_embedder
from vectorstore.words import word_states

# Cosine below which a sentence is off its evidence's topic, within and across languages. 1% of the
# true sentences of the open replies are below 0.90 within and 0.82 to 0.86 across languages;
# sentences about bananas and passwords reach at most 0.895 and 0.85.
_NEAR, _NEAR_TRANSLATED = 0.89, 0.83
# Least cosine of a name with a word of evidence in another language that may translate it. 3 of 13
# such names in true sentences of the open replies are below, and 27 of 37 invented ones.
_TRANSLATED = 0.45
# Log-odds of doubt above which a sentence is not supported (docs/decisions/0007).
_DOUBTED = 0.8
# Mean cosine that a sentence may lose: quotes that add no more are left out (docs/decisions/0007).
_SPARE = 0.06
_ADDRESS = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+|(?<![\w.@/-])(?:[\w-]*[a-zA-Z][\w-]*\.)+[a-z]{2,}\b"
)


class Verifier:
    """Verifies the drafts of one request, with evidence from any of its passages.

    What it computes of the passages serves all drafts. Safe to share between threads.
    """

    def __init__(self, request: Request) -> None:
        self._request = request
        self._passages = tuple(one.passage for one in request.found)
        self._stated = Stated(request)
        self._said = cache(partial(_said, self._passages))
        self._about = cache(partial(_about, self._passages))
        self._aligner: Aligner | None = None
        self._aligning = threading.Lock()

    def prepare(self) -> None:
        """Computes the passages' word vectors in a thread: it takes some tenths of a second, while
        the model starts to write."""
        begin(self._aligned, "verifier")

    def verdict(self, draft: Draft) -> Verdict:
        """Verdict on a draft; one with a quote of its own only has to be that text, word for
        word."""
        if draft.quote is not None:
            if _is_quoted(draft, draft.quote, self._passages):
                return Verdict("supported", (draft.quote,))
            return Verdict("contradicted", doubt="It is not the text that it quotes.")
        if not self._stated.anything(draft.text):
            return Verdict("contradicted", doubt="It states nothing.")
        basis = self._aligned().basis(draft.text, self._request.language)
        if basis is None:
            return Verdict("contradicted", doubt="It has no words.")
        return self._by_evidence(draft.text, basis)

    def _by_evidence(self, text: str, basis: Basis) -> Verdict:
        language, passages = self._request.language, self._passages
        claim = facts(text, language)
        said = [self._said(place) for place in basis.places]
        about = [self._about(number) for number, _ in basis.places]
        claim = with_opening_names(claim, said, about, word_states().may_be_name)
        quotes = _quotes(basis.places, passages)
        absent = [*_addresses(text, quotes, passages), *lacking(claim, said, about)]
        if absent:
            return Verdict("contradicted", quotes, f"The sources do not have: {', '.join(absent)}.")
        if not _is_near(text, language, quotes, passages):
            return Verdict("uncertain", quotes, "Nothing in the sources is close to it in meaning.")
        found = doubt(basis)
        doubts = [
            *doubtful(claim, said),
            *_untranslated(unexplained_names(claim, said, about), basis),
            *(found.words if found.score > _DOUBTED else ()),
        ]
        if doubts:
            return Verdict("uncertain", quotes, f"Not certain: {', '.join(doubts)}.")
        # The fewest quotes that suffice: sources often say the same in several places.
        needed = next(
            count
            for count, reached in enumerate(basis.reached, start=1)
            if reached >= basis.reached[-1] - _SPARE
            and not lacking(claim, said[:count], about[:count])
        )
        return Verdict("supported", _quotes(basis.places[:needed], passages))

    def _aligned(self) -> Aligner:
        with self._aligning:  # the first sentence waits for `prepare` instead of computing again
            if self._aligner is None:
                self._aligner = Aligner(self._passages, word_states(), centre())
            return self._aligner


def _is_near(
    text: str, language: str, quotes: Sequence[Quote], passages: Sequence[Passage]
) -> bool:
    """Whether a sentence is on the topic of its quotes.

    Uses the local embedder, whatever the index uses: the limits hold for it.
    """
    quoted = [passages[one.passage].text[one.start : one.end] for one in quotes]
    same = {passages[one.passage].language for one in quotes} == {language}
    return closeness(text, quoted, local_embedder()) >= (_NEAR if same else _NEAR_TRANSLATED)


def closeness(text: str, quotes: Sequence[str], embedder: Embedder) -> float:
    """Highest cosine of a text with a quote, or with all quotes joined."""
    joined = [" ".join(quotes)] if len(quotes) > 1 else []
    vectors = embedder.passages([text, *quotes, *joined])
    return float((vectors[1:] @ vectors[0]).max())


def _untranslated(names: Collection[str], basis: Basis) -> list[str]:
    """Names that no word of the evidence in another language is likely to translate."""
    return [
        word
        for word, closeness in zip(basis.words, basis.coverage, strict=True)
        if fold(word) in names and closeness < _TRANSLATED
    ]


def _quotes(places: Sequence[Place], passages: Sequence[Passage]) -> tuple[Quote, ...]:
    """The units as quotes, by passage in order of appearance; adjacent units are merged."""
    first = list(dict.fromkeys(number for number, _ in places))
    made = []
    for number in first:
        units = sorted(unit for passage, unit in places if passage == number)
        for run in runs(units):
            inside = [passages[number].units[unit] for unit in run]
            made.append(Quote(number, inside[0].start, inside[-1].end))
    return tuple(made)


def _addresses(text: str, quotes: Sequence[Quote], passages: Sequence[Passage]) -> list[str]:
    """Web and e-mail addresses in a text that its quotes lack."""
    said = fold("\n".join(passages[one.passage].text[one.start : one.end] for one in quotes))
    return [one for one in _ADDRESS.findall(text) if fold(one).strip(".,;:)") not in said]


def _said(passages: Sequence[Passage], place: Place) -> Facts:
    """Facts of a unit with its heading and lead-in."""
    passage = passages[place[0]]
    return facts(passage.context(passage.units[place[1]]), passage.language)


def _about(passages: Sequence[Passage], number: int) -> Facts:
    """Facts of the metadata of a passage: title, publishers and headings."""
    passage = passages[number]
    document = passage.document
    publishers = (document.publisher, document.about_publisher)
    text = "\n".join((document.title, document.about, *publishers, *passage.headings))
    return facts(text, passage.language)


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
    said = [text for text in (draft.text, *draft.items) if text]
    return bool(said) and all(text in quoted or text in rows for text in said)
