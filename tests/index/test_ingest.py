"""The generation protocol: plan, reuse, publish, roll back, and what happens when it is cut off."""

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from chromadb.errors import InternalError
from filelock import FileLock, Timeout

from core.errors import LockedError, NoIndexError, StoreError
from ingest import pipeline
from ingest.commands.sync import report_lines
from ingest.pipeline import ingest
from ingest.publishing import build
from ingest.publishing.ingest_run import IngestOptions, StoppedError
from ingest.publishing.lock import exclusive
from ingest.publishing.not_taken import last_failures
from ingest.publishing.verify import check, verify
from tests.support.commands import Command
from tests.support.small import Small, document
from vectorstore.chroma import Collection, connect
from vectorstore.embeddings import LocalEmbedder, Vectors
from vectorstore.generations import Generations
from vectorstore.store import Index, open_index


def _says(index: Index) -> str:
    found = index.snapshot().search("What does the first section speak of?", k=9, language="en")
    return "\n".join(scored.passage.text for scored in found)


def test_a_second_run_embeds_nothing_and_publishes_nothing(small: Small) -> None:
    settings = small({"alpha.md": document("alpha"), "beta.md": document("beta")})
    first = ingest(settings)
    assert (first.embedded, first.reused) == (4, 0)

    second = ingest(settings)

    assert (second.embedded, second.reused, second.generation) == (0, 4, "")
    assert second.plan.unchanged == ("alpha.en", "beta.en")
    assert Generations(settings).pointer().current == first.generation


def test_touching_one_section_embeds_only_its_passages(small: Small) -> None:
    settings = small({"alpha.md": document("alpha"), "beta.md": document("beta")})
    ingest(settings)
    small({"alpha.md": document("alpha", "Now of boats."), "beta.md": document("beta")})

    report = ingest(settings)

    assert report.plan.changed == ("alpha.en",)
    assert (report.embedded, report.reused) == (1, 3)
    texts = [p.text for p in Generations(settings).current().all_passages()]
    assert "Now of boats." in texts
    assert "The first section speaks of ships." in texts  # beta's


def test_changed_metadata_is_taken_over_without_embedding(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    ingest(settings)
    settings = small({"alpha.md": document("alpha").replace("2020-07-24", "2021-01-31")})

    report = ingest(settings)

    assert (report.plan.changed, report.embedded) == (("alpha.en",), 0)
    found = open_index(settings).snapshot().search("ships", k=1, language="en")
    assert str(found[0].passage.document.date) == "2021-01-31"


def test_a_removed_document_is_gone_from_vectors_and_words(small: Small) -> None:
    settings = small({"alpha.md": document("alpha"), "beta.md": document("beta")})
    ingest(settings)
    settings = small({"beta.md": document("beta")})

    report = ingest(settings)

    assert (report.plan.removed, report.embedded) == (("alpha.en",), 0)
    found = open_index(settings).snapshot().search("alpha ships bridges", k=10, language="en")
    assert {scored.passage.document.id for scored in found} == {"beta"}


def test_a_dry_run_shows_the_plan_and_changes_nothing(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    settings = settings.model_copy(update={"data_dir": settings.data_dir / "none"})

    report = ingest(settings, IngestOptions(dry_run=True))

    assert (report.plan.added, report.embedded, report.dry_run) == (("alpha.en",), 2, True)
    assert not settings.data_dir.exists()


def test_a_running_reader_picks_up_a_new_generation_and_only_the_last_are_kept(
    small: Small,
) -> None:
    settings = small({"alpha.md": document("alpha")}).model_copy(update={"keep_generations": 2})
    made = [ingest(settings).generation]
    index = open_index(settings)
    assert "ships" in _says(index)

    for number in range(3):  # until its generation is removed
        small({"alpha.md": document("alpha", f"It now speaks of {number} trains.")})
        made.append(ingest(settings).generation)

    assert "2 trains" in _says(index)
    assert Generations(settings).pointer().kept == tuple(made[-2:])
    names = {place.name for place in (settings.data_dir / "keyword").iterdir()}
    assert names == set(made[-2:])


def test_rollback_goes_back_and_the_next_ingest_goes_forward_again(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    ingest(settings)
    ingest(small({"alpha.md": document("alpha", "Of trains.")}))
    generations = Generations(settings)

    generations.rollback()
    assert "ships" in _says(open_index(settings))
    with pytest.raises(StoreError, match="no earlier generation"):
        generations.rollback()
    with pytest.raises(StoreError, match=r"nope.*python -m ingest history"):
        generations.rollback("nope")

    report = ingest(settings)
    assert report.embedded == 0  # the later generation's vectors are still there
    assert "trains" in _says(open_index(settings))


def test_what_is_not_used_of_front_matter_is_told_and_the_document_taken(small: Small) -> None:
    text = document("beta").replace("id: beta\n", "tags: [ships]\nauthor: Els\n")
    report = ingest(small({"beta.md": text}))
    assert report.plan.added == ("beta.en",)
    assert [unused.names for unused in report.unused] == [("tags", "author")]


def test_the_report_names_the_encoding_that_was_detected(small: Small) -> None:
    settings = small({"beta.md": document("beta")})
    file = settings.corpus_dirs[0] / "port.pl.txt"
    file.write_bytes("Port ma 12 żurawi, więc Komisja działa, są też środki.\n".encode("cp1250"))
    report = ingest(settings)
    assert [(it.path, it.encoding) for it in report.detected] == [(str(file), "windows-1250")]
    assert f"  read as windows-1250: {file}" in report_lines(report)


def test_a_second_run_says_who_holds_the_lock(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    with exclusive(settings.data_dir), pytest.raises(LockedError, match=r"process \d+ on .+ since"):
        ingest(settings)
    ingest(settings)  # free again


@pytest.mark.parametrize("name", ["ingest.lock", "ingest.publishing.lock"])
def test_a_run_and_one_of_an_earlier_version_keep_each_other_out(tmp_path: Path, name: str) -> None:
    """Version 0.1 locks the first of these files, 0.2.0 the second."""
    theirs = FileLock(tmp_path / name, timeout=0)
    with exclusive(tmp_path), pytest.raises(Timeout):
        theirs.acquire()
    with theirs, pytest.raises(LockedError, match="is busy"), exclusive(tmp_path):
        pass
    with exclusive(tmp_path):  # what was refused holds nothing
        pass


def test_an_incomplete_generation_does_not_pass_the_check(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    ingest(settings)
    generations = Generations(settings)
    manifest = generations.current().manifest
    short = generations.create(manifest.model_copy(update={"id": "short", "passages": 3}))
    with pytest.raises(StoreError, match=r"short is incomplete.*python -m ingest"):
        check(short, settings)


class _Spoilt(LocalEmbedder):
    """The local embedder, whose vectors of texts with some words are no numbers, which Chroma does
    not take."""

    def __init__(self, *words: str) -> None:
        super().__init__()
        self._words = words

    def queries(self, texts: list[str]) -> Vectors:
        return self._spoilt(texts, super().queries(texts))

    def passages(self, texts: list[str]) -> Vectors:
        return self._spoilt(texts, super().passages(texts))

    def _spoilt(self, texts: list[str], vectors: Vectors) -> Vectors:
        is_spoilt = [any(word in text for word in self._words) for text in texts]
        return np.where(np.array(is_spoilt)[:, np.newaxis], np.float32("nan"), vectors)


_ASKED = "answers:\n- units: [The ships]\n  questions:\n    en: [Where are the {} ships?]\n"
_SUNKEN = "The sunken ships are {}. The ships sank."


def _with_questions(word: str, **texts: str) -> dict[str, str]:
    """Files of documents (name -> text), each with a prepared question that has this word."""
    files = {f"{name}.md": document(name, text) for name, text in texts.items()}
    return files | {f"{name}.questions.yaml": _ASKED.format(word) for name in texts}


@pytest.mark.parametrize("word", ["sunken ships are", "the sunken ships?"])
def test_a_document_that_the_store_rejects_stays_as_it_was_and_the_others_are_published(
    small: Small, word: str
) -> None:
    """Chroma rejects the vectors of its text, or of a question about it."""
    at_sea = dict.fromkeys(("alpha", "beta", "gamma"), "The ships are at sea.")
    ingest(small(_with_questions("grey", **at_sea)))
    in_port = {"alpha": "The ships are in port.", "gamma": "The ships are in port."}
    rejected = {"beta": _SUNKEN.format("blue"), "delta": _SUNKEN.format("red")}
    settings = small(_with_questions("grey", **in_port) | _with_questions("sunken", **rejected))
    planned = ingest(settings, IngestOptions(dry_run=True))

    approved = IngestOptions(planned=planned.fingerprint)
    report = ingest(settings, approved, embedder=_Spoilt(word))

    assert report.plan.changed == ("alpha.en", "gamma.en")
    assert report.fingerprint == planned.fingerprint
    beta, delta = report.failures
    assert (Path(beta.path).name, beta.kept) == ("beta.md", ("beta.en",))
    assert (Path(delta.path).name, delta.kept) == ("delta.md", ())
    assert (beta.fault, delta.fault) == ("store", "store")
    assert "the vector store refuses it: Validation error: embeddings" in beta.problem
    assert "doctor" in beta.remedy
    assert last_failures(settings) == report.failures
    index = open_index(settings).snapshot()
    assert [entry.key for entry in index.documents()] == ["alpha.en", "beta.en", "gamma.en"]
    texts = {one.text for one in index.passages(["alpha.en", "beta.en"]) if one.section == 1}
    assert texts == {"The ships are in port.", "The ships are at sea."}
    assert verify(settings).problems == ()
    assert Generations(settings).unpublished() == []

    mended = ingest(settings)
    assert mended.plan.written == {"beta.en", "delta.en"}
    assert last_failures(settings) == ()


def test_a_rejected_document_whose_file_was_moved_stays_as_it_was(small: Small) -> None:
    ingest(small({"alpha.md": document("alpha"), "beta.md": document("beta")}))
    moved = {"alpha.md": document("alpha"), "moved.md": document("beta", _SUNKEN.format("red"))}
    settings = small(moved)
    report = ingest(settings, embedder=_Spoilt("sunken"))
    assert (report.plan.is_empty, report.failures[0].kept) == (True, ("beta.en",))
    assert ingest(settings).plan.changed == ("beta.en",)


def test_status_tells_what_the_last_run_could_not_take(
    small: Small, run_ingest: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small({"alpha.md": document("alpha")})
    run_ingest.use(settings)
    assert run_ingest() == 0
    assert run_ingest("status") == 0
    assert "Not taken" not in run_ingest.out
    files = {"alpha.md": document("alpha"), "empty.md": " "}
    small({**files, "beta.md": document("beta", _SUNKEN.format("blue"))})
    monkeypatch.setattr(pipeline, "make_embedder", lambda _: _Spoilt("sunken"))

    assert run_ingest() == 1  # as for a file that cannot be read
    assert "beta.md: the vector store refuses it: Validation error" in run_ingest.out
    assert run_ingest("rollback") == 1  # nothing was published: there is no other generation
    assert run_ingest("status") == 0
    told = run_ingest.out.split("Not taken by the last run:")[1]
    assert "beta.md: the vector store refuses it: Validation error" in told
    assert "Check the embedder with: ./strategiewijzer doctor" in told
    assert "empty.md" in told
    assert run_ingest("status", "--json") == 0
    faults = [failure["fault"] for failure in json.loads(run_ingest.out)["not_taken"]]
    assert faults == ["no_text", "store"]

    small({**files, "beta.md": document("beta")})
    assert run_ingest("--only", "alpha.en") == 0  # which looks at no other file
    assert len(last_failures(settings)) == 2
    assert run_ingest() == 1
    assert [failure.fault for failure in last_failures(settings)] == ["no_text"]
    Generations(settings).rollback()
    assert [failure.fault for failure in last_failures(settings)] == ["no_text"]


def test_a_store_that_takes_no_document_publishes_nothing(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("alpha", "beta", "gamma", "delta")
    settings = small({f"{name}.md": document(name, f"Of the {name}.") for name in names})
    with pytest.raises(StoppedError, match="None of the files could be taken") as stopped:
        ingest(settings, embedder=_Spoilt(""))
    assert [failure.fault for failure in stopped.value.report.failures] == ["store"] * 4
    with pytest.raises(NoIndexError):
        Generations(settings).current()
    monkeypatch.setattr(build, "_MANY", 2)
    monkeypatch.setattr(build, "_STORED_AT_ONCE", 2)
    with pytest.raises(StoreError, match=r"refuses 2 of 2 documents, such as alpha\.en: Valid"):
        ingest(settings, embedder=_Spoilt(""))
    with pytest.raises(StoppedError, match="the vector store refuses it"):
        ingest(settings, IngestOptions(strict=True), embedder=_Spoilt("the beta"))
    with pytest.raises(NoIndexError):
        Generations(settings).current()


@pytest.mark.parametrize("error", [InternalError("disk full"), httpx.ConnectError("gone")])
def test_a_store_that_fails_ends_the_run(
    indexed: Small, small: Small, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    settings = indexed({"alpha.md": document("alpha")})
    before = Generations(settings).pointer()
    small({"alpha.md": document("alpha", "Of trains."), "beta.md": document("beta")})
    add = Collection.add

    def failing(collection: Collection, ids: list[str], **fields: Any) -> None:
        if any(name.startswith("beta") for name in ids):
            raise error
        add(collection, ids, **fields)

    monkeypatch.setattr(Collection, "add", failing)
    with pytest.raises(StoreError, match="The vector store gave an error"):
        ingest(settings)
    assert Generations(settings).pointer() == before
    assert last_failures(settings) == ()


def test_a_new_embedder_whose_vectors_of_a_kept_document_are_rejected_publishes_nothing(
    small: Small,
) -> None:
    """The former version of a document cannot stay beside vectors of another kind."""
    files = {"alpha.md": document("alpha"), "beta.md": document("beta", _SUNKEN.format("red"))}
    settings = small(files)
    first = ingest(settings).generation
    other = _Spoilt("sunken")
    other.fingerprint = "other/384"
    with pytest.raises(StoreError, match=r"refuses the document beta\.en: Validation error"):
        ingest(settings, embedder=other)
    assert Generations(settings).pointer().current == first


@pytest.mark.parametrize("kind", ["passages", "units"])
def test_a_run_clears_a_generation_of_which_only_a_part_is_left(small: Small, kind: str) -> None:
    settings = small({"alpha.md": document("alpha", "The ships are at sea.")})
    ingest(settings)
    generations = Generations(settings)
    current = generations.current()
    generations.create(current.manifest.model_copy(update={"id": "cut-off"}))
    connect(settings).delete_collection(f"{kind}-cut-off")
    assert generations.unpublished() == []

    assert ingest(settings).plan.is_empty

    assert generations.current().id == current.id
    assert [
        collection
        for collection in connect(settings).list_collections()
        if "cut-off" in collection.name
    ] == []


def test_the_commands_tell_what_they_did(small: Small, run_ingest: Command) -> None:
    settings = small({"alpha.md": document("alpha")})
    run_ingest.use(settings)
    assert run_ingest("status") == 1
    assert "make ingest" in run_ingest.err
    assert run_ingest("--json") == 0
    *events, last = map(json.loads, run_ingest.out.splitlines())
    names = [event["event"] for event in events]
    assert names == ["loaded", "planned", "embedded", "embedded", "published"]
    assert last["report"]["plan"]["added"] == ["alpha.en"]
    assert run_ingest() == 0
    assert "unchanged" in run_ingest.out
    assert run_ingest("rollback") == 1
    assert "no earlier generation" in run_ingest.err
