"""Documents and their sections, and the scope of a search.

Offsets are character offsets (Python string indices) in `SourceDocument.text`, end exclusive.
"""

import datetime
import re
from collections.abc import Collection
from typing import Literal

from core.frozen import Frozen

DocumentKind = Literal["brief", "official", "upload"]
"""This project's own summary; an official text; a document that a maintainer added."""

Summarised = Literal["document", "press_release"]
"""What a brief summarises."""

Standing = Literal["in_force", "superseded", "upcoming", "summary"]
"""Whether a document should be cited: it is in force; another replaces it; it is not in force yet;
it is a brief, and its official text is there too."""

_LONGEST_NAME = 100  # characters, about a line; titles of acts have several lines
_ACT = re.compile(r"\D{1,60}\d{1,4}/\d{1,4}(?:/[A-Z]{2,4})?\b")  # "Directive 2005/29/EC"


class DocumentInfo(Frozen):
    """The metadata to cite a document by. `id` is the same for all language versions.

    A brief is this project's own text about an official one: its `reference`, `celex`, `date` and
    `url` are those of the text that it summarises, of which `about` is the title.
    """

    id: str
    language: str  # ISO 639-1
    title: str
    reference: str = ""  # "COM(2020) 607 final"
    celex: str = ""
    date: datetime.date | None = None
    area: str = ""
    publisher: str = ""
    url: str = ""
    kind: DocumentKind = "upload"
    version: str = ""  # as the publisher names it: "final/2"
    effective_from: datetime.date | None = None  # in force from this day on; None: always
    superseded_by: str = ""  # id of the document that replaces it
    about: str = ""  # of a brief: the title of what it summarises
    about_publisher: str = ""  # of a brief: who published that
    about_form: Summarised = "document"  # of a brief: what that is
    questions_url: str = ""  # of a brief about a press release: its questions and answers
    known_as: str = ""  # a short title, where the title is long

    @property
    def key(self) -> str:
        """Identifies one language version of one document: "csa-strategy.nl"."""
        return f"{self.id}.{self.language}"

    @property
    def short_title(self) -> str:
        """A short name for lists and labels: what the document is known as, or the title, or where
        that is long the number of the act or document, or the beginning of the title.

        "REGULATION (EU) 2016/679 OF THE EUROPEAN ..." becomes "REGULATION (EU) 2016/679".
        """
        if self.known_as or len(self.title) <= _LONGEST_NAME:
            return self.known_as or self.title
        act = _ACT.match(self.title)
        cut = f"{self.title[:_LONGEST_NAME].rpartition(' ')[0]}…"
        return act[0] if act else self.reference or cut


class Section(Frozen):
    """A stretch of a document under one heading, without its subsections.

    `number` counts the sections of a document from 0, so that language versions with the same
    outline share it. `headings` is the path from the document's title down; `anchor` is the id of
    the last one in a web page ("" without one).
    """

    number: int
    headings: tuple[str, ...]
    start: int
    end: int
    anchor: str = ""


class SourceDocument(DocumentInfo):
    """A loaded source text. `sha256` is over the file's bytes.

    `page_starts` are the offsets at which its pages begin, the first included; empty in a format
    without pages. `guessed` are the fields that were inferred from the text; `unused` are names in
    its front matter that are no fields.
    """

    path: str
    sha256: str
    text: str
    sections: tuple[Section, ...]
    page_starts: tuple[int, ...] = ()
    guessed: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()

    @property
    def info(self) -> DocumentInfo:
        return DocumentInfo(**{name: getattr(self, name) for name in DocumentInfo.model_fields})


class Scope(Frozen):
    """The limits of a search; empty fields limit nothing.

    `areas` and `documents` (ids) are searched. `language` (ISO 639-1) selects source texts in it.
    `as_of` is the day of reference: documents of a later date are left out, and standings are those
    of that day.
    """

    areas: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    language: str = ""
    as_of: datetime.date | None = None

    def within(self, areas: Collection[str] | None) -> "Scope":
        """A copy with these areas, if there are any: the short form in public calls."""
        return self.model_copy(update={"areas": tuple(areas)}) if areas else self

    def admits(self, document: DocumentInfo) -> bool:
        """Whether a document is in the scope; a document without a date is, whatever the day."""
        return (
            (not self.areas or document.area in self.areas)
            and (not self.documents or document.id in self.documents)
            and self.language in ("", document.language)
            and (self.as_of is None or document.date is None or document.date <= self.as_of)
        )
