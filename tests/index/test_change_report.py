"""The report of a run: which passages change, and what was guessed."""

from pathlib import Path
from typing import Any

from ingest.commands.sync import report_lines
from ingest.passages.split import split
from ingest.pipeline import ingest
from ingest.publishing.changes import passage_changes, word_diff
from ingest.publishing.ingest_run import DocumentChange, IngestOptions
from ingest.reading.load import load
from tests.support.small import Small, document

TEXT = "# Title\n\nSome text about ships.\n"


def test_a_plan_tells_which_passages_come_go_and_differ(small: Small) -> None:
    settings = small(
        {
            "alpha.md": document("alpha", "The ships carry 30 boats and no guns."),
            "beta.md": document("beta"),
        }
    )
    ingest(settings)
    changed = document("alpha", "The ships carry 40 boats and no guns.")
    changed = changed.replace("date: 2020-07-24", "date: 2021-01-31")
    changed = changed.replace("## Second section", "## Third section")
    small({"alpha.md": changed + "\n## More\n\nAltogether new.\n", "gamma.md": document("gamma")})
    report = ingest(settings, IngestOptions(dry_run=True, compare=True))
    changes = {change.key: change for change in report.changes}

    assert {key: change.kind for key, change in changes.items()} == {
        "alpha.en": "changed",
        "beta.en": "removed",
        "gamma.en": "added",
    }
    alpha = changes["alpha.en"]
    assert alpha.fields["date"] == ("2020-07-24", "2021-01-31")
    passages = alpha.passages
    assert [(p.kind, p.headings[-1], p.former_headings[-1:]) for p in passages] == [
        ("changed", "First section", ()),
        ("changed", "Third section", ("Second section",)),
        ("added", "More", ()),
    ]
    assert passages[0].before == "The ships carry 30 boats and no guns."
    assert passages[0].after == "The ships carry 40 boats and no guns."
    assert [passage.kind for passage in changes["beta.en"].passages] == ["removed", "removed"]


def test_a_kept_report_of_an_earlier_version_is_read() -> None:
    before = {"kind": "renamed", "key": "a.en", "title": "A", "path": "b.md", "former_path": "a.md"}
    assert DocumentChange.model_validate(before).kind == "changed"


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


def test_guesses_are_shown_with_the_remedy(small: Small) -> None:
    report = ingest(small({"memo-2021.md": TEXT, "alpha.md": document("alpha")}))
    (guesses,) = report.guesses
    assert (guesses.key, guesses.fields) == ("memo-2021.en", {"title": "Title", "language": "en"})
    printed = "\n".join(report_lines(report))
    assert "title: Title" in printed
    assert "write FILE.meta.yaml next to the file" in printed
