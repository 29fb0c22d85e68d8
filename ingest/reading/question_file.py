"""Prepared questions: the files that have them, and the units of the document that answer.

A file is `plan.pdf.questions.yaml` or `plan.questions.yaml` beside the document; those of the
organisation itself are in a folder of their own, by the document's key. The format is described in
docs/prepared-questions.md.

    by: project
    answers:
      - units: ["The Drugs Agenda consists of three blocks:", "enhanced security measures"]
        questions:
          en: ["What are the blocks of the Drugs Agenda?"]
          de: ["Aus welchen Blöcken besteht die Drogenagenda?"]
"""

import bisect
import datetime
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import yaml

from core.errors import DocumentError
from core.files import as_text
from core.prepared import Approval, PreparedQuestion, StaleQuestion, WhyStale
from core.source import Frozen, Passage
from core.yaml_files import LOADER
from ingest.reading.formats.encoding import decode
from ingest.reading.formats.front_matter import beside
from language.escaping import visible
from language.identify import OFFICIAL
from language.words import fold, words

SUFFIX = ".questions.yaml"
_LARGEST = 20_000_000  # bytes; a question takes about a hundred
_MOST = 200_000  # questions of a document
_LONGEST = 1_000  # characters of a question
_LONGEST_UNIT = 10_000  # characters of its words: an approved answer names a unit in whole
MOST_UNITS = 40  # of an answer: more is no answer
_SHOWN = 80  # characters of what is wrong
_NULL = "tag:yaml.org,2002:null"

_ANSWER_FIELDS = ("units", "questions", "by", "approved")
_APPROVAL_FIELDS = ("by", "organisation", "on")

_WORD = re.compile(r"\w+")


def one_line(text: str) -> str:
    """A question as it is kept: in one line, without invisible characters."""
    return " ".join(visible(text).split())


def wording_key(text: str, language: str) -> str:
    """Key of a wording, under which the index keeps it once for each document: two with the same
    key are twins. They have the same words in the same language (ISO 639-1), whatever their
    capitals, spaces, apostrophes, quotation marks, short dashes, grouping of figures, form in
    Unicode and invisible characters."""
    return hashlib.sha256(f"{language}\n{fold(one_line(text))}".encode()).hexdigest()[:16]


class AskedQuestion(Frozen):
    """A question in a file."""

    text: str
    language: str  # ISO 639-1
    line: int = 0  # that it is in

    @property
    def id(self) -> str:
        return wording_key(self.text, self.language)


class PreparedAnswer(Frozen):
    """An entry of a file: units of the document, and the questions that they answer."""

    units: tuple[str, ...]  # the words that each begins with, as shown; none: nothing answers
    questions: tuple[AskedQuestion, ...]
    by: str = ""
    approved: Approval | None = None
    file: str = ""  # empty before it is written
    line: int = 0

    @property
    def id(self) -> str:
        """Tells it from the other answers of its file, in which no question stands twice."""
        return self.questions[0].id


def own_file(documents_dir: Path, key: str) -> Path:
    """The file of the organisation's own prepared questions of the document with this key."""
    return documents_dir / "questions" / f"{key}{SUFFIX}"


def find(path: Path) -> Path | None:
    """The file with the prepared questions of a document."""
    return beside(path, SUFFIX)


def read(path: Path, own: Path | None = None) -> tuple[PreparedAnswer, ...]:
    """The prepared questions beside a document, and the organisation's own (`own_file`), which
    replace those that ask the same in the same words.

    Raises:
        DocumentError: names the file, the line of what is wrong, and the remedy.
    """
    mine = read_file(own) if own and own.is_file() else ()
    file = find(path)
    known = {question.id for answer in mine for question in answer.questions}
    return (*without(read_file(file) if file else (), known), *mine)


def without(answers: Iterable[PreparedAnswer], ids: Collection[str]) -> Iterator[PreparedAnswer]:
    """The answers without the questions with these ids, where any other is left."""
    for answer in answers:
        left = tuple(question for question in answer.questions if question.id not in ids)
        if left:
            yield answer.model_copy(update={"questions": left})


def each_once(questions: Iterable[AskedQuestion]) -> tuple[AskedQuestion, ...]:
    """Questions in order, of twins the first."""
    found: dict[str, AskedQuestion] = {}
    for question in questions:
        found.setdefault(question.id, question)
    return tuple(found.values())


def read_file(file: Path) -> tuple[PreparedAnswer, ...]:
    """The prepared questions in a file; raises as `read`."""
    place = _Place(file)
    by, entries = _entries(place, file)
    answers: list[PreparedAnswer] = []
    for entry in entries:
        answer = _answer(place, entry, by)
        answers.append(answer.model_copy(update={"file": as_text(file)}))
    return tuple(answers)


def _entries(place: "_Place", file: Path) -> tuple[str, Sequence[yaml.Node]]:
    """By whom the answers of a file are, and their nodes."""
    try:
        if file.stat().st_size > _LARGEST:
            raise place.error(
                None, f"is larger than {_LARGEST:,} bytes", "Keep fewer questions in it."
            )
        content = decode(file, file.read_bytes())
    except OSError as error:
        raise DocumentError(
            file, None, f"cannot be read ({error.strerror})", "Check your rights.", "unreadable"
        ) from error
    root = _composed(place, content)
    if root is None:
        return "", ()
    fields = place.fields(root, ("by", "answers"), "the file")
    by = place.text(fields["by"], "by") if "by" in fields else ""
    return by, place.items(fields["answers"], "answers") if "answers" in fields else ()


def _composed(place: "_Place", content: str) -> yaml.Node | None:
    try:
        root: yaml.Node | None = yaml.compose(content, Loader=LOADER)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise place.error_at(
            mark.line + 1 if mark else 1,
            f"is not valid YAML ({error.problem})",
            "Put a question or words that contain a colon between double quotes, and indent "
            "lists with two spaces.",
        ) from None
    except yaml.YAMLError as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise place.error_at(
            1, f"is not valid YAML ({reason[:200]})", "Take the character out."
        ) from None
    except RecursionError:
        raise place.error_at(1, "is nested too deep", "Write it as documented.") from None
    return root


def _answer(place: "_Place", entry: yaml.Node, by: str) -> PreparedAnswer:
    fields = place.fields(entry, _ANSWER_FIELDS, "an answer")
    for name in ("units", "questions"):
        if name not in fields:
            empty = " (units: [] where the document answers none of them)" * (name == "units")
            raise place.error(entry, f"an answer without {name}", f"Add {name}{empty}.")
    listed = place.items(fields["units"], "units")
    if len(listed) > MOST_UNITS:
        raise place.error(
            fields["units"], f"an answer of more than {MOST_UNITS} units", "Choose fewer."
        )
    units = tuple(place.text(unit, "the words of a unit", _LONGEST_UNIT) for unit in listed)
    questions = tuple(_questions(place, fields["questions"]))
    if not questions:
        raise place.error(fields["questions"], "an answer without questions", "Add one.")
    approved = _approval(place, fields["approved"]) if "approved" in fields else None
    if approved and not units:
        raise place.error(
            fields["approved"], "approved, but there are no units", "Name the units that answer."
        )
    return PreparedAnswer(
        units=units,
        questions=questions,
        by=place.text(fields["by"], "by") if "by" in fields else by,
        approved=approved,
        line=entry.start_mark.line + 1,
    )


def _questions(place: "_Place", node: yaml.Node) -> Iterator[AskedQuestion]:
    for language, listed in place.pairs(node, "questions"):
        if language not in OFFICIAL:
            raise place.error(
                listed,
                f"{language[:_SHOWN]!r} is not an official language of the EU",
                "Group the questions by language, in two letters, such as nl.",
            )
        for entry in place.items(listed, language):
            text = one_line(place.text(entry, "a question"))
            line = entry.start_mark.line + 1
            yield place.new(AskedQuestion(text=text, language=language, line=line))


def _approval(place: "_Place", node: yaml.Node) -> Approval:
    fields = place.fields(node, _APPROVAL_FIELDS, "an approval")
    for name in ("by", "on"):
        if name not in fields:
            raise place.error(node, f"an approval without {name!r}", f"Add {name}.")
    try:
        day = datetime.date.fromisoformat(place.text(fields["on"], "on"))
    except ValueError:
        raise place.error(
            fields["on"], "not a date", "Write year-month-day, such as 2026-11-29."
        ) from None
    organisation = fields.get("organisation")
    return Approval(
        by=place.text(fields["by"], "by"),
        organisation=place.text(organisation, "organisation") if organisation else "",
        on=day,
    )


class _Place:
    """Reads the nodes of a file; every error names the file and the line."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lines: dict[str, int] = {}  # of the questions read, by their ids

    def error(self, node: yaml.Node | None, problem: str, remedy: str) -> DocumentError:
        return self.error_at(node.start_mark.line + 1 if node else 1, problem, remedy)

    def error_at(self, line: int, problem: str, remedy: str) -> DocumentError:
        return DocumentError(self._file, line, problem, remedy, "questions")

    def new(self, question: AskedQuestion) -> AskedQuestion:
        """The same question, which the file has not had before."""
        if len(self._lines) == _MOST:
            raise self.error_at(question.line, f"has more than {_MOST:,} questions", "Keep fewer.")
        before = self._lines.get(question.id)
        if before:
            where = f"in line {before} too"
            if before == question.line:  # a repeated alias has the line of its anchor
                where = "there twice in this line, or an alias (*) repeats it"
            raise self.error_at(
                question.line,
                f"the question is {where}: {question.text[:_SHOWN]!r}",
                "Keep one of the two.",
            )
        self._lines[question.id] = question.line
        return question

    def pairs(self, node: yaml.Node, name: str) -> Iterator[tuple[str, yaml.Node]]:
        """The names and values of a mapping."""
        if not isinstance(node, yaml.MappingNode):
            raise self.error(
                node, f"{name} is not a list of fields", 'Write "name: value" on each line.'
            )
        names: set[str] = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):  # written out, one of aliases has no end
                raise self.error(key, f"a name of {name} is not text", "Write one word.")
            if key.value in names:
                raise self.error(
                    key, f"{key.value[:_SHOWN]!r} is given twice", "Keep one of the two."
                )
            names.add(key.value)
            yield key.value, value

    def fields(self, node: yaml.Node, known: tuple[str, ...], name: str) -> Mapping[str, yaml.Node]:
        """The values of a mapping that has no other names than these; empty ones are left out."""
        found = dict(self.pairs(node, name))
        for field, value in found.items():
            if field not in known:
                remedy = f"The fields are: {', '.join(known)}."
                raise self.error(value, f"unknown field {field[:_SHOWN]!r}", remedy)
        return {field: value for field, value in found.items() if value.tag != _NULL}

    def items(self, node: yaml.Node, name: str) -> list[yaml.Node]:
        if not isinstance(node, yaml.SequenceNode):
            raise self.error(node, f"{name} is not a list", 'Begin each entry with "- ".')
        return list(node.value)

    def text(self, node: yaml.Node, name: str, longest: int = _LONGEST) -> str:
        is_text = isinstance(node, yaml.ScalarNode) and node.tag != _NULL
        if not is_text or not visible(node.value).strip():
            raise self.error(
                node,
                f"{name} is not text",
                "Write it on one line; between double quotes if it contains a colon.",
            )
        if len(node.value) > longest:
            raise self.error(
                node, f"{name} is longer than {longest:,} characters", "Make it shorter."
            )
        return str(node.value).strip()


def prepared_questions(
    answers: Sequence[PreparedAnswer], passages: Sequence[Passage]
) -> tuple[list[PreparedQuestion], list[StaleQuestion]]:
    """The prepared questions of a document whose units are all found by the words that they begin
    with, and those that are stale; of all passages of the document, in order."""
    found: list[PreparedQuestion] = []
    stale: list[StaleQuestion] = []
    if not answers or not passages:
        return found, stale
    key, units = passages[0].document.key, _Units(passages)
    for answer in answers:
        ids: list[str] = []
        for opening in answer.units:
            at = units.being(opening) if answer.approved else units.beginning(opening)
            if len(at) != 1:
                why: WhyStale = "changed" if answer.approved else "several" if at else "none"
                stale += (_stale(question, opening, answer, why) for question in answer.questions)
                break
            ids += at
        else:
            found += (
                PreparedQuestion(
                    id=f"{key}:{question.id}",
                    question=question.text,
                    language=question.language,
                    units=tuple(dict.fromkeys(ids)),
                    by=answer.by,
                    approved=answer.approved,
                )
                for question in answer.questions
            )
    return found, stale


def shortest_beginnings(passages: Sequence[Passage], fewest: int = 8) -> dict[str, str]:
    """Maps the id of each unit to the words by which a file can name it: at least `fewest`, or all
    that it has."""
    units = _Units(passages)
    return {name: units.naming(name, fewest) for name in units.names}


class _Units:
    """The units of a document, sorted by their words."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._texts: dict[str, str] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        first: dict[tuple[str, ...], str] = {}
        for passage in passages:
            for name, unit in zip(passage.unit_ids, passage.units, strict=True):
                text = passage.text[unit.start : unit.end]
                own = tuple(words(text))
                if not own:
                    continue
                self._texts[name] = text
                self._words[name] = own
                first.setdefault(own, name)
        self._sorted = sorted(first.items())
        self.names = tuple(self._texts)

    def beginning(self, opening: str) -> list[str]:
        """The ids of the units that begin with these words, at most two; of those with the same
        words throughout the first. One that has no further words is meant alone."""
        wanted = tuple(words(opening))
        if not wanted:
            return []
        at = bisect.bisect_left(self._sorted, wanted, key=lambda unit: unit[0])
        near = self._sorted[at : at + 2]
        if near and near[0][0] == wanted:
            return [near[0][1]]
        return [name for own, name in near if own[: len(wanted)] == wanted]

    def being(self, text: str) -> list[str]:
        """The id of the first unit that has exactly these words, if there is one."""
        found = self.beginning(text)
        return found if found and self._words[found[0]] == tuple(words(text)) else []

    def naming(self, name: str, fewest: int) -> str:
        """The fewest words of a unit that name no other one."""
        text, ends = self._texts[name], [word.end() for word in _WORD.finditer(self._texts[name])]
        for end in ends[fewest - 1 :]:
            if len(self.beginning(text[:end])) == 1:
                return " ".join(text[:end].split())
        return " ".join(text.split())


def _stale(
    question: AskedQuestion, words: str, answer: PreparedAnswer, why: WhyStale
) -> StaleQuestion:
    return StaleQuestion(
        question=question.text,
        language=question.language,
        words=words,
        why=why,
        file=answer.file,
        line=answer.line,
    )
