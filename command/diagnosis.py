"""What a check of `strategiewijzer doctor` is, and what it finds."""

from collections.abc import Callable
from typing import Literal, NamedTuple

from core.frozen import Frozen
from core.settings import Settings

Severity = Literal["ok", "warning", "failure"]


class Finding(Frozen):
    """What a check found, and what to do about it; an error's own message says both."""

    check: str
    level: Severity = "ok"
    found: str
    remedy: str = ""


class Shortcoming(NamedTuple):
    """What is not well, and what to do about it."""

    found: str
    remedy: str
    level: Severity = "failure"


class Check(NamedTuple):
    """One check. `look` returns what is well as text, None where there is nothing to look at, and
    may raise; `remedy` is for what nobody foresaw; `late` is what it means when it takes longer
    than `seconds`."""

    name: str
    look: Callable[[Settings], Shortcoming | str | None]
    remedy: str
    seconds: Callable[[Settings], float] = lambda _: 60.0
    late: Severity = "failure"

    def finding(self, found: str, remedy: str = "", level: Severity = "ok") -> Finding:
        return Finding(check=self.name, level=level, found=found, remedy=remedy)
