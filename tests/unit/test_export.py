"""What is copied of an answer, and a conversation as a Word file: all that was asked, answered and
quoted, as exactly that, and nothing else."""

import datetime
import io

import docx
import mammoth
import pytest
from markdown_it import MarkdownIt

from core.answer import Answer, Citation
from core.source import DocumentInfo, Scope
from language.escaping import escaped
from tests.support.answers import retold
from tests.support.passages import answer_of, citation_of, passage_of
from tests.support.shown_html import HOSTILE, Shown
from ui.answers.export import answer_facts, conversation_docx, plain_text, source_lines
from ui.answers.references import full_references
from ui.texts import load
from userdata.conversations import Exchange

EN, NL = load("en"), load("nl")
ASKED = datetime.datetime(2026, 11, 25, 9, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
STRATEGY = DocumentInfo(
    id="security-union", language="en", title="EU Security Union Strategy", kind="official",
    reference="COM(2020) 605 final", date=datetime.date(2020, 7, 24),
    publisher="European Commission", url="https://eur-lex.europa.eu/?uri=CELEX:52020DC0605",
)  # fmt: skip
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
EVIL = DocumentInfo(
    id="evil", language='"><b>', title=HOSTILE, reference=HOSTILE, publisher=HOSTILE,
    url="javascript:alert(1)",
)  # fmt: skip
QUOTE = "The market is worth 30 billion euro."


def cited(
    document: DocumentInfo = STRATEGY, number: int = 1, page: int | None = 3, quote: str = QUOTE
) -> Citation:
    return citation_of(passage_of(document, quote, "Priorities", page=page), quote, number)


def given(text: str, *citations: Citation, **more: object) -> Answer:
    return answer_of(text, *citations, language="en", **more)


def exchange(question: str, answer: Answer | None = None, scope: Scope = Scope()) -> Exchange:
    return Exchange(question=question, answer=answer, asked=ASKED, scope=scope)


def in_word(*exchanges: Exchange, title: str = "Drugs") -> Shown:
    """A conversation as a program that reads Word files shows it."""
    file = io.BytesIO(conversation_docx(title, exchanges, NL))
    return Shown(mammoth.convert_to_html(file).value)


@pytest.mark.parametrize(
    ("language", "page", "of_official", "of_brief"),
    [
        ("en", "p. 3", "European Commission, {}COM(2020) 605 final, 24 July 2020",
         "Strategiewijzer, summary by this project, not an official text, of: {}"),
        ("nl", "blz. 3", "Europese Commissie, {}COM(2020) 605 final van 24 juli 2020",
         "Strategiewijzer, samenvatting van dit project, geen officiële tekst, van: {}"),
        ("fr", "p. 3", "Commission européenne, {}COM(2020) 605 final du 24 juillet 2020",
         "Strategiewijzer, résumé du présent projet, pas un texte officiel, de : {}"),
    ],
)  # fmt: skip
def test_behind_a_reference_stands_what_else_is_known_and_a_brief_is_called_a_summary(
    language: str, page: str, of_official: str, of_brief: str
) -> None:
    assert full(STRATEGY, language) == (
        f"EU Security Union Strategy, Priorities, {page} ({of_official.format('')})."
    )
    summary = of_brief.format(of_official.format("EU Security Union Strategy, "))
    assert full(BRIEF, language) == f"The strategy in brief, Priorities, {page} ({summary})."


def full(document: DocumentInfo, language: str = "en", page: int | None = 3) -> str:
    return full_references([cited(document, page=page)], load(language))[1]


@pytest.mark.parametrize(
    ("changed", "written"),
    [
        ({"kind": "brief", "about": "", "reference": "", "date": None}, "of: EU Security"),
        ({"reference": ""}, "(European Commission, 24 July 2020)."),
        ({"date": None}, "(European Commission, COM(2020) 605 final)."),
        ({"reference": "press release of 24 July 2020"}, "n, press release of 24 July 2020)."),
        ({"publisher": "Raad van Europa"}, "(Raad van Europa, COM"),
        ({"publisher": "", "reference": "", "date": None}, "Priorities."),
        ({"known_as": "Strategy"}, "Strategy, Priorities (European Commission, EU Security Union"),
    ],
)  # fmt: skip
def test_a_reference_has_what_is_known(changed: dict[str, object], written: str) -> None:
    assert written in full(STRATEGY.model_copy(update=changed), page=None)


@pytest.mark.parametrize(
    ("document", "listed"),
    [
        (STRATEGY, "2020). https://eur-lex.europa.eu/?uri=CELEX:52020DC0605"),
        (BRIEF, "2020). Official document summarised here (EUR-Lex): "
         "https://eur-lex.europa.eu/?uri=CELEX:52020DC0605"),
        (PACKAGE, "Delivering on a Security Union, press release of 24 July 2020, with its "
         "questions and answers). Press release (press.example): https://press.example/ip "
         "Questions and answers (press.example): https://press.example/qanda"),
        (EVIL, f"{HOSTILE})."),  # an address that is no web page is left out
    ],
)  # fmt: skip
def test_a_copied_address_says_what_it_opens(document: DocumentInfo, listed: str) -> None:
    assert plain_text(given("One. [1]", cited(document)), EN).endswith(listed)


def folded() -> Answer:
    answer = given("### Strategy, *Priorities*\nOne. [1]", cited(), cited(page=5), cited(number=2))
    return retold(answer, more=("### Agenda, Size\n\nTwo. [2]",))


def test_a_copy_has_what_is_folded_below_the_answer_and_a_passage_once() -> None:
    *shown, first, second = plain_text(folded(), EN).splitlines()
    assert shown == [
        "Strategy, *Priorities*", "", "One. [1]", "", "Also found (1)", "", "Agenda, Size",
        "", "Two. [2]", "", "References", "",
    ]  # fmt: skip
    assert first.startswith("[1] EU Security Union Strategy, Priorities, p. 3, 5 (")
    assert second.startswith("[2] ")
    assert source_lines(folded(), EN) == [first]  # those of the answer proper


def test_a_copy_says_below_the_answer_once_that_what_it_cites_is_over() -> None:
    over = folded().model_copy(update={"ended": "The *strategy* ran until 2025."})
    assert plain_text(over, EN).splitlines()[2:5] == ["One. [1]", "", over.ended]
    assert plain_text(over, EN).count("ran until 2025") == 1
    assert answer_facts(over, EN).count(over.ended) == 1


def test_what_comes_nearest_to_a_refused_question_is_no_reference_of_an_answer() -> None:
    refused = retold(
        given("Nothing found.", cited()), more=("### Strategy\n\nOne. [1]",), answered=False
    )
    copied = plain_text(refused, EN)
    assert "References" not in copied
    assert copied.index("Nearest passages (1)") < copied.index("One. ")
    assert copied.index("One. ") < copied.index("Priorities, p. 3")
    assert source_lines(refused, EN) == []
    assert plain_text(given("Nothing found."), EN) == "Nothing found."


def test_a_list_has_the_numbers_of_its_source() -> None:
    answer = given("- *one* [1]\n- two [1]", cited())
    numbered = answer.blocks[0].model_copy(update={"marks": ("6.", "7.")})
    answer = answer.model_copy(update={"blocks": (numbered,)})
    assert plain_text(answer, EN).startswith("6. *one* [1]\n7. two [1]\n")
    assert paragraphs(answer, "List") == ["6. *one*[1]", "7. two[1]"]


def word_file(answer: Answer) -> io.BytesIO:
    return io.BytesIO(conversation_docx("?", [exchange("?", answer)], NL))


def paragraphs(answer: Answer, style: str) -> list[str]:
    """Those of a Word file that have this style."""
    word = docx.Document(word_file(answer))
    return [each.text for each in word.paragraphs if each.style and each.style.name == style]


def test_a_file_has_all_of_a_conversation() -> None:
    answer = given(f"{QUOTE} [1]\n\n- That is much. [2]", cited(), cited(number=2))
    answer = answer.model_copy(update={"generation": "20261124T160857-8c07"})
    shown = in_word(
        exchange("Hoeveel is de markt waard?", answer, Scope(areas=("drugs",))),
        exchange("Wie won?", given("De bronnen geven geen antwoord.")),
        exchange("Onderbroken?"),
        exchange("Wat?", given("Veel. [1]", cited(), mode="generative", model="gpt *x*")),
    ).text
    for part in (
        "Hoeveel is de markt waard?", "Gevraagd op 25 november 2026, 08:05 (UTC).", "Drugs",
        "Gemaakt zonder taalmodel.", "Stand van de bronnen: 24 november 2026, 16:08 (UTC).",
        "EU Security Union Strategy, Priorities, blz. 3", QUOTE,
        "https://eur-lex.europa.eu/?uri=CELEX:52020DC0605", "De bronnen geven geen antwoord.",
        "Deze vraag is niet beantwoord.", "Geschreven door taalmodel gpt *x*.", "zijn authentiek",
    ):  # fmt: skip
        assert part in shown
    thanks = answer_of("Graag gedaan.", message="thanks", generation="20261124T160857-8c07")
    shown = in_word(exchange("Bedankt!", thanks)).text
    assert "Graag gedaan." in shown
    assert "Stand van de bronnen" not in shown


def test_a_file_has_raised_numbers_lists_and_each_reference_with_its_quotes_once() -> None:
    answer = given(f"{QUOTE} [4]\n\n- {QUOTE} [4]", cited(number=4), cited(number=4, quote="More."))
    assert paragraphs(answer, "Quote") == [QUOTE, "More."]
    assert "Bronvermeldingen" in paragraphs(answer, "Heading 2")
    assert paragraphs(answer, "List Bullet") == [f"{QUOTE}[4]"]
    assert sum(text.startswith("[4] EU Sec") for text in paragraphs(answer, "Normal")) == 1
    assert "<sup>[4]</sup>" in mammoth.convert_to_html(word_file(answer)).value


def test_what_is_folded_on_the_page_stands_below_the_answer_proper() -> None:
    understood = {"understood_as": "Wat is de omvang van de drugsmarkt?"}
    answer = folded().model_copy(update=understood)
    shown = in_word(exchange("En de omvang?", answer)).text
    order = [
        "Strategy, *Priorities*", "Opgevat als: Wat is de omvang van de drugsmarkt?",
        "Ook gevonden (1)", "Agenda, Size", "Bronvermeldingen",
    ]  # fmt: skip
    places = [shown.index(part) for part in order]
    assert places == sorted(places)
    assert "###" not in shown


def test_hostile_text_in_a_file_is_text() -> None:
    text = f"{HOSTILE}\x00\x1b\ufffe"
    answer = given(f"{text} [1]", cited(EVIL, quote=text), mode="generative", model=HOSTILE)
    shown = in_word(exchange(text, answer, Scope(areas=(HOSTILE,))), title=text)
    # The title, question, scope, sentence, model; author, title, reference, quote.
    assert shown.text.count(HOSTILE) >= 9
    plain = in_word(exchange("?", given("One. [1]\n\n- two [1]", cited())))
    assert {tag for tag, _ in shown.elements} <= {tag for tag, _ in plain.elements}


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE, "# kop", "#", "- item", "+ item", "* item", "> citaat", "1. een", "12) een", "---",
        "===", "```", "~~~", "| a | b |", "a\\b", "C:\\new", "[1]: https://evil.example",
        "&lt;b&gt;", "<https://evil.example>", "2020-2025: COM(2020) 605 final – 46 % (p. 3).",
    ],
)  # fmt: skip
def test_data_in_markdown_shows_as_exactly_that(text: str) -> None:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    before, line, after = parser.parse(escaped(text))
    assert (before.type, after.type) == ("paragraph_open", "paragraph_close")
    children = line.children or []
    assert {child.type for child in children} <= {"text", "text_special", "softbreak"}
    assert "".join(child.content for child in children) == text


def test_dates_stay_legible_in_markdown_and_bare_addresses_become_no_links() -> None:
    line = "24 juli 2020, COM(2020) 605 final, 11,6 miljard (2020-2025) om 08:05: ja."
    assert escaped(line) == line
    for bare in ("https://evil.example", "www.evil.example", "a@evil.example"):
        assert bare not in escaped(bare)
