"""The chat page, as its readers use it: the real page on a real index, without a browser."""

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, get_args

import pytest
from streamlit.testing.v1 import AppTest

from chain.assistant import Assistant
from chain.request import MAX_QUESTION
from core.answer import Answer, Event, Finished, ModelTrouble, TextDelta, Turn
from core.errors import ModelError, StoreError
from core.settings import Settings
from core.source import DocumentInfo, DocumentKind, Scope
from ingest.pipeline import ingest
from tests.support.answers import doubted
from tests.support.apps import ask, press, run, shown, visit
from tests.support.chats import REPORTS, chat
from tests.support.passages import answer_of
from tests.support.small import Small
from ui.answers.checks import remarks_below
from ui.chat.feedback_form import MAX_COMMENT, ReaderVerdict
from ui.chat.session import Chat, question_in
from ui.corpus import kinds, sources_html
from ui.texts import languages, load
from userdata.conversations import Conversation, Conversations, Exchange
from userdata.database import FILE, database
from userdata.feedback import Feedback, handle, read
from vectorstore.store import Index, open_index

OFF_TOPIC = "Wie won de Tour de France in 1998?"
FILLING = "Dit zegt iets over de haven, maar vraagt niets. " * 30


def answers(app: AppTest) -> list[Answer | None]:
    return [exchange.answer for exchange in conversation(app)]


def first_turn(app: AppTest) -> Turn:
    """The question about reports, its answer and what was offered with it."""
    first = conversation(app)[0]
    assert first.answer is not None
    return Turn.of(REPORTS, first.answer, (*first.answer.related, *(first.follow_ups or ())))


def conversation(app: AppTest) -> list[Exchange]:
    return list(chat(app).conversation.exchanges)


UP, DOWN = True, False


def thumbs(app: AppTest, name: str = "helpful") -> list[Any]:
    """Under each answer that has them, the thumbs for the answer or for its evidence."""
    keys = [ReaderVerdict(exchange.id).key(name) for exchange in conversation(app)]
    return [group for key in keys for group in app.pills if group.key == key]


def judge(app: AppTest, number: int, thumb: bool | None, name: str = "helpful") -> AppTest:
    """Clicks a thumb under an answer; None clicks the one that is chosen again."""
    return run(thumbs(app, name)[number].set_value(thumb))


def comment(app: AppTest, text: str) -> AppTest:
    app.text_area[0].set_value(text)
    return press(app, "Opslaan")


Kept = Callable[[], tuple[Feedback, ...]]


@pytest.fixture
def kept(app: AppTest, settings: Settings) -> Kept:
    """What has been kept of the verdicts in this test."""
    return lambda: read(database(settings))


def stand_in(monkeypatch: pytest.MonkeyPatch, *events: Event | Exception) -> None:
    """Lets the assistant say exactly this, for what a real one cannot be made to say."""

    def stream(*_: object, **__: object) -> Iterator[Event]:
        for event in events:
            if isinstance(event, Exception):
                raise event
            yield event

    monkeypatch.setattr(Assistant, "stream", stream)


def test_an_empty_page_says_what_is_loaded_and_a_question_is_answered_with_sources(
    app: AppTest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = open_index(settings).snapshot()
    when = load("nl").moment(datetime.datetime.fromisoformat(sources.created))
    assert f"<dt>Bijgewerkt op</dt><dd>{when}</dd>" in shown(app)
    assert sources.generation not in shown(app)
    told = "5 samenvattingen van dit project, officiële teksten niet geladen"
    assert f"<summary>Bronnen: {told}</summary>" in shown(app)
    assert f"<dd>{told}</dd>" in shown(app)  # in the sidebar
    assert "python -m" not in shown(app)
    assert "<dt>Documenten</dt><dd>5</dd></div><div><dt>Taalversies</dt><dd>10</dd>" in shown(app)
    assert "Bescherming van kinderen" in app.multiselect(key="areas").options
    assert "zonder taalmodel" in shown(app)
    assert "Zoekt en citeert; schrijft, vat samen of vertaalt niet." in shown(app)
    assert [title.value for title in app.title] == ["Strategiewijzer"]
    assert "STRATEGIEWIJZER_MODEL" not in shown(app)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    run(app)
    assert "zonder taalmodel (er is een sleutel; STRATEGIEWIJZER_MODEL" in shown(app)
    monkeypatch.delenv("OPENAI_API_KEY")
    ask(app, "  \n ")
    assert conversation(app) == []

    ask(app, REPORTS)
    assert not app.title  # a conversation needs the room
    assert '<h1 class="sw-hidden">Strategiewijzer</h1>' in shown(app)
    assert "<summary>Bronnen" not in shown(app)
    assert [message.name for message in app.chat_message] == ["user", "assistant"]
    assert "725 000" in shown(app)
    assert 'href="#exchange-0-1"' in shown(app)
    assert 'id="exchange-0-1"' in shown(app)
    assert "persbericht van 24 juli 2020" in shown(app) or "COM(2020) 607 final" in shown(app)
    assert "· 24 juli 2020" in shown(app)
    assert "<mark>" in shown(app)
    assert 'href="https://' in shown(app)


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ({"a": "brief", "b": "brief"}, "2 summaries by this project, official texts not loaded"),
        ({"a": "brief", "9": "official"}, "1 official text, 1 summary by this project"),
        ({"1": "upload"}, "1 added document"),
        ({}, ""),
    ],
)
def test_the_start_page_and_the_sidebar_say_which_texts_are_loaded(
    there: Mapping[str, DocumentKind], told: str
) -> None:
    documents = [
        DocumentInfo(id=name, language=language, title=f"Title <{name}>", kind=kind)
        for name, kind in there.items()
        for language in ("en", "nl")
    ]
    texts = load("en")
    assert kinds(documents, texts) == told
    page = sources_html(documents, texts)
    assert f"<summary>Sources: {told}</summary>" in page
    assert page.count("<li>Title &lt;") == len(there)
    assert ("is not the official text" in page) == ("brief" in there.values())


def _examples(app: AppTest) -> list[str]:
    """The labels of questions to begin with, which are shown as code."""
    labels = [button.label for button in app.button if "example" in (button.key or "")]
    assert all(label.endswith(("? `", "?`")) for label in labels)
    return labels


@pytest.mark.parametrize("language", languages())
def test_an_example_question_is_answered(app: AppTest, language: str) -> None:
    run(app.selectbox(key="language").set_value(language))
    examples = _examples(app)
    assert len(examples) == 5
    press(app, examples[0])
    assert not _examples(app)
    (answer,) = answers(app)
    assert answer
    assert answer.question == examples[0].strip("` ")
    assert answer.is_sourced
    assert answer.question_language == language


def test_a_follow_up_is_asked_with_what_came_before(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(app, REPORTS)
    heard: list[Sequence[Turn]] = []
    answered = Assistant.stream

    def listening(self: Assistant, question: str, **rest: Any) -> Iterator[Event]:
        heard.append(list(rest["history"]))
        return answered(self, question, **rest)

    monkeypatch.setattr(Assistant, "stream", listening)
    ask(app, "En in 2010?")
    assert heard == [[first_turn(app)]]


def test_documents_a_language_and_a_day_limit_where_is_searched(app: AppTest) -> None:
    run(app.multiselect(key="documents").select("drugs-agenda").select("firearms-plan"))
    run(app.selectbox(key="source_language").select("en"))
    run(app.date_input(key="as_of").set_value(datetime.date(2020, 7, 24)))
    ask(app, "Hoeveel is de drugsmarkt waard?")
    (answer,) = answers(app)
    assert answer
    assert {passage.document.id for passage in answer.passages} <= {"drugs-agenda", "firearms-plan"}
    assert {passage.language for passage in answer.passages} == {"en"}
    limits = "bronnen in het Engels; stand op 24 juli 2020</p>"
    assert shown(app).count(limits) == 2  # in the sidebar, and with the question
    assert "Gezocht binnen: EU-agenda en -actieplan inzake drugs 2021-2025, " in shown(app)


def test_filters_can_be_cleared_and_what_was_asked_keeps_its_own(app: AppTest) -> None:
    run(app.multiselect(key="areas").select("drugs"))
    run(app.date_input(key="as_of").set_value(datetime.date(2020, 7, 24)))
    ask(app, OFF_TOPIC)
    press(app, "Filters wissen")
    assert (app.multiselect(key="areas").value, app.date_input(key="as_of").value) == ([], None)
    assert "Filters wissen" not in [button.label for button in app.button]
    ask(app, REPORTS)
    scopes = [exchange.scope for exchange in conversation(app)]
    assert scopes == [Scope(areas=("drugs",), as_of=datetime.date(2020, 7, 24)), Scope()]
    assert shown(app).count("Gezocht binnen: Drugs; stand op 24 juli 2020</p>") == 1


def test_another_interface_language_keeps_what_was_asked_and_chosen(app: AppTest) -> None:
    run(app.multiselect(key="areas").select("child-protection"))
    ask(app, REPORTS)
    run(app.selectbox(key="language").set_value("en"))
    assert "In de bronnen (" in shown(app)  # the answer stays in the question's language
    assert "725 000" in shown(app)
    assert app.multiselect(key="areas").value == ["child-protection"]
    assert app.chat_input[0].placeholder == "Ask your question"


def test_a_question_that_is_too_long_is_told_so_and_not_asked(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        stand_in(patched, AssertionError("asked"))
        ask(app, "a" * (MAX_QUESTION + 1))
    assert "1.001 tekens" in app.warning[0].value
    assert conversation(app) == []
    press(app, "Nieuw gesprek")
    assert not app.warning
    ask(app, f"{FILLING}{OFF_TOPIC}")  # in a long text there may be a question
    (one,) = conversation(app)
    assert (one.question, one.context) == (OFF_TOPIC, FILLING.strip())
    assert "niet doorzocht" in shown(app)
    ask(app, "<img src=x onerror=alert(1)> **vet** :smile:")
    assert "&lt;img src=x onerror=alert(1)&gt; **vet** :smile:</h2>" in shown(app)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (f"{FILLING}{OFF_TOPIC}", OFF_TOPIC),
        (f"{OFF_TOPIC}\n\n{FILLING}Echt waar?", OFF_TOPIC),
        (f"{FILLING}Is dat zo in 2019? {OFF_TOPIC} {FILLING}", OFF_TOPIC),
        (f"{FILLING}\n\nEen kop zonder punt\n\n“Wat is\nEMPACT?”", "“Wat is EMPACT?”"),
        (FILLING, ""),
        (f"{FILLING}{'a ' * MAX_QUESTION}?", ""),
        (f"{'a' * 200 * MAX_QUESTION} {OFF_TOPIC}", ""),
    ],
)
def test_of_a_long_text_the_question_in_it_is_asked(text: str, question: str) -> None:
    found, rest = question_in(text)
    assert found == question
    assert len(rest) <= len(text)
    assert "haven" in rest or not question


def test_while_a_question_is_answered_no_other_is_asked() -> None:
    made = Chat(Conversations("", None, 0))
    made.conversation = Conversation(exchanges=(first := Exchange(question="Wat is EMPACT?"),))
    made.pending = first.id
    made.ask("Wat is SEESAC?")
    made.again(first)
    made.edit(first, "Wat is SEESAC?")
    assert made.conversation.exchanges == (first,)
    assert made.pending == first.id


def test_a_problem_is_told_and_the_question_can_be_asked_again(
    app: AppTest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chat(app).change(Exchange(question=REPORTS))  # which was interrupted
    ask(app, OFF_TOPIC)
    assert "nog niet beantwoord" in app.info[0].value
    press(app, "Opnieuw proberen")
    assert [bool(answer) for answer in answers(app)] == [True, True]
    problems = {
        "The server :smile: is gone.": ModelError("The server :smile: is gone."),
        "IndexError": IndexError("tuple index out of range"),  # a mistake of ours
    }
    for number, (told, problem) in enumerate(problems.items(), start=3):
        with monkeypatch.context() as patched:
            stand_in(patched, TextDelta(text="Half"), problem)
            ask(app, REPORTS)
            assert told not in app.error[0].value  # the reader's language alone
            assert f"<code>{told}</code>" in shown(app)
            run(app)  # it is not asked again by itself
            assert len(conversation(app)) == number
            assert not chat(app).pending
        press(app, "Opnieuw proberen")
        assert not app.error
    asked = [exchange.question for exchange in conversation(app)]
    assert asked == [OFF_TOPIC, REPORTS, REPORTS, REPORTS]
    assert "725 000" in shown(app)
    assert "IndexError" in caplog.text
    assert REPORTS not in caplog.text


def test_a_store_that_is_gone_is_told_at_the_question_and_found_again_by_the_next(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_: Index) -> Any:
        raise StoreError("Chroma does not answer.")

    ask(app, REPORTS)
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Index, "snapshot", gone)
        ask(app, "Wat is Empact?")
        assert app.chat_message[-1].error
        assert "Chroma does not answer." in shown(app)
        assert not app.chat_input[0].disabled
    ask(app, "Wat is Europol?")
    assert not app.chat_message[-1].error
    press(app, "Opnieuw proberen")
    assert [answer is not None for answer in answers(app)] == [True, True, True]
    assert not app.error


def given(**values: object) -> Answer:
    kinds = {"question": REPORTS, "answered": True, "mode": "fallback"}
    return answer_of("Iets.", **kinds | values)


def test_what_a_model_cannot_support_is_told(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = given(mode="generative", model="m", checker="m", missing=("2031",))
    answer = doubted(answer, "Onzekere <b>zin</b>.", left_out=["Verzonnen zin."])
    stand_in(monkeypatch, Finished(answer=answer))
    ask(app, REPORTS)
    assert "Niet gevonden in de doorzochte documenten: 2031" in shown(app)
    page = shown(app)
    assert "0 van de 2 zinnen zijn in de bronnen gevonden. Nagelezen door m." in page
    assert "Minder dan de helft" in page
    assert '<span class="sw-unconfirmed">Onzekere &lt;b&gt;zin&lt;/b&gt;.</span>' in page
    assert "niet bevestigd</button>" in page
    assert '<span class="sw-left-out">[Not 2031.]</span>' in page
    assert "In de bronnen staat niet: 2031." in page
    assert page.index("[Not 2031.]") < page.index("Verzonnen zin.")  # on its card


@pytest.mark.parametrize("language", languages())
def test_why_a_model_or_a_checker_was_not_used_is_told_in_one_line(language: str) -> None:
    """That a checker was too late, too: that is no failure of its server."""
    texts, answer = load(language), given(language=language)
    unchecked = answer.model_copy(update={"unchecked": True, "mode": "generative"})
    (plain,) = remarks_below(unchecked, texts)
    lines = {plain}
    for trouble in get_args(ModelTrouble):
        (unused,) = remarks_below(answer.model_copy(update={"trouble": trouble}), texts)
        assert unused not in remarks_below(answer, texts)
        (line,) = remarks_below(unchecked.model_copy(update={"check_trouble": trouble}), texts)
        assert texts(f"answer.trouble.{trouble}") in line
        lines.add(line)
    assert len(lines) == 1 + len(get_args(ModelTrouble))
    cut = answer.model_copy(update={"trouble": "cut"})
    written = cut.model_copy(update={"mode": "generative"})
    assert remarks_below(written, texts) != remarks_below(cut, texts)
    assert remarks_below(unchecked.model_copy(update={"unchecked": False}), texts) == []


def test_a_verdict_is_kept_with_what_is_needed_to_ask_again(app: AppTest, kept: Kept) -> None:
    run(app.multiselect(key="areas").select("child-protection"))
    ask(app, REPORTS)
    ask(app, "En in 2010?")
    assert kept() == ()
    judge(app, 1, UP)
    (given,) = kept()
    first, second = answers(app)
    assert first
    assert second
    assert (given.helpful, given.comment, given.question) == (True, "", "En in 2010?")
    assert given.history == (first_turn(app),)
    assert given.scope == Scope(areas=("child-protection",))
    assert (given.answered, given.answer_text) == (True, second.text)
    assert given.documents == second.documents
    assert given.generation == second.generation
    assert "dagen bewaard, los van dit gesprek" in shown(app)


def test_a_thumb_down_asks_what_is_wrong_and_can_be_changed(app: AppTest, kept: Kept) -> None:
    ask(app, OFF_TOPIC)
    assert not app.text_area
    judge(app, 0, DOWN)
    assert [(given.helpful, given.comment) for given in kept()] == [(False, "")]
    comment(app, "  Er ontbreekt iets.\n")
    assert [(given.answered, given.comment) for given in kept()] == [(False, "Er ontbreekt iets.")]
    assert "Met uw toelichting 365 dagen bewaard" in shown(app)
    judge(app, 0, UP)
    assert [(given.helpful, given.comment) for given in kept()] == [(True, "")]
    assert not app.text_area
    judge(app, 0, DOWN)
    assert app.text_area[0].value == "Er ontbreekt iets."
    assert [(given.helpful, given.comment) for given in kept()] == [(False, "Er ontbreekt iets.")]
    comment(app, "a" * (MAX_COMMENT + 1))  # which a browser does not let through
    assert [len(given.comment) for given in kept()] == [MAX_COMMENT]
    judge(app, 0, None)
    assert kept() == ()
    assert "bewaard" not in shown(app)


def test_the_evidence_is_judged_apart_and_both_can_be_changed_in_another_session(
    app: AppTest, kept: Kept, settings: Settings
) -> None:
    ask(app, REPORTS)
    assert thumbs(app)[0].options == ["Bruikbaar", "Niet bruikbaar"]
    judge(app, 0, UP)
    assert thumbs(app, "evidence") == []  # asked of those who are not content
    judge(app, 0, DOWN)
    labels = [group.label for group in app.pills]
    assert labels == ["Was dit antwoord bruikbaar?", "Steunen de bronnen dit antwoord?"]
    assert thumbs(app, "evidence")[0].options == ["Ja", "Nee"]
    judge(app, 0, DOWN, "evidence")
    comment(app, "De bron is van 2010.")
    assert [(given.helpful, given.evidence) for given in kept()] == [(False, False)]
    other = visit(c=chat(app).conversation.id)
    assert [thumbs(other, name)[0].value for name in ("helpful", "evidence")] == [DOWN, DOWN]
    assert other.text_area[0].value == "De bron is van 2010."
    handle(database(settings), kept()[0], "Maud")
    assert kept()[0].handled
    judge(other, 0, UP, "evidence")
    judge(other, 0, UP)
    (last,) = kept()
    assert (last.helpful, last.evidence, last.comment) == (True, True, "")
    assert (last.handled, last.by) == (None, "")  # a new verdict opens it again
    judge(other, 0, None)
    assert [(given.helpful, given.evidence) for given in kept()] == [(None, True)]
    judge(other, 0, None, "evidence")
    assert kept() == ()


def test_an_unkept_verdict_is_told_and_not_lost(
    app: AppTest, kept: Kept, settings: Settings
) -> None:
    ask(app, OFF_TOPIC)
    (settings.data_dir / FILE).unlink()
    (settings.data_dir / FILE).mkdir()  # so that nothing can be written there
    judge(app, 0, DOWN)
    comment(app, "Er ontbreekt iets.")
    assert "kon niet worden bewaard" in app.error[0].value
    assert FILE in shown(app)
    assert thumbs(app)[0].value is DOWN
    assert app.text_area[0].value == "Er ontbreekt iets."
    (settings.data_dir / FILE).rmdir()
    press(app, "Opnieuw proberen")
    assert [given.comment for given in kept()] == ["Er ontbreekt iets."]
    assert not app.error


def test_without_an_index_the_page_says_how_to_make_one_and_goes_on_once_it_is_there(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small({"haven.md": "# De haven\n\nDe haven telt twaalf kranen.\n"})
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    app = visit()
    assert app.error[0].value == "Er zijn nog geen bronnen ingelezen."
    assert "make ingest" in shown(app)
    assert app.chat_input[0].disabled
    ingest(settings)
    press(app, "Opnieuw proberen")
    assert not app.error
    assert not app.chat_input[0].disabled
