"""A conversation that is kept says what was asked, answered and quoted, and nothing else."""

import datetime
import io
import re
from collections.abc import Callable, Sequence

import docx
import mammoth
import pytest
from markdown_it import MarkdownIt

from chain.assistant import Assistant
from core.answer import Answer
from core.citations import Citation
from core.settings import Settings
from core.source import DocumentInfo, Scope
from tests.support.answers import retold
from tests.support.passages import answer_of, citation_of, passage_of
from tests.support.shown_html import HOSTILE, Shown
from ui.answers.export import conversation_docx, conversation_markdown
from ui.answers.web_page import conversation_page
from ui.chat.actions import made_html
from ui.texts import languages, load
from userdata.conversation import Exchange
from vectorstore.search import RANKING_FEATURES
from vectorstore.store import open_index

NL = load("nl")
ASKED = datetime.datetime(2026, 11, 25, 9, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
QUOTE = "De markt is 30 miljard euro waard."
DOCUMENT = DocumentInfo(
    id="drugs-agenda",
    language="nl",
    title="EU-agenda inzake drugs",
    reference="COM(2020) 606 final",
    date=datetime.date(2020, 7, 24),
    publisher="Europese Commissie",
    url="https://eur-lex.europa.eu/?uri=CELEX:52020DC0606",
    kind="official",
)


def exchange(question: str, answer: Answer | None = None, scope: Scope = Scope()) -> Exchange:
    return Exchange(question=question, answer=answer, asked=ASKED, scope=scope)


def citation(number: int = 1, document: DocumentInfo = DOCUMENT, quote: str = QUOTE) -> Citation:
    return citation_of(passage_of(document, quote, "Omvang", page=4), quote, number)


def answer(text: str, *citations: Citation, model: str = "") -> Answer:
    mode = "generative" if model else "extractive"
    return answer_of(text, *citations, mode=mode, model=model, generation="20261124T160857-8c07")


CONVERSATION = (
    exchange(
        "Hoeveel is de markt waard?",
        answer(f"{QUOTE} [1]\n\n- Dat is veel. [2]", citation(), citation(2)),
        Scope(areas=("drugs",)),
    ),
    exchange("Wie won?", answer("De bronnen geven geen antwoord.")),
    exchange("Onderbroken?"),
)
TOLD = (
    "Hoeveel is de markt waard?",
    "Gevraagd op 25 november 2026, 08:05 (UTC).",
    "Drugs",
    "Gemaakt zonder taalmodel.",
    "Stand van de bronnen: 24 november 2026, 16:08 (UTC).",
    "EU-agenda inzake drugs, Omvang, blz. 4",
    "(Europese Commissie, COM(2020) 606 final van 24 juli 2020).",
    "https://eur-lex.europa.eu/?uri=CELEX:52020DC0606",
    QUOTE,
    "De bronnen geven geen antwoord.",
    "Deze vraag is niet beantwoord.",
    "zijn authentiek",
)


def shown_markdown(source: str) -> str:
    tokens = MarkdownIt("commonmark").parse(source)
    lines = (token.children for token in tokens if token.children)
    return "\n".join("".join(child.content for child in line) for line in lines)


def shown_docx(file: bytes) -> Shown:
    """As a program that reads Word files shows it."""
    return Shown(mammoth.convert_to_html(io.BytesIO(file)).value)


SHOWN: dict[str, Callable[[str, Sequence[Exchange]], str]] = {
    "page": lambda title, asked: Shown(conversation_page(title, asked, NL)).text,
    "markdown": lambda title, asked: shown_markdown(conversation_markdown(title, asked, NL)),
    "word": lambda title, asked: shown_docx(conversation_docx(title, asked, NL)).text,
}


@pytest.mark.parametrize("form", SHOWN)
def test_every_form_tells_all_of_a_conversation(form: str) -> None:
    shown = SHOWN[form]("Drugs", CONVERSATION)
    assert [part for part in TOLD if part not in shown] == []
    by_model = exchange("Wat?", answer("Veel. [1]", citation(), model="gpt *x*"))
    assert "Geschreven door taalmodel gpt *x*." in SHOWN[form]("x", [by_model])
    thanks = answer("Graag gedaan.").model_copy(update={"message": "thanks"})
    shown = SHOWN[form]("x", [exchange("Bedankt!", thanks)])
    assert "Graag gedaan." in shown
    assert "Stand van de bronnen" not in shown


def test_a_word_file_has_raised_numbers_lists_and_each_reference_with_its_quotes_once() -> None:
    twice = answer(f"{QUOTE} [4]\n\n- {QUOTE} [4]", citation(4))
    paragraphs = docx.Document(
        io.BytesIO(conversation_docx("Drugs", [exchange("Wat?", twice)], NL))
    ).paragraphs
    styles = {one.text: one.style.name for one in paragraphs if one.style}
    assert styles[QUOTE] == "Quote"
    assert styles["Bronvermeldingen"] == "Heading 2"
    said = [one for one in paragraphs if one.text == f"{QUOTE}[4]"]
    assert [one.style.name for one in said if one.style] == ["Normal", "List Bullet"]
    assert all(one.runs[1].font.superscript for one in said)
    assert len([one for one in paragraphs if one.text.startswith("[4] EU-agenda inzake dr")]) == 1
    assert [one.text for one in paragraphs].count(QUOTE) == 1


def test_hostile_text_in_a_word_file_is_text() -> None:
    text = f"{HOSTILE}\x00\x1b\ufffe"
    told = answer(f"{text} [1]", citation(1, DOCUMENT, text))
    shown = shown_docx(conversation_docx(text, [exchange(text, told), hostile()], NL))
    assert shown.text.count(HOSTILE) >= 10
    plain = shown_docx(conversation_docx("x", CONVERSATION, NL))
    assert {tag for tag, _ in shown.elements} <= {tag for tag, _ in plain.elements}


def test_the_numbers_of_an_answer_lead_to_its_own_quotes() -> None:
    twice = (CONVERSATION[0], CONVERSATION[0])
    shown = Shown(conversation_page("Drugs", twice, NL))
    assert {tag for tag, _ in shown.elements} & {"script", "link", "img", "iframe"} == set()
    policies = [one["content"] for one in shown.attributes("meta") if "http-equiv" in one]
    assert policies == ["default-src 'none'; style-src 'unsafe-inline'"]  # it needs no network
    places = [one["id"] for one in shown.attributes("li") if "id" in one]
    assert places == ["q1-1", "q1-2", "q2-1", "q2-2"]
    links = [one for one in shown.attributes("a") if (one["href"] or "").startswith("#")]
    assert [one["href"] for one in links] == [f"#{place}" for place in places]
    assert [one["title"] for one in links][:2] == [
        "letterlijk uit de officiële tekst",
        "in andere woorden, door de bron ondersteund",
    ]


def test_a_summary_is_told_from_the_official_text_it_is_about() -> None:
    brief = DOCUMENT.model_copy(
        update={
            "kind": "brief",
            "publisher": "Strategiewijzer",
            "about": "EU-agenda en -actieplan",
            "about_publisher": "Europese Commissie",
        }
    )
    one = exchange("Wat?", answer(f"{QUOTE} [1]", citation(document=brief)))
    page = Shown(conversation_page("x", [one], NL))
    assert page.attributes("a")[0]["title"] == "uit een samenvatting, niet de officiële tekst"
    for shown in (page.text, shown_markdown(conversation_markdown("x", [one], NL))):
        assert "Omvang, blz. 4 (Strategiewijzer, samenvatting van dit project, geen off" in shown
        assert "tekst, van: Europese Commissie, EU-agenda en -actieplan, COM(2020) 606" in shown
        assert "Officieel document dat hier is samengevat (EUR-Lex): https://eur-lex" in shown


FOLDED = (
    exchange(
        "En de omvang?",
        retold(
            answer(
                f"### Agenda, Omvang\n{QUOTE} [1]", citation(), citation(quote="Meer."), citation(2)
            ),
            more=(f"### Agenda, *Waarde*\n{QUOTE} [2]",),
            understood_as="Wat is de omvang van de drugsmarkt?",
        ),
    ),
)


def test_what_is_folded_on_the_page_stands_below_the_answer_proper() -> None:
    for form in SHOWN.values():
        shown = form("x", FOLDED)
        order = [
            "Letterlijk geciteerd uit de officiële tekst.",
            "Agenda, Omvang",
            "Opgevat als: Wat is de omvang van de drugsmarkt?",
            "Ook gevonden (1)",
            "Agenda, *Waarde*",
            "Bronvermeldingen",
        ]
        places = [shown.index(part) for part in order]
        assert places == sorted(places)
        assert "###" not in shown


def test_a_passage_is_referred_to_once_with_all_its_quotes() -> None:
    page = Shown(conversation_page("x", FOLDED, NL))
    assert [tag for tag, _ in page.elements if re.fullmatch("h[1-4]", tag)] == [
        "h1", "h2", "h3", "h3", "h4", "h3",
    ]  # fmt: skip
    assert [one["id"] for one in page.attributes("li")] == ["q1-1", "q1-2"]
    assert len(page.attributes("blockquote")) == 3
    markdown = conversation_markdown("x", FOLDED, NL)
    assert markdown.count("Europese Commissie, ") == 2
    assert markdown.count("\n> ") == 3


def hostile() -> Exchange:
    document = DocumentInfo(
        id="evil", language='"><b>', title=HOSTILE, reference=HOSTILE, publisher=HOSTILE,
        url="javascript:alert(1)",
    )  # fmt: skip
    told = answer(f"{HOSTILE} [1]", citation(1, document, HOSTILE), model=HOSTILE)
    return exchange(HOSTILE, told, Scope(areas=(HOSTILE,)))


def test_hostile_text_in_a_page_is_shown_and_not_run() -> None:
    plain = {tag for tag, _ in Shown(conversation_page("x", CONVERSATION, NL)).elements}
    shown = Shown(conversation_page(HOSTILE, [hostile()], NL))
    assert {tag for tag, _ in shown.elements} <= plain
    assert [one["href"] for one in shown.attributes("a")] == ["#q1-1"]
    # The title twice; question, scope, sentence, model; author, title, reference, section, quote.
    assert shown.text.count(HOSTILE) >= 10


def test_hostile_text_in_markdown_is_shown_and_not_run() -> None:
    source = conversation_markdown(HOSTILE, [hostile()], NL)
    tokens = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(source)
    children = [child for token in tokens for child in token.children or ()]
    found = {token.type for token in tokens} | {child.type for child in children}
    kinds = {"html_block", "html_inline", "image", "link_open", "code_inline", "fence", "s_open"}
    assert found & kinds == set()
    assert shown_markdown(source).count(HOSTILE) >= 9


@pytest.mark.parametrize("language", languages())
def test_a_conversation_is_kept_in_every_interface_language(language: str) -> None:
    texts = load(language)
    page = conversation_page("x", CONVERSATION, texts)
    assert f'<html lang="{language}">' in page
    assert texts("export.unanswered") in Shown(page).text
    assert texts("export.unanswered") in shown_markdown(
        conversation_markdown("x", CONVERSATION, texts)
    )


def test_an_evaluator_sees_how_an_answer_was_made(settings: Settings) -> None:
    index = open_index(settings).snapshot()
    question = "Hoeveel is de drugsmarkt in Europa waard?"
    told = Assistant(settings).ask(question, language="nl")
    shown = Shown(made_html(told, Scope(), index, NL))
    assert question in shown.text
    assert "zonder taalmodel" in shown.text
    assert shown.text.count(" ms") == len(told.timings)
    assert re.search(r"1\. [^0-9]*drugs.*? ✓", shown.text)
    columns = [one for one in shown.attributes("th") if one.get("scope") == "col"]
    assert len(columns) == 2 + len(RANKING_FEATURES)
    old = told.model_copy(update={"generation": "another", "question": HOSTILE})
    shown = Shown(made_html(old, Scope(), index, NL))
    assert "zijn sindsdien bijgewerkt" in shown.text
    assert HOSTILE in shown.text
    assert "script" not in {tag for tag, _ in shown.elements}
    assert "Passages" not in Shown(made_html(told, Scope(), None, NL)).text
