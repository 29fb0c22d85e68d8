"""Behind the words: the number of their source, a card with what it says, how it was checked."""

from collections.abc import Iterator, Sequence

from core.answer import Answer
from core.answer_blocks import AnswerSentence
from core.citation import Citation, section
from ui import origins
from ui.answers.checks import GLYPHS, Checks, CheckVerdict
from ui.answers.citations import anchors, pages
from ui.answers.surroundings import Piece, Surroundings, excerpts
from ui.markup import escape
from ui.texts import Texts

_DOUBT = "?"


class Chips:
    """The markers of one answer as they are shown; `marker` and `doubt` go into
    `answer_text.answer_html`."""

    def __init__(
        self, answer: Answer, prefix: str, texts: Texts, around: Surroundings | None = None
    ) -> None:
        self._answer = answer
        self._around = around
        self._checks = Checks(answer)
        self._targets = anchors(answer, prefix)
        self._prefix = prefix
        self._texts = texts
        self._made = 0

    def marker(self, number: int, words: str) -> str:
        """A link to the quotes, their card, and a mark where the check is not the usual one.

        Empty: there is no such citation.
        """
        quotes = self._checks.quotes(number, words)
        if not quotes:
            return ""
        self._made += 1
        card = f"{self._prefix}-card-{self._made}"
        read = excerpts(self._answer, quotes, self._around)
        shown = _chip_html(quotes, read, self._targets[number], card, self._texts)
        verdict = self._checks.verdict(number, words)
        return shown if verdict == self._checks.usual else shown + _mark_html(verdict, self._texts)

    def doubt(self, sentence: AnswerSentence) -> str:
        """A sign with a word behind a sentence that is not confirmed, and a card that says why,
        with what comes nearest to it; of one that is left out also what it says."""
        self._made += 1
        name = escape(f"{self._prefix}-card-{self._made}")
        word = self._texts("answers.left_out" if sentence.stand_in else "answers.unconfirmed")
        told = why(sentence, self._texts)
        shown = [f'<span class="sw-card-title">{escape(told)}</span>']
        if sentence.stand_in and sentence.text != sentence.stand_in:
            language = escape(self._answer.language)
            shown.append(
                f'<span class="sw-card-text" lang="{language}">{escape(sentence.text)}</span>'
            )
        shown += self._nearest_html(sentence)
        return (
            f'<span class="sw-chip sw-doubt" tabindex="-1">'
            f'<button type="button" aria-describedby="{name}">'
            f'<span aria-hidden="true">{_DOUBT}</span> {escape(word)}</button>'
            f'<span class="sw-card" id="{name}">{"".join(shown)}</span></span>'
        )

    def _nearest_html(self, sentence: AnswerSentence) -> Iterator[str]:
        """The first stretch of the sources that comes near to a sentence, with its place."""
        passages = {one.id: one for one in self._answer.passages}
        near = next((one for one in sentence.nearest if one.passage_id in passages), None)
        if near is None:
            return
        passage = passages[near.passage_id]
        language = escape(passage.language)
        place = " › ".join((passage.document.title, *passage.headings[1:]))
        told = f"{self._texts('answers.nearest_to')} {place}"
        words = escape(passage.text[near.start : near.end])
        yield f'<span class="sw-card-facts" lang="{language}">{escape(told)}</span>'
        yield f'<span class="sw-card-text" lang="{language}"><q>{words}</q></span>'

    def checked_html(self) -> str:
        """How the answer was checked, and the marks of what is an exception to that."""
        told = " · ".join(map(escape, self._checks.told(self._texts)))
        return f'<p class="sw-facts sw-checked">{told}</p>' if told else ""


def why(sentence: AnswerSentence, texts: Texts) -> str:
    """Why a sentence is not confirmed, in one sentence."""
    if not sentence.reason:
        return texts("answers.why.unknown")
    return texts(f"answers.why.{sentence.reason}", details=", ".join(sentence.details))


def _chip_html(
    quotes: Sequence[Citation],
    read: Sequence[Sequence[Piece]],
    target: str,
    card: str,
    texts: Texts,
) -> str:
    """A link to quotes out of one passage, with their card: the quotes in the text around them.

    All of it is part of a paragraph, which only takes spans. Brackets are there for whoever copies
    the sentence. Where a finger cannot hover, a tap on the number reaches the span around the link
    instead (style.css): it opens the card, which then has a link of its own.
    """
    first = quotes[0]
    place, name = escape(target), escape(card)
    facts = [*origins.marked(first.document, texts), section(quotes), pages(quotes, texts)]
    language = escape(first.document.language)
    quoted = "".join(
        f'<span class="sw-card-text" lang="{language}">{_excerpt_html(one)}</span>' for one in read
    )
    return (
        f'<span class="sw-chip" tabindex="-1">'
        f'<a href="#{place}" aria-describedby="{name}" '
        f'aria-label="{escape(texts("sources.marker", number=first.number))}">'
        f'<span class="sw-bracket">[</span><span class="sw-number">{first.number}</span>'
        f'<span class="sw-bracket">]</span></a>'
        f'<span class="sw-card" id="{name}">'
        f'<span class="sw-card-title" lang="{language}">{escape(first.document.title)}</span>'
        f'<span class="sw-card-facts">{" · ".join(escape(fact) for fact in facts if fact)}</span>'
        f"{quoted}"
        f'<a class="sw-card-link" href="#{place}">{escape(texts("answers.to_quote"))}</a>'
        f"</span></span>"
    )


def _excerpt_html(pieces: Sequence[Piece]) -> str:
    shown = ((escape(words), quoted) for words, quoted in pieces)
    return "".join(f"<q>{words}</q>" if quoted else words for words, quoted in shown)


def _mark_html(verdict: CheckVerdict, texts: Texts) -> str:
    told = escape(texts(f"answers.verdicts.{verdict}"))
    return (
        f'<span class="sw-mark" role="img" aria-label="{told}" title="{told}">'
        f"{GLYPHS[verdict]}</span>"
    )
