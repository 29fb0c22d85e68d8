"""Hypothesis strategies for what a model may reply, in the form that is asked for or near it."""

import json

from hypothesis import strategies as st

_WORDS = [
    "The", "drug", "market", "grows.", "It", "is", "EUR", "2.5", "million,", "e.g.", "in",
    "2021!", "De", "vloot", "vaart", "uit;", "art.", "3", "(2)", "“It", "is.”", "✔", "Confirmed:",
    "Straße", "Ελλάδα;", "km²", "z.B.", "“he", "said:", "725", "000", "…", "?", "Bürger*innen",
    "30%", "it's", "(a)", "COM(2020)", "607",
]  # fmt: skip
_MARKUP = (
    "[1]", " [2]", "[1][3]", "[1, 2]", "【1:0†】", "(1)", "[", "]", "[1", "[a](https://b.c/d)",
    "【", "\n", "\n\n", "\n- ", "\n1. ", "\n(a) ", "\n# ", "\n| a | b |\n", "**", "*", "`",
    "```\n", "~~", "<b>", "<br>", "\\", "{", "}", '"', '{"a":', "[]", "\r\n", "\t", "\u202e",
    "\u200b", "\ufffd", "\U0001f600",
)  # fmt: skip
texts = st.lists(
    st.one_of(
        st.lists(st.sampled_from(_WORDS), min_size=1, max_size=6).map(" ".join),
        st.sampled_from(_MARKUP),
        st.text(st.characters(exclude_categories=("Cs",)), max_size=5),
    ),
    max_size=20,
).map("".join)
"""What a model may write as a sentence."""

_odd_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts),
    lambda inside: st.one_of(
        st.lists(inside, max_size=3), st.dictionaries(st.sampled_from('ab{"'), inside, max_size=3)
    ),
    max_leaves=6,
)
_stretches = st.fixed_dictionaries({"passage": st.integers(-1, 9), "first": texts, "last": texts})
_entries = st.one_of(
    st.fixed_dictionaries({"text": texts, "evidence": st.lists(_stretches, max_size=3)}),
    st.fixed_dictionaries({"evidence": _odd_values, "text": texts}),
    _odd_values,
)
_structured = st.builds(
    lambda listed, indent, escaped: json.dumps(
        {"sentences": listed}, indent=indent, ensure_ascii=escaped
    ),
    st.lists(_entries, max_size=5),
    st.sampled_from((None, 2)),
    st.booleans(),
)
_thoughts = st.builds(
    lambda tag, inside, closed: f"<{tag}>{inside}{f'</{tag}>' if closed else ''}",
    st.sampled_from(("think", "thinking", "reasoning")),
    texts,
    st.sampled_from((True, True, True, False)),
)
replies = st.builds(
    lambda before, reply, behind: f"{before}{reply}{behind}",
    st.one_of(
        st.just(""), st.just(""), _thoughts, st.sampled_from(("```json\n", "Sure.\n", " \n"))
    ),
    st.one_of(_structured, _structured, texts, st.tuples(_structured, texts).map("".join)),
    st.one_of(st.just(""), st.sampled_from(("\n```", "\n\nDone.", "}", "]"))),
)
"""What a model may reply."""
