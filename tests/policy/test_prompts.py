"""Prompts, phrases and cues are checked files with a fingerprint."""

from collections.abc import Mapping
from pathlib import Path

import pytest

import prompts
import ui.texts
from core.errors import PromptError
from language import vocabulary
from language.identify import OFFICIAL


def test_every_prompt_has_just_the_placeholders_that_are_filled() -> None:
    assert prompts._PLACEHOLDERS.keys() <= {*prompts.NAMES}
    for name in prompts.NAMES:
        assert prompts.load(name).strip()


def test_a_wrong_placeholder_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "answer.md").write_text("Answer in {langauge} from {passages}", "utf-8")
    monkeypatch.setattr(prompts, "_HERE", tmp_path)
    prompts.load.cache_clear()
    try:
        with pytest.raises(PromptError, match="langauge"):
            prompts.load("answer")
    finally:
        prompts.load.cache_clear()


def test_phrases_exist_in_the_languages_of_the_pages_and_fall_back_to_english() -> None:
    assert set(prompts.languages()) == set(ui.texts.languages()) == set(vocabulary.SPOKEN)
    assert len(prompts.reference_headings()) == len(vocabulary.SPOKEN)
    for language in prompts.languages():
        assert "{" not in prompts.phrases(language).searched_in(2, "2020-07-24")
    for language in vocabulary.SPOKEN:
        assert (prompts.phrases(language) == prompts.phrases("mt")) is (language == "en")
        assert (prompts.client_words(language) == prompts.client_words("mt")) is (language == "en")


def test_fingerprints_name_every_file_and_change_with_the_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert {
        "answer.md",
        "phrases/nl.yaml",
        "short.yaml",
        "cues.yaml",
    } <= prompts.fingerprints().keys()
    cue_file = tmp_path / "cues.yaml"
    (tmp_path / "phrases").mkdir()
    (tmp_path / "short.yaml").write_text("en: {}", "utf-8")
    monkeypatch.setattr(prompts, "_HERE", tmp_path)
    monkeypatch.setattr(vocabulary, "CUES", cue_file)

    def stamped(prompt: str, cue: str) -> tuple[Mapping[str, str], str]:
        (tmp_path / "answer.md").write_text(prompt, "utf-8")
        cue_file.write_text(cue, "utf-8")
        prompts.fingerprints.cache_clear()
        prompts.version.cache_clear()
        return prompts.fingerprints(), prompts.version()

    try:
        files, version = stamped("one", "one")
        other_prompt, version_of_prompt = stamped("two", "one")
        other_cue, version_of_cue = stamped("one", "two")
    finally:
        prompts.fingerprints.cache_clear()
        prompts.version.cache_clear()
    assert {name for name in files if files[name] != other_prompt[name]} == {"answer.md"}
    assert {name for name in files if files[name] != other_cue[name]} == {"cues.yaml"}
    assert len({version, version_of_prompt, version_of_cue}) == 3


def test_all_languages_of_the_phrases_have_cues_and_all_official_ones_ask() -> None:
    for language in prompts.languages():
        assert vocabulary.has_cues(language)
    assert vocabulary.cues_of("mt") == vocabulary.cues_of("en")
    for language in OFFICIAL:
        assert {"list", "number", "date", "name", "reason"} <= vocabulary.asks(language).keys()


def test_a_wrong_entry_of_cues_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wrong = vocabulary.CUES.read_text("utf-8").replace("    opening:", "    opnening:", 1)
    (tmp_path / "cues.yaml").write_text(wrong, "utf-8")
    monkeypatch.setattr(vocabulary, "CUES", tmp_path / "cues.yaml")
    vocabulary._cues_file.cache_clear()
    try:
        with pytest.raises(PromptError, match=r"cues\.yaml is not in form: [\s\S]*opnening"):
            vocabulary.cues_of("en")
    finally:
        vocabulary._cues_file.cache_clear()
