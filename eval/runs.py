"""Where runs are kept, how they are read again, and which of them is the baseline."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from core.errors import StrategiewijzerError
from eval.question_results import QuestionResult
from eval.results import Figures, Results

FIGURES = "results.json"
REPORT = "report.html"
_QUESTIONS = "questions.jsonl"
_ACCEPTED = "accepted"


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


def write(results: Results, folder: Path, report: str) -> tuple[Path, ...]:
    """Writes a run and its report into a folder; returns the files.

    Raises:
        StrategiewijzerError: the folder cannot be written to.
    """
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
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            (folder / name).write_text(text, "utf-8")
    except OSError as error:
        raise StrategiewijzerError(
            f"{folder}: cannot be written to ({error.strerror}). Choose another folder with --out."
        ) from None
    return tuple(folder / name for name in contents)


def read(path: Path) -> Results:
    """Reads a run from its folder, or from the `results.json` in it.

    Raises:
        StrategiewijzerError: there is no such run, or it was written by another version.
    """
    folder = path.parent if path.name == FIGURES else path
    with _explained(folder):
        lines = (folder / _QUESTIONS).read_text("utf-8").split("\n")  # splitlines knows more ends
        questions = tuple(QuestionResult.model_validate_json(line) for line in lines if line)
        return Results.model_validate({**_figures(folder), "questions": questions})


def read_figures(folder: Path) -> Figures:
    """Reads only the figures of a run: a small file, while its questions are megabytes.

    Raises:
        StrategiewijzerError: there is no such run, or it was written by another version.
    """
    with _explained(folder):
        return Figures.model_validate(_figures(folder))


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


def accept(data_dir: Path, name: str | None) -> None:
    """Sets the accepted run; None unsets it.

    Raises:
        StrategiewijzerError: there is no such run, or the file cannot be written.
    """
    file = runs_folder(data_dir) / _ACCEPTED
    if name is not None and name not in listed(data_dir):
        raise StrategiewijzerError(_unknown(name, data_dir))
    try:
        if name is None:
            file.unlink(missing_ok=True)
        else:
            file.write_text(f"{name}\n", "utf-8")
    except OSError as error:
        raise StrategiewijzerError(
            f"{file}: cannot be written ({error.strerror}). Let this program write there."
        ) from None


def resolve(name: str, data_dir: Path) -> Path:
    """Folder of a run, by its name, or "last", "previous" or "accepted".

    Raises:
        StrategiewijzerError: there is no such run; the message names the stored ones.
    """
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
