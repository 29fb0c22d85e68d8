"""Without a model: an answer where it is sure, results where the sources have something close."""

import re

import pytest

import prompts
from chain.assistant import Assistant
from core.answer import Answer, Turn
from core.answer_blocks import AnswerSentence, sentences
from language.identify import OFFICIAL
from tests.support.answers import assert_quotes_are_exact

SECTORS = "To how many sectors does the CER Directive apply?"
PORTS = "Welke maatregelen stelt de drugsagenda voor om havens te beschermen?"


def hits(answer: Answer) -> list[AnswerSentence]:
    return [one for one in sentences(answer.blocks) if one.is_hit]


def labels(answer: Answer) -> list[str]:
    return [line for line in answer.text.splitlines() if line.startswith("### ")]


def test_what_is_sure_is_answered_in_a_sentence(assistant: Assistant) -> None:
    answer = assistant.ask(SECTORS, language="en")
    assert (answer.kind, answer.found) == ("answer", False)
    assert answer.text.startswith("The CER Directive applies to 11 sectors")
    assert not hits(answer)


def test_what_is_not_sure_gets_results_that_claim_nothing(assistant: Assistant) -> None:
    answer = assistant.ask(PORTS, language="nl")
    assert (answer.kind, answer.answered, answer.found) == ("found", False, True)
    assert answer.text.splitlines()[0] == prompts.short_phrases("nl").found
    assert 1 <= len(labels(answer)) <= 3
    assert all(re.search(r"\(24 juli 2020\)$", label) for label in labels(answer))
    assert answer.asked_for == ()  # nothing is bold
    assert len(answer.further) <= 3
    assert_quotes_are_exact(answer)
    quotes = " ".join(" ".join(one.quote.split()) for one in answer.citations)
    assert all(one.text in quotes for one in hits(answer))


@pytest.mark.parametrize(
    ("question", "language", "line"),
    [
        ("Wat is het verschil tussen de drugsagenda en het vuurwapenplan?", "nl",
         "Vergelijken, samenvatten of ordenen vraagt een taalmodel; dit zijn de passages die "
         "het dichtstbij komen."),
        ("Combien d'armes à feu illégales circulent en Norvège ?", "fr",
         "Absent des passages trouvés : Norvège."),
    ],
)  # fmt: skip
def test_what_quotes_cannot_do_and_what_was_not_found_is_told_first(
    assistant: Assistant, question: str, language: str, line: str
) -> None:
    answer = assistant.ask(question, language=language)
    assert answer.kind in ("found", "refusal")
    assert line in answer.text.split("###")[0]


@pytest.mark.parametrize(
    "question",
    [
        "Combien d'armes illégales circulent en Ukraine ?",
        "Waar komen de illegale wapens vandaan?",
        "How many reports of online child sexual abuse were there in 2015?",
        "What is priority 9 of the firearms action plan?",
    ],
)
def test_a_neighbour_is_never_given_as_the_answer(assistant: Assistant, question: str) -> None:
    assert not assistant.ask(question).answered


def test_the_second_is_an_item_of_the_list_that_was_shown(assistant: Assistant) -> None:
    listed = "Wat zijn de vier prioriteiten van het vuurwapenactieplan?"
    first = assistant.ask(listed, language="nl")
    items = [line[2:] for line in first.text.splitlines() if line.startswith("- ")]
    second = re.sub(r" ?\[\d+\]", "", items[1]).strip(";. ")
    answer = assistant.ask("Leg de tweede eens uit.", [Turn.of(listed, first)], "nl")
    assert answer.kind == "found"  # the item answers nothing itself
    assert answer.follows == listed
    assert answer.understood_as == second
    *_, shown = next(block for block in answer.blocks if block.sentences[0].evidence).sentences
    assert shown.text.startswith(second)  # alone, without the rest of its list
    assert not any(second in item[0].text for block in answer.blocks for item in block.items)


def test_a_follow_up_stays_with_the_document_of_the_last_answer(assistant: Assistant) -> None:
    first = "Hoeveel strategische prioriteiten heeft de drugsagenda?"
    before = assistant.ask(first, language="nl")
    answer = assistant.ask("En wie voert dat uit?", [Turn.of(first, before)], "nl")
    assert answer.kind != "refusal"
    assert answer.follows == first
    assert answer.citations[0].document.id == before.citations[0].document.id


@pytest.mark.parametrize("language", OFFICIAL)
def test_every_official_language_has_what_is_said_without_an_answer(language: str) -> None:
    said = prompts.short_phrases(language)
    assert prompts.spoken_in_short(language) == language
    assert said.refused("not_in_sources") == said.refusal
    assert said.refused("not_in_sources", ("2031",)).endswith(said.not_found(("2031",)))
    assert "2031" in said.not_found(("2031",))
    assert len({said.refused(reason) for reason in ("off_topic", "out_of_scope")}) == 2
    if language != "en":
        assert said != prompts.short_phrases("en")
