"""Question sets of one's own: YAML files in the folder questions of the data folder."""

import re
import tempfile
from pathlib import Path

import streamlit as st

from core.errors import QuestionSetError, StoreError, StrategiewijzerError
from eval.dataset import load
from ui import access, error_texts, uploads
from ui.texts import Texts

CHOSEN = "evaluation-set"  # the name of the set that is asked, "" for ours
_FOLDER = "questions"
_GIVEN = "evaluation-set-given"
_PROBLEM = "evaluation-set-problem"
_LARGEST = 5  # MB; our own questions take less than a fifth of one
_LONGEST = 80  # characters of a name; file systems allow 255 bytes


def listed(data_dir: Path) -> dict[str, Path]:
    """The sets that are there, by name."""
    return {file.name: file for file in sorted((data_dir / _FOLDER).glob("*.yaml"))}


def place(data_dir: Path, name: str) -> Path:
    """Where the set with this name is kept."""
    return data_dir / _FOLDER / name


def offer(data_dir: Path, texts: Texts) -> None:
    """A place to add a set; one that is not as it should be is refused with what is wrong."""
    uploads.uploader(
        texts("evaluation.own.choose"),
        "evaluator",
        _LARGEST,
        type=["yaml", "yml"],
        help=texts("evaluation.own.help"),
        key=_GIVEN,
        on_change=_add,
        args=(data_dir,),
    )
    if problem := st.session_state.get(_PROBLEM):
        error_texts.told(texts("evaluation.own.refused"), problem, texts)


def _add(data_dir: Path) -> None:
    """Keeps the set that was given and chooses it."""
    st.session_state[_PROBLEM] = ""
    given = st.session_state[_GIVEN]
    if given is None:
        return
    try:
        access.require("evaluator")
        st.session_state[CHOSEN] = keep(data_dir, given.name, given.getvalue())
    except StrategiewijzerError as error:
        st.session_state[_PROBLEM] = str(error)


def keep(data_dir: Path, given: str, content: bytes) -> str:
    """Keeps a set in place of one with the same name; returns its name, in which no path is left.

    Raises:
        QuestionSetError: the set is not in the agreed format; nothing is kept.
        StoreError: nothing can be written in the data folder.
    """
    name = re.sub(r"[^\w-]+", "-", Path(given).stem)[:_LONGEST].strip("-") + ".yaml"
    if name == ".yaml":
        raise QuestionSetError("This file has no name. Give it one, such as my-questions.yaml.")
    folder = data_dir / _FOLDER
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".given-", dir=folder) as place:
            file = Path(place) / name
            file.write_bytes(content)
            try:
                load(file)
            except QuestionSetError as error:  # whoever gave the set knows no other place of it
                raise QuestionSetError(str(error).replace(str(file), name)) from None
            file.replace(folder / name)
    except OSError as error:
        raise StoreError(
            f"{folder}: cannot be written ({error.strerror}). Let this program write there."
        ) from None
    return name
