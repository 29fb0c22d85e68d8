"""Citation recall and precision of an answer, judged by the project's own verifier.

Gao et al., "Enabling large language models to generate text with citations" (ALCE), 2023,
https://arxiv.org/abs/2305.14627, section 4.3.
"""

from collections.abc import Sequence

from chain.checking.verification import supports
from core.answer import Answer
from eval.findings import SentenceVerdict
from eval.support import claims, quotes_by_number
from vectorstore.embeddings import Embedder


def verdicts(answer: Answer, embedder: Embedder) -> tuple[SentenceVerdict, ...]:
    """One verdict per sentence of an answer; none for a refusal, which claims nothing.

    A citation is needless if it does not support the sentence alone and the others do without it.
    """
    quotes = quotes_by_number(answer)
    about = {citation.number: "\n".join(citation.headings) for citation in answer.citations}

    def supported(text: str, numbers: Sequence[int]) -> bool:
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
