"""The layers of multilingual-e5-small as a graph for onnxruntime."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from vectorstore.e5_weights import Weights
from vectorstore.onnx_file import Model

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
