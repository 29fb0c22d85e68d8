"""Documents as HTML: what is known about them, and their text to read."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from core.matching import fold
from core.types import Passage, Standing
from ui.addresses import place_of
from ui.markup import escape
from ui.texts import Texts
from vectorstore.manifest import DocumentEntry

_PATH = " › "
_LISTED = 3  # passages of a document in a list of hits


def matches(passages: Iterable[Passage], words: str) -> dict[str, list[Passage]]:
    """The passages that have all these words in their title, headings or text, by document id.

    Parts of words count; case, figures' grouping and quotation marks do not (`core.matching.fold`).
    """
    wanted = fold(words).split()
    found: dict[str, list[Passage]] = {}
    for passage in passages if wanted else ():
        text = fold(f"{passage.document.title} {passage.document.reference} {passage.context()}")
        if all(word in text for word in wanted):
            found.setdefault(passage.document.id, []).append(passage)
    return found


def facts_html(
    versions: Iterable[DocumentEntry],
    entry: DocumentEntry,
    standings: Mapping[str, Standing],
    texts: Texts,
) -> str:
    """One line about a document: kind, reference, date, area, languages, passages, standing."""
    document = entry.info
    languages = [texts.label("languages", version.info.language) for version in versions]
    standing = standings.get(entry.key)
    facts = (
        texts.label("kinds", document.kind),
        document.reference,
        document.version,
        texts.date(document.date) if document.date else "",
        texts.label("areas", document.area),
        ", ".join(sorted(languages)),
        texts("catalogue.passages", number=entry.passages),
        texts.label("standings", standing) if standing else "",
    )
    line = " · ".join(escape(fact) for fact in facts if fact)
    return f'<p class="sw-facts">{line}</p>'


def hits_html(passages: Sequence[Passage], texts: Texts) -> str:
    """In which sections of a document what is looked for stands."""
    names = dict.fromkeys(passage.headings[-1] for passage in passages)
    shown = "; ".join(escape(name) for name in list(names)[:_LISTED])
    more = len(names) - _LISTED
    if more > 0:
        shown += f" {escape(texts('catalogue.more', number=more))}"
    return f'<p class="sw-facts">{escape(texts("catalogue.found_in"))} {shown}</p>'


def reading_html(passages: Sequence[Passage], texts: Texts, *, outline: bool) -> str:
    """A document to read, section by section, with links to its sections above if wanted.

    A passage has its id as the name of its place, so that a citation can link to it.
    """
    if not passages:
        return ""
    parts, contents = [], []
    for headings, group in groupby(passages, key=lambda passage: passage.headings):
        section = list(group)
        place, title = escape(place_of(section[0].id)), escape(_section(headings))
        contents.append(f'<li><a href="#{place}">{title}</a></li>')
        parts.append(f"<h2>{title}</h2>{''.join(_passage_html(p, texts) for p in section)}")
    language = escape(passages[0].language)
    listed = (
        f'<nav class="sw-outline" aria-label="{escape(texts("catalogue.outline"))}">'
        f"<ol>{''.join(contents)}</ol></nav>"
        if outline and len(contents) > 1
        else ""
    )
    return f'<article class="sw-reading" lang="{language}">{listed}{"".join(parts)}</article>'


def _section(headings: Sequence[str]) -> str:
    """The path below the document's title."""
    return _PATH.join(headings[1:] or headings)


def _passage_html(passage: Passage, texts: Texts) -> str:
    pages = passage.pages(0, len(passage.text))
    told = ""
    if pages is not None:
        page = "–".join(map(str, dict.fromkeys(pages)))
        told = f'<p class="sw-facts">{escape(texts("sources.page", page=page))}</p>'
    place = escape(place_of(passage.id))
    return f'<div class="sw-passage" id="{place}">{told}{escape(passage.text)}</div>'
