// Keeps a card beside its number and inside the window; Escape closes it, a tap elsewhere as well.
// A second tap on the number closes its card, one on the card opens the source.
// Cards open without it (WCAG 1.4.13).

if (!window.swCards) {
  window.swCards = true;
  const chipOf = (node) => node instanceof Element ? node.closest(".sw-chip") : null;
  const close = (chip) => chip.classList.add("sw-closed");
  const touch = matchMedia("(hover: none)");
  const fade = 40; // pixels above the field in which the page fades out
  let tappedOpen; // what was open when a finger came down on it
  const place = (chip) => {
    const card = chip.querySelector(".sw-card");
    const number = chip.querySelector("a, button").getBoundingClientRect();
    const column = chip.closest(".sw-answer").getBoundingClientRect();
    chip.classList.remove("sw-above");
    const left = Math.min(number.left - column.left, column.width - card.offsetWidth);
    card.style.left = `${Math.max(0, left)}px`;
    const box = card.getBoundingClientRect();
    const field = document.querySelector('[data-testid="stBottom"]');
    const end = field ? field.getBoundingClientRect().top : window.innerHeight;
    const isAbove = box.bottom > end && number.top - box.height > 60;
    chip.classList.toggle("sw-above", isAbove);
    const behind = box.bottom + fade - end; // where its link may be
    if (touch.matches && !isAbove && behind > 0) document.querySelector(".stMain").scrollBy(0, behind);
  };
  for (const name of ["pointerover", "focusin"]) {
    document.addEventListener(name, (event) => {
      const chip = chipOf(event.target);
      if (chip && chipOf(event.relatedTarget) !== chip) place(chip);
    });
  }
  for (const name of ["pointerout", "focusout"]) {
    document.addEventListener(name, (event) => {
      const chip = chipOf(event.target);
      if (chip) setTimeout(() => {
        if (!chip.matches(":hover, :focus-within")) chip.classList.remove("sw-closed");
      });
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    document.querySelectorAll(".sw-chip:hover, .sw-chip:focus-within").forEach(close);
  });
  document.addEventListener("click", (event) => {
    const chip = chipOf(event.target);
    if (!chip) return;
    const isOn = event.target.closest(".sw-card");
    if (event.target.closest("a") || (chip === tappedOpen && !isOn)) close(chip);
    else if (chip === tappedOpen) chip.querySelector(".sw-card-link")?.click();
  });
  document.addEventListener("pointerdown", (event) => {
    const open = chipOf(document.activeElement);
    const chip = chipOf(event.target);
    if (open && chip !== open) document.activeElement.blur();
    tappedOpen = touch.matches && chip === open && !chip?.matches(".sw-closed") ? chip : null;
    if (chip?.matches(".sw-closed")) {
      chip.classList.remove("sw-closed");
      place(chip);
    }
  });
}
