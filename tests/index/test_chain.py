"""The parts of the chain: language, choosing, verifying, composing, refusing."""

import datetime
import json
import re
from dataclasses import replace

import pytest

import prompts
from chain import __main__ as command
from chain.answer.composition import AnswerBuilder
from chain.assistant import Assistant
from chain.checking.quotes import quoted
from chain.reading.confidence import evidence, lacks
from chain.reading.relevance import rank
from chain.request import Draft, Part, Quote, Request, Verdict
from core.answer import Answer, Turn
from core.answer_blocks import marked_text
from core.settings import ROOT, Settings
from core.source import ScoredPassage
from core.yaml_files import read_yaml
from eval.dataset import load
from language.demands import asks_for, demands_of
from language.facts import countries
from language.figures import written
from language.identify import detect, written_in
from tests.support.callbacks import Names

SHORT_QUESTIONS = ROOT / "tests" / "short-questions.yaml"


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Hoeveel meldingen van online kindermisbruik waren er in 2019?", "nl"),
        ("How many reports of online child sexual abuse were there in 2019?", "en"),
        ("Combien de signalements d'abus sexuels d'enfants en ligne en 2019 ?", "fr"),
        ("Wie viele Meldungen von Kindesmissbrauch im Internet gab es 2019?", "de"),
    ],
)
def test_the_same_fact_is_found_in_four_languages(
    assistant: Assistant, question: str, language: str
) -> None:
    answer = assistant.ask(question)
    assert (answer.is_sourced, answer.question_language) == (True, language)
    quotes = " ".join(citation.quote for citation in answer.citations)
    assert "725 000" in quotes or "725,000" in quotes


@pytest.mark.parametrize(
    ("question", "refusal"),
    [
        ("best pizza recipe", "No answer to this question"),
        ("Wer hat die Fußballweltmeisterschaft 2014 gewonnen?", "In den Quellen wurde"),
        ("Cual es la capital de Australia?", "En las fuentes no se ha encontrado"),
    ],
)
def test_what_has_nothing_to_do_with_the_corpus_is_refused_in_the_questions_language(
    assistant: Assistant, question: str, refusal: str
) -> None:
    answer = assistant.ask(question)
    assert not answer.answered
    assert answer.text.startswith(refusal)
    assert answer.language == written_in(answer.text, "")
    assert (answer.citations, answer.more) == ((), ())
    if answer.language not in prompts.languages():  # one line
        assert answer.text == prompts.short_phrases(answer.language).refused("off_topic")
        return
    assert re.search("5 do[ck]ument", answer.text.lower())
    created = datetime.datetime.fromisoformat(assistant.index.snapshot().created).date()
    assert written(created, answer.language) in answer.text


def test_an_answer_tells_the_language_of_its_text_and_that_of_the_question(
    assistant: Assistant,
) -> None:
    for question, asked_in in (
        ("Ile zgłoszeń niegodziwego traktowania dzieci w internecie było w 2019 r.?", "pl"),
        ("Bom dia!", "pt"),  # replied to
    ):
        answer = assistant.ask(question, language=asked_in)
        assert (answer.language, answer.question_language) == ("en", asked_in)
    refused = assistant.ask("¿Cuál es la capital de Australia?", language="es")
    assert (refused.language, refused.question_language) == ("es", "es")
    answer = assistant.ask("Hoeveel is de drugsmarkt in Europa waard?")
    assert (answer.language, answer.asked_in, answer.question_language) == ("nl", "", "nl")


def test_every_paragraph_of_an_answer_has_a_marker_and_every_quote_stands_in_its_file(
    assistant: Assistant,
) -> None:
    for question in (
        "Welke acht initiatieven bevat de strategie tegen seksueel misbruik van kinderen?",
        "What are the four priorities of the action plan on firearms?",
        "Hoe is de uitgave van 30 miljard euro aan drugs verdeeld?",
        "What is the difference between firearms and SALW?",
    ):
        answer = assistant.ask(question)
        assert answer.is_sourced
        for text in (answer.text.partition("###")[2], *answer.more):
            for line in filter(None, text.splitlines()[1:]):
                assert line.startswith(("- ", "### ")) or line.endswith("]"), line
        for citation in answer.citations:
            document = citation.document
            file = ROOT / "corpus" / document.language / f"{document.id}.md"
            assert citation.quote in file.read_text("utf-8")


@pytest.mark.usefixtures("sure")
def test_callbacks_see_retrieval_and_the_choosing_of_sentences(assistant: Assistant) -> None:
    names = Names()
    answer = assistant.ask("Wat is EMPACT?", config={"callbacks": [names]})
    assert names.seen == ["search", "extractive_answer"]
    found = names.made[0]
    assert isinstance(found, list)
    assert all(isinstance(one, ScoredPassage) for one in found)
    assert {one.passage_id for one in answer.citations} <= {one.passage.id for one in found}


def test_the_answer_says_what_it_was_made_with(assistant: Assistant) -> None:
    answer = assistant.ask("Wat is EMPACT?")
    assert answer.mode == "extractive"
    assert answer.generation == assistant.index.snapshot().generation
    assert len(answer.prompt_version) == 12
    assert {"retrieve", "answer"} <= answer.timings.keys()
    assert 0 < answer.confidence < 1
    assert Answer.model_validate(answer.model_dump(round_trip=True)) == answer


@pytest.mark.parametrize(
    ("question", "language", "kind", "is_lacking"),
    [
        ("How many reports did Facebook make in 2019?", "en", "names", False),
        ("How many reports did Snapchat make?", "en", "names", True),
        ("Combien de signalements Snapchat a-t-il faits ?", "fr", "names", True),
        ("What did the EESC call a step backwards?", "en", "names", False),  # only in full there
        ("Combien d'ONG dans WePROTECT ?", "fr", "names", False),  # "26 NGOs" there
        ("Wie viele Meldungen machte Snapchat?", "de", "names", False),  # a noun, or a name?
        ("How many child abuse reports were there in 1987?", "en", "figures", True),
        ("Were there child abuse reports in 2019 and in 1987?", "en", "figures", True),
        ("What sectors did the 2008 directive on critical infrastructure cover?", "en", "reason",
         False),
        ("How does E2EE hide abuse?", "en", "figures", False),
        ("Hoeveel drugslaboratoria zijn er in Polen?", "nl", "countries", True),
        ("How much does the CER Directive cost?", "en", "amount", True),
        ("Which sectors of money and energy has the CER Directive?", "en", "amount", False),
    ],
)  # fmt: skip
def test_the_confidence_sees_what_the_passages_lack(
    assistant: Assistant, question: str, language: str, kind: str, *, is_lacking: bool
) -> None:
    index = assistant.index.snapshot()
    found = index.search(question, language=language)
    ranked = rank(question, language, found, index.profile)
    part = Part(question, language, found, ranked)
    seen = lacks(part, index)
    assert (kind in seen) == is_lacking
    assert evidence(part, index)["lacks"] == len(seen)


@pytest.mark.parametrize(
    ("question", "lacking"),
    [
        ("Hoeveel meldingen van online kindermisbruik waren er in 2019 en in 2031?", ("2031",)),
        ("Hoeveel vuurwapens nam men in beslag in Spanje en Griekenland?", ("Griekenland",)),
        ("Combien de signalements en 2019 selon l'OLAF ?", ()),  # other languages may spell it so
        ("Combien d'armes à feu ont été saisies à Marseille ?", ()),
        ("How many reports of child abuse were there in 2019?", ()),
        ("Wie viele illegale Waffen gibt es? Auf Deutsch bitte", ()),  # a language, no country
    ],
)
def test_what_the_evidence_lacks_is_named_as_the_reader_wrote_it(
    assistant: Assistant, question: str, lacking: tuple[str, ...]
) -> None:
    assert assistant.ask(question).missing == lacking


def test_german_nouns_are_no_names_and_acronyms_are() -> None:
    demands = demands_of("Welche Aufgabe hat die NATO in der gemeinsamen Cyber-Einheit?", "de")
    assert (demands.names, demands.acronyms) == ((), ("NATO",))


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("Wat vond de Belgische regering?", "nl", {"BE": "Belgische"}),
        ("What did the Danish police seize?", "en", {"DK": "Danish"}),
        ("die niederländische Polizei", "de", {"NL": "niederländische"}),
        ("policy for children, police services", "en", {}),
    ],
)
def test_countries_are_known_by_name_and_by_adjective(
    text: str, language: str, found: dict[str, str]
) -> None:
    assert countries(text, language) == found


@pytest.mark.parametrize(
    ("question", "reason", "missing"),
    [
        ("Which subsidies do farmers get from the EU?", "off_topic", ()),
        (f"Wat doet de {'Ж' * 600}?", "off_topic", ()),
        ("   ", "off_topic", ()),
        ("Hoeveel drugslaboratoria waren er in 2016 in Polen?", "not_in_sources", ("Polen",)),
    ],
)
def test_a_refusal_says_why(
    assistant: Assistant, question: str, reason: str, missing: tuple[str, ...]
) -> None:
    answer = assistant.ask(question)
    assert (answer.answered, answer.reason, answer.missing) == (False, reason, missing)


def test_a_refusal_offers_a_question_or_two_that_are_answered(assistant: Assistant) -> None:
    question = "Hoeveel drugslaboratoria werden er in Polen ontdekt?"
    refused = assistant.ask(question, language="nl")
    assert not refused.answered
    assert 1 <= len(refused.related) <= 2
    for offered in refused.related:
        earlier = [Turn(question=question, answer_text=refused.text)]
        answer = assistant.ask(offered, earlier, "nl")
        assert answer.is_sourced
        assert answer.confidence >= 0.7
        assert not answer.missing


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wie is Ylva Johansson?", "nl"),
        ("Qui est Ylva Johansson ?", "fr"),
        ("Ile nielegalnej broni jest w Unii Europejskiej?", "pl"),
        ("¿Cuántas armas de fuego ilegales hay?", "es"),
        ("en in 2010?", "nl"),
        ("best pizza recipe", "en"),
        ("EMPACT", "xx"),  # a name has no language: the likely one is taken
        ("", "xx"),
    ],
)
def test_a_short_question_shows_its_language(text: str, language: str) -> None:
    assert detect(text, likely="xx") == language


@pytest.mark.parametrize(("half", "right"), [("developing", 74), ("held", 77)])
def test_a_question_about_one_term_shows_its_language_by_its_other_words(
    half: str, right: int
) -> None:
    asked = read_yaml(SHORT_QUESTIONS.read_text("utf-8"))[half]
    told = [
        all(detect(text, likely=page) == language for page in ("nl", "en"))
        for language, texts in asked.items()
        for text in texts
    ]
    assert len(told) == 77
    assert sum(told) >= right


def test_a_text_is_taken_to_be_in_another_language_only_where_that_is_clear() -> None:
    asked = [(one.question, one.language) for one in load(ROOT / "eval" / "questions")]
    assert [text for text, language in asked if written_in(text, language) != language] == []
    told = [written_in(text, "hu") == language for text, language in asked]
    assert sum(told) >= 0.9 * len(told)
    assert written_in("Europol, Frontex", "pl") == "pl"


@pytest.mark.parametrize(
    ("question", "language", "kinds"),
    [
        ("Hoeveel vuurwapens waren er?", "nl", {"number"}),
        ("When did EUDA start?", "en", {"date"}),
        ("Quelles sont les priorités ?", "fr", {"list"}),
        ("Warum wurde das Zentrum gegründet?", "de", {"reason"}),
        ("¿Cuándo y cuántas?", "es", {"date", "number"}),
        # A cue counts beside whatever punctuation.
        ('("How many?")', "en", {"number"}),
        ("And how many/which of them?", "en", {"number", "list"}),
        ("Who–when–where", "en", {"name", "date"}),
        ("“‹Wie viele›”", "de", {"number"}),
        ("Combien d’argent ?", "fr", {"amount", "number"}),
    ],
)
def test_a_question_shows_what_kind_of_answer_it_wants(
    question: str, language: str, kinds: set[str]
) -> None:
    assert asks_for(question, language) == kinds


@pytest.fixture(scope="module")
def request_(assistant: Assistant) -> Request:
    question = "How many reports were there in the EU in 2019?"
    found = assistant.index.snapshot().search(question, k=6, language="en")
    return Request(question=question, language="en", found=tuple(found))


def test_a_quote_that_is_not_in_its_passage_is_not_verified(request_: Request) -> None:
    passage = request_.found[0].passage
    unit = passage.units[0]
    text = " ".join(passage.text[unit.start : unit.end].split())
    good = Draft(text, (0,), quote=Quote(0, unit.start, unit.end))
    assert quoted(good, request_) == Verdict("quoted", (good.quote,))
    for wrong in (
        replace(good, text=good.text.replace("e", "x", 1)),
        replace(good, quote=Quote(1, unit.start, unit.end)),
        replace(good, quote=Quote(0, unit.start, unit.start)),
        replace(good, quote=Quote(0, unit.start, 10**6)),
        replace(good, quote=Quote(99, 0, 5)),
    ):
        assert quoted(wrong, request_).status == "differs"


def test_a_composition_numbers_passages_once_and_lays_out_lists(request_: Request) -> None:
    composition = AnswerBuilder(request_)
    first, second, other = Quote(0, 0, 20), Quote(0, 20, 30), Quote(1, 0, 10)
    for draft in (
        Draft("One. Two.", (0,), quote=first),
        Draft("Which are:", (0,), items=("a;", "b."), quote=second),
        Draft("Last.", (1,), quote=other, label="There", note="2 of 3."),
    ):
        composition.add(draft, Verdict("quoted", (draft.quote,)))
    assert marked_text(composition.blocks).text == (
        "One. Two. [1]\n\nWhich are: [1]\n\n- a;\n- b.\n\n### There\n\nLast. [2]\n\n2 of 3."
    )
    more = Draft("", (0,), items=("c;", "d."), label="Here")
    composition.add_more([(more, Verdict("quoted", (first,)))])
    assert [marked_text(one).text for one in composition.further] == ["### Here\n\n- c;\n- d. [1]"]
    assert [citation.number for citation in composition.citations] == [1, 1, 2]


def test_the_sentences_of_a_model_run_on_and_its_items_make_a_list(request_: Request) -> None:
    composition, verdict = AnswerBuilder(request_), Verdict("confirmed", (Quote(0, 0, 20),))
    said = (("One.", "sentence"), ("Two.", "sentence"), ("a", "item"), ("b", "item"))
    for text, form in (*said, ("Three.", "sentence")):
        composition.add(Draft(text, (0,), form), verdict)  # type: ignore[arg-type]
    told = "One. [1] Two. [1]\n\n- a [1]\n- b [1]\n\nThree. [1]"
    assert marked_text(composition.blocks).text == told


def test_a_quote_beyond_its_passage_never_becomes_a_citation(request_: Request) -> None:
    composition = AnswerBuilder(request_)
    composition.add(Draft("One.", (0,)), Verdict("confirmed", (Quote(0, 0, 10**6),)))
    with pytest.raises(AssertionError, match="outside passage"):
        _ = composition.citations


def test_the_command_prints_answer_quotes_and_json(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    question = "Hoeveel meldingen van online kindermisbruik waren er in 2019?"
    assert command.main([question]) == 0
    printed = capsys.readouterr().out
    assert "[1] Het pakket van 24 juli 2020: uitvoering van de veiligheidsunie, Seks" in printed
    assert " (summary by this project, not an official text, of: " in printed
    assert "“" in printed
    assert re.search(r"\n    [a-z ]+: https://", printed)
    assert command.main([question, "--area", "child-protection"]) == 0
    printed = capsys.readouterr().out
    assert printed.count("liep van 2020 tot en met 2025 en is voorbij") == 1
    assert ", ended\n" not in printed
    assert command.main([question, "--json", "--area", "child-protection"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["answered"] is True
    assert answer["documents"] == ["csa-strategy"]
    assert "725 000" in answer["text"]
    assert answer["ended"].endswith("liep van 2020 tot en met 2025 en is voorbij.")
    assert answer["citations"][0]["cited_as"].startswith("EU-strategie voor een doeltreffende")


def test_the_command_tells_a_problem_on_standard_error(
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(tmp_path_factory.mktemp("empty")))
    assert command.main(["Wat is EMPACT?"]) == 1
    assert "make ingest" in capsys.readouterr().err
