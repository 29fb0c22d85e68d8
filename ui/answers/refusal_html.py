"""A refusal that helps: what was searched, and where to look."""

from core.types import Answer
from ui.markup import answer_html, new_tab
from ui.texts import Texts


def refusal_html(answer: Answer, texts: Texts) -> str:
    """The text of a refusal, and a link to all sources; what comes nearest is folded below it."""
    shown = answer_html(answer.proper, language=answer.language)
    catalogue = new_tab("sources", texts("answers.all_sources"), texts)
    return (
        f'<div class="sw-refusal" role="note">{shown}'
        f'<p class="sw-facts" lang="{texts.language}">{catalogue}</p></div>'
    )
