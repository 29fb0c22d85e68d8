"""The option `--corpus`: which documents a question set is put to."""

import argparse
from pathlib import Path

from core.settings import Settings
from eval import other_documents
from ingest.commands.progress import progress


def add_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--corpus",
        type=Path,
        nargs="+",
        metavar="DIR",
        help="folders or files with the documents to ask, in place of the assistant's; their index "
        "is kept in data/corpora and made anew only where they changed",
    )


def chosen(options: argparse.Namespace, settings: Settings, *, as_json: bool = False) -> Settings:
    """The settings of the index that is asked: the assistant's, or one over `--corpus`.

    Raises:
        StrategiewijzerError: as `eval.other_documents.prepare`.
    """
    if not options.corpus:
        return settings
    with progress(as_json=as_json) as tell:
        return other_documents.prepare(options.corpus, settings, tell)
