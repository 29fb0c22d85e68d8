"""An address that leads to a quote in a web page: a text fragment.

https://example.org/page#:~:text=first%20words,last%20words

Browsers look for the words, scroll to them and mark them; where they are not found, the page opens
at its top. Case and rows of spaces do not count. https://wicg.github.io/scroll-to-text-fragment/
"""

import re
from urllib.parse import quote as percent_encoded
from urllib.parse import urlsplit

_WORDS = 12  # a longer quote is told by its ends, which together have as many
_END = 6  # words of each end; fewer may stand elsewhere in the page as well
# Files in which a browser does not search; EUR-Lex has the form in the path ("/TXT/PDF/").
_NO_PAGE = re.compile(r"/pdf/|\.(?:pdf|docx?|odt|rtf|pptx?|odp|xlsx?|ods|epub|zip)$", re.IGNORECASE)
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d{1,3}[.)])\s+")  # what a browser does not show as text


def at_quote(url: str, quote: str) -> str:
    """The address of a page, at a quote in it.

    Words that stand in one block of the page are found as a whole; a quote of several lines, such
    as a list, or a long one is told by its first and last words. Without the quote where the page
    cannot be searched for it: in a PDF, or for a row of a table, which has no such signs there.
    """
    lines = [words for line in quote.splitlines() if (words := _ITEM.sub("", line).split())]
    if not url or not lines or "|" in quote or _NO_PAGE.search(urlsplit(url).path):
        return url
    ends = [lines[0]]
    if len(lines) > 1 or len(lines[0]) > _WORDS:
        ends = [lines[0][:_END], lines[-1][-_END:]]
    directive = ",".join(_encoded(" ".join(words)) for words in ends)
    return f"{url}{'' if '#' in url else '#'}:~:text={directive}"


def leads_to_words(url: str) -> bool:
    """Whether an address is one at a quote."""
    return ":~:text=" in url


def _encoded(words: str) -> str:
    """UTF-8 in percents. "-" is part of the syntax as well, though no address needs it encoded."""
    return percent_encoded(words, safe="").replace("-", "%2D")
