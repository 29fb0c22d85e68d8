"""Prompts and fixed phrases: text files with checked placeholders and a fingerprint.

`<name>.md` are prompts for a language model; `phrases/<language>.yaml` what the assistant itself
says in that language, `short.yaml` the little that it says in all official languages of the EU.
`clients.yaml` is what other programs show around an answer.
"""

import hashlib
import string
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, RootModel

from core.answer import Message, Reason
from core.errors import PromptError
from core.source import Frozen
from core.yaml_files import checked
from language import demands, vocabulary
from language.demands import Attribute

_HERE = Path(__file__).parent
_PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "answer": frozenset({"collection", "form", "language", "passages"}),
    "condense": frozenset({"language", "languages"}),
    "questions": frozenset({"languages"}),
    "task": frozenset({"collection", "form", "language", "passages", "task"}),
}
NAMES = tuple(sorted(file.stem for file in _HERE.glob("*.md")))
WRITING = tuple(name for name in NAMES if name.startswith(("answer", "task")))
"""The prompts for what a reader sees: answers and tasks."""
_FALLBACK_LANGUAGE = "en"
TaskProblem = Literal["no_answer", "which_language", "failed", "shortest"]
"""Why a task is not carried out: there is no answer to do it with, the language of a translation is
not named, nothing that the model wrote was supported; or there is no model to make the answer
shorter."""
Aside = Literal["harm", "legal", "task"]
"""What is not done: help with a crime, advise in a case of the asker's own, write."""


class Plural(Frozen):
    """A phrase for one and for any other count."""

    one: str
    other: str


class Letter(Frozen):
    """What an e-mail begins and ends with."""

    opening: str
    closing: str


class Suggesting(Frozen):
    """What documents are called in questions to go on with, as subjects."""

    titled: str  # by its title, where it has no name
    documents: Mapping[str, str]  # names by CELEX number or id


class ShortPhrases(Frozen):
    """What is said in every official language."""

    found: str  # above results
    near: str  # above results that hardly answer
    lacking: str  # above these: the `{words}` of the question that were not found
    refusal: str  # in place of an answer
    off_topic: str  # why there is none, as the next
    out_of_scope: str

    def refused(self, reason: Reason, lacking: Sequence[str] = ()) -> str:
        """That there is no answer, and why if that is known."""
        if reason != "not_in_sources":
            return f"{self.refusal} {getattr(self, reason)}"
        return f"{self.refusal} {self.not_found(lacking)}" if lacking else self.refusal

    def not_found(self, words: Sequence[str]) -> str:
        return self.lacking.format(words=", ".join(words))


class PeriodWords(Frozen):
    """What is said of a document with a period."""

    over: str  # with `{name}`, `{when}` and `{successor}`, as the next
    running: str
    since: str  # begins `{when}`; it ends with one of the next two
    until_year: str
    until_day: str
    successor: str  # is `{successor}` where one is stated
    no_successor: str  # is it where none is


def _for_each(names: Collection[str], what: str) -> AfterValidator:
    """Refuses texts by name that lack one for one of these names."""

    def check(texts: Mapping[str, str]) -> Mapping[str, str]:
        if lacking := sorted(name for name in names if not texts.get(name)):
            raise ValueError(f"no {what} {', '.join(lacking)}")
        return texts

    return AfterValidator(check)


class Phrases(Frozen):
    """What the assistant says itself, in one language."""

    searched: Plural  # how many documents were searched
    widen: str  # introduces the limits of the search to take away
    limits: Mapping[str, str]  # names of the fields of a `Scope`
    part_of_list: str  # how many items of how many are shown
    left_out: str  # in place of a sentence with `{details}` that the sources do not have
    unconfirmed: str  # in place of a folded or hidden sentence that was not confirmed
    unchecked: str  # in place of a folded or hidden sentence that was only found
    suggesting: Suggesting
    replies: Annotated[Mapping[Message, str], _for_each(get_args(Message), "reply to")]
    """To messages that ask the sources nothing; to "shorter" and "summarise" where there is nothing
    to shorten and no document is named; to other tasks where there is no model."""
    tasks: Mapping[TaskProblem, str]  # why a task is not carried out
    letter: Letter  # around an e-mail
    not_quotable: str  # above results where a comparison or the like is asked for
    asides: Mapping[Aside, str]  # above results where what is not done may be asked for
    summary: str  # above the summary of a document
    attributes: Annotated[Mapping[Attribute, str], _for_each(get_args(Attribute), "name of")]
    """What is asked of something: a cost, a reason."""
    period: PeriodWords  # of a document whose period is over or asked for

    def searched_in(self, count: int, date: str) -> str:
        """How many documents were searched, and when they were last updated."""
        return (self.searched.one if count == 1 else self.searched.other).format(
            count=count, date=date
        )


@cache
def load(name: str) -> str:
    """The text of a prompt, its placeholders in braces. Raises PromptError: the file lacks a
    placeholder that the code fills, or has an unknown one."""
    text = (_HERE / f"{name}.md").read_text("utf-8")
    found = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
    filled = _PLACEHOLDERS.get(name, frozenset())
    if found != filled:
        raise PromptError(
            f"prompts/{name}.md has the placeholders {sorted(found)}, but {sorted(filled)} are "
            "filled. Correct the file."
        )
    return text


@cache
def languages() -> tuple[str, ...]:
    """The languages that the fixed phrases exist in."""
    return tuple(sorted(path.stem for path in (_HERE / "phrases").glob("*.yaml")))


def spoken(language: str) -> str:
    """The language of the fixed phrases for a language: itself, or English."""
    return language if language in languages() else _FALLBACK_LANGUAGE


@cache
def phrases(language: str) -> Phrases:
    """The fixed phrases in a language, or in English where there are none. Raises PromptError: the
    file has wrong or missing entries."""
    return checked(_HERE / "phrases" / f"{spoken(language)}.yaml", Phrases)


@cache
def _short() -> Mapping[str, ShortPhrases]:
    """By language."""
    return checked(_HERE / "short.yaml", RootModel[Mapping[str, ShortPhrases]]).root


def spoken_in_short(language: str) -> str:
    """The language of the short phrases for a language: itself, or English."""
    return language if language in _short() else _FALLBACK_LANGUAGE


def short_phrases(language: str) -> ShortPhrases:
    """The short phrases in a language, or in English where there are none. Raises PromptError: the
    file has wrong or missing entries."""
    return _short()[spoken_in_short(language)]


class ClientWords(Frozen):
    """The words of one language around an answer in another program."""

    references: str
    summary_of: str
    summary: str
    page: str  # with `{page}`
    superseded: str
    upcoming: str
    missing: str  # with the placeholders of `Answer.missing_words`
    related: str
    unconfirmed: str  # behind a sentence
    unconfirmed_in: str  # before the texts of several
    found: str  # behind a sentence that was found and not checked
    found_in: str  # before the texts of several
    broke_off: str
    unchecked: str  # a checker failed
    too_late: str  # a checker did not answer in time


@cache
def _every_client() -> Mapping[str, ClientWords]:
    """By language."""
    return checked(_HERE / "clients.yaml", RootModel[Mapping[str, ClientWords]]).root


def client_words(language: str) -> ClientWords:
    """The words around an answer in another program, in a language or in English. Raises
    PromptError: the file has wrong or missing entries."""
    return _every_client()[spoken(language)]


def reference_headings() -> tuple[str, ...]:
    """The headings above references, one for each language."""
    return tuple(words.references for words in _every_client().values())


@cache
def fingerprints() -> Mapping[str, str]:
    """File name -> the first 12 hex digits of its SHA-256, for each file of words that answers
    depend on: prompts, phrases, and cues."""
    ours = sorted((*_HERE.glob("*.md"), *_HERE.glob("phrases/*.yaml"), _HERE / "short.yaml"))
    files = {file.relative_to(_HERE).as_posix(): file for file in ours}
    files |= {file.name: file for file in (vocabulary.CUES, demands.ATTRIBUTES)}
    return {
        name: hashlib.sha256(file.read_bytes()).hexdigest()[:12] for name, file in files.items()
    }


@cache
def version() -> str:
    """One short fingerprint over all files of `fingerprints`."""
    joined = ",".join(f"{name}={digest}" for name, digest in fingerprints().items())
    return hashlib.sha256(joined.encode()).hexdigest()[:12]
