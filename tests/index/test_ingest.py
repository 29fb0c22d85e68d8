"""The generation protocol: plan, reuse, publish, roll back, and what happens when it is cut off."""

import json
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock, Timeout

from core.errors import LockedError, NoIndexError, StoreError
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import IngestOptions
from ingest.publishing.lock import exclusive
from ingest.publishing.verify import check
from tests.support.commands import Command
from tests.support.small import Small, document
from vectorstore.chroma import connect
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


@pytest.mark.parametrize("method", ["passages", "queries"])
def test_a_run_whose_vectors_the_store_refuses_names_the_document_and_publishes_nothing(
    small: Small, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    questions = "answers:\n- units: [Here]\n  questions:\n    en: [Where are the ships?]\n"
    settings = small({"alpha.md": document("alpha", "Here."), "alpha.questions.yaml": questions})

    def spoilt(_: LocalEmbedder, texts: list[str]) -> Vectors:
        return np.full((len(texts), 384), np.nan, np.float32)

    monkeypatch.setattr(LocalEmbedder, method, spoilt)
    with pytest.raises(StoreError, match=r"refuses the document alpha\.en: Validation error"):
        ingest(settings)
    with pytest.raises(NoIndexError):
        Generations(settings).current()


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
