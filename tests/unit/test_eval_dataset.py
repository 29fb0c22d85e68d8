"""Question sets: what is accepted, what is refused, and what the bundled ones have."""

import hashlib
from pathlib import Path

import pytest
import yaml

from core.errors import QuestionSetError
from eval.dataset import DOCUMENTS, QUESTIONS, SETS, fingerprints, load, load_sets
from language.words import contains

ANSWERABLE = {
    "id": "one",
    "question": "How many?",
    "language": "en",
    "answerable": True,
    "kind": "number",
    "facts": [["3", "three"]],
}


def write(path: Path, *entries: object) -> Path:
    path.write_text(yaml.safe_dump(list(entries), sort_keys=False), "utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"colour": "red"}, "colour"),
        ({"question": " "}, "question"),
        ({"language": "English"}, "language"),
        ({"answerable": "yes"}, "answerable"),
        ({"kind": "unanswerable"}, "kind"),
        ({"facts": []}, "facts"),
        ({"facts": [["3"], [""]]}, "facts.1.0"),
        ({"answerable": False, "kind": "unanswerable"}, "facts"),
        ({"history": [{"question": "Q", "answer": "A"}]}, "history.0.answer_text"),
        ({"answerable": False, "kind": "unanswerable", "facts": [], "answers": ["A"]}, "answers"),
        ({"answerable": False, "kind": "message", "facts": [], "message": "joke"}, "message"),
        ({"message": "greeting"}, "message"),
        ({"conversation": "a", "history": [{"question": "", "answer_text": ""}]}, "conversation"),
    ],
)
def test_a_wrong_entry_is_named_with_file_id_and_key(
    tmp_path: Path, change: dict[str, object], key: str
) -> None:
    file = write(tmp_path / "set.yaml", ANSWERABLE | change)
    with pytest.raises(QuestionSetError) as caught:
        load(file)
    assert f"{file}: question 'one': {key}: " in str(caught.value)


@pytest.mark.parametrize("key", ANSWERABLE)
def test_a_missing_key_is_named_and_an_entry_without_an_id_by_its_number(
    tmp_path: Path, key: str
) -> None:
    entry = {name: value for name, value in ANSWERABLE.items() if name != key}
    other = ANSWERABLE | {"id": "other"}
    named = "2: id" if key == "id" else f"'one': {key}"
    with pytest.raises(QuestionSetError, match=f"question {named}: "):
        load(write(tmp_path / "set.yaml", other, entry))


def test_an_id_is_used_once_also_across_files(tmp_path: Path) -> None:
    write(tmp_path / "a.yaml", ANSWERABLE)
    write(tmp_path / "b.yaml", ANSWERABLE)
    with pytest.raises(QuestionSetError, match=r"b\.yaml: question 1: id: 'one' .*a\.yaml"):
        load(tmp_path)


@pytest.mark.parametrize("text", ["", "[]", "id: one", "- just text", "- [", "- \xff"])
def test_a_file_that_is_no_list_of_questions_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "set.yaml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(QuestionSetError, match=r"set\.yaml: "):
        load(file)


@pytest.mark.parametrize("name", ["", "absent.yaml"])
def test_a_folder_without_sets_and_an_absent_file_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(QuestionSetError, match="no question set here"):
        load(tmp_path / name)


MESSAGE = ANSWERABLE | {
    "id": "hi", "answerable": False, "kind": "message", "message": "greeting", "facts": [],
}  # fmt: skip


def test_sets_are_asked_together_and_each_counts_in_its_part(tmp_path: Path) -> None:
    sets = {part: tmp_path / part for part in SETS}
    sets["questions"].mkdir()
    file = write(sets["questions"] / "a.yaml", ANSWERABLE, MESSAGE)
    assert len(load_sets(sets)) == 2  # the others are not there
    assert fingerprints(sets) == {"a.yaml": hashlib.sha256(file.read_bytes()).hexdigest()}
    for part in ("messages", "conversations"):
        (tmp_path / part).mkdir()
    write(sets["messages"] / "a.yaml", ANSWERABLE | {"id": "polite"})
    write(sets["conversations"] / "a.yaml", MESSAGE | {"id": "turn", "conversation": "talk"})
    parts = {question.id: question.part for question in load_sets(sets)}
    messages = {"hi": "messages", "polite": "messages"}
    assert parts == {"one": "questions", **messages, "turn": "conversations"}
    assert fingerprints(sets).keys() == {"a.yaml", "messages/a.yaml", "conversations/a.yaml"}
    by_itself = load(sets["questions"])
    assert [question.part for question in by_itself] == ["questions", "messages"]

    write(sets["messages"] / "a.yaml", ANSWERABLE)
    with pytest.raises(QuestionSetError, match="'one' is already used"):
        load_sets(sets)


def test_a_bundled_history_does_not_give_the_answer_away() -> None:
    for question in load(QUESTIONS):
        for turn in question.history:
            for fact in question.facts:
                assert not any(contains(turn.answer_text, spelling) for spelling in fact)


def test_the_set_over_real_texts_is_split_by_document_and_in_four_languages() -> None:
    found = [question for question in load(DOCUMENTS) if not question.conversation]
    assert len(found) >= 60
    assert {question.language for question in found} == {"nl", "en", "de", "fr"}
    assert sum(not question.answerable for question in found) >= 10
    answerable = [question for question in found if question.answerable]
    assert all(question.answers for question in answerable)
    held, opened = (
        {question.documents[0] for question in answerable if question.held_out is held}
        for held in (True, False)
    )
    assert held
    assert opened
    assert held.isdisjoint(opened)
