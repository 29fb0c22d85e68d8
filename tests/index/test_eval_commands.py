"""The commands of an evaluator, as typed: run, compare, accept, check, and their mistakes."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from core.settings import Settings
from eval import __main__ as command
from eval import gate, runs
from eval.__main__ import main

SET = """
- id: size
  question: "How much is the EU drug market worth?"
  language: en
  answerable: true
  kind: number
  facts: [["30 miljard", "30 billion"]]
  documents: [drugs-agenda]
  answers: ["retail value of the EU's illicit drug market at EUR 30 billion"]
  sections: ["Size of the drug market"]
- {id: far, question: "Wie won de Tour de France?", language: nl, answerable: false,
   kind: unanswerable, challenge: far-topic, note: "Sport."}
"""
OPEN = "at_least: {answers.useful_answer_rate: 1.0, citations.exact_quote_rate: 1.0}"
CLOSED = "at_least: {size.words: 1000}"


@pytest.fixture
def here(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a question set and gates; runs are kept in it, the index is the briefs'."""
    (tmp_path / "set.yaml").write_text(SET, "utf-8")
    (tmp_path / "open.yaml").write_text(OPEN, "utf-8")
    (tmp_path / "closed.yaml").write_text(CLOSED, "utf-8")
    data = tmp_path / "data"
    data.mkdir()
    for name in ("chroma", "keyword"):
        (data / name).symlink_to(settings.data_dir / name, target_is_directory=True)
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(data))
    monkeypatch.setenv("COLUMNS", "200")  # so that tables do not break lines
    return tmp_path


def asked(here: Path, *more: str) -> int:
    return main(["--questions", str(here / "set.yaml"), *more])


def test_a_run_is_kept_with_its_reports_and_the_gate_decides_the_exit_code(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked(here, "--gate", str(here / "open.yaml")) == 0
    (name,) = runs.listed(here / "data")
    out = capsys.readouterr().out
    assert "Too few questions to tell" in out
    for file in ("questions.jsonl", "results.json", "report.html"):
        assert (here / "data/runs" / name / file).stat().st_size > 0
        assert f"{name}/{file}" in out.replace("\n", "")
    assert "useful answer rate" in out
    results = runs.read(runs.resolve("last", here / "data"))
    assert results.fingerprint[:16] in out
    assert results.overall.figures["answers.useful_answer_rate"].value == 1.0

    assert asked(here, "--gate", str(here / "closed.yaml"), "--every", "2") == gate.CLOSED
    out = capsys.readouterr().out
    assert "May not go live" in out
    assert "Too few" not in out
    assert "FAILED: words per answer: " in out
    assert "at least 1000" in " ".join(out.split())


def test_without_a_set_all_of_ours_are_asked_and_conversations_stay_whole(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    sets = {part: here / part for part in ("questions", "messages", "conversations")}
    for folder in sets.values():
        folder.mkdir()
    (sets["questions"] / "a.yaml").write_text(SET, "utf-8")
    turn = SET.split("- {")[0]
    (sets["messages"] / "a.yaml").write_text(turn.replace("id: size", "id: polite"), "utf-8")
    turns = (
        turn.replace("id: size", f"id: turn-{number}\n  conversation: talk") for number in (1, 2, 3)
    )
    (sets["conversations"] / "a.yaml").write_text("".join(turns), "utf-8")
    monkeypatch.setattr(command, "SETS", sets)
    assert main([]) == 0
    results = runs.read(runs.resolve("last", here / "data"))
    assert results.overall.n == 2
    counts = {name: part.n for name, part in results.by_part.items()}
    assert counts == {"conversations": 3, "messages": 1, "open": 2, "same language": 1}
    assert results.stamp.questions.keys() == {"a.yaml", "messages/a.yaml", "conversations/a.yaml"}
    assert [len(result.history) for result in results.questions if result.conversation] == [0, 1, 2]
    assert main(["--every", "3"]) == 0  # of size, far, polite and the conversation
    results = runs.read(runs.resolve("last", here / "data"))
    assert [result.id for result in results.questions] == ["size", "turn-1", "turn-2", "turn-3"]
    assert re.search(r"conversations +3", capsys.readouterr().out)


def test_two_runs_are_compared_and_one_is_accepted(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert asked(here) == 0
    monkeypatch.setenv("STRATEGIEWIJZER_REFUSE_BELOW", "1.0")  # refuses everything
    assert asked(here) == 0
    capsys.readouterr()
    assert main(["compare", "previous", "last"]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "worse" in out
    assert "size: How much is the EU drug market worth?" in out
    assert "refused now" in out
    assert "McNemar" in out

    first, _ = runs.listed(here / "data")
    assert main(["accept", first]) == 0
    assert f"{first}  accepted" in capsys.readouterr().out
    assert asked(here, "--every", "2") == 0  # compared with the accepted run, on what both asked
    assert "over the 1 questions that both runs asked" in capsys.readouterr().out


def test_official_documents_are_a_second_ground_with_rules_and_runs_of_its_own(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = here / "ground/texts"
    texts.mkdir(parents=True)
    (texts / "harbour.en.md").write_text("# Harbour\n\n## Boats\n\nThe town has 40 boats.\n")
    asks = (
        "{{id: {0}, question: 'How many boats has the town?', language: en, answerable: true,"
        " kind: number, facts: [['40 boats']], documents: [{1}]}}\n"
    )
    turns = asks.replace("}}", ", conversation: {2}}}")
    (here / "ground/a.yaml").write_text(
        "".join(f"- {one}" for one in (
            asks.format("ours", "harbour"),
            asks.format("elsewhere", "council"),
            turns.format("first", "harbour", "whole"),
            turns.format("one", "harbour", "torn"),
            turns.format("two", "council", "torn"),
        ))
    )  # fmt: skip
    monkeypatch.setattr(command, "DOCUMENTS", here / "ground")
    gates = "at_least: {size.words: 1000}\ndocuments: {at_least: {reading.right: 1.0}}"
    (here / "both.yaml").write_text(gates, "utf-8")
    assert main(["--documents", "--gate", str(here / "both.yaml")]) == 0
    assert "Too few questions to tell" in capsys.readouterr().out
    assert runs.listed(here / "data") == ()
    (kept,) = (here / "data/corpora").glob("*/runs/*/results.json")
    results = runs.read(kept.parent)
    assert [result.id for result in results.questions] == ["ours", "first"]
    (here / "both.yaml").write_text(gates.replace("right: 1.0", "signable: 1.1"), "utf-8")
    assert main(["--documents", "--gate", str(here / "both.yaml")]) == gate.CLOSED


def test_a_set_is_put_to_documents_of_its_own(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = here / "texts"
    folder.mkdir()
    market = "We put the retail value of the EU's illicit drug market at EUR 30 billion."
    (folder / "drugs-agenda.en.md").write_text(
        f"# Drugs\n\n## Size of the drug market\n\n{market}\n"
    )
    corpus = ["--corpus", str(folder)]
    assert asked(here, *corpus) == 0
    assert "1 added" in capsys.readouterr().err
    results = runs.read(runs.resolve("last", here / "data"))
    assert {passage.document for passage in results.questions[0].passages} == {"drugs-agenda"}
    assert market in results.questions[0].text
    assert asked(here, *corpus) == 0
    assert "0 passages to embed" in capsys.readouterr().err
    assert {path.name for path in folder.iterdir()} == {"drugs-agenda.en.md"}
    assert main(["check", str(here / "set.yaml"), *corpus]) == 0
    assert "0 errors" in capsys.readouterr().out
    assert asked(here, "--corpus", str(here / "absent")) == 1
    assert "absent" in capsys.readouterr().err


def test_labels_are_checked_and_counted(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(here / "set.yaml")]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out
    (here / "set.yaml").write_text(
        SET.replace("30 billion", "31 billion").replace("30 m", "31 m").replace("retail", "great")
    )
    assert main(["check", str(here / "set.yaml")]) == 1
    out = capsys.readouterr().out
    assert "error: size: facts: its documents do not say" in out
    assert "error: size: answers: no sentence or item of a document has" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--questions", "absent.yaml"], "absent.yaml: no question set here"),
        (["compare", "absent", "last"], "There is no run 'absent'"),
        (["accept", "absent"], "There is no run 'absent'"),
        (["--gate", "absent.yaml"], "absent.yaml: cannot be read"),
    ],
)
def test_a_mistake_is_a_message_and_exit_code_1(
    here: Path, arguments: Sequence[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(arguments)) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.out == ""
