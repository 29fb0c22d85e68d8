"""A sidecar: a small file next to a source text that states its metadata."""

from pathlib import Path

SUFFIX = ".meta.yaml"


def find(path: Path) -> Path | None:
    """The sidecar of a file, where it has one: `plan.pdf.meta.yaml`, else `plan.meta.yaml`."""
    candidates = (path.with_name(name + SUFFIX) for name in (path.name, path.stem))
    return next((candidate for candidate in candidates if candidate.is_file()), None)
