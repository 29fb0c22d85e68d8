// Puts the cursor in the field when a conversation begins, unless the reader is elsewhere or has no
// keyboard: that of a phone would cover half of the page.

let times = 20;
const timer = setInterval(() => {
  const field = document.querySelector(".stChatInput textarea:not(:disabled)");
  const at = document.activeElement;
  const isFree = at === document.body || at.closest(".st-key-new");
  if (field && isFree && matchMedia("(hover: hover)").matches) field.focus();
  if (field || --times === 0) clearInterval(timer);
}, 100);
