// Scrolls a place into view. given: place (a CSS selector), block ("start" or "nearest").
// Nothing else scrolls the chat page, so what is in view stays there.
// What stands above it may come later, such as buttons whose code is still on its way: whenever the
// page's height changes the place is shown again, until the reader does something.

window.swView?.abort();
const view = window.swView = new AbortController();
const show = () => document.querySelector(given.place)?.scrollIntoView({block: given.block});
const heights = new ResizeObserver(show);
heights.observe(document.querySelector("[data-testid=stMainBlockContainer]"));
view.signal.onabort = () => heights.disconnect();
for (const act of ["wheel", "pointerdown", "touchstart", "keydown"]) {
  document.addEventListener(act, () => view.abort(), {capture: true, signal: view.signal});
}
show();
