"""Checks whether an answer is the text that was asked for.

Only what shows without knowing the text: its type, that it is complete, and that it is a text, not
a form or a check for browsers.
"""

from lxml import etree, html

from core.errors import FetchError
from ingest.official.cellar import LANGUAGES
from ingest.official.client import HttpReply

SUFFIXES = {
    "application/xhtml+xml": ".xhtml",
    "text/html": ".html",
    "application/pdf": ".pdf",
}
_LEAST_TEXT = 200  # characters; the shortest annexes have more, pages that ask for a browser less


def suffix(reply: HttpReply, accept: str, language: str) -> str:
    """The suffix for the file of an answer.

    Args:
        reply: an answer 200.
        accept: the media types that were asked for.
        language: the language that was asked for (ISO 639-1).

    Raises:
        FetchError: the body is not such a text, or is incomplete.
    """
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in SUFFIXES or kind not in accept:
        raise _wrong(reply, f"{kind or 'something without a type'} instead of {accept}")
    stated = reply.headers.get("content-language", "").lower()
    languages = {tag.strip().partition("-")[0] for tag in stated.split(",")}
    if stated and languages.isdisjoint((language, LANGUAGES[language])):
        raise _wrong(reply, f"in the language {stated!r} instead of {language}")
    if not reply.body.strip():
        raise _wrong(reply, "an empty body")
    if kind == "application/pdf":
        _check_pdf(reply)
    else:
        _check_html(reply)
    return SUFFIXES[kind]


def _check_pdf(reply: HttpReply) -> None:
    if b"%PDF-" not in reply.body[:1024]:
        raise _wrong(reply, "called a PDF, but it is none")
    if b"%%EOF" not in reply.body[-2048:]:
        raise _wrong(reply, "a PDF that is cut off")


def _check_html(reply: HttpReply) -> None:
    try:
        tree = html.document_fromstring(reply.body)
    except etree.LxmlError as error:
        raise _wrong(reply, f"not readable as HTML ({error})") from None
    if tree.xpath("//form | //input[@type='password']"):
        raise _wrong(reply, "a page with a form, such as for logging in, instead of the text")
    for element in tree.xpath("//script | //style | //noscript | //head"):
        element.drop_tree()
    text = " ".join(tree.text_content().split())
    if len(text) < _LEAST_TEXT:
        raise _wrong(reply, f"a page with hardly any text ({text[:80]!r})")
    if b"</html" not in reply.body[-1024:].lower():
        raise _wrong(reply, "a page that is cut off")


def _wrong(reply: HttpReply, problem: str) -> FetchError:
    return FetchError(
        reply.url, f"the answer is {problem}", "Nothing was changed; try again later."
    )
