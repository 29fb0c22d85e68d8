"""The replies over real documents: whole, balanced, and in the form that a model is asked for.

tests/replies/documents: written by four language models that had not seen the checks, over official
documents that stand outside of the project (documents.csv says where each is from). Each true
sentence has the first and last words of the stretches that it rests on, and two false twins. The
half `held` is only measured on. verdicts.csv has what three careful readers, language models that
did not know which is which, said of each sentence and twin from its stretches and the text around
them; none had a sentence and its twin.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from typing import get_args

import pytest

from eval.replies import DOCUMENTS, FOLDER, Reply, TwinChange, opinions, read, read_documents


@pytest.fixture(scope="module")
def replies() -> list[Reply]:
    return [*read_documents("open"), *read_documents("held")]


@pytest.fixture(scope="module")
def languages() -> dict[str, str]:
    with (DOCUMENTS / "documents.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: row["language"] for row in csv.DictReader(file)}


def test_there_are_enough_of_each_kind(replies: list[Reply], languages: dict[str, str]) -> None:
    assert len({reply.id for reply in replies}) == len(replies) == 64
    assert Counter(reply.half for reply in replies) == {"open": 32, "held": 32}
    assert Counter(reply.language for reply in replies) == {
        "nl": 16, "en": 16, "fr": 12, "de": 8, "es": 8, "pl": 4,
    }  # fmt: skip
    assert sum(not reply.sentences for reply in replies) == 12  # which the documents do not answer
    assert {name for reply in replies for name in reply.documents} == languages.keys()
    across = [
        reply
        for reply in replies
        if reply.language not in {languages[name] for name in reply.documents}
    ]
    assert len(across) >= len(replies) / 3
    changed = Counter(
        twin.type for reply in replies for sentence in reply.sentences for twin in sentence.twins
    )
    assert changed.keys() == {*get_args(TwinChange)}
    assert min(changed.values()) >= 10


def test_a_sentence_differs_from_its_twins_and_rests_on_a_document_of_its_reply(
    replies: list[Reply],
) -> None:
    for reply in replies:
        for sentence in reply.sentences:
            assert len(sentence.twins) == 2
            assert len({sentence.text, *(twin.text for twin in sentence.twins)}) == 3, reply.id
            assert 1 <= len(sentence.evidence) <= 2, reply.id
            assert {evidence.document for evidence in sentence.evidence} <= {*reply.documents}, (
                reply.id
            )


def _told(replies: Sequence[Reply]) -> list[tuple[str, str]]:
    """What there is to be a verdict on."""
    texts = [
        (f"{reply.id}.{number}", kind)
        for reply in replies
        for number, sentence in enumerate(reply.sentences, start=1)
        for kind in ("true", *(twin.type for twin in sentence.twins))
    ]
    return sorted(texts + [(f"{reply.id}.0", "rider") for reply in replies if reply.riders])


def test_there_is_a_verdict_on_each_sentence_and_each_twin(replies: list[Reply]) -> None:
    over_summaries = read("held")
    for folder, read_there in ((DOCUMENTS, replies), (FOLDER / "held", over_summaries)):
        found = opinions(folder)
        assert sorted(found) == _told(read_there)
        assert set(found.values()) == {True, False}
    assert opinions(FOLDER / "open") == {}  # nobody has read these
    assert all(sentence.evidence for reply in over_summaries for sentence in reply.sentences)
