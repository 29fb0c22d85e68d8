"""What the reader looks at stays in view."""

# A page that is at its end follows what is added there, with steps that may come late on a busy
# machine. Whenever scrolling has come to rest this brings what the reader looks at back into view,
# until the reader does something. Streamlit lets go of the end when it hears of a scroll while
# nothing is added, but looks for that only when the browser tells it, and by then may have scrolled
# on: so it is told at once. Only our own names go in here.
STAY_IN_VIEW = """<script>
{{ // a block, since all scripts of a page share their names
  const stop = new AbortController();
  let timer;
  let scroller;
  const bring = () => {{
    const box = document.querySelector("{place}");
    if (!box) return stop.abort();
    const before = scroller?.scrollTop;
    box.scrollIntoView({{block: "nearest"}});
    if (scroller && scroller.scrollTop !== before) scroller.dispatchEvent(new Event("scroll"));
  }};
  const whenAtRest = (event) => {{
    if (event?.target.querySelector?.("{place}")) scroller = event.target;
    clearTimeout(timer);
    timer = setTimeout(bring, 150); // Streamlit hears of a scroll every 100 ms
  }};
  stop.signal.onabort = () => clearTimeout(timer);
  document.addEventListener("scroll", whenAtRest, {{capture: true, signal: stop.signal}});
  for (const act of ["wheel", "pointerdown", "touchstart", "keydown"]) {{
    document.addEventListener(act, () => stop.abort(), {{capture: true, signal: stop.signal}});
  }}
  whenAtRest();
}}
</script>"""
