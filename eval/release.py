"""Whether a run may go live: what the gate found, and what people decided.

data/runs/20261124T175501Z/
    gate.json        the rules that were checked, and against which baseline
    sign-off.jsonl   a line per decision; the last one counts
"""

import datetime
import json
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from core.errors import StrategiewijzerError
from core.settings import Settings
from core.source import Frozen
from eval import run_report, runs
from eval.gate import RuleResult
from eval.results import LONGEST_NAME, LONGEST_REASON, SignOff
from language.escaping import visible
from userdata.audit import RunDecision, keep_decision

_GATE = "gate.json"
_SIGN_OFF = "sign-off.jsonl"


class GateReport(Frozen):
    """The gate's findings: `rules` is the name of their file, `baseline` the date of the run that
    this one may not be worse than; both empty if there was none."""

    rules: str = ""
    baseline: str = ""
    checks: tuple[RuleResult, ...] = ()


def keep_gate(folder: Path, found: GateReport) -> None:
    """Keeps what the gate found in the folder of a run.

    Raises:
        StrategiewijzerError: the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / _GATE).write_text(found.model_dump_json(indent=2) + "\n", "utf-8")
    except OSError as error:
        raise _unwritable(folder, error) from None


def gate_of(folder: Path) -> GateReport:
    """The gate's findings on a run; without checks where none is on record."""
    try:
        return GateReport.model_validate_json((folder / _GATE).read_bytes())
    except (OSError, ValidationError):
        return GateReport()


def sign(
    settings: Settings, run: str, *, goes_live: bool, name: str, reason: str, by: str
) -> SignOff:
    """Keeps a decision with its run, in the run's report, and on record where the audit is on.

    Raises:
        StrategiewijzerError: there is no such run, a name or a reason is missing or too long, or
            it cannot be kept.
    """
    folder = runs.resolve(run, settings.data_dir)
    try:
        made = SignOff(
            goes_live=goes_live,
            name=" ".join(visible(name).split()),
            reason=visible(reason),
            date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            results=json.loads((folder / runs.FIGURES).read_text("utf-8"))["fingerprint"],
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
    try:
        with (folder / _SIGN_OFF).open("a", encoding="utf-8") as kept:
            kept.write(made.model_dump_json() + "\n")
        report = folder / runs.REPORT
        if report.is_file():
            text = run_report.signed(report.read_text("utf-8"), sign_offs(folder))
            report.write_text(text, "utf-8")
    except OSError as error:
        raise _unwritable(folder, error) from None
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


def _unwritable(folder: Path, error: OSError) -> StrategiewijzerError:
    return StrategiewijzerError(
        f"{folder}: cannot be written to ({error.strerror}). Let this program write there."
    )
