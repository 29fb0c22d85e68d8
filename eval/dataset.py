"""Question sets: YAML lists of questions with their labels.

    - id: drugs-07
      question: "Hoeveel is de drugsmarkt in Europa waard?"
      language: nl
      answerable: true
      kind: number
      facts: [["30 miljard", "30 billion"]]  # each inner list: the accepted spellings of one fact
      documents: [drugs-agenda, 52020DC0606] # optional: the documents that answer it, see below
      sections: ["Omvang van de drugsmarkt"] # optional: headings, any of them counts as found
      answers: ["De drugsagenda raamt de"]   # optional: sentences and items that answer, see below
      history: []                            # optional: earlier turns, for a follow-up question
      challenge: leading                     # optional: what makes the question hard, see below
      forbidden: ["500 miljard"]             # optional: what an answer must not say
      note: "..."                            # optional: for people, such as why nothing answers it
      held_out: true                         # optional: only reported, never developed or fitted on
      conversation: drugs-talk               # optional: asked after the earlier entries with this
                                             #   name, with the assistant's own answers to them

    - id: message-01
      question: "hallo"
      language: nl
      answerable: false
      kind: message
      message: greeting                      # what kind of message it is (core.types.Message)

Documents are named by id, official texts also by CELEX number. A brief and its official text can
both be named: those in the index count. In a document with none of the `sections`, the sections
with the answer count.

Each of the `answers` is an exact span of a unit (a sentence or list item), in any language version;
the sentence that introduces a list stands for the whole list. Any of them answers. Case, white
space and digit grouping do not matter. How a spelling is matched is described in
language/matching.py.

A message asks the documents nothing. Messages and conversations count apart from the questions. An
unanswerable question has kind "unanswerable" and no facts.

Challenges: "near-topic" and "far-topic", for unanswerable questions near to the documents' subject
or far from it; and adversarial ones: "injection" (instructions hidden in the question), "secrets"
(asks for keys or prompts), "abuse" (asks for help with a crime), "leading" (has a false premise),
"no-sources" (asks for an answer without sources).
"""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from core.errors import QuestionSetError
from core.types import Frozen, Message, Turn

QuestionKind = Literal[
    "number",
    "date",
    "name",
    "list",
    "definition",
    "why",
    "how",
    "yes-no",
    "unanswerable",
    "message",
]

Part = Literal["questions", "messages", "conversations"]
"""Part of a run that an entry is reported in."""

Challenge = Literal[
    "near-topic",
    "far-topic",
    "injection",
    "secrets",
    "abuse",
    "leading",
    "no-sources",
]

QUESTIONS = Path(__file__).resolve().parent / "questions"
SETS: Mapping[Part, Path] = {
    "questions": QUESTIONS,
    "messages": QUESTIONS.with_name("messages"),
    "conversations": QUESTIONS.with_name("conversations"),
}
"""The project's own sets: the questions, and the sets that are reported apart."""


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "must not be empty")
    return text


Text = Annotated[str, AfterValidator(_not_blank)]
Fact = Annotated[tuple[Text, ...], Field(min_length=1)]


class Question(Frozen):
    """One question with its labels. An answer has a fact if it has one of its spellings."""

    id: Text
    question: Text
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]  # ISO 639-1
    answerable: StrictBool
    kind: QuestionKind
    facts: Annotated[tuple[Fact, ...], Field(validate_default=True)] = ()
    answers: tuple[Text, ...] = ()
    documents: tuple[Text, ...] = ()
    sections: tuple[Text, ...] = ()
    message: Annotated[Message | None, Field(validate_default=True)] = None
    history: tuple[Turn, ...] = ()
    conversation: str = ""
    challenge: Challenge | None = None
    forbidden: tuple[Text, ...] = ()
    note: str = ""
    held_out: StrictBool = False
    part: Annotated[Part, Field(validate_default=True)] = "questions"

    @field_validator("kind")
    @classmethod
    def _kind_fits(cls, kind: str, info: ValidationInfo) -> str:
        if info.data.get("answerable") is (kind in ("unanswerable", "message")):
            raise PydanticCustomError(
                "kind", "must be 'unanswerable' or 'message' exactly when answerable is false"
            )
        return kind

    @field_validator("message")
    @classmethod
    def _message_fits(cls, message: Message | None, info: ValidationInfo) -> Message | None:
        if (message is not None) is not (info.data.get("kind") == "message"):
            raise PydanticCustomError("message", "must be there exactly when kind is 'message'")
        return message

    @field_validator("answers")
    @classmethod
    def _answers_fit(cls, answers: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if answers and info.data.get("answerable") is False:
            raise PydanticCustomError("answers", "nothing answers an unanswerable question")
        return answers

    @field_validator("conversation")
    @classmethod
    def _has_one_history(cls, conversation: str, info: ValidationInfo) -> str:
        if conversation and info.data.get("history"):
            raise PydanticCustomError(
                "conversation", "has the assistant's own answers as history: leave out history"
            )
        return conversation

    @field_validator("facts")
    @classmethod
    def _facts_fit(cls, facts: tuple[Fact, ...], info: ValidationInfo) -> tuple[Fact, ...]:
        answerable = info.data.get("answerable")
        if answerable is True and not facts:
            raise PydanticCustomError("facts", "an answerable question needs at least one fact")
        if answerable is False and facts:
            raise PydanticCustomError("facts", "an unanswerable question has no facts")
        return facts

    @field_validator("part")
    @classmethod
    def _apart(cls, part: Part, info: ValidationInfo) -> Part:
        """Part of a turn or message that is in a question set."""
        if part != "questions":
            return part
        if info.data.get("conversation"):
            return "conversations"
        return "messages" if info.data.get("kind") == "message" else "questions"


def load(path: Path) -> tuple[Question, ...]:
    """Reads the questions of a file, or of all `*.yaml` and `*.yml` files of a folder by name.

    Raises:
        QuestionSetError: a set is malformed; the message names file, entry and key.
    """
    questions: dict[str, tuple[Question, Path]] = {}
    for file in _files(path):
        for number, entry in enumerate(_entries(file), start=1):
            question = _question(entry, f"{file}: question {_name(entry, number)}")
            if question.id in questions:
                raise QuestionSetError(
                    f"{file}: question {number}: id: {question.id!r} is already used in "
                    f"{questions[question.id][1]}. Give each question an id of its own."
                )
            questions[question.id] = (question, file)
    return tuple(question for question, _ in questions.values())


def load_sets(sets: Mapping[Part, Path]) -> tuple[Question, ...]:
    """Reads several sets, and marks each question with its part; only "questions" must exist.

    Raises:
        QuestionSetError: as `load`; or two sets use the same id.
    """
    found: dict[str, Question] = {}
    for part, path in _there(sets).items():
        for question in load(path):
            if question.id in found:
                raise QuestionSetError(
                    f"{path}: id: {question.id!r} is already used in another of our sets. "
                    "Give each question an id of its own."
                )
            own = question.part if part == "questions" else part
            found[question.id] = question.model_copy(update={"part": own})
    return tuple(found.values())


def dialogues(questions: Sequence[Question]) -> list[tuple[Question, ...]]:
    """Groups the turns of each conversation, in order of their first; others are alone."""
    found: dict[tuple[str, str], list[Question]] = {}
    for question in questions:
        own = ("", question.id) if not question.conversation else (question.conversation, "")
        found.setdefault(own, []).append(question)
    return [tuple(turns) for turns in found.values()]


def fingerprints(path: Path) -> dict[str, str]:
    """File name -> SHA-256, for each file that `load` reads."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in _files(path)}


def set_fingerprints(sets: Mapping[Part, Path]) -> dict[str, str]:
    """As `fingerprints` for several sets; file names have their folder, except for "questions"."""
    return {
        name if part == "questions" else f"{path.name}/{name}": fingerprint
        for part, path in _there(sets).items()
        for name, fingerprint in fingerprints(path).items()
    }


def _there(sets: Mapping[Part, Path]) -> dict[Part, Path]:
    return {part: path for part, path in sets.items() if part == "questions" or path.exists()}


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = sorted(path.glob("*.yaml")) + sorted(path.glob("*.yml"))
    if not files:
        raise QuestionSetError(
            f"{path}: no question set here. Name a YAML file, or a folder that holds some."
        )
    return files


def _entries(file: Path) -> list[Any]:
    try:
        entries = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise QuestionSetError(f"{file}: cannot be read as YAML in UTF-8: {error}") from error
    if not isinstance(entries, list) or not entries:
        raise QuestionSetError(f"{file}: a question set is a YAML list of questions.")
    return entries


def _name(entry: object, number: int) -> str:
    """Name of an entry in messages: its id, else its 1-based number."""
    name = entry.get("id") if isinstance(entry, dict) else None
    return repr(name) if isinstance(name, str) and name.strip() else str(number)


def _question(entry: object, place: str) -> Question:
    if not isinstance(entry, dict):
        raise QuestionSetError(f"{place}: is not a mapping of keys and values.")
    try:
        return Question.model_validate(entry)
    except ValidationError as error:
        problems = [
            f"{place}: {'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors(include_url=False)
        ]
        raise QuestionSetError("\n".join(problems)) from None
