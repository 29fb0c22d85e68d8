// Says what Streamlit itself says in the language of the page.
// given: words, around, language, byte (its sign).
// What Streamlit shows of ours or of the sources is left alone.

const words = new Map(given.words);
const shown = ["aria-label", "aria-valuetext", "title", "placeholder", "alt"];
const ours = ".stHtml, [role=option][data-key]";
const oursAsText = ours + ", [data-testid=stMarkdownContainer], [data-testid=stCode], "
  + "[data-testid=stMultiSelectTagsContainer], [data-testid=stFileUploaderFileName]";
const uploader = "[data-testid=stFileUploaderDropzone]"; // its button is Markdown of Streamlit's
const told = (text) => {
  if (words.has(text)) return words.get(text);
  for (const [before, after, first, last] of given.around) {
    const inner = text.slice(before.length, text.length - after.length);
    if (inner && text === before + inner + after) return first + inner + last;
  }
  return text;
};
// "tarieven.md, 30.0KB" as "tarieven.md, 30 KB"
const sized = (text) => text.replace(/(\d+\.\d)([KMG]?)B$/, (_, number, times) =>
  `${Number(number).toLocaleString(given.language)}\u00a0${times}${given.byte}`);
const chosenFile = "[data-testid=stFileChip]";
const tell = (node) => {
  if (node.nodeType === Node.TEXT_NODE) {
    const text = node.data.trim();
    const parent = node.parentElement;
    if (!text || (parent?.closest(oursAsText) && !parent.closest(uploader))) return;
    const isSize = parent?.closest(chosenFile) && !parent.closest("[data-testid=stFileChipName]");
    const now = isSize ? sized(text) : told(text);
    if (now !== text) node.data = node.data.replace(text, () => now);
  } else if (!node.closest(ours)) {
    for (const name of shown) {
      const text = node.getAttribute(name);
      const now = text && (node.matches(chosenFile) ? sized(text) : told(text));
      if (now !== text) node.setAttribute(name, now);
    }
  }
};
const tellAll = (root) => {
  if (root.nodeType === Node.ELEMENT_NODE && root.closest(".stHtml")) return;
  const nodes = document.createTreeWalker(root, NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT);
  for (let node = root; node; node = nodes.nextNode()) {
    if (node.nodeType <= Node.TEXT_NODE) tell(node);
  }
};
window.swWords?.disconnect();
window.swWords = new MutationObserver((changes) => {
  for (const {type, target, addedNodes} of changes) {
    if (type === "childList") addedNodes.forEach(tellAll);
    else tell(target);
  }
});
window.swWords.observe(document.body, {
  subtree: true, childList: true, characterData: true, attributeFilter: shown,
});
document.documentElement.lang = given.language;
tellAll(document.body);
