"""Question generation from a section of a document, by templates; needs no model.

    sentence of the section -> the first pattern that it matches -> the question of that template
    heading                 -> its topic in running text         -> what the sources say about it
    heading in another language than the question -> a glossary term, or a name

Templates are in language/question_forms.yaml. Callers must test whether the section really answers.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from chain.reading.statements import statements
from core.passage import Passage
from core.source import DocumentInfo
from language.cues import cues_of
from language.identify import CAPITALISES_NOUNS
from language.question_forms import question_forms
from prompts import languages, phrases
from vectorstore.keyword import content_words

_LONGEST = 120  # characters of a question; a longer one is not understood at a glance
_LONGEST_TITLE = 60  # characters of a title within a question: the other half is for what is asked
_FEW = 3  # words: a topic this short may occur in other documents
_ASIDE = re.compile(r"\s+\([^()]*\)")
_NUMBERED = re.compile(r"^(?:[\dIVXLC]+(?:\.\d+)*[.)]?|[a-z]\)|§ ?\d+)\s+")  # "4.2.1 ", "IV. "
_LABEL = re.compile(
    r"[^:]*?\d+(?:er)?(?::| [–—-]) (?P<rest>.+)"
)  # "Priority 2: ...", "Article 3 – ..."
# Acronyms and names such as WePROTECT, with two capitals; and the agencies, which have one.
_NAME = re.compile(
    r"(?<![\w-])(?:[^\W\d_]*[A-Z][^\W\d_]*[A-Z][^\W\d_]*|Europol|Eurojust|Interpol|Frontex)(?![\w(-])"
    r"(?! [\d-])"
)
_FEWEST_LETTERS = 4  # of a name; shorter ones are ambiguous


class SectionQuestion(NamedTuple):
    """A question, and the numbers of the units that answer it; empty for the whole section."""

    question: str
    units: frozenset[int] = frozenset()


def questions(
    passage: Passage,
    around: Sequence[Passage],
    language: str,
    versions: Sequence[Passage],
    *,
    named: bool = False,
) -> Iterator[SectionQuestion]:
    """Questions about the section of a passage, the most direct first.

    Args:
        passage: of the section.
        around: other passages; if another document among them has the topic, the question names
            its document.
        language: of the questions (ISO 639-1).
        versions: the same section in other languages.
        named: always name the document.
    """
    if language not in languages():
        return
    if passage.language == language:
        yield from _stated(passage, language)
        topics: Sequence[str] = _topics(passage, language)
    else:
        topics = _foreign_topics(passage, versions, language)
    said = phrases(language).suggesting
    listing = question_forms(language).listed
    for topic in topics:
        words = set(content_words(topic, language))
        elsewhere = any(
            one.document.id != passage.document.id
            and words <= set(content_words(f"{one.headings[-1]} {one.text}", language))
            for one in around
        )
        several = named or elsewhere or passage.language != language or len(words) <= _FEW
        document = document_name(passage.document, language)
        listed = (form.asks for form in listing if _pattern(form.says).fullmatch(topic))
        form = next(listed, said.about_in if elsewhere or (several and document) else said.about)
        if document or "{document}" not in form:
            yield SectionQuestion(_capital(form.format(topic=topic, document=document)))


def document_name(document: DocumentInfo, language: str) -> str:
    """Name of a document in running text; empty if its title is too long."""
    said = phrases(language).suggesting
    known = said.documents.get(document.celex) or said.documents.get(document.id)
    short = document.title if len(document.title) <= _LONGEST_TITLE else ""
    return known or (said.titled.format(title=short) if short else "")


def _stated(passage: Passage, language: str) -> Iterator[SectionQuestion]:
    """Questions that a sentence of the passage answers by itself, in the order of the templates."""
    said = question_forms(language)
    pointing = {*cues_of(language).referring, *said.pointing}
    alone = [one for one in statements(passage) if one.is_list or one.units == one.core]
    document = document_name(passage.document, language)
    for form in said.forms:
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
            points = pointing.intersection(re.findall(r"\w+", " ".join(parts.values()).casefold()))
            if len(question) <= _LONGEST and not points:
                yield SectionQuestion(_capital(question), frozenset(one.units))


@cache
def _pattern(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _subject(subject: str, passage: Passage, language: str) -> str:
    """A subject as within a sentence; empty if it is too vague to stand alone. "This document" and
    the like become the document's name."""
    said = question_forms(language)
    running = _running(subject, passage)
    first = running.casefold().split()[0]
    if first in {*cues_of(language).asking, *said.openings}:
        return ""
    if running.casefold() in said.vague:
        return ""
    name = document_name(passage.document, language)
    itself = _pattern(said.itself).search(running)
    if not itself:
        return running
    if passage.document.about_form == "press_release":  # "this strategy" is another document
        return ""
    return running[: itself.start()] + name + running[itself.end() :] if name else ""


def _topics(passage: Passage, language: str) -> list[str]:
    """Topic of the heading in running text; empty for "Introduction", "Article 3" and the like."""
    said = question_forms(language)
    heading = _NUMBERED.sub("", _ASIDE.sub("", passage.headings[-1])).strip()
    if labelled := _LABEL.fullmatch(heading):
        heading = labelled["rest"]
    else:
        heading = heading.partition(":")[0].strip()
    heading = _pattern(said.tail).sub("", heading)
    words = content_words(heading, language)
    first = heading.casefold().split()[0] if heading else ""
    if (
        heading.isupper()
        or first in cues_of(language).asking
        or all(word.isdigit() or word in said.untopical for word in words)
        or _pattern(said.acting).fullmatch(heading)
    ):
        return []
    topic = _running(heading, passage)
    bare = _pattern(said.bare).match(topic)
    if bare is None:
        return [topic]
    # Headings omit articles; the one that the passage uses with this noun is put back.
    noun = next(filter(None, bare.groups()), "")
    articles = "|".join(said.articles)
    used = re.search(rf"\b({articles}) (?:\w+ )?{re.escape(noun)}\b", passage.text)
    usual = _pattern(said.article_for).fullmatch(noun)
    article = used[1] if used else said.article if usual else ""
    return [f"{article} {topic}"] if article else []


def _running(text: str, passage: Passage) -> str:
    """Lower-cases the first word unless it is a name.

    It is no name if the passage has it in lower case or it is an article; in languages other than
    German also if it never has a capital within a sentence.
    """
    text = text.strip()
    first = re.split(r"[\s,;-]", text, maxsplit=1)[0]
    if first[1:] != first[1:].lower() or not first[:1].isupper() or not first.isalpha():
        return text  # "EU-strategie", "2011/93/EU"
    small = re.search(rf"\b{re.escape(first.lower())}\b", passage.text)
    inside = re.search(rf"[^.:;!?\s-] {re.escape(first)}\b", passage.text)
    known = passage.language in languages()
    articles = question_forms(passage.language).articles if known else ()
    names_only = passage.language != CAPITALISES_NOUNS
    is_word = small or first.lower() in articles or (names_only and not inside)
    return f"{first.lower()}{text[len(first) :]}" if is_word else text


def _foreign_topics(passage: Passage, versions: Sequence[Passage], language: str) -> list[str]:
    """Topics of a heading in another language: a glossary term, or names that it has in all
    language versions."""
    headings = [one.headings[-1] for one in (passage, *versions)]
    glossary = question_forms(language).glossary
    terms = [form.asks for form in glossary if _pattern(form.says).search(headings[0].casefold())]
    if terms or not versions:
        return terms[:1]
    shared = set.intersection(*(set(_NAME.findall(heading)) for heading in headings))
    names = dict.fromkeys(_NAME.findall(headings[0]))
    return [name for name in names if name in shared and len(name) >= _FEWEST_LETTERS]


def _capital(question: str) -> str:
    return question[:1].upper() + question[1:]
