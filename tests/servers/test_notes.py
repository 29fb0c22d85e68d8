"""Quotes that are kept: each user's own, as long as conversations, and exported as they are."""

import datetime
import io
from collections.abc import Sequence
from functools import partial

import docx
import pytest
from sqlalchemy import update

from core.answer import Citation
from core.errors import StrategiewijzerError
from tests.support.databases import is_kept
from tests.support.people import answer as noted_answer
from tests.support.people import note
from tests.support.shown_html import HOSTILE
from ui.answers.evidence_panel import CurrentSources
from ui.answers.references import stretches
from ui.notes import grouped, notes_docx
from ui.texts import load
from userdata import conversations
from userdata.conversations import (
    MAX_NOTES,
    MAX_QUOTE,
    MAX_REMARK,
    NOTES,
    Conversation,
    Conversations,
    Exchange,
    Note,
    now,
)
from userdata.database import Database

NL = load("nl")


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


def test_nobody_sees_or_changes_notes_of_another(mine: Conversations, kept_in: Database) -> None:
    theirs = Conversations("bo", kept_in, days=90)
    mine.put_note(note().remarked("Van An"))
    assert theirs.notes() == ()
    assert theirs.noted() == frozenset()
    theirs.drop_note(note().id)
    theirs.put_note(note().remarked("Van Bo"))
    theirs.delete_all()
    assert [each.remark for each in mine.notes()] == ["Van An"]


def test_a_note_outlives_its_conversation_but_not_its_removal_or_that_of_all(
    mine: Conversations, kept_in: Database
) -> None:
    talked = Conversation(exchanges=(Exchange(question="Wat is EMPACT?", answer=noted_answer()),))
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
    kept = note(HOSTILE, question=HOSTILE).remarked(f"'; DROP TABLE notes; -- {HOSTILE}")
    mine.put_note(kept)
    assert mine.notes() == (kept,)
    mine.drop_note("' OR 1 = 1 --")
    assert mine.notes() == (kept,)
    shown = "\n".join(paragraphs([kept], None))
    assert shown.count(HOSTILE) == 3
    assert "Strategie, Omvang. https://eur-lex.europa.eu/" in shown
    assert "veranderd" not in shown


def paragraphs(notes: Sequence[Note], now: CurrentSources | None) -> list[str]:
    """Those of a Word file of notes."""
    file = io.BytesIO(notes_docx(notes, now, NL))
    return [paragraph.text for paragraph in docx.Document(file).paragraphs]


def test_a_note_of_another_version_is_refused(mine: Conversations, kept_in: Database) -> None:
    mine.put_note(note())
    with kept_in.transaction("Test") as connection:
        connection.execute(update(NOTES).values(note="{}"))
    with pytest.raises(StrategiewijzerError, match="cannot read a note"):
        mine.notes()


def test_the_items_of_a_list_are_one_quote_and_others_are_not() -> None:
    text = "Drie taken:\n- Een taak.\n- Nog een taak.\n\nDaartussen staat iets. En het einde."
    passage = noted_answer().passages[0].model_copy(update={"text": text})

    def cited(words: str) -> Citation:
        start = text.index(words)
        at = {"quote": words, "start": start, "end": start + len(words)}
        return noted_answer().citations[0].model_copy(update=at)

    quotes = [
        cited(each) for each in ("En het einde.", "Nog een taak.", "Drie taken:", "Een taak.")
    ]
    found = stretches(quotes, noted_answer().model_copy(update={"passages": (passage,)}))
    assert [each.quote for each in found] == [
        "Drie taken:\n- Een taak.\n- Nog een taak.",
        "En het einde.",
    ]
    assert all(text[each.start : each.end] == each.quote for each in found)
    alone = stretches(quotes, noted_answer().model_copy(update={"passages": ()}))
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
