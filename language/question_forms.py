"""Patterns that make questions of sentences and headings (chain/answer/section_questions.py)."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pydantic import RootModel

from core.frozen import Frozen
from language.checked_file import checked

FILE = Path(__file__).with_name("question_forms.yaml")


class QuestionForm(Frozen):
    """A pattern of a sentence, and the question that it answers, with the pattern's groups."""

    says: str
    asks: str


class QuestionForms(Frozen):
    """The patterns of one language.

    `forms` are of sentences, in order of preference; their group `subject` is put in running text.
    A document calls itself `itself`. `pointing` words point elsewhere, `openings` begin no subject,
    and `vague` subjects say nothing alone.

    `purpose` are patterns of sentences that say what a document is for, the plainest first;
    `presented` those of a press release, which says what was presented and what for.

    Of headings: topics with a form of `listed` are asked for, `tail` is left out; `articles` begin
    no name.
    """

    listed: tuple[QuestionForm, ...]
    forms: tuple[QuestionForm, ...]
    purpose: tuple[str, ...]
    presented: tuple[str, ...]
    itself: str
    pointing: frozenset[str]
    openings: frozenset[str]
    vague: frozenset[str]
    tail: str
    articles: tuple[str, ...]


def question_forms(language: str) -> QuestionForms:
    """The patterns of a language (ISO 639-1) that the assistant's phrases exist in.

    Raises:
        PromptError: the file has wrong or missing entries.
    """
    return _file().root[language]


@cache
def _file() -> RootModel[Mapping[str, QuestionForms]]:
    return checked(FILE, RootModel[Mapping[str, QuestionForms]])
