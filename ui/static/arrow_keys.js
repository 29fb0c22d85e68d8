// Makes the list of conversations one stop of the Tab key, however long it is.
// The arrow keys go through it.

const all = () => [
  ...document.querySelectorAll(".st-key-conversations [class*=st-key-plain-open-] button"),
];
const stop = () => {
  const lines = all();
  const here = lines.find((one) => one === document.activeElement)
    ?? lines.find((one) => one.closest("[class*='st-key-open-']")) ?? lines[0];
  for (const one of lines) one.tabIndex = one === here ? 0 : -1;
};
window.swLines?.abort();
window.swLines = new AbortController();
document.addEventListener("keydown", (event) => {
  const lines = all();
  const at = lines.indexOf(event.target);
  const step = {ArrowDown: 1, ArrowUp: -1}[event.key];
  if (at < 0 || !step) return;
  event.preventDefault();
  lines[at + step]?.focus();
  stop();
}, {signal: window.swLines.signal});
const changes = new MutationObserver(stop);
changes.observe(document.querySelector("[data-testid=stSidebar]"), {subtree: true, childList: true});
window.swLines.signal.onabort = () => changes.disconnect();
stop();
