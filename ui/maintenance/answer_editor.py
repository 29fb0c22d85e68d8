"""Editor in which a maintainer chooses the sentences that answer a question, and approves them as
its answer.

question -> passages found -> sentences ticked, wordings -> who is given them -> approved
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from chain.reading.quotables import reading
from chain.request import MAX_QUESTION
from core.settings import Settings
from core.source import Passage, preferred
from ingest.publishing.own_questions import asked_in
from ingest.reading.question_file import (
    MOST_UNITS,
    AskedQuestion,
    PreparedAnswer,
    one_line,
    wording_key,
)
from language.identify import detect
from language.official import OFFICIAL
from ui import access
from ui.maintenance import approving
from ui.maintenance import job_list as work
from ui.maintenance.approving import QuestionGroup, Reach, Wording
from ui.markup import code, escape, facts_html, link
from ui.origins import pages
from ui.texts import Texts
from ui.texts import languages as interface_languages
from vectorstore.store import Snapshot

_OPENED = "maintenance-answer-opened"
_COUNT = "maintenance-answer-count"  # of openings: each has fields of its own
DONE = "maintenance-answer-done"  # what was just done, the name of a text
REACH = "maintenance-answer-reach"  # and who is given what was approved
_PASSAGES = 6  # offered at once; other words find others
_MOST = 20  # wordings in a language
_LONGEST = _MOST * (MAX_QUESTION + 1)
_LOW = 96  # pixels: three lines


class EditorStart(NamedTuple):
    """The initial state of the editor; `units` are ticked, of the document version `key`."""

    question: str
    language: str  # ISO 639-1
    wordings: Mapping[str, Sequence[str]] = {}
    key: str = ""
    units: frozenset[str] = frozenset()
    group: QuestionGroup | None = None
    instead_of: tuple[str, PreparedAnswer] | None = None
    number: int = 0


class _Offered(NamedTuple):
    """Passages to choose from, the ids of those that are unfolded at first, and what was searched,
    and for what."""

    passages: Sequence[Passage] = ()
    unfolded: Collection[str] = ()
    generation: str = ""
    searched: str = ""


class _Fields(NamedTuple):
    """The present state of the fields; `lacks` names what is not right yet."""

    answers: Mapping[str, PreparedAnswer]
    organisation: str
    lacks: tuple[str, ...]
    twin: str = ""  # a wording that is the same question as another one


def opened() -> EditorStart | None:
    """The question that is being edited."""
    found: EditorStart | None = st.session_state.get(_OPENED)
    return found


def begin(one: EditorStart) -> None:
    """Opens the editor; for callbacks."""
    number = st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + 1
    st.session_state[_OPENED] = one._replace(number=number)


def for_group(group: QuestionGroup) -> EditorStart:
    """To answer the questions of a group."""
    first, *others = group.wordings
    return EditorStart(first.text, first.language, _by_language(others), group=group)


def for_answer(key: str, answer: PreparedAnswer, units: Iterable[str] = ()) -> EditorStart:
    """To change an approved answer of this document version, or to approve it anew.

    Args:
        key: of the document version.
        answer: as it was approved.
        units: what is ticked in place of its own units.
    """
    first, *others = answer.questions
    ticked = frozenset(units or answer.units)
    return EditorStart(
        first.text,
        first.language,
        _by_language(others),
        key,
        ticked,
        instead_of=(key, answer),
    )


def show(one: EditorStart, index: Snapshot, settings: Settings, texts: Texts) -> None:
    """The sentences to choose from; beside them what readers will see, who they are, and by whom
    it was checked."""
    name = f"maintenance-answer-{one.number}"
    st.button(texts("maintenance.answers.back"), key=f"{name}-back", on_click=_leave)
    st.subheader(texts("maintenance.answers.edit"), anchor=False)
    st.text_input(
        texts("maintenance.answers.question"),
        value=one.question,
        max_chars=MAX_QUESTION,
        help=texts("maintenance.answers.question_help"),
        key=f"{name}-question",
    )
    column, aside = st.columns([3, 2], gap="medium")
    with column:
        sources = st.container()
        _wording_fields(one, name, index, texts)
    with sources:
        places, language = _sources(one, name, index, texts)
    with aside.container(key="answer-beside"):
        _preview(name, places, texts)
        trial = st.container()
        st.text_input(
            texts("maintenance.answers.organisation"),
            value=settings.organisation,
            max_chars=200,
            help=texts("maintenance.answers.organisation_help"),
            key=f"{name}-organisation",
        )
        made = _made(name, language, places, index)
        for lack in made.lacks:
            told = texts(f"maintenance.answers.lacks.{lack}", wording=made.twin, number=MOST_UNITS)
            st.html(facts_html(told))
        approve = "propose" if settings.approve_by_two else "approve"
        st.button(
            texts(f"maintenance.answers.{approve}"),
            key=f"{name}-approve",
            type="primary",
            help=texts(f"maintenance.answers.{approve}_help"),
            disabled=bool(made.lacks),
            on_click=_approve,
            args=(one, name, language, places, index, settings),
        )
    if not made.lacks:
        with trial, st.spinner(texts("maintenance.answers.trying")):
            reach = _reach(one, name, made, index, settings)
            st.html(_reach_html(reach, st.session_state[f"{name}-question"], texts))


def _wording_fields(one: EditorStart, name: str, index: Snapshot, texts: Texts) -> None:
    """Fields for how readers ask it as well: in its language, and in the others of the sources that
    the pages have too."""
    st.text_area(
        texts("maintenance.answers.wordings"),
        value="\n".join(one.wordings.get(one.language, ())),
        max_chars=_LONGEST,
        height=_LOW,
        help=texts("maintenance.answers.wordings_help"),
        key=f"{name}-wordings",
    )
    in_use = {document.language for document in index.documents()} & {*interface_languages()}
    others = [language for language in OFFICIAL if language != one.language]
    languages = st.multiselect(
        texts("maintenance.answers.languages"),
        others,
        default=[
            language for language in others if language in in_use or one.wordings.get(language)
        ],
        format_func=lambda language: _language(language, texts),
        help=texts("maintenance.answers.languages_help"),
        key=f"{name}-languages",
    )
    for language in languages:
        st.text_area(
            texts("maintenance.answers.in_language", language=_language(language, texts)),
            value="\n".join(one.wordings.get(language, ())),
            max_chars=_LONGEST,
            height=_LOW,
            key=f"{name}-in-{language}",
        )


def _sources(
    one: EditorStart, name: str, index: Snapshot, texts: Texts
) -> tuple[dict[str, Sequence[Passage]], str]:
    """The passages to choose from, those of another language version by its key, and the language
    of the question."""
    st.text_input(
        texts("maintenance.answers.search"),
        max_chars=MAX_QUESTION,
        placeholder=st.session_state[f"{name}-question"],
        help=texts("maintenance.answers.search_help"),
        key=f"{name}-search",
    )
    question = st.session_state[f"{name}-question"]
    language = one.language if question == one.question else detect(question, one.language)
    found = _offered(one, name, index, language)
    if found.passages:
        st.html(facts_html(texts("maintenance.answers.sentences")))
    elif found.searched:
        st.info(texts("maintenance.answers.nothing_found"))
    _choose(found, "", one.units, one.key, name, texts)
    places: dict[str, Sequence[Passage]] = {"": found.passages}
    chosen = _ticked(name, "", found.passages)
    key = chosen[0][0].document.key if chosen else ""
    for other in st.session_state[f"{name}-languages"]:
        is_asked = _lines(st.session_state[f"{name}-in-{other}"])
        version = _version(index, key, other) if key and is_asked else ""
        if version and version != key and version not in places:
            same = _same_sections(index, version, chosen)
            like = frozenset(_counterparts(chosen, same, index))
            heading = texts("maintenance.answers.version", language=_language(other, texts))
            st.markdown(f"**{heading}**")
            shown = _Offered(same, frozenset(passage.id for passage in same))
            _choose(shown, version, like, version, name, texts)
            places[version] = same
    return places, language


def _offered(one: EditorStart, name: str, index: Snapshot, language: str) -> _Offered:
    """The passages to choose from: those that the answer of before cites, those found, in order of
    rank, and those with units that are ticked, whatever is searched for."""
    words = st.session_state[f"{name}-search"].strip()
    searched = words or st.session_state[f"{name}-question"].strip()
    before: _Offered = st.session_state.get(f"{name}-offered", _Offered())
    if (index.generation, searched) == (before.generation, before.searched):
        return before
    cited = [] if words else _cited(one, index)
    hits = index.search(searched, _PASSAGES, language) if searched else []
    kept = [passage for passage, _ in _ticked(name, "", before.passages)]
    passages = [*{p.id: p for p in (*cited, *(hit.passage for hit in hits), *kept)}.values()]
    unfolded = [*passages[:1], *kept, *(cited if one.key else ())]
    ids = frozenset(passage.id for passage in unfolded)
    made = _Offered(passages, ids, index.generation, searched)
    st.session_state[f"{name}-offered"] = made
    return made


def _cited(one: EditorStart, index: Snapshot) -> list[Passage]:
    """The passages of the answer that is changed, or else those that the answers cited which
    readers found wrong, the newest first."""
    if one.key:
        mine = index.passages([one.key])
        return [passage for passage in mine if one.units & set(approving.unit_texts([passage]))]
    verdicts = one.group.verdicts[::-1] if one.group else ()
    documents = {name for verdict in verdicts for name in verdict.documents}
    places = [section for verdict in verdicts for section in verdict.sections]
    keys = [document.key for document in index.documents() if document.id in documents]
    found = {" › ".join(passage.headings): passage for passage in index.passages(keys)[::-1]}
    return [found[place] for place in dict.fromkeys(places) if place in found][:_PASSAGES]


def _choose(
    offered: _Offered,
    version: str,
    ticked: Collection[str],
    key: str,
    name: str,
    texts: Texts,
) -> None:
    """Passages, folded, with a box for each of their sentences; `ticked` are those of the document
    version `key` that are at first."""
    for passage in offered.passages:
        document = passage.document
        place = " › ".join((document.short_title, *passage.headings[1:]))
        origin = [link(url, document.title, texts) for _, url in pages(document, texts)][:1]
        label = f"plain-{name}-{version}-{passage.id}"
        with (
            st.container(key=label),
            st.expander(code(place), expanded=passage.id in offered.unfolded, key=f"{label}-fold"),
            st.container(gap=None),
        ):
            for address in origin:
                st.html(f'<p class="sw-facts">{address}</p>')
            whole = approving.unit_texts([passage])
            for number, unit in enumerate(passage.units):
                st.checkbox(
                    code(reading(passage, unit)),
                    value=document.key == key and whole[number] in ticked,
                    key=_field(name, version, passage, number),
                    width="stretch",
                )


def _preview(name: str, places: Mapping[str, Sequence[Passage]], texts: Texts) -> None:
    shown = "".join(
        f'<p lang="{escape(passage.document.language)}">'
        f"{escape(reading(passage, passage.units[number]))}</p>"
        for version, passages in places.items()
        for passage, number in _ticked(name, version, passages)
    )
    if shown:
        heading = escape(texts("maintenance.answers.preview"))
        st.html(f'<section class="sw-note"><h4 class="sw-small">{heading}</h4>{shown}</section>')


def _reach(
    one: EditorStart, name: str, made: _Fields, index: Snapshot, settings: Settings
) -> Reach:
    """Who is given what the fields make; tried again when that has changed."""
    tried = made.answers, index.generation
    before: tuple[object, Reach] | None = st.session_state.get(f"{name}-reach")
    if before is not None and before[0] == tried:
        return before[1]
    reach = approving.reach(settings, made.answers, index, one.instead_of)
    st.session_state[f"{name}-reach"] = tried, reach
    return reach


def _reach_html(reach: Reach, question: str, texts: Texts) -> str:
    """Who is given the chosen sentences, and who is not."""
    itself = one_line(question) in reach.given
    parts = [texts("maintenance.answers.reach.itself")] if itself else []
    if others := len(reach.given) - itself:
        parts.append(texts.counted("maintenance.answers.reach.wordings", others))
    who = f" {texts('maintenance.answers.reach.and')} ".join(parts)
    told = reach_told(reach, lambda one: texts("maintenance.answers.quoted", text=one), texts, who)
    shown = "".join(f"<p>{escape(line)}</p>" for line in told)
    unlisted = facts_html(texts("maintenance.answers.reach.unlisted"))
    return f'<div role="status">{shown}{unlisted}</div>'


def reach_told(
    reach: Reach, shown: Callable[[str], str], texts: Texts, who: str = ""
) -> Iterator[str]:
    """Sentences on who is given an answer, who is not, and who else is.

    Args:
        reach: of the answer.
        shown: how a question is shown.
        who: in place of the questions that are given it.
    """
    given = {"given": reach.given, "not_given": reach.not_given, "others": reach.others}
    for name, questions in given.items():
        listed = (who if name == "given" else "") or ", ".join(map(shown, questions))
        if listed:
            yield texts(f"maintenance.answers.reach.{name}", questions=listed)


def _made(
    name: str, language: str, places: Mapping[str, Sequence[Passage]], index: Snapshot
) -> _Fields:
    """The answers that the fields make, by document version."""
    state = st.session_state
    questions = {language: _lines(state[f"{name}-question"], state[f"{name}-wordings"])}
    for other in state.get(f"{name}-languages", []):
        if lines := _lines(state.get(f"{name}-in-{other}", "")):
            questions[other] = [*questions.get(other, ()), *lines]
    organisation = one_line(state[f"{name}-organisation"])
    twin = next(_twins(questions), "")
    chosen = _ticked(name, "", places[""])
    keys = {passage.document.key for passage, _ in chosen}
    lacks = [
        *(["question"] if not _lines(state[f"{name}-question"]) else []),
        *(["length"] if any(len(one) > MAX_QUESTION for one in _all(questions)) else []),
        *(["number"] if any(len(lines) > _MOST for lines in questions.values()) else []),
        *(["twin"] if twin else []),
        *(["sentences"] if not chosen else []),
        *(["one_document"] if len(keys) > 1 else []),
        *(["organisation"] if not organisation else []),
    ]
    answers: dict[str, PreparedAnswer] = {}
    if not lacks:
        (key,) = keys
        for asked, lines in questions.items():
            version = key if asked == language else _version(index, key, asked)
            role = "" if version == key else version
            units = tuple(
                dict.fromkeys(
                    approving.unit_texts([passage])[number]
                    for passage, number in _ticked(name, role, places.get(role, ()))
                )
            )
            if not units:
                lacks.append("version")
            if len(units) > MOST_UNITS:
                lacks.append("fewer")
            before = answers[version].questions if version in answers else ()
            answers[version] = PreparedAnswer(
                units=units, questions=(*before, *asked_in(asked, *lines))
            )
    return _Fields(answers, organisation, tuple(dict.fromkeys(lacks)), twin)


def _approve(
    one: EditorStart,
    name: str,
    language: str,
    places: Mapping[str, Sequence[Passage]],
    index: Snapshot,
    settings: Settings,
) -> None:
    """Approves what the fields say now, and closes the editor."""
    with work.attempt():
        user = access.require("maintainer")
        made = _made(name, language, places, index)
        if made.lacks:
            return
        reach = _reach(one, name, made, index, settings)
        approving.approve(settings, user, made.answers, made.organisation, one.instead_of)
        if one.group is not None:
            approving.close(settings, user, one.group)
        st.session_state[REACH] = reach
        _leave()
        if settings.approve_by_two:
            st.session_state[DONE] = "proposed"
            return
        keys = [*made.answers, *([one.instead_of[0]] if one.instead_of else [])]
        begun = approving.publish(settings, user, keys)
        st.session_state[DONE] = "approved" if begun else "later"


def _leave() -> None:
    st.session_state.pop(_OPENED, None)


def _field(name: str, version: str, passage: Passage, number: int) -> str:
    return f"{name}-{version}-{passage.id}-{number}"


def _ticked(name: str, version: str, passages: Sequence[Passage]) -> list[tuple[Passage, int]]:
    """The chosen units, as their numbers in their passages, in the order of their document."""
    return [
        (passage, number)
        for passage in sorted(passages, key=lambda one: (one.document.key, one.start))
        for number in range(len(passage.units))
        if st.session_state.get(_field(name, version, passage, number))
    ]


def _version(index: Snapshot, key: str, language: str) -> str:
    """The version of a document (by the key of one) that readers of a language are given."""
    known = {one.key: one for one in index.documents()}
    if key not in known:
        return ""
    versions = {one.language: one.key for one in known.values() if one.id == known[key].id}
    return versions[preferred(versions, language)]


def _same_sections(
    index: Snapshot, version: str, chosen: Sequence[tuple[Passage, int]]
) -> list[Passage]:
    """The passages of another version of the document, of the sections of the chosen sentences."""
    sections = {passage.section for passage, _ in chosen}
    found = (one for one in index.passages([version]) if one.section in sections)
    return sorted(found, key=lambda one: one.start)


def _counterparts(
    chosen: Sequence[tuple[Passage, int]], passages: Sequence[Passage], index: Snapshot
) -> Iterator[str]:
    """The units that stand where the chosen ones stand, in sections cut into as many passages, in
    passages of as many units."""
    for passage, number in chosen:
        mine = sorted(
            (
                one
                for one in index.passages([passage.document.key])
                if one.section == passage.section
            ),
            key=lambda one: one.start,
        )
        theirs = [one for one in passages if one.section == passage.section]
        place = [one.id for one in mine].index(passage.id)
        if len(mine) == len(theirs) and len(theirs[place].units) == len(passage.units):
            yield approving.unit_texts([theirs[place]])[number]


def _by_language(questions: Iterable[Wording | AskedQuestion]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for one in questions:
        found.setdefault(one.language, []).append(one.text)
    return found


def _lines(*fields: str) -> list[str]:
    """The questions in fields, one a line."""
    lines = (one_line(line) for field in fields for line in field.splitlines())
    return [line for line in lines if line]


def _twins(questions: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The wordings that a file cannot have beside an earlier one."""
    for language, lines in questions.items():
        seen: set[str] = set()
        for line in lines:
            key = wording_key(line, language)
            if key in seen:
                yield line
            seen.add(key)


def _all(questions: Mapping[str, Sequence[str]]) -> Iterator[str]:
    return (one for lines in questions.values() for one in lines)


def _language(language: str, texts: Texts) -> str:
    return texts.label("languages", language)
