"""What is said of a citation wherever it is shown: its place, its pages, its section."""

from collections.abc import Iterable
from typing import Literal

from core.types import Answer, Citation, Kind
from ui.texts import Texts

Verdict = Literal["literal", "literal_brief", "literal_official", "supported"]
"""What the check of a sentence found: it stands in its source letter by letter ("literal"), which
is a summary by this project or an official text; or it is a model's, and its source says so
("supported"). `answers.verdicts` in ui/texts has the words for it."""


def anchors(answer: Answer, prefix: str) -> dict[int, str]:
    """The place in the page where each citation of an answer is shown."""
    return {citation.number: f"{prefix}-{citation.number}" for citation in answer.citations}


def numbers(citations: Iterable[Citation]) -> str:
    """For example "[1] [3]"."""
    return " ".join(f"[{citation.number}]" for citation in citations)


def pages(citations: Iterable[Citation], texts: Texts) -> str:
    """Where the quotes stand, each page or range once; empty where there are no pages."""
    listed = ", ".join(dict.fromkeys(c.page_range for c in citations if c.page_range))
    return texts("sources.page", page=listed) if listed else ""


def section(citation: Citation) -> str:
    """The heading path of a citation below its document's title."""
    return " › ".join(name for name in citation.headings if name != citation.document.title)


def is_literal(sentence: str, quote: str) -> bool:
    """Whether a sentence of an answer stands in a quote, letter by letter; spaces do not count."""
    words = " ".join(sentence.split())
    return bool(words) and words in " ".join(quote.split())


def verdict(sentence: str, citation: Citation) -> Verdict:
    """What the check of a sentence with this citation found; whoever wrote it."""
    if not is_literal(sentence, citation.quote):
        return "supported"
    by_kind: dict[Kind, Verdict] = {"brief": "literal_brief", "official": "literal_official"}
    return by_kind.get(citation.document.kind, "literal")
