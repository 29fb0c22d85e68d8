"""What is said below an answer: languages, what is not in force, what is missing or left out."""

from collections import Counter

from core.types import Answer, Citation
from ui.answers.citations import numbers
from ui.answers.surroundings import Surroundings
from ui.markup import escape
from ui.texts import Texts


def languages(answer: Answer) -> list[str]:
    """The languages an answer is made of, most used first: those of its quotes if it has any.

    A model writes in the language of the question, whatever its sources are in.
    """
    quoted = Counter(citation.document.language for citation in answer.citations)
    if answer.mode == "generative" or not quoted:
        return [answer.language]
    return [language for language, _ in quoted.most_common()]


def languages_html(answer: Answer, texts: Texts) -> str:
    """Says so when an answer is not in the language of the question."""
    names = [texts.label("languages", name) for name in languages(answer)]
    if languages(answer) == [answer.language]:
        return ""
    note = texts("answer.other_language", languages=", ".join(names))
    return f'<p class="sw-note">{escape(note)}</p>'


def outdated_html(answer: Answer, texts: Texts) -> str:
    """Says so when an answer quotes documents that are not in force."""
    told = {
        texts(f"answer.{citation.standing}", title=citation.document.title): None
        for citation in answer.citations
        if citation.standing in ("superseded", "upcoming")
    }
    return "".join(f'<p class="sw-note">{escape(note)}</p>' for note in told)


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


def missing_html(answer: Answer, texts: Texts) -> str:
    """What the question demands and the sources lack."""
    if not answer.missing:
        return ""
    listed = ", ".join(answer.missing)
    key = "missing" if answer.answered else "missing_nearby"
    return f'<p class="sw-note">{escape(texts(f"answer.{key}"))} {escape(listed)}</p>'


def withheld_html(answer: Answer, texts: Texts) -> str:
    """A model's sentences that no source supports, out of sight until they are asked for."""
    if not answer.withheld:
        return ""
    summary = escape(texts("answer.withheld", number=len(answer.withheld)))
    items = "".join(f"<li>{escape(sentence)}</li>" for sentence in answer.withheld)
    return f'<details class="sw-note"><summary>{summary}</summary><ul>{items}</ul></details>'
