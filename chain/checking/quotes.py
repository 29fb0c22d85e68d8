"""Whether a quotation is word for word in its source."""

from chain.reading.quotables import is_row, reading
from chain.request import Draft, Quote, Request, Verdict


def quoted(draft: Draft, request: Request) -> Verdict:
    """Verdict on a draft with a quote of its own."""
    is_quoted = draft.quote is not None and _is_quoted(draft, draft.quote, request)
    return Verdict("quoted", (draft.quote,)) if draft.quote and is_quoted else Verdict("differs")


def _is_quoted(draft: Draft, quote: Quote, request: Request) -> bool:
    """Whether the draft's text is verbatim in its quote, and the quote within its passage; a table
    row may have its headings."""
    if not 0 <= quote.passage < len(request.found):
        return False
    passage = request.found[quote.passage].passage
    if not 0 <= quote.start < quote.end <= len(passage.text):
        return False
    source = " ".join(passage.text[quote.start : quote.end].split())
    within = [u for u in passage.units if quote.start <= u.start and u.end <= quote.end]
    rows = {reading(passage, unit) for unit in within if is_row(passage, unit)}
    texts = [text for text in (draft.text, *draft.items, *(draft.around or ())) if text]
    return bool(texts) and all(text in source or text in rows for text in texts)
