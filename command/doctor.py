"""`strategiewijzer doctor`: runs the checks, each within a time, and prints what they find."""

import json
import os
import sys
import threading
from collections.abc import Iterator

import typer

from command.health import CHECKS, INSTALL, Check, Finding, of_error, python, settings_of
from core.errors import StrategiewijzerError, kind_and_place
from core.settings import Settings
from language.characters import visible

_THREAD = "doctor-check"


def run(*, as_json: bool) -> int:
    """Prints every finding; returns the exit code: 1 when one is a failure."""
    findings = []
    for finding in examine():
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        found = [finding.model_dump(mode="json") for finding in findings]
        typer.echo(json.dumps(found, ensure_ascii=False, indent=2))
    code = int(any(finding.level == "failure" for finding in findings))
    if any(thread.name == _THREAD for thread in threading.enumerate()):
        sys.stdout.flush()
        os._exit(code)  # a check that never ends would keep this process from ending
    return code


def examine() -> Iterator[Finding]:
    """What each check finds; without settings only that they are wrong."""
    yield python()
    settings = settings_of()
    if isinstance(settings, Finding):
        yield settings
        return
    yield Finding(check="settings", found="known and valid")
    failed: dict[str, str] = {}  # what fails -> the check that told it first
    for check in CHECKS:
        finding = examined(check, settings)
        if finding is None:
            continue
        if finding.level == "failure":
            first = failed.setdefault(finding.found, check.name)
            if first != check.name:
                remedy = f"First mend what fails above: {first}."
                finding = check.finding("warning", "not looked at", remedy)
        yield finding


def examined(check: Check, settings: Settings) -> Finding | None:
    """What a check finds; a failure when it raises or takes too long."""
    found: list[Finding | None] = []

    def look() -> None:
        try:
            found.append(check.look(settings))
        except StrategiewijzerError as error:
            found.append(of_error(check.name, error))
        except ImportError as error:
            found.append(check.finding("failure", str(error), INSTALL))
        except Exception as error:  # noqa: BLE001 - the other checks are made all the same
            # The kind of error only: a library's text may repeat a secret.
            found.append(check.finding("failure", kind_and_place(error), check.remedy))

    seconds = check.seconds(settings)
    thread = threading.Thread(target=look, name=_THREAD, daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        return check.finding(check.late, f"not done within {seconds:.0f} seconds", check.remedy)
    return found[0]


def _print(finding: Finding) -> None:
    typer.echo(visible(f"{finding.level:<8} {finding.check}: {finding.found}"))
    if finding.remedy:
        typer.echo(visible(f"         {finding.remedy}"))
