"""Changes of a run: in each document, and in the answers to a question set; kept generations."""

import difflib
import functools
import hashlib
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from jinja2 import Environment
from pydantic import BaseModel, ConfigDict, JsonValue, ValidationError

from core.errors import StrategiewijzerError
from core.file_names import printable
from core.settings import ROOT, Settings
from core.source import DocumentInfo, Frozen, Passage, SourceDocument
from core.templates import environment
from core.yaml_files import read_yaml
from ingest.publishing.build import Plan
from ingest.publishing.ingest_report import (
    AnswerChange,
    Answers,
    ChangeKind,
    DocumentChange,
    PassageChange,
    Report,
    describe_stale,
)
from language.words import words
from vectorstore.generation import Generation
from vectorstore.generations import Generations
from vectorstore.keyword_index import keyword_folder
from vectorstore.manifest import DocumentEntry, Manifest

_ALIKE = 0.5  # share of equal words of a changed passage; with fewer equal it is a new one
_WORD = re.compile(r"\s+|\S+")  # with its signs, so that no figure is cut: "1,500", "95%"


class DiffPiece(NamedTuple):
    """A stretch of a word diff: in both texts, or only in the old or the new one."""

    kind: Literal["same", "gone", "new"]
    text: str


def document_changes(
    plan: Plan,
    documents: Iterable[SourceDocument | DocumentEntry],
    manifest: Manifest | None,
    before: Iterable[Passage],
    after: Iterable[Passage],
) -> tuple[DocumentChange, ...]:
    """Every document that a plan adds, changes, renames or removes, by key.

    A document that reads as before (only the program changed) is left out.

    Args:
        plan: the plan of the run.
        documents: all documents that the index should hold.
        manifest: of the generation in use, or None when there is none.
        before: the passages that the generation in use has of the documents in `plan.gone`.
        after: the new passages of those in `plan.written`.
    """
    now = {document.key: document for document in documents}
    then = {entry.key: entry for entry in manifest.documents} if manifest else {}
    old, new = _by_document(before), _by_document(after)
    former = {one.key: one.former_key for one in plan.renamed}
    kinds: dict[str, ChangeKind] = {
        **dict.fromkeys(plan.added, "added"),
        **dict.fromkeys(plan.changed, "changed"),
        **dict.fromkeys(former, "renamed"),
        **dict.fromkeys(plan.removed, "removed"),
    }
    changes = []
    for key, kind in sorted(kinds.items()):
        entry, document = then.get(former.get(key, key)), now.get(key)
        known = document or entry
        assert known is not None  # noqa: S101 - a key of the plan is in one of the two
        passages, same = passage_changes(old.get(former.get(key, key), []), new.get(key, []))
        fields = _fields(entry.info, document.info) if entry and document else {}
        if kind == "changed" and not passages and not fields:
            continue
        changes.append(
            DocumentChange(
                kind=kind,
                key=key,
                title=known.info.short_title,
                path=known.path,
                former_path=entry.path if entry and entry.path != known.path else "",
                info=document.info if document else None,
                fields=fields,
                passages=passages,
                unchanged=same,
            )
        )
    return tuple(changes)


def passage_changes(
    before: Sequence[Passage], after: Sequence[Passage]
) -> tuple[tuple[PassageChange, ...], int]:
    """The differences between two versions of a document, in reading order, and the number of
    passages that are equal.

    A removed passage is paired with a new one of the same text under other headings, else with the
    most similar new one in its section.

    Returns:
        The changes, and the number of passages that are the same.
    """
    old, new = _without_common(before, after), _without_common(after, before)
    same = len(after) - len(new)
    pairs: list[tuple[Passage, Passage]] = []
    for likeness in (_same_text, _similarity):
        for now in list(new.values()):
            then = max(old.values(), key=functools.partial(likeness, now), default=None)
            if then is not None and likeness(now, then) >= _ALIKE:
                pairs.append((old.pop(then.id), new.pop(now.id)))
    changes = [
        *((now.start, _change("changed", then, now)) for then, now in pairs),
        *((now.start, _change("added", None, now)) for now in new.values()),
        *((then.start, _change("removed", then, None)) for then in old.values()),
    ]
    return tuple(change for _, change in sorted(changes, key=lambda pair: pair[0])), same


def word_diff(before: str, after: str) -> Iterator[DiffPiece]:
    """The word diff of two texts, as stretches: what is new stands behind what is gone for it,
    without a space between them."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, old_start, old_end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            yield DiffPiece("same", "".join(old[old_start:old_end]))
            continue
        if old_end > old_start:
            yield DiffPiece("gone", "".join(old[old_start:old_end]))
        if new_end > new_start:
            yield DiffPiece("new", "".join(new[new_start:new_end]))


def _by_document(passages: Iterable[Passage]) -> dict[str, list[Passage]]:
    found: dict[str, list[Passage]] = {}
    for passage in passages:
        found.setdefault(passage.document.key, []).append(passage)
    return found


def _fields(before: DocumentInfo, after: DocumentInfo) -> Mapping[str, tuple[str, str]]:
    """The changed metadata as text, (before, after); a field without a value is empty."""
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return {
        name: (str(old[name] or ""), str(new[name] or ""))
        for name in DocumentInfo.model_fields
        if old[name] != new[name]
    }


def _content(passage: Passage) -> str:
    """The hash of headings and text in its id; the same in a document under another key."""
    return passage.id.removeprefix(passage.document.key)


def _without_common(passages: Sequence[Passage], others: Sequence[Passage]) -> dict[str, Passage]:
    """The passages that the others lack, by id."""
    common = set(map(_content, others))
    return {one.id: one for one in passages if _content(one) not in common}


def _same_text(one: Passage, other: Passage) -> float:
    return float(one.text == other.text)


def _similarity(one: Passage, other: Passage) -> float:
    """The share of words that two passages of one section have in common (0-1; Dice)."""
    if one.headings[1:] != other.headings[1:]:
        return 0.0
    own, others = _distinct_words(one.text), _distinct_words(other.text)
    return 2 * len(own & others) / ((len(own) + len(others)) or 1)


@functools.lru_cache(maxsize=10_000)
def _distinct_words(text: str) -> frozenset[str]:
    return frozenset(words(text))


def _change(
    kind: Literal["added", "changed", "removed"], before: Passage | None, after: Passage | None
) -> PassageChange:
    shown = after or before
    assert shown is not None  # noqa: S101 - a change has a passage
    moved = before is not None and before.headings != shown.headings
    return PassageChange(
        kind=kind,
        headings=shown.headings,
        former_headings=before.headings if before and moved else (),
        before=before.text if before else "",
        after=after.text if after else "",
    )


# The report of a run as a page and as JSON.


def write_page(report: Report, file: Path) -> tuple[Path, Path]:
    """Writes FILE.html for people and FILE.json for programs; a suffix of the name is replaced.

    Raises:
        StrategiewijzerError: they cannot be written.
    """
    base = file.with_suffix("") if file.suffix in (".html", ".json") else file
    page, data = (base.with_name(base.name + suffix) for suffix in (".html", ".json"))
    try:
        base.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(page_html(report), "utf-8")
        data.write_text(report.model_dump_json(indent=2) + "\n", "utf-8")
    except OSError as error:
        raise StrategiewijzerError(
            f"{printable(error.filename)}: cannot be written to ({error.strerror}). The index is "
            "not affected; choose another file for the next --report."
        ) from None
    return page, data


def page_html(report: Report) -> str:
    """The report as a page: what happened to each document, with word diffs; failures first."""
    return _templates().get_template("changes.html.j2").render(report=report)


@functools.cache
def _templates() -> Environment:
    templates = environment(Path(__file__).parent, word_diff=word_diff)
    templates.filters["printable"] = printable
    templates.filters["describe_stale"] = describe_stale
    return templates


# Which answers of a question set a run changes.


QUESTIONS = ROOT / "eval" / "questions"


class _Read(BaseModel):
    """Base for the files of another package, of which only some fields are read."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class _Stamp(_Read):
    settings: Mapping[str, JsonValue]
    prompts: Mapping[str, str]
    generation: str
    code_version: str
    questions: Mapping[str, str]


class _Results(_Read):
    stamp: _Stamp


class _Answer(_Read):
    id: str
    question: str
    language: str
    text: str
    cause: str | None = None


@dataclass(frozen=True)
class QuestionRun:
    """One run of the question set."""

    run: str
    stamp: _Stamp
    answers: Mapping[str, _Answer]


def ask(settings: Settings, questions: Path = QUESTIONS) -> QuestionRun:
    """The answers from the generation in use: those of a stored run, else of a new one.

    Raises:
        StrategiewijzerError: the questions could not be asked; says why.
    """
    generation = Generations(settings).current().id
    kept = _kept(settings, questions, generation)
    if kept is None:
        _run(questions)
        kept = _kept(settings, questions, generation)
    if kept is None:
        raise StrategiewijzerError(
            f"The answers of generation {generation} are not in {settings.data_dir / 'runs'}. "
            "Was the index or the question set changed meanwhile? Then run this again."
        )
    return kept


def compare(before: QuestionRun, after: QuestionRun) -> Answers:
    """The questions whose answers differ in text or in shortcoming."""
    pairs = [(before.answers[name], now) for name, now in after.answers.items()]
    return Answers(
        run_before=before.run,
        run_after=after.run,
        asked=len(pairs),
        comparable=_conditions(before.stamp) == _conditions(after.stamp),
        changed=tuple(
            AnswerChange(
                id=now.id,
                question=now.question,
                language=now.language,
                before=then.text,
                after=now.text,
                shortcoming_before=then.cause or "",
                shortcoming_after=now.cause or "",
            )
            for then, now in pairs
            if (then.text, then.cause) != (now.text, now.cause)
        ),
    )


def _conditions(stamp: _Stamp) -> tuple[object, ...]:
    return stamp.settings, stamp.prompts, stamp.code_version


def _kept(settings: Settings, questions: Path, generation: str) -> QuestionRun | None:
    """The last stored run that asked all these questions of a generation."""
    wanted = _fingerprints(questions)
    count = sum(len(read_yaml(file.read_bytes())) for file in _sets(questions))
    for file in sorted((settings.data_dir / "runs").glob("*/results.json"), reverse=True):
        try:
            stamp = _Results.model_validate_json(file.read_bytes()).stamp
            if (stamp.generation, stamp.questions) != (generation, wanted):
                continue
            lines = (file.parent / "questions.jsonl").read_text("utf-8").split("\n")
            answers = [_Answer.model_validate_json(line) for line in lines if line]
            if len(answers) != count:
                continue  # a run over some of the questions
        except (OSError, ValidationError):
            continue  # of another version, or being written
        return QuestionRun(file.parent.name, stamp, {answer.id: answer for answer in answers})
    return None


def _fingerprints(questions: Path) -> dict[str, str]:
    """Maps file names to SHA-256, as in the stamp of a run."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in _sets(questions)}


def _sets(questions: Path) -> list[Path]:
    return [questions] if questions.is_file() else sorted(questions.glob("*.y*ml"))


def _run(questions: Path) -> None:
    done = subprocess.run(  # noqa: S603 - this program itself
        [sys.executable, "-m", "eval", "--questions", str(questions)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        reason = done.stderr.strip() or f"exit code {done.returncode}"
        raise StrategiewijzerError(
            f"The question set could not be asked: {reason}\n"
            f"See what is wrong with: python -m eval --questions {questions}"
        )


# The kept generations, each compared with the one that was in use when it was made.


_BYTES_A_NUMBER = 4  # float32, as Chroma stores vectors


class KeptGeneration(Frozen):
    """One kept generation. `created` is UTC, ISO 8601; the counts are of the documents, their
    language versions, passages and units that it uses. `note` is of whoever published it.

    `added`, `changed` and `removed` are keys of documents, compared with the generation that was in
    use when it was made, or else the kept one before; None for the oldest. `titles` are the short
    titles of these. `size` is in bytes: its vectors, and its keyword index on this machine. What it
    shares with another generation counts in both.
    """

    id: str
    created: str
    in_use: bool
    method: str
    note: str = ""
    documents: int
    versions: int
    passages: int
    units: int
    size: int
    added: tuple[str, ...] | None = None
    changed: tuple[str, ...] | None = None
    removed: tuple[str, ...] | None = None
    titles: Mapping[str, str] = {}


class Ahead(Frozen):
    """The changes of the newest kept generation against the one in use, an earlier one that was put
    back: short titles of documents. `created` is when that newest one was made (UTC, ISO 8601)."""

    created: str
    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]


def ahead(settings: Settings) -> Ahead | None:
    """The changes that publishing the files as they were then would bring back; None where the
    newest kept generation is in use.

    Raises:
        NoIndexError: nothing has been ingested yet.
        IndexMismatchError: another version of this program made the one in use.
    """
    generations = Generations(settings)
    current = generations.current()
    newest = next(iter(reversed(generations.kept())), current)
    if newest.id == current.id:
        return None
    titles = _titles(current.manifest, newest.manifest)
    named = {
        kind: tuple(titles[key] for key in keys)
        for kind, keys in _differences(current.manifest, newest.manifest).items()
    }
    return Ahead(created=newest.manifest.created, **named)


def history(settings: Settings) -> tuple[KeptGeneration, ...]:
    """The kept generations, oldest first.

    Raises:
        NoIndexError: nothing has been ingested yet.
        IndexMismatchError: another version of this program made the one in use.
    """
    generations = Generations(settings)
    current = generations.current().manifest
    kept = generations.kept()
    there = {generation.id: generation.manifest for generation in kept}
    earlier = zip(there.values(), (None, *there.values()), strict=False)
    befores = [there.get(one.before, last) for one, last in earlier]
    return tuple(
        KeptGeneration(
            id=generation.id,
            created=generation.manifest.created,
            in_use=generation.id == current.id,
            method=generation.manifest.method,
            note=generation.note,
            documents=len({entry.info.id for entry in generation.manifest.documents}),
            versions=len(generation.manifest.documents),
            passages=generation.manifest.passages,
            units=generation.manifest.units,
            size=_size(generation, settings),
            titles=_titles(before, generation.manifest) if before else {},
            **_differences(before, generation.manifest),
        )
        for before, generation in zip(befores, kept, strict=False)
    )


def _differences(before: Manifest | None, after: Manifest) -> dict[str, tuple[str, ...]]:
    if before is None:
        return {}
    old, new = _contents(before), _contents(after)
    return {
        "added": tuple(sorted(new.keys() - old.keys())),
        "changed": tuple(sorted(key for key in new.keys() & old.keys() if new[key] != old[key])),
        "removed": tuple(sorted(old.keys() - new.keys())),
    }


def _titles(before: Manifest, after: Manifest) -> Mapping[str, str]:
    """The short titles, by key, of the documents of two generations that are not equal in both."""
    entries = {entry.key: entry for entry in (*before.documents, *after.documents)}
    differing = {key for keys in _differences(before, after).values() for key in keys}
    return {key: entry.info.short_title for key, entry in entries.items() if key in differing}


def _contents(manifest: Manifest) -> Mapping[str, tuple[str, DocumentInfo]]:
    return {entry.key: (entry.sha256, entry.info) for entry in manifest.documents}


def _size(generation: Generation, settings: Settings) -> int:
    manifest = generation.manifest
    vectors = (manifest.passages + manifest.units) * generation.dimensions() * _BYTES_A_NUMBER
    words = keyword_folder(settings, generation.id)
    return vectors + sum(file.stat().st_size for file in words.rglob("*") if file.is_file())
