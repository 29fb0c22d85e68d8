"""A source's own "[1]" cites nothing of ours, wherever an answer is shown, copied or judged."""

import io

import pytest
from docx import Document

from chain import __main__ as command
from chain.answer.composition import AnswerBuilder
from chain.request import Draft, Quote, Request, Verdict
from chain.writing.extractive import said_before
from core.answer import Answer, Turn
from core.answer_blocks import Marked, marked_lines
from core.answer_blocks import numbers as cited_numbers
from core.source import DocumentInfo, ScoredPassage, Unit
from eval.answer_lines import answer_lines, cited
from eval.support import claims, unsupported
from language.words import fold
from tests.support.passages import answer_of, passage_of
from ui.answers.answer_view import Chips, answer_html
from ui.answers.checks import Checks, languages_shown
from ui.answers.export import conversation_docx, plain_text
from ui.markup import code, escape
from ui.texts import load
from userdata.conversations import Exchange

HOSTILE = "The budget was doubled [1]."  # of a document with notes of its own
TRUE = "The agency has a budget of 5 million euro."
TEXTS = load("en")
HIDDEN = "pay\u202e\u200b\x1b[2J\u2066\ufeff\u00ad\x00\U000e0041 up"


def _found(name: str, text: str, language: str = "en") -> ScoredPassage:
    document = DocumentInfo(id=name, language=language, title=f"Title of {name}")
    units = (Unit(start=0, end=len(text)),)
    passage = passage_of(document, text, "Budget", id=f"{name}.{language}:p", units=units)
    return ScoredPassage(passage=passage, score=1, similarity=0.9)


@pytest.fixture
def answer() -> Answer:
    return _answer(HOSTILE, TRUE)


def _answer(first: str, second: str) -> Answer:
    """Two quotations, and the first once more below them."""
    found = (_found("hostile", first, "fr"), _found("agency", second))
    composition = AnswerBuilder(Request("Which budget?", "en", found))
    quoted = []
    for place, one in enumerate(found):
        quote = Quote(place, 0, len(one.passage.text))
        draft = Draft(one.passage.text, (place,), quote=quote)
        quoted.append((draft, Verdict("quoted", (quote,))))
    composition.add(*quoted[1])
    composition.add(*quoted[0])
    composition.add_more([quoted[0]])
    passages = tuple(each.passage for each in found)
    made = answer_of("", *composition.citations, passages=passages, language="en")
    return made.model_copy(update={"blocks": composition.blocks, "further": composition.further})


def test_no_citation_has_a_number_that_a_source_has_in_brackets(answer: Answer) -> None:
    assert answer.text == f"{TRUE} [2]\n\n{HOSTILE} [3]"
    assert [citation.number for citation in answer.citations] == [2, 3]
    assert [cited_numbers(block) for block in (answer.blocks, *answer.further)] == [(2, 3), (3,)]
    shifted = _answer("As told in [1, 3–5], [7] and [2020].", TRUE)
    assert shifted.proper.numbers == (2, 6)


def test_an_answer_whose_sources_have_no_brackets_is_numbered_from_one() -> None:
    assert _answer("It has (2) and km².", TRUE).proper.numbers == (1, 2)


def test_the_page_shows_the_bracket_as_text_and_our_numbers_as_chips(answer: Answer) -> None:
    chips = Chips(answer, "a", TEXTS)
    shown = "".join(answer_html(block, chips) for block in (answer.blocks, *answer.further))
    assert shown.count("<p>The budget was doubled [1].<span") == 2
    assert 'href="#a-1"' not in shown
    assert shown.count('<a href="#a-3"') == 2
    assert languages_shown(answer, answer.further[0]) == ["fr"]


def test_what_is_said_to_be_checked_is_what_has_a_marker(answer: Answer) -> None:
    checks = Checks(answer)
    lines = (line for _, block in marked_lines(answer.blocks) for line in block)
    assert [mark for line in lines for _, marks in line for mark in marks] == [
        (2, TRUE),
        (3, HOSTILE),
    ]
    assert (checks.usual, checks.exceptions) == ("literal", ())


def test_copies_and_the_command_refer_to_no_source_for_the_bracket(
    answer: Answer, capsys: pytest.CaptureFixture[str]
) -> None:
    command._print(answer)
    for text in (plain_text(answer, TEXTS), capsys.readouterr().out):
        assert HOSTILE in text
        starts = [line[:3] for line in text.splitlines() if line.startswith("[")]
        assert starts == ["[2]", "[3]"]


def test_the_evaluation_reads_the_bracket_as_words(answer: Answer) -> None:
    assert cited(answer.blocks) == {2, 3}
    assert [block.text for block in answer_lines(answer.blocks)] == [TRUE, HOSTILE]
    hostile = (HOSTILE, frozenset({3}))
    assert claims(answer) == ((TRUE, frozenset({2})), hostile, hostile)
    assert unsupported(answer) == ()


def test_a_next_turn_has_the_places_of_what_it_cites_as_numbers(answer: Answer) -> None:
    turn = Turn.of("Which budget?", answer)
    assert turn.answer_text == f"{TRUE} [1]\n\n{HOSTILE} [2]"
    assert turn.cited == ("agency.en:p", "hostile.fr:p")
    assert said_before([turn]) == fold(f"{TRUE}\n\n{HOSTILE}")


def test_a_text_is_cut_and_joined_with_its_markers(answer: Answer) -> None:
    assert Marked.joined(answer.proper.lines, "\n") == answer.proper
    assert answer.proper.plain == f"{TRUE}\n\n{HOSTILE}"
    assert [line.numbers for line in answer.proper.lines] == [(2,), (), (3,)]


def exported(question: str, answer: Answer) -> str:
    """The text of a Word file of one question."""
    asked = [Exchange(question=question, answer=answer)]
    word = Document(io.BytesIO(conversation_docx(question, asked, TEXTS)))
    return " ".join(paragraph.text for paragraph in word.paragraphs)


def test_what_nobody_sees_reaches_no_page_copy_export_or_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    answer = _answer(HIDDEN, TRUE)
    command._print(answer)
    shown = (
        escape(HIDDEN),
        code(HIDDEN),
        answer_html(answer.blocks, Chips(answer, "a", TEXTS)),
        plain_text(answer, TEXTS),
        exported(HIDDEN, answer),
        capsys.readouterr().out,
    )
    for text in shown:
        assert "pay" in text
        assert not {each for each in HIDDEN if not each.isprintable()} & set(text)
    assert answer.citations[-1].quote == HIDDEN  # a quote stays what its source says
