"""A Hypothesis strategy for what people may type, or paste, as a question."""

from hypothesis import strategies as st

ODD = (
    "\x00", "\x1b[2J", "\u202e", "\u2066", "\u200b", "\ufeff", "\u00ad", "\ufffd", "\U0001f600",
    "\U0001f468\u200d\U0001f469", "e\u0301\u0302\u0303", "ﬁ", "½", "²", "①", "٣", "१२", "İ", "ß",
    "Ǆ", "ﷺ", "\r\n", "\n\n", "\t", "\u2028", "\u3000", "w" * 400, "Ё" * 300, "[1]", "(", "((((",
    '"', "“", "?" * 50,
)  # fmt: skip
QUERY = (
    "AND", "OR", "NOT", "+", "-", "drugs*", "*", "?", "~2", "^3", "title:", "text_nl:EMPACT",
    "[a TO b]", "{", "}", ".*", "(?i)", "\\", "/a/", "&&", "||", "!", "%", "_", "'", "'; --",
    "<b>", "&amp;", "a&b=c", "#x", "$x$", ":a:",
)  # fmt: skip
WORDS = [
    "What", "Wat", "how", "Hoeveel", "when", "is", "the", "de", "of", "does", "EU", "Union",
    "drugs", "drugsmarkt", "EMPACT", "Europol", "Commission", "strategy", "actions",
    "maatregelen", "2020", "2021–2025", "30", "miljard", "euro", "EUR", "11,6", "725", "000",
    "30%", "24", "July", "2020", "24/7", "COM(2020)", "607", "2011/93/EU", "article", "5", "and",
    "en", "compare", "shorter", "Korter", "hello", "Bedankt", "Summarise", "kinderen", "abuse",
    "Was", "Che", "Quelles", "Ποια", "Какво", "no", "not", "1.2.3", "1,000,000", "12:30", "3e",
    "10th", "first", "twee", "Belgium", "Nederland", "don't",
]  # fmt: skip
pieces = st.one_of(
    *[st.sampled_from(WORDS)] * 4,
    st.sampled_from(ODD),
    st.sampled_from(QUERY),
    st.text(st.characters(codec="utf-8"), max_size=6),
)
texts = st.tuples(st.lists(pieces, max_size=16), st.sampled_from((" ", " ", ""))).map(
    lambda parts: parts[1].join(parts[0])[:1000]
)
