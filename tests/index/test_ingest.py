"""The generation protocol: plan, reuse, publish, roll back, and what happens when it is cut off."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from core.errors import DocumentError, LockedError, NoIndexError, StoreError
from core.settings import ROOT, Settings
from ingest import pipeline
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import IngestOptions, StoppedError
from ingest.publishing.lock import exclusive
from ingest.publishing.verify import check, verify
from tests.support.commands import Command, whole_environment
from tests.support.small import Small, document
from vectorstore.chroma import connect
from vectorstore.embeddings import Vectors, local_embedder
from vectorstore.generations import Generations
from vectorstore.store import Index, open_index


def _keeping_two(small: Small) -> Settings:
    settings = small({"alpha.md": document("alpha")})
    return settings.model_copy(update={"keep_generations": 2})


def _says(index: Index) -> str:
    found = index.search("What does the first section speak of?", k=9, language="en")
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
    found = open_index(settings).search("ships", k=1, language="en")
    assert str(found[0].passage.document.date) == "2021-01-31"


def test_a_removed_document_is_gone_from_vectors_and_words(small: Small) -> None:
    settings = small({"alpha.md": document("alpha"), "beta.md": document("beta")})
    ingest(settings)
    settings = small({"beta.md": document("beta")})

    report = ingest(settings)

    assert (report.plan.removed, report.embedded) == (("alpha.en",), 0)
    found = open_index(settings).search("alpha ships bridges", k=10, language="en")
    assert {scored.passage.document.id for scored in found} == {"beta"}


def test_a_dry_run_shows_the_plan_and_changes_nothing(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    settings = settings.model_copy(update={"data_dir": settings.data_dir / "none"})

    report = ingest(settings, IngestOptions(dry_run=True))

    assert (report.plan.added, report.embedded, report.dry_run) == (("alpha.en",), 2, True)
    assert not settings.data_dir.exists()


def test_a_running_reader_picks_up_a_new_generation_at_the_next_question(small: Small) -> None:
    settings = _keeping_two(small)
    ingest(settings)
    index = open_index(settings)
    assert "ships" in _says(index)

    for number in range(4):  # until its generation is removed
        small({"alpha.md": document("alpha", f"It now speaks of {number} trains.")})
        ingest(settings)

    assert "3 trains" in _says(index)


def test_another_process_is_seen_without_a_restart(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    ingest(settings)
    index = open_index(settings)
    index.search("ships", k=1)
    small({"alpha.md": document("alpha", "It speaks of trains.")})

    _run(settings, "").check_returncode()

    assert "trains" in _says(index)


def test_rollback_goes_back_and_the_next_ingest_goes_forward_again(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    ingest(settings)
    ingest(small({"alpha.md": document("alpha", "Of trains.")}))
    generations = Generations(settings)

    generations.rollback()
    assert "ships" in _says(open_index(settings))
    with pytest.raises(StoreError, match="no earlier generation"):
        generations.rollback()

    report = ingest(settings)
    assert report.embedded == 0  # the later generation's vectors are still there
    assert "trains" in _says(open_index(settings))


def test_a_named_generation_that_is_not_kept_is_refused(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    ingest(settings)
    with pytest.raises(StoreError, match=r"nope.*python -m ingest history"):
        Generations(settings).rollback("nope")


def test_only_the_last_generations_are_kept(small: Small) -> None:
    settings = _keeping_two(small)
    made = []
    for number in range(4):
        small({"alpha.md": document("alpha", f"It speaks of {number} cars.")})
        made.append(ingest(settings).generation)
    assert Generations(settings).pointer().kept == tuple(made[-2:])
    names = {place.name for place in (settings.data_dir / "keyword").iterdir()}
    assert names == set(made[-2:])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (document("beta").replace("id: beta\n", "id\n"), "beta.md:3"),  # no key and value
        (document("beta").replace("language: en", "language: english"), "beta.md:5"),
        (document("alpha"), "alpha"),  # the same id and language twice
    ],
)
def test_a_wrong_document_names_its_place_and_does_not_keep_the_others_back(
    small: Small, text: str, place: str
) -> None:
    settings = small({"alpha.md": document("alpha")})
    ingest(settings)
    small({"alpha.md": document("alpha"), "beta.md": text, "gamma.md": document("gamma")})

    report = ingest(settings)

    (failure,) = report.failures
    assert place in f"{failure.place} {failure.problem}"
    assert failure.remedy
    assert report.plan.added == ("gamma.en",)
    assert {info.id for info in open_index(settings).documents()} == {"alpha", "gamma"}


def test_what_is_not_used_of_front_matter_is_told_and_the_document_taken(small: Small) -> None:
    text = document("beta").replace("id: beta\n", "tags: [ships]\nauthor: Els\n")
    report = ingest(small({"beta.md": text}))
    assert report.plan.added == ("beta.en",)
    assert [one.names for one in report.unused] == [("tags", "author")]


def test_a_path_that_is_not_there_is_refused(small: Small, tmp_path: Path) -> None:
    settings = small({"alpha.md": document("alpha")})
    with pytest.raises(DocumentError, match=r"tipo.*no such file"):
        ingest(settings, IngestOptions(folders=[tmp_path / "tipo"]))


def test_a_second_run_says_who_holds_the_lock(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    with exclusive(settings.data_dir), pytest.raises(LockedError, match=r"process \d+ on .+ since"):
        ingest(settings)
    ingest(settings)  # free again


def test_an_incomplete_generation_does_not_pass_the_check(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    ingest(settings)
    generations = Generations(settings)
    manifest = generations.current().manifest
    short = generations.create(manifest.model_copy(update={"id": "short", "passages": 3}))
    with pytest.raises(StoreError, match=r"short is incomplete.*python -m ingest"):
        check(short, settings)


def _run(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", _CHILD, *arguments],
        env=whole_environment(settings),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


# Imports first, then says so: kills then fall into the run itself.
_CHILD = """
import sys
import ingest.pipeline, vectorstore.store
from ingest.__main__ import main
print("ready", flush=True)
sys.exit(main([argument for argument in sys.argv[1:] if argument]))
"""


class _Failing:
    """The real embedder, whose vectors of some texts are no numbers, which Chroma refuses."""

    def __init__(self, *words: str) -> None:
        self._real, self._words = local_embedder(), words
        self.fingerprint, self.limit = self._real.fingerprint, self._real.limit
        self.query, self.token_count = self._real.query, self._real.token_count
        self.at_once = self._real.at_once

    def queries(self, texts: list[str]) -> Vectors:
        return self._spoilt(texts, self._real.queries(texts))

    def passages(self, texts: list[str]) -> Vectors:
        return self._spoilt(texts, self._real.passages(texts))

    def _spoilt(self, texts: list[str], vectors: Vectors) -> Vectors:
        fails = [any(word in text for word in self._words) for text in texts]
        return np.where(np.array(fails)[:, np.newaxis], np.float32("nan"), vectors)


_ASKED = "answers:\n- units: [The ships]\n  questions:\n    en: [Where are the {} ships?]\n"


@pytest.mark.parametrize("word", ["sunken ships are", "the sunken ships?"])
def test_what_the_store_refuses_is_a_failure_of_its_document_and_the_others_are_published(
    small: Small, word: str
) -> None:
    files = {
        f"{name}.{suffix}": text
        for name in ("alpha", "beta", "gamma")
        for suffix, text in (
            ("md", document(name, "The ships are at sea.")),
            ("questions.yaml", _ASKED.format("grey")),
        )
    }
    ingest(small(files))
    changed = {name: text.replace("at sea", "in port") for name, text in files.items()}
    changed["beta.md"] = document("beta", "The sunken ships are blue. The ships sank.")
    changed["beta.questions.yaml"] = _ASKED.format("sunken")
    changed["delta.md"] = document("delta", "The sunken ships are red. The ships sank.")
    changed["delta.questions.yaml"] = changed["beta.questions.yaml"]
    settings = small(changed)

    report = ingest(settings, embedder=_Failing(word))

    assert report.plan.changed == ("alpha.en", "gamma.en")
    beta, delta = report.failures
    assert (Path(beta.path).name, beta.kept) == ("beta.md", ("beta.en",))
    assert (Path(delta.path).name, delta.kept) == ("delta.md", ())
    assert "the vector store refuses it: Validation error: embeddings" in beta.problem
    assert "doctor" in beta.remedy
    index = open_index(settings).snapshot()
    assert [one.key for one in index.documents()] == ["alpha.en", "beta.en", "gamma.en"]
    texts = {one.text for one in index.passages(["alpha.en", "beta.en"]) if one.section == 1}
    assert texts == {"The ships are in port.", "The ships are at sea."}
    assert verify(settings).problems == ()
    assert Generations(settings).unpublished() == []
    assert ingest(settings).plan.written == {"beta.en", "delta.en"}  # once the embedder is mended


def test_where_the_store_refuses_one_document_after_the_other_it_is_not_they_that_are_wrong(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "_REFUSED", 2)
    files = {f"{name}.md": document(name) for name in ("alpha", "beta", "gamma", "delta")}
    settings = small(files)
    with pytest.raises(StoreError, match=r"refuses the document \w+\.en: Validation error"):
        ingest(settings, embedder=_Failing(""))
    with pytest.raises(NoIndexError):
        Generations(settings).current()
    small({**files, "beta.md": document("beta", "The sunken ships are blue.")})
    with pytest.raises(StoppedError, match="the vector store refuses it"):
        ingest(settings, IngestOptions(strict=True), embedder=_Failing("sunken"))


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
    assert [one for one in connect(settings).list_collections() if "cut-off" in one.name] == []


def test_the_commands_tell_what_they_did(small: Small, run_ingest: Command) -> None:
    settings = small({"alpha.md": document("alpha")})
    run_ingest.use(settings)
    assert run_ingest("status") == 1
    assert "make ingest" in run_ingest.err
    assert run_ingest("--json") == 0
    *events, last = map(json.loads, run_ingest.out.splitlines())
    names = [event["event"] for event in events]
    assert names == ["found", "loaded", "planned", "embedded", "embedded", "published"]
    assert last["report"]["plan"]["added"] == ["alpha.en"]
    assert run_ingest() == 0
    assert "unchanged" in run_ingest.out
    assert run_ingest("status") == 0
    facts = "dated 2020-07-24, language en, passages 2,"
    assert f"alpha.en  Alpha\n  {facts}" in run_ingest.out
    assert run_ingest("verify") == 0
    assert "is whole: 1 documents, 2 passages" in run_ingest.out
    assert run_ingest("rollback") == 1
    assert "no earlier generation" in run_ingest.err
