"""What the records say is so: who reads answers, and which numbers are in force."""

import re

import pytest

from chain.reading.relevance import _OF_PROMISE, READ
from core.settings import ROOT, Settings
from vectorstore.profile import default_profile

DECISIONS = ROOT / "docs" / "decisions"
# Readers of answers, writers of questions and judges of sentences are language models. What stands
# in a text of others, and what these models wrote, says nothing of them.
NOT_OURS = (
    "corpus/",
    "eval/documents/texts/",
    "tests/data/",
    "tests/replies/",
    "tests/policy/test_records.py",
)
NOT_IN_TREE = (".git", ".venv", "data", "documents")
KINDS = (".md", ".py", ".j2", ".yaml")
OF_PEOPLE = re.compile(
    r"""\bread\W+(?:[a-z]+\W+)?by\W+(?:\w+\W+)?(?:people|persons|officials)   # read by two people
    | \bwritten\W+by\W+(?:a\W+)?(?:people|persons?)\b
    | \b(?:people|persons)\W+(?:found|judged|signed)\b
    | \b(?:people|persons)\W+who\W+(?:had\W+)?(?:not\W+)?(?:seen|read|judged|signed)\b
    | \blists\W+(?:that\W+)?(?:made\W+by\W+)?people\b
    | \ba\W+person\W+made\b""",
    re.IGNORECASE | re.VERBOSE,
)


def _ours() -> dict[str, str]:
    """Our own texts and code by name."""
    folders = [one for one in ROOT.iterdir() if one.is_dir() and (one.name not in NOT_IN_TREE)]
    files = [*ROOT.glob("*.md"), *(file for one in folders for file in one.rglob("*.*"))]
    named = {file.relative_to(ROOT).as_posix(): file for file in files if file.suffix in KINDS}
    return {
        name: file.read_text("utf-8")
        for name, file in named.items()
        if not name.startswith(NOT_OURS)
    }


def test_nothing_calls_a_language_model_that_reads_answers_people() -> None:
    texts = _ours()
    assert len(texts) > 500
    found = [(name, one[0]) for name, text in texts.items() for one in OF_PEOPLE.finditer(text)]
    assert found == []


@pytest.mark.parametrize("page", ["README.md", "docs/figures.md", "docs/evaluation.md"])
def test_whoever_gives_figures_of_readers_says_that_these_are_language_models(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    assert re.search(r"language\s+models? in the\s+role of a demanding official", text)


def _opening(record: str) -> str:
    """The first lines of a decision, which say what is in force."""
    return "\n".join((DECISIONS / record).read_text("utf-8").splitlines()[:24])


def _formula(text: str) -> dict[str, float]:
    sum_of = re.search(r"score = ([^`\n]+)", text)
    assert sum_of
    return {name: float(weight) for weight, name in re.findall(r"([\d.]+) (\w+)", sum_of[1])}


def test_a_decision_begins_with_the_weights_in_force() -> None:
    assert _formula(_opening("0004-ranking.md")) == dict(default_profile().ranking)


def test_what_is_added_to_a_readers_score_is_told() -> None:
    amounts = default_profile().amounts.relevance
    text = (DECISIONS / "0017-a-reader.md").read_text("utf-8")
    assert f"+ {_OF_PROMISE:g} (its promise" in text
    assert f"the {READ} most promising units" in text
    kept = f"{amounts.named:g} (log-odds) for a document that the question names, and"
    assert kept in (DECISIONS / "0009-choosing-sentences.md").read_text("utf-8")


def test_decisions_begin_with_the_thresholds_in_force() -> None:
    refused = Settings.model_fields["refuse_below"].default
    assert f"is below {refused:.2f} (`refuse_below`" in _opening("0006-confidence.md")
    sure = default_profile().amounts.chance.sure
    assert f"answers is {sure:g} or more" in _opening("0015-three-forms.md")
