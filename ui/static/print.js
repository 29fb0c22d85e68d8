// Opens the browser's dialogue that prints a page. given: token, page.
// The page is shown nowhere: only the dialogue is, which also saves as PDF.

const {token, page} = given;
swOnce(token, () => {
  document.querySelector("iframe.sw-print")?.remove();
  const frame = Object.assign(document.createElement("iframe"), {srcdoc: page, tabIndex: -1});
  frame.className = "sw-print";
  frame.ariaHidden = "true";
  frame.onload = () => frame.contentWindow.print();
  document.body.append(frame);
});
