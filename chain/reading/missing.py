"""What a question names and nothing that was found does: figures, countries and acronyms.

Vector similarity hardly tells "reports in 2019" from "reports in 2015"; these do, in any language.
Other names and words are spelt in too many ways to say of one that it is not there.
"""

from collections.abc import Sequence

from chain.reading.evidence import Evidence, of_passage
from chain.understanding.demands import demands_of
from core.passage import ScoredPassage
from vectorstore.snapshot import Snapshot

_DIGITS = 2  # of a figure; one digit is a count, a page or part of a name


def missing(
    question: str, language: str, found: Sequence[ScoredPassage], index: Snapshot
) -> tuple[str, ...]:
    """Figures and countries that no passage found has, and acronyms that no passage of the index
    has, in the question's words and order.

    An acronym may be another in the language of the sources, so they must be in the question's.
    """
    demands = demands_of(question, language)
    everything = Evidence((of_passage(one.passage) for one in found), language)
    figures = everything.figures_missing(demands)
    acronyms = everything.names_missing(demands._replace(names=()), index.knows)
    comparable = any(one.passage.language == language for one in found)
    lacking = [
        *(one for one in figures if sum(map(str.isdigit, one)) >= _DIGITS),
        *everything.countries_missing(demands),
        *(one for one in acronyms if comparable and not index.knows(one)),
    ]
    return tuple(sorted(dict.fromkeys(lacking), key=question.find))
