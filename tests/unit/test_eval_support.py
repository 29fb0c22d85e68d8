"""Which sentences of an answer count as supported by the quotes they cite."""

import ast

import pytest

from core.answer import Citation
from core.settings import ROOT
from core.source import Unit
from eval.support import claims, unsupported, verdicts
from tests.support.answers import retold
from tests.support.evaluation import FIRST_SENTENCE, MARKET, SIZE, answer, cite, passage

QUOTE = cite(1, SIZE, MARKET)


@pytest.mark.parametrize(
    "text",
    [
        f"{FIRST_SENTENCE} [1]",
        "The market is worth EUR 30 billion a year [1].",
        "It is worth 30 billion [1][2].",
        "In short:\n\n- EUR 30 billion [1]\n- 39% is cannabis [2]",
        "1. **Cannabis** has 39% [1]",
        "### Market\n\nCannabis has 39%. [1] It is worth 30 billion. [1]",
    ],
)
def test_supported_however_it_is_marked(text: str) -> None:
    given = answer(text, QUOTE, cite(2, SIZE, MARKET), passages=(SIZE,))
    assert unsupported(given) == ()
    assert claims(given)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is worth 31 billion. [1]", "It is worth 31 billion."),
        ("It is worth 30 billion.", "It is worth 30 billion."),
        ("It is worth 30 billion. [1][3]", "It is worth 30 billion."),
        ("It is worth 31 billion. It grows fast. [1]", "It is worth 31 billion."),
        ("In all 4 markets:\n\n- EUR 30 billion [1]", "In all 4 markets:"),
    ],
)
def test_unsupported_sentences_are_named(text: str, expected: str) -> None:
    assert unsupported(retold(answer(text, QUOTE, passages=(SIZE,)), text=text)) == (expected,)


def test_a_models_sentence_needs_a_marker_of_its_own() -> None:
    given = answer("It grows fast. It is worth 30 billion. [1]", QUOTE, passages=(SIZE,))
    assert unsupported(given) == ()
    by_model = given.model_copy(update={"mode": "generative"})
    assert unsupported(by_model) == ("It grows fast.",)


LISTED = passage("It has two blocks:\n\n- 30 ports;\n- prevention.", "In brief", 1)
BLOCKS = """### Drugs, In brief

It has two blocks: [1]

- 30 ports;
- prevention.

2 of 5 items.

### Drugs, Size of the drug market

The market is worth EUR 30 billion a year. [2]"""


def test_labels_and_notes_claim_nothing_and_a_list_shares_the_marker_of_its_lead_in() -> None:
    given = answer(BLOCKS, cite(1, LISTED, LISTED.text), cite(2, SIZE, FIRST_SENTENCE))
    assert claims(given) == (
        ("It has two blocks:", frozenset({1})),
        ("30 ports;", frozenset({1})),
        ("prevention.", frozenset({1})),
        (FIRST_SENTENCE, frozenset({2})),
    )
    assert unsupported(given) == ()


def test_what_is_folded_claims_as_much_and_a_refusal_nothing() -> None:
    given = answer(f"{FIRST_SENTENCE} [1]", QUOTE, passages=(SIZE,))
    folded = retold(given, more=("### Drugs, Size\n\nCannabis has 93%. [1]",))
    assert unsupported(folded) == ("Cannabis has 93%.",)
    assert claims(folded.model_copy(update={"answered": False})) == ()


TABLE = passage(
    "| Directive 2014/94/EU | This Regulation |\n| --- | --- |\n"
    "| Article 11 | Article 23 |\n| Article 12 | Article 24; Annex 3 |",
    "Correlation table",
    2,
)
ROWS = tuple(
    Unit(start=TABLE.text.index(row), end=TABLE.text.index(row) + len(row), kind="item",
         lead_in=(2, 40))
    for row in ("Article 11 | Article 23", "Article 12 | Article 24; Annex 3")
)  # fmt: skip
TABLE = TABLE.model_copy(update={"units": (Unit(start=2, end=40), *ROWS)})
ROW = cite(1, TABLE, "Article 11 | Article 23")
BOTH = cite(1, TABLE, "Article 11 | Article 23 |\n| Article 12 | Article 24; Annex 3")


@pytest.mark.parametrize(
    ("row", "quote", "supported"),
    [
        ("Directive 2014/94/EU: Article 11; This Regulation: Article 23", ROW, True),
        ("This Regulation: Article 23", ROW, True),
        ("Directive 2014/94/EU: Article 12; This Regulation: Article 24; Annex 3", BOTH, True),
        ("Directive 2014/94/EU: Article 23; This Regulation: Article 11", ROW, False),  # swapped
        # Of two rows, and of another than is quoted.
        ("Directive 2014/94/EU: Article 11; This Regulation: Article 24; Annex 3", BOTH, False),
        ("Directive 2014/94/EU: Article 12; This Regulation: Article 24; Annex 3", ROW, False),
    ],
)
def test_a_row_of_a_table_is_supported_with_each_cell_under_its_heading(
    row: str, quote: Citation, supported: bool
) -> None:
    for text in (f"{row} [1]", f"In short:\n\n- {row} [1]"):
        given = answer(text, quote, passages=(TABLE,))
        assert (row, frozenset({1})) in claims(given)
        assert (row in unsupported(given)) is not supported
        (verdict,) = [verdict for verdict in verdicts(given) if verdict.text == row]
        assert verdict.supported is supported


@pytest.mark.parametrize(
    ("text", "language", "supported"),
    [
        ("Each year EUR 30 billion goes to sellers on the market.", "en", True),
        ("Members of a gang were held in a port.", "en", False),  # nothing but "of" is shared
        ("Every market is worth 31 billion.", "en", False),
        ("Er gaat 30 miljard in om.", "nl", True),  # of another language figures are compared
        ("Er gaat 31 miljard in om.", "nl", False),
    ],
)
def test_a_models_own_words_are_judged_by_figures_and_within_a_language_by_words(
    text: str, language: str, supported: bool
) -> None:
    given = answer(f"{text} [1]", QUOTE, passages=(SIZE,), mode="generative", language=language)
    assert [verdict.supported for verdict in verdicts(given)] == [supported]


@pytest.mark.parametrize(
    "name", ["answer_lines", "assess", "question_results", "rates", "shown", "support", "tracing"]
)
def test_what_judges_an_answer_shares_no_code_with_what_makes_and_verifies_it(name: str) -> None:
    tree = ast.parse((ROOT / "eval" / f"{name}.py").read_text("utf-8"))
    imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
                 for alias in node.names]  # fmt: skip
    assert imported
    assert not {"chain", "vectorstore"} & {module.partition(".")[0] for module in imported}
