"""Compares the verdicts of the chain's checks on a model's replies with what is true of them.

Files of tests/replies/, written by hand, by several authors who had not seen the verifier: over the
bundled summaries (`open`, `held`), and over official documents that stand outside of the project
(`documents`). Each sentence has the stretches that it rests on, but for those of `open`. Half of
each are held out: they are only measured on, and not looked at when the verifier is changed.
"""

import csv
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal, get_args

import yaml
from pydantic import Field, ValidationError

from chain.answer.composition import AnswerRun, with_opinion
from chain.checking.checker import Opinion
from chain.checking.stretches import Text
from chain.checking.verification import Nearness, Verifier
from chain.request import Draft, NamedStretch, Request, Verdict
from chain.retrieve import FOUND, GIVEN, with_surroundings
from core.answer import Mode
from core.answer_blocks import Doubt, SentenceStatus, sentences
from core.errors import StrategiewijzerError
from core.settings import ROOT, Settings
from core.source import Frozen, Passage, ScoredPassage
from core.yaml_files import read_yaml
from eval.metrics import Interval, Share, interval, rate
from vectorstore.store import Snapshot

# Test sets of the verifier: replies as of a strong model, whose sentences have false twins.


FOLDER = ROOT / "tests" / "replies"
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
    """A question, and a model's reply to it.

    means: the standalone form of a follow-up.
    passages: ids of the passages in the prompt.
    documents: files that it is about, in place of passages.
    half: of a reply over documents.
    sentences: the reply; empty for "no answer".
    riders: true sentences with a false clause.
    """

    id: str
    language: str
    question: str
    means: str = ""
    kind: str
    passages: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    half: Half | None = None
    sentences: tuple[Sentence, ...]
    riders: tuple[str, ...] = ()


class GivenReply:
    """A reply as a model would give it: `request` has the passages, in which its evidence is found.

    Args:
        reply: the reply.
        index: of the passages.
        stretches: whether its sentences tell the stretches that they rest on.

    Raises:
        StrategiewijzerError: the index lacks a passage or document.
    """

    def __init__(self, reply: Reply, index: Snapshot, *, stretches: bool) -> None:
        self.reply = reply
        self.stretches_found: list[bool] = []
        self.stretches_given: list[bool] = []  # in passages that the question retrieves
        self._stretches = stretches
        passages = _named(reply, index) if reply.passages else _searched(reply, index)
        self._numbers = {passage.id: number for number, passage in enumerate(passages)}
        of_documents = _of_documents(reply, index)
        self._evidence = [
            [self._place(one, of_documents, passages) for one in sentence.evidence]
            for sentence in reply.sentences
        ]
        found = tuple(ScoredPassage(passage=one, score=0.0, similarity=0.0) for one in passages)
        self.request = Request(reply.means or reply.question, reply.language, found)

    def draft(self, number: int, text: str = "") -> Draft:
        """The draft of a sentence (from 0), or of another text in its place."""
        sentence = self.reply.sentences[number]
        stretches = tuple(one for one in self._evidence[number] if one is not None)
        cites = [one - 1 for one in sentence.cites] or [one.passage for one in stretches]
        return Draft(
            text or sentence.text,
            tuple(dict.fromkeys(cites)),
            form="item" if sentence.item else "sentence",
            stretches=stretches if self._stretches else (),
        )

    def rider(self, text: str) -> Draft:
        """The draft of a rider, which cites all passages that the reply cites."""
        cited = [self.draft(number).cites for number in range(len(self.reply.sentences))]
        return Draft(text, tuple(sorted({one for cites in cited for one in cites})))

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
        having = [
            one
            for one in known[evidence.document]
            if Text(one).find(evidence.begins, evidence.ends)
        ]
        self.stretches_found.append(bool(having))
        having = having or [
            one for one in known[evidence.document] if Text(one).find(evidence.begins, "")
        ]
        if not having:
            return None
        chosen = next((one for one in having if one.id in self._numbers), having[0])
        self.stretches_given.append(any(self._numbers.get(one.id, GIVEN) < GIVEN for one in having))
        if chosen.id not in self._numbers:
            self._numbers[chosen.id] = len(passages)
            passages.append(chosen)
        return NamedStretch(self._numbers[chosen.id], evidence.begins, evidence.ends)


def _named(reply: Reply, index: Snapshot) -> list[Passage]:
    found = {one.passage.id: one.passage for one in index.cited(reply.passages, reply.question)}
    lacking = [name for name in reply.passages if name not in found]
    if lacking:
        raise StrategiewijzerError(
            f"Reply {reply.id}: the index has no passage {lacking[0]}. A source text has "
            "changed: read the reply again and name the passage that took its place."
        )
    return [found[name] for name in reply.passages]


def _searched(reply: Reply, index: Snapshot) -> list[Passage]:
    found = index.search(reply.question, FOUND, reply.language)
    first, asked = Settings().results, {reply.language: reply.question}
    return [one.passage for one in with_surroundings(index, found, asked, first)]


def _of_documents(reply: Reply, index: Snapshot) -> Mapping[str, Sequence[Passage]]:
    """The passages of each file that a reply is about."""
    keys: dict[str, list[str]] = {}
    for one in index.documents():
        keys.setdefault(_letters(one.id), []).append(one.key)
    lacking = [name for name in reply.documents if _letters(Path(name).stem) not in keys]
    if lacking:
        raise StrategiewijzerError(
            f"Reply {reply.id}: the index has no document of the file {lacking[0]}. Ingest the "
            f"documents that {DOCUMENTS / 'documents.csv'} lists."
        )
    return {name: index.passages(keys[_letters(Path(name).stem)]) for name in reply.documents}


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def read(half: Half, folder: Path = FOLDER) -> tuple[Reply, ...]:
    """Reads the replies over the summaries of one half.

    Raises:
        StrategiewijzerError: a file is malformed.
    """
    return tuple(_entries(folder / half))


def read_documents(half: Half, folder: Path = DOCUMENTS) -> tuple[Reply, ...]:
    """Reads the replies over documents of one half.

    Raises:
        StrategiewijzerError: a file is malformed.
    """
    return tuple(one for one in _entries(folder) if one.half == half)


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


def _entries(folder: Path) -> Iterator[Reply]:
    """Reads the entries of all files of a folder.

    Raises:
        StrategiewijzerError: a file is malformed.
    """
    for file in sorted(folder.glob("*.yaml")):
        try:
            for entry in read_yaml(file.read_bytes()):
                yield Reply.model_validate(entry)
        except (yaml.YAMLError, ValidationError, TypeError) as error:
            raise StrategiewijzerError(f"{file}: {error}") from error


# What becomes of a model's sentences: the replies in tests/replies/, verified and checked.


SentenceKind = Literal["true", "false", "rider"]
CHANGES: tuple[TwinChange, ...] = get_args(TwinChange)
Readers = Mapping[tuple[str, str], bool]
"""What readers said, as `eval.verdicts.opinions` gives it."""
Checking = float | Readers | None
"""With a checker that is right with this probability, that says what readers said, or without."""


class Judged(Frozen):
    """A text of a reply, and the verifier's verdict; `change` is that of a false twin."""

    sentence: str
    text: str
    kind: SentenceKind
    change: TwinChange | None
    status: SentenceStatus
    reason: Doubt | Literal[""]
    details: tuple[str, ...]
    unfound: tuple[str, ...] = ()
    is_firm: bool
    seconds: float

    def confirmed(self, checking: Checking) -> float:
        """Probability that it is confirmed."""
        local = Verdict(self.status, (), self.reason, self.details, self.unfound, self.is_firm)
        if checking is None:
            return float(local.is_confirmed)
        if not with_opinion(local, Opinion(True, "")).is_confirmed:
            return 0.0
        if isinstance(checking, float):
            return checking if self.kind == "true" else 1 - checking
        return float(checking[self.sentence, self.change or self.kind])

    def found(self, checking: Checking) -> float:
        """Probability that it is confirmed or, without a checker, found and not checked."""
        is_found = checking is None and self.reason == "unchecked"
        return 1.0 if is_found else self.confirmed(checking)


class ReplyVerdicts(Frozen):
    """A reply, and the verdicts on all its texts.

    shown: whether each sentence of the reply stands in the answer, in its order.
    stretches: whether each stretch that it names was found.
    given: whether each was in the passages that a model is given, where these are searched for.
    """

    reply: Reply
    judged: tuple[Judged, ...]
    shown: tuple[bool, ...]
    stretches: tuple[bool, ...]
    given: tuple[bool, ...] = ()

    def of(self, kind: SentenceKind, change: TwinChange | None = None) -> list[Judged]:
        """Verdicts on texts of this kind, and with this change if one is given."""
        return [one for one in self.judged if one.kind == kind and change in (None, one.change)]


class VerifierFigure(Frozen):
    """A rate over replies with its 95% interval, None without data; `n` is the number of texts (or
    replies) in it."""

    value: float | None
    interval: Interval | None
    n: int


class _Replayed:
    """An answerer that says a reply."""

    mode: Mode = "generative"
    model = "replayed"

    def __init__(self, given: GivenReply) -> None:
        self._given = given

    def draft(self, request: Request, config: object) -> Iterator[Draft]:
        del request, config
        yield from map(self._given.draft, range(len(self._given.reply.sentences)))


def outcome(given: GivenReply, nearness: Nearness) -> ReplyVerdicts:
    """Verifies every text of a reply, and writes the answer that it makes."""
    reply, verifier = given.reply, Verifier(given.request, nearness)

    def judged(
        number: int, draft: Draft, kind: SentenceKind, change: TwinChange | None = None
    ) -> Judged:
        start = time.perf_counter()
        verdict = verifier.verdict(draft)
        return Judged(
            sentence=f"{reply.id}.{number + 1}",
            text=draft.text,
            kind=kind,
            change=change,
            status=verdict.status,
            reason=verdict.reason,
            details=verdict.details,
            unfound=verdict.unfound,
            is_firm=verdict.is_firm,
            seconds=time.perf_counter() - start,
        )

    found = []
    for number, sentence in enumerate(reply.sentences):
        found.append(judged(number, given.draft(number), "true"))
        for twin in sentence.twins:
            found.append(judged(number, given.draft(number, twin.text), "false", twin.type))
    found += [judged(-1, given.rider(rider), "rider") for rider in reply.riders]
    return ReplyVerdicts(
        reply=reply,
        judged=tuple(found),
        shown=tuple(_shown(given, nearness)),
        stretches=tuple(given.stretches_found),
        given=tuple(given.stretches_given),
    )


def _shown(given: GivenReply, nearness: Nearness) -> Iterator[bool]:
    writing = AnswerRun(given.request, [_Replayed(given)], nearness)
    for _ in writing.write(None):
        pass
    said = [one.shown for one in sentences(writing.composition.blocks)]
    place = 0
    for sentence in given.reply.sentences:
        stands = sentence.text in said[place:]
        place = said.index(sentence.text, place) + 1 if stands else place
        yield stands


ReplyShare = Callable[[ReplyVerdicts, Checking], Share]
"""A reply's share in a rate."""


def _share(
    probability: Callable[[Judged, Checking], float],
    kind: SentenceKind,
    change: TwinChange | None = None,
) -> ReplyShare:
    """The share of such texts of which this is the case."""

    def share(outcome: ReplyVerdicts, checking: Checking) -> Share:
        judged = outcome.of(kind, change)
        return sum(probability(one, checking) for one in judged), len(judged)

    return share


def _left_out(outcome: ReplyVerdicts, checking: Checking) -> Share:
    """Share of true sentences that are said to differ from the sources."""
    true = outcome.of("true")
    return sum(one.status == "differs" for one in true), len(true)


def _whole(outcome: ReplyVerdicts, checking: Checking) -> Share:
    """Whether all sentences are shown, in their order; replies without any do not count."""
    return (float(all(outcome.shown)), 1) if outcome.shown else (0, 0)


def _stretches(outcome: ReplyVerdicts, checking: Checking) -> Share:
    return sum(outcome.stretches), len(outcome.stretches)


def _given(outcome: ReplyVerdicts, checking: Checking) -> Share:
    """Whether all that a reply rests on was in the passages that a model is given."""
    return (float(all(outcome.given)), 1) if outcome.given else (0, 0)


RATES: Mapping[str, ReplyShare] = {
    "shown_whole": _whole,
    "true_confirmed": _share(Judged.confirmed, "true"),
    "true_found": _share(Judged.found, "true"),
    "true_left_out": _left_out,
    "stretches_found": _stretches,
    "evidence_given": _given,
    "false_confirmed": _share(Judged.confirmed, "false"),
    "false_found": _share(Judged.found, "false"),
    **{
        f"false_confirmed.{change}": _share(Judged.confirmed, "false", change) for change in CHANGES
    },
    "riders_confirmed": _share(Judged.confirmed, "rider"),
    "riders_found": _share(Judged.found, "rider"),
}
FIGURES = tuple(RATES)
"""Names of all figures, as in the gate's rules."""


def figures(
    outcomes: Sequence[ReplyVerdicts], checking: Checking = None
) -> Mapping[str, VerifierFigure]:
    """All figures by name."""
    found = {}
    for name, share_of in RATES.items():
        shares = [share_of(one, checking) for one in outcomes]
        found[name] = VerifierFigure(
            value=rate(shares),
            interval=interval(shares),
            n=int(sum(whole for _, whole in shares)),
        )
    return found
