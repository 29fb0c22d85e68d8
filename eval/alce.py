"""Citation recall and precision of an answer, judged by figures and cosine.

Gao et al., "Enabling large language models to generate text with citations" (ALCE), 2023,
https://arxiv.org/abs/2305.14627, section 4.3.
"""

from collections.abc import Sequence

from chain.checking.verification import closeness
from core.answer import Answer
from eval.cited_rows import cited_rows, is_right_row
from eval.findings import SentenceVerdict
from eval.support import claims, quotes_by_number
from language.matching import fold
from language.quantities import figures
from vectorstore.embeddings import Embedder

# Least cosine of a sentence and quotes that support it. On the briefs, 99% of units and their
# translations are above 0.878, and 95% of units and other units of their section below 0.857.
_CLOSE = 0.86


def verdicts(answer: Answer, embedder: Embedder) -> tuple[SentenceVerdict, ...]:
    """One verdict per sentence of an answer; none for a refusal, which claims nothing.

    A row of a table is judged cell by cell. A citation is needless if it does not support the
    sentence alone and the others do without it.
    """
    quotes = quotes_by_number(answer)
    about = {citation.number: "\n".join(citation.headings) for citation in answer.citations}

    def supported(text: str, numbers: Sequence[int]) -> bool:
        if (is_row := is_right_row(text, cited_rows(answer, numbers))) is not None:
            return is_row
        cited = [number for number in numbers if number in quotes]
        return supports(
            text,
            [quote for number in cited for quote in quotes[number]],
            "\n".join(about[number] for number in cited),
            embedder,
        )

    found = []
    for text, markers in claims(answer):
        numbers = tuple(sorted(markers))
        needless = tuple(
            number
            for number in numbers
            if len(numbers) > 1
            and not supported(text, [number])
            and supported(text, [other for other in numbers if other != number])
        )
        found.append(
            SentenceVerdict(
                text=text,
                citations=numbers,
                supported=supported(text, numbers),
                needless=needless,
            )
        )
    return tuple(found)


def supports(sentence: str, quotes: Sequence[str], about: str, embedder: Embedder) -> bool:
    """Whether quotes together support a sentence, by figures and cosine; in any language.

    They, or `about` (such as their headings), must have its figures, and a quote or all quotes
    joined must have its words or be near to it. `embedder` must be the local one, for which the
    limit holds.
    """
    if not quotes or not figures(sentence) <= figures("\n".join((about, *quotes))):
        return False
    if any(fold(sentence).rstrip(".;:") in fold(quote) for quote in quotes):
        return True
    return closeness([sentence], quotes, embedder)[0] >= _CLOSE
