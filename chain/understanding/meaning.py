"""Interpretation of a message in its conversation: its intent, its question, its document.

Without a model a follow-up becomes a question that stands alone by rules:

    question + the previous one, rewritten
        -> it stands alone                       unchanged
        -> "the second"                          that item of the last answer's list
        -> elliptic: a new figure or name only   the previous question with that in it
        -> it refers to the previous question    topic of the previous question: the question

Alternatives and measurements are in docs/decisions/0008-follow-ups.md, the cue words in
language/cues.yaml.
"""

import logging
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from rapidfuzz.distance import OSA

from chain.understanding.intent import classify
from chain.understanding.phrases import (
    concepts,
    edits_allowed,
    is_filler,
    manner_lists,
    phrases_in,
    tokens,
)
from core.answer import Message, Turn
from core.errors import ModelError
from core.source import DocumentInfo
from language.cues import Cues, cues_of, has_cues
from language.facts import figures
from language.identify import CAPITALISES_NOUNS, conversation, named
from language.matching import fold
from prompts import TaskProblem
from vectorstore.embeddings import Embedder, default_profile
from vectorstore.keyword_index import content_words

WORD = re.compile(r"\w+(?:[-./]\w+)*")  # 2011/93/EU, 1.2 and end-to-end are one word
_DIGIT = re.compile(r"\d")
_END = " ?!.…"

# A question depends on the previous one only if it has at most this many topic words (chosen on the
# follow-ups that decision 8 was developed on), and
_REFERRING, _REFERRING_NAMED = 5, 3  # a pronoun or the like, without or with a name
_OPENING = 3  # an opening such as "and"
_ELLIPTIC = 5  # such an opening and no question word
_ITEM = 30  # most words taken of an item; more drown its topic
_MARKER = re.compile(r" ?\[\d{1,4}\]")
_CARRIED = 12  # most topic words taken from the previous question; more drown the follow-up


def standalone(question: str, language: str, history: Sequence[Turn]) -> str:
    """Rewrites the question so that it stands alone.

    Earlier questions are rewritten first, so that a topic carries over several follow-ups.

    >>> standalone("and in 2010?", "en", [Turn(question="How many in 2019?", answer_text="")])
    'How many in 2010?'
    >>> standalone("Who runs it?", "en", [Turn(question="What is FOCAL-SF?", answer_text="")])
    'FOCAL-SF: who runs it'
    """
    asked = [turn.question for turn in history if _words(turn.question)]
    before = ""
    spoken = language
    for earlier, spoken_then in zip(asked, conversation(asked, language), strict=True):
        before = _understood(earlier, spoken_then, before, spoken)
        spoken = spoken_then
    return _understood(question, language, before, spoken)


def item_meant(question: str, language: str, last: Turn) -> str:
    """The item of the last answer's list, or else its result, that a question means with an
    ordinal, with what it asks of that; empty for any other question.

    >>> listed = Turn(question="?", answer_text="- a;\\n- b.")
    >>> item_meant("And the second?", "en", listed)
    'b'
    >>> item_meant("Who pays for the first?", "en", listed)
    'a: Who pays for the first'
    """
    items = [line[2:] for line in last.answer_text.splitlines() if line.startswith("- ")]
    results = re.split(r"^(?:### .*|\*\*.*\*\*)$", last.answer_text, flags=re.MULTILINE)[1:]
    listed = results if len(results) > 1 else items
    place = _place_meant(question, language)
    if len(listed) < 2 or place is None or place >= len(listed):
        return ""
    item = " ".join(_MARKER.sub("", listed[place]).split()[:_ITEM]).strip(_END + ";,")
    bare = _without_opening(question, cues_of(language)).strip(_END)
    topic = set(_topic(bare, language)) - set(cues_of(language).items)
    return item if len(topic) == 1 else f"{item}: {bare}"


def _place_meant(question: str, language: str) -> int | None:
    """The place (from 0) that an ordinal without a noun of its own means: "the second one"."""
    words = [match[0] for match in WORD.finditer(question)]
    for word, after in pairwise([*words, ""]):
        noun = set(_topic(after, language)) - set(cues_of(language).items)
        if (place := _ordinal(word, language)) is not None and not noun:
            return place
    return None


def _ordinal(word: str, language: str) -> int | None:
    """The place (from 0) that a word names: 2 for "third"; None for other words."""
    if not has_cues(language):
        return None
    beginnings = enumerate(cues_of(language).ordinals)
    return next((n for n, begin in beginnings if word.casefold().startswith(begin)), None)


def _understood(question: str, language: str, before: str, spoken: str) -> str:
    """Rewrites one question; `before` is the previous one, rewritten, in language `spoken`."""
    cues = cues_of(language)
    bare = _without_opening(question, cues).strip(_END)
    own = _topic(bare, language)
    if not before or not _words(bare) or not _leans(question, bare, own, language):
        return question
    if own and _is_elliptic(bare, before, cues):
        return _changed(bare, own, before, language)
    # Its own year, or article, replaces that of the previous question.
    shapes = {_shape(word) for word in own} - {""}
    carried = [
        word for word in _topic(before, spoken) if word not in own and _shape(word) not in shapes
    ]
    return f"{' '.join(carried[:_CARRIED])}: {_lowered(bare, cues)}" if carried else question


def _leans(question: str, bare: str, own: Sequence[str], language: str) -> bool:
    """Whether a question depends on the previous one: it has few topic words or a reference."""
    cues = cues_of(language)
    words = _words(bare)
    if not has_cues(language):
        return len(words) <= 2 or (len(words) == 3 and bool(_DIGIT.search(bare)))
    named = any(_is_name(word, language) for word in own)
    if bare != question.strip(_END):
        if set(cues.asking).isdisjoint(words):
            return len(own) <= _ELLIPTIC
        if len(own) <= _OPENING and not named:
            return True
    if _refers(bare, cues):
        return len(own) <= (_REFERRING_NAMED if named else _REFERRING)
    # "By how many votes?" depends on it, "What are precursors?" does not.
    return not own or (len(own) == 1 and not named and set(cues.defining).isdisjoint(words))


def _refers(bare: str, cues: Cues) -> bool:
    """Whether a word refers to something outside the question. Only the part before the first
    comma counts: later words refer to that part."""
    clause = f" {' '.join(WORD.findall(bare.casefold().partition(',')[0]))} "
    return any(f" {word} " in clause for word in cues.referring)


def _is_name(word: str, language: str) -> bool:
    """Whether a word is a figure or a name; names that every document has do not count."""
    if language == CAPITALISES_NOUNS:
        return word.isupper() or bool(_DIGIT.search(word))
    capital = word != word.lower() and word.casefold() not in cues_of(language).common
    return capital or bool(_DIGIT.search(word))


def _is_elliptic(bare: str, before: str, cues: Cues) -> bool:
    """Whether a question only gives a new value for the previous one ("And in 2010?")."""
    words = set(_words(bare))
    new = words - set(_words(before))
    return (
        not _refers(bare, cues) and words.isdisjoint(cues.helping) and new.isdisjoint(cues.asking)
    )


def _changed(bare: str, own: Sequence[str], before: str, language: str) -> str:
    """The previous question with the new figure or name, in place of the old one if found."""
    changed = before
    for word in own:
        changed = _figure_replaced(word, changed)
    if changed == before:
        changed = _tail_replaced(bare, before, language)
    known = set(_words(changed))
    added = [word for word in own if not known.issuperset(_words(word))]
    return " ".join([changed.strip(_END), *added]) + "?"


def _figure_replaced(figure: str, before: str) -> str:
    """Replaces the last figure of the same shape: a year replaces a year."""
    same = [m for m in WORD.finditer(before) if _shape(figure) and _shape(m[0]) == _shape(figure)]
    if not same or figure in (m[0] for m in same):
        return before
    return before[: same[-1].start()] + figure + before[same[-1].end() :]


def _shape(word: str) -> str:
    return _DIGIT.sub("9", word) if _DIGIT.search(word) else ""


def _tail_replaced(bare: str, before: str, language: str) -> str:
    """Replaces what follows the shared first word: "to heroin" changes "How much goes to cocaine?"
    into "How much goes to heroin?"."""
    cues = cues_of(language)
    first, *rest = [m for m in WORD.finditer(bare) if m[0].casefold() not in cues.asking]
    places = list(WORD.finditer(before))
    at = [n for n, place in enumerate(places) if place[0].casefold() == first[0].casefold()]
    if not at or not rest:
        return before
    old: list[re.Match[str]] = []
    for place in places[at[-1] + 1 :][: len(rest)]:
        in_topic = bool(_topic(place[0], language))
        if not in_topic and (len(old) > 0 or place[0].casefold() in cues.asking):
            break
        old.append(place)
    if not old or not _topic(old[-1][0], language):
        return before
    if old[0][0].isdigit() and not _DIGIT.search(bare):  # "in Italy" is no year
        return before
    new = bare[rest[0].start() : rest[-1].end()]
    return before[: old[0].start()] + new + before[old[-1].end() :]


def _topic(text: str, language: str) -> list[str]:
    """Topic words of a text, as written, each once."""
    cues = cues_of(language)
    without = {*cues.asking, *cues.helping, *cues.empty, *cues.referring, *cues.opening}
    words = dict.fromkeys(match[0] for match in WORD.finditer(text))
    return [
        word
        for word in words
        if word.casefold() not in without and not without.issuperset(content_words(word, language))
    ]


def _without_opening(question: str, cues: Cues) -> str:
    for opening in sorted(cues.opening, key=len, reverse=True):
        start = re.match(rf"\W*{re.escape(opening)}\b[\s,]*", question, re.IGNORECASE)
        if start:
            return question[start.end() :]
    return question


def _lowered(bare: str, cues: Cues) -> str:
    """Lower-cases the first letter if the first word is no name."""
    first, *_ = [*_words(bare), ""]
    return (
        bare[:1].lower() + bare[1:] if first in {*cues.asking, *cues.helping, *cues.empty} else bare
    )


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


# What a message means in its conversation: its intent, its question and its document.


# Least margin in score of the best-fitting document over the next: a word that all of ten documents
# have weighs log(11/10), which is less.
_CLEARLY = 0.1
_SMALL = 2  # digits of a number that may count sentences or points


def document_named(message: str, documents: Sequence[DocumentInfo]) -> str | None:
    """Id of the document that a message names; None if none, or several equally well.

    Args:
        message: "Vat de drugsagenda samen", "summarise COM(2020) 607".
        documents: language versions of the same document have the same id.
    """
    named = _names(documents)
    asked = _name_parts(message) - _counts(message)
    in_all = Counter(part for parts in named.values() for part in parts)
    weights = {
        id_: sum(
            math.log((1 + len(named)) / in_all[part]) for part in parts if _is_said(part, asked)
        )
        for id_, parts in named.items()
    }
    first, second, *_ = [*sorted(weights.values(), reverse=True), 0.0, 0.0]
    if first - second < _CLEARLY:
        return None
    return max(weights, key=lambda id_: weights[id_])


def lasting_asked(question: str, language: str, documents: Sequence[DocumentInfo]) -> str | None:
    """Id of the document of which a question asks whether it still applies, until when, or what
    succeeds it; None for other questions, and for one that names more than the document.

    Args:
        question: "Geldt de drugsagenda nog?", not "Geldt de vuurwapenrichtlijn nog?".
        language: of the question (ISO 639-1).
        documents: as of `document_named`.
    """
    if not has_cues(language):
        return None
    words = [token.plain for token in tokens(question)]
    cued = {place for cue in cues_of(language).lasting for place in _in_order(cue, words)}
    rest = [word for place, word in enumerate(words) if place not in cued]
    name = document_named(" ".join(rest), documents) if cued else None
    own = _names(documents).get(name or "", set())
    said = {part for word in rest for part in _parts_named(word, language)}
    is_about_more = not all(_is_said(part, own) for part in said)
    is_subject_only = said <= manner_lists().subjects.keys()  # "vuurwapenrichtlijn"
    return None if is_about_more or is_subject_only else name


def _in_order(cue: str, words: Sequence[str]) -> list[int]:
    """The places of the words of a cue, which stand in its order; empty if one is not there."""
    places: list[int] = []
    for token in tokens(cue):
        start = places[-1] + 1 if places else 0
        if token.plain not in words[start:]:
            return []
        places.append(words.index(token.plain, start))
    return places


def _parts_named(word: str, language: str) -> set[str]:
    """What a word adds to the name of a document: its concepts, or the word itself, as also in
    "migratieagenda", of which a concept is only a part; nothing for words without a topic."""
    cues, kind = cues_of(language), concepts(word, "documents")
    if not content_words(word, language) or word in (*cues.general, *cues.helping, *cues.empty):
        return set()
    about = concepts(word, "subjects")
    if kind and not about and concepts(word[1:], "documents"):
        return {word}
    return set((kind | about) - {"other"}) if kind | about else {word}


def says_document(message: str) -> bool:
    """Whether a message has a word for a document: "summarise the strategy", not "summarise it"."""
    return any(concepts(token.plain, "documents") for token in tokens(message))


def _counts(message: str) -> set[str]:
    """Small numbers that count what follows: in "in 2 sentences", not in "annex 2, please"."""
    words = [token.plain for token in tokens(message)]
    return {
        word
        for word, after in pairwise(words)
        if word.isdecimal() and len(word) <= _SMALL and not any(phrases_in([after]))
    }


def _names(documents: Sequence[DocumentInfo]) -> dict[str, set[str]]:
    """Document id -> the parts of its names."""
    named: dict[str, set[str]] = {}
    for document in documents:
        said = f"{document.title} {document.reference} {document.celex}"
        named.setdefault(document.id, set()).update(_name_parts(said))
    return named


def _name_parts(text: str) -> set[str]:
    """Parts of a document's name: concepts, other words, numbers."""
    parts: set[str] = set()
    for token in tokens(text):
        found = concepts(token.plain, "documents") | concepts(token.plain, "subjects")
        found -= {"other"}  # its words are no synonyms
        parts |= found or ({token.plain} if not is_filler(token.plain) else set())
    return parts


def _is_said(part: str, asked: set[str]) -> bool:
    edits = edits_allowed(part)
    return part in asked or (edits > 0 and any(OSA.distance(part, word) <= edits for word in asked))


# Interprets a message: a question that stands alone, a task, or small talk.


logger = logging.getLogger(__name__)

_WITH_ANSWER: tuple[Message, ...] = ("shorter", "table", "translate", "email")
_LANGUAGE_WORDS = 4  # most words of "into French, please" and its like; more words ask for more

_BEFORE = 3  # earlier questions that a follow-up may refer to: docs/decisions/0008
_MARKS = ("?", ";", ";")  # Greek asks with a semicolon

Rewrite = Callable[[str, Sequence[Turn]], str]


class Interpretation(NamedTuple):
    """Interpretation of a message.

    question: stands alone, without the conversation.
    follows: the earlier question that a follow-up was joined with by rules; empty where a model has
        rewritten it.
    about: the id of the passage that the last answer cites first: its document is meant, unless the
        question names another.
    of_item: the question is an item of the last answer's list, which answers nothing itself.
    message: kind of message, as in `Answer`; empty for a question.
    brief: only the best answer is wanted ("shorter").
    document: id of the document to summarise.
    last: the turn whose answer a model is to work on.
    language: of the result, if the message names one (ISO 639-1).
    problem: why the task cannot be carried out.
    """

    question: str
    message: Message | Literal[""] = ""
    follows: str = ""
    about: tuple[str, ...] = ()
    of_item: bool = False
    brief: bool = False
    document: str = ""
    last: Turn | None = None
    language: str = ""
    problem: TaskProblem | Literal[""] = ""

    @property
    def asks(self) -> bool:
        """Whether the sources are needed."""
        return not self.message or self.brief or bool(self.document or self.last)


def interpret(
    question: str,
    language: str,
    history: Sequence[Turn],
    documents: Sequence[DocumentInfo],
    embedder: Embedder,
    rewrite: Rewrite | None = None,
) -> Interpretation:
    """Interprets a message after these turns.

    Args:
        question: as asked.
        language: of the question (ISO 639-1).
        history: earlier turns, oldest first.
        documents: those in the index.
        embedder: the local one; the limits for small talk and rewritings are its cosines.
        rewrite: rewrites a question after some turns with a model; None without a model: then
            the summary of a document is the only task.
    """
    asked = [turn for turn in history if not turn.message]
    kind = classify(question, language, embedder)
    if kind is None and _names_the_language_asked_for(question, language, history):
        kind = "translate"
    document = document_named(question, documents) if kind else None
    if kind == "summarise" and document:
        return Interpretation(question, kind, document=document)
    if kind in _WITH_ANSWER and rewrite is not None:
        cited = asked[-1].cited if asked else ()
        keys = tuple(f"{one.key}:" for one in documents if document in (None, one.id))
        if any(passage.startswith(keys) for passage in cited):
            return _task(question, language, kind, asked)
        if kind != "shorter":
            return Interpretation(question, kind, problem="no_answer")
    if kind == "shorter" and asked:
        if rewrite is None:
            return Interpretation(question, kind, problem="shortest")
        before, _ = _by_itself(asked[-1].question, language, asked[:-1], embedder, rewrite)
        return Interpretation(before, kind, brief=True)
    is_sourced = bool(asked and asked[-1].cited)
    if kind == "summarise" and is_sourced and rewrite is None and not says_document(question):
        return Interpretation(question, kind, problem="not_quotable")
    if kind:
        return Interpretation(question, kind)
    about = asked[-1].cited[:1] if asked else ()
    if asked and rewrite is None and (item := item_meant(question, language, asked[-1])):
        return Interpretation(item, follows=asked[-1].question, about=about, of_item=True)
    alone, by_rules = _by_itself(question, language, asked, embedder, rewrite)
    joined = by_rules and alone != question
    return Interpretation(alone, follows=asked[-1].question if joined else "", about=about)


def _task(question: str, language: str, kind: Message, asked: Sequence[Turn]) -> Interpretation:
    """A task on the last answer; its question is the one that was answered."""
    target = named(question, language)
    if kind == "translate" and not target:
        return Interpretation(question, kind, problem="which_language")
    about = standalone(asked[-1].question, language, asked[:-1])
    brief = kind == "shorter"
    return Interpretation(about, kind, brief=brief, last=asked[-1], language=target)


def _names_the_language_asked_for(question: str, language: str, history: Sequence[Turn]) -> bool:
    """Whether a message only names a language after the assistant asked for one."""
    is_asked = bool(history) and history[-1].message == "translate"
    return is_asked and len(question.split()) <= _LANGUAGE_WORDS and bool(named(question, language))


def _by_itself(
    question: str,
    language: str,
    before: Sequence[Turn],
    embedder: Embedder,
    rewrite: Rewrite | None,
) -> tuple[str, bool]:
    """Rewrites a question so that it stands alone: by the model if its result has the same
    meaning, else by rules; returns also whether by rules."""
    by_rules = standalone(question, language, before)
    if rewrite is None or not before:
        return by_rules, True
    try:
        rewritten = rewrite(question, before)
    except ModelError as error:
        logger.warning("%s The follow-up is understood by rules.", error)
        return by_rules, True
    if _is_meant(rewritten, question, by_rules, before, embedder):
        return rewritten, False
    logger.warning("The model made another question of the follow-up: it is understood by rules.")
    return by_rules, True


def _is_meant(
    rewritten: str, question: str, by_rules: str, before: Sequence[Turn], embedder: Embedder
) -> bool:
    """Whether a rewriting has the meaning of the follow-up, and is no other or earlier question,
    answer or order to the model."""
    if fold(rewritten) == fold(question):
        return True
    earlier = [turn.question for turn in before]
    asks = rewritten.endswith(_MARKS) or not question.strip().endswith(_MARKS)
    if not asks or fold(rewritten) in map(fold, earlier):
        return False
    if not figures(question) <= figures(rewritten):
        return False
    meant = (question, by_rules, *(f"{asked} {question}" for asked in earlier[-_BEFORE:]))
    vector = embedder.query(rewritten)
    least = default_profile().amounts.local.meant
    return max(float(vector @ embedder.query(text)) for text in meant) >= least
