// Puts the cursor in the editor that was asked for, as soon as it is there.

let times = 20;
const timer = setInterval(() => {
  const editor = document.querySelector("[class*='st-key-edited-'] textarea");
  editor?.focus();
  if (editor || --times === 0) clearInterval(timer);
}, 100);
