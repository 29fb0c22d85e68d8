// Lets `swKeepInView(find, block)` scroll what `find` finds into view ("start" or "nearest").
// What stands above it may come later, such as buttons whose code is still on its way: whenever the
// page's height changes it is shown again, until the reader does something.

window.swKeepInView ??= (find, block) => {
  window.swView?.abort();
  const view = window.swView = new AbortController();
  const show = () => find()?.scrollIntoView({block});
  const heights = new ResizeObserver(show);
  heights.observe(document.querySelector("[data-testid=stMainBlockContainer]"));
  view.signal.onabort = () => heights.disconnect();
  for (const act of ["wheel", "pointerdown", "touchstart", "keydown"]) {
    document.addEventListener(act, () => view.abort(), {capture: true, signal: view.signal});
  }
  show();
};
