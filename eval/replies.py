"""Test sets of the verifier: replies as of a strong model, whose sentences have false twins.

Files of eval/verifier_replies/, written by hand, by several authors who had not seen the verifier:
over the bundled summaries (`open`, `held`), and over official documents that stand outside of the
project (`documents`). Each sentence has the stretches that it rests on, but for those of `open`.
Half of each are held out: they are only measured on, and not looked at when the verifier is
changed.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import Field

from chain.checking.verification import Text
from chain.request import Draft, NamedStretch, Request
from chain.retrieve import FOUND, GIVEN, with_surroundings
from core.errors import StrategiewijzerError
from core.settings import ROOT, Settings
from core.source import Frozen, Passage, ScoredPassage
from core.yaml_files import read_yaml
from vectorstore.store import Snapshot

FOLDER = ROOT / "eval" / "verifier_replies"
DOCUMENTS = FOLDER / "documents"
Half = Literal["open", "held"]
HALVES: tuple[Half, ...] = get_args(Half)
TwinChange = Literal[
    "figure", "date", "name", "swap", "negation", "modality", "scope", "cause", "addition",
    "relation",
]  # fmt: skip


class Twin(Frozen):
    """A sentence made false by one subtle change of this `type`."""

    type: TwinChange
    text: str


class EvidenceStretch(Frozen):
    """The first and last words of a stretch of a document, which is named by its file, or of the
    passage with a 1-based number."""

    document: str = ""
    passage: Annotated[int, Field(ge=0)] = 0
    begins: Annotated[str, Field(min_length=3)]
    ends: str = ""


class Sentence(Frozen):
    """A true sentence or list item, and false twins; with the stretches that it rests on, and over
    the summaries with the 1-based numbers of its cited passages."""

    text: str
    cites: tuple[Annotated[int, Field(ge=1)], ...] = ()
    evidence: tuple[EvidenceStretch, ...] = ()
    item: bool = False
    twins: tuple[Twin, ...] = ()


class Reply(Frozen):
    """A question, and a model's reply to it."""

    id: str
    language: str
    question: str
    means: str = ""  # the standalone form of a follow-up
    kind: str
    passages: tuple[str, ...] = ()  # ids of the passages in the prompt
    documents: tuple[str, ...] = ()  # files that it is about, in place of passages
    half: Half | None = None  # of a reply over documents
    sentences: tuple[Sentence, ...]  # the reply; empty for "no answer"
    riders: tuple[str, ...] = ()  # true sentences with a false clause


class GivenReply:
    """A reply as a model would give it: `request` has the passages, in which its evidence is found.
    Raises StrategiewijzerError where the index lacks a passage or document."""

    def __init__(self, reply: Reply, index: Snapshot) -> None:
        self.reply = reply
        self.stretches_found: list[bool] = []
        self.stretches_given: list[bool] = []  # in passages that the question retrieves
        passages = _named(reply, index) if reply.passages else _searched(reply, index)
        self._numbers = {passage.id: number for number, passage in enumerate(passages)}
        of_documents = _of_documents(reply, index)
        self._evidence = [
            [self._place(stretch, of_documents, passages) for stretch in sentence.evidence]
            for sentence in reply.sentences
        ]
        found = tuple(
            ScoredPassage(passage=passage, score=0.0, similarity=0.0) for passage in passages
        )
        self.request = Request(reply.means or reply.question, reply.language, found)

    def draft(self, number: int, text: str = "") -> Draft:
        """The draft of a sentence (from 0), or of another text in its place."""
        sentence = self.reply.sentences[number]
        stretches = tuple(stretch for stretch in self._evidence[number] if stretch is not None)
        cites = [number - 1 for number in sentence.cites] or [
            number.passage for number in stretches
        ]
        return Draft(
            text or sentence.text,
            tuple(dict.fromkeys(cites)),
            form="item" if sentence.item else "sentence",
            stretches=stretches,
        )

    def rider(self, text: str) -> Draft:
        """The draft of a rider, which cites all passages that the reply cites."""
        cited = [self.draft(number).cites for number in range(len(self.reply.sentences))]
        return Draft(text, tuple(sorted({place for cites in cited for place in cites})))

    def _place(
        self,
        evidence: EvidenceStretch,
        known: Mapping[str, Sequence[Passage]],
        passages: list[Passage],
    ) -> NamedStretch | None:
        """The stretch in its passage, which is given if it was not; None if it stands in none.

        Of one that runs over two passages the first is given, as it was to the model that names it.
        """
        if evidence.passage:
            place = evidence.passage - 1
            found = Text(passages[place]).find(evidence.begins, evidence.ends)
            self.stretches_found.append(bool(found))
            return NamedStretch(place, evidence.begins, evidence.ends)

        def having_words(ends: str) -> list[Passage]:
            passages = known[evidence.document]
            return [passage for passage in passages if Text(passage).find(evidence.begins, ends)]

        whole = having_words(evidence.ends)
        self.stretches_found.append(bool(whole))
        having = whole or having_words("")
        if not having:
            return None
        chosen = next((passage for passage in having if passage.id in self._numbers), having[0])
        self.stretches_given.append(
            any(self._numbers.get(passage.id, GIVEN) < GIVEN for passage in having)
        )
        if chosen.id not in self._numbers:
            self._numbers[chosen.id] = len(passages)
            passages.append(chosen)
        return NamedStretch(self._numbers[chosen.id], evidence.begins, evidence.ends)


def _named(reply: Reply, index: Snapshot) -> list[Passage]:
    found = {
        scored.passage.id: scored.passage for scored in index.cited(reply.passages, reply.question)
    }
    lacking = [name for name in reply.passages if name not in found]
    if lacking:
        raise StrategiewijzerError(
            f"Reply {reply.id}: the index has no passage {lacking[0]}. A source text has "
            "changed: read the reply again and name the passage that took its place."
        )
    return [found[name] for name in reply.passages]


def _searched(reply: Reply, index: Snapshot) -> list[Passage]:
    found = index.search(reply.question, FOUND, reply.language)
    first, texts = Settings().results, {reply.language: reply.question}
    return [scored.passage for scored in with_surroundings(index, found, texts, first)]


def _of_documents(reply: Reply, index: Snapshot) -> Mapping[str, Sequence[Passage]]:
    """The passages of each file that a reply is about."""
    keys: dict[str, list[str]] = {}
    for document in index.documents():
        keys.setdefault(_letters(document.id), []).append(document.key)
    lacking = [name for name in reply.documents if _letters(Path(name).stem) not in keys]
    if lacking:
        raise StrategiewijzerError(
            f"Reply {reply.id}: the index has no document of the file {lacking[0]}. Ingest the "
            f"documents that {DOCUMENTS / 'documents.csv'} lists."
        )
    return {name: index.passages(keys[_letters(Path(name).stem)]) for name in reply.documents}


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def read(half: Half, *, documents: bool = False) -> tuple[Reply, ...]:
    """The replies of one half: over the summaries, or over documents."""
    if documents:
        return tuple(reply for reply in _entries(DOCUMENTS) if reply.half == half)
    return _entries(FOLDER / half)


def opinions(folder: Path) -> Mapping[tuple[str, str], bool]:
    """What readers said of the sentences in a folder: whether the passages support them. They are
    language models that were told to read with care.

    Keys are "A-01.2" (the second sentence of a reply), and "true" or the change of a twin; for
    riders "A-01.0" and "rider". Empty for a folder that nobody has read."""
    if not (folder / "verdicts.csv").exists():
        return {}
    with (folder / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {(row["sentence"], row["kind"]): row["verdict"] == "supported" for row in rows}


def _entries(folder: Path) -> tuple[Reply, ...]:
    return tuple(
        Reply.model_validate(entry)
        for file in sorted(folder.glob("*.yaml"))
        for entry in read_yaml(file.read_bytes())
    )
