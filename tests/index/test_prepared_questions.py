"""Prepared questions, from their file to an answer and back."""

import datetime
import re
from collections import Counter
from pathlib import Path

import pytest

from chain.answer.suggestions import examples, questions_about
from chain.assistant import Assistant
from chain.reading.confidence import chance, match
from chain.reading.relevance import best_first
from chain.request import Part
from core.answer import Answer, Turn
from core.settings import Settings
from core.source import Approval, Scope
from eval.dataset import Question, apart
from ingest.commands.sync import report_lines
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import IngestOptions
from ingest.publishing.own_questions import OwnQuestions
from ingest.publishing.verify import verify
from ingest.reading.question_file import PreparedAnswer
from tests.support.commands import Command
from tests.support.hostile_questions import HOSTILE, TAKEN, document_of
from tests.support.openai_server import Script, reply_of
from tests.support.passages import asked_in
from tests.support.searches import embedded_questions
from tests.support.small import HARBOUR, Small
from ui.maintenance.plan_and_publish import notes_html
from ui.texts import load
from vectorstore.embeddings import LocalEmbedder
from vectorstore.generations import Generations
from vectorstore.store import open_index

QUESTIONS = """by: project
answers:
- units: ["Since the renewal the quay has"]
  questions:
    en: ["How many cranes stand in the harbour of Veldport?", "number of hoists veldport"]
    de: ["Wie viele Kräne hat der Hafen von Veldport?"]
- units: ["It is run by the Harbour Board."]
  approved: {by: A. Person, organisation: Town of Veldport, on: 2026-11-29}
  questions:
    en: ["Who manages the harbour of Veldport?"]
- units: ["The board has three aims:", "cleaner water", "fewer accidents", "shorter waiting"]
  questions:
    en: ["What does the harbour board want to achieve?"]
- units: []
  questions:
    en: ["What is the harbour master of Veldport called?"]
"""
CHANGED = HARBOUR.replace("Since the renewal the quay has 31", "The quay has 33")


@pytest.fixture
def harbour(indexed: Small) -> Settings:
    return indexed({"harbour.md": HARBOUR, "harbour.questions.yaml": QUESTIONS})


def asked(settings: Settings, question: str, language: str = "en") -> Answer:
    return Assistant(settings).ask(question, language=language)


def prepared(settings: Settings) -> int:
    return Generations(settings).current().counts().questions


def test_what_one_document_does_not_answer_another_may(indexed: Small) -> None:
    pilots = """---
id: pilots
title: The pilots of Veldport
language: en
---

# The pilots of Veldport

The harbour master of Veldport is called Ada Kade. She leads nine pilots.
"""
    files = {"harbour.md": HARBOUR, "harbour.questions.yaml": QUESTIONS}
    question = "What is the name of the harbour master of Veldport?"
    for more, is_against in ({}, True), ({"pilots.md": pilots}, False):
        index = open_index(indexed({**files, **more})).snapshot()
        looked = index.search(question, 6, "en")
        found, ranked = best_first(question, "en", looked, index.profile, 6)
        near = index.prepared(question, "en")
        assert near[0].prepared.units == ()
        amounts = index.profile.amounts.cosines
        part = Part(question, "en", found, ranked, near)
        assert chance(part, match(part, amounts), index).lacks is is_against


def test_a_question_in_other_words_gets_the_prepared_answer(harbour: Settings) -> None:
    answer = asked(harbour, "How many cranes are there in the harbour of Veldport?")
    assert (answer.kind, answer.documents) == ("answer", ("harbour",))
    assert "31 cranes" in answer.text
    assert answer.prepared == "How many cranes stand in the harbour of Veldport?"
    assert answer.approved is None
    assert all(citation.quote in HARBOUR for citation in answer.citations)


def test_one_that_only_comes_close_is_not_answered_in_its_place(harbour: Settings) -> None:
    question = "How many electric cranes are there on the quay of Veldport since it was renewed?"
    index = open_index(harbour).snapshot()
    near, amounts = index.prepared(question, "en")[0], index.profile.amounts.cosines
    assert amounts.close <= near.closeness < amounts.very_close
    answer = asked(harbour, question)
    assert answer.prepared == ""
    assert "12 are electric" in answer.text


def test_what_only_matches_is_told_in_the_nearest_wording_that_is_shown(indexed: Small) -> None:
    shown = "Who manages the harbour of Veldport?"
    slip = "how is the harbuor of Veldport managed"
    words = (f'"{slip}"', f'"Since when does the Harbour Board exist?", "{slip}", "{shown}"')
    for given, told in zip(words, ("", shown), strict=True):
        questions = QUESTIONS.replace(f'"{shown}"', given)
        settings = indexed({"harbour.md": HARBOUR, "harbour.questions.yaml": questions})
        answer = asked(settings, "How is the harbuor of Veldport being managed?")
        assert (answer.approved is not None, answer.prepared) == (True, told)
        assert asked(settings, slip).prepared == ""
    assert asked(settings, shown).prepared == ""


def test_the_same_words_are_not_repeated_and_who_approved_is_told(harbour: Settings) -> None:
    answer = asked(harbour, "who manages the harbour of veldport")
    assert answer.kind == "answer"
    assert answer.prepared == ""
    assert answer.approved.organisation == "Town of Veldport"
    assert "The harbour of Veldport opened in 1954. It is run by the Harbour Board." in answer.text


@pytest.mark.parametrize(
    "question", ["How old is the oldest crane of Veldport?", "What does a ticket to the moon cost?"]
)
def test_an_approved_answer_is_given_to_its_own_words_whatever_else_is_found(
    indexed: Small, question: str
) -> None:
    """Also where another sentence is found first, or nothing is found to answer."""
    board = "It is run by the Harbour Board."
    questions = QUESTIONS.replace("Who manages the harbour of Veldport?", question)
    settings = indexed({"harbour.md": HARBOUR, "harbour.questions.yaml": questions})
    answer = asked(settings, question.lower())
    assert answer.approved is not None
    assert board in answer.text
    unapproved = re.sub("  approved: .*\n", "", questions)
    settings = indexed({"harbour.md": HARBOUR, "harbour.questions.yaml": unapproved})
    assert asked(settings, question).prepared == ""


def test_an_approved_answer_is_tried_without_being_stored(harbour: Settings) -> None:
    assistant = Assistant(harbour)
    index, question = assistant.index.snapshot(), "How old is the oldest crane of Veldport?"
    board = index.prepared("Who manages the harbour of Veldport?", "en")[0].prepared
    trial = board.model_copy(update={"id": "harbour.en:trial", "question": question})
    tried = index.trying([trial], instead_of=[board.id])
    assert assistant.approved_for(tried, question) == trial
    assert assistant.approved_for(tried, board.question) is None
    assert assistant.approved_for(index, question) is None
    assert assistant.approved_for(index, board.question) == board


def test_whoever_approves_is_promised_what_is_given_where_a_document_applies_no_more(
    indexed: Small,
) -> None:
    """Whether a document still applies is answered from that document alone."""
    lights = """---
id: lights
language: en
title: The Lights of Veldport
effective_until: 2020-12-31
---

# The Lights of Veldport

The Lights of Veldport are a plan for lamps on the quays.
"""
    question = "Do the Lights of Veldport still apply?"
    questions = QUESTIONS.replace("Who manages the harbour of Veldport?", question)
    settings = indexed(
        {"harbour.md": HARBOUR, "harbour.questions.yaml": questions, "lights.md": lights}
    )
    assistant = Assistant(settings)
    assert assistant.ask(question).approved is None
    assert assistant.approved_for(assistant.index.snapshot(), question) is None


def test_an_approved_answer_is_given_word_for_word_where_a_model_could_write(
    harbour: Settings, server: Script
) -> None:
    server.reply = reply_of("The town runs it.")
    written = harbour.model_copy(update={"openai_base_url": server.url, "model": "scripted"})
    answer = asked(written, "Who manages the harbour of Veldport?")
    assert (answer.mode, server.requests) == ("extractive", [])
    assert answer.approved is not None
    assert "It is run by the Harbour Board." in answer.text
    other = asked(written, "How many cranes stand in the harbour of Veldport?")
    assert (other.mode, other.approved) == ("generative", None)
    assert server.requests


@pytest.mark.parametrize(
    "question",
    [
        "How many cranes stood in the harbour of Veldport in 1970?",
        "Why are there cranes in the harbour of Veldport?",
        "How many cranes stand in the harbour of Veldport in Norway?",
        "What is the name of the harbour master of Veldport?",
    ],
)
def test_another_question_does_not_get_it(harbour: Settings, question: str) -> None:
    answer = asked(harbour, question)
    assert (answer.answered, answer.prepared) == (False, "")


def test_a_follow_up_is_matched_as_it_is_understood(harbour: Settings) -> None:
    first = asked(harbour, "Who manages the harbour of Veldport?")
    turn = Turn.of("Who manages the harbour of Veldport?", first)
    answer = Assistant(harbour).ask("And how many cranes does it have?", [turn], "en")
    assert "31 cranes" in answer.text


def test_questions_to_go_on_with_are_prepared_and_not_those_that_were_asked(
    harbour: Settings,
) -> None:
    assistant = Assistant(harbour)
    answer = assistant.ask("Who manages the harbour of Veldport?", language="en")
    offered = assistant.follow_ups(answer)
    assert offered
    assert set(offered) <= {
        "How many cranes stand in the harbour of Veldport?",
        "What does the harbour board want to achieve?",
    }
    index = assistant.index.snapshot()
    (document,) = index.documents()
    about = questions_about(index, document, "en")
    assert set(about) <= {*offered, "Who manages the harbour of Veldport?"}
    assert examples(index, "en") == ("How many cranes stand in the harbour of Veldport?",)
    assert examples(index, "de") == ("Wie viele Kräne hat der Hafen von Veldport?",)
    assert examples(index, "fr") == ()


def test_the_first_that_is_shown_in_a_file_is_what_one_begins_with(indexed: Small) -> None:
    asked_first = "Which three aims does the board of the harbour of Veldport have?"
    first = f"""answers:
- units: ["The board has three aims:"]
  questions:
    en: ["aims board", "{asked_first}"]
"""
    questions = QUESTIONS.replace("answers:\n", first)
    settings = indexed({"harbour.md": HARBOUR, "harbour.questions.yaml": questions})
    own, hoists = OwnQuestions(settings), asked_in("en", "When was the quay of Veldport renewed?")
    own.add("harbour.en", [PreparedAnswer(units=("Since the renewal the quay",), questions=hoists)])
    ingest(settings)
    assert examples(open_index(settings).snapshot(), "en") == (asked_first,)


def test_a_changed_source_withdraws_its_questions_and_a_rollback_brings_them_back(
    harbour: Settings, small: Small, capsys: pytest.CaptureFixture[str]
) -> None:
    assert prepared(harbour) == 6
    settings = small({"harbour.md": CHANGED, "harbour.questions.yaml": QUESTIONS})

    planned = ingest(settings, IngestOptions(dry_run=True))
    (change,) = planned.questions
    assert (change.before, change.after, len(change.stale)) == (6, 3, 3)
    printed = "\n".join(report_lines(planned))
    assert "3 prepared questions of harbour.en lose their answer:" in printed
    assert "no unit begins with 'Since the renewal the quay has'" in printed
    assert "Geen zin begint met “Since the renewal the quay has”" in notes_html(planned, load("nl"))

    ingest(settings)
    assert prepared(settings) == 3
    assert asked(settings, "How many cranes are there in the harbour of Veldport?").prepared == ""
    Generations(settings).rollback()
    again = asked(settings, "How many cranes are there in the harbour of Veldport?")
    assert (again.kind, "31 cranes" in again.text) == ("answer", True)


def test_what_a_stale_question_says_is_text_on_the_page(small: Small) -> None:
    evil = "<script>alert(1)</script> **x**?"
    file = f"answers:\n- units: ['<b>gone</b>']\n  questions: {{en: [{evil!r}]}}\n"
    planned = ingest(
        small({"harbour.md": HARBOUR, "harbour.questions.yaml": file}), IngestOptions(dry_run=True)
    )
    shown = notes_html(planned, load("en"))
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown
    assert "<b>gone" not in shown


def test_only_new_questions_are_embedded(
    harbour: Settings, small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedded = embedded_questions(monkeypatch)
    more = QUESTIONS.replace('"number of hoists veldport"', '"hoists veldport?"')
    settings = small({"harbour.md": HARBOUR, "harbour.questions.yaml": more})
    report = ingest(settings)
    assert (report.plan.changed, report.embedded) == (("harbour.en",), 0)
    assert embedded == ["hoists veldport?"]
    small({"quay.md": HARBOUR, "quay.questions.yaml": more})
    assert ingest(settings).embedded == 0
    assert prepared(settings) == 6
    assert embedded == ["hoists veldport?"]


def test_kept_vectors_are_used(harbour: Settings, tmp_path: Path, run_ingest: Command) -> None:
    folder = harbour.corpus_dirs[0]
    assert run_ingest("check-questions", str(folder), "--keep-vectors") == 0
    assert [file.suffix for file in sorted(folder.iterdir())] == [".md", ".npy", ".yaml"]
    there = harbour.model_copy(update={"data_dir": tmp_path / "there"})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalEmbedder, "queries", None)  # a call would fail
        ingest(there)
    assert "31 cranes" in asked(there, "How many cranes has the harbour of Veldport?").text


def test_a_wrong_file_is_told_and_its_document_stays_as_it_was(
    harbour: Settings, small: Small, run_ingest: Command
) -> None:
    wrong = QUESTIONS.replace("units", "unit", 1)
    other = "# Quays\n\nThe quays of Elsewhere are long.\n"
    settings = small({"harbour.md": CHANGED, "harbour.questions.yaml": wrong, "quays.en.md": other})
    report = ingest(settings)
    (failure,) = report.failures
    assert re.search(r"harbour\.questions\.yaml:3$", failure.place)
    assert failure.problem == "unknown field 'unit'"
    assert failure.kept == ("harbour.en",)
    assert "31 cranes" in asked(settings, "How many cranes has the harbour of Veldport?").text
    assert run_ingest("check-questions", str(settings.corpus_dirs[0])) == 1
    assert "questions.yaml:3: unknown field 'unit'. The fields are:" in run_ingest.out


def test_hostile_files_are_all_told_and_what_is_not_theirs_is_published(
    small: Small, run_ingest: Command
) -> None:
    """The files themselves: tests/support/hostile_questions.py."""
    settings = small({"harbour.md": HARBOUR, "harbour.questions.yaml": QUESTIONS})
    folder = settings.corpus_dirs[0]
    contents = {name: hostile.content for name, hostile in HOSTILE.items()}
    contents |= {name: content for name, (content, _, _) in TAKEN.items()}
    for name, content in contents.items():
        (folder / f"{name}.md").write_text(document_of(name), "utf-8")
        file = folder / f"{name}.questions.yaml"
        file.write_bytes(content if isinstance(content, bytes) else content.encode())

    report = ingest(settings)

    problems = {failure.place.removeprefix(f"{folder}/"): failure for failure in report.failures}
    places = {
        f"{name}.questions.yaml" + (f":{hostile.line}" if hostile.line else ""): hostile.told
        for name, hostile in HOSTILE.items()
    }
    assert problems.keys() == places.keys()
    assert [place for place, told in places.items() if told not in problems[place].problem] == []
    published = Generations(settings).current()
    documents = {entry.info.id for entry in published.manifest.documents}
    assert documents == {"harbour", *TAKEN}
    asked = Counter(question.id.partition(".")[0] for question in published.all_questions())
    assert asked == {"harbour": 6} | {name: len(q) for name, (_, q, _) in TAKEN.items() if q}
    texts = {
        question.question for question in published.all_questions({f"{name}.en" for name in TAKEN})
    }
    assert texts == {text for _, questions, _ in TAKEN.values() for text in questions}
    stale = {document.key: len(document.stale) for document in report.questions if document.stale}
    assert stale == {f"{name}.en": number for name, (_, _, number) in TAKEN.items() if number}
    assert verify(settings).problems == ()

    assert run_ingest("check-questions", str(folder)) == 1
    for failure in report.failures:
        assert f"{failure.place}: {failure.problem}. {failure.remedy}" in run_ingest.out
    assert f"{len(HOSTILE)} files are wrong." in run_ingest.out


def test_the_briefs_have_theirs(settings: Settings) -> None:
    generation = Generations(settings).current()
    questions = list(generation.all_questions())
    assert len(questions) >= 6000
    units = {name for passage in generation.all_passages() for name in passage.unit_ids}
    assert all(units.issuperset(question.units) for question in questions)
    languages = {question.language for question in questions}
    assert languages == {"nl", "en", "de", "fr", "pl", "es", "it"}
    assert verify(settings).problems == ()


def test_a_scope_leaves_out_what_others_answer(settings: Settings) -> None:
    index, scope = open_index(settings).snapshot(), Scope(documents=("firearms-plan",))
    found = index.prepared("Hoeveel is de drugsmarkt waard?", "nl", scope)
    assert {near.prepared.id.partition(".")[0] for near in found} <= {"firearms-plan"}


def test_a_question_of_an_evaluation_that_is_prepared_measures_memory() -> None:
    labels = {"language": "en", "answerable": False, "kind": "unanswerable"}
    one = Question(id="1", question="How many cranes, then?", **labels)
    other = Question(id="2", question="How many quays?", **labels)
    parts = [made.part for made in apart([one, other], ["how many cranes then"])]
    assert parts == ["memory", "questions"]


def test_own_questions_are_kept_by_the_key_of_their_document_and_replace_the_same_words(
    harbour: Settings, run_ingest: Command
) -> None:
    own = OwnQuestions(harbour)
    hoists = asked_in("en", "Number of hoists Veldport")
    approval = Approval(by="A. Person", on=datetime.date(2026, 11, 29))
    units = ("Since the renewal the quay has 31 cranes, of which 12 are electric.",)
    own.add("harbour.en", [PreparedAnswer(units=units, questions=hoists, approved=approval)])

    planned = ingest(harbour, IngestOptions(dry_run=True))
    assert (planned.plan.changed, planned.embedded) == (("harbour.en",), 0)
    ingest(harbour)
    assert prepared(harbour) == 6
    assert asked(harbour, "number of hoists veldport").approved == approval
    assert ingest(harbour, IngestOptions(dry_run=True)).plan.is_empty
    assert verify(harbour).problems == ()

    (answer,) = own.accepted("harbour.en")
    own.remove("harbour.en", answer.id)
    ingest(harbour)
    assert asked(harbour, "number of hoists veldport").approved is None

    own.add("nowhere.en", [PreparedAnswer(units=(), questions=hoists)])
    run_ingest.use(harbour)
    assert run_ingest("check-questions") == 1
    assert "nowhere.en.questions.yaml: there is no document of this name" in run_ingest.out


def test_own_questions_of_one_document_are_taken_over_alone(indexed: Small) -> None:
    """As after an approval: answers of other documents wait for their own."""
    quays = HARBOUR.replace("harbour", "quays").replace("31 cranes", "7 cranes")
    settings = indexed({"harbour.md": HARBOUR, "quays.md": quays})
    own = OwnQuestions(settings)
    for key in ("harbour.en", "quays.en"):
        hoists = asked_in("en", f"number of hoists {key}")
        own.add(key, [PreparedAnswer(units=("Since the renewal the quay",), questions=hoists)])

    report = ingest(settings, IngestOptions(only=["harbour.en"]))

    assert (report.plan.changed, report.embedded) == (("harbour.en",), 0)
    assert [(change.key, change.before, change.after) for change in report.questions] == [
        ("harbour.en", 0, 1)
    ]
    (taken,) = Generations(settings).current().all_questions()
    assert taken.question == "number of hoists harbour.en"
    assert verify(settings).problems == ()
    assert ingest(settings).plan.changed == ("quays.en",)
    assert prepared(settings) == 2
