"""Generations share segments: what a change writes, what stays, and what is never mixed up."""

import shutil
from pathlib import Path

import pytest

from core.errors import IndexMismatchError, StoreError
from core.settings import Settings
from ingest.pipeline import ingest
from ingest.publishing import build
from ingest.publishing.build import segments_to_merge
from ingest.publishing.ingest_run import IngestOptions
from ingest.publishing.plan import Plan
from ingest.publishing.verify import check
from tests.support.small import Small, document
from vectorstore import chroma, keyword_index
from vectorstore.generation import Generation
from vectorstore.generations import Generations
from vectorstore.keyword_index import open_keyword, remove_old_keyword_indexes
from vectorstore.manifest import Manifest
from vectorstore.store import open_index

NAMES = ("alpha", "beta", "gamma")


def _files(**first: str) -> dict[str, str]:
    return {f"{n}.md": document(n, first.get(n, f"Here {n} speaks of ships.")) for n in NAMES}


@pytest.fixture
def _never_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    """As with many passages: a segment is not moved because it is small."""
    monkeypatch.setattr(build, "_SMALL", 0)
    monkeypatch.setattr(build, "_GROWTH", 0)


def _collections(settings: Settings) -> dict[str, int]:
    client = chroma.connect(settings)
    return {c.name: c.count() for c in client.list_collections() if "-" in c.name}


def _found(settings: Settings, question: str = "What is spoken of?") -> list[tuple[str, float]]:
    found = open_index(settings).snapshot().search(question, k=9, language="en")
    return [(scored.passage.text, round(scored.similarity, 4)) for scored in found]


def _current(settings: Settings) -> Generation:
    return Generations(settings).current()


@pytest.mark.usefixtures("_never_merged")
def test_a_changed_document_is_written_alone_and_the_rest_is_shared(
    indexed: Small, small: Small
) -> None:
    settings = indexed(_files())
    first = _current(settings).id
    before = _collections(settings)
    small(_files(beta="Now of boats."))

    second = ingest(settings).generation

    after = _collections(settings)
    assert before.items() <= after.items()  # nothing that was there was touched
    assert after[f"passages-{second}"] == 2
    assert [segment.id for segment in _current(settings).manifest.segments] == [first, second]
    assert _current(settings).counts() == (6, _current(settings).manifest.units, 0)
    check(_current(settings), settings)


@pytest.mark.usefixtures("_never_merged")
def test_after_updates_each_passage_has_the_shares_it_has_in_an_index_made_at_once(
    indexed: Small, small: Small
) -> None:
    settings = indexed(_files(beta="Once of canoes."))
    for text in ("Now of rafts.", "Again of canoes.", "Now of ships."):
        small(_files(beta=text))
        ingest(settings)
    small({**_files(beta="Now of ships."), "delta.md": document("delta", "Of ships as well.")})
    ingest(settings)
    words = open_keyword(settings, _current(settings))
    passages = list(_current(settings).all_passages())

    at_once = keyword_index.build(settings.data_dir / "at-once", passages)

    for question in ("Does alpha speak of ships?", "canoes", "What is spoken of beta and rafts?"):
        shares = words.shares(question, "en", [passage.id for passage in passages])
        assert shares == at_once.shares(question, "en", [passage.id for passage in passages])
        assert all(share >= 0 for pair in shares.values() for share in pair)


def test_a_keyword_index_that_cannot_be_put_in_place_is_told_and_the_same_of_another_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "words"

    def refused(self: Path, target: Path) -> None:
        raise PermissionError("not permitted")

    def taken(self: Path, target: Path) -> None:  # another process was there first
        shutil.copytree(self, target)
        raise OSError("not empty")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refused)
        with pytest.raises(StoreError, match=r"keyword index cannot be written.*not permitted"):
            keyword_index.build(place, [])
    assert not list(tmp_path.iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", taken)
        assert len(keyword_index.build(place, [])) == 0
    assert [found.name for found in tmp_path.iterdir()] == ["words"]


def test_a_keyword_index_that_is_being_made_is_not_removed(indexed: Small) -> None:
    settings = indexed(_files())
    current = _current(settings).id
    folder = settings.data_dir / "keyword"
    for name in (f"{current}.1234abcd", "20200101T000000-0000", "20200101T000000-0000.1234abcd"):
        (folder / name).mkdir(parents=True)

    remove_old_keyword_indexes(settings, [current])

    assert {place.name for place in folder.iterdir()} == {current, f"{current}.1234abcd"}


@pytest.mark.usefixtures("_never_merged")
def test_a_search_over_segments_finds_what_it_finds_in_one(indexed: Small, small: Small) -> None:
    settings = indexed(_files())
    for first in ("Now of boats.", "Now of trains.", "Now of lorries."):
        small(_files(beta=first))
        ingest(settings)
    assert len(_current(settings).manifest.segments) > 1
    stepwise = _found(settings)

    at_once = settings.model_copy(update={"data_dir": settings.data_dir.with_name("at-once")})
    ingest(at_once)

    assert len(_current(at_once).manifest.segments) == 1
    assert stepwise == _found(at_once)


@pytest.mark.usefixtures("_never_merged")
def test_a_stale_passage_is_never_found_however_near(indexed: Small, small: Small) -> None:
    settings = indexed(_files())
    small(_files(beta="Now of boats."))
    ingest(settings)
    vector = open_index(settings).embedder.query("Here beta speaks of ships.")
    generation = _current(settings)

    for count in (1, 2, 6):
        names = [name for name, _ in generation.nearest("passages", vector, count)]
        units = [name for name, _ in generation.nearest("units", vector, count)]
        assert (len(names), len(units)) == (count, count)
        known = {passage.id for passage in generation.all_passages()}
        assert {name.partition("#")[0] for name in units} <= known
        assert len(generation.passages(names)) == count
    texts = "\n".join(text for text, _ in _found(settings, "Here beta speaks of ships."))
    assert "beta speaks" not in texts
    assert "boats" in texts


@pytest.mark.usefixtures("_never_merged")
def test_a_segment_stays_as_long_as_a_kept_generation_uses_it(indexed: Small, small: Small) -> None:
    settings = indexed(_files()).model_copy(update={"keep_generations": 2})
    first = _current(settings).id
    made = [first]
    for number in range(3):
        small(_files(alpha=f"Of {number} boats."))
        made.append(ingest(settings).generation)
    names = _collections(settings)
    assert f"passages-{first}" in names  # beta and gamma are there, for the generation in use
    assert f"passages-{made[1]}" not in names
    assert Generations(settings).unpublished() == []

    assert Generations(settings).rollback() == made[2]
    assert "Of 1 boats." in "\n".join(text for text, _ in _found(settings))
    check(_current(settings), settings)
    small({"alpha.md": document("alpha", "Of 9 boats.")})
    ingest(settings, IngestOptions(allow_shrink=True))
    small({"alpha.md": document("alpha", "Of 10 boats.")})
    ingest(settings)
    assert f"passages-{first}" not in _collections(settings)


@pytest.mark.usefixtures("_never_merged")
@pytest.mark.parametrize("step", ["_embed", "publish", "remove"])
def test_a_run_that_is_cut_off_leaves_all_segments_in_use(
    indexed: Small, small: Small, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    settings = indexed(_files())
    small(_files(alpha="Of boats."))
    before = ingest(settings).generation
    was = _found(settings)
    small(_files(beta="Of trains."))

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    methods = {"publish": "publish", "remove": "remove_unpublished"}
    with monkeypatch.context() as patch:
        patch.setattr(Generations if step in methods else build, methods.get(step, step), cut)
        with pytest.raises(KeyboardInterrupt):
            ingest(settings)

    if step != "remove":
        assert _current(settings).id == before
        assert _found(settings) == was
        check(_current(settings), settings)
    report = ingest(settings)
    # what was cut off after embedding gave its vectors to the next run
    assert report.embedded == (1 if step == "_embed" else 0)
    assert "Of trains." in "\n".join(text for text, _ in _found(settings))
    assert Generations(settings).unpublished() == []


def test_an_index_that_cannot_be_read_is_refused_and_built_anew(indexed: Small) -> None:
    settings = indexed(_files())
    generation = _current(settings).id
    passages = chroma.connect(settings).get_collection(f"passages-{generation}", None)
    passages.modify(metadata={"manifest": "of another kind"})

    with pytest.raises(IndexMismatchError, match="make ingest"):
        open_index(settings)
    assert ingest(settings).generation != generation
    assert len(_found(settings)) == 6


@pytest.mark.parametrize(
    ("sizes", "fresh", "merged"),
    [
        ({"a": (100_000, 100_000)}, 10, set()),  # a large one stays
        ({"a": (100_000, 100_000), "b": (40, 40)}, 10, {"b"}),  # a small one moves
        ({"a": (100_000, 100_000), "b": (3_000, 3_000)}, 10, set()),
        ({"a": (100_000, 100_000), "b": (3_000, 3_000)}, 800, {"b"}),  # not 4 times as large
        ({"a": (15_000, 15_000), "b": (3_000, 3_000)}, 800, {"a", "b"}),  # and then not this one
        ({"a": (100_000, 49_000)}, 10, {"a"}),  # more stale than used
        ({"a": (10, 0)}, 0, {"a"}),  # nothing in use
    ],
)
def test_segments_are_merged_so_that_there_are_few_and_copies_are_rare(
    sizes: dict[str, tuple[int, int]], fresh: int, merged: set[str]
) -> None:
    documents, parts = [], []
    for name, (stored, used) in sizes.items():
        info = {"id": name, "language": "en", "title": name}
        counts = {"passages": used, "units": used, "pages": 0}
        texts = {"sha256": "", "path": "", "changed": "", "segment": name}
        documents.append({"info": info, **counts, **texts})
        parts.append({"id": name, "passages": stored, "units": stored})
    lists = {"documents": documents, "segments": parts}
    about = {"id": "g", "created": "", "method": "", "passages": 0, "units": 0}
    manifest = Manifest.model_validate({**about, **lists}, strict=False)
    unchanged = tuple(f"{name}.en" for name in sizes)
    changes = Plan(added=(), changed=(), removed=(), unchanged=unchanged)
    assert segments_to_merge(manifest, changes, fresh) == merged
