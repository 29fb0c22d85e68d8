"""Has a language model write a file of prepared questions about a document in use.

sections without prepared questions -> the model, one call each -> questions that find their
                                                                   answer -> a file to be read
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

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


def write_questions(document: str, to: Path | None, limit: int) -> int:
    """Says what it costs to ask about a document (key or id); with `to` asks, in at most `limit`
    calls, and writes there what is kept, also after Ctrl-C or a failure. Returns the exit code: 1
    where a section failed."""
    settings = Settings()
    if not settings.generative:
        raise SettingsError(
            "No language model is configured, so none can write questions. Set "
            "STRATEGIEWIJZER_MODEL and OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own "
            "(docs/models.md)."
        )
    seconds = max(PATIENCE, settings.answer_timeout)
    model = ChatModel(settings.model_copy(update={"answer_timeout": seconds}))
    asking = _Asking(open_index(settings).snapshot(), document, model, settings.results)
    sections = asking.sections()
    if not sections:
        typer.echo("There is nothing to ask about: every section has prepared questions.")
        return 0
    now = sections[:limit]
    cost, address = asking.cost(now), printable(model.address)
    typer.echo(f"{len(now):,} of {len(sections):,} sections, one call each, {cost}, to {address}.")
    if to is None:
        return 0
    name = printable(as_text(to))
    try:
        file = to.open("x", encoding="utf-8")
    except OSError as error:
        reason = f"{name} cannot be made: {error.strerror}. Name another file."
        raise StrategiewijzerError(reason) from None
    with file:
        try:
            return asking.ask(now)
        except KeyboardInterrupt:
            return INTERRUPTED
        finally:
            file.write(file_text(asking.answers))
            count = sum(len(answer.questions) for answer in asking.answers)
            typer.echo(
                f"{name}: {count:,} questions. Read them, and put the file beside the document, as "
                "NAME.questions.yaml."
            )


class _Asking:
    """Asks about the sections of one document, and collects the answers of its file."""

    def __init__(self, index: Snapshot, name: str, model: ChatModel, results: int) -> None:
        info = _document(index, name)
        versions = {other.language for other in index.documents() if other.id == info.id}
        readers = (spoken for spoken in SPOKEN if preferred(versions, spoken) == info.language)
        languages = dict.fromkeys((info.language, *readers))
        self.answers: list[PreparedAnswer] = []
        self._languages = [language for language in languages if language in OFFICIAL]
        self._index, self._model, self._results = index, model, results
        self._key = info.key
        self._passages = sorted(index.passages([info.key]), key=lambda passage: passage.start)
        self._names = shortest_beginnings(self._passages)
        self._known = {asked.id: asked.passages for asked in index.questions([info.key])}

    def sections(self) -> Sequence[Passage]:
        """The passages that say something and that no prepared question is about."""
        answering = {passage for passages in self._known.values() for passage in passages}
        return [
            passage
            for passage in self._passages
            if self._languages and passage.id not in answering and _says(passage)
        ]

    def cost(self, sections: Sequence[Passage]) -> str:
        rules = prompts.load("questions")
        prompt = sum(estimated_tokens(rules + passage.context()) for passage in sections)
        a_unit = _REPLY + _REPLY_MORE * (len(self._languages) - 1)
        reply = a_unit * sum(len(passage.units) for passage in sections)
        return f"about {prompt:,} tokens of prompts and {reply:,} of replies"

    def ask(self, sections: Sequence[Passage]) -> int:
        """Asks about each, and says on standard error how far it is and what failed; ends early
        after a failure that others would share. Returns the exit code."""
        failed = in_a_row = 0
        for done, passage in enumerate(sections, start=1):
            progress = f"{done} of {len(sections)}: {printable(passage.headings[-1])}"
            try:
                questions, dropped = propose(
                    self._model, passage, self._languages, self._index, self._results
                )
            except ModelError as error:
                failed, in_a_row = failed + 1, in_a_row + 1
                typer.echo(f"{progress}: {error}", err=True)
                if error.reason in _LASTING or in_a_row == _IN_A_ROW:
                    break
                continue
            in_a_row = 0
            self.answers += self._answers(passage, questions)
            typer.echo(f"{progress}: {len(questions)} questions, {dropped} dropped", err=True)
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
                self._known[id] = ()
                by_units.setdefault(question.units, []).append(asked)
        by = f"model {printable(self._model.name)}"
        for numbers, group in by_units.items():
            units = tuple(self._names.get(passage.unit_ids[number], "") for number in numbers)
            if all(units):
                yield PreparedAnswer(units=units, questions=tuple(group), by=by)


def _document(index: Snapshot, name: str) -> DocumentInfo:
    """The document version with this key, or the only one of this id; raises StrategiewijzerError
    where there is none, or more than one."""
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


def _says(passage: Passage) -> bool:
    """Whether there is something to ask about."""
    return any(
        unit.kind != "note" and len(passage.text[unit.start : unit.end].split()) >= _FEWEST
        for unit in passage.units
    )
