"""What may not reach the reader of an answer, wherever it is shown or taken along.

Each check returns what is wrong, as "<kind>: <what>"; nothing is an answer that is in order.
"""

import html
import io
import json
import re
import zipfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import prompts
from chain import __main__ as command
from core.answer import Answer
from core.answer_blocks import AnswerSentence
from core.hosts import is_official_address, shown_host
from eval.support import claims, inexact_quotes
from language.escaping import visible
from tests.support.shown_html import Shown
from ui.answers import answer_view
from ui.answers.export import conversation_docx, plain_text
from ui.scripts import script
from ui.texts import Texts
from userdata.conversations import Exchange
from vectorstore.store import Snapshot

_RUN = 8  # words in a row that are no coincidence
_PROMPTS = Path(prompts.__file__).parent
_TAGS = {
    *("a", "blockquote", "button", "details", "dialog", "div", "h2", "h3", "li", "mark", "ol", "p"),
    *("q", "section", "span", "strong", "summary", "sup", "table", "td", "th", "tr", "ul"),
}
_ATTRIBUTES = {
    *("aria-describedby", "aria-hidden", "aria-label", "class", "data-keep", "href", "id", "lang"),
    *("name", "open", "rel", "role", "tabindex", "target", "title", "type"),
}


@dataclass
class Reader:
    """Everything that a reader gets of an answer."""

    page: list[str] = field(default_factory=list)  # HTML, and below it the labels of buttons
    labels: list[str] = field(default_factory=list)
    word: bytes = b""
    plain: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """All of it as words."""
        shown = (Shown(each).text for each in self.page)
        return [*shown, *self.labels, *self.plain, _word_text(self.word)]


class _Page:
    """Stands in for Streamlit, and keeps what is drawn."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def html(self, body: str, *, unsafe_allow_javascript: bool = False, **_: Any) -> None:
        if unsafe_allow_javascript:  # our own scripts, which no text of an answer is in
            assert body == script("cards") + script("panel")
        else:
            self._reader.page.append(body)

    def button(self, label: str, **_: Any) -> None:
        self._reader.labels.append(label)

    def container(self, **_: Any) -> "_Page":
        return self

    def __enter__(self) -> "_Page":
        return self

    def __exit__(self, *_: object) -> None:
        pass


def read(answer: Answer, index: Snapshot | None, texts: Texts) -> Reader:
    """An answer on its page, in every copy and export, and as the command line prints it."""
    reader = Reader()
    with patch.object(answer_view, "st", _Page(reader)):
        answer_view.show(answer, "a", texts, lambda *_, **__: None, index)
    exchanges = [Exchange(question="?", answer=answer)]
    reader.word = conversation_docx("?", exchanges, texts)
    said: list[str] = []
    with patch.object(command, "print", lambda *parts, **_: said.extend(parts), create=True):
        command._print(answer)
    told = json.loads(answer.model_dump_json())
    # Of these the first is folded in its place; the rest is sources.
    for name in ("left_out", "question", "passages", "citations"):
        told.pop(name)
    reader.plain = [plain_text(answer, texts), "\n".join(said), *_strings(told)]
    return reader


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for words in value.values() if isinstance(value, dict) else value:
            yield from _strings(words)
    elif isinstance(value, str):
        yield value


def markup(source: str, own: Collection[str] = ()) -> list[str]:
    """Elements, attributes and addresses in HTML that are not the product's; `own`: the addresses
    of trusted documents."""
    shown = _Elements(source).elements
    wrong = [f"element: {tag}" for tag, _ in shown if tag not in _TAGS]
    for tag, attributes in shown:
        wrong += [f"attribute: {tag} {each}" for each in attributes if each not in _ATTRIBUTES]
        wrong += [f"address: {each}" for each in _foreign([attributes.get("href") or "#"], own)]
    return wrong


class _Elements(Shown):
    """As `Shown`, also of HTML in which elements do not end."""

    def handle_endtag(self, tag: str) -> None:
        if self.open:
            self.open.pop()


def word_parts(file: bytes, own: Collection[str] = ()) -> list[str]:
    """Pictures, objects and foreign addresses of a Word file."""
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        names = parts.namelist()
        relations = "".join(parts.read(name).decode() for name in names if name.endswith(".rels"))
    targets = re.findall(r'Target="([^"]*)"[^>]*TargetMode="External"', relations)
    targets += re.findall(r'TargetMode="External"[^>]*Target="([^"]*)"', relations)
    wrong = [f"element: {name}" for name in names if "media" in name or "embed" in name]
    return wrong + [f"address: {each}" for each in _foreign(map(html.unescape, targets), own)]


def _word_text(file: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(file)) as parts:
        text = parts.read("word/document.xml").decode()
    return html.unescape(re.sub(r"<[^>]*>", "", text.replace("</w:p>", "\n")))


def _foreign(addresses: Iterable[str], own: Collection[str]) -> list[str]:
    """Addresses outside of the page, of the app and of the documents that are trusted."""
    ours = ("#", "sources?", *own)
    return [
        address for address in addresses if address != "sources" and not address.startswith(ours)
    ]


def unnamed(body: str) -> list[str]:
    """Links to other sites than those of the EU that do not say where they lead, or that are called
    official."""
    found = re.findall(
        r"""<a\b[^>]*?href=["']?(https?:[^"'\s>]*)[^>]*>(.*?)</a>""", body, re.DOTALL
    )
    return [
        f"unnamed: {label}"
        for url, label in ((html.unescape(url), html.unescape(label)) for url, label in found)
        if not is_official_address(url)
        and (shown_host(url) not in label or "official" in label.casefold())
    ]


def leaks(texts: Iterable[str], secret: str, known: Iterable[str]) -> list[str]:
    """Runs of words of a prompt, or of what was read for somebody else, in any of these texts.

    `known`: what the reader may see anyway, such as the sources.
    """
    shown = frozenset().union(*(_runs(each, _RUN - 2) for each in known))
    hidden = {run for run in _prompt_runs() | _runs(secret) if not {run[:-2], run[2:]} & shown}
    found = frozenset().union(*map(_runs, texts)) & hidden
    return [f"leak: {' '.join(run)}" for run in sorted(found)]


@cache
def _prompt_runs() -> frozenset[tuple[str, ...]]:
    texts = [file.read_text("utf-8") for file in sorted(_PROMPTS.glob("*.md"))]
    return frozenset().union(*map(_runs, texts))


def _runs(text: str, length: int = _RUN) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", text.casefold())
    return frozenset(tuple(words[at : at + length]) for at in range(len(words) - length + 1))


def without_doubted(answer: Answer) -> Answer:
    """An answer without the sentences that it says were not confirmed."""

    def kept(said: tuple[AnswerSentence, ...]) -> tuple[AnswerSentence, ...]:
        return tuple(
            sentence for sentence in said if sentence.status not in ("not_confirmed", "differs")
        )

    blocks = (
        block.model_copy(
            update={
                "sentences": kept(block.sentences),
                "items": tuple(filter(None, map(kept, block.items))),
            }
        )
        for block in answer.blocks
    )
    return answer.model_copy(
        update={"blocks": tuple(block for block in blocks if block.sentences or block.items)}
    )


def unsupported(
    answer: Answer, true: Collection[str], said: Iterable[str], canary: str
) -> list[str]:
    """What an answer says is confirmed and is neither a true sentence nor word for word in a quote
    that it cites; of a refusal or reply, what a model said."""
    wrong = [f"inexact: {quote}" for quote in inexact_quotes(answer)]
    for text, numbers in claims(without_doubted(answer)):
        cited = [citation.quote for citation in answer.citations if citation.number in numbers]
        quoted = any(_letters(text) in _letters(quote) for quote in cited)
        if not cited or not (quoted or text in true):
            wrong.append(f"unsupported: {text}")
    if not answer.answered:
        told = _letters(answer.text)
        wrong += [
            f"unsupported: {sentence}"
            for sentence in said
            if len(sentence) > 20 and _letters(sentence) in told
        ]
    offered = (answer.understood_as, *answer.related)
    wrong += [f"unsupported: {each}" for each in offered if canary in each.casefold()]
    return wrong


def not_in_file(answer: Answer, files: Iterable[str]) -> list[str]:
    """Quotes that are not in their files, letter for letter."""
    whole = [_letters(html.unescape(re.sub(r"<[^>]*>", " ", each))) for each in files]
    whole += [_letters(each) for each in files]
    quotes = (citation.quote for citation in answer.citations)
    return [
        f"quote: {quote}" for quote in quotes if not any(_letters(quote) in file for file in whole)
    ]


def _letters(text: str) -> str:
    return re.sub(r"\W+", "", visible(text)).casefold()
