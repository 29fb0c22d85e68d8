"""Questions that a section of a document can be asked, made without a model.

    sentence of the section -> the first form that it has -> the question of that form
    heading                 -> its topic in running text  -> what the sources say about it
    heading in another language than the question -> a term known in both, or a name

The forms are in prompts/phrases/. Whether the section really answers is for others to try.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from chain.language import CAPITALISES_NOUNS
from chain.statements import statements
from core.types import DocumentInfo, Passage
from prompts import languages, phrases
from vectorstore.keyword import content_words

_LONGEST = 120  # characters of a question
_LONGEST_TITLE = 60
_FEW = 3  # words: a topic of so few may be one of other documents
_ASIDE = re.compile(r"\s+\([^()]*\)")
_NUMBERED = re.compile(r"^(?:[\dIVXLC]+(?:\.\d+)*[.)]?|[a-z]\)|§ ?\d+)\s+")  # "4.2.1 ", "IV. "
_LABEL = re.compile(
    r"[^:]*?\d+(?:er)?(?::| [–—-]) (?P<rest>.+)"
)  # "Priority 2: ...", "Article 3 – ..."
# Acronyms and names such as WePROTECT; those of the agencies, which have no second capital.
_NAME = re.compile(
    r"(?<![\w-])(?:[^\W\d_]*[A-Z][^\W\d_]*[A-Z][^\W\d_]*|Europol|Eurojust|Interpol|Frontex)(?![\w(-])"
    r"(?! [\d-])"
)
_FEWEST_LETTERS = 4  # of a name; shorter ones mean several things


class Asked(NamedTuple):
    """A question; `units` are the numbers of those that answer it, empty for the whole section."""

    question: str
    units: frozenset[int] = frozenset()


def questions(
    passage: Passage,
    around: Sequence[Passage],
    language: str,
    versions: Sequence[Passage],
    *,
    named: bool = False,
) -> Iterator[Asked]:
    """What the section of a passage can be asked, the most direct question first.

    Args:
        passage: of the section.
        around: passages near the question; where another document has the same topic, a question
            names its document.
        language: of the questions (ISO 639-1).
        versions: the same section in other languages.
        named: whether a question names its document in any case.
    """
    if language not in languages():
        return
    if passage.language == language:
        yield from _stated(passage, language)
        topics: Sequence[str] = _topics(passage, language)
    else:
        topics = _foreign_topics(passage, versions, language)
    said = phrases(language).suggesting
    for topic in topics:
        words = set(content_words(topic, language))
        elsewhere = any(
            one.document.id != passage.document.id
            and words <= set(content_words(f"{one.headings[-1]} {one.text}", language))
            for one in around
        )
        several = named or elsewhere or passage.language != language or len(words) <= _FEW
        document = document_name(passage.document, language)
        listed = (form.asks for form in said.listed if _pattern(form.says).fullmatch(topic))
        form = next(listed, said.about_in if elsewhere or (several and document) else said.about)
        if document or "{document}" not in form:
            yield Asked(_capital(form.format(topic=topic, document=document)))


def document_name(document: DocumentInfo, language: str) -> str:
    """What a document is called in running text; empty where its title is too long for that."""
    said = phrases(language).suggesting
    known = said.documents.get(document.celex) or said.documents.get(document.id)
    short = document.title if len(document.title) <= _LONGEST_TITLE else ""
    return known or (said.titled.format(title=short) if short else "")


def _stated(passage: Passage, language: str) -> Iterator[Asked]:
    """What its sentences answer: those that can be understood alone, by order of the forms."""
    said = phrases(language)
    alone = [one for one in statements(passage) if one.is_list or one.units == one.core]
    document = document_name(passage.document, language)
    for form in said.suggesting.forms:
        for one in alone:
            unit = passage.units[one.units[0]]
            text = _ASIDE.sub("", passage.text[unit.start : unit.end])
            if not (found := _pattern(form.says).match(text)):
                continue
            parts = {name: part or "" for name, part in found.groupdict().items()}
            if "subject" in parts:
                parts["subject"] = _subject(parts["subject"], passage, language)
            if "" in (parts.get("subject", "-"), document if "{document}" in form.asks else "-"):
                continue
            question = " ".join(form.asks.format(document=document, **parts).split())
            points = {*said.cues.referring, *said.suggesting.pointing}.intersection(
                re.findall(r"\w+", " ".join(parts.values()).casefold())
            )
            if len(question) <= _LONGEST and not points:
                yield Asked(_capital(question), frozenset(one.units))


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _subject(subject: str, passage: Passage, language: str) -> str:
    """A subject in the middle of a sentence; empty where it says nothing alone. A document that
    speaks of itself is called by its name."""
    said = phrases(language)
    running = _running(subject, passage)
    first = running.casefold().split()[0]
    if first in {*said.cues.asking, *said.suggesting.openings}:
        return ""
    if running.casefold() in said.suggesting.vague:
        return ""
    name = document_name(passage.document, language)
    itself = _pattern(said.suggesting.itself).search(running)
    if not itself:
        return running
    if passage.document.about_form == "press_release":  # tells of others' strategies
        return ""
    return running[: itself.start()] + name + running[itself.end() :] if name else ""


def _topics(passage: Passage, language: str) -> list[str]:
    """The topic of its heading in running text; none of "Introduction" and "Article 3"."""
    said = phrases(language)
    heading = _NUMBERED.sub("", _ASIDE.sub("", passage.headings[-1])).strip()
    if labelled := _LABEL.fullmatch(heading):
        heading = labelled["rest"]
    else:
        heading = heading.partition(":")[0].strip()
    heading = _pattern(said.suggesting.tail).sub("", heading)
    words = content_words(heading, language)
    first = heading.casefold().split()[0] if heading else ""
    if (
        heading.isupper()
        or first in said.cues.asking
        or all(word.isdigit() or word in said.suggesting.untopical for word in words)
        or _pattern(said.suggesting.acting).fullmatch(heading)
    ):
        return []
    topic = _running(heading, passage)
    bare = _pattern(said.suggesting.bare).match(topic)
    if bare is None:
        return [topic]
    # A heading goes without the article that its noun has in a sentence.
    noun = next(filter(None, bare.groups()), "")
    articles = "|".join(said.suggesting.articles)
    used = re.search(rf"\b({articles}) (?:\w+ )?{re.escape(noun)}\b", passage.text)
    usual = _pattern(said.suggesting.article_for).fullmatch(noun)
    article = used[1] if used else said.suggesting.article if usual else ""
    return [f"{article} {topic}"] if article else []


def _running(text: str, passage: Passage) -> str:
    """As in the middle of a sentence: a first word that is no name has no capital.

    It is none where the passage has it in small letters, or is an article; in a language that
    writes all nouns with a capital, only then.
    """
    text = text.strip()
    first = re.split(r"[\s,;-]", text, maxsplit=1)[0]
    if first[1:] != first[1:].lower() or not first[:1].isupper() or not first.isalpha():
        return text  # "EU-strategie", "2011/93/EU"
    small = re.search(rf"\b{re.escape(first.lower())}\b", passage.text)
    inside = re.search(rf"[^.:;!?\s-] {re.escape(first)}\b", passage.text)
    known = passage.language in languages()
    articles = phrases(passage.language).suggesting.articles if known else ()
    names_only = passage.language != CAPITALISES_NOUNS
    is_word = small or first.lower() in articles or (names_only and not inside)
    return f"{first.lower()}{text[len(first) :]}" if is_word else text


def _foreign_topics(passage: Passage, versions: Sequence[Passage], language: str) -> list[str]:
    """What a heading in another language is about: terms that are known in both languages, or the
    names that it has in every language."""
    headings = [one.headings[-1] for one in (passage, *versions)]
    glossary = phrases(language).suggesting.glossary
    terms = [form.asks for form in glossary if _pattern(form.says).search(headings[0].casefold())]
    if terms or not versions:
        return terms[:1]
    shared = set.intersection(*(set(_NAME.findall(heading)) for heading in headings))
    names = dict.fromkeys(_NAME.findall(headings[0]))
    return [name for name in names if name in shared and len(name) >= _FEWEST_LETTERS]


def _capital(question: str) -> str:
    return question[:1].upper() + question[1:]
