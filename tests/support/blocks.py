"""The blocks of answers that tests write as texts, in which "[1]" cites."""

import itertools
import re
from collections.abc import Mapping, Sequence

from core.answer import Citation
from core.answer_blocks import (
    ITEM,
    LABEL,
    AnswerBlock,
    AnswerSentence,
    Blocks,
    Marked,
    Marker,
    QuotedSpan,
    SentenceStatus,
    line_kind,
    numbers,
)

_STOP = re.compile(r"[.!?…:;,]+[\"'”“»«’)\]]*(?=\s|$)")


def marked(text: str) -> Marked:
    """A text of which every number in brackets is a marker."""
    found = re.finditer(r"\[(\d{1,4})\]", text)
    markers = (Marker(start=at.start(), end=at.end(), number=int(at[1])) for at in found)
    return Marked(text, tuple(markers))


def blocks_of(
    text: str | Marked, *citations: Citation, status: SentenceStatus = "quoted"
) -> Blocks:
    """The blocks of a text; evidence of a marker are all citations with its number, and a place of
    no length where there are none."""
    places: dict[int, list[QuotedSpan]] = {}
    for citation in citations:
        place = QuotedSpan(number=citation.number, start=citation.start, end=citation.end)
        places.setdefault(citation.number, []).append(place)
    found: list[AnswerBlock] = []
    lines = (text if isinstance(text, Marked) else marked(text)).lines
    for kind, group in itertools.groupby(lines, lambda line: line_kind(line.text)):
        taken = list(group)
        if kind == "label":
            labels = (AnswerSentence(text=line.cut(len(LABEL)).text) for line in taken)
            found += (AnswerBlock(kind="label", sentences=(label,)) for label in labels)
        elif kind == "list":
            items = [_sentences(line.cut(len(ITEM)), places, status) for line in taken]
            found.append(_listed(items))
        elif kind == "paragraph":
            sentences = _sentences(Marked.joined(taken, "\n"), places, status)
            if _is_note(sentences, found):
                found[-1] = found[-1].model_copy(update={"note": sentences[0].text})
            else:
                found.append(AnswerBlock(kind="paragraph", sentences=sentences))
    return tuple(found)


def _sentences(
    line: Marked, places: Mapping[int, Sequence[QuotedSpan]], status: SentenceStatus
) -> tuple[AnswerSentence, ...]:
    """The text before each run of markers, with what these stand for; a stop behind them belongs
    to it."""
    found: list[AnswerSentence] = []
    last = 0
    for place, marker in enumerate(line.markers):
        words = line.text[last : marker.start]
        nowhere = QuotedSpan(number=marker.number, start=0, end=0)
        evidence = tuple(places.get(marker.number, (nowhere,)))
        if found and not words.strip():
            found[-1] = _with(found[-1], evidence=(*found[-1].evidence, *evidence))
        else:
            found.append(AnswerSentence(text=words.strip(), status=status, evidence=evidence))
        last = marker.end
        after = line.markers[place + 1].start if place + 1 < len(line.markers) else len(line.text)
        if stop := _STOP.match(line.text, last, after):
            found[-1] = _with(found[-1], text=found[-1].text + stop[0])
            last = stop.end()
    rest = line.text[last:].strip()
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
    """The values of an answer, with blocks in place of `text` and `more`, unless it has blocks.

    With `only_cited` a number in brackets is a marker where a citation has it, else any is.
    """
    made = {name: value for name, value in values.items() if name not in ("text", "more")}
    status: SentenceStatus = "confirmed" if values.get("mode") == "generative" else "quoted"
    numbers = {citation.number for citation in citations}

    def of(text: object, status: SentenceStatus = "quoted") -> Blocks:
        whole = marked(str(text))
        cited = (at for at in whole.markers if at.number in numbers or not only_cited)
        return blocks_of(Marked(whole.text, tuple(cited)), *citations, status=status)

    if "text" in values and "blocks" not in values:
        made["blocks"] = of(values["text"], status)
    if more := values.get("more"):
        assert isinstance(more, Sequence)
        made["further"] = tuple(map(of, more))
    return made
