"""Decides whether the sources answer a question: answer, show results or refuse."""

import datetime
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Literal, NamedTuple

from chain.answer.digest import telling_statements
from chain.answer.section_questions import Probes, highest, is_better_outside
from chain.reading.confidence import (
    Chance,
    Confidence,
    Evidence,
    LanguageText,
    chance,
    confidence,
    of_passage,
)
from chain.reading.prepared_answer import answering, has_form
from chain.reading.relevance import Part, best_first, in_parts, rank
from chain.request import Query, Request, Task
from chain.understanding.meaning import Interpretation
from chain.writing.extractive import YEAR, is_said, said_before
from core.answer import Event, Message, Reason, TextDelta
from core.answer_blocks import AnswerBlock, AnswerSentence, Blocks, own
from core.prepared import MatchedQuestion
from core.settings import Settings
from core.source import Scope, ScoredPassage, preferred
from language.attributes import attributes_asked, may_state
from language.dates import written
from language.demands import demands_of, wants_writing
from language.identify import named
from prompts import Aside, languages, phrases, short_phrases, spoken
from vectorstore.chroma import GenerationGone
from vectorstore.profile import CosineAmounts
from vectorstore.store import Snapshot


def refusal(
    language: str, reason: Reason, lacking: Sequence[str], index: Snapshot, scope: Scope
) -> Blocks:
    """Refusal in the question's language: that there is no answer, why, and what was searched.

    If no document is in scope, it says which limits to remove instead. In a language without
    phrases of its own it is one line.
    """
    first = short_phrases(language).refused(reason, lacking)
    if language not in languages():
        return (own(first),)
    words = phrases(language)
    if reason == "out_of_scope":
        wider = _without_a_limit(scope, index)
        listed = [f"{words.limits[name]}: {count}" for name, count in wider.items()]
        items = tuple((AnswerSentence(text=one),) for one in listed)
        widen = own(words.widen), AnswerBlock(kind="list", items=items)
        return (own(first), *(widen if items else ()))
    made = datetime.datetime.fromisoformat(index.created).date()
    date = written(made, spoken(language))
    return own(first), own(words.searched_in(count_documents(scope, index), date))


def count_documents(scope: Scope, index: Snapshot) -> int:
    """Number of documents in scope; language versions count once."""
    return len({document.id for document in index.documents() if scope.admits(document)})


def _without_a_limit(scope: Scope, index: Snapshot) -> dict[str, int]:
    """Limit -> number of documents in scope without it, if any."""
    nothing = Scope()
    counts = {
        name: count_documents(scope.model_copy(update={name: getattr(nothing, name)}), index)
        for name in Scope.model_fields
    }
    return {name: count for name, count in counts.items() if count}


# What a question names or asks for and nothing that was found has.


_DIGITS = 2  # of a figure; one digit is a count, a page or part of a name


def missing(question: str, language: str, found: Sequence[ScoredPassage]) -> tuple[str, ...]:
    """Figures and countries of the question that no passage found has, its title and date included,
    and the attributes that it asks for and none of them may state.

    Figures and countries are in the question's words and order. A country must have a capital, and
    be no language: "en français", "auf Deutsch".
    """
    demands = demands_of(question, language)
    everything = Evidence(_texts(found), language)
    figures = everything.figures_missing(demands)
    lacking = [
        *(one for one in figures if sum(map(str.isdigit, one)) >= _DIGITS),
        *(
            one
            for one in everything.countries_missing(demands)
            if one[0].isupper() and not named(one, language)
        ),
    ]
    read = [LanguageText(one.passage.context(), one.passage.language) for one in found]
    attributes = [
        phrases(language).attributes[asked]
        for asked in attributes_asked(question, language)
        if read and not any(may_state(asked, *one) for one in read)
    ]
    return (*sorted(dict.fromkeys(lacking), key=question.find), *attributes)


def _texts(found: Sequence[ScoredPassage]) -> Iterator[LanguageText]:
    for one in found:
        yield of_passage(one.passage)
        yield LanguageText(str(one.passage.document.date or ""), one.passage.language)


# Decides whether a question is answered, from what, and what happens when a step fails.


class Decision(NamedTuple):
    """The decision whether, and from what, to answer.

    confidence: how likely the sources answer.
    first: that the first statement is the answer; None where passages were given.
    whole: the question with its passages, ranked: those that quotes are chosen from.
    rest: more passages, for a model.
    outside: the best passage, if it is outside of the scope and answers the question.
    quotable: what the sources say can be quoted as an answer.
    is_far: the sources are about something else.
    refuses: nothing is written, not even by a model.
    in_parts: the question may ask several things, each with a passage of its own.
    prepared: the prepared question whose answer may be given: an approved one in these very words,
    else the nearest that the first statement answers, if it is close enough.
    """

    confidence: Confidence
    first: Chance | None
    whole: Part
    rest: tuple[ScoredPassage, ...]
    outside: ScoredPassage | None
    quotable: bool
    is_far: bool
    refuses: bool
    in_parts: bool
    prepared: MatchedQuestion | None


class OwnWords(NamedTuple):
    """The assistant's own words: a refusal with its reason, or a reply to a message that asks
    nothing. Empty if the sources answer."""

    blocks: Blocks = ()
    reason: Reason | Literal[""] = ""

    @property
    def is_reply(self) -> bool:
        return bool(self.blocks) and not self.reason


def retry_on_gone_generation(answer: Callable[[], Iterator[Event]]) -> Generator[Event, None, None]:
    """The events of an answer; from the start again if its index generation is deleted meanwhile.

    Raises:
        GenerationGone: text was shown: it cannot be taken back.
    """
    shown = False
    try:
        for event in answer():
            shown = shown or isinstance(event, TextDelta)
            yield event
    except GenerationGone:
        if shown:
            raise
        yield from answer()


_ACROSS = 1 / 3  # of refuse_below, where what was found is in another language


def decide(
    index: Snapshot,
    query: Query,
    meaning: Interpretation,
    found: tuple[ScoredPassage, ...],
    trials: Probes,
    settings: Settings,
) -> Decision:
    """Decides whether to refuse: by confidence, or as the answer is outside of the scope; with a
    model only where the question is far from what was found."""
    question, language, amounts = meaning.question, query.language, index.profile.amounts
    is_given = bool(meaning.document or meaning.last)  # the passages, so nothing was searched for
    count = len(found) if is_given else settings.results
    if is_given or settings.rerank_url:  # whose server has read them all
        ranked = rank(question, language, found[:count], index.profile)
    else:
        found, ranked = best_first(question, language, found, index.profile, count)
    rest = found[count:] if settings.generative else ()
    found = found[:count]
    sure = (
        Confidence(1.0, float(bool(found)))
        if is_given
        else confidence(question, language, found, ranked, index)
    )
    prepared = () if is_given else index.prepared(question, language, query.scope)
    first = None if is_given else chance(question, language, found, ranked, prepared, index)
    if first and meaning.follows:
        first = first._replace(enough=amounts.chance.sure_follow_up)
    same = next((one for one in prepared if _is_the_same(one, question, amounts.cosines)), None)
    if first and same:  # somebody has chosen what answers this, whatever else is found
        first = first._replace(value=1.0, lacks=False, prepared=True)
    outside = None if meaning.last else trials.elsewhere(index, question, language, query.scope)
    # Rules understand a follow-up less surely than one finds what it is about.
    is_prepared = first is not None and first.prepared and first.is_sure
    enough = max(sure.value, first.value if first and is_prepared else 0.0)
    # That another language does not answer is known less surely.
    is_across = any(one.passage.language != language for one in found[:1])
    least = settings.refuse_below * (_ACROSS if is_across else 1.0)
    likely = bool(meaning.follows) or enough >= least
    # At 0 nothing is refused.
    is_far = sure.on_topic < amounts.confidence.far if is_across else sure.off_topic
    far = is_far and settings.refuse_below > 0 and not is_prepared
    quotable = likely and not far
    quotable = quotable and not is_better_outside(outside, highest(found), index)
    refuses = sure.on_topic < amounts.confidence.far if settings.generative else not quotable
    refuses = refuses and same is None
    return Decision(
        sure,
        first,
        Part(question, found, ranked),
        rest,
        outside,
        quotable,
        is_far,
        refuses,
        in_parts=not (refuses or is_given),
        prepared=same or answering(prepared, found, ranked, language, amounts.cosines),
    )


def _is_the_same(one: MatchedQuestion, question: str, amounts: CosineAmounts) -> bool:
    """Whether a prepared question that has an answer asks the same: in all but the words, or, if it
    is approved, in its own words."""
    in_its_words = one.prepared.approved is not None and one.prepared.asks(question)
    return bool(one.prepared.units) and (in_its_words or one.closeness >= amounts.the_same)


def build_request(
    index: Snapshot, query: Query, meaning: Interpretation, decision: Decision
) -> Request:
    """Builds the request to the answerers; a question in parts has more passages for each part."""
    whole, amounts = decision.whole, index.profile.amounts
    found: tuple[ScoredPassage, ...] = whole.found
    parts: tuple[Part, ...] = (whole,)
    if decision.in_parts:
        found, parts = in_parts(whole, query.language, index, query.scope)
        found = (
            *found,
            *index.list_continuations(
                [one.passage for one in found], meaning.question, query.scope
            ),
        )
        known = {one.passage.id for one in found}
        found = (*found, *(one for one in decision.rest if one.passage.id not in known))
    matched = None if meaning.brief or meaning.item or meaning.aside else decision.prepared
    if matched and not has_form(matched.prepared, meaning.question, query.language):
        matched = None
    if matched:
        known = {one.passage.id for one in found}
        other = [name for name in matched.prepared.passages if name not in known]
        if other:
            found = (*found, *index.cited(other, meaning.question, query.scope))
    # What an earlier question wanted is no matter of this one.
    wants_more = wants_writing(query.question, query.language) and not meaning.aside
    quotable = matched is not None or not wants_more
    is_follow_up = meaning.question != query.question and not meaning.message
    said = said_before(query.history) if is_follow_up and not meaning.is_changed else ""
    is_given = bool(meaning.document or meaning.last)
    lacking = () if is_given else missing(query.question, query.language, found)
    is_sure = decision.first is None or decision.first.is_sure
    if decision.first is not None and matched is None:
        is_sure = (
            is_sure
            and not (meaning.item or meaning.aside or lacking)
            and quotable
            # what was said is no answer again: the follow-up asks something else
            and not (said and is_said(whole.ranked[0], whole.found, said))
            and _all_answered(parts, index, query)
        )
    answer = meaning.last.answer_text if meaning.last else ""
    told = _summary(index, meaning.document, query.language) if meaning.document else []
    places = {one.passage.id: place for place, one in enumerate(found)}
    for one, _ in told:
        if places.setdefault(one.passage.id, len(found)) == len(found):
            found = (*found, one)
    return Request(
        meaning.question,
        meaning.language or query.language,
        found,
        parts,
        said=said,
        item=meaning.item if meaning.is_changed else "",
        years=tuple(YEAR.findall(query.question)) if meaning.is_changed else (),
        brief=meaning.brief,
        overview=tuple((places[one.passage.id], units) for one, units in told),
        is_sure=is_sure,
        is_unlikely=len(parts) == 1
        and decision.first is not None
        and decision.first.value < amounts.chance.unlikely,
        lacking=lacking,
        quotable=quotable,
        aside=_not_done(meaning.aside),
        prepared=matched.prepared if matched else None,
        given=() if is_given else that_may_matter(found, amounts.cosines.given),
        task=Task(meaning.message, query.question, answer) if meaning.message else None,
        amounts=amounts,
    )


def _summary(
    index: Snapshot, document: str, language: str
) -> list[tuple[ScoredPassage, tuple[int, ...]]]:
    """The statements of a document's summary, in the language version that is preferred."""
    versions = {one.language: one for one in index.documents() if one.id == document}
    return telling_statements(index, versions[preferred(versions, language)].key)


def _not_done(message: Message | Literal[""]) -> Aside | Literal[""]:
    """What is not done of a message that is searched for."""
    if message == "harm" or message == "legal":
        return message
    return "task" if message else ""


def _all_answered(parts: Sequence[Part], index: Snapshot, query: Query) -> bool:
    """Whether each part of a question is answered as surely as the whole has to be."""
    return len(parts) == 1 or all(
        chance(
            part.question,
            query.language,
            part.found,
            part.ranked,
            index.prepared(part.question, query.language, query.scope),
            index,
        ).is_sure
        for part in parts
    )


def can_be_quoted(meaning: Interpretation) -> bool:
    """Whether quotes can stand in for a model: for a short answer, not for a table or a
    translation."""
    return not meaning.last or meaning.brief


def build_reply(meaning: Interpretation, language: str) -> OwnWords:
    """The reply to a message that asks the sources nothing, or to a task that cannot be done."""
    assert meaning.message  # noqa: S101 - a question gets no reply
    said = phrases(language)
    text = said.tasks[meaning.problem] if meaning.problem else said.replies[meaning.message]
    return OwnWords((own(text),))


def build_refusal(
    index: Snapshot, query: Query, reason: Reason, lacking: Sequence[str]
) -> OwnWords:
    """The refusal of a question that names what is lacking."""
    return OwnWords(refusal(query.language, reason, lacking, index, query.scope), reason)


def reason(index: Snapshot, query: Query, decision: Decision) -> Reason:
    """Why a question that nothing answers is refused."""
    if not count_documents(query.scope, index):
        return "out_of_scope"
    return "off_topic" if decision.is_far else "not_in_sources"


_ALWAYS = 6  # passages that a model is given however far they are


def that_may_matter(found: Sequence[ScoredPassage], margin: float) -> tuple[int, ...]:
    """The numbers of the first passages, and of those that are hardly less near than the
    nearest."""
    least = max((one.similarity for one in found), default=0.0) - margin
    return tuple(
        number for number, one in enumerate(found) if number < _ALWAYS or one.similarity >= least
    )
