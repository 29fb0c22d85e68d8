"""Query rewriting by rules: a follow-up becomes a question that stands alone.

    question + the previous one, rewritten
        -> it stands alone                       unchanged
        -> "the second"                          that item of the last answer's list
        -> elliptic: a new figure or name only   the previous question with that in it
        -> it refers to the previous question    topic of the previous question: the question

Alternatives and measurements are in docs/decisions/0008-follow-ups.md, the cue words in
language/cues.yaml.
"""

import re
from collections.abc import Sequence

from core.answer import Turn
from language.cues import Cues, cues_of, has_cues
from language.identify import CAPITALISES_NOUNS, conversation
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
    for word, after in zip(words, [*words[1:], ""], strict=True):
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
