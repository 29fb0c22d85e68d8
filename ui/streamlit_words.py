"""What Streamlit itself says, in the language of the page: it has its own words in English only.

Names of months and days in calendars are in the language of the browser.
"""

from collections.abc import Iterator

from ui.scripts import script
from ui.texts import Texts, languages, load


def translated(texts: Texts) -> str:
    """Says all of it in the language of the page, now and whatever comes; also the page's own."""
    words, around = {}, []
    for key, value in _own(texts):
        first, opens, rest = value.partition("{")
        for language in languages():
            former = load(language).values[key]
            if not opens:
                words[former] = value
                continue
            before, _, after = former.partition("{")
            around.append([before, after.partition("}")[2], first, rest.partition("}")[2]])
    return script(
        "streamlit_words",
        words=[*words.items()],
        around=around,
        language=texts.language,
        byte=texts("byte"),
    )


def _own(texts: Texts) -> Iterator[tuple[str, str]]:
    return ((key, text) for key, text in texts.values.items() if key.startswith("streamlit."))
