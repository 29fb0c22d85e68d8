"""Prompts and phrases are files with checked placeholders and a fingerprint."""

from pathlib import Path

import pytest

import prompts
from core.errors import PromptError


def test_every_prompt_has_just_the_placeholders_that_are_filled() -> None:
    for name in prompts._PLACEHOLDERS:
        assert prompts.load(name).strip()


def test_a_prompt_with_a_wrong_placeholder_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "answer.md").write_text("Answer in {langauge} from {passages}", "utf-8")
    monkeypatch.setattr(prompts, "_HERE", tmp_path)
    prompts.load.cache_clear()
    try:
        with pytest.raises(PromptError, match="langauge"):
            prompts.load("answer")
    finally:
        prompts.load.cache_clear()


def test_phrases_exist_in_four_languages_and_fall_back_to_english() -> None:
    assert set(prompts.languages()) == {"nl", "en", "fr", "de"}
    for language in prompts.languages():
        assert "{" not in prompts.phrases(language).searched_in(2, "2020-07-24")
    for language in ("nl", "fr", "de", "en"):
        assert (prompts.phrases(language) == prompts.phrases("mt")) is (language == "en")


def test_fingerprints_name_every_file_and_change_with_the_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert {"answer.md", "phrases/nl.yaml"} <= prompts.fingerprints().keys()
    (tmp_path / "phrases").mkdir()
    (tmp_path / "answer.md").write_text("one", "utf-8")
    monkeypatch.setattr(prompts, "_HERE", tmp_path)
    prompts.fingerprints.cache_clear()
    try:
        before = prompts.fingerprints()["answer.md"]
        (tmp_path / "answer.md").write_text("two", "utf-8")
        prompts.fingerprints.cache_clear()
        assert prompts.fingerprints()["answer.md"] != before
    finally:
        prompts.fingerprints.cache_clear()
