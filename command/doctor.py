"""`strategiewijzer doctor`: runs the checks, each within a time, and prints what they find."""

import json
import os
import sys
import threading
from collections.abc import Iterator

import typer

from command.diagnosis import Check, Finding, Shortcoming
from command.health import CHECKS, INSTALL
from core.errors import SettingsError, StrategiewijzerError, kind_and_place
from core.settings import ROOT, Settings
from language.characters import visible

PYTHONS = ((3, 11), (3, 14))
"""The first version of Python that will do, and the first that will not."""

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
    yield _python()
    settings = _settings()
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
                finding = check.finding("not looked at", remedy, "warning")
        yield finding


def _python() -> Finding:
    (least, above), version = PYTHONS, sys.version_info[:3]
    found = ".".join(map(str, version))
    if least <= version[:2] < above:
        return Finding(check="Python", found=found)
    remedy = "Install Python 3.11, 3.12 or 3.13, then: rm -r .venv && make chat"
    return Finding(check="Python", level="failure", found=found, remedy=remedy)


def _settings() -> Settings | Finding:
    """The settings, or what is wrong with them."""
    try:
        return Settings()
    except SettingsError as error:
        found = " ".join(str(error).split())
        remedy = "Correct it, then run this again: nothing else was looked at."
    except (OSError, UnicodeDecodeError) as error:  # its text may hold a value
        found = f"{ROOT / '.env'} cannot be read ({type(error).__name__})"
        remedy = "Give yourself the right to read it, and write it as UTF-8; then run this again."
    return Finding(check="settings", level="failure", found=found, remedy=remedy)


def examined(check: Check, settings: Settings) -> Finding | None:
    """What a check finds; a failure when it raises or takes too long."""
    found: list[Finding | None] = []

    def look() -> None:
        try:
            told = check.look(settings)
        except StrategiewijzerError as error:
            told = Shortcoming(str(error), "")
        except ImportError as error:
            told = Shortcoming(str(error), INSTALL)
        except Exception as error:  # noqa: BLE001 - the other checks are made all the same
            # The kind of error only: a library's text may repeat a secret.
            told = Shortcoming(kind_and_place(error), check.remedy)
        if isinstance(told, str):
            told = Shortcoming(told, "", "ok")
        found.append(check.finding(*told) if told else None)

    seconds = check.seconds(settings)
    thread = threading.Thread(target=look, name=_THREAD, daemon=True)
    thread.start()
    thread.join(seconds)
    if not found:
        return check.finding(f"not done within {seconds:.0f} seconds", check.remedy, check.late)
    return found[0]


def _print(finding: Finding) -> None:
    typer.echo(visible(f"{finding.level:<8} {finding.check}: {finding.found}"))
    if finding.remedy:
        typer.echo(visible(f"         {finding.remedy}"))
