"""Title and headings of a document as read, held against a list that a language model made from its
pages.

A list is YAML, named after the file with .yaml behind it:

    title: Regulation (EU) 2024/1689 laying down harmonised rules   # or a list of accepted titles
    headings: |
      ? PREAMBLE
      CHAPTER I GENERAL PROVISIONS
        Article 1 Subject matter

Headings are in order, indented by two spaces a level; a label ("Article 1", "2.1") and its title
are one heading. A heading with "? " in front is optional.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path

import yaml
from pydantic import ValidationError

from core.errors import DocumentError
from core.source import Frozen
from core.yaml_files import read_yaml
from ingest.reading.blocks import Block

LISTS = Path(__file__).parent / "headings"
_ALIKE = 0.8  # least similarity of two spellings of one heading
_OPTIONAL = "? "

# Label before a heading's title: "article 5", "hoofdstuk iii", "2 1".
_LABEL = re.compile(
    r"(?:[^\W\d]+ )?(?P<number>\d+[a-z]{0,2}(?: \d+[a-z]?)*|[ivxlcdm]+|[a-z]|premi[eè]re?)(?: |$)"
)


class Share(Frozen):
    """`right` out of `of`."""

    right: int = 0
    of: int = 0

    @property
    def value(self) -> float | None:
        return self.right / self.of if self.of else None


Part = tuple[dict[str, Share], list[str]]
"""Figures by name, and descriptions of the errors."""


@dataclass(frozen=True)
class Heading:
    """A heading and its depth; depths may start at any number."""

    text: str
    depth: int
    optional: bool = False


class Truth(Frozen):
    """Accepted titles of a document (none: unknown) and its headings, in order."""

    titles: tuple[str, ...] = ()
    headings: tuple[Heading, ...] = ()


class _List(Frozen):
    title: str | tuple[str, ...] = ()
    headings: str = ""


@dataclass(frozen=True)
class Match:
    """Index of a true heading, and range of the one or two headings read for it."""

    true: int
    first: int
    after: int


def truth_of(path: Path, lists: Path) -> Truth | None:
    """Ground truth of a document, from `lists` or from beside it; None without a list.

    Raises:
        DocumentError: the list is malformed.
    """
    places = (folder / f"{path.name}.yaml" for folder in (lists, path.parent))
    file = next((place for place in places if place.is_file()), None)
    if file is None:
        return None
    try:
        listed = _List.model_validate(read_yaml(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError) as error:
        raise DocumentError(
            file, None, f"is not a list of headings ({error})", "See docs/benchmarks.md."
        ) from error
    titles = (listed.title,) if isinstance(listed.title, str) else listed.title
    return Truth(titles=titles, headings=tuple(_headings(listed.headings)))


def title_read(title: str, truth: Truth) -> Part:
    right = is_title(title, truth)
    wrong = [] if right else [f"title: {title}"]
    return {"titles": Share(right=int(right), of=1)}, wrong


def headings_read(title: str, blocks: Sequence[Block], truth: Truth) -> Part:
    """Recall, precision and parents of headings; those that are the title, or were read as the
    title, do not count."""
    seen = [
        Heading(block.title, block.level)
        for block in blocks
        if block.kind == "heading" and not is_title(block.title, truth)
    ]
    true = truth.headings
    matches = align(true, seen)
    place = {number: match.true for match in matches for number in range(match.first, match.after)}
    required = [
        number
        for number, heading in enumerate(true)
        if not heading.optional and not is_title(heading.text, truth)
    ]
    found = [match for match in matches if match.true in required]
    wanted = sorted(set(required) - {match.true for match in found})
    free = {
        number
        for number, heading in enumerate(seen)
        if (place[number] not in required if number in place else heading.text == title)
    }
    extra = [
        heading
        for number, heading in enumerate(seen)
        if number not in place
        and number not in free
        and not any(is_label(heading, true[missed]) for missed in wanted)
    ]
    above = dict(zip(required, parents([true[number] for number in required]), strict=True))
    above_seen = parents(seen)

    def is_below_the_right_one(match: Match) -> bool:
        upper = above_seen[match.first]
        while upper in free:
            upper = above_seen[upper]
        right = above[match.true]
        return (None if right is None else required[right]) == (
            None if upper is None else place.get(upper, -1)
        )

    below = [is_below_the_right_one(match) for match in found]
    shares = {
        "recall": Share(right=len(found), of=len(required)),
        "precision": Share(right=len(found), of=len(found) + len(extra)),
        "parents": Share(right=sum(below), of=len(found)),
    }
    wrong = [
        *(f"heading not found: {true[number].text}" for number in wanted),
        *(f"no heading: {heading.text}" for heading in extra),
        *(
            f"heading in two: {true[match.true].text}"
            for match in found
            if match.after - match.first > 1
        ),
        *(
            f"heading below a wrong one: {true[match.true].text}"
            for match, right in zip(found, below, strict=True)
            if not right
        ),
    ]
    return shares, wrong


def is_title(title: str, truth: Truth) -> bool:
    """Whether a title is accepted."""
    return any(_alike(_words(title), _words(accepted)) for accepted in truth.titles)


def is_label(read: Heading, true: Heading) -> bool:
    """Whether only the label of a heading was read ("Article 1"): incomplete, but not wrong."""
    words, label, own = _parts(read.text)
    return bool(label) and not own and _parts(true.text)[0].startswith(f"{words} ")


def align(true: Sequence[Heading], read: Sequence[Heading]) -> list[Match]:
    """Longest common subsequence of true and read headings.

    A heading that was read as two, label and title, counts as found.
    """
    alike = {
        (t, r, after)
        for t, heading in enumerate(true)
        for r in range(len(read))
        for after in (r + 1, r + 2)
        if after <= len(read) and _same(heading.text, [part.text for part in read[r:after]])
    }
    best = [[0] * (len(read) + 1) for _ in range(len(true) + 1)]  # matches from (t, r) to the ends

    def count(t: int, r: int, after: int) -> int:
        return best[t + 1][after] + 1 if (t, r, after) in alike else 0

    for t in range(len(true) - 1, -1, -1):
        for r in range(len(read) - 1, -1, -1):
            best[t][r] = max(best[t + 1][r], best[t][r + 1], count(t, r, r + 1), count(t, r, r + 2))
    matches, t, r = [], 0, 0
    while t < len(true) and r < len(read):
        after = next((a for a in (r + 1, r + 2) if count(t, r, a) == best[t][r] > 0), 0)
        if after:
            matches.append(Match(t, r, after))
            t, r = t + 1, after
        elif best[t][r] == best[t + 1][r]:
            t += 1
        else:
            r += 1
    return matches


def parents(headings: Sequence[Heading]) -> list[int | None]:
    """Index of the parent of each heading; None at the top level."""
    path: list[int] = []
    found: list[int | None] = []
    for place, heading in enumerate(headings):
        path = [above for above in path if headings[above].depth < heading.depth]
        found.append(path[-1] if path else None)
        path.append(place)
    return found


def _same(true: str, read: Sequence[str]) -> bool:
    whole, label, own = _parts(true)
    if len(read) == 2:  # a label and a title, nothing else
        first = _parts(read[0])
        if first[2] or not first[1]:
            return False
    found, found_label, found_own = _parts(" ".join(read))
    if label and found_label and label != found_label:
        return False
    if label and not own:  # the list has only the label
        return (found.startswith(f"{whole} ") and not read[-1].endswith(".")) or found == whole
    pairs = [(whole, found), (own, found), (own, found_own)]
    return any(a and b and _alike(a, b) for a, b in pairs)


def _parts(text: str) -> tuple[str, str, str]:
    """Words of a heading, the number of its label, and the words behind the label."""
    words = _words(text)
    label = _LABEL.match(words)
    return (words, label["number"], words[label.end() :]) if label else (words, "", words)


def _words(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", re.sub(r"\[\^\w+\]", "", text).casefold()))


def _alike(text: str, other: str) -> bool:
    if text == other:
        return True
    if 2 * min(len(text), len(other)) < _ALIKE * (len(text) + len(other)):
        return False
    matcher = SequenceMatcher(None, text, other, autojunk=False)
    return matcher.quick_ratio() >= _ALIKE and matcher.ratio() >= _ALIKE


def _headings(text: str) -> Iterator[Heading]:
    for line in filter(str.strip, text.splitlines()):
        heading = line.strip()
        yield Heading(
            text=heading.removeprefix(_OPTIONAL),
            depth=1 + (len(line) - len(line.lstrip())) // 2,
            optional=heading.startswith(_OPTIONAL),
        )
