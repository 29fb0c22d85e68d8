"""Prompts and fixed phrases: text files with checked placeholders and a fingerprint.

`<name>.md` are prompts for a language model; `phrases/<language>.yaml` what the assistant itself
says in that language and the words by which it knows what kind of answer is asked for.
"""

import hashlib
import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import AfterValidator, ValidationError

from core.errors import PromptError
from core.types import Frozen, Message, Reason

_HERE = Path(__file__).parent
_PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "answer": frozenset({"form", "language", "passages"}),
    "answer-as-list": frozenset(),
    "answer-as-text": frozenset(),
    "checker": frozenset(),
    "condense": frozenset({"language"}),
    "judge": frozenset({"language"}),
    "repair": frozenset({"language"}),
    "task": frozenset({"form", "language", "passages", "task"}),
    "task-email": frozenset(),
    "task-shorter": frozenset(),
    "task-summarise": frozenset(),
    "task-table": frozenset(),
    "task-translate": frozenset(),
}
WRITING = tuple(name for name in _PLACEHOLDERS if name.startswith(("answer", "task", "repair")))
"""The prompts for what a reader sees: answers, tasks and mended sentences."""
_FALLBACK_LANGUAGE = "en"
Kind = Literal["number", "date", "amount", "reason"]
TaskProblem = Literal["no_answer", "which_language", "failed"]
"""Why a task is not carried out although there is a model: there is no answer to do it with, the
language of a translation is not named, or nothing that the model wrote was supported."""


class Cues(Frozen):
    """Lower-case words that show what a question asks for, and what it leans on.

    `list`, `number`, `date` and `name` are kinds of answer. The others tell follow-ups:
    `opening` words begin one, `referring` ones stand for something said before. `asking` words
    ask, `defining` ones among them what something is; `helping` verbs begin a question for yes
    or no. `common` names are those of what every document is about. `empty` words say nothing
    of what a question is about; what search leaves out anyway need not be among them.
    `joining` words stand between the parts of a question, `comparing` ones make it a comparison,
    `versus` ones do both, and so do `than` ones behind a comparative. `definition` phrases ask what
    something is, `according` ones say by which text, and what is in `being` stands between its name
    and what it is. `frames` are patterns of questions that only ask what
    somebody says of a `topic`.
    """

    list: tuple[str, ...]
    number: tuple[str, ...]
    date: tuple[str, ...]
    name: tuple[str, ...]
    opening: tuple[str, ...]
    referring: tuple[str, ...]
    asking: tuple[str, ...]
    helping: tuple[str, ...]
    empty: tuple[str, ...]
    defining: tuple[str, ...]
    common: tuple[str, ...]
    joining: tuple[str, ...]
    comparing: tuple[str, ...]
    versus: tuple[str, ...]
    than: tuple[str, ...]
    definition: tuple[str, ...]
    according: tuple[str, ...]
    being: tuple[str, ...]
    frames: tuple[str, ...]


class Demands(Frozen):
    """Words by which the assistant tells what a question demands and whether a quote has it.

    `cues` are single words that ask for an "amount" (of money) or a "reason"; `causal` words and
    phrases give a reason; `general` words say how something is asked, not what. `kinds` is what
    "number", "date", "amount" and "reason" are called.
    """

    cues: Mapping[Literal["amount", "reason"], tuple[str, ...]]
    causal: tuple[str, ...]
    general: frozenset[str]
    kinds: Mapping[Kind, str]


class Plural(Frozen):
    """A phrase for one and for any other count."""

    one: str
    other: str


class Letter(Frozen):
    """What an e-mail begins and ends with."""

    opening: str
    closing: str


class Form(Frozen):
    """A pattern of a sentence, and the question that it answers, with the pattern's groups."""

    says: str
    asks: str


class Suggesting(Frozen):
    """How questions to go on with are made (chain/answer/section_questions.py).

    `about` asks about a `{topic}`, `about_in` about one in a `{document}`; topics with a form of
    `listed` are asked for. `documents` are the names of documents by CELEX number or id, as
    subjects; `titled` is any other, by its title. `forms` are of sentences, in order of preference;
    their group `subject` is put in running text. A document calls itself `itself`. `pointing` words
    point elsewhere, `openings` begin no subject, and `vague` subjects say nothing alone.

    Of headings: `tail` is left out, `acting` ones tell what to do and are no topic, `untopical`
    words make none ("Aim and approach"; as `content_words` has them). What is `bare` lacks one of
    the `articles` before its noun (any group): that of the passage, else `article` where the noun
    has the form of `article_for`. `glossary` are forms of headings in other languages,
    in small letters, and what they are about in this one.
    """

    about: str
    about_in: str
    titled: str
    documents: Mapping[str, str]
    listed: tuple[Form, ...]
    forms: tuple[Form, ...]
    itself: str
    pointing: frozenset[str]
    openings: frozenset[str]
    vague: frozenset[str]
    tail: str
    acting: str
    untopical: frozenset[str]
    bare: str
    articles: tuple[str, ...]
    article: str
    article_for: str
    glossary: tuple[Form, ...]


def _to_every_message(replies: Mapping[Message, str]) -> Mapping[Message, str]:
    lacking = sorted(set(get_args(Message)) - {kind for kind, text in replies.items() if text})
    if lacking:
        raise ValueError(f"no reply to {', '.join(lacking)}")
    return replies


class Phrases(Frozen):
    """What the assistant says itself, in one language.

    `reasons` tells why it refuses, `refusal_without` says both where something is `{missing}`.
    `part_of_list` says how many items
    of how many are shown, `part_confirmed` the same where the sources do not confirm the others.
    `limits` names the fields of a `Scope`; `widen` introduces those to take
    away. `replies` answer messages that ask the sources nothing; to "shorter" and "summarise" where
    there is nothing to shorten and no document is named, to other tasks where there is no model.
    `tasks` says why one is not carried out with a model; `letter` stands around an e-mail.
    """

    refusal: str
    refusal_without: str
    reasons: Mapping[Reason, str]
    searched: Plural
    widen: str
    limits: Mapping[str, str]
    part_of_list: str
    part_confirmed: str
    suggesting: Suggesting
    replies: Annotated[Mapping[Message, str], AfterValidator(_to_every_message)]
    tasks: Mapping[TaskProblem, str]
    letter: Letter
    demands: Demands
    cues: Cues

    def searched_in(self, count: int, date: str) -> str:
        """How many documents were searched, and when they were last updated."""
        return (self.searched.one if count == 1 else self.searched.other).format(
            count=count, date=date
        )


@cache
def load(name: str) -> str:
    """The text of a prompt, its placeholders in braces.

    Raises:
        PromptError: the file lacks a placeholder that the code fills, or has an unknown one.
    """
    text = (_HERE / f"{name}.md").read_text("utf-8")
    found = {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}
    if found != _PLACEHOLDERS[name]:
        raise PromptError(
            f"prompts/{name}.md has the placeholders {sorted(found)}, but "
            f"{sorted(_PLACEHOLDERS[name])} are filled. Correct the file."
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
    """The fixed phrases in a language, or in English where there are none.

    Raises:
        PromptError: the file has wrong or missing entries.
    """
    path = _HERE / "phrases" / f"{spoken(language)}.yaml"
    try:
        return Phrases.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except ValidationError as error:
        raise PromptError(f"prompts/phrases/{path.name} is not in form: {error}") from None


@cache
def fingerprints() -> Mapping[str, str]:
    """File name -> the first 12 hex digits of its SHA-256, for every prompt and phrase file."""
    files = sorted((*_HERE.glob("*.md"), *_HERE.glob("phrases/*.yaml")))
    return {
        file.relative_to(_HERE).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        for file in files
    }


@cache
def version() -> str:
    """One short fingerprint over all prompt and phrase files."""
    joined = ",".join(f"{name}={digest}" for name, digest in fingerprints().items())
    return hashlib.sha256(joined.encode()).hexdigest()[:12]
