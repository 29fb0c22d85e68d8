"""Interpretation of a message in its conversation: its intent, its question, its document.

Without a model a follow-up becomes a question that stands alone by rules:

    question + the conversation before it
        -> it stands alone (the classifier of intent.py tells)   unchanged
        -> "the second"                          that item of the last answer's list
        -> elliptic: a new figure or name only   the question before with that in it
        -> else                                  topic of the conversation: the question

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
from core.answer import SEARCHABLE, Message, Turn
from core.errors import ModelError
from core.source import DocumentInfo
from language.cues import Cues, cues_of, has_cues
from language.facts import figures
from language.identify import conversation, named
from language.matching import fold
from prompts import Aside, TaskProblem
from vectorstore.embeddings import Embedder, default_profile, local_embedder
from vectorstore.keyword_index import content_words

WORD = re.compile(r"\w+(?:[-./]\w+)*")  # 2011/93/EU, 1.2 and end-to-end are one word
_DIGIT = re.compile(r"\d")
_END = " ?!.…"

# Least probability by which a question is only understood with the conversation: of 30
# conversations that nothing was fitted on 66 of 82 follow-ups have it, and none of 38 others.
_LEANS = 0.05
_LEANS_REFERRING = 0.001  # with a word that refers: 1 of 101 whole questions with one has it
_ITEM = 30  # most words taken of an item; more drown its topic
_POINTING_LAST = (["das"], ["het"])  # elsewhere these are articles
_MARKER = re.compile(r" ?\[\d{1,4}\]")
_TOPIC = 16  # most words of the topic; more drown the follow-up
_ADDED = 3  # most topic words that the follow-up before adds


class Thread(NamedTuple):
    """What a conversation is about.

    topic: words of the question that began it, or the item that was asked about last.
    question: the last one that was complete, in which a figure or a name can be replaced.
    added: topic words of the last follow-up.
    spoken: the language of these (ISO 639-1).
    """

    topic: str = ""
    question: str = ""
    added: tuple[str, ...] = ()
    spoken: str = ""


class FollowUp(NamedTuple):
    """A follow-up as it is understood.

    question: stands alone.
    item: the item of the last answer's list, or else its result, that it means; else empty.
    is_changed: it asks what was asked before with another figure or name, or for that item alone.
    """

    question: str
    item: str = ""
    is_changed: bool = False


def standalone(question: str, language: str, history: Sequence[Turn]) -> str:
    """Rewrites the question so that it stands alone.

    >>> standalone("and in 2010?", "en", [Turn(question="How many in 2019?", answer_text="")])
    'How many in 2010?'
    >>> standalone("Who runs it?", "en", [Turn(question="What is FOCAL-SF?", answer_text="")])
    'FOCAL-SF: who runs it'
    """
    return follow_up(question, language, history).question


def follow_up(question: str, language: str, history: Sequence[Turn]) -> FollowUp:
    """How a question is understood after these turns, oldest first."""
    asked = [turn for turn in history if _words(turn.question)]
    languages = conversation([turn.question for turn in asked], language)
    thread, last = Thread(), None
    for turn, spoken in zip(asked, languages, strict=True):
        if turn.message or classify(turn.question, spoken, local_embedder()).kind:
            continue
        understood = _understood(turn.question, spoken, thread, last)
        thread, last = _continued(thread, turn.question, understood, spoken), turn
    return _understood(question, language, thread, last)


def joined(question: str, language: str, before: str) -> str:
    """Completes a question by the one before it, in the same language."""
    thread = Thread(_topic_of(before, language), before, spoken=language)
    return _joined(question, language, thread).question


def _understood(question: str, language: str, thread: Thread, last: Turn | None) -> FollowUp:
    cues = cues_of(language)
    bare = _without_opening(question, cues).strip(_END)
    if last is None or not thread.question or not _words(bare):
        return FollowUp(question)
    if item := item_meant(question, language, last):
        topic = set(_topic(bare, language)) - set(cues.items)
        if len(topic) == 1:
            return FollowUp(item, item, is_changed=True)
        return FollowUp(f"{thread.topic}: {item}: {_lowered(bare, cues)}", item)
    is_opened = bare != question.strip(_END) and set(cues.asking).isdisjoint(_words(bare))
    leans = is_opened or not _topic(bare, language)  # "and priority 3?", "since when?"
    least = _LEANS_REFERRING if _refers(bare, cues) else _LEANS
    if not leans and classify(question, language, local_embedder()).leans < least:
        return FollowUp(question)
    return _joined(question, language, thread)


def _joined(question: str, language: str, thread: Thread) -> FollowUp:
    cues = cues_of(language)
    bare = _without_opening(question, cues).strip(_END)
    own = _topic(bare, language)
    is_opened = bare != question.strip(_END)
    if own and (is_opened or figures(bare)) and _is_elliptic(bare, thread.question, cues):
        changed = _changed(bare, own, thread.question, language)
        return FollowUp(changed, is_changed=bool(figures(bare)))
    # Its own year, or article, replaces that of the topic.
    shapes = {_shape(word) for word in own} - {""}
    refers = not own or _refers(bare, cues)
    topic = [
        word
        for word in (*thread.topic.split(), *(thread.added if refers else ()))
        if _shape(word) not in shapes or not _shape(word)
    ]
    telling = set(_topic(" ".join(topic), thread.spoken or language))
    while topic and telling.isdisjoint(WORD.findall(topic[-1])):  # before what was left out
        topic.pop()
    return FollowUp(f"{' '.join(topic)}: {_lowered(bare, cues)}" if topic else question)


def _continued(thread: Thread, asked: str, understood: FollowUp, language: str) -> Thread:
    """The thread with a question that was asked."""
    if understood.question == asked:
        return Thread(_topic_of(asked, language), asked, spoken=language)
    if understood.item:
        return thread._replace(topic=" ".join(understood.item.split()[:_TOPIC]), added=())
    if understood.question.endswith("?"):  # elliptic
        topic = _topic_of(understood.question, language)
        return Thread(topic, understood.question, spoken=language)
    known = set(_words(thread.topic))
    bare = _without_opening(asked, cues_of(language))
    own = [word for word in _topic(bare, language) if not known.issuperset(_words(word))]
    return thread._replace(added=tuple(own[:_ADDED]))


def _topic_of(question: str, language: str) -> str:
    """What a question is about, as it stands there: from its first topic word to the last."""
    topic = set(_topic(question, language))
    places = [match for match in WORD.finditer(question) if match[0] in topic]
    if not places:
        return ""
    return " ".join(question[places[0].start() : places[-1].end()].split()[-_TOPIC:])


def item_meant(question: str, language: str, last: Turn) -> str:
    """The item of the last answer's list, or else its result where nothing is asked of it, that a
    question means with an ordinal; empty for any other question.

    >>> listed = Turn(question="?", answer_text="- a;\\n- b.")
    >>> item_meant("And the second?", "en", listed)
    'b'
    """
    listed = [line[2:] for line in last.answer_text.splitlines() if line.startswith("- ")]
    if len(listed) < 2 and len(_topic(question, language)) == 1:
        results = re.split(r"^(?:### .*|\*\*.*\*\*)$", last.answer_text, flags=re.MULTILINE)
        listed = [one.strip().partition("\n")[0] for one in results[1:]]
    place = _place_meant(question, language)
    if len(listed) < 2 or place is None or place >= len(listed):
        return ""
    return " ".join(_MARKER.sub("", listed[place]).split()[:_ITEM]).strip(_END + ";,")


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


def _refers(bare: str, cues: Cues) -> bool:
    """Whether a word refers to something outside the question. Only the part before the first
    comma counts: later words refer to that part."""
    said = WORD.findall(bare.casefold().partition(",")[0])
    clause = f" {' '.join(said)} "
    return said[-1:] in _POINTING_LAST or any(f" {word} " in clause for word in cues.referring)


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
_WRITTEN: tuple[Message, ...] = ("table", "email", "summarise")  # from material that can be shown
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
    item: the item of the last answer's list that the question means; else empty.
    is_changed: what was shown before may answer it: it asks that with another figure, or for an
        item of it.
    aside: what a line above the results says that the assistant does not do.
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
    item: str = ""
    is_changed: bool = False
    aside: Aside | Literal[""] = ""
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
    intent = classify(question, language, embedder)
    kind = None if _is_asked_again(question, intent.kind, history) else intent.kind
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
        return Interpretation(before.question, kind, brief=True)
    material = _material(kind, question, language, asked) if rewrite is None else ""
    if material:
        about = asked[-1].cited[:1] if asked else ()
        return Interpretation(material, about=about, is_changed=True, aside="task")
    if kind:
        return Interpretation(question, kind)
    about = asked[-1].cited[:1] if asked else ()
    meant, by_rules = _by_itself(question, language, asked, embedder, rewrite)
    return Interpretation(
        meant.question,
        follows=asked[-1].question if by_rules and meant.question != question else "",
        about=about,
        item=meant.item,
        is_changed=meant.is_changed,
        aside="" if meant.question != question else intent.aside,
    )


def _material(kind: Message | None, question: str, language: str, asked: Sequence[Turn]) -> str:
    """What to search for to have the material of something to be written: what the message says it
    is about, else the last question; empty where there is neither, and for other messages."""
    if kind not in _WRITTEN or (kind == "summarise" and says_document(question)):
        return ""
    about = manner_lists().about.pattern.search(question.casefold())
    topic = question[about.end() :].strip(_END) if about else ""
    if _topic(topic, language):
        return topic
    is_sourced = bool(asked and asked[-1].cited)
    return standalone(asked[-1].question, language, asked[:-1]) if is_sourced else ""


def _is_asked_again(question: str, kind: Message | None, history: Sequence[Turn]) -> bool:
    """Whether a message got a reply and is sent once more: then the sources are searched."""
    last = history[-1] if history else None
    again = last is not None and fold(last.question.strip()) == fold(question.strip())
    return again and last is not None and last.message == kind in SEARCHABLE


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
) -> tuple[FollowUp, bool]:
    """Rewrites a question so that it stands alone: by the model if its result has the same
    meaning, else by rules; returns also whether by rules."""
    by_rules = follow_up(question, language, before)
    if rewrite is None or not before:
        return by_rules, True
    try:
        rewritten = rewrite(question, before)
    except ModelError as error:
        logger.warning("%s The follow-up is understood by rules.", error)
        return by_rules, True
    if _is_meant(rewritten, question, by_rules.question, before, embedder):
        return FollowUp(rewritten), False
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
