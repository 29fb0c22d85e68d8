"""Decides whether the sources answer a question, and from what: an answer, results or a refusal."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

from chain.answer.summary import summary_statements
from chain.reading.confidence import (
    Chance,
    Confidence,
    PreparedMatch,
    chance,
    confidence,
    match,
    missing,
)
from chain.reading.relevance import READ_OF_OTHERS, best_first, in_parts, rank
from chain.request import Part, Query, Request, Task
from chain.retrieve import Found
from chain.understanding.follow_ups import sub_questions
from chain.understanding.meaning import Interpretation
from chain.writing.extractive import YEAR, is_said, said_before
from core.answer import Message
from core.settings import Settings
from core.source import PreparedQuestion, Scope, ScoredPassage, preferred
from language.demands import wants_writing
from prompts import Aside
from vectorstore.store import Snapshot

_ACROSS = 1 / 3  # of refuse_below, where what was found is in another language
_OFF_TOPIC = 0.5  # probability of being on topic below which a question is not
_ALWAYS = 6  # passages that a model is given however far they are


class Decision(NamedTuple):
    """The decision whether, and from what, to answer."""

    confidence: Confidence  # how likely the sources answer
    first: Chance | None  # that the first statement is the answer; None where passages were given
    whole: Part  # the question with its passages, ranked: those that quotes are chosen from
    rest: tuple[ScoredPassage, ...]  # more passages, for a model
    outside: ScoredPassage | None  # the best outside of the scope, if that answers the question
    quotable: bool  # what the sources say can be quoted as an answer
    is_far: bool  # the sources are about something else
    refuses: bool  # nothing is written, not even by a model
    in_parts: bool  # the question may ask several things, each with a passage of its own
    prepared: PreparedMatch  # what prepared questions say of it


def decide(
    index: Snapshot, query: Query, meaning: Interpretation, found: Found, settings: Settings
) -> Decision:
    """Decides whether to refuse: by confidence, or as the answer is outside of the scope; with a
    model only where the question is far from what was found."""
    question, language, amounts = meaning.question, query.language, index.profile.amounts
    passages = found.passages
    count = len(passages) if meaning.is_given else settings.results
    if meaning.is_given:
        ranked = rank(question, language, passages[:count], index.profile)
    else:
        passages, ranked = best_first(question, language, passages, index.profile, count)
    whole = Part(question, language, passages[:count], ranked, found.prepared)
    prepared = match(whole, amounts.cosines)
    if meaning.is_given:
        sure, first = Confidence(1.0, float(bool(whole.found))), None
    else:
        sure, first = confidence(whole, index), chance(whole, prepared, index)
        if meaning.follows:
            first = first._replace(enough=amounts.chance.sure_follow_up)
        if prepared.same:  # somebody has chosen what answers this, whatever else is found
            first = first._replace(value=1.0, lacks=False, is_prepared=True)
    outside = None if meaning.last else _best_outside(index, question, query, settings)
    # Rules understand a follow-up less surely than one finds what it is about.
    is_prepared = first is not None and first.is_prepared and first.is_sure
    enough = max(sure.value, first.value if first and is_prepared else 0.0)
    # That another language does not answer is known less surely.
    is_across = any(scored.passage.language != language for scored in whole.found[:1])
    least = settings.refuse_below * (_ACROSS if is_across else 1.0)
    likely = bool(meaning.follows) or enough >= least
    is_far = sure.on_topic < (amounts.confidence.far if is_across else _OFF_TOPIC)
    refuses_far = is_far and settings.refuse_below > 0 and not is_prepared  # at 0 nothing is
    within = max((scored.score for scored in whole.found), default=-math.inf)
    is_better_outside = outside is not None and outside.score > within + amounts.ranking.outside
    quotable = likely and not refuses_far and not is_better_outside
    refuses = sure.on_topic < amounts.confidence.far if settings.generative else not quotable
    refuses = refuses and prepared.same is None
    return Decision(
        sure,
        first,
        whole,
        rest=passages[count:] if settings.generative else (),
        outside=outside,
        quotable=quotable,
        is_far=is_far,
        refuses=refuses,
        in_parts=not (refuses or meaning.is_given),
        prepared=prepared,
    )


def _best_outside(
    index: Snapshot, question: str, query: Query, settings: Settings
) -> ScoredPassage | None:
    """The best passage for a question, if it is outside of the scope; None if nothing answers it,
    or a document within does, in any language."""
    if query.scope == Scope():
        return None
    language = query.language
    found = index.search(question, settings.results, language)
    ranked = rank(question, language, found, index.profile, READ_OF_OTHERS)
    sure = confidence(Part(question, language, tuple(found), ranked), index)
    if sure.value < settings.refuse_below or not ranked:
        return None
    within = query.scope.model_copy(update={"language": ""})
    return None if within.admits(found[ranked[0].passage].passage.document) else found[0]


def build_request(
    index: Snapshot, query: Query, meaning: Interpretation, decision: Decision
) -> Request:
    """Builds the request to the answerers; a question in parts has more passages for each part."""
    whole, first, amounts = decision.whole, decision.first, index.profile.amounts
    found: tuple[ScoredPassage, ...] = whole.found
    parts: tuple[Part, ...] = (whole,)
    if decision.in_parts:
        found, parts = in_parts(whole, index, query.scope)
        passages = [scored.passage for scored in found]
        found += tuple(index.list_continuations(passages, meaning.question, query.scope))
        found = _with_more(found, decision.rest)
    matched = None if meaning.brief or meaning.item or meaning.aside else decision.prepared.answer
    prepared = matched.prepared if matched and _has_form(matched.prepared, whole) else None
    if prepared:
        known = {scored.passage.id for scored in found}
        other = [name for name in prepared.passages if name not in known]
        if other:
            found += tuple(index.cited(other, meaning.question, query.scope))
    # What an earlier question wanted is no matter of this one.
    wants_more = wants_writing(query.question, query.language) and not meaning.aside
    quotable = prepared is not None or not wants_more
    is_follow_up = meaning.question != query.question and not meaning.message
    earlier = said_before(query.history) if is_follow_up and not meaning.is_changed else ""
    lacking = () if meaning.is_given else missing(query.question, query.language, found)
    is_sure = first is None or first.is_sure
    if first is not None and prepared is None:
        is_sure = (
            is_sure
            and not (meaning.item or meaning.aside or lacking)
            and quotable
            # what was said is no answer again: the follow-up asks something else
            and not (earlier and is_said(whole.ranked[0], whole.found, earlier))
            and _all_answered(parts, index)
        )
    summary = []
    if meaning.document:
        documents = index.documents()
        keys = {info.language: info.key for info in documents if info.id == meaning.document}
        summary = summary_statements(index, keys[preferred(keys, query.language)])
    found = _with_more(found, [scored for scored, _ in summary])
    places = {scored.passage.id: place for place, scored in enumerate(found)}
    answer = meaning.last.answer_text if meaning.last else ""
    return Request(
        meaning.question,
        meaning.language or query.language,
        found,
        parts,
        earlier=earlier,
        item=meaning.item if meaning.is_changed else "",
        years=tuple(YEAR.findall(query.question)) if meaning.is_changed else (),
        brief=meaning.brief,
        overview=tuple((places[scored.passage.id], units) for scored, units in summary),
        is_sure=is_sure,
        is_unlikely=len(parts) == 1 and first is not None and first.value < amounts.chance.unlikely,
        lacking=lacking,
        quotable=quotable,
        aside=_not_done(meaning.aside),
        prepared=prepared,
        given=() if meaning.is_given else _that_may_matter(found, amounts.cosines.given),
        task=Task(meaning.message, query.question, answer) if meaning.message else None,
        amounts=amounts,
    )


def _with_more(
    found: tuple[ScoredPassage, ...], more: Sequence[ScoredPassage]
) -> tuple[ScoredPassage, ...]:
    """Passages, and behind them those that are not among them."""
    known = {scored.passage.id: scored for scored in found}
    new = {scored.passage.id: scored for scored in more if scored.passage.id not in known}
    return (*found, *new.values())


def _not_done(message: Message | Literal[""]) -> Aside | Literal[""]:
    """What is not done of a message that is searched for."""
    if message == "harm" or message == "legal":
        return message
    return "task" if message else ""


def _all_answered(parts: Sequence[Part], index: Snapshot) -> bool:
    """Whether each part of a question is answered as surely as the whole has to be."""
    amounts = index.profile.amounts.cosines
    return len(parts) == 1 or all(
        chance(part, match(part, amounts), index).is_sure for part in parts
    )


def _has_form(prepared: PreparedQuestion, part: Part) -> bool:
    """Whether a prepared answer can be given as the whole answer: its question asks as many things,
    and wants writing if this one does."""
    asked, own = (part.question, part.language), (prepared.question, prepared.language)
    same_count = len(sub_questions(*own)) == len(sub_questions(*asked))
    return same_count and wants_writing(*own) == wants_writing(*asked)


def _that_may_matter(found: Sequence[ScoredPassage], margin: float) -> tuple[int, ...]:
    """The numbers of the first passages, and of those hardly less near than the nearest."""
    least = max((scored.similarity for scored in found), default=0.0) - margin
    return tuple(
        number
        for number, scored in enumerate(found)
        if number < _ALWAYS or scored.similarity >= least
    )
