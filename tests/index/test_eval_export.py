"""A run becomes a file that Ragas reads: its columns, its types, nothing left to guess."""

import json
from pathlib import Path

import pytest

from core.errors import StrategiewijzerError
from core.settings import Settings
from core.source import DocumentInfo, Passage
from eval import export, runs
from eval.__main__ import main
from eval.results import Results
from ingest.pipeline import ingest
from tests.support.small import Small
from tests.unit.test_eval_run import OTHER, QUESTIONS, SIZE, SIZE_NL, STAMP, passage, ran
from vectorstore.store import open_index

COLUMNS = {"user_input", "retrieved_contexts", "retrieved_context_ids", "response", "reference"}
REFERENCES = {"reference_contexts", "reference_context_ids"}


@pytest.fixture(scope="module")
def results() -> Results:
    return ran()


def row_of(rows: list[export.Row], question: str) -> export.Row:
    return next(row for row in rows if str(row["user_input"]).splitlines()[-1] == question)


def test_a_row_has_the_columns_of_ragas(results: Results) -> None:
    rows = export.rows(results)
    assert [row["user_input"] for row in rows][1:] == [one.question for one in results.questions][
        1:
    ]
    assert all(row.keys() == COLUMNS for row in rows)
    right = rows[0]
    assert right["retrieved_contexts"] == [OTHER.text, SIZE.text, SIZE_NL.text]
    assert right["retrieved_context_ids"] == [OTHER.id, SIZE.id, SIZE_NL.id]
    assert right["response"] == "The market is worth EUR 30 billion a year. [1]"
    assert right["user_input"] == "earlier\ntext\nright"  # after the turns before it
    # The first spelling of every fact.
    references = {str(row["user_input"]).splitlines()[-1]: row["reference"] for row in rows}
    assert references["right"] == "30 miljard"
    assert references["wrong quote"] == "30 billion; 40%"
    assert references["right refusal"] == ""


def test_the_references_are_the_passages_of_the_named_sections(results: Results) -> None:
    rows = export.rows(results, QUESTIONS, [OTHER, SIZE, SIZE_NL])
    assert all(row.keys() == COLUMNS | REFERENCES for row in rows)
    right = row_of(rows, "right")
    assert right["reference_context_ids"] == [SIZE.id]
    assert right["reference_contexts"] == [SIZE.text]
    assert row_of(rows, "wrong quote")["reference_context_ids"] == ["nl"]
    assert row_of(rows, "right refusal")["reference_contexts"] == []
    changed = QUESTIONS[0].model_copy(update={"question": "another"})  # since the run
    assert export.rows(results, [changed], [SIZE])[0]["reference_contexts"] == []


@pytest.mark.parametrize(
    ("versions", "chosen"), [("nl en fr", "nl"), ("fr en", "en"), ("fr de", "de")]
)
def test_a_section_in_many_languages_counts_once(versions: str, chosen: str) -> None:
    question = QUESTIONS[0].model_copy(update={"language": "nl"})
    passages: list[Passage] = []
    for language in versions.split():
        document = DocumentInfo(id="drugs-agenda", language=language, title="Drugs")
        passages.append(passage(language, "Size of the drug market", 3, document))
    row = export.rows(ran((question,)), [question], passages)[0]
    assert row["reference_contexts"] == [chosen]


def test_a_line_is_a_row_and_keeps_every_character(results: Results, tmp_path: Path) -> None:
    answered = results.questions[0].model_copy(update={"text": "Één\u2028regel\n– twee [1]"})
    one = results.model_copy(update={"questions": (answered, *results.questions[1:])})
    file = tmp_path / "deep" / "ragas.jsonl"
    export.write(one, file, QUESTIONS)
    text = file.read_text("utf-8")
    assert "Één" in text
    lines = text.removesuffix("\n").split("\n")
    assert [json.loads(line) for line in lines] == export.rows(one, QUESTIONS)


def test_a_file_that_cannot_be_written_is_a_clear_error(results: Results, tmp_path: Path) -> None:
    with pytest.raises(StrategiewijzerError, match="Choose another file with --out"):
        export.write(results, tmp_path)


DRUGS_PAGE = """\
---
id: drugs-agenda
language: en
title: Drugs
---
# Drugs

## Size of the drug market

The market is worth EUR 30 billion a year. Cannabis has 39% of it.
"""
SET = """\
- {id: right, question: right, language: en, answerable: true, kind: number,
   facts: [["30 billion"]], sections: ["Size of the drug market"],
   history: [{question: earlier, answer_text: text}]}
"""


@pytest.fixture
def index(
    small: Small,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Settings:
    """An index of one page, in the data folder that commands use, and a question set."""
    settings = small({"drugs.md": DRUGS_PAGE})
    ingest(settings)
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    (tmp_path / "set.yaml").write_text(SET, "utf-8")
    return settings


def test_a_run_is_exported_from_the_command_line(
    results: Results, index: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stamp = STAMP.model_copy(update={"generation": open_index(index).generation})
    run = runs.runs_folder(index.data_dir) / "20200724T000000Z"
    runs.write(results.model_copy(update={"stamp": stamp}), run)
    assert main(["export", "last", "--questions", str(tmp_path / "set.yaml")]) == 0
    assert capsys.readouterr().out == f"{run / 'ragas.jsonl'}\n"
    first = json.loads((run / "ragas.jsonl").read_text("utf-8").splitlines()[0])
    assert first["user_input"] == "earlier\ntext\nright"
    assert first["reference_contexts"][0].startswith("The market is worth EUR 30 billion")


def test_a_run_of_another_index_has_no_references(
    results: Results, index: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.write(results, runs.runs_folder(index.data_dir) / "20200724T000000Z")
    out, questions = tmp_path / "elsewhere.jsonl", str(tmp_path / "set.yaml")
    assert main(["export", "last", "--out", str(out), "--questions", questions]) == 0
    assert "Without reference contexts" in capsys.readouterr().err
    assert json.loads(out.read_text("utf-8").splitlines()[0]).keys() == COLUMNS
