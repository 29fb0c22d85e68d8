"""Editor in which a maintainer chooses the sentences that answer a question, and approves them as
its answer.

question, other wordings, languages -> passages found -> sentences ticked -> approved
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from ui.addresses import pages
from ui.maintenance import approving
from ui.maintenance import job_list as work
from ui.maintenance.approving import QuestionGroup, Wording
from ui.markup import escape, facts_html, link
from ui.texts import Texts
from vectorstore.store import Snapshot

_OPENED = "maintenance-answer-opened"
_COUNT = "maintenance-answer-count"  # of openings: each has fields of its own
DONE = "maintenance-answer-done"  # what was just done, the name of a text
_PASSAGES = 6  # offered at once; other words find others
_MOST = 20  # wordings in a language
_LONGEST = _MOST * (MAX_QUESTION + 1)


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
    """The fields, the sentences to choose from, and what readers will see."""
    name = f"maintenance-answer-{one.number}"
    st.button(texts("maintenance.answers.back"), key=f"{name}-back", on_click=_leave)
    st.subheader(texts("maintenance.answers.edit"), anchor=False)
    _question_fields(one, name, texts)
    main, language = _offered(one, name, index)
    if not main:
        st.info(texts("maintenance.answers.nothing_found"))
    places: dict[str, list[Passage]] = {"": main}
    _choose(main, "", one.units, name, texts)
    key = next((passage.document.key for passage, _ in _ticked(name, "", main)), "")
    for other in st.session_state.get(f"{name}-languages", []):
        version = _version(index, key, other) if key else ""
        if version and version != key and version not in places:
            chosen = _ticked(name, "", main)
            places[version] = _same_sections(index, version, chosen)
            like = frozenset(_counterparts(chosen, places[version], index))
            heading = texts("maintenance.answers.version", language=_language(other, texts))
            st.markdown(f"**{heading}**")
            _choose(places[version], version, like, name, texts)
    st.text_input(
        texts("maintenance.answers.organisation"),
        value=settings.organisation,
        max_chars=200,
        help=texts("maintenance.answers.organisation_help"),
        key=f"{name}-organisation",
    )
    made = _made(name, language, places, index)
    _preview(name, places, texts)
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


def _question_fields(one: EditorStart, name: str, texts: Texts) -> None:
    st.text_input(
        texts("maintenance.answers.question"),
        value=one.question,
        max_chars=MAX_QUESTION,
        help=texts("maintenance.answers.question_help"),
        key=f"{name}-question",
    )
    st.text_area(
        texts("maintenance.answers.wordings"),
        value="\n".join(one.wordings.get(one.language, ())),
        max_chars=_LONGEST,
        help=texts("maintenance.answers.wordings_help"),
        key=f"{name}-wordings",
    )
    languages = st.multiselect(
        texts("maintenance.answers.languages"),
        [language for language in OFFICIAL if language != one.language],
        default=[language for language in one.wordings if language != one.language],
        format_func=lambda language: _language(language, texts),
        help=texts("maintenance.answers.languages_help"),
        key=f"{name}-languages",
    )
    for language in languages:
        st.text_area(
            texts("maintenance.answers.in_language", language=_language(language, texts)),
            value="\n".join(one.wordings.get(language, ())),
            max_chars=_LONGEST,
            key=f"{name}-in-{language}",
        )
    st.text_input(
        texts("maintenance.answers.search"),
        value=one.question,
        max_chars=MAX_QUESTION,
        help=texts("maintenance.answers.search_help"),
        key=f"{name}-search",
    )


def _offered(one: EditorStart, name: str, index: Snapshot) -> tuple[list[Passage], str]:
    """The passages to choose from, and the language of the question: those with units that are
    ticked stay, whatever is searched for."""
    question = st.session_state[f"{name}-question"]
    language = one.language if question == one.question else detect(question, one.language)
    searched = st.session_state[f"{name}-search"].strip()
    found = [hit.passage for hit in index.search(searched, _PASSAGES, language)] if searched else []
    before: list[Passage] | None = st.session_state.get(f"{name}-offered")
    if before is not None:
        kept = [passage for passage in before if st.session_state.get(_field(name, "", passage))]
    else:
        mine = index.passages([one.key]) if one.key else []
        kept = [passage for passage in mine if one.units & set(approving.unit_texts([passage]))]
    offered = list({passage.id: passage for passage in (*kept, *found)}.values())
    st.session_state[f"{name}-offered"] = offered
    return offered, language


def _choose(
    passages: Sequence[Passage], version: str, ticked: frozenset[str], name: str, texts: Texts
) -> None:
    """Passages with their sentences numbered, and a button for each sentence."""
    for place, passage in enumerate(passages, 1):
        document = passage.document
        origin = next((link(url, document.title, texts) for _, url in pages(document, texts)), "")
        section = escape(" › ".join(passage.headings[1:] or passage.headings))
        units = "".join(f"<li>{escape(reading(passage, unit))}</li>" for unit in passage.units)
        st.html(
            f'<section class="sw-units"><h4 class="sw-small">{section}</h4>'
            f'<p class="sw-facts">{origin or escape(document.title)}</p>'
            f'<ol lang="{escape(document.language)}">{units}</ol></section>'
        )
        numbers = list(range(1, len(passage.units) + 1))
        whole = approving.unit_texts([passage])
        st.pills(
            texts("maintenance.answers.sentences", number=place),
            numbers,
            selection_mode="multi",
            default=[number for number in numbers if whole[number - 1] in ticked],
            key=_field(name, version, passage),
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
        approving.approve(settings, user, made.answers, made.organisation, one.instead_of)
        if one.group is not None:
            approving.close(settings, user, one.group)
        _leave()
        if settings.approve_by_two:
            st.session_state[DONE] = "proposed"
            return
        keys = [*made.answers, *([one.instead_of[0]] if one.instead_of else [])]
        begun = approving.publish(settings, user, keys)
        st.session_state[DONE] = "approved" if begun else "later"


def _leave() -> None:
    st.session_state.pop(_OPENED, None)


def _field(name: str, version: str, passage: Passage) -> str:
    return f"{name}-{version}-{passage.id}"


def _ticked(name: str, version: str, passages: Sequence[Passage]) -> list[tuple[Passage, int]]:
    """The chosen units, as their numbers in their passages, in the order shown."""
    return [
        (passage, number - 1)
        for passage in passages
        for number in sorted(st.session_state.get(_field(name, version, passage)) or ())
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
