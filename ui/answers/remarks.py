"""Remarks above and below an answer: languages, what was not found, what is not in force."""

from collections import Counter

from core.answer import Answer
from core.answer_blocks import Blocks
from core.source import STEPS_BACK
from ui.answers.citations import cited_in, confirmed, unchecked
from ui.texts import Texts


def languages_shown(answer: Answer, blocks: Blocks | None = None) -> list[str]:
    """The languages of blocks of an answer, most used first: those of its quotes if it has any.

    What a model says is in the answer's language, whatever its sources are in.

    Args:
        answer: whose they are.
        blocks: some of what is folded; None: the answer proper.
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
