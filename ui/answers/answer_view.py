"""An answer on the page: its text, the chips of its citations, its remarks."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

import streamlit as st

from core.answer import SEARCHABLE, Answer
from core.answer_blocks import ITEM, AnswerBlock, AnswerSentence, Blocks, Mark, marked_lines
from core.citations import Citation, by_number
from core.source import STEPS_BACK, Scope
from prompts import phrases, spoken, spoken_in_short
from ui import addresses
from ui.addresses import reading_address
from ui.answers import citations
from ui.answers.citations import (
    GLYPHS,
    Checks,
    CheckVerdict,
    anchors,
    cited_in,
    confirmed,
    numbers,
    references,
    unchecked,
)
from ui.answers.evidence_panel import Piece, Surroundings, evidence_html, excerpts, surroundings
from ui.markup import code, escape, facts_html, new_tab, script, source_text_html
from ui.texts import Texts, languages, load
from vectorstore.store import Snapshot


def answer_html(
    blocks: Blocks,
    *,
    language: str = "",
    own_language: str = "",
    marker: Callable[[int, str], str] = lambda number, words: "",
    doubt: Callable[[AnswerSentence], str] = lambda sentence: "",
    note: Callable[[str, int | None], str] = lambda told, number: escape(told),
    bold: str = "",
    level: int = 3,
) -> str:
    """The blocks of an answer.

    Args:
        blocks: labels, paragraphs and lists.
        language: ISO 639-1.
        own_language: of what the assistant says itself above quotes, if it is another.
        marker: HTML for the marker of the citation with a number, behind the words that it covers,
            those of a list a line each; empty where there is no such citation: "[n]" is shown.
        doubt: HTML behind a sentence that is not confirmed, or differs from the sources.
        note: HTML for a note on a list, from its text and the number that covers all of the list.
        bold: the stretch that stands out, where it stands first.
        level: of the headings that labels are shown as.
    """
    shown: list[str] = []
    introduced: int | None = None  # the number that a paragraph ends with
    pending = [bold] if bold else []

    def words(text: str) -> str:
        html = _standing_out(text, pending[0]) if pending else escape(text)
        if "<strong>" in html:
            pending.clear()
        return html

    for block, lines in marked_lines(blocks):
        said = [
            " ".join(_sentence_html(*one, marker, doubt, words) for one in line) for line in lines
        ]
        if block.kind == "label":
            shown += (f'<h{level} class="sw-label">{line}</h{level}>' for line in said)
        elif block.kind == "paragraph":
            is_own = bool(own_language) and all(one.status == "own" for one in block.sentences)
            spoken = f' lang="{escape(own_language)}"' if is_own else ""
            shown += (f"<p{spoken}>{line}</p>" for line in said)
        else:
            shown.append(_list_html(block, said))
        last = lines[-1][-1][0].numbers[-1:]
        covering = introduced if block.is_bare else last[0] if block.evidence else None
        introduced = last[0] if last and block.kind == "paragraph" else None
        if block.note:
            shown.append(f'<p class="sw-facts">{note(block.note, covering)}</p>')
    spoken = f' lang="{escape(language)}"' if language else ""
    return f'<div class="sw-answer"{spoken}>{"".join(shown)}</div>'


def _list_html(block: AnswerBlock, said: Sequence[str]) -> str:
    """A list with the numbers that its source has, or bullets; of both, the numbers are text."""
    marks = [begin.removeprefix(ITEM) for begin in block.begins]
    if not all(marks):
        items = (f"<li>{mark}{line}</li>" for mark, line in zip(marks, said, strict=True))
        return f"<ul>{''.join(items)}</ul>"
    items = (
        f'<li value="{int(mark.rstrip(".) "))}">{line}</li>'
        for mark, line in zip(marks, said, strict=True)
    )
    return f"<ol>{''.join(items)}</ol>"


def _sentence_html(
    sentence: AnswerSentence,
    marks: Sequence[Mark],
    marker: Callable[[int, str], str],
    doubt: Callable[[AnswerSentence], str],
    said: Callable[[str], str],
) -> str:
    """Escaped text with its markers, on one line with its last word."""
    if sentence.stand_in:
        shown = escape(sentence.stand_in)
        return f'<span class="sw-left-out">{shown}</span>{doubt(sentence)}'
    shown = said(sentence.text)
    if sentence.is_hit:
        shown = f'<mark class="sw-hit">{shown}</mark>'
    if sentence.is_doubted:
        shown = f'<span class="sw-unconfirmed">{shown}</span>'
    for number, words in marks:
        shown += marker(number, words) or f" [{number}]"
    return shown + doubt(sentence) if sentence.is_doubted else shown


def _standing_out(text: str, bold: str) -> str:
    """Escaped text in which a stretch is bold where it first stands as whole words."""
    found = re.search(rf"(?<!\w){re.escape(bold)}(?!\w)", text)
    if found is None:
        return escape(text)
    before, after = escape(text[: found.start()]), escape(text[found.end() :])
    return f"{before}<strong>{escape(bold)}</strong>{after}"


# Behind the words: the number of their source, a card with what it says, how it was checked.


_DOUBT = "?"


class Chips:
    """The markers of one answer as they are shown; `marker` and `doubt` go into
    `answer_text.answer_html`."""

    def __init__(
        self, answer: Answer, prefix: str, texts: Texts, around: Surroundings | None = None
    ) -> None:
        self._answer = answer
        self._around = around
        self._checks = Checks(answer)
        self._targets = anchors(answer, prefix)
        self._references = references(answer.citations, texts)
        self._prefix = prefix
        self._texts = texts
        self._made = 0

    def marker(self, number: int, words: str) -> str:
        """A link to the quotes, their card, and a mark where the check is not the usual one.

        Empty: there is no such citation.
        """
        quotes = self._checks.quotes(number, words)
        if not quotes:
            return ""
        self._made += 1
        card = f"{self._prefix}-card-{self._made}"
        read = excerpts(self._answer, quotes, self._around)
        told, target = self._references[number], self._targets[number]
        shown = _chip_html(quotes, told, read, target, card, self._texts)
        mark = self._checks.mark(self._checks.verdict(number, words))
        return shown + _mark_html(mark, self._texts) if mark else shown

    def doubt(self, sentence: AnswerSentence) -> str:
        """A sign with a word behind a sentence that is not confirmed, and a card that says why,
        with what comes nearest to it; of one that is left out also what it says. Of those that were
        only found the word stands once, with how the answer was checked."""
        self._made += 1
        name = escape(f"{self._prefix}-card-{self._made}")
        sign = GLYPHS["unchecked"] if sentence.is_unchecked else _DOUBT
        word = (
            self._texts("answers.left_out") if sentence.stand_in else doubted(sentence, self._texts)
        )
        heard = escape(word)
        if sentence.is_unchecked:
            heard = f'<span class="sw-hidden">{heard}</span>'
        told = why(sentence, self._texts)
        shown = [f'<span class="sw-card-title">{escape(told)}</span>']
        if sentence.stand_in and sentence.text != sentence.stand_in:
            language = escape(self._answer.language)
            shown.append(
                f'<span class="sw-card-text" lang="{language}">{escape(sentence.text)}</span>'
            )
        shown += self._nearest_html(sentence)
        return (
            f'<span class="sw-chip sw-doubt" tabindex="-1">'
            f'<button type="button" aria-describedby="{name}">'
            f'<span aria-hidden="true">{sign}</span> {heard}</button>'
            f'<span class="sw-card" id="{name}">{"".join(shown)}</span></span>'
        )

    def _nearest_html(self, sentence: AnswerSentence) -> Iterator[str]:
        """The first stretch of the sources that comes near to a sentence, with its place."""
        passages = {one.id: one for one in self._answer.passages}
        near = next((one for one in sentence.nearest if one.passage_id in passages), None)
        if near is None:
            return
        passage = passages[near.passage_id]
        language = escape(passage.language)
        place = " › ".join((passage.document.title, *passage.headings[1:]))
        told = f"{self._texts('answers.nearest_to')} {place}"
        words = escape(passage.text[near.start : near.end])
        yield f'<span class="sw-card-facts" lang="{language}">{escape(told)}</span>'
        yield f'<span class="sw-card-text" lang="{language}"><q>{words}</q></span>'

    def checked_html(self) -> str:
        """How the answer was checked, and the marks of what is an exception to that."""
        told = " · ".join(map(escape, self._checks.remarks(self._texts)))
        return f'<p class="sw-facts sw-checked">{told}</p>' if told else ""


def doubted(sentence: AnswerSentence, texts: Texts) -> str:
    """The word behind a sentence that is shown and not confirmed."""
    key = "answers.verdicts.unchecked" if sentence.is_unchecked else "answers.unconfirmed"
    return texts(key)


def why(sentence: AnswerSentence, texts: Texts) -> str:
    """Why a sentence is not confirmed, in one sentence."""
    if not sentence.reason:
        return texts("answers.why.unknown")
    return texts(f"answers.why.{sentence.reason}", details=", ".join(sentence.details))


def _chip_html(
    quotes: Sequence[Citation],
    words: str,
    read: Sequence[Sequence[Piece]],
    target: str,
    card: str,
    texts: Texts,
) -> str:
    """A link to quotes out of one passage, with their card: the reference in `words`, and the
    quotes in the text around them.

    All of it is part of a paragraph, which only takes spans. Brackets are there for whoever copies
    the sentence. Where a finger cannot hover, a tap on the number reaches the span around the link
    instead (style.css): it opens the card, which then has a link of its own.
    """
    first = quotes[0]
    place, name = escape(target), escape(card)
    facts = addresses.marked(first.document, texts)
    language = escape(first.document.language)
    quoted = "".join(
        f'<span class="sw-card-text" lang="{language}">{_excerpt_html(one)}</span>' for one in read
    )
    return (
        f'<span class="sw-chip" tabindex="-1">'
        f'<a href="#{place}" aria-describedby="{name}" '
        f'aria-label="{escape(texts("sources.marker", number=first.number))}">'
        f'<span class="sw-bracket">[</span><span class="sw-number">{first.number}</span>'
        f'<span class="sw-bracket">]</span></a>'
        f'<span class="sw-card" id="{name}">'
        f'<span class="sw-card-title" lang="{language}">{escape(words)}</span>'
        f'<span class="sw-card-facts">{" · ".join(map(escape, facts))}</span>'
        f"{quoted}"
        f'<a class="sw-card-link" href="#{place}">{escape(texts("answers.to_quote"))}</a>'
        f"</span></span>"
    )


def _excerpt_html(pieces: Sequence[Piece]) -> str:
    shown = ((source_text_html(words), quoted) for words, quoted in pieces)
    return "".join(f"<q>{words}</q>" if quoted else words for words, quoted in shown)


def _mark_html(verdict: CheckVerdict, texts: Texts) -> str:
    told = escape(texts(f"answers.verdicts.{verdict}"))
    return (
        f'<span class="sw-mark" role="img" aria-label="{told}" title="{told}">'
        f"{GLYPHS[verdict]}</span>"
    )


# What is said of an answer: above it languages and how much of it was found, below it what is not
# in force, missing or left out.


def languages_shown(answer: Answer, blocks: Blocks | None = None) -> list[str]:
    """The languages of blocks of an answer, most used first: those of its quotes if it has any.

    What a model says is in the answer's language, whatever its sources are in.

    Args:
        answer: whose they are.
        blocks: some of what is folded; None: the answer proper.
    """
    shown = answer.blocks if blocks is None else blocks
    quoted = Counter(one.document.language for one in cited_in(shown, answer))
    if not quoted or (answer.mode == "generative" and shown == answer.blocks):
        return [answer.language]
    return [language for language, _ in quoted.most_common()]


def few_found(answer: Answer, texts: Texts) -> str:
    """A warning above an answer of which fewer than half of a model's sentences were found."""
    found, total = confirmed(answer)
    return texts("answers.few_found") if 2 * (found + unchecked(answer)) < total else ""


def remarks_above(answer: Answer, texts: Texts) -> list[str]:
    """Remarks above an answer: that quotes are in another language, and that little was found."""
    asked_in, used = answer.question_language, languages_shown(answer)
    if answer.mode == "generative" or not answer.is_sourced or asked_in in used:
        other = ""
    else:
        asked, *names = (texts.label("languages", name) for name in (asked_in, *used))
        other = texts("answer.other_language", language=asked, languages=", ".join(names))
    return [note for note in (other, few_found(answer, texts)) if note]


def remarks_below(answer: Answer, texts: Texts) -> list[str]:
    """Remarks below an answer, a sentence each; of a reply only why a task was not carried out."""
    if answer.kind == "reply" and not answer.citations:
        why = texts(f"answer.trouble.{answer.trouble}") if answer.trouble else ""
        return [texts("answer.no_task", why=why)] if why else []
    notes = list(
        dict.fromkeys(
            texts(f"answer.{citation.standing}", title=citation.document.title)
            for citation in answer.citations
            if citation.standing in STEPS_BACK
        )
    )
    if answer.trouble == "cut" and answer.mode == "generative":
        notes.append(texts("answer.broke_off"))
    elif answer.trouble:
        notes.append(texts("answer.no_model", why=texts(f"answer.trouble.{answer.trouble}")))
    elif answer.mode == "fallback":
        notes.append(texts("answer.fallback"))
    if answer.check_trouble:
        why = texts(f"answer.trouble.{answer.check_trouble}")
        notes.append(texts("answer.unchecked", why=why))
    elif answer.unchecked:
        notes.append(texts("answer.unchecked_some"))
    if answer.kind == "partial":  # results and a refusal say it themselves
        notes.append(texts("answer.missing", **answer.missing_words))
    return notes


def notes_html(notes: Iterable[str], language: str = "") -> str:
    """Notes, in a language (ISO 639-1) if that is another than the page's."""
    spoken_in = f' lang="{escape(language)}"' if language else ""
    return "".join(
        f'<p class="sw-note" role="note"{spoken_in}>{escape(note)}</p>' for note in notes
    )


def changed_html(answer: Answer, around: Surroundings, texts: Texts) -> str:
    """Says what has changed in the cited documents since the answer was given."""
    found: dict[tuple[str, str], list[Citation]] = {}
    for citation in answer.citations:
        change = around.change(citation)
        if change is not None:
            found.setdefault((change, citation.document.title), []).append(citation)
    if not found:
        return ""
    told = [
        texts(f"answers.changes.{change}", title=title, numbers=numbers(cited))
        for (change, title), cited in found.items()
    ]
    items = "".join(f"<li>{escape(one)}</li>" for one in told)
    heading = escape(texts("answers.changed"))
    return f'<div class="sw-note" role="note"><p>{heading}</p><ul>{items}</ul></div>'


# An answer on the page: the answer proper, what is folded below it, and its evidence.


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
        answer: what is shown.
        prefix: begins the names of its places in the page; no other answer there has it.
        texts: the strings that it is shown with.
        ask: asks a question that is offered.
        index: the sources as they are now; None while they cannot be used.
        alone: whether it was asked without the conversation before it.
    """
    if answer.understood_as and not alone:
        _show_understood(answer, prefix, texts, ask)
    around = surroundings(answer.citations, index)
    chips = Chips(answer, prefix, texts, around)
    st.html(_spoken(_proper_html(answer, chips, texts), texts))
    _show_suggestions(answer, prefix, texts, ask)
    below = (
        notes_html(filter(None, [answer.ended]), spoken(answer.question_language))
        + notes_html(remarks_below(answer, texts))
        + evidence_html(answer, prefix, texts, around, above=more_html(answer, chips, texts))
    )
    if below:
        st.html(_spoken(f'<div class="sw-below">{below}</div>', texts))
    if around and (changed := changed_html(answer, around, texts)):
        st.html(_spoken(changed, texts))
        again = texts("answers.ask_again")
        st.button(again, key=f"{prefix}-again", on_click=ask, args=(answer.question,))
    if answer.citations or citations.confirmed(answer)[1]:
        st.html(script("cards") + script("panel"), unsafe_allow_javascript=True)


def in_its_language(answer: Answer, texts: Texts) -> Texts:
    """The strings in the question's language, in which all of an answer but its quotes is; those of
    the interface where there are none."""
    language = answer.question_language
    return load(language) if language in languages() else texts


def _spoken(html: str, texts: Texts) -> str:
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
    shown = answer_html(
        answer.blocks,
        language=languages_shown(answer)[0],
        own_language=own_language,
        marker=chips.marker,
        doubt=chips.doubt,
        note=_Notes(answer, texts),
        bold=answer.asked_for[0] if len(answer.asked_for) == 1 else "",
    )
    return chips.checked_html() + notes_html(remarks_above(answer, texts)) + shown


def more_html(answer: Answer, chips: Chips, texts: Texts) -> str:
    """The folded results: what else the sources say, or what comes nearest to a refused question,
    which all that is folded is called; nothing when there is nothing."""
    if not answer.further:
        return ""
    shown = "".join(
        answer_html(
            blocks,
            language=languages_shown(answer, blocks)[0],
            marker=chips.marker,
            note=_Notes(answer, texts),
        )
        for blocks in answer.further
    )
    above = (
        chips.checked_html()
        if answer.kind == "refusal"
        else facts_html(texts("answers.more", number=len(answer.further)))
    )
    return f'<div class="sw-more">{above}{shown}</div>'


class _Notes:
    """The note on a list that was cut short, in the language of the interface, and behind it a link
    to its section in the sources page."""

    def __init__(self, answer: Answer, texts: Texts) -> None:
        self._cited = by_number(answer.citations)
        self._texts = texts

    def __call__(self, told: str, number: int | None) -> str:
        counts = _COUNT.findall(told)
        if len(counts) == 2:
            told = phrases(self._texts.language).part_of_list.format(*counts)
        shown = f'<span lang="{self._texts.language}">{escape(told)}</span>'
        if number is None:
            return shown
        first = self._cited[number][0]
        spans = [(one.start, one.end) for one in self._cited[number]]
        address = f"sources?{reading_address(first.document, first.passage_id, spans)}"
        return f"{shown} {new_tab(address, self._texts('answers.whole_list'), self._texts)}"


def _show_understood(answer: Answer, prefix: str, texts: Texts, ask: Ask) -> None:
    """Shows how a follow-up was understood, and a way to ask it as it stands."""
    told = texts("answers.understood", question=answer.understood_as)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html(_spoken(facts_html(told), texts), width="content")
        st.button(
            texts("answers.as_typed"),
            icon=":material/undo:",
            type="tertiary",
            key=f"{prefix}-typed",
            on_click=ask,
            args=(answer.question,),
            kwargs={"alone": True},
        )


def _show_suggestions(answer: Answer, prefix: str, texts: Texts, ask: Ask) -> None:
    """Shows suggestions: the question without limits to the search, and questions that can be
    answered. A label is Markdown: as code a question stays data."""
    with st.container(gap=None, key=f"suggested-{prefix}"):
        if answer.kind == "reply" and answer.message in SEARCHABLE:
            st.button(  # asked once more, it is searched for
                texts("answers.search_anyway"),
                icon=":material/search:",
                type="tertiary",
                key=f"{prefix}-search-anyway",
                on_click=ask,
                args=(answer.question,),
            )
        if answer.elsewhere:
            st.button(
                texts("answers.elsewhere"),
                icon=":material/filter_alt_off:",
                type="tertiary",
                key=f"{prefix}-elsewhere",
                on_click=ask,
                args=(answer.question,),
                kwargs={"scope": Scope()},
            )
        if answer.related:
            st.html(facts_html(texts("answer.related")))
        for number, question in enumerate(answer.related):
            st.button(
                code(question),
                icon=":material/subdirectory_arrow_right:",
                type="tertiary",
                key=f"{prefix}-related-{number}",
                on_click=ask,
                args=(question,),
            )
