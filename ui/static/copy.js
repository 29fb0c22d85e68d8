// Puts a text on the clipboard and tells so for a moment. given: token, text, copied, failed.
// Where a page has no secure address, browsers only copy what is selected.

const {token, text, copied, failed} = given;
swOnce(token, () => {
  const tell = (said, place = document.getElementById("sw-copied-" + token)) => {
    if (place) place.textContent = said;
    if (place && said) setTimeout(tell, 4000, "", place);
  };
  const select = () => {
    const area = Object.assign(document.createElement("textarea"), {value: text, readOnly: true});
    const before = document.activeElement;
    area.style.position = "fixed";
    area.style.opacity = "0";
    document.body.append(area);
    area.select();
    const worked = document.execCommand("copy");
    area.remove();
    before?.focus({preventScroll: true});
    tell(worked ? copied : failed);
  };
  if (navigator.clipboard) navigator.clipboard.writeText(text).then(() => tell(copied), select);
  else select();
});
