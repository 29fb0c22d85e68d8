"""Commands about prepared questions: have a model write some, decide on them, check them all."""

import os
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import typer

from core.command_line import flag, option
from core.errors import DocumentError, SettingsError, StrategiewijzerError
from core.file_names import as_text, printable
from core.prepared import PreparedQuestion
from core.proposals import Dropped, ProposerReady
from core.settings import Settings
from ingest.commands import AsJson, app, print_json
from ingest.commands.progress import progress
from ingest.passages.isolated import Loader
from ingest.passages.worker import Loaded
from ingest.publishing import own_questions
from ingest.publishing.ingest_report import SectionAsked, describe_stale
from ingest.publishing.own_questions import OwnQuestions
from ingest.publishing.proposal_run import ProposalRun, Proposer, SectionPlan
from ingest.reading import question_file
from ingest.reading.files import find, refuse_large
from ingest.reading.question_file import PreparedAnswer
from vectorstore.embeddings import Embedder, make_embedder

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


@app.command()
def questions(
    context: typer.Context,
    documents: list[str] | None = typer.Argument(
        None, metavar="DOCUMENT", help="Key or id; none: all."
    ),
    yes: bool = flag("--yes", "Do not ask whether to go on."),
    limit: int = option(200, "N", "Calls at most.", min=1),
    as_json: AsJson = False,
    dry_run: bool = flag("--dry-run", "Only say what it would cost."),
    show: bool = flag("--list", "Show how many questions are proposed, and in use."),
    accept: bool = flag("--accept", "Take the proposed questions into use."),
    refuse: bool = flag("--refuse", "Drop the proposed questions."),
) -> int:
    """Have the language model write prepared questions, which are proposals until a person
    accepts them. Exit with 1 when nothing may be sent, or a section failed."""
    if dry_run + show + accept + refuse > 1:
        context.fail("Give one of --dry-run, --list, --accept and --refuse.")
    settings = Settings()
    names = documents or ()
    if show or accept or refuse:
        own = OwnQuestions(settings)
        keys = _with_questions(own, names)
        if show:
            return _list(own, keys)
        return _accept(own, keys) if accept else _refuse(own, keys)
    if not settings.generative:
        raise SettingsError(
            "No language model is configured, so none can write questions. Set "
            "STRATEGIEWIJZER_MODEL and OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own "
            "(docs/models.md)."
        )
    with Proposer() as proposer:
        run = ProposalRun(settings, proposer.ready)
        with nullcontext() if dry_run else run.exclusive():
            plan = run.plan(names, limit)
            _tell_plan(plan, proposer.ready, limit, as_json=as_json)
            if dry_run or not plan.calls:
                return 0
            if not (yes or _agreed()):
                return 1
            return _ask(run, plan, proposer, as_json=as_json)


def _ask(run: ProposalRun, plan: SectionPlan, proposer: Proposer, *, as_json: bool) -> int:
    """Asks, shows how far it is and what came of it; returns the exit code."""
    asked: list[SectionAsked] = []
    code = 0
    try:
        with progress(as_json=as_json) as tell:
            for one in run.ask(plan, proposer):
                asked.append(one)
                tell(one)
    except KeyboardInterrupt:
        code = 130
    finally:
        if not as_json:
            for line in _outcome(asked, plan):
                print(line)
    return code or int(any(one.reason for one in asked))


def _tell_plan(plan: SectionPlan, ready: ProposerReady, limit: int, *, as_json: bool) -> None:
    """Says what would be asked, before anything is sent."""
    if as_json:
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
        print(f"Limit: {limit:,} calls (--limit). {plan.later:,} sections are left then.")


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


def _outcome(asked: Sequence[SectionAsked], plan: SectionPlan) -> Iterator[str]:
    """What came of a run, and what to do next."""
    good = [one for one in asked if not one.reason]
    kept = sum(one.kept for one in good)
    yield f"{len(good):,} sections were asked about: {kept:,} questions are proposed."
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
        yield f"See them with --list, and take them: {_ACCEPT}"


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
    taken = sum(_count_of(own.accept(key)) for key in keys)
    print(f"{taken:,} questions are accepted. {_PUBLISH}" if taken else "None wait.")
    return 0


def _refuse(own: OwnQuestions, keys: Iterable[str]) -> int:
    dropped = sum(_count_of(own.refuse(key)) for key in keys)
    print(f"{dropped:,} questions are refused." if dropped else "None wait.")
    return 0


def _of_models(own: OwnQuestions, key: str) -> list[PreparedAnswer]:
    """The proposals of models; an answer that one person approved waits for another person."""
    return [one for one in own.proposed(key) if not one.approved]


def _count_of(answers: Iterable[PreparedAnswer]) -> int:
    return sum(len(one.questions) for one in answers)


@app.command()
def check_questions(
    paths: list[Path] | None = typer.Argument(None, metavar="PATH", help="Folder or file."),
    keep_vectors: bool = flag(
        "--keep-vectors",
        "Write the questions' vectors beside their files, so that no other machine needs to.",
    ),
) -> int:
    """Does every prepared question find its answer? Exit with 1 when a file is wrong or a question
    is stale."""
    settings = Settings()
    found = find(paths or settings.corpus_dirs)
    beside = {file: its for file in found.files if (its := question_file.find(file))}
    own = {
        key: place
        for key in OwnQuestions(settings).documents()
        if (place := question_file.own_file(settings.documents_dir, key)).is_file()
    }
    asked, good, problems, stale = 0, 0, 0, 0
    with Loader(settings) as loader:
        for file in found.files if own else beside:
            try:
                refuse_large(file, settings.largest_file)
                loaded = loader.load(file)
            except DocumentError as error:
                print(error)
                problems += 1
                own = {
                    key: place
                    for key, place in own.items()
                    if as_text(place.absolute()) != error.path
                }
                continue
            good += len(loaded.questions)
            stale += len(loaded.stale)
            asked += bool(loaded.questions or loaded.stale)
            own.pop(loaded.document.key, None)
            if keep_vectors and loaded.questions and file in beside:
                _keep_vectors(beside[file], _of_its_file(loaded, file), make_embedder(settings))
            for one in loaded.stale:
                print(describe_stale(one), flush=True)
    lone = [*_alone(found.files, beside.values())]
    if not paths:
        lone += (place for _, place in sorted(own.items()))
    for file in lone:
        print(f"{printable(as_text(file))}: there is no document of this name. Rename it.")
        problems += 1
    print(
        f"{good:,} questions of {asked} documents have their answer; "
        f"{stale} are stale, {problems} files are wrong."
    )
    return 1 if problems or stale else 0


def _of_its_file(loaded: Loaded, file: Path) -> list[PreparedQuestion]:
    """The questions of the file beside a document, without the organisation's own."""
    ids = {one.id for answer in question_file.read(file) for one in answer.questions}
    return [one for one in loaded.questions if one.id.rpartition(":")[2] in ids]


def _keep_vectors(file: Path, questions: Sequence[PreparedQuestion], embedder: Embedder) -> None:
    vectors = embedder.queries([one.question for one in questions])
    own_questions.keep(own_questions.file_beside(file, embedder.fingerprint), questions, vectors)


def _alone(documents: Sequence[Path], known: Collection[Path]) -> Iterator[Path]:
    """The files with prepared questions in the documents' folders that belong to none of them."""
    taken = set(known)
    for folder in sorted({one.parent for one in documents}):
        with os.scandir(folder) as entries:
            names = sorted(one.name for one in entries if one.is_file(follow_symlinks=False))
        mine = (folder / name for name in names if name.endswith(question_file.SUFFIX))
        yield from (file for file in mine if file not in taken)
