"""Has a language model write a file of prepared questions about a document in use.

sections without prepared questions -> the model, one call each -> questions that find their
                                                                   answer -> a file to be read
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import typer

import prompts
from chain.model.language_model import ChatModel
from chain.proposing import PATIENCE, WrittenQuestion, propose
from core.background import INTERRUPTED
from core.errors import ModelError, SettingsError, StrategiewijzerError
from core.files import as_text, printable
from core.settings import Settings
from core.source import DocumentInfo, Passage, preferred
from ingest.publishing.own_questions import file_text
from ingest.reading.question_file import AskedQuestion, PreparedAnswer, shortest_beginnings
from language.identify import OFFICIAL
from language.vocabulary import SPOKEN
from vectorstore.embeddings import estimated_tokens
from vectorstore.store import Snapshot, open_index

_FEWEST = 4  # words of a unit that says something
_REPLY = 100  # tokens of the reply for a unit: five questions in the first language
_REPLY_MORE = 30  # and in each other one
_IN_A_ROW = 3  # failures after which other sections would fail too
_LASTING = frozenset({"key", "quota", "unknown_model", "parameter", "unreachable", "paused"})


class _Sections(NamedTuple):
    """The passages of a document to ask about, and the languages to ask in, its own first."""

    passages: Sequence[Passage]
    languages: Sequence[str]


def write_questions(document: str, to: Path | None, limit: int) -> int:
    """Says what it costs to ask about a document (key or id); with `to` asks, in at most `limit`
    calls, and writes there what is kept, also after Ctrl-C or a failure.

    Returns:
        The exit code: 1 where a section failed.

    Raises:
        StrategiewijzerError: nothing can be asked or written.
    """
    settings = Settings()
    if not settings.generative:
        raise SettingsError(
            "No language model is configured, so none can write questions. Set "
            "STRATEGIEWIJZER_MODEL and OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own "
            "(docs/models.md)."
        )
    if to is not None and to.exists():
        raise StrategiewijzerError(f"{printable(as_text(to))} is there already. Name another file.")
    index = open_index(settings).snapshot()
    info = _document(index, document)
    left = _sections(index, info)
    sections = left._replace(passages=left.passages[:limit])
    seconds = max(PATIENCE, settings.answer_timeout)
    model = ChatModel(settings.model_copy(update={"answer_timeout": seconds}))
    _print_cost(sections, len(left.passages), model.address)
    if to is None or not sections.passages:
        return 0
    asking = _Asking(index, info, model, settings.results)
    try:
        return asking.ask(sections)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        _write(asking.answers, to)


def _write(answers: Sequence[PreparedAnswer], to: Path) -> None:
    if answers:
        with to.open("x", encoding="utf-8") as file:
            file.write(file_text(answers))
        count = sum(len(answer.questions) for answer in answers)
        typer.echo(
            f"{printable(as_text(to))}: {count:,} questions. Read them, and put the file beside "
            "the document, as NAME.questions.yaml."
        )


def _document(index: Snapshot, name: str) -> DocumentInfo:
    """The document version with this key, or the only one of this id.

    Raises:
        StrategiewijzerError: there is none, or more than one.
    """
    named = [info for info in index.documents() if name in (info.key, info.id)]
    if len(named) == 1:
        return named[0]
    if named:
        keys = ", ".join(printable(info.key) for info in named)
        raise StrategiewijzerError(
            f"{printable(name)} is there in more languages: name one of {keys}"
        )
    raise StrategiewijzerError(
        f"There is no document {printable(name)!r} in the index. See which there are with: "
        "python -m ingest status"
    )


def _sections(index: Snapshot, info: DocumentInfo) -> _Sections:
    """The sections that say something and that no prepared question is about."""
    versions = {other.language for other in index.documents() if other.id == info.id}
    readers = (spoken for spoken in SPOKEN if preferred(versions, spoken) == info.language)
    languages = [code for code in dict.fromkeys((info.language, *readers)) if code in OFFICIAL]
    known = {passage for asked in index.questions([info.key]) for passage in asked.passages}
    passages = sorted(index.passages([info.key]), key=lambda passage: passage.start)
    fresh = [passage for passage in passages if passage.id not in known and _says(passage)]
    return _Sections(fresh if languages else (), languages)


def _says(passage: Passage) -> bool:
    """Whether there is something to ask about."""
    return any(
        unit.kind != "note" and len(passage.text[unit.start : unit.end].split()) >= _FEWEST
        for unit in passage.units
    )


def _print_cost(sections: _Sections, left: int, address: str) -> None:
    calls = len(sections.passages)
    if not calls:
        typer.echo("There is nothing to ask about: every section has prepared questions.")
        return
    rules = prompts.load("questions")
    prompt = sum(estimated_tokens(rules + passage.context()) for passage in sections.passages)
    a_unit = _REPLY + _REPLY_MORE * (len(sections.languages) - 1)
    reply = a_unit * sum(len(passage.units) for passage in sections.passages)
    typer.echo(
        f"{calls:,} of {left:,} sections, one call each, about {prompt:,} tokens of prompts and "
        f"{reply:,} of replies, to {printable(address)}."
    )


class _Asking:
    """Asks about the sections of one document, and collects the answers of its file."""

    def __init__(self, index: Snapshot, info: DocumentInfo, model: ChatModel, results: int) -> None:
        self.answers: list[PreparedAnswer] = []
        self._index, self._model, self._results = index, model, results
        self._key = info.key
        self._names = shortest_beginnings(index.passages([info.key]))
        self._known = {asked.id for asked in index.questions([info.key])}

    def ask(self, sections: _Sections) -> int:
        """Asks about each, and says on standard error how far it is and what failed; ends early
        after a failure that others would share."""
        failed = in_a_row = 0
        for done, passage in enumerate(sections.passages, start=1):
            progress = f"{done} of {len(sections.passages)}: {printable(passage.headings[-1])}"
            try:
                questions, dropped = propose(
                    self._model, passage, sections.languages, self._index, self._results
                )
            except ModelError as error:
                failed, in_a_row = failed + 1, in_a_row + 1
                typer.echo(f"{progress}: {error}", err=True)
                if error.reason in _LASTING or in_a_row == _IN_A_ROW:
                    break
                continue
            in_a_row = 0
            self.answers += self._answers(passage, questions)
            counts = f"{len(questions)} questions, {dropped} dropped"
            typer.echo(f"{progress}: {counts}", err=True)
        return int(failed > 0)

    def _answers(
        self, passage: Passage, questions: Sequence[WrittenQuestion]
    ) -> Iterator[PreparedAnswer]:
        """The answers of a file, which cannot have units that no words name, nor a question that
        the document has."""
        by_units: dict[tuple[int, ...], list[AskedQuestion]] = {}
        for question in questions:
            asked = AskedQuestion(text=question.text, language=question.language)
            id = f"{self._key}:{asked.id}"
            if id not in self._known:
                self._known.add(id)
                by_units.setdefault(question.units, []).append(asked)
        by = f"model {printable(self._model.name)}"
        for numbers, group in by_units.items():
            units = tuple(self._names.get(passage.unit_ids[number], "") for number in numbers)
            if all(units):
                yield PreparedAnswer(units=units, questions=tuple(group), by=by)
