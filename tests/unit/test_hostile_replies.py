"""A model's reply in JSON with something off in any field: what is off is as if it were not there.

Each row has one hostile value in one field; what is good in the reply is read as if that value were
not there, and nothing is raised.
"""

import json
from collections.abc import Iterator, Mapping

import pytest

from chain.checking.checker import Opinion, read_opinions
from chain.model.language_model import tidy, without_thoughts
from chain.request import Draft, Gaps, NamedStretch
from chain.writing.generative import read
from core.errors import ModelError

GOOD = "In 2019 there were more than 725 000 reports."
STRETCH = '{"passage": 2, "first": "In 2019 there", "last": "000 reports."}'
AS_ASKED = f'{{"text": "{GOOD}", "evidence": [{STRETCH}]}}'
SENTENCE = Draft(GOOD, (1,), stretches=(NamedStretch(1, "In 2019 there", "000 reports."),))
VERDICT = '{"number": 1, "reason": "It says so.", "verdict": "supported"}'

HOSTILE = {
    "true": "true",
    "null": "null",
    "zero": "0",
    "negative": "-7",
    "a number": "12.5",
    "unknown number": "4711",
    "huge number": "9" * 1500,
    "huge exponent": "1e9999",
    "infinite": "-Infinity",
    "empty": '""',
    "a digit as text": '"2"',
    "lone surrogate": r'"\ud83d"',
    "nothing seen": r'"\u0000\ufeff\u202e"',
    "raw nothing seen": '"\x00\ufeff\u202e"',
    "line end within": '"a\nb"',
    "long text": json.dumps("no " * 400),
    "JSON as text": json.dumps(json.dumps({"sentences": [{"text": "No."}]})),
    "empty list": "[]",
    "lists": "[[], [true], [[1]], null]",
    "empty object": "{}",
    "object": '{"text": true, "number": [], "": null}',
    "nested lists": "[" * 300 + "]" * 300,
    "nested objects": '{"a":' * 300 + "1" + "}" * 300,
}  # fmt: skip
hostile = pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)


NOTHING = {"searches": (), "not_stated": ()}
lists = pytest.mark.parametrize("name", ["searches", "not_stated"])


def _read(reply: str) -> tuple[list[Draft], Mapping[str, tuple[str, ...]]]:
    """The drafts and lists of a reply, read as it arrives from a server."""
    drafts: list[Draft] = []
    gaps = Gaps()
    for each in read(without_thoughts(tidy(_pieces(reply)))):
        if isinstance(each, Gaps):
            gaps = each
        elif not each.is_open:
            drafts.append(each)
    return drafts, {"searches": gaps.queries, "not_stated": gaps.not_stated}


def _pieces(reply: str) -> Iterator[str]:
    yield from (reply[start : start + 90] for start in range(0, len(reply), 90))


@hostile
@lists
@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
def test_a_list_costs_no_sentence_and_has_those_that_are_texts(
    name: str, value: str, first: bool
) -> None:
    for listed in (value, f'["drugs", {value}]'):
        fields = [f'"{name}": {listed}', f'"sentences": [{AS_ASKED}]']
        drafts, found = _read(f"{{{', '.join(fields if first else fields[::-1])}}}")
        assert drafts == [SENTENCE]
    assert found[name][0] == "drugs"
    assert all(len(each) <= 300 for each in found[name])


@lists
def test_a_list_without_end_has_an_end(name: str) -> None:
    entries = json.dumps([f"a thing {number}" for number in range(60)])
    _, found = _read(f'{{"sentences": [{AS_ASKED}], "{name}": {entries}}}')
    assert len(found[name]) == {"searches": 3, "not_stated": 5}[name]


@hostile
def test_an_entry_costs_no_other(value: str) -> None:
    for entries in (f"{value}, {AS_ASKED}", f'{{"text": {value}, "evidence": []}}, {AS_ASKED}'):
        drafts, _ = _read(f'{{"sentences": [{entries}]}}')
        assert SENTENCE in drafts


@hostile
@pytest.mark.parametrize(
    "entry",
    ['{{"text": "{said}", "evidence": {value}}}', '{{"text": "{said}", "evidence": [{value}]}}'],
    ids=["evidence", "a stretch"],
)
def test_what_a_sentence_rests_on_costs_no_sentence(value: str, entry: str) -> None:
    (draft,) = _read(f'{{"sentences": [{entry.format(said=GOOD, value=value)}]}}')[0]
    assert draft.text == GOOD
    assert all(type(number) is int and number >= 0 for number in draft.cites)
    assert not any(stretche.passage == 0 for stretche in draft.stretches)  # `true` is not 1


@hostile
@pytest.mark.parametrize("field", ["passage", "first", "last"])
def test_a_field_of_a_stretch_costs_no_other_stretch(value: str, field: str) -> None:
    said = {"passage": "1", "first": '"In 2019"', "last": '"reports."', field: value}
    odd = f"{{{', '.join(f'{json.dumps(name)}: {it}' for name, it in said.items())}}}"
    entry = f'{{"text": "{GOOD}", "evidence": [{odd}, {STRETCH}]}}'
    (draft,) = _read(f'{{"sentences": [{entry}]}}')[0]
    assert draft.stretches[-1] == SENTENCE.stretches[0]
    assert 1 in draft.cites
    assert all(number >= 0 for number in draft.cites)


def test_the_words_of_a_stretch_stay_when_its_passage_is_off() -> None:
    entry = f'{{"text": "{GOOD}", "evidence": [{STRETCH.replace("2", "true", 1)}]}}'
    (draft,) = _read(f'{{"sentences": [{entry}]}}')[0]
    assert draft.stretches == (NamedStretch(-1, "In 2019 there", "000 reports."),)
    assert draft.cites == ()


@pytest.mark.parametrize(
    "reply",
    [
        "\ufeff{}", "\x00{}", "```json\n{}\n```", "Sure!\n{}", "{}\n\nDone. {{}}", "{} }} ]",
        "{}{}", "<think>{{\"sentences\": true}}</think>{}",
    ],
)  # fmt: skip
def test_what_stands_around_the_object_is_no_matter(reply: str) -> None:
    whole = f'{{"sentences": [{AS_ASKED}], "searches": ["drugs"]}}'
    assert _read(reply.format(whole, whole)) == ([SENTENCE], {**NOTHING, "searches": ("drugs",)})


@pytest.mark.parametrize(
    "ending",
    ["", "]", '], "sea', '], "searches": [', '], "searches": ["drugs', ', {"text": "It gr',
     ', {"text": "It grows.", "evid', ', {"text": "It grows.", "evidence": [{"passage": 1'],
)  # fmt: skip
def test_a_reply_that_ends_too_early_keeps_its_whole_sentences(ending: str) -> None:
    assert _read(f'{{"sentences": [{AS_ASKED}{ending}') == ([SENTENCE], NOTHING)


@hostile
@pytest.mark.parametrize("field", ["number", "reason", "verdict", "entry", "kind"])
def test_an_opinion_costs_no_other(value: str, field: str) -> None:
    said = {"number": "2", "reason": '"No."', "verdict": '"supported"', field: value}
    odd = f"{{{', '.join(f'{json.dumps(name)}: {it}' for name, it in said.items())}}}"
    entries = (odd if field != "entry" else value, VERDICT)
    first, second = read_opinions(f'{{"verdicts": [{", ".join(entries)}]}}', 2)
    assert first == Opinion(True, "It says so.")
    if field in ("number", "verdict", "entry"):
        assert second is None
    else:
        assert second is not None
        assert second.supported
        assert len(second.reason) <= 300


def test_of_two_verdicts_on_a_sentence_neither_counts() -> None:
    entries = f"{VERDICT}, {VERDICT}, {VERDICT.replace('1', '2')}"
    assert read_opinions(f'{{"verdicts": [{entries}]}}', 2) == [None, Opinion(True, "It says so.")]


@hostile
def test_a_reply_without_any_verdict_is_a_failure_of_the_checker(value: str) -> None:
    for reply in (value, f'{{"verdicts": {value}}}', f'{{"verdicts": [{VERDICT}'):
        with pytest.raises(ModelError):
            read_opinions(reply, 1)
