"""The fingerprint of the code and the libraries that turn files into passages."""

import ast
import hashlib
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path

CODE = (
    "ingest/reading/load.py",
    "ingest/reading/describe.py",
    "ingest/reading/clues.py",
    "language/official.py",
    "ingest/reading/sidecar.py",
    "ingest/reading/question_file.py",
    "ingest/reading/clean.py",
    "ingest/reading/noise.yaml",
    "language/dates.py",
    "language/matching.py",
    "language/document_numbers.py",
    "language/sentences.py",
    "ingest/passages/split.py",
    "ingest/passages/passage_units.py",
    "ingest/passages/answering_units.py",
    "ingest/reading/formats/*",
)
# Distributions that this code reads files with. None is missing: tests/policy/test_plan.py.
LIBRARIES = (
    "babel",
    "lxml",
    "mammoth",
    "markdown-it-py",
    "mdit-py-plugins",
    "openpyxl",
    "py3langid",
    "pypdfium2",
    "python-pptx",
    "pyyaml",
    "sentencex",
    "trafilatura",
)
ROOT = Path(__file__).parents[2]


@cache
def splitter_fingerprint() -> str:
    """Fingerprint of what turns files into passages; when it changes, every document is "changed".

    It covers our code, without comments and docstrings, and the versions of the libraries and of
    Python that it reads with. Passages that come out the same keep their vectors.
    """
    digest = hashlib.sha256(f"python {sys.version_info[:2]}".encode())
    for name in LIBRARIES:
        digest.update(f"{name} {version(name)}".encode())
    for file in code_files():
        text = file.read_text("utf-8")
        digest.update((meaning(text) if file.suffix == ".py" else text).encode())
    return digest.hexdigest()[:12]


def code_files() -> list[Path]:
    """The files of `CODE`."""
    return [file for name in CODE for file in sorted(ROOT.glob(name)) if file.is_file()]


def meaning(source: str) -> str:
    """The syntax tree of Python source, without docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        documented = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
        if isinstance(node, documented) and ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
    return ast.dump(tree)
