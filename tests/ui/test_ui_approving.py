"""Answers that maintainers approve: chosen, changed, withdrawn."""

import datetime

import pytest
from streamlit.testing.v1 import AppTest

from chain.assistant import Assistant
from core.answer import Answer
from core.settings import Settings
from core.source import Approval
from ingest.pipeline import ingest
from ingest.publishing.own_questions import OwnQuestions
from ingest.reading.question_file import PreparedAnswer, own_file
from tests.support.apps import page_of, press, run, shown, unfolded
from tests.support.passages import asked_in
from tests.support.people import named_verdict
from tests.support.small import Small, reading
from ui.markup import escape
from userdata.asked_questions import note
from userdata.asked_questions import read as questions_kept
from userdata.audit import records
from userdata.database import database
from userdata.feedback import read, save
from vectorstore.store import open_index

NL = """---
id: vloot
title: De vloot
language: nl
---

# De vloot

De vloot telt 30 schepen. De admiraal is Anna Visser.

## Havens

- Veldport;
- Duinstad;
- Meerhoven.
"""
EN = """---
id: vloot
title: The fleet
language: en
---

# The fleet

The fleet has 30 ships. Its admiral is Anna Visser.
"""
WHO = "Wie voert het bevel over de vloot?"
ADMIRAL = "De admiraal is Anna Visser."
HOSTILE = "Wie <script>window.harmed=1</script> **leidt** $x$ de vloot :smile:?"
pytestmark = pytest.mark.usefixtures("commands_here")
TODAY = datetime.datetime.now(datetime.UTC).date()


@pytest.fixture
def settings(indexed: Small, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of an index with a document in two languages; what is asked is kept."""
    made = indexed({"nl.md": NL, "en.md": EN})
    given = {
        "STRATEGIEWIJZER_DATA_DIR": str(made.data_dir),
        "STRATEGIEWIJZER_KEEP_QUESTIONS": "30",
        "STRATEGIEWIJZER_ORGANISATION": "Stad Veldport",
        "STRATEGIEWIJZER_AUDIT": "1",
    }
    for name, value in (given | reading(made.corpus_dirs[0])).items():
        monkeypatch.setenv(name, value)
    return Settings()


def opened(part: str = "waiting") -> AppTest:
    """The page at the tab of answers."""
    app = page_of("maintenance")
    app.session_state["maintenance-tab"] = "Antwoorden"
    return at(run(app), part)


def at(app: AppTest, part: str) -> AppTest:
    return run(app.segmented_control(key="maintenance-answers-part").set_value(part))


def field(app: AppTest, name: str) -> str:
    """The key of a field of the editor that is open."""
    number = app.session_state["maintenance-answer-count"]
    return f"maintenance-answer-{number}-{name}"


def new_question(app: AppTest, question: str = WHO, search: str = "admiraal vloot") -> AppTest:
    press(app, "Een andere vraag beantwoorden")
    run(app.text_input(key=field(app, "question")).set_value(question))
    return run(app.text_input(key=field(app, "search")).set_value(search))


def tick(app: AppTest, sentence: str) -> AppTest:
    """Ticks a sentence of whatever passages are offered."""
    (name, *_) = (
        f"{passage.id}-{number}"
        for passage in open_index(Settings()).snapshot().passages()
        for number, unit in enumerate(passage.units)
        if passage.text[unit.start : unit.end] == sentence
    )
    (box,) = [box for box in app.checkbox if box.key and box.key.endswith(name)]
    return run(box.check())


def asked(settings: Settings, question: str, language: str = "nl") -> Answer:
    return Assistant(settings.model_copy(update={"audit": False})).ask(question, language=language)


def approved(settings: Settings) -> list[tuple[str, PreparedAnswer]]:
    return OwnQuestions(settings).overview().approved


def decisions(settings: Settings) -> list[str]:
    return [
        record.record["decision"] for record in records(settings) if "decision" in record.record
    ]


def prepared(question: str = WHO, unit: str = ADMIRAL) -> PreparedAnswer:
    approval = Approval(by="maintainer", organisation="Stad Veldport", on=TODAY)
    questions = asked_in("nl", question)
    return PreparedAnswer(units=(unit,), questions=questions, by="maintainer", approved=approval)


def test_what_is_asked_comes_into_the_queue_and_leaves_it_when_answered(settings: Settings) -> None:
    answer = asked(settings, "Wat kost een ticket naar de maan?")
    assert answer.kind == "refusal"
    note(settings, answer, "somebody")
    save(database(settings), named_verdict("one", question=HOSTILE, comment=HOSTILE))
    app = opened()
    assert "Te beantwoorden (2)" in str(app.segmented_control[0].proto)
    assert escape(HOSTILE) in shown(app)
    assert "<script>" not in shown(app)
    assert "bleef zonder antwoord" in shown(app)
    choose = f"maintenance-answers-nl-{HOSTILE}-choose"
    run(app.button(key=choose).click())
    assert app.text_input(key=field(app, "question")).value == HOSTILE
    run(app.text_input(key=field(app, "search")).set_value("admiraal"))
    tick(app, ADMIRAL)
    press(app, "Goedkeuren")
    assert [verdict.handled is not None for verdict in read(database(settings))] == [True]
    assert HOSTILE not in shown(app)
    assert len(questions_kept(settings)) == 1
    (erase,) = [button for button in app.button if button.key and button.key.endswith("-erase")]
    run(erase.click())
    assert questions_kept(settings) == ()
    assert "Te beantwoorden (0)" in str(app.segmented_control[0].proto)


def test_an_answer_is_chosen_and_given_to_whom_the_page_says(settings: Settings) -> None:
    """To the question and its wordings in other words; for no message, and to no reader of another
    version of the document."""
    boss, talk, english = (
        "Hoe heet de baas?",
        "Kun je dat korter zeggen?",
        "Who commands the fleet?",
    )
    app = new_question(opened())
    assert "Kies ten minste één zin" in shown(app)
    assert app.button(key=field(app, "approve")).disabled
    tick(app, ADMIRAL)
    assert f"Krijgt deze zinnen: “{WHO}”." in shown(app)
    run(app.text_area(key=field(app, "wordings")).set_value(f"{boss}\n{talk}\n{english}\n{boss}"))
    assert f"Krijgt deze zinnen: “{WHO}”, “{boss}”." in shown(app)
    assert f"Niet: “{talk}”, “{english}”." in shown(app)
    press(app, "Goedkeuren")
    assert f"Krijgt deze zinnen: ` {WHO} `, ` {boss} `." in app.success[0].value
    ((key, answer),) = approved(settings)
    assert (key, answer.units) == ("vloot.nl", (ADMIRAL,))
    wordings = [(question.text, question.language) for question in answer.questions]
    assert wordings == [(WHO, "nl"), (boss, "nl"), (talk, "nl"), (english, "en")]
    days = {TODAY, datetime.datetime.now(datetime.UTC).date()}  # midnight may pass meanwhile
    approvals = [Approval(by="maintainer", organisation="Stad Veldport", on=day) for day in days]
    assert answer.approved in approvals
    assert decisions(settings) == ["approved"]
    for question in ("Wie voert er bevel over deze vloot?", boss):
        given = asked(settings, question)
        assert given.approved is not None
        assert ADMIRAL in given.text
    assert asked(settings, talk).approved is None
    assert asked(settings, english, "en").approved is None
    assert WHO in shown(at(app, "approved"))
    assert "nog niet in gebruik" not in shown(app)


def test_sentences_of_two_documents_are_no_answer_and_stay(
    settings: Settings, small: Small
) -> None:
    haven = NL.replace("id: vloot", "id: haven").replace("30 schepen", "12 kranen")
    small({"nl.md": NL, "en.md": EN, "haven.md": haven.replace("Anna Visser", "Bo Zee")})
    ingest(settings)
    app = tick(new_question(opened()), ADMIRAL)
    run(app.text_input(key=field(app, "search")).set_value("Bo Zee kranen"))
    tick(app, "De admiraal is Bo Zee.")
    assert "Kies zinnen uit één document." in shown(app)
    assert app.button(key=field(app, "approve")).disabled
    preview = [box for box in app.html if "Zo krijgen lezers het antwoord" in box.body]
    assert ADMIRAL in preview[0].body


def test_a_list_is_approved_in_the_order_of_its_items_without_what_cannot_be_seen(
    settings: Settings,
) -> None:
    question = "Welke\x1b[2J havens heeft de vl\u200boot?"
    app = new_question(opened(), question, "havens Veldport Duinstad")
    run(app.text_input(key=field(app, "organisation")).set_value("Stad \u202eVeldport\x07"))
    for item in ("Meerhoven.", "Veldport;", "Duinstad;"):
        tick(app, item)
    press(app, "Goedkeuren")
    ((_, answer),) = approved(settings)
    assert answer.units == ("Veldport;", "Duinstad;", "Meerhoven.")
    assert [question.text for question in answer.questions] == ["Welke[2J havens heeft de vloot?"]
    assert answer.approved is not None
    assert answer.approved.organisation == "Stad Veldport"


def test_only_what_was_done_is_on_record(settings: Settings) -> None:
    own = OwnQuestions(settings)
    own.add("vloot.nl", [prepared()])
    app = opened("approved")
    own.remove("vloot.nl", prepared().id)
    press(app, "Intrekken")
    assert "Een collega was u voor" in app.error[0].value
    assert decisions(settings) == []


def test_a_file_in_error_is_named_and_the_others_are_shown(settings: Settings) -> None:
    own = OwnQuestions(settings)
    own.add("vloot.en", [prepared("Who commands?", "Its admiral is Anna Visser.")])
    file = own_file(settings.documents_dir, "vloot.nl")
    own.add("vloot.nl", [prepared()])
    with file.open("a", encoding="utf-8") as end:
        end.write(f"- units: [De vloot telt]\n  questions:\n    nl: ['{WHO.upper()}', Hoeveel?]\n")
    app = opened("approved")
    assert "Who commands?" in shown(app)
    assert unfolded(app).count("vloot.nl.questions.yaml") == 1
    assert "the question is in line" in shown(app)
    tick(new_question(at(app, "waiting"), "Hoe heet de admiraal?"), ADMIRAL)
    press(app, "Goedkeuren")  # not while the file is in error, and what was chosen stays
    assert not app.button(key=field(app, "approve")).disabled
    assert [key for key, _ in approved(settings)] == ["vloot.en"]


def test_a_changed_answer_replaces_the_one_before_until_withdrawn(settings: Settings) -> None:
    OwnQuestions(settings).add("vloot.nl", [prepared()])
    ingest(settings)
    assert asked(settings, WHO).approved is not None
    app = opened("approved")
    press(app, "Wijzigen")
    assert app.text_input(key=field(app, "question")).value == WHO
    run(app.text_input(key=field(app, "question")).set_value("Wie is de admiraal?"))
    press(app, "Goedkeuren")
    ((_, answer),) = approved(settings)
    assert [question.text for question in answer.questions] == ["Wie is de admiraal?"]
    press(at(app, "approved"), "Wijzigen")
    press(app, "Terug naar de lijst")
    assert len(approved(settings)) == 1

    at(app, "approved")
    (button,) = [button for button in app.button if button.key and button.key.endswith("-withdraw")]
    run(button.click())
    assert approved(settings) == []
    assert decisions(settings)[-1] == "withdrawn"
    assert asked(settings, WHO).approved is None


def test_a_stale_answer_is_approved_anew_as_it_stands_now(settings: Settings, small: Small) -> None:
    OwnQuestions(settings).add("vloot.nl", [prepared()])
    ingest(settings)
    small({"nl.md": NL.replace("Anna Visser", "Bo Visser"), "en.md": EN})
    ingest(settings)
    assert asked(settings, WHO).approved is None
    app = opened("stale")
    assert "Goedgekeurd (0)" in str(app.segmented_control[0].proto)
    assert "Anna" in shown(app)
    press(app, "Opnieuw goedkeuren")
    assert app.button(key=field(app, "approve")).disabled  # nothing is ticked by itself
    tick(app, "De admiraal is Bo Visser.")
    press(app, "Goedkeuren")
    ((_, answer),) = approved(settings)
    assert answer.units == ("De admiraal is Bo Visser.",)
    assert asked(settings, WHO).approved is not None
