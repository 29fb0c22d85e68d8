// Closes the sidebar of a phone when something is chosen in it: a page, a conversation, a new one.
// It lies over the page there, and Streamlit leaves it.

window.swSidebar?.abort();
window.swSidebar = new AbortController();
const closer = "[data-testid=stSidebarCollapseButton] button";
const chosen = ["[data-testid=stSidebarNavLink]", "[class*=st-key-plain-open-] button",
  ".st-key-new button"].join();
document.addEventListener("click", (event) => {
  const isPhone = matchMedia("(max-width: 768px)").matches;
  if (isPhone && event.target.closest?.(chosen)) {
    setTimeout(() => document.querySelector(closer)?.click());
  }
}, {signal: window.swSidebar.signal});
