"""Editor in which a maintainer chooses the sentences that answer a question, and approves them as
its answer.

question -> passages found -> sentences ticked, wordings -> who is given them -> approved
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

import streamlit as st

from chain.reading.quotables import reading
from chain.request import MAX_QUESTION
from core.source import Passage
from ingest.reading.question_file import AskedQuestion, PreparedAnswer, each_once, one_line
from language.identify import detect
from ui.answers.references import pages
from ui.maintenance import approving
from ui.maintenance.approving import Reach
from ui.maintenance.job_list import PageContext
from ui.maintenance.question_groups import QuestionGroup, Wording
from ui.markup import code, escape, facts_html, link
from ui.texts import Texts
from vectorstore.store import Snapshot

_OPENED = "maintenance-answer-opened"
_COUNT = "maintenance-answer-count"  # of openings: each has fields of its own
DONE = "maintenance-answer-done"  # what was just done, the name of a text
REACH = "maintenance-answer-reach"  # and who is given what was approved
_PASSAGES = 6  # offered at once; other words find others
_LONGEST = 20 * MAX_QUESTION  # characters of the other wordings
_LOW = 96  # pixels: three lines


class EditorStart(NamedTuple):
    """The initial state of the editor: the question and its language (ISO 639-1), other wordings,
    what is ticked, and what brought it up."""

    question: str
    language: str
    wordings: Sequence[Wording | AskedQuestion] = ()
    units: frozenset[str] = frozenset()
    group: QuestionGroup | None = None
    instead_of: tuple[str, PreparedAnswer] | None = None  # with its document version (key)
    number: int = 0


class _Offered(NamedTuple):
    """Passages to choose from, the ids of those that are unfolded at first, and what was searched,
    and for what."""

    passages: Sequence[Passage] = ()
    unfolded: Collection[str] = ()
    generation: str = ""
    searched: str = ""


class _Made(NamedTuple):
    """The answer that the fields make, of a document version (key), and what is not right yet."""

    key: str
    answer: PreparedAnswer
    organisation: str
    lacks: Sequence[str]


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
    return EditorStart(first.text, first.language, others, group=group)


def for_answer(key: str, answer: PreparedAnswer) -> EditorStart:
    """To change an approved answer of this document version (key), or to approve it anew."""
    first, *others = answer.questions
    units = frozenset(answer.units)
    return EditorStart(first.text, first.language, others, units, instead_of=(key, answer))


class AnswerEditor:
    """The editor of one opening, whose fields have keys of their own."""

    def __init__(self, start: EditorStart, index: Snapshot, context: PageContext) -> None:
        self._start = start
        self._index = index
        self._settings = context.settings
        self._texts = context.texts
        self._context = context
        self._name = f"maintenance-answer-{start.number}"
        self._language = start.language  # of the question
        self._passages: Sequence[Passage] = ()  # to choose from

    def show(self) -> None:
        """Shows the sentences to choose from; beside them what readers will see, who they are, and
        by whom it was checked."""
        texts = self._texts
        self._context.button("maintenance.answers.back", self._key("back"), _leave)
        st.subheader(texts("maintenance.answers.edit"), anchor=False)
        self._text_field("question", self._start.question, MAX_QUESTION)
        column, aside = st.columns([3, 2], gap="medium")
        with column:
            self._sources()
            st.text_area(
                texts("maintenance.answers.wordings"),
                value="\n".join(wording.text for wording in self._start.wordings),
                max_chars=_LONGEST,
                height=_LOW,
                help=texts("maintenance.answers.wordings_help"),
                key=self._key("wordings"),
            )
        with aside.container(key="answer-beside"):
            self._preview()
            reached = st.container()
            self._text_field("organisation", self._settings.organisation, 200)
            made = self._made()
            for lack in made.lacks:
                st.html(facts_html(texts(f"maintenance.answers.lacks.{lack}")))
            self._context.button(
                "maintenance.answers.approve",
                self._key("approve"),
                self._approve,
                primary=True,
                disabled=bool(made.lacks),
            )
        if not made.lacks:
            with reached, st.spinner(texts("maintenance.answers.trying")):
                st.html(_reach_html(self._reach(made), texts))

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

    def _sources(self) -> None:
        """The passages to choose from, folded, with a box for each of their sentences."""
        start, question = self._start, self._value("question")
        self._text_field("search", "", MAX_QUESTION, placeholder=question)
        if question != start.question:
            self._language = detect(question, start.language)
        found = self._offered()
        self._passages = found.passages
        if found.passages:
            st.html(facts_html(self._texts("maintenance.answers.sentences")))
        elif found.searched:
            st.info(self._texts("maintenance.answers.nothing_found"))
        for passage in found.passages:
            document = passage.document
            place = " › ".join((document.short_title, *passage.headings[1:]))
            label = f"plain-{self._name}-{passage.id}"
            is_ticked = start.instead_of is not None and document.key == start.instead_of[0]
            with (
                st.container(key=label),
                st.expander(
                    code(place), expanded=passage.id in found.unfolded, key=f"{label}-fold"
                ),
                st.container(gap=None),
            ):
                for _, url in pages(document, self._texts)[:1]:
                    st.html(f'<p class="sw-facts">{link(url, document.title, self._texts)}</p>')
                for number, text in enumerate(approving.unit_texts(passage)):
                    st.checkbox(
                        code(reading(passage, passage.units[number])),
                        value=is_ticked and text in start.units,
                        key=self._box(passage, number),
                        width="stretch",
                    )

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
        kept = [passage for passage, _ in self._ticked(before.passages)]
        passages = [*{p.id: p for p in (*cited, *(hit.passage for hit in hits), *kept)}.values()]
        unfolded = [*passages[:1], *kept, *(cited if self._start.instead_of else ())]
        ids = frozenset(passage.id for passage in unfolded)
        made = st.session_state[key] = _Offered(passages, ids, index.generation, searched)
        return made

    def _box(self, passage: Passage, number: int) -> str:
        return self._key(f"{passage.id}-{number}")

    def _ticked(self, passages: Sequence[Passage]) -> list[tuple[Passage, int]]:
        """The chosen units, as their numbers in their passages, in the order of their document."""
        return [
            (passage, number)
            for passage in sorted(passages, key=lambda found: (found.document.key, found.start))
            for number in range(len(passage.units))
            if st.session_state.get(self._box(passage, number))
        ]

    def _preview(self) -> None:
        shown = "".join(
            f'<p lang="{escape(passage.document.language)}">'
            f"{escape(reading(passage, passage.units[number]))}</p>"
            for passage, number in self._ticked(self._passages)
        )
        if shown:
            heading = escape(self._texts("maintenance.answers.preview"))
            st.html(
                f'<section class="sw-note"><h4 class="sw-small">{heading}</h4>{shown}</section>'
            )

    def _reach(self, made: _Made) -> Reach:
        """Who is given what the fields make; tried again when that has changed."""
        tried, key = (made.key, made.answer, self._index.generation), self._key("reach")
        before: tuple[object, Reach] | None = st.session_state.get(key)
        if before is not None and before[0] == tried:
            return before[1]
        reach = approving.reach(made.key, made.answer, self._index, self._start.instead_of)
        st.session_state[key] = tried, reach
        return reach

    def _made(self) -> _Made:
        """What the fields make. A wording that is typed here is in the language that it is detected
        to be in."""
        question, organisation = one_line(self._value("question")), self._value("organisation")
        languages = {question: self._language}
        languages |= {wording.text: wording.language for wording in self._start.wordings}
        lines = filter(None, map(one_line, self._value("wordings").splitlines()))
        asked = (
            AskedQuestion(text=text, language=languages.get(text) or detect(text, self._language))
            for text in (question, *lines)
        )
        chosen = self._ticked(self._passages)
        keys = {passage.document.key for passage, _ in chosen}
        units = (approving.unit_texts(passage)[number] for passage, number in chosen)
        answer = PreparedAnswer(units=tuple(dict.fromkeys(units)), questions=each_once(asked))
        lacking = {
            "question": not question,
            "sentences": not chosen,
            "one_document": len(keys) > 1,
            "organisation": not one_line(organisation),
        }
        lacks = [lack for lack, is_lacking in lacking.items() if is_lacking]
        return _Made(min(keys, default=""), answer, one_line(organisation), lacks)

    def _approve(self) -> None:
        """Approves what the fields say now, and closes the editor."""
        settings, start = self._settings, self._start
        made = self._made()
        if made.lacks:
            return
        reach = self._reach(made)
        approving.approve(settings, made.key, made.answer, made.organisation, start.instead_of)
        if start.group is not None:
            approving.close(settings, start.group)
        st.session_state[REACH] = reach
        _leave()
        begun = approving.publish({made.key, *(start.instead_of or ())[:1]})
        st.session_state[DONE] = "approved" if begun else "later"


def _leave() -> None:
    st.session_state.pop(_OPENED, None)


def _cited(start: EditorStart, index: Snapshot) -> list[Passage]:
    """The passages of the answer that is changed, or else those that the answers cited which
    readers found wrong, the newest first."""
    if start.instead_of:
        mine = index.passages([start.instead_of[0]])
        return [passage for passage in mine if start.units & set(approving.unit_texts(passage))]
    verdicts = start.group.verdicts[::-1] if start.group else ()
    documents = {name for verdict in verdicts for name in verdict.documents}
    places = [section for verdict in verdicts for section in verdict.sections]
    keys = [document.key for document in index.documents() if document.id in documents]
    found = {" › ".join(passage.headings): passage for passage in index.passages(keys)[::-1]}
    return [found[place] for place in dict.fromkeys(places) if place in found][:_PASSAGES]


def _reach_html(reach: Reach, texts: Texts) -> str:
    """Who is given the chosen sentences, and who is not."""
    lines = reach_lines(reach, lambda text: texts("maintenance.answers.quoted", text=text), texts)
    shown = "".join(f"<p>{escape(line)}</p>" for line in lines)
    unlisted = facts_html(texts("maintenance.answers.reach.unlisted"))
    return f'<div role="status">{shown}{unlisted}</div>'


def reach_lines(reach: Reach, shown: Callable[[str], str], texts: Texts) -> Iterator[str]:
    """Sentences on which questions are given an answer and which are not, each as `shown` has
    it."""
    for name, questions in reach._asdict().items():
        if questions:
            listed = ", ".join(map(shown, questions))
            yield texts(f"maintenance.answers.reach.{name}", questions=listed)
