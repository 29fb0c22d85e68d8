"""Question generation from a section of a document, by templates; needs no model.

    sentence of the section                 -> the question of the first pattern that it matches
    heading that says how many it tells of  -> which they are

Any other heading is no question: "What do the sources say about box 1?" is asked by nobody.
Templates are in language/question_forms.yaml, each for text in its own language. Callers must test
whether the section really answers.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from chain.reading.statements import statements
from core.passage import Passage
from core.source import DocumentInfo
from language.cues import cues_of
from language.identify import CAPITALISES_NOUNS
from language.question_forms import question_forms
from prompts import languages, phrases

_LONGEST = 120  # characters of a question; a longer one is not understood at a glance
_LONGEST_TITLE = 60  # characters of a title within a question: the other half is for what is asked
_ASIDE = re.compile(r"\s+\([^()]*\)")
_NUMBERED = re.compile(r"^(?:[\dIVXLC]+(?:\.\d+)*[.)]?|[a-z]\)|§ ?\d+)\s+")  # "4.2.1 ", "IV. "
_PARAGRAPH = re.compile(r"^(?:\(\d+\)|(?:\d+\.)+|[a-z]\))\s+")  # of a sentence: "(4) ", "4.6. "
_LABEL = re.compile(
    r"[^:]*?\d+(?:er)?(?::| [–—-]) (?P<rest>.+)"
)  # "Priority 2: ...", "Article 3 – ..."


class SectionQuestion(NamedTuple):
    """A question, and the numbers of the units that answer it; empty for the whole section."""

    question: str
    units: frozenset[int] = frozenset()


def questions(passage: Passage, language: str) -> Iterator[SectionQuestion]:
    """Questions in a language (ISO 639-1) about the section of a passage, the most direct first;
    none where the passage is in another."""
    if passage.language != language or language not in languages():
        return
    yield from _stated(passage, language)
    topic, document = _topic(passage, language), document_name(passage.document, language)
    for form in question_forms(language).listed:
        if _pattern(form.says).fullmatch(topic) and (document or "{document}" not in form.asks):
            yield SectionQuestion(_capital(form.asks.format(topic=topic, document=document)))
            return


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
            text = _PARAGRAPH.sub("", passage.text[unit.start : unit.end])
            text = _ASIDE.sub("", text)
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


def _topic(passage: Passage, language: str) -> str:
    """The heading in running text, without its number; empty where nothing is left."""
    heading = _NUMBERED.sub("", _ASIDE.sub("", passage.headings[-1])).strip()
    if labelled := _LABEL.fullmatch(heading):
        heading = labelled["rest"]
    else:
        heading = heading.partition(":")[0].strip()
    heading = _pattern(question_forms(language).tail).sub("", heading)
    return _running(heading, passage) if heading else ""


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
    inside = re.search(rf"[^.:;!?)\s-] {re.escape(first)}\b", passage.text)
    articles = question_forms(passage.language).articles
    names_only = passage.language != CAPITALISES_NOUNS
    is_word = small or first.lower() in articles or (names_only and not inside)
    return f"{first.lower()}{text[len(first) :]}" if is_word else text


def _capital(question: str) -> str:
    return question[:1].upper() + question[1:]
