"""Verifies that a quotation is word for word in its source: all that an answer without a model
needs."""

from chain.reading.quotables import is_row, reading
from chain.request import Draft, Request, Verdict


def quoted(draft: Draft, request: Request) -> Verdict:
    """Verdict on a draft by its own quote: "quoted" if its text is verbatim there, and the quote
    within its passage; a table row may have its headings."""
    quote, differs = draft.quote, Verdict("differs")
    if quote is None or not 0 <= quote.passage < len(request.found):
        return differs
    passage = request.found[quote.passage].passage
    if not 0 <= quote.start < quote.end <= len(passage.text):
        return differs
    source = " ".join(passage.text[quote.start : quote.end].split())
    within = [u for u in passage.units if quote.start <= u.start and u.end <= quote.end]
    rows = {reading(passage, unit) for unit in within if is_row(passage, unit)}
    texts = [text for text in (draft.text, *draft.items, *(draft.around or ())) if text]
    is_quoted = bool(texts) and all(text in source or text in rows for text in texts)
    return Verdict("quoted", (quote,)) if is_quoted else differs
