"""Incremental parser of a model's plain-text reply: lines, lists, tables, citation markers."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Literal

from chain.request import Draft
from core.errors import ModelError
from language.escaping import BROKEN
from language.matching import grouped
from language.sentences import is_open, sentences
from language.words import confirmed

_BULLETS = "-*•▪◦‣●○■ "
_NO_ANSWER = re.compile(r"\bNO[ _-]ANSWER\b|^\W*(?i:no[ _-]answer)\W*$|^\s*\[\s*\]\s*$")


def says_no_answer(text: str) -> bool:
    return bool(_NO_ANSWER.search(text))


def drafts_of(
    text: str, cites: Sequence[int], form: Literal["sentence", "item"]
) -> Iterator[Draft]:
    """Yields the draft of a sentence; nothing if it has no letters or says "NO ANSWER"."""
    said = _without_half_quotes(without_status(text.lstrip(_BULLETS)))
    is_said = any(character.isalpha() for character in said) and BROKEN not in said
    if is_said and not says_no_answer(said):
        numbers = dict.fromkeys(number - 1 for number in cites if number > 0)
        yield Draft(text=said, cites=tuple(numbers), form=form)


_SIGNS = "✓✔✅☑🗸🗹○°⊞\ufe0f"  # checks of any look, and the marks that answers are shown with


def without_status(text: str) -> str:
    """A model's sentence without what it says of its own check: signs before it, "Confirmed:" or
    "[confirmed]", and the latter behind it.

    >>> without_status("✔ Confirmed: It grows [confirmed].")
    'It grows.'
    """
    before, behind = _status()
    return behind.sub(r"\1", before.sub("", text, count=1))


@cache
def _status() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = rf"(?:{'|'.join(map(re.escape, confirmed()))})"
    signs = rf"[{_SIGNS}]"
    inside = rf"\s*{signs}*\s*(?:status\s*:\s*)?{words}\s*{signs}*\s*"
    bracketed = "|".join(
        rf"{re.escape(opening)}{inside}{re.escape(closing)}\s*:?"
        for opening, closing in ("[]", "()", "【】")
    )
    plainly = rf"(?:status\s*:\s*)?{words}\s*(?:[.!]?$|:(?!\s*\d)|[–—-]\s)"
    return (
        re.compile(rf"^(?:\s*(?:{signs}+|\[[xX]\]|{bracketed}|{plainly}))+\s*", re.IGNORECASE),
        re.compile(rf"\s*\[{inside}\]\s*([.!?…]*)$", re.IGNORECASE),
    )


def _without_half_quotes(text: str) -> str:
    """Strips an unpaired quotation mark at either end: the quotation spans several sentences."""
    if is_open(text) and not is_open(text[1:]):
        return text[1:]
    return text[:-1] if is_open(text) and not is_open(text[:-1]) else text


# Parses citation markers and strips markup from a model's text.


Cited = tuple[int, tuple[int, ...]]  # offset of a marker in the plain text, and its numbers
Closing = Literal["", "marker", "stop, marker", "marker, stop"]

_NUMBER = r"\^?\d{1,2}"
_NUMBERS = rf"{_NUMBER}(?:\s*[,;&–—-]\s*{_NUMBER})*"
_LABELS = "passages?|pasajes?|fragment[eyu]?|sources?|bron(?:nen)?|quellen?|fuentes?|źródł[oa]"
_LABELLED = rf"(?:(?:{_LABELS}):?\s*|#)?{_NUMBERS}"
_SQUARE = rf"(?:\[{_LABELLED}\]|\[\[{_LABELLED}\]\]|【{_LABELLED}(?:[:†][^】]{{0,80}})?】)"
_SQUARES = rf"{_SQUARE}(?:\s*[,;]?\s*{_SQUARE})*"
_RAISED = r"[⁰¹²³⁴-⁹]+(?:[ ,]+[⁰¹²³⁴-⁹]+)*"
_ROUND = rf"\({_LABELLED}\)(?:\s*[,;]?\s*\({_LABELLED}\))*"
# Superscript digits are a unit behind fewer than three letters (km²), and a power behind a number
# other than a year.
_MARK = re.compile(
    rf"\s*(?:\(\s*{_SQUARES}\s*\)|{_SQUARES}"
    rf"|(?:(?<=[^\W\d_]{{3}})|(?<=[.!?…»”)])|(?<=\b[12]\d{{3}})){_RAISED}"
    rf"|(?P<round>{_ROUND}))(?:\s+(?=[.!?…]))?",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(\d+)(?:\s*[–—-]\s*\^?(\d+))?")
_MORE = re.compile(r"(?:†|(?<=\d):)[^】]*")  # 【1†source】, 【1:0】

# A number in parentheses behind these is part of a reference: paragraph (2), lid (2), ust. (2).
_PART = re.compile(
    r"(?:\b(?:art|articles?|artike[ln]s?|artículos?|articol[oi]|artykuł\w*|para|paras|paragra\w*|par"
    r"|abs|absatz|absätzen?|nr|no|numbers?|nummers?|numéros?|números?|points?|punt|punten|punkt\w*|pkt"
    r"|ponto|lid|leden|alinea|alinéas?|ust|ustęp\w*|apartados?|comma|commi|letters?|lettera|lit|litt"
    r"|annex|annexe|bijlage|anhang|recitals?|overweging|odst|bod|чл|ал|параграф|παρ|παράγραφος"
    r"|άρθρο)\.?(?:\s*\d+[a-z]?)?|§+\s*\d*)$",
    re.IGNORECASE,
)
_STOPPED = re.compile(r"[.!?…][\"'”“»«’)\]]*$")
_REST = re.compile(r"(?P<stop>[.!?…]*)[\s\"'”“»«’)\]]*")

# Markdown and HTML, in the order in which they are stripped.
_RAISED_TAG = re.compile(rf"<sup>\s*\[?({_NUMBERS})\]?\s*</sup>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][a-z0-9]{0,9}(?:\s[^<>]{0,200})?/?>", re.IGNORECASE)
# An image, of which nothing is part of the sentence; but "It grows![1]" and "It grows![sic]".
_ALT = rf"!\[(?!{_NUMBERS}\])(?:[^\[\]]|\[[^\[\]]*\])*"
_IMAGE = re.compile(
    rf" ?(?:{_ALT}\]\((?:[^()]|\([^()]*\))*\)|(?<!\w){_ALT}\](?:\[\])?|<img\s[^<>]*>)",
    re.IGNORECASE,
)
# Behind a marker stands a point of an article: "[1](a)".
_LINK = re.compile(
    rf"(?: (?=\[\]))?\[(?!{_NUMBERS}\])([^\[\]]{{0,300}})\]"
    r"\((?:[^()\s]|\([^()\s]{0,100}\)){1,500}"
    r"(?:\s+(?:\"[^\"]{0,200}\"|'[^']{0,200}'))?\s?\)"  # with its title
)
_LINKED_MARKER = re.compile(r"(\[[\^\d,;\s–-]{1,20}\]\]?)\((?:https?:|[#./])[^()\s]{0,500}\)")
# Not within a word, as in "Bürger*innen".
_EMPHASIS = re.compile(r"(?<!\\)(?:\*\*+|~~|`+|(?<!\w)[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?!\w))")
_ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+.!|>~-])")


def plain(text: str) -> tuple[str, list[Cited]]:
    """The text in one line, without markup and markers; and the markers, with their offsets."""
    flat = _without_markup(text)
    said, cited, last = "", [], 0
    for mark in _marks(flat):
        said = f"{said}{flat[last : mark.start()]}".lstrip()
        cited.append((len(said), tuple(_numbers(mark[0]))))
        last = mark.end()
    return f"{said}{flat[last:]}".strip(), cited


def closing(text: str) -> Closing:
    """Order of full stop and marker at the end of a text; empty if it does not end with a marker. A
    number in parentheses counts as a marker only with a full stop."""
    flat = _without_markup(text)
    marks = list(_marks(flat))
    rest = _REST.fullmatch(flat, marks[-1].end()) if marks else None
    if rest is None:
        return ""
    if rest["stop"]:
        return "marker, stop"
    if _STOPPED.search(flat[: marks[-1].start()].rstrip()):
        return "stop, marker"
    return "" if marks[-1]["round"] else "marker"


def is_marked(text: str) -> bool:
    """Whether a text begins with a marker, other than a number in parentheses."""
    first = next(_marks(_without_markup(text)), None)
    return first is not None and first.start() == 0 and not first["round"]


def _without_markup(text: str) -> str:
    flat = " ".join(text.split())
    flat = _RAISED_TAG.sub(r"[\1]", flat)
    flat = _IMAGE.sub("", flat)
    flat = _TAG.sub(lambda tag: " " if tag[0][1:3].lower() == "br" else "", flat)
    flat = _LINKED_MARKER.sub(r"\1", flat)
    flat = _LINK.sub(r"\1", flat)
    flat = _EMPHASIS.sub("", flat)
    return _ESCAPED.sub(r"\1", flat).strip()


def _marks(flat: str) -> Iterator[re.Match[str]]:
    for match in _MARK.finditer(flat):
        if not match["round"] or _cites(match, flat):
            yield match


def _cites(match: re.Match[str], flat: str) -> bool:
    """Whether numbers in parentheses are a citation: at the end of a sentence, not part of a
    reference ("paragraph (2)"), and not in an item of a numbered list."""
    start = match.start("round")
    before, after = flat[:start].rstrip(), flat[match.end() :].lstrip()
    if not before or _PART.search(before) or re.match(r"\W*\(\d", flat):
        return False
    at_end = flat[start - 1] == " " and after[:1] in (*".!?…:", "")
    return at_end or _STOPPED.search(before) is not None


def _numbers(mark: str) -> Iterator[int]:
    figures = _MORE.sub("", unicodedata.normalize("NFKC", mark))
    for match in _RANGE.finditer(figures):
        yield from range(int(match[1]), int(match[2] or match[1]) + 1)


# Bullets, numbers and letters of list items in a model's text.


BULLET = re.compile(r"\s*(?:[•▪◦‣●○■]\s*|[-*+–—]\s+)(?:\[[ xX]\]\s+)?")
NUMBERED = re.compile(r"\s*(?:\*\*)?(?:(\d{1,2})[.)]|\((\d{1,2})\))(?:\*\*)?\s+")
LETTERED = re.compile(r"\s*\(?(?:[a-z]|[ivx]{2,4})\)\s+")
_DATE = re.compile(r"\w+\.?\s+[12]\d{3}")  # behind a day: "1. Juli 2020" is no item


class ItemMarks:
    """Tells items from sentences, line by line: a number is an item's if it follows the last."""

    def __init__(self) -> None:
        self.form: Literal["sentence", "item"] = "sentence"  # of the line
        self._number = 0  # of the last numbered item

    def without(self, text: str, *, is_fresh: bool) -> str:
        """Strips the bullet or number of an item, and sets the form of the line."""
        numbered = NUMBERED.match(text)
        number = int(numbered[1] or numbered[2]) if numbered else 0
        begins = is_fresh and number == 1
        follows = number == self._number + 1 and (is_fresh or self.form == "item")
        is_item = numbered and (begins or follows)
        if numbered and is_item and (numbered[2] or not _DATE.match(text, numbered.end())):
            self.form, self._number = "item", number
            return text[numbered.end() :]
        mark = (BULLET.match(text) or LETTERED.match(text)) if is_fresh else None
        if is_fresh:
            self.form = "item" if mark else "sentence"
        return text[mark.end() :] if mark else text


# Rows of the tables in a model's text, as items.


_CELLS = re.compile(r"(?<!\\)\|")
_RULE = re.compile(r"[\s|:-]+")  # below the header of a table


class TableRows:
    """Parses one table after another, row by row."""

    def __init__(self) -> None:
        self._head: Sequence[str] = ()  # header of the current table
        self._first = ""  # row of a table, until the second shows whether it is the header

    def row(self, text: str) -> Iterator[Draft]:
        """Yields the draft of a row, and of the first if this one shows that it is no header."""
        if not self._head and not self._first:
            self._first = text
        elif self._first and _RULE.fullmatch(text):
            self._head, self._first = [cell for cell, _ in _cells(self._first)], ""
        else:
            yield from self.first_row()
            yield from _row_draft(self._head, text)

    def first_row(self) -> Iterator[Draft]:
        """Yields the first row of a table that turns out to have no header."""
        if self._first:
            row, self._first = self._first, ""
            self._head = [""] * len(_cells(row))
            yield from _row_draft(self._head, row)

    def end(self) -> Iterator[Draft]:
        """Yields what the end of the table completes."""
        yield from self.first_row()
        self._head = ()


def _cells(row: str) -> list[tuple[str, list[int]]]:
    """Text and cited passage numbers of each cell of a row."""
    cells = _CELLS.split(row.strip().removeprefix("|").removesuffix("|"))
    return [
        (said, [one for _, numbers in cited for one in numbers])
        for said, cited in map(plain, cells)
    ]


def _row_draft(head: Sequence[str], row: str) -> Iterator[Draft]:
    """A table row in the form of the sources' rows: "weapon: revolver; number: 102"."""
    cells = _cells(row)
    names = [*head, *[""] * len(cells)]
    told = [
        f"{name}: {said}" if name else said
        for name, (said, _) in zip(names, cells, strict=False)
        if said
    ]
    yield from drafts_of("; ".join(told), [one for _, cites in cells for one in cites], "item")


# Incremental parser of a model's text: sentences, list items and rows of tables.


_LONGEST = 2000  # characters of a sentence; a longer one is a model's runaway output
_NEAR = 300  # last characters that tell whether a sentence ends; all would take quadratic time
_WIDE = 60  # characters: a line longer than this may be wrapped

_FENCE = re.compile(r"\s*(?:```|~~~)")
_HEADING = re.compile(r"\s*#{1,6}\s+")
_ROW = re.compile(r"\s*\|")
_GAP = re.compile(r"\W*(?P<kind>SEARCH|NOT STATED)\s*:\s*(?P<said>.{1,300})", re.S)
_QUOTED = re.compile(r"^\s*(?:>\s*)+")
_IN_PARENTHESES = re.compile(r"\(\d{1,2}\)")
_ENDED = re.compile(r"[.!?…:;;][\"'”“»«’)\]]*$")
_WHOLE = re.compile(r"[.!?…][\"'”“»«’)\]]*$")
# Cheap checks of the buffer's end, before the thorough ones.
_MAY_END = re.compile(r"[.!?…;;][^\w\s]*(?:\s*[\[【(][^\[【(]*)?\s*$")
_MAY_CLOSE = re.compile(r"[\]】)>⁰¹²³⁴-⁹][\s.!?…\"'”“»«’)\]*_`~]*$")
_LAST_WORD = re.compile(r"(?<!\S)(?:" + grouped(r"\s") + r"|\S+)$")  # 725 000 is one
_OPEN_IMAGE = re.compile(r"!\[[^\[\]]*(?:\]\((?:[^()]|\([^()]*\))*)?$")
_OPEN_MARKER = re.compile(r"[\[【(][^\]】)\n]{0,40}$")

_GOES_ON = ".!?…,;:)]】}" + "[【(<\\*_~`|"  # the latter begin a marker or markup
_QUOTES = "\"'”“„»«’‘"
_JOINS = "-–—/%&+="


class Prose:
    """Parses text with markers; yields a draft once its sentence is complete.

    It reads character by character, so the sizes of the pieces make no difference.

    Raises (while iterating):
        ModelError: a sentence does not end.
    """

    def __init__(self, language: str) -> None:
        self.is_empty = True  # nothing but white space and code fences so far
        self.declines = False  # the text says that there is no answer
        self.searches: list[str] = []  # that it asks for
        self.not_stated: list[str] = []  # of the question
        self._language = language
        self._waiting = ""  # the buffer; may have a line, its end, and the beginning of the next
        self._is_fresh = True  # the buffer begins a line
        self._marks = ItemMarks()
        self._is_bare = False  # the last item ended without full stop or marker
        self._table = TableRows()

    @property
    def waiting(self) -> str:
        """The last line of the buffer."""
        return self._waiting.rpartition("\n")[2]

    @property
    def at_line_start(self) -> bool:
        return not self.waiting.strip() and (self._is_fresh or "\n" in self._waiting)

    def open_draft(self, text: str) -> Draft | None:
        """The draft of a sentence that has not ended, given what has arrived of it."""
        if any(kind.match(text) for kind in (_HEADING, _ROW, _FENCE, _GAP)):
            return None
        mark = (BULLET.match(text) or NUMBERED.match(text)) if self._is_fresh else None
        is_item = bool(mark) or (not self._is_fresh and self._marks.form == "item")
        said = plain(_OPEN_MARKER.sub("", text[mark.end() :] if mark else text))[0]
        said = without_status(said)
        return Draft(said, (), "item" if is_item else "sentence", is_open=True) if said else None

    def forget(self) -> None:
        """Clears the buffer."""
        self._waiting, self._is_fresh = "", True

    def feed(self, text: str) -> Iterator[Draft]:
        """Yields the drafts that further text completes."""
        for character in text:
            yield from self._take(character)

    def end_line(self) -> Iterator[Draft]:
        """Yields the drafts of the buffer, which the caller knows to be complete."""
        yield from self.feed("\n\n")
        yield from self._table.first_row()

    def close(self, *, broken: bool) -> Iterator[Draft]:
        """Yields the drafts that the end of the text completes; never half a sentence.

        Args:
            broken: the text broke off: only a marker or a line end then closes a sentence.
        """
        before, _, line = self._waiting.rpartition("\n")
        self.declines |= says_no_answer(line)
        self.is_empty &= not before.strip() and (not line.strip() or bool(_FENCE.match(line)))
        if not line.strip() or self._is_whole(line, broken=broken):
            yield from self.end_line()
        elif before and not self._goes_on(before, line):
            yield from self._give_line(before, line)
        word = _LAST_WORD.search(self._waiting)
        if word and self._ends(self._waiting[: word.start()], word[0]):
            yield from self._give(self._waiting[: word.start()])
        yield from self._table.first_row()
        self.forget()

    def _take(self, character: str) -> Iterator[Draft]:
        self._waiting += character
        if len(self._waiting) > _LONGEST:
            raise ModelError(f"The model wrote a sentence of more than {_LONGEST} characters.")
        before, _, line = self._waiting.partition("\n")
        if line:
            if not _tells(line):
                return
            if self._goes_on(before, line):
                self._waiting = f"{before} {line}"
            else:
                yield from self._give_line(before, line)
        yield from self._give_sentence(character)
        if character == "\n":
            line = self._waiting[:-1]
            if not line.strip() or self._is_undivided() or closing(line):
                yield from self._give_line(line, "")

    def _give_line(self, line: str, rest: str) -> Iterator[Draft]:
        """Yields the drafts of a line; keeps `rest`, the beginning of the next, in the buffer."""
        yield from self._give(line)
        self._waiting, self._is_fresh = rest, True

    def _give_sentence(self, character: str) -> Iterator[Draft]:
        """Yields the sentence that ends before the word that `character` ends or begins."""
        text = self._waiting[:-1]
        if _OPEN_IMAGE.search(text[-_NEAR:]):
            return
        if character.isspace():
            word = _LAST_WORD.search(text)
            if word and self._ends(text[: word.start()], word[0]):
                yield from self._give(text[: word.start()])
                self._waiting = word[0] + character
        elif _MAY_CLOSE.search(text[-_NEAR:]) and self._opens_another(text, character):
            yield from self._give(text)
            self._waiting = character

    def _is_undivided(self) -> bool:
        """Whether the line is not split into sentences: a heading, table row or code fence."""
        kinds = (_HEADING, _ROW, _FENCE, _GAP)
        return self._is_fresh and any(kind.match(self._waiting) for kind in kinds)

    def _ends(self, before: str, word: str) -> bool:
        """Whether a sentence ends between `before` and `word`."""
        near = before[-_NEAR:]
        if not _MAY_END.search(near) or self._is_undivided():
            return False
        text, next_word = plain(near)[0], plain(word)[0]
        if not next_word or _OPEN_MARKER.match(word) or not _ENDED.search(text):
            return False
        if _IN_PARENTHESES.match(next_word):  # a marker, or the next item of a list
            return bool(_IN_PARENTHESES.match(before.lstrip()))
        spans = sentences(f"{text} {next_word}", self._language)
        return spans[-1][0] > len(text) and not is_open(before)

    def _opens_another(self, before: str, character: str) -> bool:
        """Whether a character begins a new sentence behind one that a marker closed."""
        is_raised = character.isdigit() and not character.isdecimal()
        if is_raised or character in _GOES_ON or self._is_undivided():
            return False
        if character in _QUOTES and not before[-1].isspace():
            return False
        ended, text = closing(before), plain(before)[0]
        if not ended or not text:
            return False
        if ended == "stop, marker" and character.islower():  # "etc. [1] and more"
            return self._ends(text, "A")
        return ended != "marker" or not (character.islower() or character in _JOINS)

    def _goes_on(self, before: str, line: str) -> bool:
        """Whether a line continues the sentence before it: it begins with its marker; or the
        sentence has no end, and a small letter, a figure or a full line shows that it goes on."""
        if not before.strip():
            return False
        if is_marked(line):
            return not is_marked(before)
        first = line.lstrip()[:1]
        is_item = NUMBERED.match(line) or LETTERED.match(line)
        is_full = first.isalpha() and len(before) > _WIDE
        return (
            (first.islower() or first.isdecimal() or is_full)
            and not is_item
            and not _ENDED.search(plain(before)[0])
        )

    def _is_whole(self, line: str, *, broken: bool) -> bool:
        if closing(line):
            return True
        is_next_item = self._is_bare and self._is_fresh and bool(BULLET.match(line))
        ended = _WHOLE.search(plain(line)[0]) or _FENCE.match(line) or line.rstrip().endswith("|")
        is_search = self._is_fresh and bool(_GAP.match(line))
        return not broken and bool(ended or is_next_item or is_search)

    def _give(self, text: str) -> Iterator[Draft]:
        """Yields the drafts of complete text: a sentence, item or row; several sentences if a
        quotation was never closed."""
        is_fresh, self._is_fresh = self._is_fresh, False
        if not text.strip() or _FENCE.match(text):
            return
        self.is_empty = False
        self.declines |= says_no_answer(text)
        if is_fresh and (gap := _GAP.match(text)):
            listed = self.searches if gap["kind"] == "SEARCH" else self.not_stated
            listed.append(" ".join(gap["said"].split()).rstrip(" .;"))
            return
        if is_fresh:
            text = _QUOTED.sub("", text)
            if _ROW.match(text):
                yield from self._table.row(text)
                return
            yield from self._table.end()
        said, cited = plain(_HEADING.sub("", self._marks.without(text, is_fresh=is_fresh)))
        if _HEADING.match(text) and not cited:
            return
        self._is_bare = self._marks.form == "item" and not (cited or _WHOLE.search(said))
        spans = sentences(said, self._language)
        for number, (start, end) in enumerate(spans):
            first = start if number else -1  # a marker may precede the first sentence
            after = spans[number + 1][0] if number + 1 < len(spans) else len(said) + 1
            cites = [one for place, numbers in cited if first < place < after for one in numbers]
            yield from drafts_of(said[start:end], cites, self._marks.form)


def _tells(line: str) -> bool:
    """Whether enough of a line has arrived to decide whether it continues the one before."""
    begun = line.lstrip(" \t")
    return begun[:1].isupper() or (begun[-1:].isspace() and not _OPEN_MARKER.match(begun))
