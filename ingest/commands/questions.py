"""Commands about prepared questions: have a model write some, decide on them, check them all."""

import os
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import typer

from core.background import INTERRUPTED
from core.command_line import flag, option
from core.errors import DocumentError, SettingsError, StrategiewijzerError
from core.files import as_text, printable
from core.proposals import ProposerReady
from core.settings import Settings
from ingest.commands import AsJson, app, print_json
from ingest.commands.progress import progress
from ingest.passages.isolated import Loader
from ingest.passages.worker import Loaded
from ingest.publishing import question_vectors
from ingest.publishing.ingest_run import SectionAsked, describe_stale
from ingest.publishing.own_questions import OwnQuestions
from ingest.publishing.proposal_run import ProposalRun, SectionPlan
from ingest.publishing.proposer import Proposer
from ingest.reading import question_file
from ingest.reading.files import find, refuse_large
from ingest.reading.question_file import PreparedAnswer
from vectorstore.embeddings import Embedder, make_embedder

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
    """Have the language model write prepared questions, for sections that have none. They are
    proposals until a person accepts them. Exit with 1 when nothing may be sent, or a section
    failed."""
    if dry_run + show + accept + refuse > 1:
        context.fail("Give one of --dry-run, --list, --accept and --refuse.")
    settings = Settings()
    names = documents or ()
    if show or accept or refuse:
        return _decide(OwnQuestions(settings), names, accept=accept, refuse=refuse)
    if not settings.generative:
        raise SettingsError(
            "No language model is configured, so none can write questions. Set "
            "STRATEGIEWIJZER_MODEL and OPENAI_API_KEY, or OPENAI_BASE_URL for a server of your own "
            "(docs/models.md)."
        )
    with Proposer() as proposer:
        run = ProposalRun(settings)
        plan = run.plan(names, limit, proposer.ready.rules)
        _print_plan(plan, proposer.ready, as_json=as_json)
        if dry_run or not plan.now:
            return 0
        if not (yes or _agreed()):
            return 1
        events: list[SectionAsked] = []
        code = 0
        try:
            with progress(as_json=as_json) as tell:
                for event in run.ask(plan, proposer):
                    events.append(event)
                    tell(event)
        except KeyboardInterrupt:
            code = INTERRUPTED
        finally:
            if not as_json:
                for line in _outcome(events, plan):
                    print(line)
        return code or int(any(event.reason for event in events))


def _print_plan(plan: SectionPlan, ready: ProposerReady, *, as_json: bool) -> None:
    """Prints what would be asked, before anything is sent."""
    calls = len(plan.now)
    if as_json:
        counts = {"calls": calls, "later": plan.later, "before": plan.before}
        tokens = {"read": plan.read, "written": plan.written}
        server = {"model": ready.model, "address": ready.address}
        print_json({"event": "to_ask", **counts, **tokens, **server})
        return
    before = f" ({plan.before:,} have questions)" if plan.before else ""
    if not plan.now:
        print(f"There is nothing to ask about{before}.")
        return
    keys = [*dict.fromkeys(section.passage.document.key for section in plan.now)]
    more = ", ..." if len(keys) > _SHOWN else ""
    shown = ", ".join(map(printable, keys[:_SHOWN]))
    print(f"{calls:,} sections of {len(keys):,} documents{before}: {shown}{more}")
    print(
        f"One call each: {calls:,} calls, about {plan.read:,} tokens of prompts and "
        f"{plan.written:,} of replies."
    )
    print(f"They go to {printable(ready.address)}, model {printable(ready.model)}.")
    if plan.later:
        print(f"Limit: {calls:,} calls (--limit). {plan.later:,} sections are left then.")


def _agreed() -> bool:
    """Whether the person at the terminal agrees; prints why not."""
    why = "nobody is here to agree. With --yes it goes on without asking."
    if sys.stdin.isatty():
        print("Go on? [y/N] ", end="", file=sys.stderr, flush=True)
        if sys.stdin.readline().strip().casefold() in ("y", "yes"):
            return True
        why = "you did not agree."
    print(f"Nothing was sent: {why}", file=sys.stderr)
    return False


def _outcome(events: Sequence[SectionAsked], plan: SectionPlan) -> Iterator[str]:
    """What came of a run, and what to do next."""
    good = [event for event in events if not event.reason]
    kept, dropped = sum(event.kept for event in good), sum(event.dropped for event in good)
    yield f"{len(good):,} sections were asked about: {kept:,} questions are proposed."
    if dropped:
        yield (
            f"{dropped:,} questions were dropped: no plain question, in another language, asked "
            "already, or not finding their answer again."
        )
    for reason, count in Counter(event.reason for event in events if event.reason).most_common():
        yield f"{count} sections failed: {printable(reason)}"
    if left := len(plan.now) - len(good) + plan.later:
        yield f"{left:,} sections are left; the same command goes on with them."
    if kept:
        yield f"See them with --list, and take them: {_ACCEPT}"


def _decide(own: OwnQuestions, names: Sequence[str], *, accept: bool, refuse: bool) -> int:
    """Accepts, refuses or lists the proposed questions for documents (keys or ids; none: all).

    Raises:
        StrategiewijzerError: there are no questions for one of the documents.
    """
    every = own.documents()
    for name in names:
        if not any(_is_named(key, name) for key in every):
            raise StrategiewijzerError(
                f"There are no questions for {printable(name)!r}. See which there are with: python "
                "-m ingest questions --list"
            )
    keys = [key for key in every if not names or any(_is_named(key, name) for name in names)]
    if accept:
        count = sum(_count(own.accept(key)) for key in keys)
        print(f"{count:,} questions are accepted. {_PUBLISH}" if count else "None wait.")
    elif refuse:
        count = sum(_count(own.refuse(key)) for key in keys)
        print(f"{count:,} questions are refused." if count else "None wait.")
    else:
        _list(own, keys)
    return 0


def _is_named(key: str, name: str) -> bool:
    """Whether a document's key is this one, or of this id."""
    return name in (key, key.rpartition(".")[0])


def _list(own: OwnQuestions, keys: Iterable[str]) -> None:
    total = 0
    for key in keys:
        # of models: an answer that one person approved waits for another person
        proposed = [answer for answer in own.proposed(key) if not answer.approved]
        total += (count := _count(proposed))
        place = f" in {printable(proposed[0].file)}" if proposed else ""
        in_use = _count(own.accepted(key))
        print(f"{printable(key)}: {count:,} proposed{place}, {in_use:,} in use at the next ingest")
    print(f"{total:,} proposed questions wait. Take them: {_ACCEPT}" if total else "None wait.")


def _count(answers: Iterable[PreparedAnswer]) -> int:
    return sum(len(answer.questions) for answer in answers)


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
    places = {
        key: question_file.own_file(settings.documents_dir, key)
        for key in OwnQuestions(settings).documents()
    }
    own = {key: place for key, place in places.items() if place.is_file()}
    documents, good, problems, stale = 0, 0, 0, 0
    with Loader(settings) as loader:
        for file in found.files if own else beside:
            try:
                refuse_large(file, settings.largest_file)
                loaded = loader.load(file)
            except DocumentError as error:
                print(error)
                problems += 1
                own = {
                    k: place for k, place in own.items() if as_text(place.absolute()) != error.path
                }
                continue
            good += len(loaded.questions)
            stale += len(loaded.stale)
            documents += bool(loaded.questions or loaded.stale)
            own.pop(loaded.document.key, None)
            if keep_vectors and loaded.questions and file in beside:
                _keep_vectors(loaded, file, beside[file], make_embedder(settings))
            for question in loaded.stale:
                print(describe_stale(question), flush=True)
    alone = [*_alone(found.files, beside.values())]
    if not paths:
        alone += (place for _, place in sorted(own.items()))
    for file in alone:
        print(f"{printable(as_text(file))}: there is no document of this name. Rename it.")
        problems += 1
    print(
        f"{good:,} questions of {documents} documents have their answer; "
        f"{stale} are stale, {problems} files are wrong."
    )
    return 1 if problems or stale else 0


def _keep_vectors(loaded: Loaded, document: Path, questions: Path, embedder: Embedder) -> None:
    """Writes the vectors of the file beside a document, without the organisation's own."""
    ids = {question.id for answer in question_file.read(document) for question in answer.questions}
    own = [question for question in loaded.questions if question.id.rpartition(":")[2] in ids]
    vectors = embedder.queries([question.question for question in own])
    place = question_vectors.file_beside(questions, embedder.fingerprint)
    question_vectors.keep(place, own, vectors)


def _alone(documents: Sequence[Path], known: Collection[Path]) -> Iterator[Path]:
    """The files with prepared questions in the documents' folders that belong to none of them."""
    taken = set(known)
    for folder in sorted({document.parent for document in documents}):
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
        mine = (folder / name for name in names if name.endswith(question_file.SUFFIX))
        yield from (file for file in mine if file not in taken)
