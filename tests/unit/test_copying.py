"""What is copied of an answer is exact, and shows as exactly that wherever it is pasted."""

import datetime
import io
from collections.abc import Iterable

import pytest
from docx import Document
from markdown_it import MarkdownIt
from markdown_it.token import Token

from core.answer import Answer
from core.citations import Citation
from core.source import DocumentInfo
from language.escaping import escaped
from tests.support.answers import blocks_of, retold
from tests.support.passages import answer_of, citation_of, passage_of
from tests.support.shown_html import HOSTILE
from ui.answers.copying import markdown, markdown_text, plain_text, reference_lines, source_lines
from ui.answers.export import answer_facts, conversation_docx
from ui.answers.references import full_references
from ui.texts import load
from userdata.conversation import Exchange

STRATEGY = DocumentInfo(
    id="security-union", language="en", title="EU Security Union Strategy", kind="official",
    reference="COM(2020) 605 final", date=datetime.date(2020, 7, 24),
    publisher="European Commission", url="https://eur-lex.europa.eu/?uri=CELEX:52020DC0605",
)  # fmt: skip
EN = load("en")


def cited(document: DocumentInfo = STRATEGY, number: int = 1, page: int | None = 3) -> Citation:
    return citation_of(passage_of(document, "Words.", "Priorities", page=page), "Words.", number)


def given(text: str, *citations: Citation) -> Answer:
    return answer_of(text, *citations, language="en")


BRIEF = STRATEGY.model_copy(
    update={
        "title": "The strategy in brief", "publisher": "Strategiewijzer", "kind": "brief",
        "about": "EU Security Union Strategy", "about_publisher": "European Commission",
    }
)  # fmt: skip
PACKAGE = BRIEF.model_copy(
    update={
        "about": "Delivering on a Security Union", "about_form": "press_release",
        "reference": "press release of 24 July 2020", "url": "https://press.example/ip",
        "questions_url": "https://press.example/qanda",
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "page", "of_official", "of_brief"),
    [
        ("en", "p. 3", "European Commission, {}COM(2020) 605 final, 24 July 2020",
         "Strategiewijzer, summary by this project, not an official text, of: {}"),
        ("nl", "blz. 3", "Europese Commissie, {}COM(2020) 605 final van 24 juli 2020",
         "Strategiewijzer, samenvatting van dit project, geen officiële tekst, van: {}"),
        ("fr", "p. 3", "Commission européenne, {}COM(2020) 605 final du 24 juillet 2020",
         "Strategiewijzer, résumé du présent projet, pas un texte officiel, de : {}"),
        ("de", "S. 3", "Europäische Kommission, {}COM(2020) 605 final vom 24. Juli 2020",
         "Strategiewijzer, Zusammenfassung dieses Projekts, kein amtlicher Text, von: {}"),
    ],
)  # fmt: skip
def test_behind_a_reference_stands_what_else_is_known_and_a_brief_is_called_a_summary(
    language: str, page: str, of_official: str, of_brief: str
) -> None:
    assert full(STRATEGY, language) == (
        f"EU Security Union Strategy, Priorities, {page} ({of_official.format('')})."
    )
    told = of_brief.format(of_official.format("EU Security Union Strategy, "))
    assert full(BRIEF, language) == f"The strategy in brief, Priorities, {page} ({told})."


def full(document: DocumentInfo, language: str = "en", page: int | None = 3) -> str:
    return full_references([cited(document, page=page)], load(language))[1]


def test_the_reference_of_the_press_release_names_its_questions_and_answers() -> None:
    assert full(PACKAGE, page=None) == (
        "The strategy in brief, Priorities (Strategiewijzer, summary by this project, not an "
        "official text, of: European Commission, Delivering on a Security Union, press release of "
        "24 July 2020, with its questions and answers)."
    )


def test_a_brief_that_was_kept_by_an_earlier_version_is_no_text_of_the_commission() -> None:
    as_kept = STRATEGY.model_copy(update={"kind": "brief"})
    assert full(as_kept).endswith(
        "(Strategiewijzer, summary by this project, not an official text, of: European "
        "Commission, COM(2020) 605 final, 24 July 2020)."
    )


@pytest.mark.parametrize(
    ("document", "listed"),
    [
        (STRATEGY, "2020). https://eur-lex.europa.eu/?uri=CELEX:52020DC0605"),
        (BRIEF, "2020). Official document summarised here (EUR-Lex): "
         "https://eur-lex.europa.eu/?uri=CELEX:52020DC0605"),
        (PACKAGE, "answers). Press release (press.example): https://press.example/ip "
         "Questions and answers (press.example): https://press.example/qanda"),
    ],
)  # fmt: skip
def test_a_copied_address_says_what_it_opens(document: DocumentInfo, listed: str) -> None:
    answer = given("One. [1]", cited(document))
    assert plain_text(answer, EN).endswith(listed)
    tokens = read(markdown(answer, EN))
    assert "".join(child.content for child in within(tokens)).endswith(listed)


@pytest.mark.parametrize(
    ("changed", "written"),
    [
        ({"kind": "brief", "about": "", "reference": "", "date": None}, "of: European Comm"),
        ({"reference": ""}, "(European Commission, 24 July 2020)."),
        ({"date": None}, "(European Commission, COM(2020) 605 final)."),
        ({"reference": "press release of 24 July 2020"}, "n, press release of 24 July 2020)."),
        ({"publisher": "Raad van Europa"}, "(Raad van Europa, COM"),
        ({"publisher": ""}, "Priorities (COM"),
        ({"publisher": "", "reference": "", "date": None}, "Priorities."),
        ({"known_as": "Strategy"}, "Strategy, Priorities (European Commission, EU Security Union"),
    ],
)  # fmt: skip
def test_a_reference_has_what_is_known(changed: dict[str, object], written: str) -> None:
    document = STRATEGY.model_copy(update=changed)
    assert written in full(document, page=None)


def test_a_plain_copy_has_the_answer_and_its_numbered_references() -> None:
    answer = given("One. [1]\n\n- two [2]", cited(), cited(number=2, page=4))
    head, _, below = plain_text(answer, EN).partition("\n\nReferences\n\n")
    assert head == answer.text
    assert below.splitlines() == reference_lines(answer, EN)
    assert below.splitlines()[1].startswith("[2] EU Security Union Strategy, Priorities, p. 4 (")
    assert below.endswith("2020). https://eur-lex.europa.eu/?uri=CELEX:52020DC0605")


def folded() -> Answer:
    answer = given("### Strategy, *Priorities*\nOne. [1]", cited(), cited(page=5), cited(number=2))
    return retold(answer, more=("### Agenda, Size\n\nTwo. [2]",))


def test_a_copy_has_what_is_folded_below_the_answer_and_a_passage_once() -> None:
    assert plain_text(folded(), EN).splitlines()[:-2] == [
        "Strategy, *Priorities*", "", "One. [1]", "", "Also found (1)", "", "Agenda, Size",
        "", "Two. [2]", "", "References", "",
    ]  # fmt: skip
    first, second = reference_lines(folded(), EN)
    assert first.startswith("[1] EU Security Union Strategy, Priorities, p. 3, 5 (")
    assert second.startswith("[2] ")


def test_a_copy_says_below_the_answer_once_that_what_it_cites_is_over() -> None:
    over = folded().model_copy(update={"ended": "The *strategy* ran until 2025."})
    assert plain_text(over, EN).splitlines()[2:5] == ["One. [1]", "", over.ended]
    source = markdown(over, EN)
    assert source.index("One.") < source.index(r"The \*strategy\*") < source.index("Also found")
    for copied in (plain_text(over, EN), source):
        assert copied.count("ran until 2025") == 1
    assert answer_facts(over, EN).count(over.ended) == 1  # of a conversation, in every form


def test_references_alone_are_those_of_the_answer_proper() -> None:
    assert source_lines(folded(), EN) == reference_lines(folded(), EN)[:1]


def test_labels_are_bold_in_a_markdown_copy_and_show_as_what_they_are() -> None:
    source = markdown(folded(), EN)
    tokens = read(source)
    assert [token.type for token in tokens].count("paragraph_open") == 8
    assert "heading_open" not in {token.type for token in tokens}
    bold = [
        "".join(child.content for child in token.children or ())
        for token in tokens
        if token.children and token.children[1:] and token.children[1].type == "strong_open"
    ]
    assert bold == ["Strategy, *Priorities*", "Also found (1)", "Agenda, Size", "References"]


def test_a_refusal_is_copied_without_references() -> None:
    assert plain_text(given("Nothing found."), EN) == "Nothing found."
    assert markdown(given("Nothing found."), EN) == "Nothing found."


def test_what_comes_nearest_to_a_refused_question_is_no_reference_of_an_answer() -> None:
    refused = retold(
        given("Nothing found.", cited()), more=("### Strategy\n\nOne. [1]",), answered=False
    )
    for copied in (plain_text(refused, EN), markdown(refused, EN)):
        assert "Nearest passages (1)" in copied
        assert "References" not in copied
        assert copied.index("Nearest") < copied.index("One. ") < copied.index("Priorities, p. 3")


def read(source: str) -> list[Token]:
    """What a reader of Markdown makes of a text: CommonMark with tables and strikethrough."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return parser.parse(source)


def within(tokens: Iterable[Token]) -> list[Token]:
    return [child for token in tokens for child in token.children or ()]


def shown(source: str) -> str:
    lines = [token for token in read(source) if token.children is not None]
    assert {child.type for child in within(lines)} <= {"text", "text_special", "softbreak"}
    return "\n".join("".join(child.content for child in within([line])) for line in lines)


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE, "# kop", "#", "- item", "+ item", "* item", "> citaat", "1. een", "12) een", "---",
        "===", "```", "~~~", "| a | b |", "a\\b", "C:\\new", "[1]: https://evil.example",
        "&lt;b&gt;", "<https://evil.example>", "2020-2025: COM(2020) 605 final – 46 % (p. 3).",
    ],
)  # fmt: skip
def test_data_in_markdown_shows_as_exactly_that(text: str) -> None:
    tokens = read(escaped(text))
    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    assert shown(escaped(text)) == text


def test_dates_stay_legible_in_markdown_and_bare_addresses_become_no_links() -> None:
    line = "24 juli 2020, COM(2020) 605 final, 11,6 miljard (2020-2025) om 08:05: ja."
    assert escaped(line) == line
    for bare in ("https://evil.example", "www.evil.example", "a@evil.example"):
        assert bare not in escaped(bare)


def test_a_list_stays_a_list_in_markdown() -> None:
    tokens = read(
        markdown_text(blocks_of("Twee:\n\n- *een* [1]\n- 1. twee [2]\n\nKlaar."), load("nl"))
    )
    assert [token.type for token in tokens].count("list_item_open") == 2
    assert "em_open" not in {child.type for child in within(tokens)}


def test_a_list_is_copied_with_the_numbers_of_its_source() -> None:
    answer = given("- *een* [1]\n- twee [1]", cited())
    numbered = answer.blocks[0].model_copy(update={"marks": ("6.", "7.")})
    answer = answer.model_copy(update={"blocks": (numbered,)})
    assert plain_text(answer, EN).startswith("6. *een* [1]\n7. twee [1]\n")
    tokens = read(markdown_text(answer.blocks, EN))
    assert [one.attrs for one in tokens if one.type == "ordered_list_open"] == [{"start": 6}]
    asked = Exchange(question="?", answer=answer)
    word = Document(io.BytesIO(conversation_docx("Numbers", [asked], EN)))
    told = [one.text for one in word.paragraphs if one.style.name == "List"]
    assert told == ["6. *een*[1]", "7. twee[1]"]


def test_hostile_sources_show_as_text_in_a_markdown_copy() -> None:
    document = DocumentInfo(
        id="evil", language="nl", title=HOSTILE, reference=HOSTILE, publisher=HOSTILE,
        url="https://evil.example/a>b c<script>", kind="upload",
    )  # fmt: skip
    tokens = read(markdown(given(f"{HOSTILE} [1]", cited(document)), load("nl")))
    children = within(tokens)
    assert {child.type for child in children} <= {
        "text", "text_special", "softbreak", "strong_open", "strong_close", "em_open", "em_close",
        "link_open", "link_close",
    }  # fmt: skip
    (link,) = [child for child in children if child.type == "link_open"]
    assert link.attrs["href"] == "https://evil.example/a%3Eb%20c%3Cscript%3E"
    text = "".join(child.content for child in children)
    assert text.count(HOSTILE) == 4


def test_an_address_that_is_no_web_page_is_left_out() -> None:
    document = STRATEGY.model_copy(update={"url": "javascript:alert(1)"})
    answer = given("One. [1]", cited(document))
    assert "javascript" not in plain_text(answer, EN)
    assert "javascript" not in markdown(answer, EN)
