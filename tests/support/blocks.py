"""The blocks of answers that tests write as texts, in which "[1]" cites."""

import itertools
import re
from collections.abc import Mapping, Sequence

from core.answer import Citation
from core.answer_blocks import (
    AnswerBlock,
    AnswerSentence,
    Blocks,
    QuotedSpan,
    SentenceStatus,
    numbers,
    parse,
)

MARKER = re.compile(r"\[(\d{1,4})\]")
_STOP = re.compile(r"[.!?…:;,]+[\"'”“»«’)\]]*(?=\s|$)")
_Places = Mapping[int, Sequence[QuotedSpan]]


def blocks_of(
    text: str, *citations: Citation, status: SentenceStatus = "quoted", only_cited: bool = False
) -> Blocks:
    """The blocks of a text; evidence of a marker are all citations with its number, and a place of
    no length where there are none, or with `only_cited` it is no marker."""
    places: dict[int, list[QuotedSpan]] = {}
    for citation in citations:
        place = QuotedSpan(number=citation.number, start=citation.start, end=citation.end)
        places.setdefault(citation.number, []).append(place)
    if not only_cited:
        for number in map(int, MARKER.findall(text)):
            places.setdefault(number, [QuotedSpan(number=number, start=0, end=0)])
    found: list[AnswerBlock] = []
    for block in parse(text):
        if block.kind == "list":
            items = [_sentences(item.text, places, status) for (item,) in block.items]
            block = _listed(items)
        elif block.kind == "paragraph":
            sentences = _sentences(block.sentences[0].text, places, status)
            if _is_note(sentences, found):
                block = found.pop().model_copy(update={"note": sentences[0].text})
            else:
                block = block.model_copy(update={"sentences": sentences})
        found.append(block)
    return tuple(found)


def _sentences(text: str, places: _Places, status: SentenceStatus) -> tuple[AnswerSentence, ...]:
    """The text before each run of markers, with what these stand for; a stop behind them belongs
    to it."""
    found: list[AnswerSentence] = []
    last, markers = 0, [at for at in MARKER.finditer(text) if int(at[1]) in places]
    for marker, after in itertools.zip_longest(markers, markers[1:]):
        words, evidence = text[last : marker.start()].strip(), tuple(places[int(marker[1])])
        if found and not words:
            found[-1] = _with(found[-1], evidence=(*found[-1].evidence, *evidence))
        else:
            found.append(AnswerSentence(text=words, status=status, evidence=evidence))
        last = marker.end()
        if stop := _STOP.match(text, last, after.start() if after else len(text)):
            found[-1] = _with(found[-1], text=found[-1].text + stop[0])
            last = stop.end()
    rest = text[last:].strip()
    return (*found, AnswerSentence(text=rest)) if rest or not found else tuple(found)


def _with(sentence: AnswerSentence, **values: object) -> AnswerSentence:
    return sentence.model_copy(update=values)


def _listed(items: Sequence[tuple[AnswerSentence, ...]]) -> AnswerBlock:
    """A list; where only its last item ends with a marker, that covers all of it."""
    *before, last = items
    cited = [any(sentence.evidence for sentence in item) for item in items]
    if before and cited == [*(False for _ in before), True] and last[-1].evidence:
        items = (*before, (*last[:-1], _with(last[-1], evidence=())))
        return AnswerBlock(kind="list", items=tuple(items), evidence=last[-1].evidence)
    return AnswerBlock(kind="list", items=tuple(items))


def _is_note(sentences: Sequence[AnswerSentence], before: Sequence[AnswerBlock]) -> bool:
    """Whether a paragraph is ours: one without a marker behind a list that has some, or that a
    paragraph with some introduces."""
    cited = any(sentence.evidence for sentence in sentences)
    if cited or not before or before[-1].kind != "list" or before[-1].note:
        return False
    introduced = before[-2:-1] if before[-1].is_bare else ()
    return bool(numbers((*introduced, before[-1])))


def with_blocks(
    values: Mapping[str, object], *citations: Citation, only_cited: bool = False
) -> dict[str, object]:
    """The values of an answer, with blocks in place of `text` and `more`, unless it has blocks."""
    made = {name: value for name, value in values.items() if name not in ("text", "more")}
    status: SentenceStatus = "confirmed" if values.get("mode") == "generative" else "quoted"
    if "text" in values and "blocks" not in values:
        text = str(values["text"])
        made["blocks"] = blocks_of(text, *citations, status=status, only_cited=only_cited)
    if more := values.get("more"):
        assert isinstance(more, Sequence)
        made["further"] = tuple(blocks_of(each, *citations, only_cited=only_cited) for each in more)
    return made
