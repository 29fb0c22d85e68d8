"""What the reader has asked for comes into view."""

from typing import Literal

# What stands above it may come later, such as buttons whose code is still on its way: whenever the
# page's height changes the place is shown again, until the reader does something.
_SCRIPT = """<script>
{{
  window.swView?.abort();
  const view = window.swView = new AbortController();
  const show = () => document.querySelector("{place}")?.scrollIntoView({{block: "{block}"}});
  const heights = new ResizeObserver(show);
  heights.observe(document.querySelector("[data-testid=stMainBlockContainer]"));
  view.signal.onabort = () => heights.disconnect();
  for (const act of ["wheel", "pointerdown", "touchstart", "keydown"]) {{
    document.addEventListener(act, () => view.abort(), {{capture: true, signal: view.signal}});
  }}
  show();
}}
</script>"""


def bring_into_view(place: str, block: Literal["start", "nearest"]) -> str:
    """A script that shows a place, once its element is drawn or its own text has changed.

    Nothing else scrolls the chat page, so what is in view stays there.

    Args:
        place: a CSS selector, in which only our own names go.
        block: whether it goes to the top, or no further than needed.
    """
    return _SCRIPT.format(place=place, block=block)
