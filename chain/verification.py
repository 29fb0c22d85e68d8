"""Checks every drafted sentence against the passages, outside whatever drafted it.

A sentence is shown only with a `Quote` that this module has found: an exact stretch of a passage.
For a model's own words the stretch must have every figure, date, reference and name of the sentence
(chain/details.py), deny where it denies, and be close in meaning: docs/decisions/0007.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from chain.answerer import Draft, Quote, Request, Verdict
from chain.details import (
    Details,
    details,
    has_figures,
    has_other_figures,
    states,
    unexplained_names,
)
from chain.statements import is_row, reading
from core.matching import figures, fold, without_figures
from core.types import Passage, Unit
from vectorstore.embeddings import Embedder
from vectorstore.keyword import content_words

# Cosine of a sentence and the stretch it rests on, both as bare text. Measured on the briefs: of
# units and their translations 99% are above 0.878, of units and other units of the same section
# 95% are below 0.857.
_CLOSE = 0.86
# Cosine of a name and the nearest single word of its evidence in another language, of which it may
# be the translation: "Raad", "Council" (docs/decisions/0007).
_TRANSLATED = 0.86
_LONG_WORD = re.compile(r"[^\W\d_]{3,}")


def verify(draft: Draft, request: Request, embedder: Embedder) -> Verdict:
    """What the passages say of a draft, with the evidence for it.

    The passages that the draft cites are tried first; another passage that supports it corrects
    the citation. One unit is better evidence than two. The closest evidence decides: when it
    denies what the draft affirms, or the reverse, or when other figures fit the draft better,
    nothing further away can save the draft.
    """
    if draft.quote is not None:
        if _is_quoted(draft, request):
            return Verdict("supported", (draft.quote,))
        return Verdict("contradicted", doubt="It is not the text that it quotes.")
    if _is_asked(draft.text, request.question) or _is_heading(draft.text, request):
        return Verdict("contradicted", doubt="It states nothing.")
    claim = details(draft.text, request.language)
    names, ordinary = _names(request), _ordinary_words(request)
    cited = [number for number in draft.cites if number < len(request.found)]
    others = [number for number in range(len(request.found)) if number not in cited]
    for numbers in (cited, others):
        for length in (1, 2):
            stretches = [
                stretch
                for number in numbers
                for stretch in _stretches(number, request.found[number].passage, length)
                if states(
                    stretch.details(),
                    stretch.about(),
                    claim,
                    ordinary=ordinary,
                    known=names[stretch.passage.language],
                )
            ]
            found = _closest(draft.text, stretches, embedder)
            if found is not None:
                agrees = found.denies(draft.text, embedder) == claim.denies
                stands = (
                    agrees
                    and not _outdone(found, draft.text, claim, request, embedder)
                    and not _names_another(found, claim, embedder)
                )
                state: Literal["supported", "uncertain"] = "supported" if stands else "uncertain"
                return Verdict(state, (found.quote(),))
    return Verdict("uncertain")


def supports(sentence: str, quotes: Sequence[str], about: str, embedder: Embedder) -> bool:
    """Whether quotes together support a sentence by figures and meaning; languages not needed.

    They have its figures (`about`, such as their headings, may have them as well), and one of them,
    or all of them read as one, has its words or is close to it in meaning.
    """
    if not quotes or not figures(sentence) <= figures("\n".join((about, *quotes))):
        return False
    if any(fold(sentence).rstrip(".;:") in fold(quote) for quote in quotes):
        return True
    joined = [" ".join(quotes)] if len(quotes) > 1 else []
    vectors = embedder.passages([sentence, *quotes, *joined])
    return bool((vectors[1:] @ vectors[0]).max() >= _CLOSE)


def _is_asked(sentence: str, question: str) -> bool:
    """Whether a sentence is a question or part of the one asked. Small models repeat it, also with
    a full stop; it states nothing."""
    return sentence.endswith("?") or fold(sentence).rstrip(" .;:!") in fold(question)


def _is_heading(sentence: str, request: Request) -> bool:
    """Whether a sentence has no other words than what stands above a passage in the prompt. Small
    models repeat that line, and it states nothing."""
    said = _words(sentence)
    return any(said <= _words(_above(one.passage)) for one in request.found)


def _above(passage: Passage) -> str:
    document = passage.document
    return " ".join((document.title, document.reference, *passage.headings, str(document.date)))


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", fold(text)))


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


@dataclass(frozen=True)
class _Stretch:
    """One unit of a passage, or two that follow each other, as evidence."""

    number: int
    passage: Passage
    units: tuple[Unit, ...]

    def quote(self) -> Quote:
        return Quote(self.number, self.units[0].start, self.units[-1].end)

    def texts(self) -> list[str]:
        """The stretch as a whole, and each unit of a longer one."""
        spans = [(self.units[0].start, self.units[-1].end)]
        if len(self.units) > 1:
            spans += [(unit.start, unit.end) for unit in self.units]
        return [self.passage.text[start:end] for start, end in spans]

    def evidence(self) -> str:
        """What it says, with heading and lead-in."""
        return "\n".join(self.passage.context(unit) for unit in self.units)

    def description(self) -> str:
        """What is said of the passage's document and section."""
        document = self.passage.document
        publishers = (document.publisher, document.about_publisher)
        return "\n".join((document.title, document.about, *publishers, *self.passage.headings))

    def details(self) -> Details:
        return details(self.evidence(), self.passage.language)

    def about(self) -> Details:
        return details(self.description(), self.passage.language)

    def denies(self, sentence: str, embedder: Embedder) -> bool:
        """Whether it denies; of two units the one closer to the sentence tells."""
        whole, *parts = self.texts()
        texts = parts or [whole]
        denials = [details(text, self.passage.language).denies for text in texts]
        vectors = embedder.passages([sentence, *texts])
        return denials[int(np.argmax(vectors[1:] @ vectors[0]))]


def _stretches(number: int, passage: Passage, length: int) -> Iterator[_Stretch]:
    for first in range(len(passage.units) - length + 1):
        yield _Stretch(number, passage, passage.units[first : first + length])


def _closest(sentence: str, stretches: Sequence[_Stretch], embedder: Embedder) -> _Stretch | None:
    """The stretch closest in meaning, if close enough.

    Two units count only when they are closer together than either alone. Otherwise a neighbour
    would lend its figures to a sentence that says nothing of it.
    """
    best: tuple[float, _Stretch] | None = None
    texts = [stretch.texts() for stretch in stretches]
    if not texts:
        return None
    vectors = embedder.passages([sentence, *(text for several in texts for text in several)])
    closeness = iter((vectors[1:] @ vectors[0]).tolist())
    for stretch, several in zip(stretches, texts, strict=True):
        whole, *parts = [next(closeness) for _ in several]
        together = whole >= max(parts, default=whole)
        if whole >= _CLOSE and together and (best is None or whole > best[0]):
            best = (whole, stretch)
    return best[1] if best else None


def _outdone(
    found: _Stretch, sentence: str, claim: Details, request: Request, embedder: Embedder
) -> bool:
    """Whether a unit with other figures fits the sentence better than those with its figures, all
    figures put aside.

    Then the sentence gives one thing the figure of another: "the drug market is worth" what a
    source says of the cannabis market.
    """
    if not claim.quantities:
        return False
    units = [
        stretch
        for number, scored in enumerate(request.found)
        for stretch in _stretches(number, scored.passage, 1)
    ]
    rivals = [unit for unit in units if has_other_figures(unit.details(), claim)]
    if not rivals:
        return False
    having = [found, *(unit for unit in units if has_figures(unit.details(), claim))]
    texts = [sentence, *(stretch.texts()[0] for stretch in (*having, *rivals))]
    vectors = embedder.passages([without_figures(text) for text in texts])
    fits = vectors[1:] @ vectors[0]
    return bool(fits[len(having) :].max() > fits[: len(having)].max())


def _names_another(found: _Stretch, claim: Details, embedder: Embedder) -> bool:
    """Whether a sentence has a name that its evidence, in another language, has in no form: neither
    as it is nor, as far as closeness in meaning tells, translated."""
    names = unexplained_names(found.details(), found.about(), claim)
    if not names:
        return False
    words = sorted(set(_LONG_WORD.findall(f"{found.evidence()}\n{found.description()}")))
    vectors = embedder.passages([*(name.capitalize() for name in sorted(names)), *words])
    closeness = vectors[: len(names)] @ vectors[len(names) :].T
    return bool((closeness.max(axis=1, initial=0.0) < _TRANSLATED).any())


def _names(request: Request) -> Mapping[str, frozenset[str]]:
    """The names in the found passages by language."""
    names: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for scored in request.found:
        language = scored.passage.language
        names[language] |= details(scored.passage.text, language).names
    return names


def _ordinary_words(request: Request) -> frozenset[str]:
    """The stems of what the passages in the answer's language write without a capital."""
    texts = (
        scored.passage.text
        for scored in request.found
        if scored.passage.language == request.language
    )
    small = {word for text in texts for word in re.findall(r"\w+", text) if word.islower()}
    return frozenset(content_words(" ".join(small), request.language, stemmed=True))
