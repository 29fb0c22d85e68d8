"""Numbers and dates of a workbook as their formats show them, in a form that any language reads:
the day as year-month-day, a point before decimals and no separators of thousands."""

import datetime
import re
from decimal import ROUND_HALF_UP, Decimal

_TOKEN = re.compile(
    r"""
    "(?P<quoted>[^"]*)" | \\(?P<escaped>.) | \[\$(?P<currency>[^\]-]*)[^\]]*\]
    | \[[^\]]*\] | [_*].                                  # colours, conditions, gaps
    | (?P<digits>(?:[#0?][#0?,]*)?(?:\.[#0?]+)?(?<=[#0?.])) | (?P<other>.)
    """,
    re.VERBOSE,
)
_AS_WRITTEN = frozenset(" %€$£¥-+()")  # what a format need not quote
_DECIMALS = 10  # of a number without a format; more come from the computer's own arithmetic
_LARGEST = 10**15  # from here on a computer's numbers are not exact
_MOST_DECIMALS = 30  # Excel's own limit
_NOT_OF_DATES = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|am/pm|a/p')
_MINUTES = re.compile(r"(?<=h)([^a-z]*)m+|m+(?=[^a-z]*s)")


def number(value: float, code: str) -> str:
    """A number as the first part of its format, which is for positive ones, shows it.

    >>> [number(0.394, "0%"), number(1234.5, '#,##0.00 "ton"'), number(12.5, "[$€-413] 0.00")]
    ['39%', '1234.50 ton', '€ 12.50']
    >>> [number(11.6, "General"), number(1234567, "0,,"), number(2019, "0")]
    ['11.6', '1234567', '2019']
    """
    shape = _shape(code)
    if shape is None or abs(value) >= _LARGEST:
        return str(value) if isinstance(value, int) else f"{round(value, _DECIMALS):.15g}"
    before, decimals, after = shape
    exact = Decimal(str(value)) * (100 if "%" in before + after else 1)
    rounded = exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return f"{before}{rounded:f}{after}".strip()


def _shape(code: str) -> tuple[str, int, str] | None:
    """What a format writes before a number, its decimals, and what comes after; None for one that
    is not of this kind: "General", a fraction, thousands for units."""
    sides: list[str] = [""]
    decimals = 0
    for token in _TOKEN.finditer(code.partition(";")[0]):
        digits, other = token["digits"], token["other"]
        if digits:
            whole, _, places = digits.partition(".")
            if len(sides) > 1 or whole.endswith(",") or len(places) > _MOST_DECIMALS:
                return None
            decimals = len(places)
            sides.append("")
        elif other and other not in _AS_WRITTEN:
            return None
        else:
            sides[-1] += token["quoted"] or token["escaped"] or token["currency"] or other or ""
    return (sides[0], decimals, sides[1]) if len(sides) > 1 else None


def moment(value: datetime.date | datetime.time, code: str) -> str:
    """A date or time, as exact as its format shows it.

    >>> day = datetime.datetime(2017, 12, 31, 9, 30)
    >>> [moment(day, code) for code in ("dd-mm-yyyy", "mmm yyyy", "yyyy", "h:mm", "d mmm yy h:mm")]
    ['2017-12-31', '2017-12', '2017', '09:30', '2017-12-31 09:30']
    """
    plain = _NOT_OF_DATES.sub("", code.lower())
    timespec = "seconds" if "s" in plain else "minutes"
    if isinstance(value, datetime.time):
        return value.isoformat(timespec)
    day = _day(value, _MINUTES.sub(r"\1", plain))
    time = ""
    if isinstance(value, datetime.datetime) and ("h" in plain or "s" in plain):
        time = value.time().isoformat(timespec)
    return f"{day} {time}".strip() or value.isoformat()


def _day(value: datetime.date, code: str) -> str:
    """The parts of a day that a format without minutes shows."""
    if "d" in code or ("m" in code and "y" not in code):
        return f"{value:%Y-%m-%d}"
    if "y" not in code:
        return ""
    return f"{value:%Y-%m}" if "m" in code else f"{value:%Y}"
