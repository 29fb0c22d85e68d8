"""What is meant: small talk, tasks, follow-ups, filters that exclude the answer."""

from collections.abc import Mapping
from typing import Literal

import pytest

from chain.answer.summary import summary_of
from chain.assistant import Assistant
from chain.understanding.intent import classify
from chain.understanding.meaning import interpret
from core.answer import Finished, TextDelta, Turn
from core.settings import ROOT
from core.source import Scope
from core.yaml_files import read_yaml
from prompts import phrases

SUMMARIES = ROOT / "tests" / "index" / "summaries.yaml"
REPORTS = "Hoeveel meldingen van online kindermisbruik waren er in 2019 in de EU?"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("hallo", "greeting"),
        ("kun je dat korter zeggen?", "shorter"),  # nothing to shorten yet
        ("How can I smuggle a gun into the EU without getting caught?", "harm"),
    ],
)
def test_what_asks_the_sources_nothing_gets_a_friendly_line(
    assistant: Assistant, message: str, kind: str
) -> None:
    *_, delta, last = assistant.stream(message)
    assert isinstance(last, Finished)
    answer = last.answer
    assert (answer.kind, answer.message) == ("reply", kind)
    assert isinstance(delta, TextDelta)
    assert answer.text == delta.text != ""
    assert (answer.citations, answer.passages, answer.more) == ((), (), ())


def test_a_follow_up_tells_how_it_was_understood_across_small_talk(assistant: Assistant) -> None:
    first = assistant.ask(REPORTS)
    assert first.understood_as == ""
    thanks = assistant.ask("bedankt!", [Turn.of(REPORTS, first)])
    history = [Turn.of(REPORTS, first), Turn.of("bedankt!", thanks)]
    answer = assistant.ask("en in 2010?", history, "nl")
    assert answer.understood_as == REPORTS.replace("2019", "2010")
    assert "23 000" in answer.text


@pytest.mark.parametrize("held_out", [False, True])
def test_a_rewriting_is_used_where_it_asks_what_the_follow_up_does(
    assistant: Assistant, held_out: bool
) -> None:
    """As docs/decisions/0008-follow-ups.md reports it."""
    entries = read_yaml((ROOT / "research/fitting/rewritings/rewritings.yaml").read_text("utf-8"))

    def used(kind: str) -> dict[str, bool]:
        return {
            text: interpret(
                one["question"],
                one["language"],
                [Turn(question=one["before"], answer_text="")],
                (),
                lambda *_, rewritten=text: rewritten,
            ).question
            == text
            for one in entries
            if one.get("held_out", False) is held_out
            for text in one[kind]
        }

    kept, strayed = used("kept"), used("strayed")
    assert min(len(kept), len(strayed)) > 10
    assert [text for text, is_used in kept.items() if not is_used] == []
    assert [text for text, is_used in strayed.items() if is_used] == []


ANSWERED = "What does the strategy say about end-to-end encryption?"


@pytest.mark.parametrize(
    ("before", "message", "language", "reply"),
    [
        ((ANSWERED,), "can you make that shorter?", "en", "the answer above cannot be shorter."),
        ((REPORTS, "en in 2010?"), "Kun je dat korter zeggen?", "nl", "Korter dan het antwoord"),
        ((ANSWERED, "shorter"), "plus court", "fr", "ne peut pas être plus courte."),
    ],
)
def test_without_a_model_nothing_is_made_shorter_and_no_question_is_asked_anew(
    assistant: Assistant, before: tuple[str, ...], message: str, language: str, reply: str
) -> None:
    history: list[Turn] = []
    for question in before:
        history.append(Turn.of(question, assistant.ask(question, history)))
    *said, last = assistant.stream(message, history, language)
    assert isinstance(last, Finished)
    short = last.answer
    assert (short.kind, short.message, short.citations) == ("reply", "shorter", ())
    assert (short.understood_as, short.follows) == ("", "")
    assert reply in short.text
    assert [one.text for one in said if isinstance(one, TextDelta)] == [short.text]
    history.append(Turn.of(message, short))
    assert message not in assistant.ask("And who proposed it?", history, "en").understood_as


@pytest.mark.parametrize(
    ("message", "language"),
    [
        ("vat samen in 2 zinnen", "nl"),  # a document's number ends in "/2"
        ("summarise in two sentences", "en"),
    ],
)
def test_of_a_summary_of_the_last_answer_the_material_is_shown(
    assistant: Assistant, message: str, language: str
) -> None:
    history = [Turn.of(ANSWERED, assistant.ask(ANSWERED))]
    answer = assistant.ask(message, history, language)
    assert answer.kind == "found"
    assert answer.text.startswith(phrases(language).asides["task"])
    assert answer.understood_as == ANSWERED
    asks_which = phrases("en").replies["summarise"]
    for turns in ([], [Turn.of("?", assistant.ask("What is the capital of France?"))]):
        assert assistant.ask(message, turns, "en").text == asks_which
    assert assistant.ask("summarise the strategy", history, "en").text == asks_which


def test_a_summary_of_a_document_is_that_of_its_page(assistant: Assistant) -> None:
    answer = assistant.ask("vat de drugsagenda samen")
    assert (answer.kind, answer.message) == ("answer", "summarise")
    assert answer.documents == ("drugs-agenda",)
    assert answer.text.startswith(phrases("nl").summary)
    told = summary_of(assistant.index.snapshot(), "drugs-agenda.nl")
    assert told is not None
    assert [one.quote for one in answer.citations] == [one.quote for one in told.citations]
    assert len({one.headings for one in answer.citations}) >= 3  # from all over the document


@pytest.mark.parametrize(
    ("message", "language", "document"),
    [
        ("Geef me een samenvatting in vijf punten van de drugsagenda, voor een Kamervraag.", "nl",
         "drugs-agenda"),
        ("Pourriez-vous me faire un résumé de l'agenda antidrogue pour mes élèves de 14 ans ?",
         "fr", "drugs-agenda"),
        ("What does the summary of the drugs agenda say about prisons?", "en", ""),
    ],
)  # fmt: skip
def test_a_summary_is_told_with_more_beside_it(
    assistant: Assistant, message: str, language: str, document: str
) -> None:
    answer = assistant.ask(message, language=language)
    is_summary = answer.text.startswith(phrases(language).summary)
    assert is_summary is bool(document)
    assert answer.documents == (document,) if document else answer.message == ""
    assert not answer.missing


def test_a_conversation_goes_on_about_what_was_summarised_or_compared(assistant: Assistant) -> None:
    said = "summarise the security union strategy"
    history = [Turn.of(said, assistant.ask(said, language="en"))]
    after = assistant.ask("when was it adopted?", history, "en")
    assert after.understood_as == "security union strategy: when was it adopted"
    compared = "What is the difference between priority 2 and priority 3 of the firearms plan?"
    history = [Turn.of(compared, assistant.ask(compared, language="en"))]
    assert history[0].answer_text.startswith(phrases("en").not_quotable)
    after = assistant.ask("who is responsible for it?", history, "en")
    assert phrases("en").not_quotable not in after.text  # that was asked before


def test_an_answer_outside_of_the_filters_is_offered(assistant: Assistant) -> None:
    drugs = Scope(areas=("drugs",))
    answer = assistant.ask("Welke vier prioriteiten heeft het actieplan vuurwapens?", scope=drugs)
    assert (answer.answered, answer.elsewhere) == (False, True)
    assert assistant.ask("Hoeveel is de drugsmarkt waard?", scope=drugs).answered
    far = assistant.ask("Wat is de hoofdstad van Australië?", scope=drugs)
    assert (far.answered, far.elsewhere) == (False, False)


def test_the_same_words_are_not_said_twice_in_a_row(assistant: Assistant) -> None:
    question = "Wat is het preventienetwerk?"
    first = assistant.ask(question)
    again = assistant.ask("wat nog meer?", [Turn.of(question, first)], "nl")
    assert again.understood_as
    assert again.text.split(" [")[0] != first.text.split(" [")[0]


def test_a_refusal_says_so_first_and_folds_what_comes_nearest(assistant: Assistant) -> None:
    answer = assistant.ask("Hoeveel drugslaboratoria werden er in Polen ontdekt?")
    assert answer.kind == "refusal"
    assert answer.text.splitlines()[0] == (
        "In de bronnen is geen antwoord op deze vraag gevonden. "
        "Niet in de gevonden passages: Polen."
    )
    assert 1 <= len(answer.more) <= 2
    assert all(block.startswith("### ") for block in answer.more)
    shown = {citation.number for citation in answer.citations}
    assert shown == set(range(1, len(shown) + 1))


def test_a_message_that_is_sent_once_more_is_searched_for(assistant: Assistant) -> None:
    message = "Wat vind jij van de strategie?"
    reply = assistant.ask(message, language="nl")
    assert reply.kind == "reply"
    history = [Turn.of(message, reply)]
    assert assistant.ask(f" {message.upper()} ", history, "nl").kind != "reply"
    thanked = [Turn.of("bedankt", assistant.ask("bedankt", language="nl"))]
    assert assistant.ask("bedankt", thanked, "nl").kind == "reply"  # small talk stays that


@pytest.mark.parametrize(
    ("question", "language", "aside"),
    [
        ("Ben ik strafbaar als ik een omgebouwd alarmpistool heb?", "nl", "legal"),
        ("Welche Waffen darf ich ohne Waffenschein zu Hause haben?", "de", "harm"),
    ],
)
def test_where_it_is_unclear_what_the_sources_say_is_shown_below_a_line(
    assistant: Assistant, question: str, language: str, aside: Literal["legal", "harm"]
) -> None:
    answer = assistant.ask(question, language=language)
    assert (answer.kind, answer.message) == ("found", aside)
    assert answer.text.startswith(phrases(language).asides[aside])
    assert answer.citations


def test_that_the_sources_do_not_answer_is_not_said_of_those_in_another_language(
    assistant: Assistant,
) -> None:
    question = "Wat kost het Innovation Hub van Europol?"
    assert assistant.ask(question, language="nl").kind == "refusal"
    across = assistant.ask(question, language="nl", scope=Scope(language="en"))
    assert across.kind == "found"
    assert across.text.startswith("Niet zeker gevonden; het dichtst hierbij komt:")
    assert assistant.ask("Hoe bak ik brood?", language="nl", scope=Scope(language="en")).kind == (
        "refusal"
    )


@pytest.mark.parametrize(
    ("question", "language", "lacking"),
    [
        ("Hoeveel mensen werken er op dit moment bij Europol?", "nl", "een aantal personeelsleden"),
        ("Wo hat Eurojust seinen Sitz?", "de", "ein Sitz"),
        ("Hoeveel is de drugsmarkt in Europa waard?", "nl", ""),
        ("In which city is SEESAC?", "en", ""),  # a city is no seat to a pattern: silent
    ],
)
def test_an_attribute_that_is_asked_for_and_not_there_is_said_to_be_missing(
    assistant: Assistant, question: str, language: str, lacking: str
) -> None:
    answer = assistant.ask(question, language=language)
    assert (lacking in answer.missing) if lacking else not answer.missing
    if lacking:
        assert answer.kind == "found"  # and nothing is claimed
        assert lacking in answer.text.splitlines()[0]


@pytest.mark.parametrize(
    ("half", "least"),
    [("developing", {"question": 26, "request": 17}), ("held", {"question": 24, "request": 17})],
)
def test_a_request_for_a_summary_is_told_from_a_question_with_words_that_look_like_one(
    assistant: Assistant, half: str, least: Mapping[str, int]
) -> None:
    documents = assistant.index.snapshot().documents()
    told = dict.fromkeys(least, 0)
    for kind, by_language in read_yaml(SUMMARIES.read_text("utf-8"))[half].items():
        for language, messages in by_language.items():
            for message in messages:
                meaning = interpret(message, language, (), documents)
                is_summary = meaning.message == "summarise" and bool(meaning.document)
                is_right = is_summary if kind == "request" else not meaning.message
                told[kind] += is_right
    assert all(told[kind] >= count for kind, count in least.items()), told


def test_a_particle_of_another_verb_asks_for_no_summary(assistant: Assistant) -> None:
    question = "Werkt de politie in Europa samen tegen drugs?"
    answer = assistant.ask(question)
    assert answer.message == ""
    assert not answer.text.startswith(phrases("nl").summary)
    assert classify("doen jullie dat samen", "nl").kind is None
    assert classify("vat dat eens samen", "nl").kind == "summarise"
    do_one = interpret(
        "Do a summary of the drugs agenda for my class", "en", (),
        assistant.index.snapshot().documents(),
    )  # fmt: skip
    assert do_one.document == "drugs-agenda"
