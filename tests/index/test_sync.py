"""What a sync does to documents: files that move, fail, are gone, or are named alone."""

from pathlib import Path

import pytest

from core.errors import DocumentError
from core.settings import Settings
from ingest.passages.isolated import Loaded, Loader
from ingest.pipeline import ingest
from ingest.publishing import plan
from ingest.publishing.ingest_run import FileDone, IngestOptions, StoppedError
from ingest.publishing.verify import check
from ingest.reading.formats import READERS, Reader
from tests.support.small import Small, document
from vectorstore.embeddings import LocalEmbedder
from vectorstore.generations import Generations
from vectorstore.store import open_index

TEXT = "# Title\n\nSome text about ships.\n"


def _documents(settings: Settings) -> set[str]:
    return {info.id for info in open_index(settings).documents()}


def _texts(settings: Settings) -> str:
    return "\n".join(p.text for p in Generations(settings).current().all_passages())


def test_a_file_at_another_path_keeps_its_vectors(indexed: Small) -> None:
    settings = indexed({"alpha.md": TEXT, "beta.md": document("beta")})
    folder = settings.corpus_dirs[0]
    (folder / "alpha.md").rename(folder / "omega.md")  # its id is its name
    (folder / "beta.md").rename(folder / "new.md")

    report = ingest(settings)

    plan = report.plan
    assert (plan.added, plan.changed, plan.removed) == (("omega.en",), ("beta.en",), ("alpha.en",))
    assert report.embedded == 0
    (folder / "new.md").unlink()
    ingest(settings)
    (folder / "omega.md").rename(folder / "psi.md")
    assert ingest(settings).plan.removed == ("omega.en",)  # all, and nothing is lost
    assert ingest(settings).plan.is_empty
    check(Generations(settings).current(), settings)
    assert _documents(settings) == {"psi"}


def test_a_file_that_fails_keeps_its_last_good_version_until_it_is_mended(
    indexed: Small, small: Small
) -> None:
    settings = indexed({"alpha.md": document("alpha"), "beta.md": document("beta", "Of canoes.")})
    broken = document("beta").replace("language: en", "language: english")
    small({"alpha.md": document("alpha", "Of boats."), "beta.md": broken})

    report = ingest(settings)

    (failure,) = report.failures
    assert failure.kept == ("beta.en",)
    assert failure.place.endswith("beta.md:5")
    assert report.plan.changed == ("alpha.en",)
    assert "Of boats." in _texts(settings)
    assert "Of canoes." in _texts(settings)
    again = ingest(settings)
    assert again.plan.is_empty
    assert len(again.failures) == 1  # told as long as it is there
    small({"alpha.md": document("alpha", "Of boats."), "beta.md": document("beta", "Of rafts.")})
    assert ingest(settings).failures == ()
    assert "Of canoes." not in _texts(settings)


@pytest.mark.parametrize("kept", [{"alpha.en", "beta.en"}, {"beta.en"}, set()])
def test_only_documents_of_the_format_whose_version_was_raised_are_read_anew(
    indexed: Small, monkeypatch: pytest.MonkeyPatch, kept: set[str]
) -> None:
    settings = indexed({"alpha.md": document("alpha"), "beta.en.txt": "Beta speaks of boats.\n"})
    if "alpha.en" not in kept:
        monkeypatch.setitem(READERS, "markdown", Reader(READERS["markdown"].version + 1))
    if not kept:
        monkeypatch.setattr(plan, "VERSION", plan.VERSION + 1)

    report = ingest(settings)

    assert set(report.plan.unchanged) == kept
    assert set(report.plan.changed) == {"alpha.en", "beta.en"} - kept
    assert report.embedded == 0
    assert ingest(settings).plan.is_empty


def test_what_another_embedder_takes_over_unread_is_read_anew_with_the_next_run_over_all(
    indexed: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = indexed({"alpha.md": document("alpha"), "beta.md": document("beta")})
    monkeypatch.setattr(LocalEmbedder, "fingerprint", "another-model/384")
    only = IngestOptions(only=["alpha.en"])
    assert ingest(settings, only).plan.changed == ("alpha.en", "beta.en")
    assert ingest(settings, only).plan.is_empty
    assert ingest(settings).plan.changed == ("beta.en",)


def test_what_fails_after_a_change_of_the_program_stays_and_is_tried_in_every_run(
    indexed: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = indexed({"alpha.md": document("alpha"), "beta.md": document("beta", "Of canoes.")})

    def stricter(loader: Loader, path: Path) -> Loaded:
        if path.name == "beta.md":
            raise DocumentError(path, None, "is refused now", "Mend it.")
        return load_in_process(loader, path)

    load_in_process = Loader.load
    monkeypatch.setattr(Loader, "load", stricter)
    monkeypatch.setattr(plan, "VERSION", plan.VERSION + 1)

    first, second = ingest(settings), ingest(settings)

    assert (first.embedded, second.plan.is_empty) == (0, True)
    assert [len(report.failures) for report in (first, second)] == [1, 1]
    assert "Of canoes." in _texts(settings)
    check(Generations(settings).current(), settings)


def test_of_two_files_with_one_key_the_one_that_is_known_stays(
    indexed: Small, small: Small
) -> None:
    settings = indexed({"m.md": document("alpha", "The known one.")})
    double = {"a.md": document("alpha", "The double."), "m.md": document("alpha", "Known.")}
    small(double)

    report = ingest(settings)

    (failure,) = report.failures
    assert failure.path.endswith("a.md")
    assert "m.md also has id alpha and language en" in failure.problem
    assert report.plan.changed == ("alpha.en",)
    assert "The double." not in _texts(settings)


def test_a_first_run_of_which_nothing_is_good_is_an_error(small: Small) -> None:
    settings = small({"a.md": "", "b.md": ""})
    with pytest.raises(StoppedError, match="None of the files could be taken"):
        ingest(settings)


def test_only_what_was_planned_is_published(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    first = ingest(settings, IngestOptions(dry_run=True))
    small({"alpha.md": document("alpha"), "beta.md": document("beta")})
    second = ingest(settings, IngestOptions(dry_run=True))

    with pytest.raises(StoppedError, match="have changed since the plan was made"):
        ingest(settings, IngestOptions(planned=first.fingerprint))
    assert ingest(settings, IngestOptions(planned=second.fingerprint)).plan == second.plan
    with pytest.raises(StoppedError):  # another generation is in use now
        ingest(settings, IngestOptions(planned=second.fingerprint))


@pytest.fixture
def three(indexed: Small, small: Small) -> Settings:
    """Three documents in use, all of whose files have changed since, one even being gone."""
    settings = indexed({n: document(n[:-3]) for n in ("alpha.md", "beta.md", "gamma.md")})
    small({"alpha.md": document("alpha", "Of boats."), "beta.md": document("beta", "Of cars.")})
    return settings


def test_only_the_named_document_is_read_anew(three: Settings) -> None:
    before = {entry.key: entry for entry in Generations(three).current().manifest.documents}
    files = [entry.path for entry in before.values()]
    read_ones: list[str] = []

    report = ingest(
        three,
        IngestOptions(only=["alpha.en", "alpha.en"]),
        tell=lambda event: read_ones.append(event.path) if isinstance(event, FileDone) else None,
    )

    assert read_ones == files[:1]
    assert report.plan.changed == ("alpha.en",)
    assert (report.plan.removed, report.embedded) == ((), 1)
    texts = _texts(three)
    assert "Of boats." in texts
    assert "Of cars." not in texts
    now = {entry.key: entry for entry in Generations(three).current().manifest.documents}
    assert now["alpha.en"].sha256 != before["alpha.en"].sha256
    for key in ("beta.en", "gamma.en"):
        assert now[key].sha256 == before[key].sha256
    check(Generations(three).current(), three)
    assert ingest(three, IngestOptions(only=["alpha.en"])).plan.is_empty
    report = ingest(three)  # what was left is found by the next run over all
    assert (report.plan.changed, report.plan.removed) == (("beta.en",), ("gamma.en",))


def test_a_document_that_is_named_and_not_there_is_told(three: Settings) -> None:
    before = Generations(three).pointer().current
    with pytest.raises(DocumentError) as told:
        ingest(three, IngestOptions(only=["alpha.en", "alpha"]))
    assert str(told.value) == (
        "alpha: there is no such document in the index. Choose from: alpha.en, beta.en, gamma.en"
    )
    with pytest.raises(DocumentError, match=r"gamma\.md: there is no such file"):
        ingest(three, IngestOptions(only=["gamma.en"]))
    assert Generations(three).pointer().current == before


def test_a_named_document_that_has_another_id_now_is_not_there_twice(three: Settings) -> None:
    (three.corpus_dirs[0] / "alpha.md").write_text(document("delta"))
    report = ingest(three, IngestOptions(only=["alpha.en"]))
    assert (report.plan.added, report.plan.removed) == (("delta.en",), ("alpha.en",))
    assert _documents(three) == {"beta", "gamma", "delta"}
