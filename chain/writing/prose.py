"""Incremental parser of a model's text: sentences, list items and rows of tables.

characters -> lines -> sentences, items and rows -> drafts
"""

import re
from collections.abc import Iterator

from chain.answerer import Draft
from chain.writing.item_marks import BULLET, LETTERED, NUMBERED, ItemMarks
from chain.writing.markers import closing, is_marked, plain
from chain.writing.sentence_drafts import drafts_of, says_no_answer
from chain.writing.table_rows import TableRows
from core.errors import ModelError
from language.matching import grouped
from language.sentences import is_open, sentences

_LONGEST = 2000  # characters of a sentence; a longer one is a model's runaway output
_NEAR = 300  # last characters that tell whether a sentence ends; all would take quadratic time
_WIDE = 60  # characters: a line longer than this may be wrapped

_FENCE = re.compile(r"\s*(?:```|~~~)")
_HEADING = re.compile(r"\s*#{1,6}\s+")
_ROW = re.compile(r"\s*\|")
_SEARCH = re.compile(r"\W*SEARCH\s*:\s*(.{1,300})", re.S)
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
        if any(kind.match(text) for kind in (_HEADING, _ROW, _FENCE, _SEARCH)):
            return None
        mark = (BULLET.match(text) or NUMBERED.match(text)) if self._is_fresh else None
        is_item = bool(mark) or (not self._is_fresh and self._marks.form == "item")
        said = plain(_OPEN_MARKER.sub("", text[mark.end() :] if mark else text))[0]
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
        kinds = (_HEADING, _ROW, _FENCE, _SEARCH)
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
        is_search = self._is_fresh and bool(_SEARCH.match(line))
        return not broken and bool(ended or is_next_item or is_search)

    def _give(self, text: str) -> Iterator[Draft]:
        """Yields the drafts of complete text: a sentence, item or row; several sentences if a
        quotation was never closed."""
        is_fresh, self._is_fresh = self._is_fresh, False
        if not text.strip() or _FENCE.match(text):
            return
        self.is_empty = False
        self.declines |= says_no_answer(text)
        if is_fresh and (asked := _SEARCH.match(text)):
            self.searches.append(" ".join(asked[1].split()))
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
