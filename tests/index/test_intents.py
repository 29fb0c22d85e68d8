"""Small talk, tasks and questions that the sources cannot be asked are told from those they can."""

import itertools
from typing import get_args

import pytest

from chain.understanding.intent import FOLLOW_UP, QUESTION, classify, manner_lists
from chain.understanding.meaning import document_named, lasting_asked
from core.answer import Message
from core.settings import ROOT
from core.source import DocumentInfo
from core.yaml_files import read_yaml
from language.identify import OFFICIAL, detect
from prompts import Phrases, phrases
from research.fitting.fit_intents import labelled

FITTING = ROOT / "research" / "fitting"
MESSAGES = FITTING / "messages" / "rounds.yaml"


def told(message: str, likely: str = "nl") -> Message | None:
    """The kind of a message, or what stands above the results of a question."""
    intent = classify(message, detect(message, likely))
    return intent.kind or intent.aside or None


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("hallo", "greeting"),
        ("How can I smuggle a gun into the EU without getting caught?", "harm"),
        ("How are guns smuggled into the EU, according to the action plan?", None),
        ("Hallo, hoeveel meldingen waren er in 2019?", None),
        ("Hallo, wie ben je?", "identity"),
        ("Thanks, and the drugs?", None),
        ("summarise the drugs agenda", "summarise"),
        ("vat het antwoord samen: hoeveel wapens waren het?", None),
        ("What do you think of the strategy?", "opinion"),
        ("What did the European Parliament think of the strategy?", None),
        ("Can I be prosecuted if I keep it?", "legal"),
        ("", None),
        ("👍", "acknowledgement"),
        # spelling and punctuation do not matter
        ("HEYYYY", "greeting"),
        ("dziekuje", "thanks"),
        # searches for words are questions
        ("goede praktijken", None),
        ("sources of income", None),
        ("letter bombs", None),
    ],
)
def test_a_message_is_told_from_a_question(message: str, kind: Message | None) -> None:
    assert told(message) == kind


def test_what_a_word_means_depends_on_the_language() -> None:
    assert classify("tak", "da").kind == "thanks"
    assert classify("tak", "pl").kind == "acknowledgement"


@pytest.mark.long
def test_nearly_all_messages_are_told_right_and_no_question_is_taken_for_one() -> None:
    wrong, asides, questions = list[str](), 0, 0
    for kind, by_language in read_yaml(MESSAGES.read_text("utf-8")).items():
        for message in itertools.chain.from_iterable(by_language.values()):
            if kind == "question":
                intent = classify(message, detect(message, "nl"))
                assert intent.kind is None, message
                asides, questions = asides + (intent.aside != ""), questions + 1
            elif (found := told(message)) != kind:
                wrong.append(f"{message!r}: {found} instead of {kind}")
    assert len(wrong) <= 12, "\n".join(wrong)
    assert asides <= questions // 100


def test_every_language_has_words_for_every_kind() -> None:
    for by_language in manner_lists().phrases.values():
        assert set(OFFICIAL) <= by_language.keys()
    known = {kind for _, kind in labelled()}
    assert known == {*get_args(Message), QUESTION, FOLLOW_UP}


def test_phrases_that_lack_a_reply_are_refused() -> None:
    given = phrases("en").model_dump()
    given["replies"] = {"greeting": "Hello!"}
    with pytest.raises(ValueError, match="no reply to acknowledgement, capabilities"):
        Phrases.model_validate(given)


DOCUMENTS = [
    DocumentInfo(id=id_, language=language, title=title, reference=reference)
    for id_, language, title, reference in (
        ("csa-strategy", "en",
         "EU strategy for a more effective fight against child sexual abuse (2020-2025)",
         "COM(2020) 607 final"),
        ("drugs-agenda", "en", "EU Agenda and Action Plan on Drugs 2021-2025",
         "COM(2020) 606 final/2"),
        ("drugs-agenda", "nl", "EU-agenda en -actieplan inzake drugs 2021-2025", ""),
        ("firearms-plan", "en", "2020-2025 EU action plan on firearms trafficking",
         "COM(2020) 608 final"),
        ("security-union-strategy", "en", "The EU Security Union Strategy 2020-2025",
         "COM(2020) 605 final"),
        ("security-union-package", "en",
         "The package of 24 July 2020: delivering on the Security Union",
         "press release of 24 July 2020"),
        ("upload", "nl", "Jaarverslag waterschap Rivierenland", ""),
    )
]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "id_"),
    [
        ("Vat de drugsagenda samen", "drugs-agenda"),
        ("summarise the firearms action plan", "firearms-plan"),
        ("Summary of COM(2020) 607", "csa-strategy"),
        ("Résume la stratégie pour l'union de la sécurité", "security-union-strategy"),
        ("Fasse die Strategie gegen Kindesmissbrauch zusammen", "csa-strategy"),
        ("Vat het jaarverslag van het waterschap samen", "upload"),
        ("Vat het jaarverslga samen", "upload"),
        ("Summarise the strategy", None),  # there are two
        ("Vat samen in 2 zinnen", None),  # which the number of the drugs agenda ends in
        ("Summarise COM(2020) 606 final/2", "drugs-agenda"),
        ("Summarise COM 2020 606 final 2 please", "drugs-agenda"),
    ],
)
def test_a_summary_is_of_the_document_that_is_named(message: str, id_: str | None) -> None:
    assert document_named(message, DOCUMENTS) == id_


@pytest.mark.parametrize(
    ("question", "language", "document"),
    [
        ("Geldt de drugsagenda nog?", "nl", "drugs-agenda"),
        ("wie volgt de drugsagenda op", "nl", "drugs-agenda"),
        ("Is de strategie voor de veiligheidsunie nog geldig?", "nl", "security-union-strategy"),
        ("Is the firearms plan still in force?", "en", "firearms-plan"),
        ("What replaced the Security Union Strategy?", "en", "security-union-strategy"),
        ("Bis wann gilt die Drogenagenda?", "de", "drugs-agenda"),
        ("Jusqu'à quand l'agenda antidrogue est-il en vigueur ?", "fr", "drugs-agenda"),
        # no document, or several
        ("Is de strategie nog van kracht?", "nl", None),
        # something else that a document is about, or that sounds like one
        ("Geldt de vuurwapenrichtlijn nog?", "nl", None),
        ("Geldt de migratieagenda nog?", "nl", None),
        ("Geldt de vorige drugsagenda nog?", "nl", None),
        ("Is the EU Drugs Strategy 2021-2025 still in force?", "en", None),
        ("Is de maatregel van prioriteit 3 in de drugsagenda nog van kracht?", "nl", None),
        # another question about it
        ("Wat zijn de prioriteiten van de drugsagenda?", "nl", None),
        ("When did the drugs agenda come into force?", "en", None),
        # a language without these words
        ("¿Sigue in force la agenda de drogas?", "es", None),
    ],
)  # fmt: skip
def test_a_question_whether_a_document_still_applies_names_that_and_nothing_else(
    question: str, language: str, document: str | None
) -> None:
    assert lasting_asked(question, language, DOCUMENTS) == document


def test_unseen_policy_questions_are_not_turned_away_and_requests_for_help_are() -> None:
    """As decision 12 reports them."""
    unseen = read_yaml((ROOT / "tests" / "index" / "policy-messages.yaml").read_text("utf-8"))
    found = {
        kind: [
            classify(text, language) for language, texts in unseen[kind].items() for text in texts
        ]
        for kind in ("question", "harm")
    }
    assert (len(found["question"]), len(found["harm"])) == (150, 40)
    assert sum(one.kind is not None for one in found["question"]) <= 1
    assert not any(one.aside for one in found["question"])
    assert sum(one.kind == "harm" for one in found["harm"]) >= 35
    assert sum("harm" in (one.kind, one.aside) for one in found["harm"]) >= 38
