"""`verify` on stores that were damaged for real: every damage is seen, with what mends it."""

import json
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import IndexMismatchError, NoIndexError, StoreError
from core.settings import ROOT, Settings
from ingest.pipeline import ingest
from ingest.publishing import build
from ingest.publishing.ingest_run import IngestOptions
from ingest.publishing.verify import Verification, verify
from ingest.reading.formats import READERS, Reader
from tests.support.commands import Command, whole_environment
from tests.support.searches import collection_in_use
from tests.support.small import Small, document
from vectorstore import chroma, keyword_index
from vectorstore.generation import Generation, Kind
from vectorstore.generations import COLLECTION, Generations
from vectorstore.store import open_index

FILES = {f"{name}.md": document(name) for name in ("alpha", "beta")}


@pytest.fixture
def whole(small: Small) -> Settings:
    settings = small(FILES)
    ingest(settings)
    return settings


def _problems_of(found: Verification) -> str:
    assert found.problems, "nothing was found"
    assert all(problem.remedy.endswith((".", "--rebuild")) for problem in found.problems)
    return "\n".join(map(str, found.problems))


def test_a_whole_index_has_no_problems(whole: Settings) -> None:
    found = verify(whole)
    assert (found.problems, found.notes) == ((), ())
    assert (found.documents, found.passages, found.units) == (2, 4, 4)


@pytest.mark.parametrize(("missed", "problems"), [(1, 0), (8, 1)])
def test_a_near_duplicate_that_the_search_misses_stops_nothing_and_a_broken_search_does(
    small: Small, monkeypatch: pytest.MonkeyPatch, missed: int, problems: int
) -> None:
    text = "".join(f"## Part {n}\n\nShip number {n} sails.\n\n" for n in range(16))
    settings = small({"ships.en.md": f"# Ships\n\n{text}"})
    ingest(settings)
    lost = set(Generations(settings).current().sample(20)[:missed])
    nearest = Generation.nearest

    def missing(self: Generation, kind: Kind, *given: Any) -> list[tuple[str, float]]:
        (best, similarity), *rest = nearest(self, kind, *given)
        return rest if best in lost else [(best, similarity), *rest]

    monkeypatch.setattr(Generation, "nearest", missing)
    monkeypatch.setattr("ingest.publishing.verify._SAME", 0.9999)  # no two of these say the same
    assert len(verify(settings).problems) == problems


def test_a_unit_or_a_passage_that_is_gone_is_named(whole: Settings) -> None:
    units, passages = collection_in_use(whole, "units"), collection_in_use(whole, "passages")
    name = units.get()["ids"][1]
    units.delete(ids=[name])

    problems = _problems_of(verify(whole))

    assert f"Units without a vector: {name}" in problems
    assert f"Passages without a unit: {name.partition('#')[0]}" in problems
    assert "has 2 passages and 1 units, 2 and 2 expected" in problems
    assert "is incomplete" in problems

    name = units.get()["ids"][0].partition("#")[0]
    passages.delete(ids=[name])
    problems = _problems_of(verify(whole))
    assert f"Units without a passage: {name}" in problems
    assert f"The keyword index has too many: {name}" in problems


def test_vectors_of_a_document_that_no_manifest_names_are_seen(whole: Settings) -> None:
    units = collection_in_use(whole, "units")
    vector = units.get(limit=1, include=["embeddings"])["embeddings"]
    stray = "gone.en:0123456789abcdef01234567"
    units.add(ids=[f"{stray}#0"], embeddings=vector)
    assert f"Units without a passage: {stray}" in _problems_of(verify(whole))

    collection_in_use(whole, "passages").add(ids=[stray], embeddings=vector, documents=["x"])

    assert "holds (1, 1) passages and units of documents that" in _problems_of(verify(whole))
    assert "(0, 0) expected: gone.en" in _problems_of(verify(whole))


def _fields(passages: chroma.Collection, name: str) -> dict[str, Any]:
    """What is stored of a passage besides its text."""
    (stored,) = passages.get(ids=[name])["metadatas"] or ()
    fields: dict[str, Any] = json.loads(str(stored["passage"]))
    return fields


def test_each_passage_that_does_not_fit_is_named_with_what_does_not(whole: Settings) -> None:
    passages = collection_in_use(whole, "passages")
    alike, foreign, _, strange = sorted(passages.get()["ids"])  # two of each document
    vector = passages.get(ids=[alike], include=["embeddings"])["embeddings"]
    passages.update(ids=[alike], documents=["Other words."], embeddings=vector)
    fields = _fields(passages, foreign)
    fields["document"]["reference"] = "COM(1999) 1"
    fields["units"][0]["end"] = 10_000
    passages.update(ids=[foreign], metadatas=[{"passage": json.dumps(fields)}])
    passages.update(ids=[strange], embeddings=[[1.0] + [0.0] * 383])

    problems = _problems_of(verify(whole))

    assert f"Passage {alike} does not have the text that its id stands for" in problems
    assert f"Passage {foreign} bears other metadata than its document" in problems
    assert f"Passage {foreign} has a unit that is not within its text" in problems
    assert f"The vector of passage {strange} is not the mean of its units'" in problems


def test_a_passage_that_cannot_be_read_is_named(whole: Settings) -> None:
    passages = collection_in_use(whole, "passages")
    name = passages.get()["ids"][0]
    passages.update(ids=[name], metadatas=[{"passage": "{"}])

    assert f"Passage {name} cannot be read" in _problems_of(verify(whole))
    with pytest.raises(StoreError, match=f"{name} cannot be read.*--rebuild"):
        open_index(whole).snapshot().passages()


def test_vectors_that_are_none_are_seen(whole: Settings) -> None:
    # Chroma refuses NaN, but a disk that fails does not
    for graph in (whole.data_dir / "chroma").glob("*/data_level0.bin"):
        size, *_, begin = struct.unpack("<QQQ", graph.with_name("header.bin").read_bytes()[28:52])
        rows = np.fromfile(graph, dtype=np.uint8).reshape(-1, size)
        for row, number in enumerate((np.nan, np.inf, 2.0)):
            rows[row, begin : begin + 384 * 4].view(np.float32)[:] = number
        rows.tofile(graph)

    # in a process of its own: Chroma keeps in memory what it has read
    command = [sys.executable, "-m", "ingest", "verify", "--json"]
    environment = whole_environment(whole)
    ran = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 1, ran.stderr
    problems = _problems_of(Verification.model_validate_json(ran.stdout))
    assert len(re.findall(r"not of length 1: (?:alpha|beta)\.en:\w+#\d\.", problems)) == 3


def test_a_keyword_index_with_as_many_but_other_passages_is_seen(whole: Settings) -> None:
    generation = Generations(whole).current()
    passages = list(generation.all_passages())
    folder = whole.data_dir / "keyword" / generation.id
    keyword_index.build(folder, [passages[0], *passages[:-1]])

    problems = _problems_of(verify(whole))

    assert f"The keyword index lacks: {passages[-1].id}. Remove the folder {folder}" in problems
    assert f"The keyword index has more than once: {passages[0].id}" in problems
    assert "is incomplete" not in problems  # the count is right

    shutil.rmtree(folder)
    assert verify(whole).problems == ()


def test_a_segment_that_is_gone_is_a_problem_and_not_a_crash(whole: Settings) -> None:
    generation = Generations(whole).pointer().current
    chroma.connect(whole).delete_collection(f"units-{generation}")

    assert "A part of the index is gone" in _problems_of(verify(whole))
    with pytest.raises(StoreError, match="python -m ingest verify"):
        open_index(whole).snapshot().search("ships")


def test_a_pointer_that_does_not_fit_is_seen(whole: Settings) -> None:
    first = Generations(whole).pointer().current
    pointer = chroma.connect(whole).get_collection(COLLECTION, None)
    pointer.modify(metadata={"current": first, "kept": '["gone"]'})
    problems = _problems_of(verify(whole))
    assert f"The generation in use, {first}, is not among the kept" in problems
    assert "Generation gone is kept, but cannot be read" in problems

    pointer.modify(metadata={"current": "lost", "kept": json.dumps([first])})
    with pytest.raises(StoreError, match=r"\(lost\) is not in the store.*rollback"):
        verify(whole)
    assert Generations(whole).rollback() == first
    assert verify(whole).problems == ()


def test_what_another_version_read_is_not_compared_and_the_rest_is(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small({"alpha.md": document("alpha"), "beta.en.txt": "Beta speaks of boats.\n"})
    ingest(settings)
    monkeypatch.setitem(READERS, "plain", Reader(READERS["plain"].version + 1))
    monkeypatch.setattr("ingest.publishing.verify.passage_id", lambda *_: "another")
    found = verify(settings)
    assert [problem.problem[:17] for problem in found.problems] == ["Passage alpha.en:"] * 2
    assert found.notes == (
        "Ids were not compared of what another version of this program read: beta.en. "
        "Read it anew with: python -m ingest",
    )


def test_stale_earlier_passages_are_no_damage(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "_SMALL", 0)
    monkeypatch.setattr(build, "_GROWTH", 0)
    settings = small(FILES)
    ingest(settings)
    ingest(small({**FILES, "beta.md": document("beta", "Now of boats.")}))
    assert len(Generations(settings).current().manifest.segments) == 2
    assert verify(settings).problems == ()


def test_the_remedy_mends(whole: Settings) -> None:
    before = Generations(whole).pointer().current
    units = collection_in_use(whole, "units")
    units.update(ids=units.get(limit=1)["ids"], embeddings=[[1.0] + [0.0] * 383])
    assert verify(whole).problems
    assert ingest(whole).generation == ""  # the files are as they were

    report = ingest(whole, IngestOptions(rebuild=True))

    assert report.embedded == 4  # nothing was taken over from what is damaged
    assert verify(whole).problems == ()
    assert Generations(whole).pointer().kept == (before, report.generation)


def test_the_command_tells_all_and_its_exit_code_too(
    whole: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run_ingest = Command(monkeypatch, capsys)
    run_ingest.use(whole)
    assert run_ingest("verify") == 0
    assert "is whole: 2 documents, 4 passages, 4 units." in run_ingest.out

    units = collection_in_use(whole, "units")
    units.delete(ids=units.get(limit=1)["ids"])

    assert run_ingest("verify") == 1
    for told in ("Units without a vector", "is damaged: ", "python -m ingest --rebuild"):
        assert told in run_ingest.out


def test_nothing_to_verify_and_what_another_version_of_the_program_made_are_told(
    whole: Settings, tmp_path: Path
) -> None:
    with pytest.raises(NoIndexError):
        verify(whole.model_copy(update={"data_dir": tmp_path / "none"}))
    collection_in_use(whole, "passages").modify(metadata={"manifest": "of another kind"})
    with pytest.raises(IndexMismatchError, match="make ingest"):
        verify(whole)
