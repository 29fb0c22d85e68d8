// Opens and closes the panel with the passage of a number.
// It is no part of what Streamlit replaces, and closes when its answer goes. The step in the
// browser's history is there for Back. Streamlit runs a page again whenever a reader goes back, but
// for addresses with a "#": so ours has one while the panel is open.

if (!window.swPanel) {
  window.swPanel = true;
  const wide = matchMedia("(min-width: 1000px)");
  let panel = null;
  let source; // what the panel has a copy of
  let card; // the name of the card of the number that opened it
  let leaving = false; // the step in the history that the panel added

  const part = (name) => panel.querySelector(`.sw-panel-${name}`);
  const number = () => document.getElementById(card)?.closest(".sw-chip");

  // What is read stays where it is while the page gets narrower or wider.
  const steadily = (change) => {
    const page = document.querySelector(".stMain");
    const top = (one) => one?.getBoundingClientRect().top ?? 0;
    const seen = [number(), ...page.querySelectorAll(".sw-question, .sw-answer > *")];
    const read = seen.find((one) => top(one) > 60 && top(one) < window.innerHeight);
    const before = top(read);
    change();
    const away = () => {
      const moved = Math.round(top(read) - before);
      if (!moved) return;
      page.scrollTop += moved;
      page.dispatchEvent(new Event("scroll")); // so that Streamlit lets go of the end
    };
    away();
    let times = 10; // Streamlit may take its time to follow
    const timer = setInterval(() => { away(); if (--times === 0) clearInterval(timer); }, 50);
    for (const act of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      document.addEventListener(act, () => clearInterval(timer), {once: true, capture: true});
    }
  };

  // What the number rests on that was opened: the answer proper, or words of what is folded.
  const onlyOwn = (copy, words) => {
    const marks = [...copy.querySelectorAll("mark")];
    const meant = marks.filter((one) => words.some((word) => word.includes(one.textContent)));
    const proper = marks.filter((one) => !one.matches(".sw-further"));
    const own = meant.some((one) => !proper.includes(one)) ? meant : proper;
    for (const keep of copy.querySelectorAll(".sw-keep")) {
      const before = (one) => one.compareDocumentPosition(keep) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (!own.includes(marks.findLast(before))) keep.remove();
    }
    for (const one of marks) if (!own.includes(one)) one.replaceWith(...one.childNodes);
    return meant[0] ?? own[0];
  };

  const fill = (section, words = []) => {
    source = section;
    const all = [...section.closest(".sw-sources").querySelectorAll(".sw-source")];
    const copy = section.cloneNode(true);
    const quote = onlyOwn(copy, words);
    document.querySelectorAll(".sw-chip > a[aria-current]").forEach((one) => {
      one.removeAttribute("aria-current");
    });
    for (const {id} of section.querySelectorAll("[id]")) {
      document.querySelectorAll(`.sw-chip > a[href="#${CSS.escape(id)}"]`).forEach((one) => {
        one.setAttribute("aria-current", "true");
      });
    }
    copy.querySelectorAll("[id]").forEach((one) => one.removeAttribute("id"));
    const body = part("body");
    body.replaceChildren(copy);
    body.scrollTop = 0;
    part("place").textContent = `${all.indexOf(section) + 1} / ${all.length}`;
    for (const name of ["previous", "next"]) part(name).hidden = all.length < 2;
    const [box, room] = [quote?.getBoundingClientRect(), body.getBoundingClientRect()];
    if (box?.bottom > room.bottom) body.scrollTop = box.top - room.top - room.height / 3;
  };

  const step = (by) => {
    const all = [...source.closest(".sw-sources").querySelectorAll(".sw-source")];
    fill(all.at((all.indexOf(source) + by) % all.length));
  };

  const show = () => {
    document.querySelector(".stApp").classList.toggle("sw-beside", wide.matches);
    if (wide.matches) panel.show();
    else panel.showModal();
  };

  const close = ({stays = true} = {}) => {
    const closed = panel;
    panel = null;
    steadily(() => {
      closed.close();
      closed.remove();
      document.querySelector(".stApp").classList.remove("sw-beside");
    });
    document.querySelectorAll(".sw-chip > a[aria-current]").forEach((one) => {
      one.removeAttribute("aria-current");
    });
    if (!stays) return;
    number()?.classList.add("sw-closed"); // its card
    number()?.querySelector("a").focus({preventScroll: true});
    if (history.state?.swPanel) {
      leaving = true;
      history.back();
    }
  };

  const open = (chip, section) => {
    card = chip.querySelector(".sw-card").id;
    if (!panel) {
      steadily(() => {
        panel = section.closest(".sw-sources").querySelector(".sw-panel").cloneNode(true);
        document.querySelector(".stApp").append(panel);
        show();
      });
      part("previous").addEventListener("click", () => step(-1));
      part("next").addEventListener("click", () => step(1));
      part("close").addEventListener("click", () => close());
      panel.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
      panel.addEventListener("click", (event) => { if (event.target === panel) close(); });
      const here = location.href.includes("#") ? location.href : `${location.href}#`;
      history.replaceState(history.state, "", here);
      history.pushState({swPanel: true}, "", here);
    }
    fill(section, [...chip.querySelectorAll("q")].map((one) => one.textContent));
    part("body").focus({preventScroll: true});
  };

  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest(".sw-chip a[href^='#']");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const section = document.getElementById(link.hash.slice(1))?.closest(".sw-source");
    if (!section) return;
    event.preventDefault();
    open(link.closest(".sw-chip"), section);
  });
  window.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !panel) return;
    event.preventDefault();
    event.stopImmediatePropagation(); // it would stop an answer in the making as well
    close();
  }, {capture: true});
  window.addEventListener("popstate", () => {
    if (!panel && !leaving) return;
    leaving = false;
    if (panel) close();
    history.replaceState(history.state, "", location.href.replace(/#$/, ""));
  });
  wide.addEventListener("change", () => {
    if (!panel) return;
    panel.close();
    show();
  });
  new MutationObserver(() => {
    if (panel && !source.isConnected) close({stays: false});
  }).observe(document.body, {childList: true, subtree: true});
}
