"""Each rule of the prompt for answers has a reply that follows it, and is shown as it was meant.

The rules are named by how they begin: a new rule needs a reply here.
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

import pytest

import prompts
from chain.answer.model_run import ModelRun
from chain.checking.verification import nearness_of
from chain.request import Draft, Gaps, Request
from chain.writing.generative import read
from core.answer_blocks import sentences
from core.settings import Settings
from core.source import ScoredPassage
from vectorstore.store import Snapshot, open_index

TRACK = "Reports in the EU rose from 23,000 in 2010 to over 725,000 in 2019."
ASKED = "Which Member States, how many in 2020, and what is the budget of the centre?"
MORE = "In 2019 the Commission opened infringement procedures against 23 Member States."


class Followed(NamedTuple):
    """What a model says that follows a rule, and what is shown of it: the kind of each block with
    its sentences or items, and what is not stated."""

    said: list[str]
    shown: list[tuple[str, list[str]]]
    not_stated: tuple[str, ...] = ()


RULES = {
    "The first sentence answers the question.": Followed([TRACK], [("paragraph", [TRACK])]),
    "Asked for a list: the first sentence says what the list is": Followed(
        ["The centre has three roles:", "- prevention;", "- support of victims;", "- reports."],
        [
            ("paragraph", ["The centre has three roles:"]),
            ("list", ["prevention;", "support of victims;", "reports."]),
        ],
    ),
    "Asked for a comparison": Followed(
        [
            "The Directive binds the Member States and the Regulation the providers.",
            "The Directive sets penalties.",
            "The Regulation sets duties.",
        ],
        [
            (
                "paragraph",
                [
                    "The Directive binds the Member States and the Regulation the providers.",
                    "The Directive sets penalties.",
                    "The Regulation sets duties.",
                ],
            )
        ],
    ),
    "Asked for yes or no": Followed([f"Yes: {MORE}"], [("paragraph", [f"Yes: {MORE}"])]),
    "If the question takes something for granted": Followed([MORE], [("paragraph", [MORE])]),
    "Every sentence can be understood by itself": Followed(
        [TRACK, MORE], [("paragraph", [TRACK, MORE])]
    ),
    "Stay close to the words of the passages.": Followed([MORE], [("paragraph", [MORE])]),
    "A sentence says what passages state, never what they do not state": Followed(
        [MORE], [("paragraph", [MORE])], ("the names of these Member States",)
    ),
    "Reply with one JSON object": Followed([TRACK], [("paragraph", [TRACK])]),
    'In the list "sentences" each': Followed([TRACK], [("paragraph", [TRACK])]),
    'In the list "not_stated" name': Followed([], [], ("the budget of the centre", "its seat")),
    'In the list "searches" give up to three': Followed(
        [TRACK], [("paragraph", [TRACK])], ("the figure of 2020",)
    ),
    "Write in the language with this ISO 639-1 code": Followed(
        ["In 2019 begon de Commissie inbreukprocedures tegen 23 lidstaten."],
        [("paragraph", ["In 2019 begon de Commissie inbreukprocedures tegen 23 lidstaten."])],
    ),
}


@pytest.fixture(scope="module")
def index(settings: Settings) -> Snapshot:
    return open_index(settings).snapshot()


class _Says:
    model = "scripted"

    def __init__(self, reply: str) -> None:
        self._reply = reply

    def draft(self, request: Request, config: object) -> Iterator[Draft | Gaps]:
        yield from read([*self._reply], request.language)


def _rules() -> list[str]:
    lines = "\n".join((prompts.load("answer"), prompts.load("answer-form"))).splitlines()
    return [line.removeprefix("- ") for line in lines if line.startswith("- ")]


def test_every_rule_has_a_reply_that_follows_it() -> None:
    rules = _rules()
    for name in RULES:
        assert sum(name in rule for rule in rules) == 1, name
    assert [rule for rule in rules if not any(name in rule for name in RULES)] == []


@pytest.mark.parametrize("followed", RULES.values(), ids=RULES)
def test_a_reply_that_follows_a_rule_is_shown_as_it_was_meant(
    index: Snapshot, followed: Followed
) -> None:
    found = tuple(
        ScoredPassage(passage=one, score=0.0, similarity=0.0)
        for one in index.passages(["csa-strategy.en"])
    )
    reply = {
        "sentences": [{"text": one, "evidence": []} for one in followed.said],
        "not_stated": followed.not_stated,
        "searches": [],
    }
    request = Request(ASKED, "en", found)
    nearness = nearness_of(index, index.embedder)
    writing = ModelRun(request, _Says(json.dumps(reply)), nearness)
    for _ in writing.write(None):
        pass
    blocks = writing.builder.blocks
    assert [(one.kind, [said.shown for said in sentences((one,))]) for one in blocks] == (
        followed.shown
    )
    assert writing.not_stated == followed.not_stated


def test_no_rule_names_a_subject_that_the_documents_may_not_have() -> None:
    for name in prompts.WRITING:
        assert "European Union" not in prompts.load(name)
        assert "security" not in prompts.load(name)
