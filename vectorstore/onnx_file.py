"""Writes an encoder as an ONNX file, without the package `onnx`, which is 27 MB."""

import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vectorstore.weights import HIGHEST, Encoder

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
        """Writes the model, its large constants into a second file, named after the first.

        Args:
            file: where to.
            given, made: names of the input and the output, both of single precision and this
                shape, in which a name stands for any size.
            sets: domain -> version of its set of operations.
        """
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


def write(weights: Encoder, layers: int, file: Path) -> None:
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
