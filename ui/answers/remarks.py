"""What is said of an answer: above it languages and how much of it was found, below it what is not
in force, missing or left out."""

from collections import Counter
from collections.abc import Iterable

from core.answer import Answer
from core.answer_blocks import Blocks
from core.citation import Citation
from ui.answers.checks import confirmed
from ui.answers.citations import cited_in, numbers
from ui.answers.surroundings import Surroundings
from ui.markup import escape
from ui.texts import Texts


def languages(answer: Answer, blocks: Blocks | None = None) -> list[str]:
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


def understood(answer: Answer, texts: Texts) -> str:
    """The question that a follow-up follows, or how a model understood it."""
    if answer.follows:
        return texts("answers.follows", question=answer.follows)
    return texts("answers.understood", question=answer.understood_as)


def few_found(answer: Answer, texts: Texts) -> str:
    """A warning above an answer of which fewer than half of a model's sentences are confirmed."""
    found, total = confirmed(answer)
    return texts("answers.few_found") if 2 * found < total else ""


def above(answer: Answer, texts: Texts) -> list[str]:
    """What a reader has to know before reading it: that quotes are in another language, and that
    little was found."""
    asked_in, used = answer.question_language, languages(answer)
    if answer.mode == "generative" or not answer.is_sourced or asked_in in used:
        other = ""
    else:
        asked, *names = (texts.label("languages", name) for name in (asked_in, *used))
        other = texts("answer.other_language", language=asked, languages=", ".join(names))
    return [note for note in (other, few_found(answer, texts)) if note]


def told(answer: Answer, texts: Texts) -> list[str]:
    """What is said below an answer, a sentence each; of a reply only why a task was not carried
    out."""
    if answer.kind == "reply" and not answer.citations:
        why = texts(f"answer.trouble.{answer.trouble}") if answer.trouble else ""
        return [texts("answer.no_task", why=why)] if why else []
    notes = list(
        dict.fromkeys(
            texts(f"answer.{citation.standing}", title=citation.document.title)
            for citation in answer.citations
            if citation.standing != "in_force"
        )
    )
    if answer.trouble == "cut" and answer.mode == "generative":
        notes.append(texts("answer.broke_off"))
    elif answer.trouble:
        notes.append(texts("answer.no_model", why=texts(f"answer.trouble.{answer.trouble}")))
    elif answer.mode == "fallback":
        notes.append(texts("answer.fallback"))
    if answer.unchecked:
        notes.append(texts("answer.unchecked"))
    if answer.kind == "partial":  # results and a refusal say it themselves
        notes.append(f"{texts('answer.missing')} {', '.join(answer.missing)}")
    return notes


def notes_html(notes: Iterable[str]) -> str:
    return "".join(f'<p class="sw-note" role="note">{escape(note)}</p>' for note in notes)


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
