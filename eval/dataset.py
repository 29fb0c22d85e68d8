"""The question set: its questions, what answers them, and the check of its labels."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import (
    AfterValidator,
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
from core.settings import Settings
from core.source import Frozen, Passage
from core.yaml_files import read_yaml
from ingest.pipeline import ingest
from ingest.publishing.events import Tell, nobody
from ingest.publishing.options import IngestOptions
from language.matching import fold, in_folded
from vectorstore.embeddings import make_embedder
from vectorstore.segments import method_of

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


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "must not be empty")
    return text


NonBlank = Annotated[str, AfterValidator(_not_blank)]
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
        return all(any(in_folded(folded, one) for one in fact) for fact in self.facts)

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
    """Reads the questions of a file, or of all `*.yaml` and `*.yml` files of a folder by name.

    Raises:
        QuestionSetError: a set is malformed; the message names file, entry and key.
    """
    return load_sets({"questions": path})


def load_sets(sets: Mapping[RunPart, Path]) -> tuple[Question, ...]:
    """Reads several sets, and marks each question with its part; only "questions" must exist.

    Raises:
        QuestionSetError: as `load`; or two entries have the same id.
    """
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
    known = {_plain(text) for text in prepared}
    return tuple(
        one.model_copy(update={"part": "memory"})
        if one.part == "questions" and _plain(one.question) in known
        else one
        for one in questions
    )


def _plain(question: str) -> str:
    return " ".join(re.findall(r"\w+", fold(question)))


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


# Outline of the index, to resolve the labels of questions: documents, sections and text.


Place = tuple[str, int]  # document id, section number; the same for all language versions


@dataclass(frozen=True)
class Outline:
    """Documents, sections and units of an index. All text is folded.

    languages: document id -> its languages.
    labels: label -> ids of the documents that it names.
    headings: section -> its last headings, in all languages.
    texts: section -> its text with headings, in all languages.
    units: all units.
    """

    languages: Mapping[str, frozenset[str]]
    labels: Mapping[str, frozenset[str]]
    headings: Mapping[Place, frozenset[str]]
    texts: Mapping[Place, str]
    units: tuple[str, ...]

    @classmethod
    def of(cls, passages: Iterable[Passage]) -> "Outline":
        languages: dict[str, set[str]] = {}
        labels: dict[str, set[str]] = {}
        about: dict[str, str] = {}  # id of a brief -> CELEX number of its official text
        headings: dict[Place, set[str]] = {}
        texts: dict[Place, list[str]] = {}
        units: list[str] = []
        for passage in passages:
            document, place = passage.document, (passage.document.id, passage.section)
            languages.setdefault(document.id, set()).add(passage.language)
            labels.setdefault(fold(document.id), set()).add(document.id)
            if document.kind == "brief":  # has the CELEX number of its official text
                about[document.id] = fold(document.celex)
            else:
                labels.setdefault(fold(document.celex), set()).add(document.id)
            headings.setdefault(place, set()).add(last_heading(passage.headings))
            texts.setdefault(place, []).append(passage.context())
            units += (fold(passage.text[unit.start : unit.end]) for unit in passage.units)
        labels.pop("", None)
        for brief, official in about.items():
            labels[fold(brief)] |= labels.get(official, set())
        return cls(
            languages={name: frozenset(found) for name, found in languages.items()},
            labels={name: frozenset(found) for name, found in labels.items()},
            headings={place: frozenset(found) for place, found in headings.items()},
            texts={place: fold("\n".join(found)) for place, found in texts.items()},
            units=tuple(units),
        )

    def documents(self, question: Question) -> frozenset[str]:
        """The documents in the index that the question names; all if it names none."""
        if not question.documents:
            return frozenset(self.languages)
        return frozenset(name for label in question.documents for name in self.called(label))

    def called(self, label: str) -> frozenset[str]:
        """The documents that a label names: by id; official texts also by CELEX number, or by the
        id of their brief, which they supersede in search (`core.source.standings`)."""
        return self.labels.get(fold(label), frozenset())

    def relevant_sections(self, question: Question) -> frozenset[Place]:
        """The sections that the question names, in its documents if it names some; in a named
        document without such a section, the sections with the answer."""
        named, wanted = self.documents(question), {fold(heading) for heading in question.sections}
        found = {
            place
            for place, headings in self.headings.items()
            if headings & wanted and place[0] in named
        }
        if question.answerable and question.documents:
            for document in named - {document for document, _ in found}:
                found |= self._saying(document, question)
        return frozenset(found)

    def _saying(self, document: str, question: Question) -> set[Place]:
        """Sections of a document that have one of the question's answers, else all its facts."""
        texts = {place: text for place, text in self.texts.items() if place[0] == document}
        answers = [fold(answer) for answer in question.answers]
        return {place for place, text in texts.items() if any(one in text for one in answers)} or {
            place for place, text in texts.items() if question.facts_in(text)
        }


def last_heading(headings: Sequence[str]) -> str:
    """The innermost heading, folded; empty without headings."""
    return fold(headings[-1]) if headings else ""


# Checks the labels of a question set against the documents in the index.


class LabelProblem(Frozen):
    """A problem of a question: wrong ("error"), or to be looked at ("warning")."""

    question: str
    key: str
    message: str
    severity: Literal["error", "warning"] = "error"


def check(
    questions: Sequence[Question], outline: Outline, *, fitted_on: Iterable[Question] = ()
) -> tuple[LabelProblem, ...]:
    """Problems of these questions, in their order.

    Args:
        questions: the set.
        outline: of the index.
        fitted_on: questions that weights were fitted on; they may not be in the set.
    """
    earlier = {
        question.id: turns[:place]
        for turns in dialogues(questions)
        for place, question in enumerate(turns)
        if question.conversation
    }
    # Conversations may open alike, and a question may come up in one.
    texts = Counter((one.part, _asked(one)) for one in questions if not one.conversation)
    known = {_asked(question) for question in fitted_on}
    problems: list[LabelProblem] = []
    for question in questions:
        found = [
            *_places(question, outline),
            *_facts(question, outline),
            *_answers(question, outline),
            *_unanswerable(question, outline),
        ]
        if texts[question.part, _asked(question)] > 1:
            found.append(("question", "the set asks this more than once", "error"))
        if _asked(question, earlier.get(question.id, ())) in known:
            found.append(
                ("question", "weights were fitted on it: research/fitting has it", "error")
            )
        problems += [
            LabelProblem(question=question.id, key=key, message=message, severity=severity)
            for key, message, severity in found
        ]
    return tuple(problems)


_Found = tuple[str, str, Literal["error", "warning"]]


def _asked(question: Question, earlier: Sequence[Question] = ()) -> tuple[str, ...]:
    """Folded questions of the conversation up to this one; `earlier` are its earlier turns."""
    before = [turn.question for turn in question.history] + [turn.question for turn in earlier]
    return (*map(fold, before), fold(question.question))


def _places(question: Question, outline: Outline) -> Iterable[_Found]:
    """Documents and sections that are not in the index."""
    absent = _absent(question, outline)
    for name in absent:
        severity = _severity(len(absent) < len(question.documents))
        yield "documents", f"there is no document {name!r}", severity
    named = outline.documents(question)
    headings = {
        heading
        for (document, _), found in outline.headings.items()
        if document in named
        for heading in found
    }
    for section in question.sections:
        if fold(section) not in headings:
            message = f"no section of its documents is called {section!r}"
            yield "sections", message, _severity(bool(absent))


def _absent(question: Question, outline: Outline) -> list[str]:
    """Named documents that are not in the index, such as official texts not fetched."""
    return [name for name in question.documents if not outline.called(name)]


def _severity(excused: bool) -> Literal["error", "warning"]:
    """Severity of a missing label; `excused`: it may be in a document that is not in the index."""
    return "warning" if excused else "error"


def _facts(question: Question, outline: Outline) -> Iterable[_Found]:
    """Facts that the named documents lack, and spellings that no document has."""
    everywhere = "\n".join(outline.texts.values())
    documents = outline.documents(question)
    named = "\n".join(text for (name, _), text in outline.texts.items() if name in documents)
    sections = "\n".join(outline.texts[place] for place in outline.relevant_sections(question))
    for fact in question.facts:
        where = " / ".join(fact)
        if not any(in_folded(named, spelling) for spelling in fact):
            yield "facts", f"its documents do not say {where!r}", "error"
        elif question.sections and not any(in_folded(sections, spelling) for spelling in fact):
            yield "facts", f"the sections it names do not say {where!r}", "warning"
        for spelling in fact:
            if not in_folded(everywhere, spelling):
                yield "facts", f"no document has the spelling {spelling!r}", "warning"


def _answers(question: Question, outline: Outline) -> Iterable[_Found]:
    """Answers that no unit has, and an answerable question without answers."""
    excused = bool(_absent(question, outline))
    for answer in question.answers:
        text = fold(answer)
        if not any(text in unit for unit in outline.units):
            message = f"no sentence or item of a document has {answer!r}"
            yield "answers", message, _severity(excused)
    if question.answerable and not question.answers:
        yield "answers", "say which sentences or items answer it", "warning"


def _unanswerable(question: Question, outline: Outline) -> Iterable[_Found]:
    """Forbidden answers that the documents do have, and a missing note or challenge."""
    if question.kind != "unanswerable":
        return
    everywhere = "\n".join(outline.texts.values())
    for said in question.forbidden:
        if fold(said) in everywhere:
            yield "forbidden", f"the documents do say {said!r}", "error"
    if not question.note:
        yield "note", "say in a note why the documents hold no answer", "warning"
    if question.challenge is None:
        yield "challenge", "say whether it is near-topic, far-topic or adversarial", "warning"


# Separate index for a question set about documents that the assistant does not use.


def prepare(folders: Sequence[Path], settings: Settings, tell: Tell = nobody) -> Settings:
    """Builds or updates an index over these folders and files; returns its settings.

    It is in `data_dir`/corpora, apart from the assistant's: one for each choice of folders and
    embedder, always local, even if the assistant uses a Chroma server.

    Args:
        folders: folders and files with source texts; only read.
        settings: of the assistant; used for everything but the folders.
        tell: receives progress events.

    Raises:
        DocumentError: there are no source texts.
        StoppedError: a file cannot be read, so that figures would cover only part of the texts.
        LockedError: another run is building it.
    """
    places = tuple(sorted(folder.resolve() for folder in folders))
    named = "\n".join([method_of(make_embedder(settings)), *map(str, places)])
    name = hashlib.sha256(named.encode()).hexdigest()[:16]
    changes = {
        "data_dir": (settings.data_dir / "corpora" / name).resolve(),
        "corpus_dirs": places,
        "chroma_url": "",  # a server holds one index, and that is the assistant's
        "keep_generations": 1,
    }
    own = settings.model_copy(update=changes)
    ingest(own, IngestOptions(strict=True, allow_shrink=True), tell=tell)
    return own
