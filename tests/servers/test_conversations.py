"""Where conversations, quotes and verdicts on answers are kept: each user's own, for as long as is
set, by several processes; quotes are exported as they are."""

import datetime
import io
import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import docx
import pytest
from sqlalchemy import event, update

from core.answer import Answer, Citation, Turn
from core.answer_blocks import own
from core.errors import StrategiewijzerError
from core.source import Scope
from tests.support.answers import retold
from tests.support.databases import is_kept
from tests.support.people import HOSTILE, NOON, REPORTS, answer, note, talk, verdict
from tests.support.shown_html import HOSTILE as HOSTILE_HTML
from ui.answers.evidence_panel import CurrentSources
from ui.answers.references import stretches
from ui.notes import grouped, notes_docx
from ui.texts import load
from userdata import conversations, feedback
from userdata.conversations import (
    MAX_NAME,
    MAX_NOTES,
    MAX_QUOTE,
    MAX_REMARK,
    Conversation,
    Conversations,
    Exchange,
    Note,
    now,
)
from userdata.database import FILE, METADATA, Database
from userdata.feedback import Feedback


@pytest.fixture
def mine(kept_in: Database) -> Conversations:
    """What is kept of one user."""
    return Conversations("an", kept_in, days=90)


def test_a_conversation_comes_back_as_it_was(mine: Conversations) -> None:
    asked = Conversation(
        exchanges=(
            Exchange(
                question="Hoeveel meldingen?",
                scope=Scope(areas=("drugs",), as_of=datetime.date(2021, 1, 1)),
                answer=answer(),
                follow_ups=("En in 2010?",),
            ),
            Exchange(question="En nu?", problem="The server is gone."),
            Exchange(question="En dan?", stopped=True, alone=True),
        )
    )
    in_memory, other = (Conversations("visitor", None, days=0) for _ in range(2))
    for store in (mine, in_memory):
        store.put(asked)
        assert store.find(asked.id) == asked
        assert store.lasting == (store is mine)
    assert other.listed() == ()  # it lives as long as its store
    assert asked.exchanges[0].answer
    assert asked.exchanges[0].answer.documents == ("csa-strategy",)  # with its evidence


def test_a_conversation_is_read_as_of_one_moment(mine: Conversations, kept_in: Database) -> None:
    """Another window that forgets it meanwhile does not leave it without its questions."""
    asked = talk("Wat is EMPACT?")
    mine.put(asked)
    forgetting = threading.Thread(target=Conversations("an", kept_in, days=90).delete_all)

    def forget(_connection: object, _cursor: object, query: str, *_: object) -> None:
        if query.startswith("SELECT exchanges.exchange") and not forgetting.ident:
            forgetting.start()
            forgetting.join(0.5)

    event.listen(kept_in.engine, "before_cursor_execute", forget)
    assert mine.find(asked.id) == asked
    forgetting.join()
    assert mine.find(asked.id) is None


def test_the_last_changed_comes_first_by_its_question_or_name(mine: Conversations) -> None:
    first, second = talk("Wat is EMPACT?", "En nu?"), talk("Wat is SEESAC?", name="Wapens")
    mine.put(first)
    mine.put(second)
    assert [listed.title for listed in mine.listed()] == ["Wapens", "Wat is EMPACT?"]
    mine.put(first.with_exchange(first.exchanges[1]), first.exchanges[1])
    assert [listed.id for listed in mine.listed()] == [first.id, second.id]
    mine.rename(second.id, "")
    assert mine.listed()[1].title == "Wat is SEESAC?"
    greeting = Exchange(question="hallo", answer=answer().model_copy(update={"answered": False}))
    for asked, title in (((), "hallo"), (first.exchanges, "Wat is EMPACT?")):
        greeted = Conversation(exchanges=(greeting, *asked))
        mine.put(greeted)
        assert mine.listed()[0].title == title  # the first that was answered
        mine.delete(greeted.id)
    old = talk("Oud?").model_copy(update={"changed": now() - datetime.timedelta(days=8)})
    mine.put(old)  # back, with its date
    assert mine.listed()[2].changed == old.changed


def test_all_of_a_conversation_is_searched(mine: Conversations) -> None:
    asked = talk("Wat is EMPACT?", "En cocaïne?", name="Criminele netwerken")
    folded = retold(answer(), more=("### Strategie, Doel\nVijf ketens. [1]",))
    asked = asked.with_exchange(Exchange(question="Wat?", answer=folded))
    mine.put(asked)
    found = (
        "CRIMINELE empact",  # of question and name
        "725000",  # of the answer, however its digits are grouped
        "725.000",
        "cocaine",  # without its accent
        "vijf ketens",  # of what is folded below an answer
    )
    for search in found:
        assert [listed.id for listed in mine.listed(search)] == [asked.id]
    for search in ("empact vuurwapens", "%", "'; DROP TABLE conversations; --"):
        assert mine.listed(search) == ()
    assert len(mine.listed()) == 1


def test_a_question_that_is_asked_alone_is_answered_without_the_turns_before_it() -> None:
    asked = talk("Een", "Twee").with_exchange(Exchange(question="Drie", alone=True))
    first, second, third = asked.exchanges
    assert asked.history(first) == asked.history(third) == ()
    assert [turn.question for turn in asked.history(second)] == ["Een"]
    after = asked.with_exchange(Exchange(question="Vier"))
    assert [turn.question for turn in after.history(after.exchanges[-1])] == ["Een", "Twee"]
    stopped = talk("Een").with_exchange(Exchange(question="Twee", stopped=True))
    assert stopped.turns() == (Turn.of("Een", answer()),)


def test_nobody_sees_or_changes_what_is_kept_of_another(
    mine: Conversations, kept_in: Database
) -> None:
    theirs = Conversations("bo", kept_in, days=90)
    asked = talk("Wat is EMPACT?")
    mine.put(asked)
    assert theirs.find(asked.id) is None
    assert theirs.listed() == ()
    assert theirs.listed("empact") == ()
    theirs.rename(asked.id, "Gekaapt")
    theirs.drop(asked.id, asked.exchanges[0].id)
    theirs.delete(asked.id)
    theirs.delete_all()
    theirs.put(Conversation(id=asked.id, exchanges=(Exchange(question="Nee"),)))
    assert mine.find(asked.id) == asked
    assert [listed.title for listed in theirs.listed()] == ["Nee"]

    mine.put_note(note().remarked("Van An"))
    assert theirs.notes() == ()
    assert theirs.noted() == frozenset()
    theirs.drop_note(note().id)
    theirs.put_note(note().remarked("Van Bo"))
    theirs.delete_all()
    assert [each.remark for each in mine.notes()] == ["Van An"]


def test_what_is_deleted_is_gone_or_put_back(mine: Conversations, kept_in: Database) -> None:
    asked, other = talk("Een", "Wat is de geheime Tulpenlijst?", "Drie"), talk("Wat is SEESAC?")
    mine.put(asked)
    mine.put(other)
    mine.delete(asked.id)
    assert mine.find(asked.id) is None
    assert [listed.id for listed in mine.listed()] == [other.id]
    assert not is_kept("Tulpenlijst", kept_in)
    mine.put(asked)
    assert mine.find(asked.id) == asked
    mine.drop(asked.id, asked.exchanges[1].id, asked.exchanges[2].id)
    assert mine.find(asked.id) == asked.before(asked.exchanges[1].id)
    mine.put(asked)
    assert mine.find(asked.id) == asked
    mine.delete_all()
    assert mine.listed() == ()
    assert not is_kept("SEESAC", kept_in)


def test_a_conversation_that_is_open_twice_loses_nothing(mine: Conversations) -> None:
    asked = talk("Een")
    mine.put(asked)
    for question in ("Twee", "Drie"):  # neither window knows what the other asked
        grown = asked.with_exchange(Exchange(question=question))
        mine.put(grown, grown.exchanges[-1])
    found = mine.find(asked.id)
    assert found
    assert [exchange.question for exchange in found.exchanges] == ["Een", "Twee", "Drie"]


def test_conversations_are_forgotten_after_the_days_that_are_set(
    mine: Conversations, kept_in: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = talk("Wat is EMPACT?")
    mine.put(asked)
    today = now()
    monkeypatch.setattr(conversations, "now", lambda: today + datetime.timedelta(days=89))
    assert mine.find(asked.id)
    monkeypatch.setattr(conversations, "now", lambda: today + datetime.timedelta(days=91))
    assert mine.listed() == ()
    assert mine.find(asked.id) is None
    assert is_kept("EMPACT", kept_in)
    Conversations("bo", kept_in, days=90).forget_old()
    assert not is_kept("EMPACT", kept_in)


def test_a_locked_store_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("userdata.database.PATIENCE", 0.1)
    mine = Conversations("an", Database(tmp_path), days=90)
    mine.put(talk("Wat is EMPACT?"))
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StrategiewijzerError, match=r"locked.*try again"):
        mine.put(talk("Wat is SEESAC?"))
    other.execute("ROLLBACK")
    other.close()
    assert [listed.title for listed in mine.listed()] == ["Wat is EMPACT?"]


@pytest.mark.parametrize("use", [Conversations.listed, Conversations.forget_old])
def test_nobody_else_on_the_machine_can_read_them(
    tmp_path: Path, use: Callable[[Conversations], object]
) -> None:
    usual = os.umask(0)
    try:
        use(Conversations("an", Database(tmp_path / "data"), days=90))
    finally:
        os.umask(usual)
    assert modes(tmp_path / "data", tmp_path / "data" / FILE) == [0o700, 0o600]


def test_a_file_that_all_could_read_is_made_private_and_no_folder(tmp_path: Path) -> None:
    mine = Conversations("an", Database(tmp_path), days=90)
    mine.put(talk("Wat is EMPACT?"))
    tmp_path.chmod(0o750)
    (tmp_path / FILE).chmod(0o664)
    assert len(mine.listed()) == 1
    assert modes(tmp_path, tmp_path / FILE) == [0o750, 0o600]


def modes(*places: Path) -> list[int]:
    return [stat.S_IMODE(place.stat().st_mode) for place in places]


def test_what_a_later_version_wrote_is_refused_and_not_repeated(
    mine: Conversations, kept_in: Database
) -> None:
    asked = talk("Wat is EMPACT?")
    mine.put(asked)
    mine.put_note(note())
    feedback.save(kept_in, verdict(1))
    later = asked.exchanges[0].model_dump_json().replace("{", '{"mood":"good",', 1)
    with kept_in.transaction("Test") as connection:
        connection.execute(update(conversations.EXCHANGES).values(exchange=later))
        connection.execute(update(conversations.NOTES).values(note=later))
        connection.execute(update(METADATA.tables["feedback"]).values(feedback=later))
    reading: Mapping[str, Callable[[], object]] = {
        "conversation": partial(mine.find, asked.id),
        "note": mine.notes,
        "verdict": partial(feedback.read, kept_in),
    }
    for name, reads in reading.items():
        wanted = f"cannot read a {name} in .*Use the version"
        with pytest.raises(StrategiewijzerError, match=wanted) as refused:
            reads()
        assert "EMPACT" not in str(refused.value)
    assert len(mine.listed()) == 1


def test_a_name_is_one_short_line() -> None:
    named = talk("Een").named("  Drugs \n en  wapens " + "x" * 200)
    assert named.name.startswith("Drugs en wapens xxx")
    assert len(named.name) == MAX_NAME
    assert named.named(" ").name == ""


def test_verdicts_are_read_as_saved_oldest_first_replaced_and_taken_back(kept_in: Database) -> None:
    assert feedback.find(kept_in, verdict(1).id) is None
    history = (Turn(question=HOSTILE, answer_text=HOSTILE),)
    later = verdict(2, history=history, comment=HOSTILE)
    feedback.save(kept_in, later)
    feedback.save(kept_in, verdict(1))
    assert feedback.read(kept_in) == (verdict(1), later)
    assert feedback.find(kept_in, later.id) == later
    feedback.save(kept_in, verdict(1, helpful=True))
    assert [given.helpful for given in feedback.read(kept_in)] == [True, False]
    for given in (verdict(1), verdict(2), verdict(3)):  # the last was never there
        feedback.remove(kept_in, given.id)
    assert feedback.read(kept_in) == ()


def test_what_is_dealt_with_is_marked_and_a_new_verdict_opens_it_again(kept_in: Database) -> None:
    feedback.save(kept_in, verdict(1))
    feedback.handle(kept_in, verdict(1), "Maud")
    feedback.handle(kept_in, verdict(2), "Maud")
    (handled,) = feedback.read(kept_in)
    assert (handled.by, handled.handled is not None) == ("Maud", True)
    replaced = verdict(1, date=NOON, evidence=False)
    feedback.save(kept_in, replaced)
    assert feedback.read(kept_in) == (replaced,)
    feedback.handle(kept_in, verdict(1), "Maud")  # whose page shows the earlier one
    assert feedback.read(kept_in) == (replaced,)


@pytest.mark.parametrize("change", [lambda *_: feedback.handle(*_, "Maud"), feedback.reopen])
@pytest.mark.parametrize("left", [(verdict(1, date=NOON, helpful=True),), ()])
def test_a_reader_who_thinks_again_meanwhile_has_the_last_word(
    kept_in: Database,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Database, Feedback], None],
    left: tuple[Feedback, ...],
) -> None:
    """A verdict that is replaced or withdrawn while a maintainer's click is being kept."""

    def think_again() -> None:
        if left:
            feedback.save(kept_in, left[0])
        else:
            feedback.remove(kept_in, verdict(1).id)

    reader = threading.Thread(target=think_again)
    copied = Feedback.model_copy

    def between_reading_and_writing(*given: Any, **changes: Any) -> Feedback:
        reader.start()
        reader.join(0.5)
        return copied(*given, **changes)

    feedback.save(kept_in, verdict(1))
    monkeypatch.setattr(Feedback, "model_copy", between_reading_and_writing)
    change(kept_in, verdict(1))
    reader.join()
    assert feedback.read(kept_in) == left


def test_a_verdict_has_what_the_answer_knows() -> None:
    answer = Answer(
        question=REPORTS, blocks=(own("Nee."),), further=((own("Ook."),),), language="nl",
        answered=False, confidence=0.2, mode="generative", model="m", prompt_version="p",
        generation="g",
    )  # fmt: skip
    given = Feedback.on(answer, id="1", helpful=True)
    for name in Answer.model_fields.keys() & Feedback.model_fields.keys():
        assert getattr(given, name) == getattr(answer, name)
    assert given.date.utcoffset() == datetime.timedelta(0)


def test_a_note_comes_back_as_it_was_last_kept_first_and_once(mine: Conversations) -> None:
    older = note("Oud.", kept=now() - datetime.timedelta(days=1))
    newer = note("Nieuw.").remarked("Voor de brief")
    assert mine.put_note(note("Nieuw."))  # the same words of the same passage
    assert mine.put_note(newer)
    assert mine.put_note(older)
    assert mine.notes() == (newer, older)
    assert mine.noted() == {newer.id, older.id}
    assert note("Er waren").id != note().id
    visitor = Conversations("visitor", None, days=0)  # in memory, and as long as that
    assert visitor.put_note(note())
    assert len(visitor.notes()) == 1
    assert Conversations("visitor", None, days=0).notes() == ()


def test_a_note_outlives_its_conversation_but_not_its_removal_or_that_of_all(
    mine: Conversations, kept_in: Database
) -> None:
    talked = Conversation(exchanges=(Exchange(question="Wat is EMPACT?", answer=answer()),))
    mine.put(talked)
    mine.put_note(note(conversation=talked.id).remarked("Tulpenlijst"))
    mine.delete(talked.id)
    (kept,) = mine.notes()
    for erase in (partial(mine.drop_note, kept.id), mine.delete_all):
        mine.put_note(kept)
        erase()
        assert mine.notes() == ()
        assert not is_kept("Tulpenlijst", kept_in)


def test_notes_are_kept_as_long_as_conversations(mine: Conversations, kept_in: Database) -> None:
    old = now() - datetime.timedelta(days=91)
    mine.put_note(note("Tulpenlijst.", kept=old, changed=old))
    mine.put_note(note("Nog in gebruik.", kept=old))  # its remark has changed since
    assert [each.citation.quote for each in mine.notes()] == ["Nog in gebruik."]
    assert len(mine.noted()) == 1
    mine.forget_old()
    assert not is_kept("Tulpenlijst", kept_in)
    Conversations("", kept_in, days=0).forget_old()
    assert mine.notes() == ()


def test_notes_are_limited(mine: Conversations, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_NOTES == 500
    monkeypatch.setattr(conversations, "MAX_NOTES", 2)
    assert mine.put_note(note("Een."))
    assert not mine.put_note(note("x" * (MAX_QUOTE + 1)))
    assert mine.put_note(note("Twee."))
    assert not mine.put_note(note("Drie!!"))
    assert mine.put_note(note("Twee.").remarked("Dit kan nog"))
    assert {each.citation.quote for each in mine.notes()} == {"Een.", "Twee."}
    assert len(note().remarked("x" * 5000).remark) == MAX_REMARK


def test_hostile_text_stays_text(mine: Conversations) -> None:
    kept = note(HOSTILE_HTML, question=HOSTILE_HTML).remarked(
        f"'; DROP TABLE notes; -- {HOSTILE_HTML}"
    )
    mine.put_note(kept)
    assert mine.notes() == (kept,)
    mine.drop_note("' OR 1 = 1 --")
    assert mine.notes() == (kept,)
    shown = "\n".join(paragraphs([kept], None))
    assert shown.count(HOSTILE_HTML) == 3
    assert "Strategie, Omvang. https://eur-lex.europa.eu/" in shown
    assert "veranderd" not in shown


def paragraphs(notes: Sequence[Note], now: CurrentSources | None) -> list[str]:
    """Those of a Word file of notes."""
    file = io.BytesIO(notes_docx(notes, now, load("nl")))
    return [paragraph.text for paragraph in docx.Document(file).paragraphs]


def test_the_items_of_a_list_are_one_quote_and_others_are_not() -> None:
    text = "Drie taken:\n- Een taak.\n- Nog een taak.\n\nDaartussen staat iets. En het einde."
    passage = answer().passages[0].model_copy(update={"text": text})

    def cited(words: str) -> Citation:
        start = text.index(words)
        at = {"quote": words, "start": start, "end": start + len(words)}
        return answer().citations[0].model_copy(update=at)

    quotes = [
        cited(each) for each in ("En het einde.", "Nog een taak.", "Drie taken:", "Een taak.")
    ]
    found = stretches(quotes, answer().model_copy(update={"passages": (passage,)}))
    assert [each.quote for each in found] == [
        "Drie taken:\n- Een taak.\n- Nog een taak.",
        "En het einde.",
    ]
    assert all(text[each.start : each.end] == each.quote for each in found)
    alone = stretches(quotes, answer().model_copy(update={"passages": ()}))
    assert len(alone) == 4  # the passage was not kept


GONE = CurrentSources({}, {})


def test_a_file_has_each_quote_with_its_reference_and_remark_by_document() -> None:
    kept = note("Een taak.\n\nNog een taak.").remarked("Voor de brief.\nMorgen.")
    told = paragraphs([kept], GONE)
    begin = told.index("Strategie")
    assert told[begin + 1 : begin + 3] == ["Een taak.", "Nog een taak."]
    assert told[begin + 3].startswith("Strategie, Omvang.")
    assert told[begin + 4] == "Vraag: Hoeveel meldingen?"
    changed = "„Strategie” staat niet meer bij de bronnen."
    assert told[begin + 6 : begin + 10] == [changed, "Opmerking", "Voor de brief.", "Morgen."]
    old = note("Oud.", kept=datetime.datetime(2026, 1, 2, 12, tzinfo=datetime.UTC))
    new = note("Nieuw.", kept=datetime.datetime(2026, 1, 3, 12, tzinfo=datetime.UTC))
    assert grouped([old, new]) == {"Strategie": [new, old]}
