"""What two answers have in common, word by word."""

import re
from difflib import SequenceMatcher

from ui.markup import escape
from ui.texts import Texts

_WORD = re.compile(r"\S+\s*|\s+")


def word_diff(before: str, now: str, texts: Texts) -> tuple[str, str]:
    """Both texts as HTML; `<del>` marks what only the first has, `<ins>` what only the second has.

    The marks are also said in words, for screen readers. Spaces and line breaks do not count.
    """
    old, new = _WORD.findall(before), _WORD.findall(now)
    matcher = SequenceMatcher(
        None, [word.strip() for word in old], [word.strip() for word in new], autojunk=False
    )
    left, right = [], []
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        gone, come = "".join(old[start:end]), "".join(new[new_start:new_end])
        left.append(escape(gone) if kind == "equal" else _marked("del", gone, texts))
        right.append(escape(come) if kind == "equal" else _marked("ins", come, texts))
    return "".join(left), "".join(right)


def _marked(tag: str, text: str, texts: Texts) -> str:
    words = text.rstrip()
    if not words:
        return text
    said = escape(texts(f"evaluation.diff.{tag}"))
    end = escape(texts("evaluation.diff.end"))
    return (
        f'<{tag}><span class="sw-hidden">[{said} </span>{escape(words)}'
        f'<span class="sw-hidden"> {end}]</span></{tag}>{text[len(words) :]}'
    )
