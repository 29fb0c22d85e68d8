"""Answers of every form, made by hand of passages that are in an index."""

from collections.abc import Mapping, Sequence

from chain.assistant import Assistant
from core.answer import Answer, Citation
from core.answer_blocks import AnswerBlock, AnswerSentence
from core.settings import Settings
from core.source import Passage, Unit
from tests.support.blocks import with_blocks
from tests.support.passages import answer_of, citation_of


def retold(answer: Answer, **values: object) -> Answer:
    """An answer with other values, of which every number in brackets is a marker."""
    return answer.model_copy(update=with_blocks(values, *answer.citations))


def assert_quotes_are_exact(answer: Answer) -> None:
    """Each quote is a part of the passage that it names."""
    passages = {passage.id: passage for passage in answer.passages}
    for citation in answer.citations:
        assert passages[citation.passage_id].text[citation.start : citation.end] == citation.quote


def made(settings: Settings) -> Mapping[str, Answer]:
    """An answer out of two passages with more below it, a list cut short, and what is no answer."""
    found = Assistant(settings).index.snapshot().passages(["drugs-agenda.nl", "csa-strategy.nl"])
    prose = [
        passage for passage in found if sum(unit.kind == "sentence" for unit in passage.units) > 3
    ]
    first, second, third = prose[:3]
    listing = next(
        passage for passage in found if sum(unit.kind == "item" for unit in passage.units) > 3
    )
    return {
        "answer": _answer(
            "Hoeveel?",
            f"{_sentence(first, 0)} [1]\n\n{_sentence(first, 2)} [1]",
            *(_citation(1, first, first.units[number]) for number in (0, 2)),
            _citation(2, second, second.units[0]),
            _citation(3, third, third.units[0]),
            passages=(first, second, third),
            more=(
                f"### {_label(second)}\n{_sentence(second, 0)} [2]",
                f"### {_label(third)}\n{_sentence(third, 0)} [3]",
            ),
        ),
        "list": _list(listing),
        "refusal": _answer(
            "Hoeveel in 2031?",
            "De bronnen beantwoorden deze vraag niet.\n\nDoorzocht: 5 documenten.",
            _citation(1, second, second.units[0]),
            passages=(second,),
            more=(f"### {_label(second)}\n{_sentence(second, 0)} [1]",),
            answered=False,
        ).model_copy(update={"elsewhere": True, "related": ("Wat is EMPACT?",)}),
        "reply": _answer("Hallo", "Dag! Stel gerust een vraag.", answered=False).model_copy(
            update={"message": "greeting"}
        ),
    }


def _list(passage: Passage) -> Answer:
    """A list of which the first two items are shown, as one quote."""
    items = [unit for unit in passage.units if unit.lead_in is not None]
    items = [unit for unit in items if unit.lead_in == items[0].lead_in]
    start, end = items[0].lead_in or (0, 0)
    shown = "\n".join(f"- {passage.text[item.start : item.end]}" for item in items[:2])
    text = f"{passage.text[start:end]} [1]\n\n{shown}\n\n2 van de {len(items)} punten."
    whole = Unit(start=start, end=items[1].end)
    return _answer("Welke?", text, _citation(1, passage, whole), passages=(passage,))


def _answer(question: str, text: str, *citations: Citation, **given: object) -> Answer:
    sure = {"answered": True, "confidence": 0.9 if given.get("answered", True) else 0.1}
    return answer_of(text, *citations, **sure | {"question": question} | given)


def _sentence(passage: Passage, number: int) -> str:
    unit = passage.units[number]
    return " ".join(passage.text[unit.start : unit.end].split())


def _label(passage: Passage) -> str:
    return f"{passage.document.title}, {passage.headings[-1]}"


def _citation(number: int, passage: Passage, unit: Unit) -> Citation:
    quote = passage.text[unit.start : unit.end]
    return citation_of(passage, quote, number, start=unit.start, page=None, last_page=None)


def only_found(answer: Answer) -> Answer:
    """A model's answer whose sentences with a source were found there and not checked."""
    told = {"status": "not_confirmed", "reason": "unchecked"}

    def marked(said: Sequence[AnswerSentence]) -> tuple[AnswerSentence, ...]:
        return tuple(
            sentence.model_copy(update=told) if sentence.evidence else sentence for sentence in said
        )

    blocks = tuple(
        block.model_copy(
            update={"sentences": marked(block.sentences), "items": tuple(map(marked, block.items))}
        )
        for block in answer.blocks
    )
    return answer.model_copy(update={"blocks": blocks, "mode": "generative", "unchecked": True})


def doubted(answer: Answer, *unconfirmed: str, left_out: Sequence[str] = ()) -> Answer:
    """An answer with further sentences that were not confirmed, or that differ from the sources."""
    said = [
        AnswerSentence(text=text, status="not_confirmed", reason="distant") for text in unconfirmed
    ]
    said += [
        AnswerSentence(
            text=text, status="differs", reason="absent", details=("2031",), stand_in="[Not 2031.]"
        )
        for text in left_out
    ]
    last = AnswerBlock(kind="paragraph", sentences=tuple(said))
    return answer.model_copy(update={"blocks": (*answer.blocks, last)})
