"""The replies over real documents: whole, balanced, and in the form that a model is asked for.

eval/verifier_replies/documents: written by four language models that had not seen the checks, over
official documents that stand outside of the project (documents.csv says where each is from). Each
true sentence has the first and last words of the stretches that it rests on, and two false twins.
The half `held` is only measured on. verdicts.csv has what three careful readers, language models
that did not know which is which, said of each sentence and twin from its stretches and the text
around them; none had a sentence and its twin.
"""

import pytest

from eval.replies import DOCUMENTS, FOLDER, Reply, opinions, read


@pytest.fixture(scope="module")
def replies() -> list[Reply]:
    return [*read("open", documents=True), *read("held", documents=True)]


def _texts(reply: Reply) -> list[tuple[str, str]]:
    """What there is to be a verdict on."""
    riders = [(f"{reply.id}.0", "rider")] if reply.riders else []
    return riders + [
        (f"{reply.id}.{number}", kind)
        for number, sentence in enumerate(reply.sentences, start=1)
        for kind in ("true", *(twin.type for twin in sentence.twins))
    ]


def test_there_is_a_verdict_on_each_sentence_and_each_twin(replies: list[Reply]) -> None:
    over_summaries = read("held")
    for folder, read_there in ((DOCUMENTS, replies), (FOLDER / "held", over_summaries)):
        found = opinions(folder)
        assert sorted(found) == sorted(text for reply in read_there for text in _texts(reply))
        assert set(found.values()) == {True, False}
    assert opinions(FOLDER / "open") == {}  # nobody has read these
    assert all(sentence.evidence for reply in over_summaries for sentence in reply.sentences)
