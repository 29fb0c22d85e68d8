"""What a question names and nothing that was found does: figures and countries.

Vector similarity hardly tells "reports in 2019" from "reports in 2015"; these do, in any language.
Other names and words are spelt in too many ways to say of one that it is not there.
"""

from collections.abc import Iterator, Sequence

from chain.reading.evidence import Evidence, LanguageText, of_passage
from chain.understanding.demands import demands_of
from core.passage import ScoredPassage

_DIGITS = 2  # of a figure; one digit is a count, a page or part of a name


def missing(question: str, language: str, found: Sequence[ScoredPassage]) -> tuple[str, ...]:
    """Figures and countries that no passage found has, with its document and date, in the
    question's words and order; a small letter is a language's ("en français")."""
    demands = demands_of(question, language)
    everything = Evidence(_texts(found), language)
    figures = everything.figures_missing(demands)
    lacking = [
        *(one for one in figures if sum(map(str.isdigit, one)) >= _DIGITS),
        *(one for one in everything.countries_missing(demands) if one[0].isupper()),
    ]
    return tuple(sorted(dict.fromkeys(lacking), key=question.find))


def _texts(found: Sequence[ScoredPassage]) -> Iterator[LanguageText]:
    for one in found:
        yield of_passage(one.passage)
        yield LanguageText(str(one.passage.document.date or ""), one.passage.language)
