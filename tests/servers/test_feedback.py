"""Readers' feedback: how it is kept, and how it becomes questions of a question set."""

import datetime
import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import update

from core.answer import Answer, Turn
from core.answer_blocks import own
from core.errors import StrategiewijzerError
from core.source import Scope
from eval.__main__ import main
from eval.dataset import QUESTIONS, load
from eval.feedback_questions import FILE as SET
from eval.feedback_questions import entry as question_of
from tests.support.people import HOSTILE, NOON, REPORTS, verdict
from userdata import feedback as store
from userdata.database import FILE, Database
from userdata.feedback import Feedback
from userdata.tables import METADATA


def test_verdicts_are_read_as_they_were_saved_oldest_first(kept_in: Database) -> None:
    history = (Turn(question=HOSTILE, answer_text=HOSTILE),)
    later, earlier = verdict(2, history=history, comment=HOSTILE), verdict(1)
    store.save(kept_in, later)
    store.save(kept_in, earlier)
    assert store.read(kept_in) == (earlier, later)


def test_another_verdict_replaces_the_first_and_can_be_taken_back(kept_in: Database) -> None:
    assert store.find(kept_in, verdict(1).id) is None
    store.save(kept_in, verdict(1))
    store.save(kept_in, verdict(2))
    assert store.find(kept_in, verdict(2).id) == verdict(2)
    store.save(kept_in, verdict(1, helpful=True))
    assert [given.helpful for given in store.read(kept_in)] == [True, False]
    for given in (verdict(1), verdict(2), verdict(3)):  # the last was never there
        store.remove(kept_in, given.id)
    assert store.read(kept_in) == ()


def test_what_is_dealt_with_is_marked_and_a_new_verdict_opens_it_again(kept_in: Database) -> None:
    store.save(kept_in, verdict(1))
    store.handle(kept_in, verdict(1), "Maud")
    store.handle(kept_in, verdict(2), "Maud")
    (handled,) = store.read(kept_in)
    assert (handled.by, handled.handled is not None) == ("Maud", True)
    replaced = verdict(1, date=NOON, evidence=False)
    store.save(kept_in, replaced)
    assert store.read(kept_in) == (replaced,)
    store.handle(kept_in, verdict(1), "Maud")  # whose page shows the earlier one
    assert store.read(kept_in) == (replaced,)


@pytest.mark.parametrize("change", [lambda *_: store.handle(*_, "Maud"), store.reopen])
@pytest.mark.parametrize("left", [(verdict(1, date=NOON, helpful=True),), ()])
def test_a_reader_who_thinks_again_meanwhile_has_the_last_word(
    kept_in: Database,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Database, Feedback], None],
    left: tuple[Feedback, ...],
) -> None:
    """A verdict that is replaced or withdrawn while a maintainer's click is being kept."""

    def think_again() -> None:
        if left:
            store.save(kept_in, left[0])
        else:
            store.remove(kept_in, verdict(1).id)

    reader = threading.Thread(target=think_again)
    copied = Feedback.model_copy

    def between_reading_and_writing(*given: Any, **changes: Any) -> Feedback:
        reader.start()
        reader.join(0.5)
        return copied(*given, **changes)

    store.save(kept_in, verdict(1))
    monkeypatch.setattr(Feedback, "model_copy", between_reading_and_writing)
    change(kept_in, verdict(1))
    reader.join()
    assert store.read(kept_in) == left


def test_a_verdict_that_was_kept_with_areas_only_is_still_read(kept_in: Database) -> None:
    kept = verdict(1).model_dump(mode="json", exclude={"scope", "evidence", "handled", "by"})
    store.save(kept_in, verdict(1))
    row = json.dumps({**kept, "areas": ["drugs"]})
    with kept_in.transaction("Test") as connection:
        connection.execute(update(METADATA.tables["feedback"]).values(feedback=row))
    assert store.read(kept_in) == (verdict(1, scope=Scope(areas=("drugs",))),)


def test_where_nothing_can_be_written_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(StrategiewijzerError, match=r"people\.sqlite.*may write"):
        store.save(Database(tmp_path / "data"), verdict())


def test_a_store_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("no database, " * 100)
    kept_in = Database(tmp_path)
    for use in (lambda: store.read(kept_in), lambda: store.remove(kept_in, "x")):
        with pytest.raises(StrategiewijzerError, match="not a database"):
            use()


def test_a_verdict_has_what_the_answer_knows() -> None:
    answer = Answer(
        question=REPORTS, blocks=(own("Nee."),), further=((own("Ook."),),), language="nl",
        answered=False, confidence=0.2, mode="generative", model="m", prompt_version="p",
        generation="g",
    )  # fmt: skip
    given = Feedback.on(answer, id="1", helpful=True)
    for name in Answer.model_fields.keys() & Feedback.model_fields.keys():
        assert getattr(given, name) == getattr(answer, name)
    assert given.date.utcoffset() == datetime.timedelta(0)


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(tmp_path))
    return tmp_path


def test_a_thumb_down_becomes_a_question(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = (Turn(question="Wat is Malta?", answer_text="Een eiland."),)
    scope = Scope(areas=("drugs",), language="nl", as_of=datetime.date(2020, 7, 24))
    store.save(
        Database(data_dir), verdict(1, history=history, comment="Het zijn er 13.", scope=scope)
    )
    store.save(Database(data_dir), verdict(2, question="Wat is Gozo?", helpful=True))
    assert main(["feedback"]) == 0
    (question,) = load(data_dir / SET)
    assert question.id == "feedback-10000000"
    assert (question.question, question.history) == (REPORTS, history)
    assert (question.answerable, question.kind, question.facts) == (
        True,
        "definition",
        (("TODO",),),
    )
    limits = "Searched within: drugs; sources in nl; as of 2020-07-24."
    for part in ("2026-11-24", '"Het zijn er 13."', limits, "12 door", "Cijfers › Malta"):
        assert part in question.note
    printed = capsys.readouterr().out
    assert "1 added" in printed
    assert f"python -m eval check {data_dir / SET}" in printed


def test_wrong_evidence_becomes_a_question_and_a_useful_refusal_with_all(data_dir: Path) -> None:
    store.save(Database(data_dir), verdict(1, helpful=True, evidence=False))
    store.save(Database(data_dir), verdict(2, helpful=None, evidence=True, question="Wat is Gozo?"))
    refusal = verdict(3, helpful=True, answered=False, question="Wat is Comino?")
    store.save(Database(data_dir), refusal)
    assert main(["feedback"]) == 0
    (question,) = load(data_dir / SET)
    told = "A reader found the answer useful and the evidence not good on 2026-11-24."
    assert question.note.startswith(told)
    assert main(["feedback", "--all"]) == 0
    kinds = {question.question: question.kind for question in load(data_dir / SET)}
    assert kinds[REPORTS] == "definition"
    assert kinds[refusal.question] == "unanswerable"


def test_what_a_reader_wrote_stays_text(data_dir: Path) -> None:
    history = (Turn(question=HOSTILE, answer_text=HOSTILE),)
    said_so = verdict(1, question=HOSTILE, comment=HOSTILE, answer_text=HOSTILE, history=history)
    store.save(Database(data_dir), said_so)
    store.save(Database(data_dir), verdict(2))
    assert main(["feedback"]) == 0
    hostile, plain = load(data_dir / SET)
    assert (hostile.question, hostile.history) == (HOSTILE, history)
    assert " ".join(HOSTILE.split()) in hostile.note
    assert plain.question == REPORTS


def test_a_file_is_only_added_to(data_dir: Path) -> None:
    file = data_dir / SET
    store.save(Database(data_dir), verdict(1))
    main(["feedback"])
    edited = file.read_text("utf-8").replace("- - TODO", "- ['12']  # seen in the brief")
    edited = edited.replace(REPORTS, "Hoeveel?").rstrip("\n").replace("\n", "\r\n")
    file.write_bytes(edited.encode())
    assert main(["feedback"]) == 0
    assert file.read_bytes() == edited.encode()

    store.save(Database(data_dir), verdict(2, question="Wat is Gozo?"))
    assert main(["feedback"]) == 0
    assert file.read_bytes().startswith(edited.encode())
    assert [question.question for question in load(file)] == ["Hoeveel?", "Wat is Gozo?"]


def test_an_entry_that_was_put_in_a_comment_does_not_come_back(data_dir: Path) -> None:
    file = data_dir / SET
    store.save(Database(data_dir), verdict(1))
    main(["feedback"])
    rejected = "".join(f"# {line}\n" for line in file.read_text("utf-8").splitlines())
    file.write_text(rejected, "utf-8")
    assert main(["feedback"]) == 0
    assert file.read_text("utf-8") == rejected
    store.save(Database(data_dir), verdict(2, question="Wat is Gozo?"))
    main(["feedback"])
    assert [question.question for question in load(file)] == ["Wat is Gozo?"]


def test_known_questions_are_skipped(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = next(question for question in load(QUESTIONS) if not question.history)
    store.save(
        Database(data_dir),
        verdict(1, question=f" {known.question.upper()}", language=known.language),
    )
    store.save(Database(data_dir), verdict(2))
    earlier = (Turn(question="Wat is EMPACT?", answer_text="Een platform."),)
    store.save(Database(data_dir), verdict(3, question=f"{REPORTS} ", history=earlier))
    assert main(["feedback"]) == 0
    assert "1 added. Skipped: 0 added before, 2 that ask" in capsys.readouterr().out
    assert main(["feedback"]) == 0
    assert "0 added. Skipped: 1 added before, 2 that ask" in capsys.readouterr().out
    for number, topic in enumerate(("Wat deed Malta in 2019?", "Wat deed Cyprus in 2019?"), 4):
        history = (Turn(question=topic, answer_text="Veel."),)
        store.save(Database(data_dir), verdict(number, question="En in 2010?", history=history))
    main(["feedback"])  # after another question the same words are another question
    assert "2 added" in capsys.readouterr().out


def test_without_feedback_nothing_is_read_and_nothing_written(
    data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert store.read(Database(data_dir / "data")) == ()
    assert main(["feedback"]) == 0
    assert "no thumbs-down" in capsys.readouterr().out
    assert list(data_dir.iterdir()) == []


@pytest.mark.parametrize("content", ["no list", "[{id: a}]", "- id: a\n  question: b\n"])
def test_a_file_of_another_kind_is_told_and_left_alone(
    data_dir: Path, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store.save(Database(data_dir), verdict())
    file = data_dir / "mine.yaml"
    file.write_text(content)
    assert main(["feedback", "--out", str(file)]) == 1
    assert "mine.yaml" in capsys.readouterr().err
    assert file.read_text() == content
    assert main(["feedback", "--out", str(data_dir)]) == 1  # where no file can be
    assert "--out" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["flow", "indented"])
def test_a_list_in_another_form_is_not_spoiled(
    data_dir: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    store.save(Database(data_dir), verdict())
    entry = question_of(verdict(2, question="Wat is Gozo?")).model_dump(mode="json")
    text = yaml.safe_dump([entry], default_flow_style=form == "flow")
    text = text if form == "flow" else "".join(f"  {line}\n" for line in text.splitlines())
    file = data_dir / "mine.yaml"
    file.write_text(text)
    assert main(["feedback", "--out", str(file)]) == 1
    assert "nothing can be added" in capsys.readouterr().err
    assert file.read_text() == text
