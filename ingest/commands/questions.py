"""`python -m ingest check-questions`: does every prepared question find its answer?"""

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import typer

from core.command_line import flag
from core.errors import DocumentError
from core.files import as_text, printable
from core.settings import Settings
from ingest.commands import app
from ingest.passages.isolated import Loaded, Loader
from ingest.publishing.ingest_run import describe_stale
from ingest.publishing.own_questions import OwnQuestions, keep_vectors, vectors_beside
from ingest.reading import question_file
from ingest.reading.files import find, refuse_large
from vectorstore.embeddings import Embedder, make_embedder

_WAITED = "*.proposed.yaml"
_NOT_READ = (
    "proposals are not read any more. Copy what is good into the .questions.yaml beside it, or "
    "approve it on the page Maintenance; then remove this file."
)


@app.command()
def check_questions(
    paths: list[Path] | None = typer.Argument(None, metavar="PATH", help="Folder or file."),
    with_vectors: bool = flag(
        "--keep-vectors",
        "Write the questions' vectors beside their files, so that no other machine needs to.",
    ),
) -> int:
    """Does every prepared question find its answer? Exit with 1 when a file is wrong or a question
    is stale."""
    settings = Settings()
    found = find(paths or settings.corpus_dirs)
    beside = {file: its for file in found.files if (its := question_file.find(file))}
    places = {
        key: question_file.own_file(settings.documents_dir, key)
        for key in OwnQuestions(settings).documents()
    }
    own = {key: place for key, place in places.items() if place.is_file()}
    documents, good, problems, stale = 0, 0, 0, 0
    with Loader(settings) as loader:
        for file in found.files if own else beside:
            try:
                refuse_large(file, settings.largest_file)
                loaded = loader.load(file)
            except DocumentError as error:
                print(error)
                problems += 1
                own = {
                    k: place for k, place in own.items() if as_text(place.absolute()) != error.path
                }
                continue
            good += len(loaded.questions)
            stale += len(loaded.stale)
            documents += bool(loaded.questions or loaded.stale)
            own.pop(loaded.document.key, None)
            if with_vectors and loaded.questions and file in beside:
                _keep_vectors(loaded, file, beside[file], make_embedder(settings))
            for question in loaded.stale:
                print(describe_stale(question), flush=True)
    alone = [*_alone(found.files, beside.values())]
    if not paths:
        alone += (place for _, place in sorted(own.items()))
    for file in alone:
        print(f"{printable(as_text(file))}: there is no document of this name. Rename it.")
        problems += 1
    for file in sorted(question_file.own_file(settings.documents_dir, "").parent.glob(_WAITED)):
        print(f"{printable(as_text(file))}: {_NOT_READ}")
        problems += 1
    print(
        f"{good:,} questions of {documents} documents have their answer; "
        f"{stale} are stale, {problems} files are wrong."
    )
    return 1 if problems or stale else 0


def _keep_vectors(loaded: Loaded, document: Path, questions: Path, embedder: Embedder) -> None:
    """Writes the vectors of the file beside a document, without the organisation's own."""
    ids = {question.id for answer in question_file.read(document) for question in answer.questions}
    own = [question for question in loaded.questions if question.id.rpartition(":")[2] in ids]
    vectors = embedder.queries([question.question for question in own])
    keep_vectors(vectors_beside(questions, embedder.fingerprint), own, vectors)


def _alone(documents: Sequence[Path], known: Collection[Path]) -> Iterator[Path]:
    """The files with prepared questions in the documents' folders that belong to none of them."""
    taken = set(known)
    for folder in sorted({document.parent for document in documents}):
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))
        mine = (folder / name for name in names if name.endswith(question_file.SUFFIX))
        yield from (file for file in mine if file not in taken)
