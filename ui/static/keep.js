// Presses the hidden button of the quote that is kept, and says beside the quote what came of it.

if (!window.swKeep) {
  window.swKeep = true;
  document.addEventListener("click", (event) => {
    const asked = event.target.closest?.("[data-keep]")?.dataset.keep;
    if (asked) document.querySelector(`.st-key-keep-${CSS.escape(asked)} button`)?.click();
  });
}
{
  const {textContent, dataset} = document.querySelector(".sw-keep-outcome");
  document.querySelectorAll(".sw-keep-told").forEach((place) => {
    const {keep} = place.previousElementSibling.dataset;
    place.textContent = dataset.of && keep.endsWith(dataset.of) ? textContent : "";
  });
}
