"""A text is called official by the word of a person or of our own fetch, not of its file."""

import json
import shutil
from pathlib import Path

import pytest

from core.errors import StoreError
from core.settings import Settings
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import IngestOptions
from ingest.reading.files import confirm, sha256
from tests.support.commands import Command
from tests.support.small import Small
from vectorstore.generations import Generations

SAYS = "---\nid: act\nlanguage: en\nkind: official\n---\n\n# Act\n\nThe port has 12 cranes.\n"
OTHER = "---\nid: note\nlanguage: en\n---\n\n# Note\n\nThe fleet has 30 ships.\n"


@pytest.fixture
def settings(small: Small) -> Settings:
    return small({"act.md": SAYS, "note.md": OTHER})


def kinds(settings: Settings) -> dict[str, str]:
    """As all that is stored of each document calls it."""
    generation = Generations(settings).current()
    entries = {entry.key: entry.info.kind for entry in generation.manifest.documents}
    assert {
        passage.document.key: passage.document.kind for passage in generation.all_passages()
    } == entries
    return entries


def test_a_file_that_calls_itself_official_is_not_called_so(settings: Settings) -> None:
    report = ingest(settings)
    assert kinds(settings) == {"act.en": "upload", "note.en": "upload"}
    assert report.unconfirmed == (str(settings.corpus_dirs[0] / "act.md"),)
    assert ingest(settings).plan.is_empty


def test_a_confirmation_is_remembered_moves_with_the_file_and_ends_with_its_content(
    settings: Settings,
) -> None:
    act, folder = settings.corpus_dirs[0] / "act.md", settings.documents_dir
    ingest(settings)
    confirm(act, folder, official=True)
    report = ingest(settings)
    assert report.left_out == ()  # a confirmation is no document
    assert report.plan.changed == ("act.en",)
    assert (report.embedded, report.reused) == (0, 2)  # its vectors are those it had
    assert kinds(settings)["act.en"] == "official"
    assert ingest(settings).plan.is_empty

    (folder / "acts").mkdir()
    act = act.rename(folder / "acts" / "act.md")
    assert ingest(settings).plan.changed == ("act.en",)
    assert kinds(settings)["act.en"] == "official"

    act.write_text(SAYS.replace("12", "13"), "utf-8")
    assert ingest(settings).unconfirmed == (str(act),)
    assert kinds(settings)["act.en"] == "upload"


def test_what_a_plan_showed_is_not_published_once_another_word_counts(settings: Settings) -> None:
    ingest(settings)
    confirm(settings.corpus_dirs[0] / "act.md", settings.documents_dir, official=True)
    planned = ingest(settings, IngestOptions(dry_run=True))
    confirm(settings.corpus_dirs[0] / "note.md", settings.documents_dir, official=True)
    assert ingest(settings, IngestOptions(dry_run=True)).fingerprint != planned.fingerprint


def test_what_our_own_fetch_brought_is_official_as_long_as_it_is_as_it_came(
    settings: Settings,
) -> None:
    folder = settings.documents_dir / "official"
    folder.mkdir()
    act = shutil.move(settings.corpus_dirs[0] / "act.md", folder / "act.md")
    record = folder / "act.md.http.json"
    record.write_text(json.dumps({"sha256": sha256(act)}), "utf-8")
    ingest(settings)
    assert kinds(settings)["act.en"] == "official"
    for wrong in ("[]", "{", json.dumps({"sha256": "0" * 64})):
        record.write_text(wrong, "utf-8")
        assert ingest(settings, IngestOptions(dry_run=True)).plan.changed == ("act.en",)


def test_a_record_of_a_fetch_counts_only_where_the_fetch_puts_it(settings: Settings) -> None:
    act = settings.corpus_dirs[0] / "act.md"
    record = act.with_name("act.md.http.json")
    record.write_text(json.dumps({"sha256": sha256(act)}), "utf-8")
    act.with_name("act.md.meta.yaml").write_text("kind: official\n", "utf-8")
    ingest(settings)
    assert kinds(settings)["act.en"] == "upload"


def test_a_person_confirms_and_takes_back_by_command(
    settings: Settings, run_ingest: Command
) -> None:
    act = str(settings.corpus_dirs[0] / "act.md")
    run_ingest.use(settings)
    assert run_ingest() == 0
    assert f"python -m ingest --official {act}" in run_ingest.out
    assert run_ingest("--dry-run", "--official", act) == 2
    assert run_ingest("--official", act) == 0
    assert kinds(settings)["act.en"] == "official"
    assert run_ingest() == 0
    assert kinds(settings)["act.en"] == "official"
    assert run_ingest("--not-official", act) == 0
    assert kinds(settings)["act.en"] == "upload"
    assert run_ingest("--official", str(Path(act).with_name("none.md"))) == 1
    assert "none.md" in run_ingest.err


def test_what_cannot_be_remembered_is_told(settings: Settings) -> None:
    (settings.documents_dir / "confirmed").write_text("no folder", "utf-8")
    with pytest.raises(StoreError, match="Nothing can be written"):
        confirm(settings.corpus_dirs[0] / "act.md", settings.documents_dir, official=True)
