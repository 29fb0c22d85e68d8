"""The question set: its questions, and what answers them."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    Field,
    StrictBool,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from core.answer import Message, Turn
from core.errors import QuestionSetError
from core.source import Frozen
from core.yaml_files import read_yaml
from language.words import in_folded, words

QuestionKind = Literal[
    "number", "date", "name", "list", "definition", "why", "how", "yes-no",
    "unanswerable", "message",
]  # fmt: skip

RunPart = Literal["questions", "messages", "conversations", "memory"]
"""Part of a run that an entry is reported in; "memory" has the questions that are prepared ones, as
their answers show no skill."""

Challenge = Literal[
    "near-topic",  # unanswerable, near to the documents' subject
    "far-topic",  # unanswerable, far from it
    "injection",  # instructions hidden in the question
    "secrets",  # asks for keys or prompts
    "abuse",  # asks for help with a crime
    "leading",  # has a false premise
    "no-sources",  # asks for an answer without sources
]
"""What makes a question hard."""

QUESTIONS = Path(__file__).resolve().parent / "questions"
SETS: Mapping[RunPart, Path] = {
    "questions": QUESTIONS,
    "messages": QUESTIONS.with_name("messages"),
    "conversations": QUESTIONS.with_name("conversations"),
}
"""The project's own sets: the questions, and the sets that are reported apart."""
DOCUMENTS = QUESTIONS.with_name("documents")
"""Questions about official documents; those that may be copied are in its folder `texts`."""


NonBlank = Annotated[str, Field(pattern=r"\S")]
Fact = Annotated[tuple[NonBlank, ...], Field(min_length=1)]


class Question(Frozen):
    """One question with its labels. An answer has a fact if it has one of its spellings."""

    id: NonBlank
    question: NonBlank
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")]  # ISO 639-1
    answerable: StrictBool
    kind: QuestionKind
    facts: tuple[Fact, ...] = ()
    answers: tuple[NonBlank, ...] = ()
    documents: tuple[NonBlank, ...] = ()
    sections: tuple[NonBlank, ...] = ()
    message: Message | None = None
    history: tuple[Turn, ...] = ()
    conversation: str = ""
    challenge: Challenge | None = None
    forbidden: tuple[NonBlank, ...] = ()
    note: str = ""
    held_out: StrictBool = False
    part: Annotated[RunPart, Field(validate_default=True)] = "questions"

    def facts_in(self, folded: str) -> bool:
        """Whether a folded text has a spelling of every fact."""
        return all(any(in_folded(folded, spelling) for spelling in fact) for fact in self.facts)

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        """Refuses labels that contradict each other; the message begins with the key."""
        if self.answerable is (self.kind in ("unanswerable", "message")):
            wrong = "kind: must be 'unanswerable' or 'message' exactly when answerable is false"
        elif (self.message is not None) is not (self.kind == "message"):
            wrong = "message: must be there exactly when kind is 'message'"
        elif self.answerable and not self.facts:
            wrong = "facts: an answerable question needs at least one fact"
        elif self.facts and not self.answerable:
            wrong = "facts: an unanswerable question has no facts"
        elif self.answers and not self.answerable:
            wrong = "answers: nothing answers an unanswerable question"
        elif self.conversation and self.history:
            wrong = "conversation: has the assistant's own answers as history: leave out history"
        else:
            return self
        raise PydanticCustomError("labels", wrong)

    @field_validator("part")
    @classmethod
    def _apart(cls, part: RunPart, info: ValidationInfo) -> RunPart:
        """Part of a turn or message that is in a question set."""
        if part != "questions":
            return part
        if info.data.get("conversation"):
            return "conversations"
        return "messages" if info.data.get("kind") == "message" else "questions"


def load(path: Path) -> tuple[Question, ...]:
    """Reads the questions of a file, or of all `*.yaml` and `*.yml` files of a folder by name; the
    message of the QuestionSetError for a malformed set names file, entry and key."""
    return load_sets({"questions": path})


def load_sets(sets: Mapping[RunPart, Path]) -> tuple[Question, ...]:
    """Reads several sets, and marks each question with its part; only "questions" must exist.
    Raises QuestionSetError as `load` does, and where two entries have the same id."""
    questions: dict[str, tuple[Question, Path]] = {}
    for part, file in _files(sets):
        for number, entry in enumerate(_entries(file), start=1):
            question = _question(entry, f"{file}: question {_name(entry, number)}")
            if question.id in questions:
                raise QuestionSetError(
                    f"{file}: question {number}: id: {question.id!r} is already used in "
                    f"{questions[question.id][1]}. Give each question an id of its own."
                )
            if part != "questions":
                question = question.model_copy(update={"part": part})
            questions[question.id] = (question, file)
    return tuple(question for question, _ in questions.values())


def dialogues(questions: Sequence[Question]) -> list[tuple[Question, ...]]:
    """Groups the turns of each conversation, in order of their first; others are alone."""
    found: dict[tuple[str, str], list[Question]] = {}
    for question in questions:
        own = ("", question.id) if not question.conversation else (question.conversation, "")
        found.setdefault(own, []).append(question)
    return [tuple(turns) for turns in found.values()]


def apart(questions: Sequence[Question], prepared: Iterable[str]) -> tuple[Question, ...]:
    """The questions, of which those that are prepared ones but for marks and capitals are in the
    part "memory"."""
    known = {" ".join(words(text)) for text in prepared}
    return tuple(
        question.model_copy(update={"part": "memory"})
        if question.part == "questions" and " ".join(words(question.question)) in known
        else question
        for question in questions
    )


def fingerprints(sets: Mapping[RunPart, Path]) -> dict[str, str]:
    """File name -> SHA-256, for each file that `load_sets` reads; names have their folder, except
    for "questions"."""
    return {
        file.name if part == "questions" else f"{file.parent.name}/{file.name}": hashlib.sha256(
            file.read_bytes()
        ).hexdigest()
        for part, file in _files(sets)
    }


def _files(sets: Mapping[RunPart, Path]) -> list[tuple[RunPart, Path]]:
    """The files of these sets, each with the part that its set is."""
    found: list[tuple[RunPart, Path]] = []
    for part, path in sets.items():
        files = sorted(path.glob("*.yaml")) + sorted(path.glob("*.yml"))
        if path.is_file():
            files = [path]
        elif not files and (part == "questions" or path.exists()):
            raise QuestionSetError(
                f"{path}: no question set here. Name a YAML file, or a folder that holds some."
            )
        found += [(part, file) for file in files]
    return found


def _entries(file: Path) -> list[Any]:
    try:
        entries = read_yaml(file.read_text("utf-8"))
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
            ": ".join(filter(None, (place, ".".join(map(str, problem["loc"])), problem["msg"])))
            for problem in error.errors(include_url=False)
        ]
        raise QuestionSetError("\n".join(problems)) from None
