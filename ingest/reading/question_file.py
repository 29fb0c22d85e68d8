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
from itertools import islice
from pathlib import Path

import yaml

from core.files import as_text
from core.source import Approval, Frozen, Passage, PreparedQuestion, StaleQuestion, WhyStale
from ingest.reading.formats.front_matter import MarkedYaml, beside, is_empty
from language.escaping import visible
from language.identify import OFFICIAL
from language.words import fold, words

SUFFIX = ".questions.yaml"
_MOST = 200_000  # questions of a document
_LONGEST = 1_000  # characters of a question
_LONGEST_UNIT = 10_000  # characters of its words: an approved answer names a unit in whole
MOST_UNITS = 40  # of an answer: more is no answer
_SHOWN = 80  # characters of what is wrong

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
    return tuple(_QuestionFile(file).answers())


class _QuestionFile:
    """Reads a file; no question may stand in it twice."""

    def __init__(self, file: Path) -> None:
        self._yaml = MarkedYaml(file, "the file", "questions")
        self._lines: dict[str, int] = {}  # of the questions read, by their ids

    def answers(self) -> Iterator[PreparedAnswer]:
        root = self._yaml.root(self._yaml.content())
        if root is None:
            return
        fields = self._fields(root, ("by", "answers"), "the file")
        by = self._text(fields["by"], "by") if "by" in fields else ""
        for entry in self._yaml.items(fields["answers"], "answers") if "answers" in fields else ():
            yield self._answer(entry, by)

    def _answer(self, node: yaml.Node, by: str) -> PreparedAnswer:
        fields = self._fields(
            node, ("units", "questions", "by", "approved"), "an answer", ("units", "questions")
        )
        listed = self._yaml.items(fields["units"], "units")
        if len(listed) > MOST_UNITS:
            problem = f"an answer of more than {MOST_UNITS} units"
            raise self._yaml.error(fields["units"], problem, "Choose fewer.")
        units = tuple(self._text(unit, "the words of a unit", _LONGEST_UNIT) for unit in listed)
        questions = tuple(self._questions(fields["questions"]))
        if not questions:
            raise self._yaml.error(fields["questions"], "an answer without questions", "Add one.")
        approved = self._approval(fields["approved"]) if "approved" in fields else None
        if approved and not units:
            problem = "approved, but there are no units"
            raise self._yaml.error(fields["approved"], problem, "Name the units that answer.")
        return PreparedAnswer(
            units=units,
            questions=questions,
            by=self._text(fields["by"], "by") if "by" in fields else by,
            approved=approved,
            file=as_text(self._yaml.file),
            line=_line(node),
        )

    def _questions(self, node: yaml.Node) -> Iterator[AskedQuestion]:
        for key, listed in self._yaml.pairs(node, "questions"):
            language = key.value
            if language not in OFFICIAL:
                problem = f"{language[:_SHOWN]!r} is not an official language of the EU"
                remedy = "Group the questions by language, in two letters, such as nl."
                raise self._yaml.error(listed, problem, remedy)
            for entry in self._yaml.items(listed, language):
                text = one_line(self._text(entry, "a question"))
                question = AskedQuestion(text=text, language=language, line=_line(entry))
                self._check_new(question, entry)
                yield question

    def _check_new(self, question: AskedQuestion, node: yaml.Node) -> None:
        if len(self._lines) == _MOST:
            raise self._yaml.error(node, f"has more than {_MOST:,} questions", "Keep fewer.")
        if before := self._lines.get(question.id):
            where = f"in line {before} too"
            if before == question.line:  # a repeated alias has the line of its anchor
                where = "there twice in this line, or an alias (*) repeats it"
            problem = f"the question is {where}: {question.text[:_SHOWN]!r}"
            raise self._yaml.error(node, problem, "Keep one of the two.")
        self._lines[question.id] = question.line

    def _approval(self, node: yaml.Node) -> Approval:
        fields = self._fields(node, ("by", "organisation", "on"), "an approval", ("by", "on"))
        try:
            day = datetime.date.fromisoformat(self._text(fields["on"], "on"))
        except ValueError:
            remedy = "Write year-month-day, such as 2026-11-29."
            raise self._yaml.error(fields["on"], "not a date", remedy) from None
        organisation = fields.get("organisation")
        return Approval(
            by=self._text(fields["by"], "by"),
            organisation=self._text(organisation, "organisation") if organisation else "",
            on=day,
        )

    def _fields(
        self, node: yaml.Node, known: Sequence[str], name: str, needed: Sequence[str] = ()
    ) -> Mapping[str, yaml.Node]:
        """The values of a mapping that are not empty, by name; the `needed` ones are there."""
        pairs = self._yaml.pairs(node, name, known)
        found = {key.value: value for key, value in pairs if not is_empty(value)}
        for field in needed:
            if field not in found:
                empty = " (units: [] where the document answers none of them)" * (field == "units")
                raise self._yaml.error(node, f"{name} without {field}", f"Add {field}{empty}.")
        return found

    def _text(self, node: yaml.Node, name: str, longest: int = _LONGEST) -> str:
        is_text = isinstance(node, yaml.ScalarNode) and not is_empty(node)
        if not is_text or not visible(node.value).strip():
            remedy = "Write it on one line; between double quotes if it contains a colon."
            raise self._yaml.error(node, f"{name} is not text", remedy)
        if len(node.value) > longest:
            problem = f"{name} is longer than {longest:,} characters"
            raise self._yaml.error(node, problem, "Make it shorter.")
        return str(node.value).strip()


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


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
                stale += (
                    StaleQuestion(
                        question=question.text,
                        language=question.language,
                        words=opening,
                        why=why,
                        file=answer.file,
                        line=answer.line,
                    )
                    for question in answer.questions
                )
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
        text = self._texts[name]
        ends = (word.end() for word in islice(_WORD.finditer(text), fewest - 1, None))
        enough = next((end for end in ends if len(self.beginning(text[:end])) == 1), None)
        return " ".join(text[:enough].split())
