"""How an answer was made, for evaluators: what was searched for, found and checked, and when."""

from core.answer import Answer
from core.source import Scope
from ui.answers.checks import Checks
from ui.markup import escape, table_html
from ui.texts import Texts
from vectorstore.ranking import FEATURES
from vectorstore.search import Candidate
from vectorstore.snapshot import Snapshot

_PASSAGES = 12  # as many as any search compares unit by unit: LOOK in vectorstore/profile.py


def made_html(answer: Answer, scope: Scope, index: Snapshot | None, texts: Texts) -> str:
    """Tables of it, as HTML.

    Args:
        answer: one to a question.
        scope: what its search was limited to.
        index: in which it is searched once more, for scores; None where that cannot be.
        texts: the strings of the interface language.
    """
    made = [
        (texts("made.asked"), answer.question),
        (texts("made.searched"), answer.understood_as or answer.question),
        (texts("made.language"), texts.label("languages", answer.asked_in or answer.language)),
        (texts("made.mode"), texts(f"made.modes.{answer.mode}", model=answer.model)),
        (texts("made.confidence"), _figure(answer.confidence, texts)),
        (texts("made.checked"), " · ".join(Checks(answer).told(texts)) or "–"),
        (texts("made.unconfirmed"), str(len(answer.unconfirmed) + len(answer.left_out))),
        (texts("made.index"), answer.generation),
        *(
            (texts.label("made.stages", stage), texts("made.ms", number=round(1000 * spent)))
            for stage, spent in answer.timings.items()
        ),
    ]
    rows = [tuple(map(escape, row)) for row in made]
    return table_html(texts("made.heading"), (), rows) + _passages(answer, scope, index, texts)


def _passages(answer: Answer, scope: Scope, index: Snapshot | None, texts: Texts) -> str:
    if index is None or answer.kind == "reply":
        return ""
    asked = answer.understood_as or answer.question
    language = answer.asked_in or answer.language
    found = index.evidence(asked, _PASSAGES, language, scope)
    cited = {citation.passage_id for citation in answer.citations}
    names = [texts(f"made.features.{name}") for name in FEATURES]
    columns = (texts("made.document"), texts("made.score"), *names)
    rows = [_row(number, one, cited, texts) for number, one in enumerate(found, start=1)]
    told = texts("made.passages" if index.generation == answer.generation else "made.passages_now")
    return table_html(told, columns, rows)


def _row(number: int, one: Candidate, cited: set[str], texts: Texts) -> tuple[str, ...]:
    passage = one.scored.passage
    mark = " ✓" if passage.id in cited else ""
    place = " › ".join((passage.document.short_title, *passage.headings[1:][-1:]))
    figures = (one.scored.score, *(one.features[name] for name in FEATURES))
    return (escape(f"{number}. {place}{mark}"), *(_figure(figure, texts) for figure in figures))


def _figure(number: float, texts: Texts) -> str:
    return texts.figure(f"{number:.2f}")
