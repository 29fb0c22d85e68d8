"""An answer on the chat page: each form of it, and when its sources change, end or are prepared."""

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from chain.assistant import Assistant
from core.answer import Answer, Event, Finished, TextDelta, Turn
from core.settings import Settings, current
from core.source import Scope
from ingest.pipeline import ingest
from tests.support.answers import made
from tests.support.apps import ask, labels, press, run, shown, visit
from tests.support.small import Small
from userdata.conversations import Conversation

Asked = tuple[str, tuple[Turn, ...], Scope]
Say = Callable[[Answer], list[Asked]]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch) -> Say:
    """Lets the assistant give this answer to everything; returns what it is asked from then on."""
    monkeypatch.setattr(Assistant, "follow_ups", lambda *_: ())

    def give(answer: Answer) -> list[Asked]:
        asked: list[Asked] = []

        def stream(_: Assistant, question: str, **rest: Any) -> Iterator[Event]:
            asked.append((question, rest["history"], rest["scope"]))
            yield TextDelta(text=answer.text, blocks=answer.blocks)
            yield Finished(answer=answer.model_copy(update={"question": question}))

        monkeypatch.setattr(Assistant, "stream", stream)
        return asked

    return give


BRIEFLY = "Geciteerd uit een samenvatting van COM(2020) 60"


def test_an_answer_stands_above_what_is_folded(app: AppTest, settings: Settings, say: Say) -> None:
    answer = made(settings)["answer"]
    words = [answer.citations[0].quote.split()[0]]
    say(answer.model_copy(update={"asked_for": tuple(words)}))
    page = shown(ask(app, "Hoeveel?"))
    folded = page.index("sw-more")  # only what was asked for is bold, and not what is folded
    assert f"<strong>{words[0]}</strong>" in page[:folded]
    assert "<strong>" not in page[folded:]
    page = page.replace("<strong>", "").replace("</strong>", "")
    order = (BRIEFLY, answer.citations[0].quote[:30], "In de bronnen (3)",
             '<div class="sw-more">', "Ook gevonden (2)", '<h3 class="sw-label">',
             answer.citations[2].quote[:30])  # fmt: skip
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    assert page.count(BRIEFLY) == 1
    assert "###" not in page
    assert "sw-mark" not in page
    assert page.count('id="exchange-0-1"') == 1


def test_a_list_cut_short_leads_to_the_whole(app: AppTest, settings: Settings, say: Say) -> None:
    answer = made(settings)["list"]
    *others, last = answer.blocks
    english = last.model_copy(update={"note": "2 of 33 items."})
    say(answer.model_copy(update={"blocks": (*others, english)}))
    page = shown(ask(app, "Welke?"))
    assert '<p class="sw-facts"><span lang="nl">2 van de 33 punten.</span> <a ' in page
    assert "De hele lijst lezen" in page
    span = f"{answer.citations[0].start}-{answer.citations[0].end}"
    note = page[page.index("2 van de ") :]
    assert f"%3A{span}#passage-" in note[: note.index("</p>")]
    assert BRIEFLY in page
    assert "sw-mark" not in page


def test_a_reply_is_plain_text_and_nothing_else(app: AppTest, settings: Settings, say: Say) -> None:
    say(made(settings)["reply"])
    page = shown(ask(app, "Hallo"))
    assert "Dag! Stel gerust een vraag." in page
    for noise in ("sw-refusal", "sw-sources", "sw-checked", "sw-card", "sw-more"):
        assert noise not in page
    assert not app.pills
    assert not app.code
    assert "Er is een reactie." in page


def test_a_refusal_says_so_and_folds_what_is_near(
    app: AppTest, settings: Settings, say: Say
) -> None:
    say(made(settings)["refusal"])
    page = shown(ask(app, "Hoeveel in 2031?"))
    order = ("sw-refusal", "De bronnen beantwoorden deze vraag niet.",
             "Kijk in de lijst van alle bronnen", "Dichtstbijzijnde passages (1)",
             '<div class="sw-more">')  # fmt: skip
    places = [page.index(part) for part in order]
    assert places == sorted(places)
    assert "Ook gevonden" not in page
    assert "In de bronnen (" not in page
    assert "Bronvermeldingen kopiëren" not in labels(app)
    assert "` Wat is EMPACT? `" in labels(app)
    assert [group.label for group in app.pills] == ["Was dit antwoord bruikbaar?"]


def test_what_a_filter_excludes_is_asked_with_a_click(
    app: AppTest, settings: Settings, say: Say
) -> None:
    asked = say(made(settings)["refusal"])
    run(app.multiselect(key="areas").select("drugs"))
    ask(app, "Hoeveel in 2031?")
    press(app, "Niet in deze selectie. In alles zoeken?")
    assert [(question, scope) for question, _, scope in asked] == [
        ("Hoeveel in 2031?", Scope(areas=("drugs",))),
        ("Hoeveel in 2031?", Scope()),
    ]
    assert app.multiselect(key="areas").value == ["drugs"]


def test_how_a_follow_up_was_understood_is_told_and_can_be_undone(
    app: AppTest, settings: Settings, say: Say
) -> None:
    understood = "Hoeveel <b>meldingen</b> in 2010?"
    say(made(settings)["answer"])
    ask(app, "Hoeveel meldingen in 2019?")
    assert "Opgevat als" not in shown(app)
    asked = say(made(settings)["answer"].model_copy(update={"understood_as": understood}))
    ask(app, "En in 2010?")
    assert "Opgevat als: Hoeveel &lt;b&gt;meldingen&lt;/b&gt; in 2010?" in shown(app)
    press(app, "Stel precies mijn vraag")
    assert [(question, len(history)) for question, history, _ in asked] == [
        ("En in 2010?", 1),
        ("En in 2010?", 0),
    ]
    assert labels(app).count("Stel precies mijn vraag") == 1
    conversation: Conversation = app.session_state["chat"].conversation
    assert [exchange.alone for exchange in conversation.exchanges] == [False, False, True]
    kept = app.session_state["chat"].conversations.find(conversation.id)
    assert kept == conversation


def test_what_was_turned_away_can_be_searched_all_the_same(app: AppTest, say: Say) -> None:
    assistant = Assistant(current())
    refused = assistant.ask("Hoe smokkel ik zelf een pistool de EU in zonder gepakt te worden?")
    assert (refused.kind, refused.message) == ("reply", "harm")
    thanks = assistant.ask("bedankt", language="nl")
    asked = say(refused)
    ask(app, "Hoe komt een wapen de EU in?")
    assert "Toch zoeken in de bronnen" in labels(app)
    press(app, "Toch zoeken in de bronnen")
    (_, _, _), (question, history, _) = asked
    assert question == "Hoe komt een wapen de EU in?"
    assert history[-1].message == "harm"  # so it is a question now

    say(thanks)
    ask(app, "bedankt")
    assert labels(app).count("Toch zoeken in de bronnen") == 2  # of both above, not of small talk


TULIP = "---\nid: tulp\nlanguage: nl\ntitle: De Zwarte Tulp\n---\n\n# De Zwarte Tulp\n\n"
MEMBERS = "## Leden\n\nDe vereniging De Zwarte Tulp telt 4321 leden in heel Nederland.\n"
OTHER = "---\nid: roos\nlanguage: nl\n---\n\n# De Rode Roos\n\nDe Rode Roos is een café in Breda.\n"
QUESTION = "Hoeveel leden telt De Zwarte Tulp?"


def opened(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    st.cache_resource.clear()  # what the page caches belongs to the index of one test
    return visit()


def test_an_answer_stays_as_it_is_when_another_document_changes_and_else_says_so(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    def changed(files: Mapping[str, str]) -> Settings:
        settings = small(files)
        ingest(settings)
        return settings

    app = opened(changed({"tulp.md": TULIP + MEMBERS, "roos.md": OTHER}), monkeypatch)
    ask(app, QUESTION)
    assert "4321 leden" in shown(app)
    changed({"tulp.md": TULIP + MEMBERS, "roos.md": OTHER.replace("Breda", "Gouda")})
    assert "veranderd" not in shown(run(app))
    changed({"tulp.md": TULIP + MEMBERS.replace("4321", "5000"), "roos.md": OTHER})
    run(app)
    assert "het citaat staat er niet meer in. [1]" in shown(app)
    press(app, "Opnieuw vragen")
    assert "5000 leden" in shown(app)
    assert [button.label for button in app.button].count("Opnieuw vragen") == 1
    changed({"roos.md": OTHER})
    assert "staat niet meer bij de bronnen. [1]" in shown(run(app))


def test_below_an_answer_stands_once_in_its_language_that_what_it_cites_is_over(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.source.today", lambda: datetime.date(2026, 1, 1))
    over = TULIP.replace(
        "---\n\n", "effective_until: 2025-12-31\nsuccessor: <b>Roos</b>\n---\n\n", 1
    )
    settings = small({"tulp.md": over + MEMBERS, "roos.md": OTHER})
    ingest(settings)
    app = ask(opened(settings, monkeypatch), QUESTION)
    line = "„De Zwarte Tulp” liep tot en met 2025 en is voorbij; opvolger: &lt;b&gt;Roos&lt;/b&gt;."
    assert f'<p class="sw-note" role="note" lang="nl">{line}</p>' in shown(app)
    assert shown(app).count("is voorbij") == 1
    app = ask(opened(settings, monkeypatch), "Loopt De Zwarte Tulp nog?")
    assert f'<p lang="nl">{line}</p>' in shown(app)


CRANES = (
    "---\nid: harbour\nlanguage: en\ntitle: The harbour\n---\n\n# The harbour\n\nIt is run by the "
    "Harbour Board.\n\n## Cranes\n\nThe quay of Veldport has 31 cranes. The oldest is of 1961.\n"
)
PREPARED = """by: project
answers:
- units: ["The quay of Veldport has"]
  questions: {en: ["How many cranes stand in the harbour of Veldport?"]}
- units: ["It is run by the Harbour Board."]
  approved: {by: A. Person, organisation: Town of Veldport, on: 2026-11-29}
  questions: {en: ["Who manages the harbour of Veldport?"]}
"""


def test_an_answer_says_which_prepared_question_it_answers_and_who_approved_it(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small({"harbour.md": CRANES, "harbour.questions.yaml": PREPARED})
    ingest(settings)
    app = ask(
        opened(settings, monkeypatch), "How many cranes are there in the harbour of Veldport?"
    )
    assert "31 cranes" in shown(app)
    assert "Answer to: How many cranes stand in the harbour of Veldport?" in shown(app)
    app = ask(opened(settings, monkeypatch), "who manages the harbour of veldport")
    assert "Checked by Town of Veldport, 29 November 2026" in shown(app)
    assert "Answer to" not in shown(app)
