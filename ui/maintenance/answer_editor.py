"""Editor in which a maintainer chooses the sentences that answer a question, and approves them as
its answer.

question -> passages found -> sentences ticked, wordings -> who is given them -> approved
"""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import streamlit as st

from chain.reading.quotables import reading
from chain.request import MAX_QUESTION
from core.source import Passage, preferred
from ingest.publishing.own_questions import asked_in
from ingest.reading.question_file import (
    MOST_UNITS,
    AskedQuestion,
    PreparedAnswer,
    one_line,
    wording_key,
)
from language.identify import OFFICIAL, detect
from ui import access
from ui.answers.references import pages
from ui.maintenance import approving
from ui.maintenance.approving import Reach
from ui.maintenance.page_context import PageContext
from ui.maintenance.question_groups import QuestionGroup, Wording
from ui.markup import code, escape, facts_html, link
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


def begin(start: EditorStart) -> None:
    """Opens the editor; for callbacks."""
    number = st.session_state[_COUNT] = st.session_state.get(_COUNT, 0) + 1
    st.session_state[_OPENED] = start._replace(number=number)


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
        first.text, first.language, _by_language(others), key, ticked, instead_of=(key, answer)
    )


def show(start: EditorStart, index: Snapshot, context: PageContext) -> None:
    """Shows the sentences to choose from; beside them what readers will see, who they are, and by
    whom it was checked."""
    _Editor(start, index, context).show()


class _Editor:
    """The editor of one opening, whose fields have keys of their own."""

    def __init__(self, start: EditorStart, index: Snapshot, context: PageContext) -> None:
        self._start = start
        self._index = index
        self._settings = context.settings
        self._texts = context.texts
        self._context = context
        self._name = f"maintenance-answer-{start.number}"
        self._language = start.language  # of the question
        # The passages to choose from, those of another language version by its key.
        self._places: dict[str, Sequence[Passage]] = {}

    def show(self) -> None:
        texts = self._texts
        self._context.button("maintenance.answers.back", self._key("back"), _leave)
        st.subheader(texts("maintenance.answers.edit"), anchor=False)
        self._text_field("question", self._start.question, MAX_QUESTION)
        column, aside = st.columns([3, 2], gap="medium")
        with column:
            sources = st.container()
            self._wording_fields()
        with sources:
            self._sources()
        with aside.container(key="answer-beside"):
            self._preview()
            reached = st.container()
            self._text_field("organisation", self._settings.organisation, 200)
            made = self._made()
            for lack in made.lacks:
                facts = {"wording": made.twin, "number": MOST_UNITS}
                st.html(facts_html(texts(f"maintenance.answers.lacks.{lack}", **facts)))
            self._context.button(
                "maintenance.answers.approve",
                self._key("approve"),
                self._approve,
                primary=True,
                disabled=bool(made.lacks),
            )
        if not made.lacks:
            with reached, st.spinner(texts("maintenance.answers.trying")):
                st.html(_reach_html(self._reach(made), self._value("question"), texts))

    def _key(self, field: str) -> str:
        return f"{self._name}-{field}"

    def _value(self, field: str) -> str:
        return str(st.session_state.get(self._key(field), ""))

    def _text_field(self, field: str, value: str, longest: int, placeholder: str = "") -> None:
        st.text_input(
            self._texts(f"maintenance.answers.{field}"),
            value=value,
            max_chars=longest,
            placeholder=placeholder or None,
            help=self._texts(f"maintenance.answers.{field}_help"),
            key=self._key(field),
        )

    def _wording_fields(self) -> None:
        """Fields for how readers ask it as well: in its language, and in the others of the sources
        that the pages have too."""
        texts, start = self._texts, self._start
        label, help = texts("maintenance.answers.wordings"), "maintenance.answers.wordings_help"
        self._wording_field("wordings", label, start.language, help=texts(help))
        in_sources = {document.language for document in self._index.documents()}
        in_use = in_sources & {*interface_languages()}
        others = [language for language in OFFICIAL if language != start.language]
        languages = st.multiselect(
            texts("maintenance.answers.languages"),
            others,
            default=[
                language
                for language in others
                if language in in_use or start.wordings.get(language)
            ],
            format_func=lambda language: _language(language, texts),
            help=texts("maintenance.answers.languages_help"),
            key=self._key("languages"),
        )
        for language in languages:
            label = texts("maintenance.answers.in_language", language=_language(language, texts))
            self._wording_field(f"in-{language}", label, language)

    def _wording_field(
        self, field: str, label: str, language: str, help: str | None = None
    ) -> None:
        st.text_area(
            label,
            value="\n".join(self._start.wordings.get(language, ())),
            max_chars=_LONGEST,
            height=_LOW,
            help=help,
            key=self._key(field),
        )

    def _sources(self) -> None:
        """The passages to choose from, and those of the other versions that readers are given."""
        start, index, question = self._start, self._index, self._value("question")
        self._text_field("search", "", MAX_QUESTION, placeholder=question)
        if question != start.question:
            self._language = detect(question, start.language)
        found = self._offered()
        if found.passages:
            st.html(facts_html(self._texts("maintenance.answers.sentences")))
        elif found.searched:
            st.info(self._texts("maintenance.answers.nothing_found"))
        self._choose(found, "", start.units, start.key)
        self._places = {"": found.passages}
        chosen = self._ticked("", found.passages)
        key = chosen[0][0].document.key if chosen else ""
        for other in st.session_state[self._key("languages")]:
            is_asked = _lines(self._value(f"in-{other}"))
            version = _version(index, key, other) if key and is_asked else ""
            if version and version != key and version not in self._places:
                same = _same_sections(index, version, chosen)
                like = frozenset(_counterparts(chosen, same, index))
                language = _language(other, self._texts)
                st.markdown(f"**{self._texts('maintenance.answers.version', language=language)}**")
                shown = _Offered(same, frozenset(passage.id for passage in same))
                self._choose(shown, version, like, version)
                self._places[version] = same

    def _offered(self) -> _Offered:
        """The passages to choose from: those that the answer of before cites, those found, in order
        of rank, and those with units that are ticked, whatever is searched for."""
        words = self._value("search").strip()
        searched = words or self._value("question").strip()
        index, key = self._index, self._key("offered")
        before: _Offered = st.session_state.get(key, _Offered())
        if (index.generation, searched) == (before.generation, before.searched):
            return before
        cited = [] if words else _cited(self._start, index)
        hits = index.search(searched, _PASSAGES, self._language) if searched else []
        kept = [passage for passage, _ in self._ticked("", before.passages)]
        passages = [*{p.id: p for p in (*cited, *(hit.passage for hit in hits), *kept)}.values()]
        unfolded = [*passages[:1], *kept, *(cited if self._start.key else ())]
        ids = frozenset(passage.id for passage in unfolded)
        made = st.session_state[key] = _Offered(passages, ids, index.generation, searched)
        return made

    def _choose(self, offered: _Offered, version: str, ticked: Collection[str], key: str) -> None:
        """Passages, folded, with a box for each of their sentences; `ticked` are those of the
        document version `key` that are at first."""
        for passage in offered.passages:
            document = passage.document
            place = " › ".join((document.short_title, *passage.headings[1:]))
            addresses = pages(document, self._texts)
            origin = [link(url, document.title, self._texts) for _, url in addresses][:1]
            label = f"plain-{self._name}-{version}-{passage.id}"
            is_unfolded = passage.id in offered.unfolded
            with (
                st.container(key=label),
                st.expander(code(place), expanded=is_unfolded, key=f"{label}-fold"),
                st.container(gap=None),
            ):
                for address in origin:
                    st.html(f'<p class="sw-facts">{address}</p>')
                whole = approving.unit_texts([passage])
                for number, unit in enumerate(passage.units):
                    st.checkbox(
                        code(reading(passage, unit)),
                        value=document.key == key and whole[number] in ticked,
                        key=self._box(version, passage, number),
                        width="stretch",
                    )

    def _box(self, version: str, passage: Passage, number: int) -> str:
        return self._key(f"{version}-{passage.id}-{number}")

    def _ticked(self, version: str, passages: Sequence[Passage]) -> list[tuple[Passage, int]]:
        """The chosen units, as their numbers in their passages, in the order of their document."""
        return [
            (passage, number)
            for passage in sorted(passages, key=lambda found: (found.document.key, found.start))
            for number in range(len(passage.units))
            if st.session_state.get(self._box(version, passage, number))
        ]

    def _preview(self) -> None:
        shown = "".join(
            f'<p lang="{escape(passage.document.language)}">'
            f"{escape(reading(passage, passage.units[number]))}</p>"
            for version, passages in self._places.items()
            for passage, number in self._ticked(version, passages)
        )
        if shown:
            heading = escape(self._texts("maintenance.answers.preview"))
            st.html(
                f'<section class="sw-note"><h4 class="sw-small">{heading}</h4>{shown}</section>'
            )

    def _reach(self, made: _Fields) -> Reach:
        """Who is given what the fields make; tried again when that has changed."""
        tried, key = (made.answers, self._index.generation), self._key("reach")
        before: tuple[object, Reach] | None = st.session_state.get(key)
        if before is not None and before[0] == tried:
            return before[1]
        instead_of = self._start.instead_of
        reach = approving.reach(self._settings, made.answers, self._index, instead_of)
        st.session_state[key] = tried, reach
        return reach

    def _made(self) -> _Fields:
        """The answers that the fields make, by document version."""
        language = self._language
        questions = {language: _lines(self._value("question"), self._value("wordings"))}
        for other in st.session_state.get(self._key("languages"), []):
            if lines := _lines(self._value(f"in-{other}")):
                questions[other] = [*questions.get(other, ()), *lines]
        organisation = one_line(self._value("organisation"))
        twin = next(_twins(questions), "")
        chosen = self._ticked("", self._places[""])
        keys = {passage.document.key for passage, _ in chosen}
        longest = max(map(len, itertools.chain.from_iterable(questions.values())), default=0)
        lacking = {
            "question": not _lines(self._value("question")),
            "length": longest > MAX_QUESTION,
            "number": max(map(len, questions.values())) > _MOST,
            "twin": bool(twin),
            "sentences": not chosen,
            "one_document": len(keys) > 1,
            "organisation": not organisation,
        }
        lacks = [lack for lack, is_lacking in lacking.items() if is_lacking]
        answers: dict[str, PreparedAnswer] = {}
        if not lacks:
            (key,) = keys
            for asked, lines in questions.items():
                version = key if asked == language else _version(self._index, key, asked)
                role = "" if version == key else version
                ticked = self._ticked(role, self._places.get(role, ()))
                units = [approving.unit_texts([passage])[number] for passage, number in ticked]
                units = [*dict.fromkeys(units)]
                if not units:
                    lacks.append("version")
                if len(units) > MOST_UNITS:
                    lacks.append("fewer")
                before = answers[version].questions if version in answers else ()
                answers[version] = PreparedAnswer(
                    units=tuple(units), questions=(*before, *asked_in(asked, *lines))
                )
        return _Fields(answers, organisation, tuple(dict.fromkeys(lacks)), twin)

    def _approve(self) -> None:
        """Approves what the fields say now, and closes the editor."""
        settings, start, user = self._settings, self._start, access.user()
        made = self._made()
        if made.lacks:
            return
        reach = self._reach(made)
        approving.approve(settings, user, made.answers, made.organisation, start.instead_of)
        if start.group is not None:
            approving.close(settings, user, start.group)
        st.session_state[REACH] = reach
        _leave()
        keys = [*made.answers, *([start.instead_of[0]] if start.instead_of else [])]
        begun = approving.publish(settings, user, keys)
        st.session_state[DONE] = "approved" if begun else "later"


def _leave() -> None:
    st.session_state.pop(_OPENED, None)


def _cited(start: EditorStart, index: Snapshot) -> list[Passage]:
    """The passages of the answer that is changed, or else those that the answers cited which
    readers found wrong, the newest first."""
    if start.key:
        mine = index.passages([start.key])
        return [passage for passage in mine if start.units & set(approving.unit_texts([passage]))]
    verdicts = start.group.verdicts[::-1] if start.group else ()
    documents = {name for verdict in verdicts for name in verdict.documents}
    places = [section for verdict in verdicts for section in verdict.sections]
    keys = [document.key for document in index.documents() if document.id in documents]
    found = {" › ".join(passage.headings): passage for passage in index.passages(keys)[::-1]}
    return [found[place] for place in dict.fromkeys(places) if place in found][:_PASSAGES]


def _reach_html(reach: Reach, question: str, texts: Texts) -> str:
    """Who is given the chosen sentences, and who is not."""
    itself = one_line(question) in reach.given
    parts = [texts("maintenance.answers.reach.itself")] if itself else []
    if others := len(reach.given) - itself:
        parts.append(texts.counted("maintenance.answers.reach.wordings", others))
    who = f" {texts('maintenance.answers.reach.and')} ".join(parts)
    lines = reach_lines(
        reach, lambda text: texts("maintenance.answers.quoted", text=text), texts, who
    )
    shown = "".join(f"<p>{escape(line)}</p>" for line in lines)
    unlisted = facts_html(texts("maintenance.answers.reach.unlisted"))
    return f'<div role="status">{shown}{unlisted}</div>'


def reach_lines(
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


def _version(index: Snapshot, key: str, language: str) -> str:
    """The version of a document (by the key of one) that readers of a language are given."""
    known = {document.key: document for document in index.documents()}
    if key not in known:
        return ""
    id = known[key].id
    versions = {version.language: version.key for version in known.values() if version.id == id}
    return versions[preferred(versions, language)]


def _same_sections(
    index: Snapshot, version: str, chosen: Sequence[tuple[Passage, int]]
) -> list[Passage]:
    """The passages of another version of the document, of the sections of the chosen sentences."""
    sections = {passage.section for passage, _ in chosen}
    found = (passage for passage in index.passages([version]) if passage.section in sections)
    return sorted(found, key=lambda passage: passage.start)


def _counterparts(
    chosen: Sequence[tuple[Passage, int]], passages: Sequence[Passage], index: Snapshot
) -> Iterator[str]:
    """The units that stand where the chosen ones stand, in sections cut into as many passages, in
    passages of as many units."""
    for passage, number in chosen:
        version = passage.document.key
        mine = _same_sections(index, version, [(passage, number)])
        theirs = [other for other in passages if other.section == passage.section]
        place = [own.id for own in mine].index(passage.id)
        if len(mine) == len(theirs) and len(theirs[place].units) == len(passage.units):
            yield approving.unit_texts([theirs[place]])[number]


def _by_language(questions: Iterable[Wording | AskedQuestion]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for question in questions:
        found.setdefault(question.language, []).append(question.text)
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


def _language(language: str, texts: Texts) -> str:
    return texts.label("languages", language)
