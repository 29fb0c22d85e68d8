"""Interpretation of a message in its conversation: its intent, its question, its document."""

import logging
import math
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from rapidfuzz.distance import OSA

from chain.understanding.follow_ups import END, FollowUp, follow_up, standalone, topic_words
from chain.understanding.intent import (
    classify,
    concepts,
    is_filler,
    is_of_separable_verb,
    manner_lists,
    phrases_in,
    plain_words,
    summaries_in,
    tokens,
)
from core.answer import SEARCHABLE, Message, Turn
from core.errors import ModelError
from core.source import DocumentInfo
from language.content_words import content_words
from language.figures import figures
from language.identify import named
from language.vocabulary import cues_of, has_cues
from language.words import fold
from prompts import TaskProblem
from vectorstore.embeddings import local_embedder
from vectorstore.profile import default_profile

logger = logging.getLogger(__name__)

Rewrite = Callable[[str, Sequence[Turn]], str]
"""Makes a follow-up, given earlier turns, a question that stands alone."""

# Least margin in score of the best-fitting document over the next: a word that all of ten documents
# have weighs log(11/10), which is less.
_CLEARLY = 0.1
# (letters, edits): edits within which a word of at least so many letters may be misspelt. Shorter
# words are near to too many others.
_MISSPELT = ((9, 2), (6, 1))
_SMALL = 2  # digits of a number that may count sentences or points
_WITH_ANSWER: tuple[Message, ...] = ("shorter", "table", "translate", "email")
_WRITTEN: tuple[Message, ...] = ("table", "email", "summarise")  # from material that can be shown
_LANGUAGE_WORDS = 4  # most words of "into French, please" and its like; more words ask for more
_BEFORE = 3  # earlier questions that a follow-up may refer to: docs/decisions/0008
_MARKS = ("?", ";", ";")  # Greek asks with a semicolon


def document_named(message: str, documents: Sequence[DocumentInfo]) -> str | None:
    """Id of the only document that a message names, such as COM(2020) 607; None without one."""
    names = _names(documents)
    in_message = _name_parts(message) - _counts(message)
    counts = Counter(part for parts in names.values() for part in parts)
    weights = {
        id_: sum(
            math.log((1 + len(names)) / counts[part])
            for part in parts
            if _is_among(part, in_message)
        )
        for id_, parts in names.items()
    }
    first, second, *_ = [*sorted(weights.values(), reverse=True), 0.0, 0.0]
    if first - second < _CLEARLY:
        return None
    return max(weights, key=lambda id_: weights[id_])


def lasting_asked(question: str, language: str, documents: Sequence[DocumentInfo]) -> str | None:
    """Id of the document of which a question asks whether it still applies, until when, or what
    succeeds it; None for other questions, and for one that names more than the document.

    "Geldt de drugsagenda nog?" asks so, and not "Geldt de vuurwapenrichtlijn nog?".
    """
    if not has_cues(language):
        return None
    words = [token.plain for token in tokens(question)]
    cued = {place for cue in cues_of(language).lasting for place in _in_order(cue, words)}
    rest = [word for place, word in enumerate(words) if place not in cued]
    name = document_named(" ".join(rest), documents) if cued else None
    own = _names(documents).get(name or "", set())
    parts = {part for word in rest for part in _parts_named(word, language)}
    is_about_more = not all(_is_among(part, own) for part in parts)
    is_subject_only = parts <= manner_lists().subjects.keys()  # "vuurwapenrichtlijn"
    return None if is_about_more or is_subject_only else name


def _in_order(cue: str, words: Sequence[str]) -> list[int]:
    """The positions of a cue's words, in the cue's order; empty if one of them is missing."""
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
    names: dict[str, set[str]] = {}
    for document in documents:
        text = f"{document.title} {document.reference} {document.celex}"
        names.setdefault(document.id, set()).update(_name_parts(text))
    return names


def _name_parts(text: str) -> set[str]:
    """Parts of a document's name: concepts, other words, numbers."""
    parts: set[str] = set()
    for token in tokens(text):
        found = concepts(token.plain, "documents") | concepts(token.plain, "subjects")
        found -= {"other"}  # its words are no synonyms
        parts |= found or ({token.plain} if not is_filler(token.plain) else set())
    return parts


def _is_among(part: str, words: set[str]) -> bool:
    """Whether a part of a name is one of these words, misspelt perhaps."""
    edits = next((edits for letters, edits in _MISSPELT if len(part) >= letters), 0)
    return part in words or (edits > 0 and any(OSA.distance(part, word) <= edits for word in words))


class Interpretation(NamedTuple):
    """Interpretation of a message."""

    question: str  # stands alone, without the conversation
    message: Message | Literal[""] = ""  # its kind, as in `Answer`; empty for a question
    # The earlier question that rules joined a follow-up with; empty where a model rewrote it.
    follows: str = ""
    # Id of the passage that the last answer cites first: its document is meant, unless the question
    # names another.
    about: tuple[str, ...] = ()
    item: str = ""  # the item of the last answer's list that the question means
    # What was shown before may answer it: it asks that with another figure, or for an item of it.
    is_changed: bool = False
    # Kind of a message that is searched for, below a line that says what is not done.
    aside: Message | Literal[""] = ""
    brief: bool = False  # only the best answer is wanted ("shorter")
    document: str = ""  # id of the document to summarise
    last: Turn | None = None  # the turn whose answer a model is to work on
    language: str = ""  # of the result, if the message names one (ISO 639-1)
    problem: TaskProblem | Literal[""] = ""  # why the task cannot be carried out

    @property
    def asks(self) -> bool:
        """Whether the sources are needed."""
        return not self.message or self.brief or self.is_given

    @property
    def is_given(self) -> bool:
        """Whether a document or the last answer gives the passages, so that there is no search."""
        return bool(self.document or self.last)

    @property
    def can_be_quoted(self) -> bool:
        """Whether quotes can stand in for a model: not for a table or a translation."""
        return not self.last or self.brief


def interpret(
    question: str,
    language: str,
    history: Sequence[Turn],
    documents: Sequence[DocumentInfo],
    rewrite: Rewrite | None = None,
) -> Interpretation:
    """Interprets a message after these turns, oldest first. Without a model, which `rewrite` has,
    the summary of a document is the only task."""
    turns = [turn for turn in history if not turn.message]
    cited = turns[-1].cited if turns else ()
    intent = classify(question, language)
    kind = None if _is_asked_again(question, intent.kind, history) else intent.kind
    if kind is None and _names_the_language_asked_for(question, language, history):
        kind = "translate"
    if kind is None and _wants_summary(question, language):
        kind = "summarise" if document_named(question, documents) else None
    document = document_named(question, documents) if kind else None
    if kind == "summarise" and document:
        return Interpretation(question, kind, document=document)
    if kind in _WITH_ANSWER and rewrite is not None:
        keys = tuple(f"{info.key}:" for info in documents if document in (None, info.id))
        if any(passage.startswith(keys) for passage in cited):
            return _task(question, language, kind, turns)
        if kind != "shorter":
            return Interpretation(question, kind, problem="no_answer")
    if kind == "shorter" and turns:
        if rewrite is None:
            return Interpretation(question, kind, problem="shortest")
        before, _ = _by_itself(turns[-1].question, language, turns[:-1], rewrite)
        return Interpretation(before.question, kind, brief=True)
    material = _material(kind, question, language, turns) if rewrite is None else ""
    if kind and material:
        return Interpretation(material, about=cited[:1], is_changed=True, aside=kind)
    if kind:
        return Interpretation(question, kind)
    meant, by_rules = _by_itself(question, language, turns, rewrite)
    return Interpretation(
        meant.question,
        follows=turns[-1].question if by_rules and meant.question != question else "",
        about=cited[:1],
        item=meant.item,
        is_changed=meant.is_changed,
        aside="" if meant.question != question else intent.aside,
    )


def _wants_summary(question: str, language: str) -> bool:
    """Whether words ask for a summary, also with more beside them than `classify` knows: "sum up
    the agenda in five points for my pupils", not "what does the summary say"."""
    words, cues = plain_words(tokens(question)), cues_of(language)
    asks = not set(cues.asking).isdisjoint(words) or ":" in question
    ordered = () if asks else tuple(summaries_in(words))
    return bool(ordered) and not _asks_yes_or_no(question, words, ordered, language)


def _asks_yes_or_no(
    question: str, words: Sequence[str], ordered: Sequence[range], language: str
) -> bool:
    """Whether a message that has words for a summary (`ordered`, their places) is a question for
    yes or no: it addresses nobody, and does not open with the task. "Does the agenda have a
    summary?" is one, "Could you give a summary?" and "A summary?" are none. A form of a separable
    verb may open either."""
    cues = cues_of(language)
    is_question = "?" in question or manner_lists().existing.pattern.match(" ".join(words))
    if not (has_cues(language) and is_question) or not set(cues.addressing).isdisjoint(words):
        return False
    opening = next((n for n, word in enumerate(words) if not is_filler(word)), 0)
    is_ordered = any(opening in places for places in ordered)
    return not is_ordered or is_of_separable_verb(words[opening])


def _material(kind: Message | None, question: str, language: str, turns: Sequence[Turn]) -> str:
    """What to search for to have the material of something to be written: what the message says it
    is about, else the last question; empty where there is neither, and for other messages."""
    names_document = any(concepts(token.plain, "documents") for token in tokens(question))
    if kind not in _WRITTEN or (kind == "summarise" and names_document):
        return ""  # "summarise the strategy" has no such material, "summarise it" has
    about = manner_lists().about.pattern.search(question.casefold())
    topic = question[about.end() :].strip(END) if about else ""
    if topic_words(topic, language):
        return topic
    is_sourced = bool(turns and turns[-1].cited)
    return standalone(turns[-1].question, language, turns[:-1]) if is_sourced else ""


def _is_asked_again(question: str, kind: Message | None, history: Sequence[Turn]) -> bool:
    """Whether a message got a reply and is sent once more: then the sources are searched."""
    if kind not in SEARCHABLE or not history or history[-1].message != kind:
        return False
    return fold(history[-1].question.strip()) == fold(question.strip())


def _task(question: str, language: str, kind: Message, turns: Sequence[Turn]) -> Interpretation:
    """A task on the last answer; its question is the one that was answered."""
    target = named(question, language)
    if kind == "translate" and not target:
        return Interpretation(question, kind, problem="which_language")
    about = standalone(turns[-1].question, language, turns[:-1])
    brief = kind == "shorter"
    return Interpretation(about, kind, brief=brief, last=turns[-1], language=target)


def _names_the_language_asked_for(question: str, language: str, history: Sequence[Turn]) -> bool:
    """Whether a message only names a language after the assistant asked for one."""
    is_asked = bool(history) and history[-1].message == "translate"
    return is_asked and len(question.split()) <= _LANGUAGE_WORDS and bool(named(question, language))


def _by_itself(
    question: str, language: str, before: Sequence[Turn], rewrite: Rewrite | None
) -> tuple[FollowUp, bool]:
    """Makes a question stand alone, by the model if it keeps the meaning; and whether by rules."""
    by_rules = follow_up(question, language, before)
    if rewrite is None or not before:
        return by_rules, True
    try:
        rewritten = rewrite(question, before)
    except ModelError as error:
        logger.warning("%s The follow-up is understood by rules.", error)
        return by_rules, True
    if _is_meant(rewritten, question, by_rules.question, before):
        return FollowUp(rewritten), False
    logger.warning("The model made another question of the follow-up: it is understood by rules.")
    return by_rules, True


def _is_meant(rewritten: str, question: str, by_rules: str, before: Sequence[Turn]) -> bool:
    """Whether a rewriting means the follow-up, and is no earlier question, answer or order."""
    if fold(rewritten) == fold(question):
        return True
    earlier = [turn.question for turn in before]
    asks = rewritten.endswith(_MARKS) or not question.strip().endswith(_MARKS)
    if not asks or fold(rewritten) in map(fold, earlier):
        return False
    if not figures(question) <= figures(rewritten):
        return False
    meant = (question, by_rules, *(f"{previous} {question}" for previous in earlier[-_BEFORE:]))
    embedder = local_embedder()
    vector = embedder.query(rewritten)
    least = default_profile().amounts.local.meant
    return max(float(vector @ embedder.query(text)) for text in meant) >= least
