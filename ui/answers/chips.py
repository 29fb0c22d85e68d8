"""In the sentence: the number of its source, a card with the quote, and how it was checked."""

from collections.abc import Mapping

from core.types import Answer, Citation
from ui import origins
from ui.answers.citations import Verdict, anchors, pages, section, verdict
from ui.markup import escape
from ui.texts import Texts

_GLYPHS: Mapping[Verdict, str] = {
    "literal": "”",
    "literal_brief": "”",
    "literal_official": "”",
    "supported": "✓",
}

# Cards open without it. It keeps a card beside its number and inside the window, lets Escape close
# it and a tap elsewhere as well (WCAG 1.4.13). No data goes in here.
CARDS = """<script>
if (!window.swCards) {
  window.swCards = true;
  const chipOf = (node) => node instanceof Element ? node.closest(".sw-chip") : null;
  const close = (chip) => chip.classList.add("sw-closed");
  const place = (chip) => {
    const card = chip.querySelector(".sw-card");
    const number = chip.querySelector("a").getBoundingClientRect();
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
    if (event.key === "Escape") document.querySelectorAll(".sw-chip").forEach(close);
  });
  document.addEventListener("click", (event) => {
    const chip = chipOf(event.target);
    if (chip && event.target.closest("a")) close(chip);
  });
  // Streamlit scrolls to the end of a chat that grows: a quote that was opened stays in view until
  // its reader moves on.
  document.addEventListener("focusin", ({target: quote}) => {
    if (!quote.matches(".sw-source [id]")) return;
    let times = 50;
    const timer = setInterval(() => {
      if (document.activeElement !== quote || --times === 0) clearInterval(timer);
      else quote.scrollIntoView({block: "nearest"});
    }, 200);
    for (const name of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      document.addEventListener(name, () => clearInterval(timer), {once: true});
    }
  });
  document.addEventListener("pointerdown", (event) => {
    const open = chipOf(document.activeElement);
    const chip = chipOf(event.target);
    if (open && chip !== open) document.activeElement.blur();
    if (chip) chip.classList.remove("sw-closed");
  });
}
</script>"""


class Chips:
    """The markers of one answer as they are shown; `marker` goes into `ui.markup.answer_html`."""

    def __init__(self, answer: Answer, prefix: str, texts: Texts) -> None:
        self._citations = {citation.number: citation for citation in answer.citations}
        self._targets = anchors(answer, prefix)
        self._prefix = prefix
        self._texts = texts
        self._verdicts: list[Verdict] = []

    def marker(self, number: int, sentence: str) -> str:
        """A link to the quote, its card, and the mark of the check; empty: no such citation."""
        citation = self._citations.get(number)
        if citation is None:
            return ""
        kind = verdict(sentence, citation)
        self._verdicts.append(kind)
        card = f"{self._prefix}-card-{len(self._verdicts)}"
        return _chip_html(citation, kind, self._targets[number], card, self._texts)

    def legend_html(self) -> str:
        """What the marks mean that were made so far."""
        told = [
            f'<span class="sw-mark" aria-hidden="true">{glyph}</span> '
            f"{escape(self._texts(f'answers.verdicts.{kind}'))}"
            for kind, glyph in _GLYPHS.items()
            if kind in self._verdicts
        ]
        if not told:
            return ""
        lead = escape(self._texts("answers.checked"))
        return f'<p class="sw-facts sw-legend">{lead} {" · ".join(told)}</p>'


def _chip_html(citation: Citation, kind: Verdict, target: str, card: str, texts: Texts) -> str:
    """A link to the quote, with its card, and the mark of the check.

    All of it is part of a paragraph, which only takes spans. Brackets are there for whoever copies
    the sentence. Where a finger cannot hover, a tap on the number reaches the span around the link
    instead (style.css): it opens the card, which then has a link of its own.
    """
    place, name = escape(target), escape(card)
    about = origins.marked(citation.document, texts)
    facts = [*about, section(citation), pages([citation], texts)]
    language = escape(citation.document.language)
    told = escape(texts(f"answers.verdicts.{kind}"))
    return (
        f'<span class="sw-chip" tabindex="-1">'
        f'<a href="#{place}" aria-describedby="{name}" '
        f'aria-label="{escape(texts("sources.marker", number=citation.number))}">'
        f'<span class="sw-bracket">[</span><span class="sw-number">{citation.number}</span>'
        f'<span class="sw-bracket">]</span></a>'
        f'<span class="sw-card" id="{name}">'
        f'<span class="sw-card-title" lang="{language}">{escape(citation.document.title)}</span>'
        f'<span class="sw-card-facts">{" · ".join(escape(fact) for fact in facts if fact)}</span>'
        f'<q class="sw-card-quote" lang="{language}">{escape(citation.quote)}</q>'
        f'<a class="sw-card-link" href="#{place}">{escape(texts("answers.to_quote"))}</a>'
        f'</span></span><span class="sw-mark" role="img" aria-label="{told}" title="{told}">'
        f"{_GLYPHS[kind]}</span>"
    )
