// Lets `swKeepInView(find, block)` scroll what `find` finds into view ("start" or "nearest").
// What stands above it may come later, such as buttons whose code is still on its way: whenever the
// page's height changes it is shown again, until the reader does something.

window.swKeepInView ??= (find, block) => {
  window.swView?.abort();
  const view = window.swView = new AbortController();
  let page = null;
  const show = () => {
    const now = document.querySelector("[data-testid=stMainBlockContainer]");
    if (now && now !== page) heights.observe(page = now); // Streamlit has made it anew
    find()?.scrollIntoView({block});
  };
  const heights = new ResizeObserver(show);
  view.signal.onabort = () => heights.disconnect();
  for (const act of ["wheel", "pointerdown", "touchstart", "keydown"]) {
    document.addEventListener(act, () => view.abort(), {capture: true, signal: view.signal});
  }
  show();
};
