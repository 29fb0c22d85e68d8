"""Description of the machine, and memory and processor time of a process."""

import os
import platform
from importlib.metadata import version
from pathlib import Path

from core.source import Frozen


class Machine(Frozen):
    """Machine and library versions of a benchmark; `cores` are those this process may use."""

    processor: str
    cores: int
    memory_gb: float
    python: str
    chromadb: str
    tantivy: str

    def __str__(self) -> str:
        return (
            f"{self.processor}, {self.cores} cores, {self.memory_gb:.0f} GB; Python {self.python}, "
            f"chromadb {self.chromadb}, tantivy {self.tantivy}"
        )


def this_machine() -> Machine:
    return Machine(
        processor=_field(Path("/proc/cpuinfo"), "model name") or platform.processor() or "unknown",
        cores=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1,
        memory_gb=round(_kilobytes(Path("/proc/meminfo"), "MemTotal") / 1e6, 1),
        python=platform.python_version(),
        chromadb=version("chromadb"),
        tantivy=version("tantivy"),
    )


def memory_mb(peak: bool = False, pid: int | None = None) -> float:
    """Resident memory of a process (default: this one) in MB, current or peak; 0 without /proc."""
    status = Path("/proc") / str(pid or "self") / "status"
    return _kilobytes(status, "VmHWM" if peak else "VmRSS") / 1e3


def cpu_seconds(pid: int) -> float:
    """Processor time of a process in seconds; 0 without /proc."""
    file = Path("/proc") / str(pid) / "stat"
    if not file.is_file():
        return 0.0
    values = file.read_text("utf-8").rpartition(")")[2].split()  # a process name may have spaces
    return (int(values[11]) + int(values[12])) / os.sysconf("SC_CLK_TCK")


def _kilobytes(file: Path, name: str) -> float:
    return float((_field(file, name) or "0 kB").split()[0])


def _field(file: Path, name: str) -> str:
    """The first value of a file of "name: value" lines."""
    if not file.is_file():
        return ""
    lines = (line.partition(":") for line in file.read_text("utf-8").splitlines())
    return next((value.strip() for key, _, value in lines if key.strip() == name), "")
