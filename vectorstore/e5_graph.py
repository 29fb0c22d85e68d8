"""The layers of multilingual-e5-small as a graph for onnxruntime."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vectorstore.e5_weights import Weights

_LAYERS = 12  # as multilingual-e5-small has
_HIGHEST = 127  # of a signed 8-bit weight; without -128 both sides have the same scale


def write(weights: Weights, file: Path) -> None:
    """Writes the layers as an ONNX model: "rows" -> "last", of shape (tokens, width).

    Its weights stand in a second file, named after it: what loads them then keeps no second copy.

    Two of a layer's four matrix products have 8-bit weights and inputs, with a scale for each
    output and each token. The inputs of the other two, normalised states, have outliers, for
    which 8 bits are too few.
    """
    from onnx import TensorProto, helper, numpy_helper, save_model

    nodes: list[Any] = []
    constants: list[Any] = []
    width = weights.width

    def constant(name: str, value: NDArray[Any]) -> str:
        constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(kind: str, *inputs: str, output: str = "", **options: Any) -> str:
        output = output or f"{kind}{len(nodes)}"
        nodes.append(helper.make_node(kind, list(inputs), [output], **options))
        return output

    def normalised(inputs: str, name: str, output: str = "") -> str:
        scale = constant(f"{name}.w", weights.vector(f"{name}.w", width))
        shift = constant(f"{name}.b", weights.vector(f"{name}.b", width))
        options = {"axis": -1, "epsilon": weights.epsilon}
        return node("LayerNormalization", inputs, scale, shift, output=output, **options)

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
        nodes.append(helper.make_node("Split", [by_head], parts, axis=0, num_outputs=3))
        scores = node("MatMul", parts[0], node("Transpose", parts[1], perm=[0, 1, 3, 2]))
        attention = node("Softmax", node("Mul", scores, scale), axis=-1)
        seen = node("Transpose", node("MatMul", attention, parts[2]), perm=[0, 2, 1, 3])
        attended = linear(
            node("Reshape", seen, together), [f"{at}.ao"], width, width, has_eight_bits=True
        )
        states = normalised(node("Add", states, attended), f"{at}.aln")
        inner = node("Gelu", linear(states, [f"{at}.fi"], weights.inner, width))
        outer = linear(inner, [f"{at}.fo"], width, weights.inner, has_eight_bits=True)
        name = "last" if layer + 1 == _LAYERS else ""
        states = normalised(node("Add", states, outer), f"{at}.oln", name)
    shapes = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["tokens", width])
        for name in ("rows", "last")
    ]
    graph = helper.make_graph(nodes, "e5", shapes[:1], shapes[1:], constants)
    sets = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
    made = helper.make_model(graph, opset_imports=sets)
    made.ir_version = 10  # what onnxruntime 1.20 and later read
    save_model(made, file, save_as_external_data=True, location=f"{file.name}.data")
