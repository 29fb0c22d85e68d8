"""A model that we write ourselves is read and run as what it says."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from vectorstore.encoder_files import Model


@pytest.mark.parametrize("width", [4, 300])  # small constants stand in the model, large beside it
def test_a_model_computes_what_its_nodes_say(tmp_path: Path, width: int) -> None:
    generator = np.random.default_rng(7)
    scale, shift, rows = (generator.standard_normal((n, width), np.float32) for n in (1, 1, 3))
    model = Model()
    names = [model.constant("scale", scale[0]), model.constant("shift", shift[0])]
    evened = model.node("LayerNormalization", "rows", *names, axis=-1, epsilon=0.5)
    turned = model.node("Transpose", evened, perm=[1, 0])
    shape = model.constant("shape", np.array([-1, width]))
    back = model.node("Transpose", turned, perm=[1, 0])
    model.node("Reshape", back, shape, outputs=["last"])
    file = tmp_path / "layers.onnx"
    model.write(file, "rows", "last", ["tokens", width], {"": 20})

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (made,) = session.run(["last"], {"rows": rows})

    apart = rows - rows.mean(axis=1, keepdims=True)
    expected = apart / np.sqrt(rows.var(axis=1, keepdims=True) + 0.5) * scale + shift
    assert made == pytest.approx(expected, abs=1e-5)
    assert file.with_name("layers.onnx.data").stat().st_size == (8 * width if width == 300 else 0)
