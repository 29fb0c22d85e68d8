"""`python -m ingest check-questions [PATH ...]`: does every prepared question find its answer?"""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from core.errors import DocumentError, as_text, printable
from core.settings import Settings
from core.source import PreparedQuestion
from ingest.commands.parser import command_parser
from ingest.passages.isolated import Loader
from ingest.passages.worker import Loaded
from ingest.publishing import own_questions
from ingest.publishing.ingest_report import describe_stale
from ingest.publishing.own_questions import OwnQuestions
from ingest.reading import question_file
from ingest.reading.files import find, refuse_large
from vectorstore.embeddings import Embedder, make_embedder


def main(arguments: Sequence[str]) -> int:
    """Runs the command; returns its exit code: 1 when a file is wrong or a question is stale."""
    parser = command_parser("check-questions")
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="folder or file")
    parser.add_argument(
        "--keep-vectors",
        action="store_true",
        help="write the questions' vectors beside their files, so that no other machine needs to",
    )
    options = parser.parse_args(arguments)
    settings = Settings()
    found = find(options.paths or settings.corpus_dirs)
    beside = {file: own for file in found.files if (own := question_file.find(file))}
    mine = OwnQuestions(settings)
    own_keys = {key for key in mine.documents() if mine.accepted(key)}
    asked, questions, problems, stale = set[str](), 0, 0, 0
    with Loader(settings) as loader:
        for file in found.files if own_keys else beside:
            try:
                refuse_large(file, settings.max_file_size)
                loaded = loader.load(file)
            except DocumentError as error:
                print(error)
                problems += 1
                continue
            questions += len(loaded.questions)
            stale += len(loaded.stale)
            if loaded.questions or loaded.stale:
                asked.add(loaded.document.key)
            if options.keep_vectors and loaded.questions and file in beside:
                _keep_vectors(beside[file], _of_its_file(loaded, file), make_embedder(settings))
            for one in loaded.stale:
                print(describe_stale(one), flush=True)
    lone = [*_alone(found.files, beside.values())]
    if not options.paths:
        lone += (
            question_file.own_file(settings.documents_dir, key) for key in sorted(own_keys - asked)
        )
    for file in lone:
        print(f"{printable(as_text(file))}: there is no document of this name. Rename it.")
        problems += 1
    print(
        f"{questions:,} questions of {len(asked)} documents have their answer; "
        f"{stale} are stale, {problems} files are wrong."
    )
    return 1 if problems or stale else 0


def _of_its_file(loaded: Loaded, file: Path) -> list[PreparedQuestion]:
    """The questions of the file beside a document, without the organisation's own."""
    ids = {one.id for answer in question_file.read(file) for one in answer.questions}
    return [one for one in loaded.questions if one.id.rpartition(":")[2] in ids]


def _keep_vectors(file: Path, questions: Sequence[PreparedQuestion], embedder: Embedder) -> None:
    vectors = embedder.queries([one.question for one in questions])
    own_questions.keep(own_questions.file_beside(file, embedder.fingerprint), questions, vectors)


def _alone(documents: Sequence[Path], known: Collection[Path]) -> Iterator[Path]:
    """The files with prepared questions in the documents' folders that belong to none of them."""
    taken = set(known)
    for folder in sorted({one.parent for one in documents}):
        with os.scandir(folder) as entries:
            names = sorted(one.name for one in entries if one.is_file(follow_symlinks=False))
        mine = (folder / name for name in names if name.endswith(question_file.SUFFIX))
        yield from (file for file in mine if file not in taken)
