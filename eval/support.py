"""Whether the sentences of an answer are supported by what they cite."""

import re
from collections.abc import Mapping, Sequence

from core.answer import Answer, Citation, by_number
from eval.answer_lines import answer_lines, plain
from eval.question_results import SentenceVerdict
from eval.tracing import cited_rows, content_words, is_right_row
from language.figures import figures
from language.sentences import sentences
from language.words import fold

# Least share of a sentence's words in quotes in its language that support it. Of a strong model's
# 139 sentences over the briefs (eval/verifier_replies/open) 98.6% have it in the passage that they
# rest on, and 3.6% in another one.
_SHARED = 0.25

_NUMBERED = re.compile(r"^\s*\d+[.)]\s+")

Claim = tuple[str, frozenset[int]]  # a sentence, and the numbers of its citations


def inexact_quotes(answer: Answer) -> tuple[str, ...]:
    """Quotes that differ from the text at their offsets in the passage."""
    texts = {passage.id: passage.text for passage in answer.passages}
    return tuple(
        citation.quote
        for citation in answer.citations
        if not citation.quote
        or texts.get(citation.passage_id, "")[citation.start : citation.end] != citation.quote
    )


def claims(answer: Answer) -> tuple[Claim, ...]:
    """Sentences of the answer and its folded blocks, with their citation numbers.

    Verbatim quoted text is one claim, whatever its punctuation; so is a row of a table. A marker
    covers the text before it in its paragraph, and the list that its sentence introduces; in a
    model's text, only the sentence before it. Labels, notes, refusals and replies claim nothing.
    """
    if not answer.is_sourced:
        return ()
    return tuple(
        claim
        for part in (answer.blocks, *answer.further)
        for line in answer_lines(part)
        if line.kind in ("paragraph", "item")
        for place, stretch in enumerate(line.stretches)
        # A list number is no figure.
        for claim in _sentences(
            _NUMBERED.sub("", stretch.text) if place == 0 else stretch.text,
            frozenset(stretch.numbers),
            answer,
        )
    )


def unsupported(answer: Answer) -> tuple[str, ...]:
    """Sentences without a marker, with the marker of no citation, or with a figure that their
    quotes lack; rows of a table with a cell under another heading than its own."""
    cited = by_number(answer.citations)
    return tuple(
        text for text, numbers in claims(answer) if not _holds(text, numbers, answer, cited)
    )


def _holds(
    text: str, numbers: frozenset[int], answer: Answer, cited: Mapping[int, Sequence[Citation]]
) -> bool:
    if not numbers or not numbers <= cited.keys():
        return False
    if (is_row := is_right_row(text, cited_rows(answer, numbers))) is not None:
        return is_row
    quotes = (citation.quote for number in sorted(numbers) for citation in cited[number])
    return figures(text) <= figures("\n".join(quotes))


def _sentences(text: str, numbers: frozenset[int], answer: Answer) -> list[Claim]:
    quotes = (citation.quote for citation in answer.citations if citation.number in numbers)
    is_quoted = any(fold(text).rstrip(".;:") in fold(plain(quote)) for quote in quotes)
    if is_quoted or is_right_row(text, cited_rows(answer, numbers)) is not None:
        return [(text, numbers)]
    spans = sentences(text, answer.language)
    parts = [text[start:end] for start, end in spans if re.search(r"\w", text[start:end])]
    earlier = frozenset() if answer.mode == "generative" else numbers
    return [*((part, earlier) for part in parts[:-1]), (parts[-1], numbers)]


def verdicts(answer: Answer) -> tuple[SentenceVerdict, ...]:
    """One verdict per sentence of an answer; none for a refusal, which claims nothing.

    A row of a table is judged cell by cell. A citation is needless if it does not support the
    sentence alone and the others do without it.
    """
    found = []
    for text, markers in claims(answer):
        numbers = tuple(sorted(markers))
        needless = tuple(
            number
            for number in numbers
            if len(numbers) > 1
            and not supports(answer, [number], text)
            and supports(answer, [other for other in numbers if other != number], text)
        )
        found.append(
            SentenceVerdict(
                text=text,
                citations=numbers,
                supported=supports(answer, numbers, text),
                needless=needless,
            )
        )
    return tuple(found)


def supports(answer: Answer, numbers: Sequence[int], sentence: str) -> bool:
    """Whether quotes of an answer together support its sentence: they, or the headings above them,
    have its figures, and one of them has it word for word, or they share enough words with it.

    Of what a model wrote in another language than it quotes only the figures can be compared,
    without asking the embedder that sentences are verified with.
    """
    if (is_row := is_right_row(sentence, cited_rows(answer, numbers))) is not None:
        return is_row
    cited = [citation for citation in answer.citations if citation.number in numbers]
    quotes = [citation.quote for citation in cited]
    headings = (heading for citation in cited for heading in citation.headings)
    if not quotes or not figures(sentence) <= figures("\n".join((*headings, *quotes))):
        return False
    if any(fold(sentence).rstrip(".;:") in fold(quote) for quote in quotes):
        return True
    if answer.mode == "generative" and {citation.document.language for citation in cited} != {
        answer.language
    }:
        return True
    words = content_words(sentence)
    return len(words & content_words("\n".join(quotes))) >= _SHARED * len(words)
