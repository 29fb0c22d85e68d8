"""Provenance of a run: settings, prompts, index, code and questions."""

import datetime
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from core import VERSION
from core.settings import ROOT, Settings
from eval.results import Stamp

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_QUERY = re.compile(r"(?<=://)([^?#\s]*[?#])\S+")


def make_stamp(
    settings: Settings,
    questions: Mapping[str, str],
    *,
    prompts: Mapping[str, str],
    embedder: str,
    generation: str,
) -> Stamp:
    """Stamp of a run that starts now; `questions` are the fingerprints of its sets."""
    return Stamp(
        settings=masked(settings),
        prompts=prompts,
        embedder=embedder,
        generation=generation,
        code_version=code_version(),
        date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        questions=questions,
        model=str(_plain(settings.model_label)),
    )


def masked(settings: Settings) -> dict[str, JsonValue]:
    """Settings as JSON values, with keys and secrets in URLs masked, and "~" for the home folder,
    which often has a person's name."""
    values: dict[str, JsonValue] = settings.model_dump(mode="json")
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: JsonValue) -> JsonValue:
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if not isinstance(value, str):
        return value
    path, home = Path(value), os.path.expanduser("~")  # stays "~" without a home folder
    if path.is_relative_to(home):
        return str("~" / path.relative_to(home))
    return _QUERY.sub(r"\1***", _CREDENTIALS.sub("***", value))


def code_version() -> str:
    """`git describe` of the working copy ("-dirty": changed since), else the product's version."""
    git = shutil.which("git")
    if git is not None and (ROOT / ".git").exists():
        described = subprocess.run(  # noqa: S603 - fixed arguments
            [git, "-C", str(ROOT), "describe", "--tags", "--always", "--dirty"],
            capture_output=True,
            text=True,
            check=False,
        )
        if described.returncode == 0:
            return described.stdout.strip()
    return VERSION
