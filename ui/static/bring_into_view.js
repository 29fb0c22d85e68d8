// Scrolls a place into view. given: place (a CSS selector), block ("start" or "nearest").
// Nothing else scrolls the chat page, so what is in view stays there.

swKeepInView(() => document.querySelector(given.place), given.block);
