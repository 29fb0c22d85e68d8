"""Kept runs: their files, what the gate found, what people decided, and which is the baseline.

data/runs/20261124T175501Z/
    results.json     stamp, figures, fingerprint; questions.jsonl: a line per question
    report.html      the report, with the decisions
    gate.json        the rules that were checked, and against which baseline
    sign-off.jsonl   a line per decision; the last one counts

Each function raises StrategiewijzerError when there is no such run, another version of this program
wrote it, or nothing can be written.
"""

import datetime
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from core.errors import StrategiewijzerError
from core.settings import Settings
from core.source import Frozen
from eval import run_report
from eval.gate import RuleResult
from eval.question_results import QuestionResult
from eval.results import LONGEST_NAME, LONGEST_REASON, Figures, Results, SignOff
from language.escaping import visible
from userdata.audit import RunDecision, keep_decision

FIGURES = "results.json"
REPORT = "report.html"
_QUESTIONS = "questions.jsonl"
_GATE = "gate.json"
_SIGN_OFF = "sign-off.jsonl"
_ACCEPTED = "accepted"
_LONGEST_QUESTION = 1 << 20  # characters of a result; the longest has some 20,000


class GateReport(Frozen):
    """The gate's findings: `rules` is the name of their file, `baseline` the date of the run that
    this one may not be worse than; both empty if there was none."""

    rules: str = ""
    baseline: str = ""
    checks: tuple[RuleResult, ...] = ()


def runs_folder(data_dir: Path) -> Path:
    return data_dir / "runs"


def new_folder(data_dir: Path, results: Results) -> Path:
    """Unused path of a folder for a run; does not create it."""
    digits = "".join(character for character in results.stamp.date[:19] if character.isalnum())
    folder = runs_folder(data_dir) / f"{digits}Z"
    number = 2
    while folder.exists():
        folder = folder.with_name(f"{digits}Z-{number}")
        number += 1
    return folder


def write(
    results: Results, folder: Path, report: str, gate: GateReport | None = None
) -> tuple[Path, ...]:
    """Writes a run with its report and what the gate found into a folder; returns the files."""
    lines = "".join(question.model_dump_json() + "\n" for question in results.questions)
    figures = {
        "fingerprint": results.fingerprint,
        **results.model_dump(mode="json", exclude={"questions"}),
    }
    contents = {
        _QUESTIONS: lines,
        REPORT: report,
        FIGURES: json.dumps(figures, indent=2, ensure_ascii=False) + "\n",
    }
    if gate is not None:
        contents[_GATE] = gate.model_dump_json(indent=2) + "\n"
    with _writing_to(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            (folder / name).write_text(text, "utf-8")
    return tuple(folder / name for name in contents)


def read(folder: Path) -> Results:
    """Reads a run with its questions."""
    with _explained(folder):
        lines = (folder / _QUESTIONS).read_text("utf-8").split("\n")  # splitlines knows more ends
        questions = tuple(QuestionResult.model_validate_json(line) for line in lines if line)
        return Results.model_validate({**_figures(folder), "questions": questions})


def read_figures(folder: Path) -> Figures:
    """Reads only the figures of a run: a small file, while its questions are megabytes. Of these
    the first is looked at, as a version that writes them differently does so from there on."""
    with _explained(folder):
        figures = Figures.model_validate(_figures(folder))
        with (folder / _QUESTIONS).open(encoding="utf-8") as questions:
            if first := questions.readline(_LONGEST_QUESTION).strip():
                QuestionResult.model_validate_json(first)
        return figures


def _figures(folder: Path) -> dict[str, object]:
    figures: dict[str, object] = json.loads((folder / FIGURES).read_text("utf-8"))
    figures.pop("fingerprint", None)
    return figures


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turns errors of reading a run into a message with a remedy."""
    try:
        yield
        return
    except OSError as error:
        raise StrategiewijzerError(
            f"{error.filename}: cannot be read ({error.strerror}). "
            "Name the folder of an earlier run of: python -m eval"
        ) from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        reason = f"{key}: {first['msg']}"
    except (ValueError, TypeError, AttributeError):
        reason = "no JSON"
    raise StrategiewijzerError(
        f"{folder}: not a run of this version ({reason}). Make it again with: python -m eval"
    )


def listed(data_dir: Path) -> tuple[str, ...]:
    """Names of the stored runs, oldest first."""
    folders = (file.parent for file in runs_folder(data_dir).glob(f"*/{FIGURES}"))
    return tuple(sorted(folder.name for folder in folders if not folder.is_symlink()))


def accepted(data_dir: Path) -> str | None:
    """Name of the accepted run, if any."""
    file = runs_folder(data_dir) / _ACCEPTED
    return file.read_text("utf-8").strip() if file.is_file() else None


def accept(data_dir: Path, name: str) -> None:
    """Sets the accepted run; refuses one that later runs could not be compared with."""
    file = runs_folder(data_dir) / _ACCEPTED
    if name not in listed(data_dir):
        raise StrategiewijzerError(_unknown(name, data_dir))
    try:
        read(file.with_name(name))
    except StrategiewijzerError as error:
        raise StrategiewijzerError(
            f"{name} cannot be accepted, as no run can be compared with it. {error}. Then accept "
            "that one: python -m eval accept last"
        ) from None
    with _writing_to(file):
        file.write_text(f"{name}\n", "utf-8")


def baseline(data_dir: Path) -> tuple[Results | None, str]:
    """The accepted run, and where it cannot be read in its place what to do; nothing of either
    where no run was accepted."""
    name = accepted(data_dir)
    if name is None:
        return None, ""
    folder = resolve(name, data_dir)
    try:
        return read(folder), ""
    except StrategiewijzerError:
        return None, (
            f"The accepted run {name} was made by another version of this program, or is damaged, "
            "so this run is compared with none. Read the report of this run; to compare with it "
            "from now on: python -m eval accept RUN"
        )


def resolve(name: str, data_dir: Path) -> Path:
    """Folder of a run, by its name, or "last", "previous" or "accepted"."""
    names = listed(data_dir)
    if name in ("last", "previous"):
        back = 1 if name == "last" else 2
        name = names[-back] if len(names) >= back else name
    elif name == _ACCEPTED:
        chosen = accepted(data_dir)
        if chosen is None:
            raise StrategiewijzerError(
                "No run has been accepted yet. Accept one with: python -m eval accept RUN"
            )
        name = chosen
    if name not in names:
        raise StrategiewijzerError(_unknown(name, data_dir))
    return runs_folder(data_dir) / name


def _unknown(name: str, data_dir: Path) -> str:
    there = ", ".join(listed(data_dir)) or "none yet; make one with: python -m eval"
    folder = runs_folder(data_dir)
    return f"There is no run {name!r}. A run is named by its folder in {folder}: {there}"


def gate_of(folder: Path) -> GateReport:
    """The gate's findings on a run; without checks where none is on record."""
    try:
        return GateReport.model_validate_json((folder / _GATE).read_bytes())
    except (OSError, ValidationError):
        return GateReport()


def sign(
    settings: Settings, run: str, *, goes_live: bool, name: str, reason: str, by: str
) -> SignOff:
    """Keeps a decision with its run, in the run's report, and on record where the audit is on; it
    needs a name and a reason (StrategiewijzerError)."""
    folder = resolve(run, settings.data_dir)
    try:
        made = SignOff(
            goes_live=goes_live,
            name=" ".join(visible(name).split()),
            reason=visible(reason),
            date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            results=json.loads((folder / FIGURES).read_text("utf-8"))["fingerprint"],
        )
    except ValidationError:
        raise StrategiewijzerError(
            f"A decision needs a name of at most {LONGEST_NAME} characters and a reason of at "
            f"most {LONGEST_REASON}."
        ) from None
    decision: Literal["goes live", "does not go live"] = (
        "goes live" if goes_live else "does not go live"
    )
    on_record = RunDecision(decision=decision, run=run, results=made.results, reason=made.reason)
    keep_decision(settings, on_record, by)
    with _writing_to(folder):
        with (folder / _SIGN_OFF).open("a", encoding="utf-8") as kept:
            kept.write(made.model_dump_json() + "\n")
        report = folder / REPORT
        if report.is_file():
            text = run_report.signed(report.read_text("utf-8"), sign_offs(folder))
            report.write_text(text, "utf-8")
    return made


def sign_offs(folder: Path) -> tuple[SignOff, ...]:
    """The decisions on a run, oldest first; a line that is none, as of a full disk, is left out."""
    found = []
    try:
        lines = (folder / _SIGN_OFF).read_text("utf-8").split("\n")  # splitlines knows more ends
    except FileNotFoundError:
        return ()
    for line in lines:
        with suppress(ValidationError):
            found.append(SignOff.model_validate_json(line))
    return tuple(found)


@contextmanager
def _writing_to(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StrategiewijzerError(
            f"{place}: cannot be written to ({error.strerror}). Let this program write there, or "
            "choose another folder with --out."
        ) from None
