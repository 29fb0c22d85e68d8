"""Search over the bundled briefs: ranking, language preference, filters, LangChain, threads; and
what is on disk."""

import os
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda

from core.errors import IndexMismatchError, NoIndexError
from core.settings import Settings
from core.source import Scope, ScoredPassage
from ingest.pipeline import ingest
from language.words import contains
from research.fitting.fit_ranking import Asked, cross_validated, fit
from tests.support.publishing import before_publishing
from tests.support.small import Small
from vectorstore import chroma
from vectorstore.chroma import store_folder
from vectorstore.embeddings import LocalEmbedder, make_embedder
from vectorstore.generations import Generations
from vectorstore.keyword_index import KeywordIndex
from vectorstore.profile import LOOK, passage_fits
from vectorstore.retriever import PassageRetriever
from vectorstore.store import Index, open_index

DRUGS = "Hoeveel is de drugsmarkt waard?"


@pytest.fixture(scope="module")
def index(settings: Settings) -> Index:
    return open_index(settings)


def _sections(found: list[ScoredPassage]) -> list[str]:
    return [scored.passage.headings[-1] for scored in found]


@pytest.mark.parametrize(
    ("question", "language", "section"),
    [
        ("Hoeveel is de drugsmarkt waard?", "nl", "Omvang van de drugsmarkt"),
        ("How much is the drug market worth?", "en", "Size of the drugs market"),
        ("Combien vaut le marché de la drogue ?", "fr", "Size of the drugs market"),
        ("COM(2021) 647", "nl", "Wat er daarna gebeurde"),
    ],
)
def test_the_right_section_is_among_the_first_three(
    index: Index, question: str, language: str, section: str
) -> None:
    names = _sections(index.snapshot().search(question, k=6, language=language))[:3]
    assert section.replace("drugs market", "drug market") in names


def test_results_come_best_first_with_cosines_of_passages_and_units(index: Index) -> None:
    found = index.snapshot().search("national firearms focal points", k=5, language="en")
    assert len(found) == 5
    assert [s.score for s in found] == sorted((s.score for s in found), reverse=True)
    for scored in found:
        assert 0 < scored.similarity <= 1
        assert len(scored.unit_similarities) == len(scored.passage.units)
    first = found[0].passage
    again = make_embedder(Settings()).passages([first.context(first.units[0])])[0]
    asked = make_embedder(Settings()).query("national firearms focal points")
    question = index.profile.towards(asked)
    assert found[0].unit_similarities[0] == pytest.approx(float(again @ question), abs=1e-3)


@pytest.mark.parametrize(("language", "shown"), [("nl", "nl"), ("en", "en"), ("fr", "en")])
def test_one_language_version_of_a_document_is_shown(
    index: Index, language: str, shown: str
) -> None:
    found = index.snapshot().search(
        "Europol innovatiecentrum innovation hub", k=20, language=language
    )
    assert len(found) == 20
    assert {scored.passage.language for scored in found} == {shown}
    places = [(s.passage.document.id, s.passage.section) for s in found]
    assert len(places) == len(set(places))


def test_an_area_filter_holds_even_where_nothing_there_is_near(index: Index) -> None:
    drugs = Scope(areas=("drugs",))
    found = index.snapshot().search("WePROTECT Global Alliance", k=10, language="en", scope=drugs)
    assert len(found) == 10
    assert {scored.passage.document.area for scored in found} == {"drugs"}
    assert (
        index.snapshot().search(
            "WePROTECT", k=3, language="en", scope=Scope(areas=("no-such-area",))
        )
        == []
    )


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("Europol", True),
        ("vuurwapen", True),  # only in compounds and plurals
        ("precusors", True),  # misspelt
        ("Lisbonne", True),  # Lisbon, Lissabon
        ("Marseille", False),
        ("Karamazov", False),
        ("OLAF", False),
    ],
)
def test_the_index_knows_the_words_its_passages_have_or_nearly(
    index: Index, word: str, known: bool
) -> None:
    assert index.snapshot().knows(word) is known


@pytest.mark.parametrize(
    ("question", "language", "part"),
    [
        ("COM(2020) 607", "nl", "COM(2020) 607"),
        ("2011/93/EU", "en", "2011/93/EU"),
        ("Addis Abeba", "nl", "Addis Abeba"),
        ("258/2012", "fr", "258/2012"),
        ("E200012", "nl", "E200012"),
        ("SEESAC", "en", "SEESAC"),
    ],
)
def test_an_exact_reference_or_rare_name_comes_first(
    index: Index, question: str, language: str, part: str
) -> None:
    first = index.snapshot().search(question, k=1, language=language)[0].passage
    assert contains(first.context(), part)


def test_the_order_does_not_depend_on_how_many_are_wanted(index: Index) -> None:
    most = index.snapshot().search(DRUGS, k=LOOK, language="nl")
    for k in (1, 3, 6):
        assert index.snapshot().search(DRUGS, k=k, language="nl") == most[:k]
    scores = [scored.score for scored in index.snapshot().search(DRUGS, k=40, language="nl")]
    assert len(scores) == 40
    assert scores == sorted(scores, reverse=True)


def test_the_score_is_the_weighted_sum_of_the_features(index: Index) -> None:
    weights = index.profile.ranking
    found = index.snapshot().evidence(DRUGS, 6, language="nl")
    assert len(found) == 6
    for candidate in found:
        assert set(candidate.features) == set(weights)
        expected = sum(weights[name] * value for name, value in candidate.features.items())
        assert candidate.scored.score == pytest.approx(expected)
        assert candidate.features["unit"] == pytest.approx(max(candidate.scored.unit_similarities))


def test_a_share_says_how_much_of_the_question_a_passage_has(settings: Settings) -> None:
    generation = Generations(settings).current()
    keyword = KeywordIndex(settings.data_dir / "keyword" / generation.id)
    passages = {p.id: p for p in generation.all_passages() if p.language == "nl"}
    shares = keyword.shares("drugsmarktanalyse van de mierenhandel", "nl", list(passages))
    assert all(0 <= words <= 1.5 and 0 <= letters <= 1.5 for words, letters in shares.values())
    best = max(shares, key=lambda name: shares[name])
    assert "mierenhandel" in passages[best].context()
    compound = keyword.shares("drugsmarktanalyse", "nl", list(passages))
    assert all(words == 0 for words, _ in compound.values())  # not a word of the briefs
    nearest = max(compound, key=lambda name: compound[name][1])
    assert "drugsmarkt" in passages[nearest].context().casefold()
    assert keyword.shares("xyzzy", "nl", [best]).get(best, (0.0, 0.0))[0] == 0
    assert keyword.shares("", "nl", list(passages)) == {}
    assert keyword.shares("mierenhandel", "nl", []) == {}


def test_what_all_candidates_share_does_not_count_for_a_passage() -> None:
    common, first, second = np.eye(3, dtype=np.float32)
    units = [np.stack([common + first]), np.stack([common + second])]
    question = (0.9 * common + 0.4 * first).astype(np.float32)
    fits = passage_fits(question, units)
    assert fits[0] == pytest.approx(0.4 / 2**0.5)
    assert fits[1] == pytest.approx(-0.4 / 2**0.5)
    assert passage_fits(question, []) == []
    assert passage_fits(question, units[:1]) == [0.0]


def test_fitting_finds_the_feature_that_tells_right_from_wrong() -> None:
    random = np.random.default_rng(1)
    asked = []
    for group in range(120):
        values = random.normal(size=(8, 2))
        right = np.zeros(8, dtype=bool)
        right[int(np.argmax(2 * values[:, 0] + random.gumbel(size=8)))] = True
        asked.append(Asked(values, right, group))
    weights = fit([asked])
    assert weights[0] == pytest.approx(2, abs=0.6)
    assert abs(weights[1]) < 0.4
    hit, mrr = cross_validated({"one": asked})["one"]
    assert 0.5 < hit < mrr < 1
    untold = Asked(np.ones((3, 2)), np.zeros(3, dtype=bool), 0)
    assert fit([[*asked, untold]]) == pytest.approx(weights, rel=0.02)  # it says nothing


def test_odd_questions_are_only_words(index: Index) -> None:
    for question in ("", "   ", "???", "AND OR NOT (", 'text_nl:"x" ~ ^ *', "\x00\x01", "a" * 5000):
        assert isinstance(index.snapshot().search(question, k=3, language="nl"), list)


def test_it_is_a_langchain_retriever_that_callbacks_can_follow(index: Index) -> None:
    class Seen(BaseCallbackHandler):
        documents: tuple[Document, ...] = ()

        def on_retriever_end(self, documents: list[Document], **_: object) -> None:
            self.documents = tuple(documents)

    seen = Seen()
    retriever = PassageRetriever(index=index, k=4, language="nl")
    chain = retriever | RunnableLambda(lambda documents: [d.metadata["title"] for d in documents])
    titles = chain.invoke("Wat is EMPACT?", {"callbacks": [seen]})
    assert len(titles) == 4
    assert [document.metadata["title"] for document in seen.documents] == titles
    assert all(document.page_content and document.id for document in seen.documents)
    only = Scope(documents=("csa-strategy",))
    english = retriever.invoke("Wat is EMPACT?", language="en", scope=only)
    assert {document.metadata["language"] for document in english} == {"en"}
    assert {found.metadata["scored"].passage.document.id for found in english} == {"csa-strategy"}


def test_many_threads_get_what_one_gets(index: Index) -> None:
    questions = ["Wat is EMPACT?", "How many initiatives?", "Europol", "drugs in gevangenissen"] * 4
    alone = [index.snapshot().search(question, k=4, language="nl") for question in questions]
    with ThreadPoolExecutor(8) as pool:
        together = list(
            pool.map(lambda q: index.snapshot().search(q, k=4, language="nl"), questions)
        )
    assert together == alone


def test_without_an_index_the_remedy_is_named(small: Small) -> None:
    with pytest.raises(NoIndexError, match="make ingest"):
        open_index(small({"a.en.md": "# A\n\nText."}))


def test_an_index_of_another_embedder_is_refused(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = LocalEmbedder()
    monkeypatch.setattr(other, "fingerprint", "another-model/384")
    with pytest.raises(IndexMismatchError, match=r"another-model.*make ingest"):
        Index(settings, Generations(settings), other).documents()


def test_the_keyword_index_is_rebuilt_when_it_is_gone_or_old(settings: Settings) -> None:
    generation = Generations(settings).current()
    place = settings.data_dir / "keyword" / generation.id
    (place / "stamp").write_text("an older one", "utf-8")
    with pytest.raises(ValueError, match="no keyword index"):
        KeywordIndex(place)
    found = open_index(settings).snapshot().search("mierenhandel", k=1, language="nl")
    assert _sections(found) == ["Nieuwe dreigingen en smokkelmethoden (hoofdstuk 2)"]
    assert len(KeywordIndex(place)) == generation.manifest.passages


def test_threads_that_open_a_folder_at_once_all_get_it(tmp_path: Path) -> None:
    for number in range(8):
        settings = Settings(data_dir=tmp_path / str(number))
        with ThreadPoolExecutor(8) as threads:
            clients = list(threads.map(chroma.connect, [settings] * 8))
        assert all(client.list_collections() == [] for client in clients)


def graphs(settings: Settings) -> list[Path]:
    return [*store_folder(settings).glob("*/data_level0.bin")]


def test_a_graph_on_disk_has_nothing_but_vectors(
    indexed: Small, small: Small, caplog: pytest.LogCaptureFixture
) -> None:
    settings = indexed({"a.nl.md": "De haven telt 12 kranen."})
    first = {*graphs(settings)}
    small({"a.nl.md": "De haven telt 12 kranen.", "b.nl.md": "De luchthaven telt 3 banen."})

    def leave_something() -> None:
        for graph in {*graphs(settings)} - first:
            with graph.open("r+b") as file:
                file.seek(-20, os.SEEK_END)
                file.write(b"a key sent to a serv")
            with graph.with_name("length.bin").open("r+b") as file:
                file.seek(-3, os.SEEK_END)
                file.write(b"key")

    with before_publishing(leave_something):
        ingest(settings)
    assert {*graphs(settings)} > first
    for file in (*graphs(settings), *store_folder(settings).glob("*/length.bin")):
        assert b"key" not in file.read_bytes()
    assert "its form is not known" not in caplog.text
    assert "3 banen" in open_index(settings).snapshot().search("Hoeveel banen?")[0].passage.text


def test_every_graph_on_disk_has_all_its_vectors(settings: Settings) -> None:
    """What is not there is added anew in each process, each time a little differently."""
    index = open_index(settings)
    passages, questions = index.snapshot().passages(), index.snapshot().entries()
    headers = [header.read_bytes() for header in store_folder(settings).glob("*/header.bin")]
    written = sum(struct.unpack_from("<i3Q", header)[3] for header in headers)
    units = sum(len(passage.units) for passage in passages)
    assert written == len(passages) + units + sum(entry.questions for entry in questions)


def test_a_process_that_only_reads_writes_no_graph(indexed: Small) -> None:
    settings = indexed({"a.nl.md": "De haven telt 12 kranen."})
    before = {graph: graph.stat().st_mtime_ns for graph in graphs(settings)}
    assert len(before) == 2
    program = (
        "from core.settings import Settings\nfrom vectorstore.store import open_index\n"
        "print(open_index(Settings()).snapshot().search('kranen')[0].passage.text)"
    )
    env = os.environ | {"STRATEGIEWIJZER_DATA_DIR": str(settings.data_dir)}
    told = subprocess.check_output([sys.executable, "-c", program], env=env, text=True)
    assert "12 kranen" in told
    assert {graph: graph.stat().st_mtime_ns for graph in graphs(settings)} == before
