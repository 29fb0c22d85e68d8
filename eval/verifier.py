"""Measures what becomes of a strong model's sentences: `python -m eval.verifier`.

eval/replies.py -> an answer, and a verdict on each of its texts -> a share per reply -> figures
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chain.answer.model_run import ModelRun, with_opinion
from chain.checking.checker import Opinion
from chain.checking.verification import Nearness, Verifier, nearness_of
from chain.request import Draft, Request, Verdict
from core.answer_blocks import sentences
from core.command_line import CommandLine, flag, option
from core.settings import Settings
from eval import gate, run_report
from eval.metrics import Share, interval, rate
from eval.replies import (
    DOCUMENTS,
    FOLDER,
    HALVES,
    GivenReply,
    Half,
    Reply,
    TwinChange,
    opinions,
    read,
)
from eval.results import Figure
from ingest.commands.progress import bar
from vectorstore.store import open_index

ReplyTextKind = Literal["true", "false", "rider"]
Readers = Mapping[tuple[str, str], bool]
"""What readers said, as `eval.replies.opinions` gives it."""

app = CommandLine()


@dataclass(frozen=True)
class Judged:
    """A text of a reply, and the verifier's verdict; `change` is that of a false twin."""

    sentence: str
    text: str
    kind: ReplyTextKind
    verdict: Verdict
    change: TwinChange | None = None

    @property
    def name(self) -> str:
        return self.change or self.kind

    def is_confirmed(self, readers: Readers | None = None) -> bool:
        """Whether it is confirmed, without a checker or with one that says what readers said."""
        if readers is None:
            return self.verdict.is_confirmed
        checked = with_opinion(self.verdict, Opinion(True, ""))
        return checked.is_confirmed and readers[self.sentence, self.name]

    def is_found(self, readers: Readers | None = None) -> bool:
        """Whether it is confirmed or, without a checker, found and not checked."""
        return self.verdict.is_found if readers is None else self.is_confirmed(readers)


@dataclass(frozen=True)
class ReplyVerdicts:
    """A reply, and the verdicts on all its texts."""

    reply: Reply
    judged: tuple[Judged, ...]
    shown: tuple[bool, ...]  # whether each sentence of the reply stands in the answer, in its order
    stretches: tuple[bool, ...]  # whether each stretch that it names was found
    # Whether each was in the passages that a model is given, where these are searched for.
    given: tuple[bool, ...] = ()

    def share(self, kind: ReplyTextKind, is_so: Callable[[Judged], bool]) -> Share:
        """The share of its texts of a kind of which this is so."""
        judged = [text for text in self.judged if text.kind == kind]
        return sum(map(is_so, judged)), len(judged)


class _Replayed:
    """An answerer that says a reply."""

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
        number: int, draft: Draft, kind: ReplyTextKind, change: TwinChange | None = None
    ) -> Judged:
        name = f"{reply.id}.{number + 1}"
        return Judged(name, draft.text, kind, verifier.verdict(draft), change)

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
    writing = ModelRun(given.request, _Replayed(given), nearness)
    for _ in writing.write(None):
        pass
    texts = [sentence.shown for sentence in sentences(writing.builder.blocks)]
    place = 0
    for sentence in given.reply.sentences:
        stands = sentence.text in texts[place:]
        place = texts.index(sentence.text, place) + 1 if stands else place
        yield stands


def _whole(parts: Sequence[bool]) -> Share:
    """Whether all of a reply is so; replies without any parts do not count."""
    return (float(all(parts)), 1) if parts else (0, 0)


def _share_of(
    kind: ReplyTextKind, is_so: Callable[[Judged, Readers | None], bool]
) -> Callable[[ReplyVerdicts, Readers | None], Share]:
    return lambda found, readers: found.share(kind, lambda text: is_so(text, readers))


RATES: Mapping[str, Callable[[ReplyVerdicts, Readers | None], Share]] = {
    "shown_whole": lambda found, _: _whole(found.shown),
    "true_confirmed": _share_of("true", Judged.is_confirmed),
    "true_found": _share_of("true", Judged.is_found),
    "true_left_out": _share_of("true", lambda text, _: text.verdict.status == "differs"),
    "stretches_found": lambda found, _: (sum(found.stretches), len(found.stretches)),
    "evidence_given": lambda found, _: _whole(found.given),
    "false_confirmed": _share_of("false", Judged.is_confirmed),
    "false_found": _share_of("false", Judged.is_found),
    "riders_confirmed": _share_of("rider", Judged.is_confirmed),
    "riders_found": _share_of("rider", Judged.is_found),
}
"""Figure, as in the gate's rules -> a reply's share in it."""


def figures(found: Sequence[ReplyVerdicts], readers: Readers | None = None) -> Mapping[str, Figure]:
    """All figures by name, over sentences, or over replies that are whole."""
    figures = {}
    for name, share_of in RATES.items():
        shares = [share_of(verdicts, readers) for verdicts in found]
        count = int(sum(whole for _, whole in shares))
        figures[name] = Figure(value=rate(shares), interval=interval(shares), n=count)
    return figures


@app.command()
def measure(
    documents: bool = flag("--documents", "The replies over official documents."),
    listed: bool = flag(
        "--list",
        "Of the open half, list every true sentence that is not found, and why, and "
        "what false is confirmed.",
    ),
    gate_file: Path | None = option(
        None,
        "FILE",
        "Rules whose limits for the verifier the held half must keep, such as "
        "eval/gate.yaml; else the exit code is 3.",
        "--gate",
    ),
) -> int:
    """Measures what becomes of a strong model's sentences: the replies in eval/verifier_replies/.

    True sentences should be confirmed and their false twins not. Half of the replies are held out:
    the verifier is measured on them, and nobody who changes it looks at them. --documents takes the
    replies over official documents (eval/verifier_replies/documents), which the index in use must
    have.
    """
    limits = gate.Limits()
    if gate_file:
        rules = gate.read_rules(gate_file)
        limits = rules.verifier_documents if documents else rules.verifier
        gate.require_known((*limits.at_least, *limits.at_most), RATES, f"{gate_file}: verifier")
    found = {half: _outcomes(half, documents=documents) for half in HALVES}
    console = Console()
    for half, outcomes in found.items():
        readers = opinions(DOCUMENTS if documents else FOLDER / half)
        console.print(_table(f"Replies, {half} half: {len(outcomes)}", outcomes, readers))
    if listed:
        for line in _lines(found["open"]):
            console.print(escape(line), soft_wrap=True)
    held = figures(found["held"])
    checks = gate.judge_limits(limits, lambda name: held[name].value)
    for check in checks:
        verdict = "ok" if check.passed else "FAILED"
        named = check.model_copy(update={"figure": f"verifier.{check.figure}"})
        console.print(f"{verdict}: {run_report.describe_check(named)}", highlight=False)
    return 0 if all(check.passed for check in checks) else gate.CLOSED


def _outcomes(half: Half, *, documents: bool) -> list[ReplyVerdicts]:
    replies, index = read(half, documents=documents), open_index(Settings()).snapshot()
    nearness = nearness_of(index)
    outcomes = []
    with bar(f"Verifying, {half} half") as shown:
        for number, reply in enumerate(replies, 1):
            outcomes.append(outcome(GivenReply(reply, index), nearness))
            shown(number, len(replies))
    return outcomes


def _table(title: str, found: Sequence[ReplyVerdicts], readers: Readers) -> Table:
    """All figures with their intervals and, where readers have judged the sentences, with what they
    said."""
    table = Table("", "n", "no checker", "95% interval", "readers", title=title)
    with_readers = figures(found, readers) if readers else {}
    for name, figure in figures(found).items():
        key = f"verifier.{name}"
        again = run_report.number(with_readers[name].value, key) if with_readers else ""
        cells = run_report.number(figure.value, key), run_report.bounds(figure.interval, key)
        table.add_row(run_report.label(key), str(figure.n), *cells, again)
    return table


def _lines(found: Iterable[ReplyVerdicts]) -> Iterator[str]:
    """A line for each true sentence that is not found, with why, and each false one that is
    confirmed."""
    for judged in (text for verdicts in found for text in verdicts.judged):
        verdict = judged.verdict
        if judged.kind == "true" and not judged.is_found():
            why = ", ".join(filter(None, (verdict.reason, *verdict.details)))
            yield f"{judged.sentence} {verdict.status}: {judged.text} ({why})"
        elif judged.kind != "true" and judged.is_confirmed():
            yield f"{judged.sentence} confirmed, {judged.name}: {judged.text}"


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], "python -m eval.verifier"))
