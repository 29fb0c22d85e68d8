"""Environment variables that libraries read, set for them."""

import os


def one_openmp_thread() -> None:
    """Limits OpenMP, before it is loaded, to one thread for each caller.

    A value that is already in the environment stays.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")


def no_onnxruntime_telemetry() -> None:
    """Keeps onnxruntime, before it is imported, from reporting to its maker.

    Since 1.29 its builds for Linux do so unless told otherwise, and keep an identifier of the
    machine in the home folder (https://github.com/microsoft/onnxruntime/pull/27379).
    """
    os.environ.update(ORT_DISABLE_TELEMETRY="1")


def no_langsmith_tracing() -> None:
    """Keeps LangChain from sending anything to LangSmith, whatever variables of either are in the
    environment."""
    from langsmith import configure  # takes long to import

    configure(enabled=False)
    for outdated in ("LANGCHAIN_TRACING", "LANGCHAIN_HANDLER"):  # LangChain fails with these
        os.environ.pop(outdated, None)
