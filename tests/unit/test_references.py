"""What each number of an answer stands for, in words: everywhere the same, none like another."""

import io

import mammoth
import pytest

from api.client_text import ClientText
from chain import __main__ as command
from core.answer import Answer, Citation, Finished, references
from core.source import DocumentInfo
from tests.support.answers import retold
from tests.support.passages import answer_of, citation_of, passage_of
from tests.support.shown_html import Shown
from ui.answers.answer_view import Chips, answer_html
from ui.answers.evidence_panel import evidence_html
from ui.answers.export import conversation_docx, plain_text
from ui.texts import load
from userdata.conversations import Exchange

EN = load("en")
TITLE = "Directive 2003/88/EC of the European Parliament and of the Council of 4 November 2003 "
ACT = DocumentInfo(
    id="working-time", language="en", title=f"{TITLE}concerning certain aspects of working time",
    url="https://eur-lex.europa.eu/act",
)  # fmt: skip
LONG = "rules of procedure in proceedings with regard to fines and periodic penalty payments"


def cited(
    number: int, *headings: str, document: DocumentInfo = ACT, quote: str = "", **given: object
) -> Citation:
    passage = passage_of(
        document, quote or f"Words of {number}.", "", id=f"p{number}",
        headings=(f"\N{BLACK DOWN-POINTING TRIANGLE}B {document.title}", *headings),
    )  # fmt: skip
    return citation_of(passage, passage.text, number, **given)


def test_the_last_heading_of_a_path_that_was_cut_is_no_title() -> None:
    alone = passage_of(ACT, "Words.", "", id="p1", headings=("Article 4 – Breaks",))
    titled = passage_of(ACT, "Words.", "", id="p2", headings=(f"{ACT.title[:40]}…",))
    both = (citation_of(alone, alone.text, 1), citation_of(titled, titled.text, 2))
    words = references(both, "p. {page}")
    assert words[1].endswith(", Article 4 – Breaks")
    assert words[2] == ACT.short_title


def test_what_begins_alike_is_told_apart_by_more_of_it() -> None:
    rule = "Member States shall ensure that the workers have"
    quotes = (f"{rule} a break of an hour.", f"{rule} a break of two hours.")
    words = references(
        [cited(n, "Article 4", quote=quote) for n, quote in enumerate(quotes, 1)], "p. {page}"
    )
    assert [each.partition("“")[2] for each in words.values()] == [
        f"{rule} a break of an…”", f"{rule} a break of two…”",
    ]  # fmt: skip


def test_documents_with_one_title_are_told_apart_though_they_say_the_same() -> None:
    first, second, third = (
        ACT.model_copy(update={"id": f"act-{n}", "reference": f"COM(2003) {n}", "version": version})
        for n, version in ((1, ""), (2, ""), (2, "rev 2"))
    )
    same = [cited(n, "Breaks", document=document, quote="Workers have a break.")
            for n, document in enumerate((first, second, third), 1)]  # fmt: skip
    assert [words.partition(", Breaks")[2] for words in references(same, "p. {page}").values()] == [
        ", COM(2003) 1", ", COM(2003) 2", ", COM(2003) 2, rev 2",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("citation", "words"),
    [
        (cited(1, "Chapter 2", "Article 4 – Breaks"), "Article 4 – Breaks"),
        (cited(1, "Article 4 – Breaks", marks=("2", "(a)")), "Article 4 – Breaks › 2 › (a)"),
        (cited(1, "Artikel 20a"), "Artikel 20a"),
        (cited(1, f"Article 4 – {LONG}"), "Article 4"),
        (cited(1, f"Article 4 {LONG}"), "Article 4"),
        (cited(1, f"4. cikk – {LONG}"), "4. cikk"),
        (cited(1, f"Priority 1: {LONG}"), f"Priority 1: {LONG[:67]}…"),
        (cited(1, "Breaks", page=3, last_page=3), "Breaks, p. 3"),
        (cited(1, "Breaks", page=3, last_page=5), "Breaks, p. 3–5"),
        (cited(1, page=3, last_page=3), "p. 3"),
        (cited(1, marks=("(12)",)), "(12)"),
        (cited(1), ""),
    ],
)  # fmt: skip
def test_a_reference_has_short_title_section_and_pages(citation: Citation, words: str) -> None:
    whole = f"Directive 2003/88/EC, {words}" if words else "Directive 2003/88/EC"
    assert references([citation], "p. {page}") == {1: whole}


def test_passages_of_one_document_have_different_references() -> None:
    other = ACT.model_copy(update={"id": "other", "title": "Another act"})
    found = references(
        [
            cited(1, "Part A", "Scope", "Aims"),
            cited(2, "Part B", "Scope", "Aims"),
            cited(3, "Article 2", quote="The first words of a long section."),
            cited(4, "Article 2", quote="Its end."),
            cited(5, "Article 2", page=8),
            cited(6, "Aims", document=other),
            cited(7, "Scope", "Aims", document=other),
        ],
        "p. {page}",
    )
    assert list(found.values()) == [
        "Directive 2003/88/EC, Part A › Scope › Aims",
        "Directive 2003/88/EC, Part B › Scope › Aims",
        "Directive 2003/88/EC, Article 2, “The first words of a long…”",
        "Directive 2003/88/EC, Article 2, “Its end.”",
        "Directive 2003/88/EC, Article 2, p. 8",
        "Another act, Aims",
        "Another act, Scope › Aims",
    ]


def test_quotes_out_of_one_passage_share_a_reference() -> None:
    one = cited(1, "Article 2", page=8)
    assert references([one, one.model_copy(update={"page": 9})], "p. {page}") == {
        1: "Directive 2003/88/EC, Article 2, p. 8, 9"
    }


def answer_with_references() -> Answer:
    first, second = cited(1, "Part A", "Aims", page=3), cited(2, "Part B", "Aims", page=4)
    return answer_of(
        f"{first.quote} [1] {second.quote} [2] {first.quote} [1]", first, second, language="en"
    )


def test_a_reference_is_the_same_in_every_form(capsys: pytest.CaptureFixture[str]) -> None:
    answer = answer_with_references()
    words = [f"Directive 2003/88/EC, Part {part} › Aims, p. {page}" for part, page in ("A3", "B4")]
    assert [citation.cited_as for citation in answer.citations] == words
    chips, exchange = Chips(answer, "a", EN), [Exchange(question="?", answer=answer)]
    reply = ClientText()
    reply.take(Finished(answer=answer))
    command._print(answer)
    word = mammoth.convert_to_html(io.BytesIO(conversation_docx("?", exchange, EN))).value
    forms = {
        "card": Shown(answer_html(answer.blocks, chips)).text,
        "evidence": Shown(evidence_html(answer, "a", EN)).text,
        "text": plain_text(answer, EN),
        "Word": Shown(word).text,
        "command line": capsys.readouterr().out,
        "other programs": reply.text.replace("\\", ""),
    }
    for form, shown in forms.items():
        for number, one in enumerate(words, start=1):
            behind = "" if form == "card" else f"[{number}] "
            assert f"{behind}{one}" in shown, form


def test_a_refusal_has_no_references() -> None:
    refused = answer_of("Nothing found.", language="en")
    answer = answer_with_references()
    nearest = retold(answer, text="Nothing found.", more=("### Act\n\nWords. [1]",), answered=False)
    reply = ClientText()
    reply.take(Finished(answer=nearest))
    assert plain_text(refused, EN) == "Nothing found."
    assert evidence_html(refused, "a", EN) == ""
    assert "Directive" not in reply.text
    for shown in (plain_text(nearest, EN), evidence_html(nearest, "a", EN)):
        assert "References" not in shown
        assert "In the sources" not in shown
