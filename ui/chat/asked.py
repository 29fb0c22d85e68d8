"""The question in what a reader typed or pasted, and the field's word on how long it may be."""

import re

from core.sentences import sentences
from ui.markup import escape
from ui.texts import Texts

MAX_QUESTION = 1000  # characters
_LONGEST_READ = 100 * MAX_QUESTION  # in a longer text no question is looked for
_PARAGRAPH = re.compile(r"(?s:(?!\n[^\S\n]*\n|(?<=[.:!?])[^\S\n]*\n).)+")
_ASKING = re.compile(r"[?\u037e][”“»\"')\]]*$")  # also the Greek question mark
_FEWEST_WORDS = 3  # "Really?" asks nothing that can be searched

# Tells how long the text in a field is once that matters. No data goes in here: what is said stands
# in attributes of the element.
_COUNT = """<script>
{
  window.swLength?.abort();
  window.swLength = new AbortController();
  const count = () => {
    const told = document.querySelector(".sw-length");
    const field = document.activeElement;
    if (!told) return;
    const length = field?.matches(".stChatInput textarea, [class*='st-key-edited-'] textarea")
      ? field.value.trim().length : 0;
    const {limit, near, over} = told.dataset;
    const words = length > limit ? over : length > 0.8 * limit ? near : "";
    told.textContent = words.replace("{length}", length);
  };
  for (const act of ["input", "keyup", "click", "focusin"]) {
    document.addEventListener(act, () => setTimeout(count), {signal: window.swLength.signal});
  }
}
</script>"""


def question_in(text: str) -> tuple[str, str]:
    """The question that a text asks, and the rest of it, which is not searched.

    A text that is short enough is the question. Of a longer one it is the last sentence if that
    asks something, else the first, else the last one that does; empty where none does.
    """
    if len(text) <= MAX_QUESTION:
        return text, ""
    if len(text) > _LONGEST_READ:
        return "", text
    found = [
        (paragraph.start() + start, paragraph.start() + end)
        for paragraph in _PARAGRAPH.finditer(text)
        for start, end in sentences(paragraph[0], "en")
    ]
    for start, end in (*found[-1:], *found[:1], *reversed(found)):
        sentence = text[start:end]
        asks = _ASKING.search(sentence) and len(sentence.split()) >= _FEWEST_WORDS
        if asks and len(sentence) <= MAX_QUESTION:
            rest = (text[:start].strip(), text[end:].strip())
            return " ".join(sentence.split()), "\n\n".join(filter(None, rest))
    return "", text


def length_html(texts: Texts) -> str:
    """Tells, while somebody types, how much room there is left."""
    near, over = (
        escape(texts(f"chat.{name}", length="{length}", limit=MAX_QUESTION))
        for name in ("near_limit", "over_limit")
    )
    return (
        f'<p class="sw-length sw-facts" role="status" data-limit="{MAX_QUESTION}" '
        f'data-near="{near}" data-over="{over}"></p>{_COUNT}'
    )
