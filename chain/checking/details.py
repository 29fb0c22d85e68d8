"""Details of a sentence that its evidence lacks, in whatever language: figures, dates, names."""

from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from language.dates import MONTHS, READ, Date, has_date, written_in_part
from language.facts import Facts
from language.figures import Quantity
from language.words import PERCENT, translations, vocabulary

_STEM = 5  # letters: "strengthening" and "strengthen", "providers" and "provider"
_OWN_NAME = 6  # letters of an acronym from which it is the same in every language: EMPACT, SEESAC


class Lacking(NamedTuple):
    """Details of a claim that its evidence lacks, in normalised form."""

    exact: list[str]
    """Figures, dates and references."""
    names: list[str]
    """Names and acronyms that are the same in both."""
    likely: list[str]
    """What may be there in other words: numbers in words, names that begin a sentence, months,
    countries, acronyms in another language."""

    @property
    def all(self) -> list[str]:
        return [*self.exact, *self.names, *self.likely]


def lacking(claim: Facts, evidence: Sequence[Facts], is_name: Callable[[str], bool]) -> Lacking:
    """Names the details that a claim states and its evidence does not.

    Args:
        claim: the sentence to verify.
        evidence: its units, each with its heading and lead-in, and what is known of
            their documents (title, date, headings).
        is_name: whether a word is probably a name; of a word that begins a sentence the capital
            does not tell.
    """
    has = frozenset().union(*(unit.quantities | unit.worded for unit in evidence))
    dates = frozenset().union(*(unit.dates for unit in evidence))
    years = {int(value) for value, unit in has if not unit}
    has |= {(Decimal(year), "") for year, _, _ in dates if year}
    words = frozenset().union(*(unit.words | unit.acronyms | unit.initials for unit in evidence))
    same = {unit.language for unit in evidence} == {claim.language}
    acronyms = {name for name in claim.acronyms if not {name, *translations(name)} & words}
    own = {name for name in acronyms if same or len(name) >= _OWN_NAME}
    return Lacking(
        [
            *(
                as_detail(quantity)
                for quantity in claim.quantities
                for value, unit in [quantity]
                if not _is_among(quantity, has)
                and (unit or f"{value:f}" not in words or (value, PERCENT) in has)
            ),
            *(
                written_in_part(date, claim.language)
                for date in claim.dates
                if not has_date(dates, years, date)
            ),
            *sorted(claim.references - frozenset().union(*(unit.references for unit in evidence))),
        ],
        [
            *sorted(own),
            *(sorted(name for name in claim.names if not has_name(words, name)) if same else ()),
        ],
        [
            *(sorted(acronyms - own)),
            *_worded(claim, evidence, has),
            *(_openings(claim, words, is_name) if same else ()),
            *_of_the_calendar(claim, evidence, dates),
            *(["who speaks"] if _speaks_without(claim, evidence) else ()),
            *_countries(claim, evidence, same=same),
        ],
    )


def as_detail(quantity: Quantity) -> str:
    """A quantity as a detail: "30000000000 EUR"."""
    return f"{quantity[0]:f} {quantity[1]}".strip()


def has_name(words: Collection[str], name: str) -> bool:
    """Whether a name is among words, also with another ending: "Balkan" and "Balkans"."""
    stem = name if len(name) <= _STEM else name[:-1]
    return name in words or (len(name) >= _STEM and any(word.startswith(stem) for word in words))


def _openings(
    claim: Facts, words: Collection[str], is_name: Callable[[str], bool]
) -> Iterator[str]:
    yield from (
        name for name in sorted(claim.openings) if not has_name(words, name) and is_name(name)
    )


def _worded(claim: Facts, evidence: Sequence[Facts], has: Collection[Quantity]) -> Iterator[str]:
    if all(vocabulary(unit.language).numbers for unit in evidence):  # number words are known
        yield from (f"{value:f}" for value, _ in claim.worded if not _is_among((value, ""), has))


def _of_the_calendar(
    claim: Facts, evidence: Sequence[Facts], dates: Collection[Date]
) -> Sequence[str]:
    if not all(unit.language in READ for unit in evidence):
        return ()
    calendar = frozenset().union(*(unit.calendar for unit in evidence))
    calendar |= {MONTHS[month] for _, month, _ in dates if month in MONTHS}
    return sorted(claim.calendar - calendar)


def _speaks_without(claim: Facts, evidence: Sequence[Facts]) -> bool:
    return claim.is_of_the_speaker and not any(unit.is_of_the_speaker for unit in evidence)


def _countries(claim: Facts, evidence: Sequence[Facts], *, same: bool) -> Sequence[str]:
    """Within a language countries are names."""
    named = frozenset().union(*(unit.countries for unit in evidence))
    return sorted(claim.countries - named) if named and not same else ()


def _is_among(quantity: Quantity, others: Collection[Quantity]) -> bool:
    return any(_same(quantity, other) for other in others)


def _same(claimed: Quantity, found: Quantity) -> bool:
    """Equal value, and equal unit if both have one; a percentage never equals a plain number."""
    units = {claimed[1], found[1]}
    return claimed[0] == found[0] and (len(units) == 1 or ("" in units and PERCENT not in units))
