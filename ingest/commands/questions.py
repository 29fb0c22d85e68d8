"""`python -m ingest questions [DOCUMENT ...]`: has the language model write prepared questions.

They are proposals until a person accepts them: --list, --accept, --refuse.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial

from core.errors import SettingsError, StrategiewijzerError, printable
from core.settings import Settings
from core.source import Dropped, ProposerReady
from ingest.commands.parser import command_parser
from ingest.commands.progress import JsonLines, LogLines, bar, print_json
from ingest.publishing.ingest_report import SectionAsked, Tell
from ingest.publishing.own_questions import OwnQuestions
from ingest.publishing.proposal_run import ProposalRun, Proposer, SectionPlan
from ingest.reading.question_file import PreparedAnswer

_REASONS: Mapping[Dropped, str] = {
    "form": "are no plain question",
    "language": "are not in the language asked for",
    "unit": "name no sentence of the section",
    "elsewhere": "do not find their answer again",
    "twin": "ask what another one asks",
}
_SHOWN = 10  # documents named before anything is sent
_ACCEPT = "python -m ingest questions --accept [DOCUMENT ...]"
_PUBLISH = "Publish them with: python -m ingest"


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code: 1 when nothing may be sent, or a section failed."""
    parser = command_parser("questions")
    parser.add_argument("documents", nargs="*", metavar="DOCUMENT", help="key or id; none: all")
    parser.add_argument("--yes", action="store_true", help="do not ask whether to go on")
    parser.add_argument(
        "--limit", type=_calls, default=200, metavar="N", help="calls at most (200)"
    )
    parser.add_argument("--json", action="store_true", help="print events as JSON lines")
    doing = parser.add_mutually_exclusive_group()
    for name, told in (
        ("dry-run", "only say what it would cost"),
        ("list", "show how many questions are proposed, and in use"),
        ("accept", "take the proposed questions into use"),
        ("refuse", "drop the proposed questions"),
    ):
        doing.add_argument(f"--{name}", action="store_true", help=told)
    options = parser.parse_args(arguments)
    settings = Settings()
    if options.list or options.accept or options.refuse:
        own = OwnQuestions(settings)
        keys = _with_questions(own, options.documents)
        if options.list:
            return _list(own, keys)
        return _accept(own, keys) if options.accept else _refuse(own, keys)
    if not settings.generative:
        raise SettingsError(
            "No language model is configured, so none can write questions. Set "
            "STRATEGIEWIJZER_MODEL and OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own "
            "(docs/models.md)."
        )
    with Proposer() as proposer:
        run = ProposalRun(settings, proposer.ready)
        with nullcontext() if options.dry_run else run.exclusive():
            plan = run.plan(options.documents, options.limit)
            _tell_plan(plan, proposer.ready, options)
            if options.dry_run or not plan.calls:
                return 0
            if not (options.yes or _agreed()):
                return 1
            return _ask(run, plan, proposer, settings, as_json=options.json)


def _ask(
    run: ProposalRun, plan: SectionPlan, proposer: Proposer, settings: Settings, *, as_json: bool
) -> int:
    """Asks, shows how far it is and what came of it; returns the exit code."""
    asked: list[SectionAsked] = []
    code = 0
    try:
        with _listener(as_json=as_json) as tell:
            for one in run.ask(plan, proposer):
                asked.append(one)
                tell(one)
    except KeyboardInterrupt:
        code = 130
    finally:
        if not as_json:
            for line in _outcome(asked, plan, accepted=settings.accept_questions):
                print(line)
    return code or int(any(one.reason for one in asked))


def _tell_plan(plan: SectionPlan, ready: ProposerReady, options: argparse.Namespace) -> None:
    """Says what would be asked, before anything is sent."""
    if options.json:
        counts = {"read": plan.read, "written": plan.written}
        left = {"later": plan.later, "before": plan.before}
        server = {"model": ready.model, "address": ready.address}
        print_json({"event": "to_ask", "calls": plan.calls, **counts, **left, **server})
        return
    before = f" ({plan.before:,} were asked about before)" if plan.before else ""
    if not plan.calls:
        print(f"There is nothing to ask about{before}.")
        return
    shown = [printable(one.key) for one in plan.now[:_SHOWN]]
    shown += ["..."] if len(plan.now) > _SHOWN else []
    print(f"{plan.calls:,} sections of {len(plan.now):,} documents{before}: {', '.join(shown)}")
    print(
        f"One call each: {plan.calls:,} calls, about {plan.read:,} tokens of prompts and "
        f"{plan.written:,} of replies."
    )
    print(f"They go to {printable(ready.address)}, model {printable(ready.model)}.")
    if plan.later:
        print(f"Limit: {options.limit:,} calls (--limit). {plan.later:,} sections are left then.")


def _agreed() -> bool:
    """Whether the person at the terminal agrees; says so where nobody does."""
    why = "nobody is here to agree. With --yes it goes on without asking."
    if sys.stdin.isatty():
        print("Go on? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().casefold() in ("y", "yes"):
            return True
        why = "you did not agree."
    print(f"Nothing was sent: {why}", file=sys.stderr)
    return False


@contextmanager
def _listener(*, as_json: bool) -> Iterator[Tell]:
    if as_json:
        yield JsonLines()
    elif sys.stderr.isatty():
        with bar("Asking about sections") as shown:
            yield lambda one: shown(one.done, one.total) if isinstance(one, SectionAsked) else None
    else:
        yield LogLines(partial(print, file=sys.stderr, flush=True))


def _outcome(asked: Sequence[SectionAsked], plan: SectionPlan, *, accepted: bool) -> Iterator[str]:
    """What came of a run, and what to do next."""
    good = [one for one in asked if not one.reason]
    kept = sum(one.kept for one in good)
    yield (
        f"{len(good):,} sections were asked about: {kept:,} questions are "
        f"{'accepted' if accepted else 'proposed'}."
    )
    dropped: Counter[Dropped] = Counter()
    for one in good:
        dropped.update(one.dropped)
    if told := [f"{count:,} {_REASONS[why]}" for why, count in dropped.most_common() if count]:
        yield f"Dropped: {', '.join(told)}."
    read, written = sum(one.read for one in good), sum(one.written for one in good)
    if read:
        yield f"Tokens: {read:,} of prompts, {written:,} of replies."
    if cut := sum(one.is_cut for one in good):
        yield f"{cut} replies broke off; what they had is kept."
    for reason, count in Counter(one.reason for one in asked if one.reason).most_common():
        yield f"{count} sections failed: {printable(reason)}"
    if left := plan.calls - len(good) + plan.later:
        yield f"{left:,} sections are left; the same command goes on with them."
    if kept:
        yield _PUBLISH if accepted else f"See them with --list, and take them: {_ACCEPT}"


def _with_questions(own: OwnQuestions, names: Sequence[str]) -> list[str]:
    """The keys of the documents with questions of one's own; of a name, its language versions.

    Raises:
        StrategiewijzerError: there are none for a name.
    """
    every = own.documents()
    for name in names:
        if not any(_is_named(key, name) for key in every):
            raise StrategiewijzerError(
                f"There are no questions for {printable(name)!r}. See which there are with: python "
                "-m ingest questions --list"
            )
    return [key for key in every if not names or any(_is_named(key, name) for name in names)]


def _is_named(key: str, name: str) -> bool:
    """Whether a document's key is this one, or of this id."""
    return name in (key, key.rpartition(".")[0])


def _list(own: OwnQuestions, keys: Iterable[str]) -> int:
    total = 0
    for key in keys:
        proposed = _of_models(own, key)
        total += (count := _count_of(proposed))
        place = f" in {printable(proposed[0].file)}" if proposed else ""
        in_use = _count_of(own.accepted(key))
        print(f"{printable(key)}: {count:,} proposed{place}, {in_use:,} in use at the next ingest")
    print(f"{total:,} proposed questions wait. Take them: {_ACCEPT}" if total else "None wait.")
    return 0


def _accept(own: OwnQuestions, keys: Iterable[str]) -> int:
    taken = _decided(own, keys, own.accept)
    print(f"{taken:,} questions are accepted. {_PUBLISH}" if taken else "None wait.")
    return 0


def _refuse(own: OwnQuestions, keys: Iterable[str]) -> int:
    dropped = _decided(own, keys, own.refuse)
    print(f"{dropped:,} questions are refused." if dropped else "None wait.")
    return 0


def _decided(own: OwnQuestions, keys: Iterable[str], decide: Callable[[str], int]) -> int:
    """How many questions of models were decided on."""
    number = 0
    for key in keys:
        number += _count_of(_of_models(own, key))
        decide(key)
    return number


def _of_models(own: OwnQuestions, key: str) -> list[PreparedAnswer]:
    """The proposals of models; an answer that one person approved waits for another person."""
    return [one for one in own.proposed(key) if not one.approved]


def _count_of(answers: Iterable[PreparedAnswer]) -> int:
    return sum(len(one.questions) for one in answers)


def _calls(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of calls; write it as in 200")
    return int(text)
