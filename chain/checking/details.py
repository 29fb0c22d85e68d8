"""Detail check: what a sentence states exactly, its evidence must have, in whatever language.

facts of a sentence + facts of its evidence (language/facts.py) -> what is lacking or doubtful

The comparison is strict: withholding a sentence costs less than showing a wrong one.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from decimal import Decimal

from language.calendar_names import MONTHS, READ
from language.countries import countries
from language.cues import cues_of
from language.dates import Date, has_date
from language.facts import Facts
from language.quantities import Quantity
from language.vocabulary import PERCENT, translations, vocabulary

_STEM = 5  # letters: "strengthening" and "strengthen", "providers" and "provider"


def lacking(claim: Facts, said: Sequence[Facts], about: Sequence[Facts]) -> list[str]:
    """Details of a claim that its evidence lacks, in normalised form.

    Args:
        claim: the sentence to verify.
        said: the quoted units, best first, each with its heading and lead-in.
        about: metadata of their documents (title, publisher, headings). It may supply names, but no
            figures, dates or references: a reader would not find those in the quotes.
    """
    has = frozenset().union(*(one.quantities | one.worded for one in said))
    dates = frozenset().union(*(one.dates for one in said))
    years = {int(value) for value, unit in has if not unit}
    has |= {(Decimal(year), "") for year, _, _ in dates if year}
    demanded = set(claim.quantities)
    if all(vocabulary(one.language).numbers for one in said):  # number words are known
        demanded |= claim.worded
    words = frozenset().union(*(one.words | one.acronyms for one in (*said, *about)))
    countries = frozenset().union(*(one.countries for one in (*said, *about)))
    calendar = frozenset().union(*(one.calendar for one in said))
    calendar |= {MONTHS[month] for _, month, _ in dates if month in MONTHS}
    dates_are_read = all(one.language in READ for one in said)
    spoken = any(one.is_of_the_speaker for one in said)
    same = {one.language for one in said} == {claim.language}
    return [
        *(f"{one[0]:f} {one[1]}".strip() for one in demanded if not _is_among(one, has)),
        *(_written(one) for one in claim.dates if not has_date(dates, years, one)),
        *sorted(claim.references - frozenset().union(*(one.references for one in said))),
        *(one for one in sorted(claim.acronyms) if not {one, *translations(one)} & words),
        *(sorted(claim.names - words) if same else ()),
        *(sorted(claim.calendar - calendar) if dates_are_read else ()),
        *(["who speaks"] if claim.is_of_the_speaker and not spoken else ()),
        *(sorted(claim.countries - countries) if countries and not same else ()),
    ]


def doubtful(claim: Facts, said: Sequence[Facts]) -> list[str]:
    """Details of a claim that its best unit does not bear out: a date or reference that only
    another unit has, a negation that the evidence lacks, or one that the claim lacks.

    Args:
        claim: the sentence to verify.
        said: the quoted units, best first, each with its heading and lead-in.
    """
    first = said[0]
    years = {int(value) for value, unit in first.quantities if not unit}
    found = [_written(one) for one in claim.dates if not has_date(first.dates, years, one)]
    found += sorted(claim.references - first.references)
    if claim.denies and not any(one.denies for one in said):
        found.append("that it denies")
    if first.denies and not claim.denies:
        found.append("that it does not deny")
    return found


def with_opening_names(
    claim: Facts, said: Sequence[Facts], about: Sequence[Facts], is_name: Callable[[str], bool]
) -> Facts:
    """A claim whose names include those that begin its sentences.

    A word that shares its beginning with one of the evidence is a form of that, and no name.
    """
    words = frozenset().union(*(one.words | one.acronyms for one in (*said, *about)))
    stems = {word[:_STEM] for word in words}
    opening = {name for name in claim.openings if name[:_STEM] not in stems and is_name(name)}
    return replace(claim, names=claim.names | opening)


def unexplained_names(
    claim: Facts, said: Sequence[Facts], about: Sequence[Facts]
) -> frozenset[str]:
    """Names in a claim that evidence in another language lacks in this form, so that only a
    translation could support them; without countries and names that every document has."""
    words = frozenset().union(*(one.words | one.acronyms for one in (*said, *about)))
    common = frozenset(cues_of(claim.language).common)
    return frozenset(
        name
        for name in claim.names - words - common
        if not countries(name.capitalize(), claim.language)
    )


def _is_among(one: Quantity, others: Collection[Quantity]) -> bool:
    return any(_same(one, other) for other in others)


def _written(date: Date) -> str:
    return "-".join(str(part) for part in date if part)


def _same(claimed: Quantity, found: Quantity) -> bool:
    """Equal value, and equal unit if both have one; a percentage never equals a plain number."""
    units = {claimed[1], found[1]}
    return claimed[0] == found[0] and (len(units) == 1 or ("" in units and PERCENT not in units))
