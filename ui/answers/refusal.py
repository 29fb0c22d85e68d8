"""A refusal that helps: what was searched, what comes near, and what else can be tried."""

from core.types import Answer
from ui.addresses import reading_address
from ui.markup import answer_html, escape, new_tab
from ui.texts import Texts


def refusal_html(answer: Answer, texts: Texts) -> str:
    """The text of a refusal, in which the nearest sections lead to where they can be read."""
    shown = answer_html(answer.text, texts, language=answer.language, links=section_links(answer))
    return f'<div class="sw-refusal" role="note">{shown}</div>'


def tips_html(texts: Texts) -> str:
    """What a reader can do to get an answer after all."""
    tips = "".join(f"<li>{escape(tip)}</li>" for tip in texts.series("answers.tips"))
    catalogue = new_tab("sources", texts("answers.all_sources"), texts)
    return (
        f'<div class="sw-tips"><p class="sw-facts">{escape(texts("answers.try"))}</p>'
        f"<ul>{tips}<li>{catalogue}</li></ul></div>"
    )


def section_links(answer: Answer) -> dict[str, str]:
    """Where each section that was found can be read, by the names an answer's text gives it."""
    links: dict[str, str] = {}
    for passage in answer.passages:
        name, reference = " › ".join(passage.headings), passage.document.reference
        address = f"sources?{reading_address(passage.document, passage.id)}"
        for label in (name, f"{name} ({reference})"):
            links.setdefault(label, address)
    return links
