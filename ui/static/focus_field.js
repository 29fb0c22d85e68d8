// Puts the cursor in the field when a conversation begins.
// Not where the reader is elsewhere, nor on a phone, whose keyboard would cover half of the page.

let times = 20;
const timer = setInterval(() => {
  const field = document.querySelector(".stChatInput textarea:not(:disabled)");
  const at = document.activeElement;
  const isFree = at === document.body || at.closest(".st-key-new");
  if (field && isFree && matchMedia("(hover: hover)").matches) field.focus();
  if (field || --times === 0) clearInterval(timer);
}, 100);
