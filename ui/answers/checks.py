"""How what an answer shows was checked, and the remarks above and below it."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from core.answer import Answer, Citation, by_number
from core.answer_blocks import Blocks, marked_lines, sentences
from core.source import STEPS_BACK, DocumentKind
from language.figures import written
from ui.answers.references import cited_in
from ui.texts import Texts

CheckVerdict = Literal[
    "supported", "literal", "literal_brief", "literal_official", "row", "unchecked"
]
"""It is a model's, and its source says so; it stands in its source letter by letter, which may be
a summary by this project or an official text; it is a row of a table, each cell with the heading of
its column; it is a model's, was found in its source, and not checked."""

GLYPHS: Mapping[CheckVerdict, str] = {
    "supported": "✓",
    "literal": "”",
    "literal_brief": "°",
    "literal_official": "§",
    "row": "⊞",
    "unchecked": "○",
}
_LITERAL: Mapping[DocumentKind, CheckVerdict] = {
    "brief": "literal_brief",
    "official": "literal_official",
}
_FINAL = re.compile(r" final(?:/\d+)?$")  # left out where a document is only mentioned


class Checks:
    """The checks of one answer."""

    usual: CheckVerdict | None
    """The verdict on most of the answer proper, or of what is folded where that has no markers;
    None where there are no markers at all."""
    exceptions: tuple[CheckVerdict, ...]
    """The other verdicts that occur."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._unchecked = {each.text for each in sentences(answer.blocks) if each.is_unchecked}
        self._cited = by_number(answer.citations)
        proper, more = self._verdicts(answer.blocks), self._verdicts(*answer.further)
        counted = Counter(proper or more)
        most = max(GLYPHS, key=lambda verdict: counted[verdict])
        self.usual = most if counted else None
        found = {*proper, *more} - {self.usual}
        self.exceptions = tuple(verdict for verdict in GLYPHS if verdict in found)

    def remarks(self, texts: Texts) -> list[str]:
        """Which prepared question it answers and who approved that, how it was checked, and the
        marks of what is an exception to that."""
        answer, remarks = self._answer, []
        if answer.prepared:
            remarks.append(texts("answers.prepared", question=answer.prepared))
        if approved := answer.approved:
            by, day = approved.organisation or approved.by, written(approved.on, texts.language)
            remarks.append(texts("answers.approved", by=by, date=day))
        _, total = confirmed(answer)
        if total or self.usual:
            remarks.append(self._counted(texts) if total else self._usual(texts))
            remarks += (
                texts("answers.marked", mark=GLYPHS[each], told=texts(f"answers.verdicts.{each}"))
                for each in self.exceptions
            )
        return remarks

    def quotes(self, number: int, words: str) -> tuple[Citation, ...]:
        """The quotes behind words (a line each): the one that has them all, else all of the number.

        Empty: there is no citation with this number.
        """
        cited = self._cited.get(number, ())
        return next(((quote,) for quote in cited if _has(words, [quote])), cited)

    def verdict(self, number: int, words: str) -> CheckVerdict:
        """How words (a line each) were checked against the quotes with a number."""
        cited = self._cited[number]
        if words.partition("\n")[0] in self._unchecked:
            return "unchecked"
        if _has(words, cited):
            return _LITERAL.get(cited[0].document.kind, "literal")
        return "row" if all(_is_row(line, cited) for line in words.splitlines()) else "supported"

    def _counted(self, texts: Texts) -> str:
        """How many of a model's sentences were found, and who has read them again; where a model
        was to do that and has not, the remark below the answer says why."""
        found, total = confirmed(self._answer)
        only_found = unchecked(self._answer)
        parts = []
        if found or not only_found:
            key = "some" if found < total else "all" if total > 1 else "one"
            parts.append(texts(f"answers.found.{key}", found=found, total=total))
        if only_found:
            parts.append(texts("answers.found.unchecked", number=only_found, total=total))
        if self._answer.checker:
            parts.append(texts("answers.found.by", model=self._answer.checker))
        elif not self._answer.unchecked:
            parts.append(texts("answers.found.by_program"))
        return " ".join(parts)

    def _usual(self, texts: Texts) -> str:
        """How most of it was checked; of summaries, what they are of."""
        cited = cited_in(self._answer.blocks, self._answer) or self._answer.citations
        summarised = dict.fromkeys(
            _FINAL.sub("", quote.document.reference)
            for quote in cited
            if quote.document.kind == "brief" and quote.document.about_form == "document"
        )
        key = f"answers.checked.{self.usual}"
        if self.usual != "literal_brief" or not all(summarised):
            return texts(key)
        if len(summarised) > 1:
            key = "answers.checked.literal_briefs"
        return texts(f"{key}_of" if summarised else key, references=", ".join(summarised))

    def _verdicts(self, *shown: Blocks) -> list[CheckVerdict]:
        found = (
            self.verdict(number, words)
            for blocks in shown
            for _, lines in marked_lines(blocks)
            for line in lines
            for _, marks in line
            for number, words in marks
            if number in self._cited
        )
        return [verdict for verdict in found if verdict != "unchecked"]


def confirmed(answer: Answer) -> tuple[int, int]:
    """How many of a model's sentences are confirmed, and how many there are."""
    claims = [sentence for sentence in sentences(answer.blocks) if sentence.is_claim]
    return sum(sentence.status == "confirmed" for sentence in claims), len(claims)


def unchecked(answer: Answer) -> int:
    """How many of a model's sentences were found and not checked."""
    return sum(sentence.is_unchecked for sentence in sentences(answer.blocks))


def languages_shown(answer: Answer, blocks: Blocks | None = None) -> list[str]:
    """The languages of blocks of an answer, most used first: those of its quotes if it has any.

    What a model says is in the answer's language, whatever its sources are in. Without blocks it
    is those of the answer proper.
    """
    shown = answer.blocks if blocks is None else blocks
    quoted = Counter(citation.document.language for citation in cited_in(shown, answer))
    if not quoted or (answer.mode == "generative" and shown == answer.blocks):
        return [answer.language]
    return [language for language, _ in quoted.most_common()]


def remarks_above(answer: Answer, texts: Texts) -> list[str]:
    """Remarks above an answer: that quotes are in another language, and that little was found."""
    remarks = []
    language, used = answer.question_language, languages_shown(answer)
    if answer.mode != "generative" and answer.is_sourced and language not in used:
        name, *names = (texts.label("languages", code) for code in (language, *used))
        remarks.append(texts("answer.other_language", language=name, languages=", ".join(names)))
    found, total = confirmed(answer)
    if 2 * (found + unchecked(answer)) < total:  # fewer than half of a model's sentences
        remarks.append(texts("answers.few_found"))
    return remarks


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


def _has(words: str, citations: Sequence[Citation]) -> bool:
    """Whether every line stands in one of the quotes, letter by letter; spaces do not count."""
    quotes = [_spaced(citation.quote) for citation in citations]
    lines = [_spaced(line) for line in words.splitlines()]
    return any(lines) and all(any(line in quote for quote in quotes) for line in lines)


def _is_row(line: str, citations: Sequence[Citation]) -> bool:
    """Whether a line is "heading: cell; heading: cell", with every cell in a quoted table."""
    tables = [_spaced(quote.quote) for quote in citations if "|" in quote.quote]
    cells = [cell.partition(": ") for cell in _spaced(line).split("; ")]
    return all(there and any(value in table for table in tables) for _, there, value in cells)


def _spaced(text: str) -> str:
    return " ".join(text.split())
