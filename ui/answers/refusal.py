"""A refusal that helps: what was searched, and what else can be tried."""

from core.types import Answer
from ui.markup import answer_html, escape, new_tab
from ui.texts import Texts


def refusal_html(answer: Answer) -> str:
    """The text of a refusal; what comes nearest is folded below it."""
    shown = answer_html(answer.proper, language=answer.language)
    return f'<div class="sw-refusal" role="note">{shown}</div>'


def tips_html(texts: Texts) -> str:
    """What a reader can do to get an answer after all."""
    tips = "".join(f"<li>{escape(tip)}</li>" for tip in texts.series("answers.tips"))
    catalogue = new_tab("sources", texts("answers.all_sources"), texts)
    return (
        f'<div class="sw-tips"><p class="sw-facts">{escape(texts("answers.try"))}</p>'
        f"<ul>{tips}<li>{catalogue}</li></ul></div>"
    )
