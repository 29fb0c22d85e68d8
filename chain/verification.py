"""Checks every drafted sentence against the passages, outside whatever drafted it.

    sentence -> the units that its words rest on -> has their details? -> says what they say?

A sentence is shown only with the `Quote`s that this module has found: exact stretches of passages.
Together they must have every figure, date, reference, acronym and country of a model's sentence
(chain/details.py), and say what it says as far as its words in context tell
(chain/judgement.py): docs/decisions/0007.
"""

import re
import threading
from collections.abc import Collection, Sequence
from functools import cache, lru_cache
from itertools import groupby

import prompts
from chain.alignment import Basis, Evidence, Place
from chain.answerer import Draft, Quote, Request, Verdict
from chain.details import Details, details, doubtful, lacking, unexplained_names
from chain.judgement import centre, doubt
from chain.statements import is_row, reading
from core.matching import figures, fold
from core.types import Passage
from vectorstore.embeddings import Embedder, local_embedder
from vectorstore.words import word_states

# Cosine of a sentence and the stretch it rests on, both as bare text. Measured on the briefs: of
# units and their translations 99% are above 0.878, of units and other units of the same section
# 95% are below 0.857.
_CLOSE = 0.86
# Cosine below which a sentence is about something else than what it rests on: one in a hundred true
# sentences of the open replies is below 0.90 in one language and 0.82 to 0.86 across languages, of
# sentences about bananas and passwords the highest are at 0.895 and 0.85.
_NEAR, _NEAR_TRANSLATED = 0.89, 0.83
# Closeness of a name to the nearest word of evidence in another language, of which it may be the
# translation. Of 13 such names in true sentences of the open replies 3 are below, of 37 invented
# ones put into these 27.
_TRANSLATED = 0.45
# Log-odds of doubt above which a sentence is not shown as supported (docs/decisions/0007).
_DOUBTED = 0.8
# Closeness of its words to their evidence that a sentence can spare: quotes that add no more than
# this are not needed.
_SPARE = 0.05
_LONG = 4  # words in a row that a sentence and a prompt do not share by chance
_CLAUSE_END = re.compile(r"[.:;](?=\s|$)")
_ADDRESS = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+|(?<![\w.@/-])(?:[\w-]*[a-zA-Z][\w-]*\.)+[a-z]{2,}\b"
)


def verify(draft: Draft, request: Request) -> Verdict:
    """What the passages say of a draft, with the evidence for it, from whichever passages.

    An answerer's own quote has only to be the text that it says it is.
    """
    if draft.quote is not None:
        if _is_quoted(draft, request):
            return Verdict("supported", (draft.quote,))
        return Verdict("contradicted", doubt="It is not the text that it quotes.")
    if (
        _is_asked(draft.text, request.question)
        or _is_heading(draft.text, request)
        or _is_instruction(draft.text)
    ):
        return Verdict("contradicted", doubt="It states nothing.")
    passages = _passages(request)
    basis = _evidence(passages).basis(draft.text, request.language)
    if basis is None:
        return Verdict("contradicted", doubt="It has no words.")
    claim = details(draft.text, request.language)
    said = [_said(place, passages) for place in basis.places]
    about = [_about(passages[number]) for number, _ in basis.places]
    quotes = _quotes(basis.places, passages)
    absent = [*_addresses(draft.text, quotes, passages), *lacking(claim, said, about)]
    if absent:
        return Verdict("contradicted", quotes, f"The sources do not have: {', '.join(absent)}.")
    if not _is_near(draft.text, request.language, quotes, passages):
        return Verdict("uncertain", quotes, "Nothing in the sources is close to it in meaning.")
    found = doubt(basis)
    doubts = [
        *doubtful(claim, said),
        *_untranslated(unexplained_names(claim, said, about), basis),
        *(found.words if found.score > _DOUBTED else ()),
    ]
    if doubts:
        return Verdict("uncertain", quotes, f"Not certain: {', '.join(doubts)}.")
    # No more quotes than it takes: what they say is often said in several places.
    needed = next(
        count
        for count, reached in enumerate(basis.reached, start=1)
        if reached >= basis.reached[-1] - _SPARE and not lacking(claim, said[:count], about[:count])
    )
    return Verdict("supported", _quotes(basis.places[:needed], passages))


def _is_near(
    text: str, language: str, quotes: Sequence[Quote], passages: Sequence[Passage]
) -> bool:
    """Whether one of the quotes, or all together, are about what a sentence is about.

    Always told by the local embedder, whatever the index was made with: the limits are its own.
    """
    quoted = [passages[one.passage].text[one.start : one.end] for one in quotes]
    same = {passages[one.passage].language for one in quotes} == {language}
    return _closeness(text, quoted, local_embedder()) >= (_NEAR if same else _NEAR_TRANSLATED)


def _closeness(text: str, quotes: Sequence[str], embedder: Embedder) -> float:
    """The highest cosine of a text with one of the quotes, or with all of them read as one."""
    joined = [" ".join(quotes)] if len(quotes) > 1 else []
    vectors = embedder.passages([text, *quotes, *joined])
    return float((vectors[1:] @ vectors[0]).max())


def _untranslated(names: Collection[str], basis: Basis) -> list[str]:
    """The names that no word of evidence in another language is likely to be the translation of."""
    return [
        word
        for word, closeness in zip(basis.words, basis.coverage, strict=True)
        if fold(word) in names and closeness < _TRANSLATED
    ]


def prepare(request: Request) -> None:
    """Reads the passages in a thread of its own: some tenths of a second, in which a model is only
    beginning to write."""
    threading.Thread(target=_evidence, args=(_passages(request),), daemon=True).start()


def _passages(request: Request) -> tuple[Passage, ...]:
    return tuple(one.passage for one in request.found)


@lru_cache(maxsize=16)
def _evidence(passages: tuple[Passage, ...]) -> Evidence:
    return Evidence(passages, word_states(), centre())


def _quotes(places: Sequence[Place], passages: Sequence[Passage]) -> tuple[Quote, ...]:
    """The units as quotes, in the order in which their passages come; neighbours in one piece."""
    first = list(dict.fromkeys(number for number, _ in places))
    made = []
    for number in first:
        units = sorted(unit for passage, unit in places if passage == number)
        for _, run in groupby(enumerate(units), key=lambda pair: pair[1] - pair[0]):
            inside = [passages[number].units[unit] for _, unit in run]
            made.append(Quote(number, inside[0].start, inside[-1].end))
    return tuple(made)


def _addresses(text: str, quotes: Sequence[Quote], passages: Sequence[Passage]) -> list[str]:
    """The addresses of pages and of mail in a text that its evidence does not have."""
    said = fold("\n".join(passages[one.passage].text[one.start : one.end] for one in quotes))
    return [one for one in _ADDRESS.findall(text) if fold(one).strip(".,;:)") not in said]


def _said(place: Place, passages: Sequence[Passage]) -> Details:
    """The details of a unit with its heading and lead-in."""
    passage = passages[place[0]]
    return details(passage.context(passage.units[place[1]]), passage.language)


def _about(passage: Passage) -> Details:
    """The details of what is said of a passage's document and section."""
    document = passage.document
    publishers = (document.publisher, document.about_publisher)
    text = "\n".join((document.title, document.about, *publishers, *passage.headings))
    return details(text, passage.language)


def supports(sentence: str, quotes: Sequence[str], about: str, embedder: Embedder) -> bool:
    """Whether quotes together support a sentence by figures and meaning; languages not needed.

    They have its figures (`about`, such as their headings, may have them as well), and one of them,
    or all of them read as one, has its words or is close to it in meaning. The limit of that is the
    local embedder's: `embedder` is to be that one.
    """
    if not quotes or not figures(sentence) <= figures("\n".join((about, *quotes))):
        return False
    if any(fold(sentence).rstrip(".;:") in fold(quote) for quote in quotes):
        return True
    return _closeness(sentence, quotes, embedder) >= _CLOSE


def _is_asked(sentence: str, question: str) -> bool:
    """Whether a sentence is a question or part of the one asked. Small models repeat it, also with
    a full stop; it states nothing."""
    return sentence.endswith("?") or fold(sentence).rstrip(" .;:!") in fold(question)


def _is_heading(sentence: str, request: Request) -> bool:
    """Whether a sentence has no other words than what stands above a passage in the prompt. Small
    models repeat that line, and it states nothing."""
    said = _words(sentence)
    return any(said <= _words(_above(one.passage)) for one in request.found)


def _is_instruction(sentence: str) -> bool:
    """Whether a sentence is a piece of a prompt for a writer ("Rules:"). Small models repeat it; it
    has no details that the sources might lack."""
    said = max((" ".join(_sequence(one)) for one in _CLAUSE_END.split(sentence)), key=len)
    told = _instructions()
    return (
        said in told
        or (sentence.endswith(":") and any(one.startswith(f"{said} ") for one in told))
        or (said.count(" ") >= _LONG - 1 and any(f" {said} " in f" {one} " for one in told))
    )


@cache
def _instructions() -> frozenset[str]:
    """The lines, sentences and clauses of the prompts for writers, as words."""
    pieces = [
        piece
        for name in prompts.WRITING
        for line in prompts.load(name).splitlines()
        for piece in (line, *_CLAUSE_END.split(line))
    ]
    return frozenset(" ".join(_sequence(piece)) for piece in pieces) - {""}


def _above(passage: Passage) -> str:
    document = passage.document
    return " ".join((document.title, document.reference, *passage.headings, str(document.date)))


def _words(text: str) -> set[str]:
    return set(_sequence(text))


def _sequence(text: str) -> list[str]:
    return re.findall(r"\w+", fold(text))


def _is_quoted(draft: Draft, request: Request) -> bool:
    """Whether what the draft says stands word for word in its quote, and the quote in its passage;
    a row of a table with the headings that stand above it."""
    quote = draft.quote
    if quote is None or not 0 <= quote.passage < len(request.found):
        return False
    passage = request.found[quote.passage].passage
    if not 0 <= quote.start < quote.end <= len(passage.text):
        return False
    quoted = " ".join(passage.text[quote.start : quote.end].split())
    within = [u for u in passage.units if quote.start <= u.start and u.end <= quote.end]
    rows = {reading(passage, unit) for unit in within if is_row(passage, unit)}
    said = [text for text in (draft.text, *draft.items) if text]
    return bool(said) and all(text in quoted or text in rows for text in said)
