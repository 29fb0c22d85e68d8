"""What `python -m chain` prints of every form of answer, made by hand."""

import pytest

from chain import __main__ as command
from chain.assistant import Assistant
from core.settings import Settings
from tests.support.answers import made


def test_the_command_prints_what_else_there_is_and_a_passage_once(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    answers = made(settings)
    told = answers["answer"].model_copy(update={"understood_as": "Hoeveel in 2019?"})
    monkeypatch.setattr(Assistant, "ask", lambda *_, **__: told)
    assert command.main(["Hoeveel?"]) == 0
    printed = capsys.readouterr().out
    order = ("Understood as: Hoeveel in 2019?", told.text, "Also in the sources:",
             told.more[0].removeprefix("### "), "\n[1] ", "\n[2] ", "\n[3] ")  # fmt: skip
    places = [printed.index(part) for part in order]
    assert places == sorted(places)
    assert printed.count("\n[1] ") == 1
    for citation in told.citations:
        assert printed.count(f"    “{citation.quote}”") == 1
    monkeypatch.setattr(Assistant, "ask", lambda *_, **__: answers["refusal"])
    assert command.main(["Hoeveel?"]) == 0
    printed = capsys.readouterr().out
    assert "Not in this selection, but elsewhere" in printed
    assert "Nearest in the sources:" in printed
    monkeypatch.setattr(Assistant, "ask", lambda *_, **__: answers["reply"])
    assert command.main(["Hallo"]) == 0
    assert capsys.readouterr().out == "Dag! Stel gerust een vraag.\n"


def test_a_question_with_bytes_that_are_no_text_is_answered(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    assert command.main(["Wat is EMPACT\udcff?"]) == 0  # how Python reads such an argument
    assert "empact" in capsys.readouterr().out.lower()
