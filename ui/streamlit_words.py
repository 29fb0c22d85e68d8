"""What Streamlit itself says, in the language of the page: it has its own words in English only."""

import json
from collections.abc import Iterator

from ui.texts import Texts, languages, load

# Nothing but texts of ours goes in here. What Streamlit shows of ours or of the sources is left
# alone. Names of months and days in calendars are in the language of the browser.
_SCRIPT = """<script>
{{ // a block, since all scripts of a page share their names
  const words = new Map({words});
  const around = {around};
  const shown = ["aria-label", "aria-valuetext", "title", "placeholder", "alt"];
  const ours = ".stHtml, [role=option][data-key]";
  const oursAsText = ours + ", [data-testid=stMarkdownContainer], [data-testid=stCode], "
    + "[data-testid=stMultiSelectTagsContainer], [data-testid=stFileUploaderFileName]";
  const uploader = "[data-testid=stFileUploaderDropzone]"; // its button is Markdown of Streamlit's
  const told = (text) => {{
    if (words.has(text)) return words.get(text);
    for (const [before, after, first, last] of around) {{
      const inner = text.slice(before.length, text.length - after.length);
      if (inner && text === before + inner + after) return first + inner + last;
    }}
    return text;
  }};
  const tell = (node) => {{
    if (node.nodeType === Node.TEXT_NODE) {{
      const text = node.data.trim();
      const parent = node.parentElement;
      if (!text || (parent?.closest(oursAsText) && !parent.closest(uploader))) return;
      if (told(text) !== text) node.data = node.data.replace(text, () => told(text));
    }} else if (!node.closest(ours)) {{
      for (const name of shown) {{
        const text = node.getAttribute(name);
        if (text && told(text) !== text) node.setAttribute(name, told(text));
      }}
    }}
  }};
  const tellAll = (root) => {{
    if (root.nodeType === Node.ELEMENT_NODE && root.closest(".stHtml")) return;
    const nodes = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
    for (let node = root; node; node = nodes.nextNode()) {{
      if (node.nodeType <= Node.TEXT_NODE) tell(node);
    }}
  }};
  window.swWords?.disconnect();
  window.swWords = new MutationObserver((changes) => {{
    for (const {{type, target, addedNodes}} of changes) {{
      if (type === "childList") addedNodes.forEach(tellAll);
      else tell(target);
    }}
  }});
  window.swWords.observe(document.body, {{
    subtree: true, childList: true, characterData: true, attributeFilter: shown,
  }});
  document.documentElement.lang = "{language}";
  tellAll(document.body);
}}
</script>"""


def script(texts: Texts) -> str:
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
    return _SCRIPT.format(
        words=_as_json([*words.items()]), around=_as_json(around), language=texts.language
    )


def _own(texts: Texts) -> Iterator[tuple[str, str]]:
    return ((key, text) for key, text in texts.values.items() if key.startswith("streamlit."))


def _as_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False).replace("</", "<\\/")
