"""A sync with what maintainers really have: odd names, broken files, moves, Ctrl-C."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import IO, Any

import pytest
from rich.console import Console

from core.errors import DocumentError
from core.file_names import as_text, printable
from core.settings import ROOT, Settings
from ingest.__main__ import main
from ingest.commands.progress import LogLines, progress
from ingest.commands.report_text import print_report
from ingest.passages.isolated import Loader
from ingest.passages.split import split
from ingest.passages.worker import Loaded
from ingest.pipeline import ingest
from ingest.publishing import changes, plan
from ingest.publishing.changes import passage_changes, word_diff
from ingest.publishing.check import check
from ingest.publishing.events import Embedded, FileDone, FilesFound
from ingest.publishing.ingest_report import Report, StoppedError
from ingest.publishing.options import IngestOptions
from ingest.reading import files as reading
from ingest.reading.files import find, read
from ingest.reading.formats import READERS, Reader
from ingest.reading.load import load
from tests.support.commands import whole_environment
from tests.support.interrupting import interruptible
from tests.support.small import Small, document
from tests.support.waiting import PATIENCE
from vectorstore import chroma
from vectorstore.embeddings import LocalEmbedder
from vectorstore.generations import Generations
from vectorstore.store import open_index

TEXT = "# Title\n\nSome text about ships.\n"
ODD = (
    b"two words.md",
    "été.md".encode(),
    b"line\nbreak.md",
    "a\u200fb.md".encode(),
    b"\xff\xfe.md",
)


def _folder(settings: Settings) -> Path:
    return settings.corpus_dirs[0]


def _documents(settings: Settings) -> set[str]:
    return {info.id for info in open_index(settings).documents()}


def _texts(settings: Settings) -> str:
    return "\n".join(p.text for p in Generations(settings).current().all_passages())


# Finding files


def test_hidden_files_sidecars_and_other_formats_are_no_documents(tmp_path: Path) -> None:
    for name in (
        *("b.md", ".hidden.md", ".git/d.md", "~$b.md", "b.md.meta.yaml", "b.meta.yaml"),
        *("official/c.html", "official/c.html.http.json", "data.bin"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TEXT)

    found = find([tmp_path])

    assert found.files == (tmp_path / "b.md", tmp_path / "official/c.html")
    assert [(seen.path, seen.reason) for seen in found.left_out] == [
        (str(tmp_path / "data.bin"), "is not a format that can be read")
    ]


def test_no_link_is_followed_and_each_is_listed_with_its_reason(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    for folder in (outside, inside / "sub"):
        folder.mkdir(parents=True)
        (folder / "plan.md").write_text(TEXT)
    (inside / "folder").symlink_to(outside, target_is_directory=True)
    (inside / "file.md").symlink_to(outside / "plan.md")
    (inside / "loop").symlink_to(inside / "loop")
    (outside / "secret").write_text("title: Not for anybody\n")
    (inside / "sub/plan.md.meta.yaml").symlink_to(outside / "secret")
    (inside / "sub/plan.meta.yaml").symlink_to(inside / "sub/plan.md")
    (inside / "sub/above").symlink_to(inside, target_is_directory=True)
    os.mkfifo(inside / "pipe.md")

    found = find([inside])

    assert found.files == (inside / "sub/plan.md",)
    reasons = {Path(seen.path).name: seen.reason for seen in found.left_out}
    assert reasons == {
        "folder": "is a link out of the folder; copy there what it leads to",
        "file.md": "is a link out of the folder; copy there what it leads to",
        "loop": "is a link that leads nowhere",
        "above": "is a link; what it leads to is found at its own place",
        "pipe.md": "is not a file that can be read",
        "plan.md.meta.yaml": "is a link out of the folder; copy there what it leads to",
        "plan.meta.yaml": "is a link; copy there what it leads to",
    }
    assert load(inside / "sub/plan.md").title == "Title"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"two words.md", "two words.md"),
        ("été.md".encode(), "été.md"),
        (b"line\nbreak.md", r"line\nbreak.md"),
        ("a\u200fb.md".encode(), r"a\u200fb.md"),
        (b"\x1b[31m.md", r"\x1b[31m.md"),
        (b"\xff\xfe.md", r"\xff\xfe.md"),
    ],
)
def test_a_name_is_shown_in_one_line_with_codes_for_what_cannot_be_seen(
    name: bytes, shown: str
) -> None:
    path = Path(os.fsdecode(name))
    assert printable(path) == printable(as_text(path)) == shown
    assert str(DocumentError(path, 3, "is wrong", "Mend it.")) == f"{shown}:3: is wrong. Mend it."


def test_files_with_odd_names_are_indexed_and_known_again(small: Small) -> None:
    settings = small({})
    for number, name in enumerate(ODD):
        path = os.path.join(os.fsencode(_folder(settings)), name)
        Path(os.fsdecode(path)).write_text(f"Text number {number}, about ships.\n")

    first = ingest(settings)
    second = ingest(settings)

    assert (len(first.plan.added), first.failures) == (len(ODD), ())
    assert len(second.plan.unchanged) == len(ODD)
    check(Generations(settings).current(), settings)
    out = StringIO()
    print_report(first, Console(file=out, width=300))
    assert r"line\nbreak.md" in out.getvalue()
    assert "\u200f" not in out.getvalue()


def test_a_change_of_a_sidecar_changes_its_document(small: Small) -> None:
    settings = small({"plan.md": TEXT, "plan.meta.yaml": "title: A\n"})
    ingest(settings)
    (_folder(settings) / "plan.meta.yaml").write_text("title: B\n")
    assert ingest(settings).plan.changed == ("plan.en",)
    (_folder(settings) / "plan.meta.yaml").unlink()
    assert ingest(settings).plan.changed == ("plan.en",)


def test_a_file_that_is_too_large_is_not_read(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small({"alpha.md": document("alpha")})
    with (_folder(settings) / "huge.md").open("wb") as file:
        file.truncate(200_000_000)
    loaded: list[str] = []

    def noted(loader: Loader, path: Path) -> Loaded:
        loaded.append(path.name)
        return load_in_process(loader, path)

    load_in_process = Loader.load
    monkeypatch.setattr(Loader, "load", noted)
    report = ingest(settings)

    assert loaded == ["alpha.md"]
    (failure,) = report.failures
    assert failure.problem == "is larger than 100 MB, the most that a file may have"
    assert "STRATEGIEWIJZER_MAX_FILE_SIZE" in failure.remedy


def test_a_file_that_changes_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PAUSE", 0.01)
    file = tmp_path / "a.md"
    file.write_text("first")
    writes = iter(("second, longer", "third"))

    def disturbed(opened: IO[bytes]) -> bytes:
        data = opened.read()
        for text in writes:
            file.write_text(text)
            break
        return data

    assert reading._undisturbed(file, disturbed) == b"third"


def test_a_file_that_never_rests_is_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_PAUSE", 0.01)
    file = tmp_path / "a.md"
    file.write_text("x")

    def disturbed(opened: IO[bytes]) -> bytes:
        with file.open("ab") as writer:
            writer.write(b"y")
        return opened.read()

    with pytest.raises(DocumentError, match=r"changes while it is read\. Wait until"):
        reading._undisturbed(file, disturbed)
    assert read(file).startswith(b"xyy")  # tried several times; now it rests


def test_a_folder_that_cannot_be_looked_into_keeps_its_documents(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small({"alpha.md": document("alpha")})
    sub = _folder(settings) / "sub"
    sub.mkdir()
    (sub / "beta.md").write_text(document("beta"))
    ingest(settings)
    scandir = os.scandir

    def refused(path: Any) -> Any:
        if Path(path) == sub:
            raise PermissionError(13, "Permission denied")  # root may look everywhere
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    report = ingest(settings)

    (failure,) = report.failures
    assert (failure.path, failure.kept) == (str(sub), ("beta.en",))
    assert report.plan.is_empty


def test_a_folder_named_in_another_way_has_the_same_documents(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small({"alpha.md": document("alpha")})
    ingest(settings)
    monkeypatch.chdir(_folder(settings))
    assert ingest(
        settings, IngestOptions(folders=[Path("."), Path("../documents/alpha.md")])
    ).plan.is_empty


# What happens to a document


def test_a_file_at_another_path_is_renamed_and_nothing_is_embedded(small: Small) -> None:
    settings = small({"alpha.md": document("alpha"), "beta.md": document("beta")})
    ingest(settings)
    (_folder(settings) / "beta.md").rename(_folder(settings) / "new.md")

    report = ingest(settings)

    (renamed,) = report.plan.renamed
    assert (renamed.former_key, renamed.key) == ("beta.en", "beta.en")
    assert renamed.path.endswith("new.md")
    assert (report.plan.changed, report.plan.removed, report.embedded) == ((), (), 0)
    assert ingest(settings).plan.is_empty
    check(Generations(settings).current(), settings)


def test_a_file_whose_id_is_its_name_is_renamed_with_its_vectors(small: Small) -> None:
    settings = small({"alpha.md": TEXT, "beta.md": document("beta")})
    ingest(settings)
    before = Generations(settings).current()
    (_folder(settings) / "alpha.md").rename(_folder(settings) / "omega.md")

    report = ingest(settings)

    (renamed,) = report.plan.renamed
    assert (renamed.former_key, renamed.key) == ("alpha.en", "omega.en")
    assert (report.plan.added, report.plan.removed, report.embedded) == ((), (), 0)
    after = Generations(settings).current()
    check(after, settings)
    (old,) = before.all_passages({"alpha.en"})
    (new,) = after.all_passages({"omega.en"})
    assert list(before.passage_vectors([old.id])[old.id]) == list(
        after.passage_vectors([new.id])[new.id]
    )
    assert _documents(settings) == {"omega", "beta"}


def test_a_copy_that_stays_beside_the_original_is_added_not_renamed(small: Small) -> None:
    settings = small({"alpha.md": TEXT})
    ingest(settings)
    (_folder(settings) / "copy.md").write_text(TEXT)
    report = ingest(settings)
    assert (report.plan.added, report.plan.renamed, report.embedded) == (("copy.en",), (), 0)
    (_folder(settings) / "copy.md").unlink()
    assert ingest(settings).plan.removed == ("copy.en",)


def test_a_copy_does_not_take_the_place_of_an_original_that_fails(small: Small) -> None:
    settings = small({"alpha.md": TEXT})
    ingest(settings)
    small({"alpha.md": "", "copy.md": TEXT})
    report = ingest(settings)
    assert (report.plan.added, report.plan.renamed) == (("copy.en",), ())
    assert report.failures[0].kept == ("alpha.en",)
    assert _documents(settings) == {"alpha", "copy"}


def test_a_file_that_fails_keeps_its_last_good_version_until_it_is_mended(small: Small) -> None:
    settings = small({"alpha.md": document("alpha"), "beta.md": document("beta", "Of canoes.")})
    ingest(settings)
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


def test_a_document_whose_sidecar_is_wrong_stays_as_it_was(small: Small) -> None:
    settings = small({"alpha.md": document("alpha"), "beta.md": document("beta")})
    ingest(settings)
    sidecar = _folder(settings) / "beta.meta.yaml"
    sidecar.write_text("colour: red\n")

    (failure,) = ingest(settings).failures
    assert (failure.kept, failure.place) == (("beta.en",), f"{sidecar}:1")
    assert _documents(settings) == {"alpha", "beta"}


@pytest.mark.parametrize("kept", [{"alpha.en", "beta.en"}, {"beta.en"}, set()])
def test_only_documents_of_the_format_whose_version_was_raised_are_read_anew(
    small: Small, monkeypatch: pytest.MonkeyPatch, kept: set[str]
) -> None:
    settings = small({"alpha.md": document("alpha"), "beta.en.txt": "Beta speaks of boats.\n"})
    ingest(settings)
    if "alpha.en" not in kept:
        monkeypatch.setitem(READERS, "markdown", Reader(READERS["markdown"].version + 1))
    if not kept:
        monkeypatch.setattr(plan, "VERSION", plan.VERSION + 1)

    report = ingest(settings)

    assert set(report.plan.unchanged) == kept
    assert set(report.plan.changed) == {"alpha.en", "beta.en"} - kept
    assert report.embedded == 0
    assert ingest(settings).plan.is_empty


def test_what_the_version_before_left_is_searched_and_read_anew_once(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    _as_the_version_before(settings, ingest(settings).generation)
    assert _documents(settings) == {"alpha"}
    report = ingest(settings)
    assert (report.plan.changed, report.embedded) == (("alpha.en",), 0)
    assert ingest(settings).plan.is_empty


def test_what_is_kept_for_another_embedder_is_read_anew_once_its_file_is_there(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {"alpha.md": document("alpha"), "beta.md": document("beta")}
    ingest(small(files))
    settings = small({"alpha.md": files["alpha.md"]})
    monkeypatch.setattr(LocalEmbedder, "fingerprint", "another-model/384")
    assert ingest(settings, IngestOptions(keep_missing=True)).missing == ("beta.en",)
    assert ingest(settings, IngestOptions(keep_missing=True)).plan.is_empty
    assert ingest(small(files)).plan.changed == ("beta.en",)


def _as_the_version_before(settings: Settings, generation: str) -> None:
    """Writes a manifest with one fingerprint for all documents, as 0.1.0 did."""
    passages = chroma.connect(settings).get_collection(f"passages-{generation}", None)
    manifest = json.loads(str((passages.metadata or {})["manifest"]))
    for entry in manifest["documents"]:
        del entry["reading"]
    passages.modify(metadata={"manifest": json.dumps({**manifest, "splitter": "0123456789ab"})})


def test_what_fails_after_a_change_of_the_program_stays_and_is_tried_in_every_run(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small({"alpha.md": document("alpha"), "beta.md": document("beta", "Of canoes.")})
    ingest(settings)

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


def test_of_two_files_with_one_key_the_one_that_is_known_stays(small: Small) -> None:
    settings = small({"m.md": document("alpha", "The known one.")})
    ingest(settings)
    double = {"a.md": document("alpha", "The double."), "m.md": document("alpha", "Known.")}
    small(double)

    report = ingest(settings)

    (failure,) = report.failures
    assert failure.path.endswith("a.md")
    assert "m.md also has id alpha and language en" in failure.problem
    assert report.plan.changed == ("alpha.en",)
    assert "The double." not in _texts(settings)


def test_strict_publishes_nothing_when_one_file_fails(small: Small) -> None:
    settings = small({"alpha.md": document("alpha"), "bad.md": ""})

    with pytest.raises(StoppedError, match=r"bad.md: has no text.*without --strict") as stopped:
        ingest(settings, IngestOptions(strict=True))

    assert stopped.value.report.plan.added == ("alpha.en",)
    assert Generations(settings).pointer().current == ""
    assert ingest(settings).plan.added == ("alpha.en",)  # without it what is good is published


def test_a_first_run_of_which_nothing_is_good_is_an_error(small: Small) -> None:
    settings = small({"a.md": "", "b.md": ""})
    with pytest.raises(StoppedError, match="None of the files could be taken"):
        ingest(settings)


def test_documents_whose_files_are_gone_can_be_kept(small: Small) -> None:
    settings = small({n: document(n[:-3]) for n in ("alpha.md", "beta.md", "gamma.md")})
    ingest(settings)
    (_folder(settings) / "beta.md").unlink()
    (_folder(settings) / "gamma.md").rename(_folder(settings) / "delta.md")

    report = ingest(settings, IngestOptions(keep_missing=True))

    assert report.missing == ("beta.en",)
    assert (report.plan.removed, len(report.plan.renamed)) == ((), 1)
    assert _documents(settings) == {"alpha", "beta", "gamma"}
    assert ingest(settings).plan.removed == ("beta.en",)


def test_a_run_that_would_remove_more_than_half_stops_until_it_is_allowed(small: Small) -> None:
    settings = small({n: document(n[:-3]) for n in ("alpha.md", "beta.md", "gamma.md")})
    before = ingest(settings).generation
    small({"alpha.md": document("alpha")})

    with pytest.raises(StoppedError, match=r"remove 2 of the 3 documents.*--allow-shrink"):
        ingest(settings)
    assert "--allow-shrink" in ingest(settings, IngestOptions(dry_run=True)).stop
    assert Generations(settings).pointer().current == before

    assert ingest(settings, IngestOptions(allow_shrink=True)).plan.removed == (
        "beta.en",
        "gamma.en",
    )


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


# Some documents alone


@pytest.fixture
def three(small: Small) -> Settings:
    """Three documents in use, all of whose files have changed since, one even being gone."""
    settings = small({n: document(n[:-3]) for n in ("alpha.md", "beta.md", "gamma.md")})
    ingest(settings)
    small({"alpha.md": document("alpha", "Of boats."), "beta.md": document("beta", "Of cars.")})
    return settings


def test_only_the_named_document_is_read_anew(three: Settings) -> None:
    before = {entry.key: entry for entry in Generations(three).current().manifest.documents}
    files = [one.path for one in before.values()]
    read_ones: list[str] = []

    report = ingest(
        three,
        IngestOptions(only=["alpha.en", "alpha.en"]),
        tell=lambda event: read_ones.append(event.path) if isinstance(event, FileDone) else None,
    )

    assert read_ones == files[:1]
    assert report.plan.changed == ("alpha.en",)
    assert (report.plan.removed, report.missing, report.embedded) == ((), (), 1)
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


def test_a_named_document_that_cannot_be_read_stays_as_it_was(three: Settings) -> None:
    (_folder(three) / "alpha.md").write_text("")
    report = ingest(three, IngestOptions(only=["alpha.en"]))
    (failure,) = report.failures
    assert (failure.kept, report.plan.is_empty) == (("alpha.en",), True)


def test_a_named_document_that_has_another_id_now_is_not_there_twice(three: Settings) -> None:
    (_folder(three) / "alpha.md").write_text(document("delta"))
    report = ingest(three, IngestOptions(only=["alpha.en"]))
    assert (report.plan.added, report.plan.removed) == (("delta.en",), ("alpha.en",))
    assert _documents(three) == {"beta", "gamma", "delta"}


def test_what_is_left_alone_after_a_change_of_the_program_is_read_by_the_next_run(
    three: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "VERSION", plan.VERSION + 1)
    small_change = ingest(three, IngestOptions(only=["alpha.en"]))
    assert (small_change.embedded, _documents(three)) == (1, {"alpha", "beta", "gamma"})
    check(Generations(three).current(), three)
    (_folder(three) / "beta.md").write_text(document("beta"))  # as it was: its hash is the same
    assert ingest(three, IngestOptions(keep_missing=True)).plan.changed == ("beta.en",)


def test_only_goes_with_no_other_choice_of_documents(
    small: Small, typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    small({"alpha.md": document("alpha")})
    assert typed() == 0
    for others in (["--rebuild"], ["--watch"]):
        assert typed(*others, "--only", "alpha.en") == 2
    assert "leave out" in capsys.readouterr().err
    assert typed("--only", "beta.en") == 1
    told = capsys.readouterr().err
    assert "beta.en: there is no such document in the index. Choose from: alpha.en" in told
    small({"alpha.md": document("alpha", "Of boats.")})
    assert typed("--only", "alpha.en") == 0
    assert "is in use" in capsys.readouterr().out


# The change report


def _changed(small: Small) -> Report:
    settings = small(
        {
            "alpha.md": document("alpha", "The ships carry 30 boats and <b>no</b> guns."),
            "beta.md": document("beta"),
        }
    )
    ingest(settings)
    changed = document("alpha", "The ships carry 40 boats and <b>no</b> guns.")
    changed = changed.replace("date: 2020-07-24", "date: 2021-01-31")
    changed = changed.replace("## Second section", "## Third section").replace(
        'title: "Alpha"', 'title: "Alpha"\npublisher: "<script>alert(1)</script>"'
    )
    small({"alpha.md": changed + "\n## More\n\nAltogether new.\n", "gamma.md": document("gamma")})
    return ingest(settings, IngestOptions(dry_run=True, compare=True))


def test_a_plan_tells_which_passages_come_go_and_differ(small: Small) -> None:
    changes = {change.key: change for change in _changed(small).changes}

    assert {key: change.kind for key, change in changes.items()} == {
        "alpha.en": "changed",
        "beta.en": "removed",
        "gamma.en": "added",
    }
    alpha = changes["alpha.en"]
    assert alpha.fields["date"] == ("2020-07-24", "2021-01-31")
    told = [(one.kind, one.headings[-1], one.former_headings[-1:]) for one in alpha.passages]
    assert told == [
        ("changed", "First section", ()),
        ("changed", "Third section", ("Second section",)),
        ("added", "More", ()),
    ]
    assert (alpha.passages[0].before, alpha.passages[0].after) == (
        "The ships carry 30 boats and <b>no</b> guns.",
        "The ships carry 40 boats and <b>no</b> guns.",
    )
    assert [one.kind for one in changes["beta.en"].passages] == ["removed", "removed"]


def test_the_page_marks_the_words_and_runs_nothing_from_a_source(
    small: Small, tmp_path: Path
) -> None:
    files = changes.write_page(_changed(small), tmp_path / "out/changes.html")

    assert [file.name for file in files] == ["changes.html", "changes.json"]
    text = files[0].read_text("utf-8")
    assert (
        "The ships carry <del>30</del> <ins>40</ins> boats and &lt;b&gt;no&lt;/b&gt; guns." in text
    )
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "default-src 'none'" in text
    assert Report.model_validate_json(files[1].read_bytes()).dry_run


def test_a_word_diff_gives_back_both_texts() -> None:
    before = "De markt is 1.500 miljard waard, 90%."
    after = "De hele markt is 1.600 miljard euro waard, 95%!"
    pieces = list(word_diff(before, after))
    assert "".join(piece.text for piece in pieces if piece.kind != "new") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "gone") == after
    assert [piece.text for piece in pieces if piece.kind == "gone"] == ["1.500", "90%."]


def test_passages_of_other_sections_or_other_words_are_not_paired(tmp_path: Path) -> None:
    def passages(text: str) -> Any:
        (tmp_path / "a.en.md").write_text(text)
        return split(load(tmp_path / "a.en.md"), len)

    before = passages("# T\n\n## A\n\nSix ships sail to the north.\n\n## B\n\nA house.\n")
    after = passages("# T\n\n## A\n\nNobody eats apples.\n\n## B\n\nSix ships sail to the south.\n")
    changes, same = passage_changes(before, after)
    assert same == 0
    assert sorted(change.kind for change in changes) == ["added", "added", "removed", "removed"]


# Progress


def test_a_log_has_lines_with_rate_and_time_left_and_no_bar(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    lines: list[str] = []
    tell = LogLines(lines.append)
    tell(FilesFound(files=2))
    tell(FileDone(event="failed", path="a", done=1, total=2, reason="a: bad. Mend it."))
    tell(FileDone(event="loaded", path="b", done=2, total=2))
    for done in range(1, 101):
        now += 1
        tell(Embedded(done=done, total=400))
    told = [line.partition(" ")[2] for line in lines]
    assert told[:2] == ["2 files found", "Not taken: a: bad. Mend it."]
    assert "Reading files: 2 of 2" in told
    assert "Embedding passages: 95 of 400 (1.0/s, 5:05 left)" in told
    assert len(told) < 30


def test_a_terminal_has_a_bar_with_rate_and_time_left() -> None:
    out, now = StringIO(), 100.0
    console = Console(file=out, force_terminal=True, width=120, get_time=lambda: now)
    with progress(as_json=False, console=console) as tell:
        tell(FilesFound(files=1))
        for done in (1, 2, 3):
            now += 1
            tell(Embedded(done=done, total=300))
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    assert re.search(r"Embedding passages.*3/300.*1\.0/s.*time left 0:04:57", shown)


def test_guesses_are_shown_with_the_remedy(small: Small) -> None:
    report = ingest(small({"memo-2021.md": TEXT, "alpha.md": document("alpha")}))
    (guesses,) = report.guesses
    assert (guesses.key, guesses.fields) == (
        "memo-2021.en",
        {"title": "Title", "language": "en"},
    )
    out = StringIO()
    print_report(report, Console(file=out, width=200))
    assert "title: Title" in out.getvalue()
    assert "write FILE.meta.yaml next to the file" in out.getvalue()


# As typed


@pytest.fixture
def typed(small: Small, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Runs `python -m ingest` in this process, over the folder of `small`."""
    for name, value in whole_environment(small({})).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: main([str(argument) for argument in arguments])


def test_a_failure_is_listed_with_its_remedy_and_the_exit_code_is_1(
    small: Small, typed: Callable[..., int], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    small({"alpha.md": document("alpha"), "bad.md": ""})
    assert typed("--report", tmp_path / "changes") == 1
    out = capsys.readouterr().out
    assert "NOT TAKEN: " in out
    assert "bad.md: has no text. Remove the file or add its text." in out
    assert "is in use" in out
    assert "has no text" in (tmp_path / "changes.html").read_text("utf-8")
    assert typed("--strict", "--json") == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out.splitlines()[-1])["report"]["generation"] == ""
    assert "--strict" in printed.err


def test_a_stop_is_a_warning_in_a_dry_run_and_an_error_otherwise(
    small: Small, typed: Callable[..., int], capsys: pytest.CaptureFixture[str]
) -> None:
    small({n: document(n[:-3]) for n in ("alpha.md", "beta.md", "gamma.md")})
    assert typed() == 0
    small({"alpha.md": document("alpha")})
    capsys.readouterr()
    assert typed("--dry-run") == 0
    assert "A run would stop here." in capsys.readouterr().out
    assert typed() == 1
    assert "--allow-shrink" in capsys.readouterr().err
    assert typed("--allow-shrink") == 0


class _Child:
    """`python -m ingest ARGUMENTS --json` in another process; its events as they come."""

    def __init__(self, settings: Settings, *arguments: str) -> None:
        with interruptible():
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ingest", "--json", *arguments],
                env=whole_environment(settings),
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        assert self.process.stdout is not None
        self._events: Iterator[dict[str, Any]] = map(json.loads, self.process.stdout)

    def next(self, event: str) -> dict[str, Any]:
        return next(told for told in self._events if told["event"] == event)

    def interrupt(self) -> tuple[int, str]:
        """Ctrl-C; its exit code and what it said."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors


@pytest.mark.long
def test_ctrl_c_while_embedding_leaves_everything_as_it_was(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    before = ingest(settings).generation
    many = "\n\n".join(f"## Part {n}\n\nPart {n} speaks of {n} ships." for n in range(1200))
    small({"alpha.md": document("alpha", many)})
    child = _Child(settings)
    child.next("embedded")

    code, errors = child.interrupt()

    assert (code, errors.strip().splitlines()[-1]) == (
        130,
        "Stopped. The index is as it was before.",
    )
    assert "Traceback" not in errors
    assert Generations(settings).pointer().current == before
    assert "speaks of ships" in _texts(settings)
    assert ingest(settings).generation  # nothing is locked, nothing in the way


def test_watching_takes_changes_in_and_goes_on_after_a_failure(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    child = _Child(settings, "--watch")
    try:
        assert child.next("report")["report"]["plan"]["added"] == ["alpha.en"]
        (_folder(settings) / "bad.md").write_text("")
        assert child.next("report")["report"]["failures"][0]["problem"] == "has no text"
        (_folder(settings) / "beta.md").write_text(document("beta"))
        assert child.next("report")["report"]["plan"]["added"] == ["beta.en"]
        odd = os.path.join(os.fsencode(_folder(settings)), b"\xff.md")
        Path(os.fsdecode(odd)).write_text(TEXT)
        assert len(child.next("report")["report"]["plan"]["added"]) == 1
        child.next("watching")
    finally:
        code, errors = child.interrupt()
    assert (code, "Traceback" in errors) == (0, False)
    assert {"alpha", "beta"} < _documents(settings)
