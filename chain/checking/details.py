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
    """Details of a claim that its evidence lacks, in normalised form.

    exact: figures, dates and references.
    names: names and acronyms that are the same in both.
    likely: what may be there in other words: numbers in words, names that begin a sentence, months,
        countries, acronyms in another language.
    """

    exact: list[str]
    names: list[str]
    likely: list[str]

    @property
    def all(self) -> list[str]:
        return [*self.exact, *self.names, *self.likely]


def lacking(claim: Facts, said: Sequence[Facts], is_name: Callable[[str], bool]) -> Lacking:
    """Names the details that a claim states and its evidence does not.

    Args:
        claim: the sentence to verify.
        said: the units of its evidence, each with its heading and lead-in, and what is known of
            their documents (title, date, headings).
        is_name: whether a word is probably a name; of a word that begins a sentence the capital
            does not tell.
    """
    has = frozenset().union(*(one.quantities | one.worded for one in said))
    dates = frozenset().union(*(one.dates for one in said))
    years = {int(value) for value, unit in has if not unit}
    has |= {(Decimal(year), "") for year, _, _ in dates if year}
    words = frozenset().union(*(one.words | one.acronyms | one.initials for one in said))
    same = {one.language for one in said} == {claim.language}
    acronyms = {one for one in claim.acronyms if not {one, *translations(one)} & words}
    own = {one for one in acronyms if same or len(one) >= _OWN_NAME}
    return Lacking(
        [
            *(
                as_detail(one)
                for one in claim.quantities
                for value, unit in [one]
                if not _is_among(one, has)
                and (unit or f"{value:f}" not in words or (value, PERCENT) in has)
            ),
            *(
                written_in_part(one, claim.language)
                for one in claim.dates
                if not has_date(dates, years, one)
            ),
            *sorted(claim.references - frozenset().union(*(one.references for one in said))),
        ],
        [
            *sorted(own),
            *(sorted(one for one in claim.names if not has_name(words, one)) if same else ()),
        ],
        [
            *(sorted(acronyms - own)),
            *_worded(claim, said, has),
            *(_openings(claim, words, is_name) if same else ()),
            *_of_the_calendar(claim, said, dates),
            *(["who speaks"] if _speaks_without(claim, said) else ()),
            *_countries(claim, said, same=same),
        ],
    )


def as_detail(one: Quantity) -> str:
    """A quantity as a detail: "30000000000 EUR"."""
    return f"{one[0]:f} {one[1]}".strip()


def has_name(words: Collection[str], name: str) -> bool:
    """Whether a name is among words, also with another ending: "Balkan" and "Balkans"."""
    stem = name if len(name) <= _STEM else name[:-1]
    return name in words or (len(name) >= _STEM and any(word.startswith(stem) for word in words))


def _openings(
    claim: Facts, words: Collection[str], is_name: Callable[[str], bool]
) -> Iterator[str]:
    yield from (one for one in sorted(claim.openings) if not has_name(words, one) and is_name(one))


def _worded(claim: Facts, said: Sequence[Facts], has: Collection[Quantity]) -> Iterator[str]:
    if all(vocabulary(one.language).numbers for one in said):  # number words are known
        yield from (f"{value:f}" for value, _ in claim.worded if not _is_among((value, ""), has))


def _of_the_calendar(claim: Facts, said: Sequence[Facts], dates: Collection[Date]) -> Sequence[str]:
    if not all(one.language in READ for one in said):
        return ()
    calendar = frozenset().union(*(one.calendar for one in said))
    calendar |= {MONTHS[month] for _, month, _ in dates if month in MONTHS}
    return sorted(claim.calendar - calendar)


def _speaks_without(claim: Facts, said: Sequence[Facts]) -> bool:
    return claim.is_of_the_speaker and not any(one.is_of_the_speaker for one in said)


def _countries(claim: Facts, said: Sequence[Facts], *, same: bool) -> Sequence[str]:
    """Within a language countries are names."""
    named = frozenset().union(*(one.countries for one in said))
    return sorted(claim.countries - named) if named and not same else ()


def _is_among(one: Quantity, others: Collection[Quantity]) -> bool:
    return any(_same(one, other) for other in others)


def _same(claimed: Quantity, found: Quantity) -> bool:
    """Equal value, and equal unit if both have one; a percentage never equals a plain number."""
    units = {claimed[1], found[1]}
    return claimed[0] == found[0] and (len(units) == 1 or ("" in units and PERCENT not in units))
