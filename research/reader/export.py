"""Writes what was trained for the product, with 8 bits a weight.

    python -m research.reader.export FOLDER ...    # --out of a training; vectorstore/reader.npz

Of several states of a training the mean of their weights is written (Izmailov et al. 2018).
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import typer
from rich.console import Console

from core.command_line import CommandLine
from vectorstore.e5 import READER
from vectorstore.encoder_files import HIGHEST, Matrix, Weights

_PROGRAM = "python -m research.reader.export"
_LINEAR = {"attended": "ao", "inner": "fi", "outer": "fo"}
_NORMS = {"after_attention": "aln", "last": "oln"}

app = CommandLine()


@app.command()
def main(
    folders: list[Path] = typer.Argument(..., metavar="FOLDER...", help="What a training kept."),
) -> int:
    """Writes the trained weights for the product."""
    states = [torch.load(folder / "reader.pt", map_location="cpu")["reader"] for folder in folders]
    export({name: sum(state[name] for state in states) / len(states) for name in states[0]}, READER)
    Console().print(f"{READER.name}: {READER.stat().st_size / 1e6:.1f} MB")
    return 0


def export(state: dict[str, Any], file: Path) -> None:
    """Writes a reader's state (`research.reader.network.Network`) as `EncoderFile` reads it:
    matrices with a scale for each of their outputs, vectors with 16 bits."""
    weights = Weights()
    found: dict[str, Matrix] = {name: value.float().numpy() for name, value in state.items()}
    layers = 1 + max(int(name.split(".")[1]) for name in found if name.startswith("layers."))
    vectors = {
        "around": found["around"][:160],
        "emb.ln.w": found["first.weight"],
        "emb.ln.b": found["first.bias"],
        "head.b": found["head.0.bias"],
        "out.w": found["head.2.weight"][0],
        "out.b": found["head.2.bias"],
    }
    matrices = {"head.w": found["head.0.weight"]}
    for layer in range(layers):
        at, to = f"layers.{layer}", f"l{layer}"
        for part, name in enumerate("qkv"):
            rows = slice(part * weights.width, (part + 1) * weights.width)
            matrices[f"{to}.{name}.w"] = found[f"{at}.joined.weight"][rows]
            vectors[f"{to}.{name}.b"] = found[f"{at}.joined.bias"][rows]
        for own, name in _LINEAR.items():
            matrices[f"{to}.{name}.w"] = found[f"{at}.{own}.weight"]
            vectors[f"{to}.{name}.b"] = found[f"{at}.{own}.bias"]
        for own, name in _NORMS.items():
            vectors[f"{to}.{name}.w"] = found[f"{at}.{own}.weight"]
            vectors[f"{to}.{name}.b"] = found[f"{at}.{own}.bias"]
    sizes = (weights.width, weights.heads, weights.inner, layers)
    arrays: Any = {"sizes": np.array(sizes), "epsilon": np.array(weights.epsilon)}
    for name, matrix in matrices.items():
        scale = np.abs(matrix).max(axis=1) / HIGHEST
        arrays[name] = np.rint(matrix / scale[:, None]).astype(np.int8)
        arrays[f"{name}.scale"] = scale.astype(np.float32)
    arrays |= {name: vector.astype(np.float16) for name, vector in vectors.items()}
    with file.open("wb") as written:
        np.savez_compressed(written, allow_pickle=False, **arrays)


if __name__ == "__main__":
    sys.exit(app.run(sys.argv[1:], _PROGRAM))
