"""An answer on the page: its text with a card behind each number, remarks, and its evidence."""

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import streamlit as st

from core.answer import SEARCHABLE, Answer, Citation, by_number
from core.answer_blocks import ITEM, AnswerBlock, AnswerSentence, Blocks, Mark, marked_lines
from core.source import Scope
from prompts import phrases, spoken, spoken_in_short
from ui.answers.checks import (
    GLYPHS,
    Checks,
    confirmed,
    languages_shown,
    remarks_above,
    remarks_below,
)
from ui.answers.evidence_panel import CurrentSources, current_sources, evidence_html, in_context
from ui.answers.references import anchors, marked, numbers, references, stretches
from ui.markup import code, escape, facts_html, new_tab, source_text_html
from ui.scripts import script
from ui.texts import Texts
from vectorstore.store import Snapshot

_DOUBT = "?"
_COUNT = re.compile(r"\d+")  # of items, in a note on a list


class Ask(Protocol):
    """Asks a question: `alone`, without the conversation so far; in this scope, if one is given."""

    def __call__(
        self, question: str, *, alone: bool = False, scope: Scope | None = None
    ) -> None: ...


def show(
    answer: Answer,
    prefix: str,
    texts: Texts,
    ask: Ask,
    index: Snapshot | None,
    *,
    alone: bool = False,
) -> None:
    """An answer in its final form, with everything needed to check it.

    Args:
        prefix: begins the names of its places in the page; no other answer there has it.
        index: the sources as they are now; None while they cannot be used.
        alone: whether it was asked without the conversation before it.
    """
    if answer.understood_as and not alone:
        _show_understood(answer, prefix, texts, ask)
    now = current_sources(answer.citations, index)
    chips = Chips(answer, prefix, texts)
    st.html(_in_language(_proper_html(answer, chips, texts), texts))
    _show_suggestions(answer, prefix, texts, ask)
    below = (
        notes_html(filter(None, [answer.ended]), spoken(answer.question_language))
        + notes_html(remarks_below(answer, texts))
        + evidence_html(answer, prefix, texts, above=more_html(answer, chips, texts))
    )
    if below:
        st.html(_in_language(f'<div class="sw-below">{below}</div>', texts))
    if now and (changed := changed_html(answer, now, texts)):
        st.html(_in_language(changed, texts))
        again = texts("answers.ask_again")
        st.button(again, key=f"{prefix}-again", on_click=ask, args=(answer.question,))
    if answer.citations or confirmed(answer)[1]:
        st.html(script("cards") + script("panel"), unsafe_allow_javascript=True)


class Chips:
    """What one answer has at its sentences and lists: markers, doubts, and links in notes."""

    def __init__(self, answer: Answer, prefix: str, texts: Texts) -> None:
        self._answer = answer
        self._checks = Checks(answer)
        self._targets = anchors(answer, prefix)
        self._references = references(answer.citations, texts)
        self._texts = texts
        self._cards = (escape(f"{prefix}-card-{number}") for number in itertools.count(1))

    def marker(self, number: int, words: str) -> str:
        """A link to the quotes behind words (a line each), their card, and a mark where the check
        is not the usual one. Empty: there is no such citation."""
        quotes = self._checks.quotes(number, words)
        if not quotes:
            return ""
        chip = self._chip_html(number, quotes)
        verdict = self._checks.verdict(number, words)
        if verdict in ("unchecked", self._checks.usual):  # for the former stand words (`doubt`)
            return chip
        label = escape(self._texts(f"answers.verdicts.{verdict}"))
        return (
            f'{chip}<span class="sw-mark" role="img" aria-label="{label}" title="{label}">'
            f"{GLYPHS[verdict]}</span>"
        )

    def doubt(self, sentence: AnswerSentence) -> str:
        """A sign with a word behind a sentence that is not confirmed, and a card that says why,
        with what comes nearest to it; of one that is left out also what it says. Of those that were
        only found the word stands once, with how the answer was checked."""
        name, texts = next(self._cards), self._texts
        sign = GLYPHS["unchecked"] if sentence.is_unchecked else _DOUBT
        key = "verdicts.unchecked" if sentence.is_unchecked else "unconfirmed"
        word = escape(texts("answers.left_out" if sentence.stand_in else f"answers.{key}"))
        if sentence.is_unchecked:
            word = f'<span class="sw-hidden">{word}</span>'
        why = f"answers.why.{sentence.reason or 'unknown'}"
        title = escape(texts(why, details=", ".join(sentence.details)))
        card = [f'<span class="sw-card-title">{title}</span>']
        if sentence.stand_in and sentence.text != sentence.stand_in:
            card.append(
                f'<span class="sw-card-text" lang="{escape(self._answer.language)}">'
                f"{escape(sentence.text)}</span>"
            )
        card += self._nearest_html(sentence)
        return (
            f'<span class="sw-chip sw-doubt" tabindex="-1">'
            f'<button type="button" aria-describedby="{name}">'
            f'<span aria-hidden="true">{sign}</span> {word}</button>'
            f'<span class="sw-card" id="{name}">{"".join(card)}</span></span>'
        )

    def checked_html(self) -> str:
        """How the answer was checked, and the marks of what is an exception to that."""
        remarks = " · ".join(map(escape, self._checks.remarks(self._texts)))
        return f'<p class="sw-facts sw-checked">{remarks}</p>' if remarks else ""

    def note(self, note: str, number: int | None) -> str:
        """A note on a list that was cut short, in the language of the interface; behind it a link
        to its section in the sources page, by the number that covers all of the list."""
        texts, counts = self._texts, _COUNT.findall(note)
        if len(counts) == 2:
            note = phrases(texts.language).part_of_list.format(*counts)
        shown = f'<span lang="{texts.language}">{escape(note)}</span>'
        if number is None:
            return shown
        cited = by_number(self._answer.citations)[number]
        return f"{shown} {in_context(cited, texts('answers.whole_list'), texts)}"

    def _nearest_html(self, sentence: AnswerSentence) -> Iterator[str]:
        """The first stretch of the sources that comes near to a sentence, with its place."""
        passages = {passage.id: passage for passage in self._answer.passages}
        near = next((span for span in sentence.nearest if span.passage_id in passages), None)
        if near is None:
            return
        passage = passages[near.passage_id]
        language = escape(passage.language)
        place = " › ".join((passage.document.title, *passage.headings[1:]))
        facts = escape(f"{self._texts('answers.nearest_to')} {place}")
        words = escape(passage.text[near.start : near.end])
        yield f'<span class="sw-card-facts" lang="{language}">{facts}</span>'
        yield f'<span class="sw-card-text" lang="{language}"><q>{words}</q></span>'

    def _chip_html(self, number: int, quotes: Sequence[Citation]) -> str:
        """A link to quotes out of one passage, with their card: the reference and the quotes.

        All of it is part of a paragraph, which only takes spans. Brackets are there for whoever
        copies the sentence. Where a finger cannot hover, a tap on the number reaches the span
        around the link instead (style.css): it opens the card, which then has a link of its own.
        """
        texts, document = self._texts, quotes[0].document
        place, name = escape(self._targets[number]), next(self._cards)
        language = escape(document.language)
        label = escape(texts("sources.marker", number=number))
        facts = " · ".join(map(escape, marked(document, texts)))
        quoted = "".join(
            f'<span class="sw-card-text" lang="{language}">'
            f"<q>{source_text_html(quote.quote)}</q></span>"
            for quote in stretches(quotes, self._answer)
        )
        return (
            f'<span class="sw-chip" tabindex="-1">'
            f'<a href="#{place}" aria-describedby="{name}" aria-label="{label}">'
            f'<span class="sw-bracket">[</span><span class="sw-number">{number}</span>'
            f'<span class="sw-bracket">]</span></a>'
            f'<span class="sw-card" id="{name}">'
            f'<span class="sw-card-title" lang="{language}">{escape(self._references[number])}'
            f'</span><span class="sw-card-facts">{facts}</span>{quoted}'
            f'<a class="sw-card-link" href="#{place}">{escape(texts("answers.to_quote"))}</a>'
            f"</span></span>"
        )


def notes_html(notes: Iterable[str], language: str = "") -> str:
    """Notes, in a language (ISO 639-1) if that is another than the page's."""
    lang = f' lang="{escape(language)}"' if language else ""
    return "".join(f'<p class="sw-note" role="note"{lang}>{escape(note)}</p>' for note in notes)


def changed_html(answer: Answer, now: CurrentSources, texts: Texts) -> str:
    """The changes in the cited documents since the answer was given."""
    found: dict[tuple[str, str], list[Citation]] = {}
    for citation in answer.citations:
        change = now.change(citation)
        if change is not None:
            found.setdefault((change, citation.document.title), []).append(citation)
    if not found:
        return ""
    changes = (
        texts(f"answers.changes.{change}", title=title, numbers=numbers(cited))
        for (change, title), cited in found.items()
    )
    items = "".join(f"<li>{escape(change)}</li>" for change in changes)
    heading = escape(texts("answers.changed"))
    return f'<div class="sw-note" role="note"><p>{heading}</p><ul>{items}</ul></div>'


def more_html(answer: Answer, chips: Chips, texts: Texts) -> str:
    """The folded results: what else the sources say, or what comes nearest to a refused question,
    which all that is folded is called; nothing when there is nothing."""
    if not answer.further:
        return ""
    shown = "".join(
        answer_html(blocks, chips, language=languages_shown(answer, blocks)[0])
        for blocks in answer.further
    )
    above = (
        chips.checked_html()
        if answer.kind == "refusal"
        else facts_html(texts("answers.more", number=len(answer.further)))
    )
    return f'<div class="sw-more">{above}{shown}</div>'


def _in_language(html: str, texts: Texts) -> str:
    return f'<div lang="{texts.language}">{html}</div>'


def _proper_html(answer: Answer, chips: Chips, texts: Texts) -> str:
    """The answer proper, below how it was checked; a refusal looks like one, a reply like talk."""
    if answer.kind == "refusal":
        refused = answer_html(answer.blocks, language=answer.language)
        catalogue = new_tab("sources", texts("answers.all_sources"), texts)
        return (
            f'<div class="sw-refusal" role="note">{refused}'
            f'<p class="sw-facts">{catalogue}</p></div>'
        )
    own_language = ""
    if answer.is_sourced and answer.mode != "generative":
        own_in = spoken_in_short if answer.found else spoken
        own_language = own_in(answer.question_language)
    proper = answer_html(
        answer.blocks,
        chips,
        language=languages_shown(answer)[0],
        own_language=own_language,
        bold=answer.asked_for[0] if len(answer.asked_for) == 1 else "",
    )
    return chips.checked_html() + notes_html(remarks_above(answer, texts)) + proper


def _show_understood(answer: Answer, prefix: str, texts: Texts, ask: Ask) -> None:
    """Shows how a follow-up was understood, and a way to ask it as it stands."""
    understood = facts_html(texts("answers.understood", question=answer.understood_as))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(_in_language(understood, texts), width="content")
        typed = texts("answers.as_typed")
        _offer(ask, answer.question, typed, "undo", f"{prefix}-typed", alone=True)


def _show_suggestions(answer: Answer, prefix: str, texts: Texts, ask: Ask) -> None:
    """Shows suggestions: the question without limits to the search, and questions that can be
    answered. A label is Markdown: as code a question stays data."""
    with st.container(gap=None, key=f"suggested-{prefix}"):
        if answer.kind == "reply" and answer.message in SEARCHABLE:
            label = texts("answers.search_anyway")  # asked once more, it is searched for
            _offer(ask, answer.question, label, "search", f"{prefix}-search-anyway")
        if answer.elsewhere:
            label, key = texts("answers.elsewhere"), f"{prefix}-elsewhere"
            _offer(ask, answer.question, label, "filter_alt_off", key, scope=Scope())
        if answer.related:
            st.html(facts_html(texts("answer.related")))
        for number, question in enumerate(answer.related):
            key = f"{prefix}-related-{number}"
            _offer(ask, question, code(question), "subdirectory_arrow_right", key)


def _offer(ask: Ask, question: str, label: str, icon: str, key: str, **options: object) -> None:
    """Shows a button that asks a question; `options` as in `Ask`."""
    st.button(
        label,
        icon=f":material/{icon}:",
        type="tertiary",
        key=key,
        on_click=ask,
        args=(question,),
        kwargs=options,
    )


def answer_html(
    blocks: Blocks,
    chips: Chips | None = None,
    *,
    language: str = "",
    own_language: str = "",
    bold: str = "",
    level: int = 3,
) -> str:
    """The blocks of an answer; without chips "[n]" stands for a citation.

    Args:
        own_language: of what the assistant says itself above quotes, if it is another.
        bold: the stretch that stands out, where it stands first.
        level: of the headings that labels are shown as.
    """
    html: list[str] = []
    introduced: int | None = None  # the number that a paragraph ends with
    pending = bold

    def words_html(text: str) -> str:
        """Escaped text in which the stretch is bold where it first stands as whole words."""
        nonlocal pending
        found = re.search(rf"(?<!\w){re.escape(pending)}(?!\w)", text) if pending else None
        if found is None:
            return escape(text)
        pending = ""
        before, after = escape(text[: found.start()]), escape(text[found.end() :])
        return f"{before}<strong>{escape(found[0])}</strong>{after}"

    for block, marked_block in marked_lines(blocks):
        lines = [
            " ".join(_sentence_html(sentence, marks, chips, words_html) for sentence, marks in line)
            for line in marked_block
        ]
        if block.kind == "label":
            html += (f'<h{level} class="sw-label">{line}</h{level}>' for line in lines)
        elif block.kind == "paragraph":
            is_own = own_language and all(each.status == "own" for each in block.sentences)
            html += (f"<p{_lang(own_language if is_own else '')}>{line}</p>" for line in lines)
        else:
            html.append(_list_html(block, lines))
        last = marked_block[-1][-1][0].numbers[-1:]
        covering = introduced if block.is_bare else last[0] if block.evidence else None
        introduced = last[0] if last and block.kind == "paragraph" else None
        if block.note:
            note = chips.note(block.note, covering) if chips else escape(block.note)
            html.append(f'<p class="sw-facts">{note}</p>')
    return f'<div class="sw-answer"{_lang(language)}>{"".join(html)}</div>'


def _lang(language: str) -> str:
    return f' lang="{escape(language)}"' if language else ""


def _list_html(block: AnswerBlock, lines: Sequence[str]) -> str:
    """A list with the numbers that its source has, or bullets; of both, the numbers are text."""
    marks = [begin.removeprefix(ITEM) for begin in block.begins]
    tag, items = "ol" if all(marks) else "ul", []
    for mark, line in zip(marks, lines, strict=True):
        number = f'<li value="{int(mark.rstrip(".) "))}">' if tag == "ol" else f"<li>{mark}"
        items.append(f"{number}{line}</li>")
    return f"<{tag}>{''.join(items)}</{tag}>"


def _sentence_html(
    sentence: AnswerSentence,
    marks: Sequence[Mark],
    chips: Chips | None,
    words_html: Callable[[str], str],
) -> str:
    """Escaped text with its markers, on one line with its last word."""
    is_doubted = sentence.is_doubted or sentence.stand_in
    doubt = chips.doubt(sentence) if chips and is_doubted else ""
    if sentence.stand_in:
        return f'<span class="sw-left-out">{escape(sentence.stand_in)}</span>{doubt}'
    html = words_html(sentence.text)
    if sentence.is_hit:
        html = f'<mark class="sw-hit">{html}</mark>'
    if sentence.is_doubted:
        html = f'<span class="sw-unconfirmed">{html}</span>'
    for number, words in marks:
        html += (chips.marker(number, words) if chips else "") or f" [{number}]"
    return html + doubt
