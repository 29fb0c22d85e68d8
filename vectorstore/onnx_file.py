"""An ONNX model as a file, written without the package `onnx`, which is 27 MB.

A message of protocol buffers is a row of fields: its number and kind, then its value. The numbers
are those of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
