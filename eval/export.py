"""Exports a run as a dataset for Ragas.

One JSON object per line and question, with the columns of Ragas' SingleTurnSample (0.4):

    user_input             the question; a follow-up question after the turns before it
    retrieved_contexts     the texts of the retrieved passages, best first
    retrieved_context_ids  their ids
    response               the answer as it was shown, with its [1] markers; or the refusal
    reference              the expected facts, joined with "; "; empty when nothing can be answered
    reference_contexts     the texts of all passages of the index that a label names
    reference_context_ids  their ids

Single turns, because Ragas' multi-turn samples have neither contexts nor response, and a dataset
has one kind of sample. Earlier questions and answers are put above the question in `user_input`,
one a line, so that a judge knows what "and in 2010?" is about.

Our labels name alternative sections. Ragas' context recall expects all of `reference_contexts`, so
it is a lower bound here. They are left out if the index is not that of the run.

https://docs.ragas.io/en/stable/concepts/components/eval_sample/
"""

import json
from collections.abc import Sequence
from pathlib import Path

from core.errors import IndexMismatchError, NoIndexError, StrategiewijzerError
from core.settings import Settings
from core.source import Passage, preferred
from eval import runs
from eval.dataset import SETS, Outline, Question, load, load_sets
from eval.results import QuestionResult, Results
from vectorstore.store import open_index

Row = dict[str, str | list[str]]


def export(run: str, settings: Settings, out: Path | None, asked: Path | None) -> tuple[Path, bool]:
    """Exports a run by its name; returns the file, and whether it has references.

    Args:
        out: the file; else ragas.jsonl in the folder of the run.
        asked: the question set that was asked; else ours.

    Raises:
        StrategiewijzerError: there is no such run or set, or the file cannot be written.
    """
    folder = runs.resolve(run, settings.data_dir)
    results = runs.read(folder)
    file = out or folder / "ragas.jsonl"
    passages = _passages(settings, results.stamp.generation)
    write(results, file, load(asked) if asked else load_sets(SETS), passages)
    return file, bool(passages)


def _passages(settings: Settings, generation: str) -> list[Passage]:
    """All passages of the index, when it is still this generation; else none."""
    try:
        index = open_index(settings)
    except (NoIndexError, IndexMismatchError):
        return []
    return index.passages() if index.generation == generation else []


def rows(
    results: Results, questions: Sequence[Question] = (), passages: Sequence[Passage] = ()
) -> list[Row]:
    """Rows of a run, in its order.

    Args:
        results: the run.
        questions: the questions asked, for their labels.
        passages: all passages of the run's index; without them no row has references.
    """
    asked = {(question.id, question.question): question for question in questions}
    outline = Outline.of(passages)
    made = []
    for result in results.questions:
        question = asked.get((result.id, result.question))
        row = _row(result)
        if passages:
            named = _named(question, passages, outline) if question is not None else []
            row["reference_contexts"] = [passage.text for passage in named]
            row["reference_context_ids"] = [passage.id for passage in named]
        made.append(row)
    return made


def write(
    results: Results,
    file: Path,
    questions: Sequence[Question] = (),
    passages: Sequence[Passage] = (),
) -> None:
    """Writes the rows of a run as JSONL in UTF-8.

    Raises:
        StrategiewijzerError: the file cannot be written.
    """
    lines = (
        json.dumps(row, ensure_ascii=False) + "\n" for row in rows(results, questions, passages)
    )
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(lines), "utf-8")
    except OSError as error:
        raise StrategiewijzerError(
            f"{file}: cannot be written ({error.strerror}). Choose another file with --out."
        ) from None


def _row(result: QuestionResult) -> Row:
    before = [line for one in result.history for line in (one.question, one.answer_text) if line]
    facts = (*result.facts_found, *result.facts_missing)
    return {
        "user_input": "\n".join((*before, result.question)),
        "retrieved_contexts": [passage.text for passage in result.passages],
        "retrieved_context_ids": [passage.id for passage in result.passages],
        "response": result.text,
        "reference": "; ".join(spellings[0] for spellings in facts),
    }


def _named(question: Question, passages: Sequence[Passage], outline: Outline) -> list[Passage]:
    """Passages of the sections that answer a question, in the language version that search uses."""
    places = outline.relevant_sections(question)
    inside = [one for one in passages if (one.document.id, one.section) in places]
    versions = {
        name: preferred(outline.languages[name], question.language)
        for name in {one.document.id for one in inside}
    }
    return [one for one in inside if one.language == versions[one.document.id]]
