// Tells how long the text in a field is once that matters; the words stand in attributes.

window.swLength?.abort();
window.swLength = new AbortController();
const count = () => {
  const told = document.querySelector(".sw-length");
  const field = document.activeElement;
  if (!told) return;
  const length = field?.matches(".stChatInput textarea, [class*='st-key-edited-'] textarea")
    ? field.value.trim().length : 0;
  const {limit, near, over} = told.dataset;
  const words = length > limit ? over : length > 0.8 * limit ? near : "";
  told.textContent = words.replace("{length}", length);
};
for (const act of ["input", "keyup", "click", "focusin"]) {
  document.addEventListener(act, () => setTimeout(count), {signal: window.swLength.signal});
}
