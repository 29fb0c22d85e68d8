"""Amounts in units of a fit stand beside its weights, and are looked at again after a refit."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chain.understanding.intent import WEIGHTS, MessageLimits
from research.fitting import stamp, write
from tests.support.profiles import own_profiles as own_profiles
from vectorstore import profile
from vectorstore.embeddings import LocalEmbedder
from vectorstore.profile import DEFAULT, Amounts, default_profile, file_of

REMEDY = "weights have changed: see that each amount still does what it was set for, and stamp it"


def unset(stored: Mapping[str, Any]) -> dict[str, str]:
    """Section -> the stamp that it needs, where its amounts were not set for these weights."""
    needed = {
        name: stamp(stored[name]["weights"]) if "weights" in stored[name] else DEFAULT
        for name in stored
        if name in Amounts.model_fields
    }
    return {name: of for name, of in needed.items() if stored[name].get("amounts_for") != of}


@pytest.mark.parametrize("file", sorted(profile.FOLDER.glob("*.json")), ids=lambda file: file.stem)
def test_amounts_are_for_the_weights_beside_them(file: Path) -> None:
    assert not unset(json.loads(file.read_text("utf-8"))), REMEDY


def test_margins_of_messages_are_for_the_classifier_beside_them() -> None:
    stored = json.loads(WEIGHTS.read_text("utf-8"))
    assert stored["amounts_for"] == stamp(stored["weights"]), REMEDY
    assert stored["embedder"] == LocalEmbedder.fingerprint == DEFAULT


def test_each_amount_says_what_it_was_set_on() -> None:
    profile = json.loads(file_of(DEFAULT).read_text("utf-8"))
    assert {name for name in profile if "amounts" in profile[name]} == set(Amounts.model_fields)
    messages = json.loads(WEIGHTS.read_text("utf-8"))["amounts"]
    assert set(messages) == set(MessageLimits.model_fields)
    for amounts in (messages, *(of["amounts"] for of in profile.values() if "amounts" in of)):
        assert all(amount["set_on"] for amount in amounts.values())


def test_a_refit_keeps_amounts_and_asks_for_another_look(own_profiles: Path) -> None:
    before, file = default_profile(), file_of(DEFAULT)
    assert file.parent == own_profiles
    doubled = {name: 2 * weight for name, weight in before.ranking.items()}
    write(DEFAULT, "ranking", doubled, "a test")
    stored = json.loads(file.read_text("utf-8"))
    assert unset(stored) == {"ranking": stamp(stored["ranking"]["weights"])}
    default_profile.cache_clear()
    assert default_profile().amounts == before.amounts
    assert default_profile().ranking == stored["ranking"]["weights"] != before.ranking
