// Keeps a card beside its number and inside the window; Escape closes it, a tap elsewhere as well.
// Cards open without it (WCAG 1.4.13).

if (!window.swCards) {
  window.swCards = true;
  const chipOf = (node) => node instanceof Element ? node.closest(".sw-chip") : null;
  const close = (chip) => chip.classList.add("sw-closed");
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
    chip.classList.toggle("sw-above", box.bottom > end && number.top - box.height > 60);
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
    if (chip && event.target.closest("a")) close(chip);
  });
  document.addEventListener("pointerdown", (event) => {
    const open = chipOf(document.activeElement);
    const chip = chipOf(event.target);
    if (open && chip !== open) document.activeElement.blur();
    if (chip) chip.classList.remove("sw-closed");
  });
}
