"""Which files are documents: odd names, links, sizes, files that change while they are read."""

import os
from pathlib import Path
from typing import IO, Any

import pytest

from core.errors import DocumentError
from core.files import as_text, printable
from ingest.commands.sync import report_lines
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import IngestOptions
from ingest.publishing.verify import check
from ingest.reading import files as reading
from ingest.reading.files import find, read
from ingest.reading.load import load
from tests.support.small import Small, document
from vectorstore.generations import Generations

TEXT = "# Title\n\nSome text about ships.\n"
ODD = {
    b"two words.md": "two words.md",
    "été.md".encode(): "été.md",
    b"line\nbreak.md": r"line\nbreak.md",
    "a\u200fb.md".encode(): r"a\u200fb.md",
    b"\x1b[31m.md": r"\x1b[31m.md",
    b"\xff\xfe.md": r"\xff\xfe.md",
}
"""Names of files, and how they are shown."""


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


@pytest.mark.parametrize(("name", "shown"), ODD.items())
def test_a_name_is_shown_in_one_line_with_codes_for_what_cannot_be_seen(
    name: bytes, shown: str
) -> None:
    path = Path(os.fsdecode(name))
    assert printable(path) == printable(as_text(path)) == shown
    assert str(DocumentError(path, 3, "is wrong", "Mend it.")) == f"{shown}:3: is wrong. Mend it."


def test_files_with_odd_names_are_indexed_and_known_again(small: Small) -> None:
    settings = small({})
    for number, name in enumerate(ODD):
        path = os.path.join(os.fsencode(settings.corpus_dirs[0]), name)
        Path(os.fsdecode(path)).write_text(f"Text number {number}, about ships.\n")

    first = ingest(settings)
    second = ingest(settings)

    assert (len(first.plan.added), first.failures) == (len(ODD), ())
    assert len(second.plan.unchanged) == len(ODD)
    check(Generations(settings).current(), settings)
    printed = "\n".join(report_lines(first))
    assert r"line\nbreak.md" in printed
    assert "\u200f" not in printed


def test_a_change_of_a_sidecar_changes_its_document(small: Small) -> None:
    settings = small({"plan.md": TEXT, "plan.meta.yaml": "title: A\n"})
    ingest(settings)
    (settings.corpus_dirs[0] / "plan.meta.yaml").write_text("title: B\n")
    assert ingest(settings).plan.changed == ("plan.en",)
    (settings.corpus_dirs[0] / "plan.meta.yaml").unlink()
    assert ingest(settings).plan.changed == ("plan.en",)


def test_a_file_that_is_too_large_is_not_read(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    with (settings.corpus_dirs[0] / "huge.md").open("wb") as file:
        file.truncate(200_000_000)
    (failure,) = ingest(settings).failures
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
    sub = settings.corpus_dirs[0] / "sub"
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
    monkeypatch.chdir(settings.corpus_dirs[0])
    assert ingest(
        settings, IngestOptions(folders=[Path("."), Path("../documents/alpha.md")])
    ).plan.is_empty
