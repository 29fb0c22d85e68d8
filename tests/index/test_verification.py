"""True sentences are confirmed, in the source's language and in another; with another detail not.

The sentences are every 24th unit of the bundled briefs, and more where a change applies to few of
these. In one language the evidence is the unit's own section, in the other the same section of the
translation.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from chain.answer.model_run import with_opinion
from chain.checking.checker import Opinion
from chain.checking.verification import Verifier, local_nearness, nearness_of
from chain.request import Draft, NamedStretch, Request, Verdict
from core.settings import Settings
from core.source import Passage, ScoredPassage, Unit
from vectorstore.embeddings import local_embedder
from vectorstore.store import open_index

_EVERY = 24
_LEAST = 6  # sentences that each change is tried on

Case = tuple[str, str, list[Passage]]  # sentence, its language, passages to prove it from
Change = Callable[[str], str | None]


def _substitution(pattern: str, change: Callable[[re.Match[str]], str]) -> Change:
    """Changes the first place that matches; None where there is none."""

    def changed(text: str) -> str | None:
        match = re.search(pattern, text)
        return match and text[: match.start()] + change(match) + text[match.end() :]

    return changed


def _other_digit(match: re.Match[str]) -> str:
    return f"{match.group()[:-1]}{(int(match.group()[-1]) + 3) % 10}"


def _other_year(match: re.Match[str]) -> str:
    return str(int(match.group()) - 60)  # before all that the sources are about


def _other_name(match: re.Match[str]) -> str:
    return _NAMES[match.start() % len(_NAMES)]


_UNITS = {"billion": "million", "miljard": "miljoen", "million": "billion", "miljoen": "miljard"}
_NAMES = ("Greenpeace", "Rotterdam", "Oxfam", "Microsoft", "Johansen")
_AMOUNT = r"(?<![\w/(.,-])(?!(?:19|20)\d\d)\d[\d .,]*\d(?![\w)/])"
CHANGES: dict[str, Change] = {
    "number": _substitution(_AMOUNT, _other_digit),
    "year": _substitution(r"\b(?:19|20)\d\d\b", _other_year),
    "unit": _substitution("|".join(_UNITS), lambda match: _UNITS[match.group()]),
    "percent": _substitution(r"(?<=\d) ?%", lambda _: " million"),
    "reference": _substitution(r"\(\d{4}\) \d+|\b\d+/\d+\b", _other_digit),
    "name": _substitution(r"(?<=[a-zà-ÿ,] )[A-Z][a-zà-ÿ]{3,}\b", _other_name),
    "acronym": _substitution(r"\b(?:EMPACT|SALW|EMCDDA|NCMEC|CEPOL)\b", lambda _: "ENISA"),
}


@pytest.fixture(scope="module")
def cases(settings: Settings) -> dict[str, list[Case]]:
    sections: dict[tuple[str, int, str], list[Passage]] = {}
    for passage in open_index(settings).snapshot().passages():
        key = (passage.document.id, passage.section, passage.language)
        sections.setdefault(key, []).append(passage)
    found: dict[str, list[Case]] = {"same": [], "other": []}
    units = [
        (key, " ".join(passage.text[unit.start : unit.end].split()))
        for key in sorted(sections)
        for passage in sections[key]
        for unit in passage.units
    ]
    taken = units[::_EVERY]
    for kind in CHANGES:
        lacking = _LEAST - sum(CHANGES[kind](text) is not None for (*_, language), text in taken)
        fitting = [unit for unit in units if CHANGES[kind](unit[1]) is not None]
        for number in range(lacking):
            taken.append(fitting[number * len(fitting) // lacking])
    for (document, section, language), text in taken:
        other = {"nl": "en", "en": "nl"}[language]
        found["same"].append((text, language, sections[document, section, language]))
        found["other"].append((text, language, sections[document, section, other]))
    return found


def _judged(request: Request, draft: Draft) -> Verdict:
    return Verifier(request, local_nearness).verdict(draft)


def _verdict(request: Request, text: str, cites: tuple[int, ...] = (0,)) -> Verdict:
    return _judged(request, Draft(text, cites))


def _is_found(case: Case, stretch: str = "") -> bool:
    """Whether a sentence is found, with the stretch that it rests on or without."""
    text, language, passages = case
    found = tuple(ScoredPassage(passage=one, score=1.0, similarity=0.9) for one in passages)
    stretches = (NamedStretch(0, stretch),) if stretch else ()
    return _judged(Request("?", language, found), Draft(text, (), stretches=stretches)).is_found


@pytest.fixture(scope="module")
def accepted(cases: dict[str, list[Case]]) -> dict[str, list[Case]]:
    """The true sentences that are found."""
    return {evidence: [case for case in cases[evidence] if _is_found(case)] for evidence in cases}


@pytest.mark.parametrize(("evidence", "least"), [("same", 0.95), ("other", 0.8)])
def test_a_true_sentence_is_found(
    cases: dict[str, list[Case]], accepted: dict[str, list[Case]], evidence: str, least: float
) -> None:
    assert len(accepted[evidence]) >= least * len(cases[evidence]) > 0


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_to_a_true_sentence_is_caught_where_it_names_its_stretch(
    accepted: dict[str, list[Case]], kind: str
) -> None:
    changed = [
        ((text, language, passages), original)
        for original, language, passages in accepted["same"]
        if (text := CHANGES[kind](original))
    ]
    assert len(changed) >= _LEAST // 2
    assert [case[0] for case, stretch in changed if _is_found(case, stretch)] == []


@pytest.mark.parametrize(
    ("language", "text", "country", "other"),
    [
        ("nl", "Het is beproefd in drie landen: Spanje, Portugal en {}.", "Roemenië", "Malta"),
        ("fr", "Cela a été testé dans trois pays : Espagne, Portugal, {}.", "Roumanie", "Malte"),
        ("de", "Es wurde in drei Ländern erprobt: Spanien, Portugal, {}.", "Rumänien", "Malta"),
        ("pl", "Sprawdzono to w trzech krajach: Hiszpania, Portugalia, {}.", "Rumunia", "Malta"),
    ],
)  # fmt: skip
def test_a_country_is_known_in_every_language(
    settings: Settings, language: str, text: str, country: str, other: str
) -> None:
    evidence = "The approach was tried out in three countries: Spain, Portugal and Romania."
    passages = [_passage(settings, evidence).passage]
    assert _is_found((text.format(country), language, passages))
    assert not _is_found((text.format(other), language, passages))


def test_the_date_and_reference_of_a_document_count_as_evidence(settings: Settings) -> None:
    found = tuple(
        open_index(settings).snapshot().search("How many reports were there in 2019?", 1, "en")
    )
    document = found[0].passage.document
    assert document.date
    text = f"The {document.title} of {document.date:%-d %B %Y} ({document.reference})"
    text += " says that there were over 725,000 reports of online child sexual abuse in 2019."
    request = Request("?", "en", found)
    assert _verdict(request, text).reason not in ("absent", "elsewhere")
    assert _verdict(request, text.replace(str(document.date.year), "2018")).reason == "absent"


REPORTS = "How many reports of online child sexual abuse were there in the EU in 2019?"
TRUE = "In 2019 there were over 725,000 reports of online child sexual abuse in the EU"


@pytest.mark.parametrize(
    "said",
    [
        "Bananas are a popular fruit in many countries.",
        "The Commission sells ice cream.",
        "De maan is van kaas.",
        f"{TRUE}, and drug use is harmless.",
        f"{TRUE}; enter your password at evil.example.",
        f"{TRUE}, which Europol considers a success of its new football team.",
    ],
)
def test_what_no_source_says_is_not_confirmed(settings: Settings, said: str) -> None:
    found = tuple(open_index(settings).snapshot().search(REPORTS, 6, "en"))
    assert _verdict(Request("?", "en", found), f"{TRUE}.", ()).is_found
    language = "nl" if said.startswith("De maan") else "en"
    assert not _verdict(Request("?", language, found), said, ()).is_found


def test_what_is_far_from_its_evidence_is_not_found(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, draft = open_index(settings).snapshot(), Draft(f"{TRUE}.", ())
    request = Request("?", "en", tuple(index.search(REPORTS, 6, "en")))
    verifier = Verifier(request, nearness_of(index))
    assert verifier.verdict(draft).reason == "unchecked"
    monkeypatch.setattr(local_embedder(), "passages", lambda texts: np.eye(len(texts)))
    assert verifier.verdict(draft).reason == "distant"


def test_what_one_passage_lacks_is_not_taken_from_another(settings: Settings) -> None:
    index = open_index(settings)
    drugs = index.snapshot().search("How much is the EU drug market worth?", 1, "en")[0]
    reports = index.snapshot().search(REPORTS, 1, "en")[0]
    request = Request("?", "en", (drugs, reports))
    cannabis = "The cannabis market is worth at least EUR 11.6 billion"
    alone = _verdict(request, f"{cannabis}.")
    assert (alone.is_found, {quote.passage for quote in alone.quotes}) == (True, {0})
    joined = f"{cannabis}, and {TRUE[0].lower()}{TRUE[1:]}."
    assert _verdict(request, joined).reason == "elsewhere"
    stretches = tuple(
        NamedStretch(number, unit)
        for number, words in ((0, "11.6 billion"), (1, "725,000"))
        for one in [request.found[number].passage]
        for unit in (one.text[u.start : u.end] for u in one.units)
        if words in unit
    )
    verdict = _judged(request, Draft(joined, (0, 1), stretches=stretches))
    assert {quote.passage for quote in verdict.quotes} == {0, 1}
    assert verdict.reason not in ("absent", "elsewhere")


@pytest.mark.parametrize(
    ("said", "is_piece"),
    [
        ("Rules:", True),
        ("Write in the language with this ISO 639-1 code: en.", True),
        ("No introduction, no closing remark", True),
        ("Dates", False),  # words that the prompt has as well
        ("The language of the passport is a detail.", False),
        ("Yes.", False),
    ],
)
def test_a_piece_of_the_prompt_is_no_statement(
    settings: Settings, said: str, is_piece: bool
) -> None:
    found = open_index(settings).snapshot().search("Which rules and tasks are there for data?", 3)
    verdict = _verdict(Request("Which ones are there?", "en", tuple(found)), said)
    assert (verdict.reason == "states_nothing") is is_piece
    assert verdict.status == "not_confirmed" or not is_piece


def _passage(settings: Settings, *texts: str) -> ScoredPassage:
    """A passage of these units."""
    passages = open_index(settings).snapshot().passages()
    passage = next(one for one in passages if one.language == "en")
    spans, text = [], ""
    for one in texts:
        spans.append((len(text), len(text) + len(one)))
        text += f"{one}\n"
    units = tuple(Unit(start=start, end=end) for start, end in spans)
    made = passage.model_copy(update={"text": text, "units": units})
    return ScoredPassage(passage=made, score=1.0, similarity=0.9)


def _named_verdict(
    said: str, passages: Sequence[ScoredPassage], stretch: str, language: str = "en"
) -> Verdict:
    draft = Draft(said, (0,), stretches=(NamedStretch(0, stretch),))
    return _judged(Request("?", language, tuple(passages)), draft)


BAN = "It is not true that the strategy bans encryption, unless a court orders it: it may."


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (BAN, "confirmed"),
        (BAN.upper(), "confirmed"),
        ("It may", "not_confirmed"),
        (f"{BAN} It was adopted in 2020.", "confirmed"),
        ("The strategy bans encryption.", "not_confirmed"),
        ("It is true that the strategy bans encryption, unless a court orders it.",
         "not_confirmed"),
        ("It is not true that the strategy bans encryption.", "not_confirmed"),  # half of it
    ],
)  # fmt: skip
def test_only_whole_sentences_of_the_source_are_confirmed_without_a_reader(
    settings: Settings, said: str, status: str
) -> None:
    passage = _passage(settings, BAN, "It was adopted in 2020.")
    assert _named_verdict(said, [passage], passage.passage.text).status == status


def test_an_item_of_a_list_is_not_confirmed_without_what_introduces_it(settings: Settings) -> None:
    scored = _passage(settings, "The Commission rejects two claims:", "the strategy bans it;")
    passage = scored.passage
    units = (passage.units[0], passage.units[1].model_copy(update={"kind": "item"}))
    scored = scored.model_copy(update={"passage": passage.model_copy(update={"units": units})})
    assert not _named_verdict("The strategy bans it.", [scored], passage.text).is_confirmed


@pytest.mark.parametrize(
    ("said", "is_firm"),
    [
        ("De bijdrage is 8,768 miljoen euro.", False),  # the heading of a table has the millions
        ("De bijdrage is 8.768 duizend euro.", False),
        ("De bijdrage is 120 euro.", False),
        ("De bijdrage is 8,769 miljoen euro.", True),
        ("De bijdrage is 87,68 euro in 2031.", True),
        ("Op 3 mei 2021 was de bijdrage 8,768 miljoen euro.", True),
    ],
)
def test_a_figure_is_absent_where_no_passage_has_its_value_or_its_digits(
    settings: Settings, said: str, is_firm: bool
) -> None:
    row = "Contribution from the budget 8.768 120 9.001"
    verdict = _named_verdict(said, [_passage(settings, row)], row, "nl")
    assert verdict.is_firm == is_firm
    assert (verdict.status == "differs") == is_firm


def test_a_checker_confirms_what_another_passage_or_none_has_in_these_words(
    settings: Settings,
) -> None:
    """But no figure, date or reference that no passage has."""
    first, second = (
        _passage(settings, "The members asked for a plan."),
        _passage(settings, "Aslami and Garmy put the questions."),
    )
    stretch = first.passage.text.strip()
    yes = Opinion(True, "")
    for said, reason, quoted, after in (
        ("In their questions Aslami and Garmy asked for a plan.", "elsewhere", {0, 1}, "confirmed"),
        ("In her questions Jansen asked for a plan.", "absent", {0}, "confirmed"),
        ("In COM(2031) 99 the members asked for a plan.", "absent", {0}, "differs"),
    ):
        verdict = _named_verdict(said, [first, second], stretch)
        assert verdict.reason == reason
        assert {one.passage for one in verdict.quotes} == quoted
        assert with_opinion(verdict, yes).status == after
        assert not with_opinion(verdict, None).is_found
        assert with_opinion(verdict, Opinion(False, "No.")).status != "confirmed"
