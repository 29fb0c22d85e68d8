"""One question of a run: what was shown, expected and different."""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

import streamlit as st

from eval.results import QuestionResult
from ui.evaluation.kept_runs import KeptRun, read, when
from ui.evaluation.questions import LISTED, open_question, why
from ui.markup import code, escape, facts_html, table_html
from ui.texts import Texts

# What two answers have in common, word by word.


_SHORT = 3  # equal words; fewer between two changes are no pause for the eye
_WORD = re.compile(r"\S+\s*|\s+")


def word_diff(before: str, now: str, texts: Texts) -> tuple[str, str]:
    """Both texts as HTML; `<del>` marks what only the first has, `<ins>` what only the second has.

    The marks are also said in words, for screen readers. Spaces and line breaks do not count.
    """
    old, new = _WORD.findall(before), _WORD.findall(now)
    left, right = [], []
    for same, there, here in _stretches(old, new):
        gone, come = "".join(old[there]), "".join(new[here])
        left.append(escape(gone) if same else _marked("del", gone, texts))
        right.append(escape(come) if same else _marked("ins", come, texts))
    return "".join(left), "".join(right)


def _stretches(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[bool, slice, slice]]:
    """Equal and changed stretches in turn: whether it is equal, and its words in both.

    A few equal words between changes are part of the change: it reads as one.
    """
    matcher = SequenceMatcher(
        None, [word.strip() for word in old], [word.strip() for word in new], autojunk=False
    )
    there = here = 0
    for start, new_start, length in matcher.get_matching_blocks():
        ends = start in (0, len(old)) or start + length == len(old)
        if length < _SHORT and not ends:
            continue
        if start > there or new_start > here:
            yield False, slice(there, start), slice(here, new_start)
        there, here = start + length, new_start + length
        if length:
            yield True, slice(start, there), slice(new_start, here)


def _marked(tag: str, text: str, texts: Texts) -> str:
    words = text.rstrip()
    if not words:
        return text
    said = escape(texts(f"evaluation.diff.{tag}"))
    end = escape(texts("evaluation.diff.end"))
    return (
        f'<{tag}><span class="sw-hidden">[{said} </span>{escape(words)}'
        f'<span class="sw-hidden"> {end}]</span></{tag}>{text[len(words) :]}'
    )


# One question of a run: what was asked, expected, found and answered, then and now.


def show_one_question(run: KeptRun, other: KeptRun | None, name: str, texts: Texts) -> None:
    """The question with this id, in the run and in the one compared with."""
    _way_back(name, texts)
    result = _find(run, name)
    if result is None:
        st.warning(f"{texts('evaluation.question.unknown')} {code(name)}")
        return
    if result.held_out:
        st.info(texts("evaluation.question.held_out"))
        return
    before = _find(other, name) if other is not None else None
    if before is not None and before.question != result.question:
        before = None  # another question that goes by the same name
    st.html(_asked_html(result, texts) + _facts_html(result, before, texts))
    if other is None or before is None:
        st.html(_side_html("run", run, result, escape(result.text), texts))
        return
    same = (before.text, before.more) == (result.text, result.more)
    told = texts("evaluation.diff.same" if same else "evaluation.diff.legend")
    st.html(facts_html(told))
    then, now = word_diff(before.text, result.text, texts)
    left, right = st.columns(2)
    left.html(_side_html("compared", other, before, then, texts))
    right.html(_side_html("run", run, result, now, texts))


def _way_back(name: str, texts: Texts) -> None:
    """Back to the list, or on to the next of those that the filters left there."""
    listed = st.session_state.get(LISTED, [])
    place = listed.index(name) if name in listed else None
    with st.container(horizontal=True):
        st.button(f"← {texts('evaluation.question.all')}", on_click=_close)
        if place:
            st.button(
                texts("evaluation.question.previous"),
                on_click=open_question,
                args=(listed[place - 1],),
            )
        if place is not None and place + 1 < len(listed):
            st.button(
                texts("evaluation.question.next"), on_click=open_question, args=(listed[place + 1],)
            )


def _close() -> None:
    st.query_params.pop("question", None)


def _find(run: KeptRun, name: str) -> QuestionResult | None:
    return next((one for one in read(run.folder).questions if one.id == name), None)


def _asked_html(result: QuestionResult, texts: Texts) -> str:
    """The question, what was said before it, and what it is about."""
    language = escape(result.language)
    about = [
        result.id,
        texts.label("languages", result.language),
        texts.label("evaluation.kinds", result.kind),
        texts.label("evaluation.challenges", result.challenge) if result.challenge else "",
        ", ".join(result.documents),
    ]
    earlier = "".join(
        f'<li lang="{language}">{escape(turn.question)}<br>{escape(turn.answer_text)}</li>'
        for turn in result.history
    )
    if earlier:
        heading = escape(texts("evaluation.question.history"))
        earlier = f'<h3 class="sw-small">{heading}</h3><ol class="sw-list">{earlier}</ol>'
    return (
        f'<h2 class="sw-heading" lang="{language}">{escape(result.question)}</h2>'
        f'<p class="sw-facts">{" · ".join(escape(fact) for fact in about if fact)}</p>{earlier}'
    )


def _facts_html(result: QuestionResult, before: QuestionResult | None, texts: Texts) -> str:
    """The facts that a good answer holds, and in which run they were found."""
    facts = (*result.facts_found, *result.facts_missing)
    if not facts:
        told = "no_message" if result.is_message else "no_facts"
        return f'<p class="sw-note">{escape(texts(f"evaluation.question.{told}"))}</p>'
    sides = [one for one in (before, result) if one is not None]
    marks = {
        found: texts(f"evaluation.question.{'found' if found else 'absent'}")
        for found in (True, False)
    }
    rows = [
        [
            escape(" / ".join(fact)),
            *(escape(marks[one.answered and fact in one.facts_found]) for one in sides),
        ]
        for fact in facts
    ]
    names = ("compared", "run") if before is not None else ("run",)
    columns = [texts("evaluation.question.fact")]
    columns += [texts(f"evaluation.choose.{name}") for name in names]
    return table_html(texts("evaluation.question.facts"), columns, rows) + _listed(
        "answers", map(escape, result.answers), texts
    )


def _side_html(side: str, run: KeptRun, result: QuestionResult, answer: str, texts: Texts) -> str:
    """One run's answer and all that was judged about it; `answer` is HTML."""
    date = when(run.figures, texts) if run.figures else run.name
    heading = f"{texts(f'evaluation.choose.{side}')}: {date}"
    parts = [
        f'<h3 class="sw-small">{escape(heading)}</h3>',
        facts_html(_what_became(result, texts)),
        f'<div class="sw-compared" lang="{escape(result.text_language or result.language)}">'
        f"{answer}</div>",
        _listed("more", map(_lines_html, result.more), texts),
        _listed("cut", map(escape, result.reading.cut), texts),
        _listed("loose", map(escape, result.reading.loose), texts),
        _listed("citations", _citations(result), texts),
        _listed("retrieved", _retrieved(result, texts), texts),
        _listed("verdicts", _verdicts(result, texts), texts),
        _listed("inexact", map(escape, result.inexact_quotes), texts),
        _listed("unsupported", map(escape, result.unsupported), texts),
        _listed("unconfirmed", map(escape, result.unconfirmed), texts),
        _listed("left_out", map(escape, result.left_out), texts),
        _listed("forbidden", map(escape, result.forbidden_said), texts),
        _listed("missing", map(escape, result.missing), texts),
    ]
    return "".join(parts)


def _what_became(result: QuestionResult, texts: Texts) -> str:
    """The outcome, its likely cause with what that means, how sure and how fast."""
    told = [texts.label("evaluation.outcomes", result.outcome)]
    if result.wrong:
        told.append(why(result, texts))
    elif result.cause:
        told.append(texts.label("evaluation.meanings", result.cause))
    told.append(
        texts("evaluation.question.confidence", value=texts.figure(f"{result.confidence:.2f}"))
    )
    told.append(f"{result.latency_ms:.0f} ms")
    if result.model:
        told.append(result.model)
    return " · ".join(told)


def _listed(name: str, items: Iterable[str], texts: Texts) -> str:
    """A heading and a list of HTML; nothing when there is nothing in it."""
    listed = "".join(f"<li>{item}</li>" for item in items)
    if not listed:
        return ""
    heading = escape(texts(f"evaluation.question.{name}"))
    return f'<h4 class="sw-small">{heading}</h4><ol class="sw-list sw-{name}">{listed}</ol>'


def _lines_html(text: str) -> str:
    return "<br>".join(escape(line) for line in text.splitlines() if line.strip())


def _citations(result: QuestionResult) -> Iterator[str]:
    for citation, quote in zip(result.citations, result.quotes, strict=False):
        place = f"[{citation.number}] {citation.document}: {citation.section}"
        yield f"{escape(place)}<blockquote>{escape(quote)}</blockquote>"


def _retrieved(result: QuestionResult, texts: Texts) -> Iterator[str]:
    relevant = f" <strong>✓ {escape(texts('evaluation.question.relevant'))}</strong>"
    for section in result.retrieved:
        place = escape(f"{section.document}: {section.section}")
        yield place + (relevant if section.relevant else "")


def _verdicts(result: QuestionResult, texts: Texts) -> Iterator[str]:
    for verdict in result.verdicts:
        mark = "✓" if verdict.supported else "✗"
        said = texts(
            "evaluation.question.supported" if verdict.supported else "evaluation.question.rejected"
        )
        markers = "".join(f"[{number}]" for number in verdict.citations)
        needless = "".join(f"[{number}]" for number in verdict.needless)
        more = f" · {texts('evaluation.question.needless')} {needless}" if needless else ""
        told = f"{mark} {said} {markers}{more}"
        yield f"<strong>{escape(told)}</strong><br>{escape(verdict.text)}"
