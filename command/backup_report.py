"""Prints what `strategiewijzer backup` and `strategiewijzer restore` did, or why they did not."""

import sys
from pathlib import Path

import typer

from command.backup import apart, back_up, kept_elsewhere
from command.restore import occupied, restore
from core.errors import StrategiewijzerError
from core.settings import Settings
from language.characters import visible

_LISTED = 5  # names of files that were left out: enough to see of what kind they are


def backup_to(file: Path) -> int:
    """Returns the exit code."""
    try:
        settings = Settings()
        made = back_up(settings, file)
    except StrategiewijzerError as error:
        return _failed(error)
    index = f"generation {made.generation}" if made.generation else "no index, as there is none"
    _print(
        f"{file} has {made.files} files and {index} ({made.size / 1e6:.1f} MB). It was restored "
        "aside and its index answers. It holds what people asked: keep it as private as the "
        "data folder."
    )
    if made.left_out:
        more = ", ..." if len(made.left_out) > _LISTED else ""
        _print(f"Left out, as links or secrets: {', '.join(made.left_out[:_LISTED])}{more}")
    for line in kept_elsewhere(settings):
        _print(line)
    return 0


def restore_from(file: Path, *, yes: bool) -> int:
    """Returns the exit code."""
    try:
        settings = Settings()
        apart(settings)
        if (there := occupied(settings)) and not yes:
            _print(
                f"{' and '.join(map(str, there))} would be put aside, not removed. Stop the app, "
                f"then: strategiewijzer restore {file} --yes",
                error=True,
            )
            return 1
        done = restore(settings, file)
    except StrategiewijzerError as error:
        return _failed(error)
    _print(f"{file} is restored in {settings.data_dir} and {settings.documents_dir}.")
    for folder in done.put_aside:
        _print(f"What was there before is in {folder}. Remove it when all is well.")
    if done.revoked:
        _print(f"Keys that were revoked since the backup, and stay so: {', '.join(done.revoked)}")
    if done.untold:
        _print(
            f"Keys that were revoked since the backup are valid again, as these cannot be told: "
            f"{done.untold} Revoke them again: ./strategiewijzer keys list",
            error=True,
        )
    return 0


def _failed(error: StrategiewijzerError) -> int:
    _print(str(error), error=True)
    return 1


def _print(line: str, *, error: bool = False) -> None:
    typer.echo(visible(line), file=sys.stderr if error else sys.stdout)
