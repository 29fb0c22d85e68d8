"""Rewriting of a follow-up, and of each part of a question, so that it stands alone, by rules.

    question + the conversation before it
        -> it stands alone (the classifier of intent.py tells)   unchanged
        -> "the second"                          that item of the last answer's list
        -> elliptic: a new figure or name only   the question before with that in it
        -> else                                  topic of the conversation: the question

    question that asks several things, or compares two -> its parts

Alternatives and measurements are in docs/decisions/0008-follow-ups.md and
0009-choosing-sentences.md, the cue words in language/cues.yaml.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from chain.understanding.intent import classify
from core.answer import Turn
from language.content_words import content_words
from language.figures import figures
from language.identify import detect_languages
from language.vocabulary import Cues, cues_of, has_cues
from language.words import without_accents, words

_WORD = re.compile(r"\w+(?:[-./]\w+)*")  # 2011/93/EU, 1.2 and end-to-end are one word
_DIGIT = re.compile(r"\d")
END = " ?!.…"

# Least probability by which a question is only understood with the conversation: of 30
# conversations that nothing was fitted on 65 of 82 follow-ups have it, and none of 38 others.
_LEANS = 0.05
_LEANS_REFERRING = 0.001  # with a word that refers: 1 of 101 whole questions with one has it
_ITEM = 30  # most words taken of an item; more drown its topic
_POINTING_LAST = (["das"], ["het"])  # elsewhere these are articles
_MARKER = re.compile(r" ?\[\d{1,4}\]")
_TOPIC = 16  # most words of the topic; more drown the follow-up
_ADDED = 3  # most topic words that the follow-up before adds
_COMPARATIVE = re.compile(r"\w{3,}er(?:e[nrs]?)?")  # larger, größere, kleinere
_NEAR = 2  # words after a conjunction that may have the question word: "en in welke landen"
_AROUND = " ,;:?!¿¡."


class Thread(NamedTuple):
    """What a conversation is about."""

    topic: str = ""  # words of the question that began it, or the item that was asked about last
    question: str = ""  # the last complete one, in which a figure or a name can be replaced
    added: tuple[str, ...] = ()  # topic words of the last follow-up


class FollowUp(NamedTuple):
    """A follow-up as it is understood."""

    question: str  # stands alone
    item: str = ""  # the item of the last answer's list, or else its result, that it means
    # It asks what was asked before with another figure or name, or for that item alone.
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
    turns = [turn for turn in history if words(turn.question)]
    languages = detect_languages([turn.question for turn in turns], language)
    thread, last = Thread(), None
    for turn, spoken in zip(turns, languages, strict=True):
        is_talk = turn.message or classify(turn.question, spoken).kind
        if is_talk and not turn.cited:  # a summary has a topic
            continue
        understood = _understood(turn.question, spoken, thread, last)
        thread, last = _continued(thread, turn.question, understood, spoken), turn
    return _understood(question, language, thread, last)


def _understood(question: str, language: str, thread: Thread, last: Turn | None) -> FollowUp:
    cues = cues_of(language)
    bare = _without_opening(question, cues).strip(END)
    if last is None or not thread.question or not words(bare):
        return FollowUp(question)
    if item := item_meant(question, language, last):
        topic = set(topic_words(bare, language)) - set(cues.items)
        if len(topic) == 1:
            return FollowUp(item, item, is_changed=True)
        return FollowUp(f"{thread.topic}: {item}: {_lowered(bare, cues)}", item)
    is_opened = bare != question.strip(END) and set(cues.asking).isdisjoint(words(bare))
    leans = is_opened or not topic_words(bare, language)  # "and priority 3?", "since when?"
    least = _LEANS_REFERRING if _refers(bare, cues) else _LEANS
    if not leans and classify(question, language).leans < least:
        return FollowUp(question)
    return _joined(question, language, thread)


def _joined(question: str, language: str, thread: Thread) -> FollowUp:
    cues = cues_of(language)
    bare = _without_opening(question, cues).strip(END)
    own = topic_words(bare, language)
    is_opened = bare != question.strip(END)
    if own and (is_opened or figures(bare)) and _is_elliptic(bare, thread.question, cues):
        changed = _changed(bare, own, thread.question, language)
        return FollowUp(changed, is_changed=bool(figures(bare)))
    # Its own year, or article, replaces that of the topic.
    shapes = {_shape(word) for word in own} - {""}
    refers = not own or _refers(bare, cues)
    topic = [
        word
        for word in (*thread.topic.split(), *(thread.added if refers else ()))
        if _shape(word) not in shapes
    ]
    return FollowUp(f"{' '.join(topic)}: {_lowered(bare, cues)}" if topic else question)


def _continued(thread: Thread, question: str, understood: FollowUp, language: str) -> Thread:
    """The thread with a question that was asked."""
    if understood.question == question:
        return Thread(_topic_of(question, language), question)
    if understood.item:
        return thread._replace(topic=" ".join(understood.item.split()[:_TOPIC]), added=())
    if understood.question.endswith("?"):  # elliptic
        topic = _topic_of(understood.question, language)
        return Thread(topic, understood.question)
    known = set(words(thread.topic))
    bare = _without_opening(question, cues_of(language))
    own = [word for word in topic_words(bare, language) if not known.issuperset(words(word))]
    return thread._replace(added=tuple(own[:_ADDED]))


def _topic_of(question: str, language: str) -> str:
    """The words of what a question is about."""
    return " ".join(topic_words(question, language)[-_TOPIC:])


def item_meant(question: str, language: str, last: Turn) -> str:
    """The item of the last answer's list, or else its result where nothing is asked of it, that a
    question means with an ordinal; empty for any other question.

    >>> listed = Turn(question="?", answer_text="- a;\\n- b.")
    >>> item_meant("And the second?", "en", listed)
    'b'
    """
    listed = [line[2:] for line in last.answer_text.splitlines() if line.startswith("- ")]
    if len(listed) < 2 and len(topic_words(question, language)) == 1:
        results = re.split(r"^(?:### .*|\*\*.*\*\*)$", last.answer_text, flags=re.MULTILINE)
        listed = [result.strip().partition("\n")[0] for result in results[1:]]
    place = _place_meant(question, language)
    if len(listed) < 2 or place is None or place >= len(listed):
        return ""
    return " ".join(_MARKER.sub("", listed[place]).split()[:_ITEM]).strip(END + ";,")


def _place_meant(question: str, language: str) -> int | None:
    """The place (from 0) that an ordinal without a noun of its own means: "the second one"."""
    if not has_cues(language):
        return None
    cues = cues_of(language)
    for word, after in pairwise([*_WORD.findall(question), ""]):
        beginnings = enumerate(cues.ordinals)
        place = next((n for n, begin in beginnings if word.casefold().startswith(begin)), None)
        if place is not None and set(topic_words(after, language)) <= cues.items:
            return place
    return None


def _refers(bare: str, cues: Cues) -> bool:
    """Whether a word refers to something outside the question. Only the part before the first
    comma counts: later words refer to that part."""
    first = _WORD.findall(bare.casefold().partition(",")[0])
    clause = f" {' '.join(first)} "
    return first[-1:] in _POINTING_LAST or any(f" {word} " in clause for word in cues.referring)


def _is_elliptic(bare: str, before: str, cues: Cues) -> bool:
    """Whether a question only gives a new value for the previous one ("And in 2010?")."""
    own = set(words(bare))
    new = own - set(words(before))
    return not _refers(bare, cues) and own.isdisjoint(cues.helping) and new.isdisjoint(cues.asking)


def _changed(bare: str, own: Sequence[str], before: str, language: str) -> str:
    """The previous question with the new figure or name, in place of the old one if found."""
    changed = before
    for word in own:
        changed = _figure_replaced(word, changed)
    if changed == before:
        changed = _tail_replaced(bare, before, language)
    known = set(words(changed))
    added = [word for word in own if not known.issuperset(words(word))]
    return " ".join([changed.strip(END), *added]) + "?"


def _figure_replaced(figure: str, before: str) -> str:
    """Replaces the last figure of the same shape: a year replaces a year."""
    same = [m for m in _WORD.finditer(before) if _shape(figure) and _shape(m[0]) == _shape(figure)]
    if not same or figure in (m[0] for m in same):
        return before
    return before[: same[-1].start()] + figure + before[same[-1].end() :]


def _shape(word: str) -> str:
    return _DIGIT.sub("9", word) if _DIGIT.search(word) else ""


def _tail_replaced(bare: str, before: str, language: str) -> str:
    """Replaces what follows the shared first word: "to heroin" changes "How much goes to cocaine?"
    into "How much goes to heroin?"."""
    cues = cues_of(language)
    first, *rest = [m for m in _WORD.finditer(bare) if m[0].casefold() not in cues.asking]
    places = list(_WORD.finditer(before))
    at = [n for n, place in enumerate(places) if place[0].casefold() == first[0].casefold()]
    if not at or not rest:
        return before
    old: list[re.Match[str]] = []
    for place in places[at[-1] + 1 :][: len(rest)]:
        in_topic = bool(topic_words(place[0], language))
        if not in_topic and (len(old) > 0 or place[0].casefold() in cues.asking):
            break
        old.append(place)
    if not old or not topic_words(old[-1][0], language):
        return before
    if old[0][0].isdigit() and not _DIGIT.search(bare):  # "in Italy" is no year
        return before
    new = bare[rest[0].start() : rest[-1].end()]
    return before[: old[0].start()] + new + before[old[-1].end() :]


def topic_words(text: str, language: str) -> list[str]:
    """Topic words of a text, as written, each once."""
    cues = cues_of(language)
    without = {*cues.asking, *cues.helping, *cues.empty, *cues.referring, *cues.opening}
    without |= {*cues.writing}
    return [
        word
        for word in dict.fromkeys(_WORD.findall(text))
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
    first, *_ = [*words(bare), ""]
    return (
        bare[:1].lower() + bare[1:] if first in {*cues.asking, *cues.helping, *cues.empty} else bare
    )


def sub_questions(question: str, language: str) -> tuple[str, ...]:
    """Sub-questions of a question that asks several things or compares; empty for others.

    >>> sub_questions("Who runs it and since when does it exist?", "en")
    ('Who runs it', 'since when does it exist')
    >>> sub_questions("How many were there in 2010 and in 2019?", "en")
    ('How many were there in 2010', 'How many were there in 2019')
    """
    start, pieces = 0, list[str]()
    for end, after in [*(m.span() for m in _borders(question, language)), (len(question), 0)]:
        piece = question[start:end].strip(_AROUND)
        if content_words(piece, language):
            if not pieces and _only_compares(piece, language):
                return ()  # "compare the 2017 and the 2020 estimate": the first part has no noun
            pieces.append(_completed(piece, language, pieces))
        start = after
    return tuple(pieces) if len(pieces) > 1 else ()


def _only_compares(piece: str, language: str) -> bool:
    """Whether a piece asks for a comparison without saying of what."""
    cues = cues_of(language)
    comparing = set(map(without_accents, cues.comparing))
    general = comparing.union(map(without_accents, cues.general))
    content = content_words(piece, language)
    topics = (word for word in content if word not in general and not _DIGIT.search(word))
    return not comparing.isdisjoint(content) and not any(topics)


def _completed(piece: str, language: str, before: Sequence[str]) -> str:
    """Completes a piece without question word from the one before, like a follow-up."""
    cues = cues_of(language)
    own = {word.casefold() for word in _WORD.findall(piece)}
    if not before or not own.isdisjoint(cues.asking):
        return piece
    thread = Thread(_topic_of(before[-1], language), before[-1])
    whole = _joined(f"{cues.joining[0]} {piece}", language, thread).question
    return whole.removeprefix(f"{cues.joining[0]} ").strip(_AROUND)


def _borders(question: str, language: str) -> list[re.Match[str]]:
    """Words at which to split: "and" before a question word or between figures; in a comparison
    also "and", "versus" or "than" between its sides."""
    cues = cues_of(language)
    matches = list(_WORD.finditer(question))
    words = [match[0].casefold() for match in matches]
    versus = {
        n for n, word in enumerate(words) if word in cues.versus or _is_than(words[:n], word, cues)
    }
    compares = bool(versus) or not set(cues.comparing).isdisjoint(words)
    borders = []
    for number in range(1, len(words)):
        after = words[number + 1 : number + 1 + _NEAR]
        if words[number] in cues.joining:
            asks = not set(cues.asking).isdisjoint(after)
            between = _DIGIT.search(words[number - 1]) and any(map(_DIGIT.search, after))
            border = compares or asks or between
        else:
            border = number in versus
        if border:
            borders.append(matches[number])
    return borders


def _is_than(before: Sequence[str], word: str, cues: Cues) -> bool:
    """Whether a word means "than": "als" and "dan" do so only behind a comparative."""
    compares = not set(cues.comparing).isdisjoint(before)
    return word in cues.than and (compares or any(map(_COMPARATIVE.fullmatch, before[-_NEAR:])))
