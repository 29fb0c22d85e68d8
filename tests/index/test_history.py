"""What `status` and `history` tell of documents and generations."""

import json

import pytest

from core.errors import NoIndexError
from ingest.pipeline import ingest
from ingest.publishing.history import ahead, history
from ingest.publishing.ingest_run import IngestOptions
from ingest.reading.files import confirm
from tests.support.commands import Command
from tests.support.small import Small, document
from vectorstore.generations import Generations


def test_history_tells_what_each_generation_changed(small: Small) -> None:
    settings = small({"alpha.md": document("alpha"), "beta.md": document("beta")})
    first = ingest(settings).generation
    small({"alpha.md": document("alpha", "Now of boats."), "gamma.md": document("gamma")})
    second = ingest(settings).generation
    small({"alpha.md": document("alpha").replace("2020-07-24", "2021-01-31")})
    third = ingest(settings).generation
    Generations(settings).rollback()

    kept = history(settings)

    assert [generation.id for generation in kept] == [first, second, third]
    assert [generation.in_use for generation in kept] == [False, True, False]
    counts = [(generation.documents, generation.passages, generation.units) for generation in kept]
    assert counts == [(2, 4, 4), (2, 4, 4), (1, 2, 2)]
    assert [(generation.added, generation.changed, generation.removed) for generation in kept] == [
        (None, None, None),
        (("gamma.en",), ("alpha.en",), ("beta.en",)),
        ((), ("alpha.en",), ("gamma.en",)),
    ]
    assert kept[1].titles == {"alpha.en": "Alpha", "beta.en": "Beta", "gamma.en": "Gamma"}


def test_after_a_rollback_what_the_files_bring_back_is_known(small: Small) -> None:
    settings = small({"alpha.md": document("alpha"), "beta.md": document("beta")})
    ingest(settings)
    long = f"title: {'Very ' * 40}long\nknown_as: The gamma plan\n"
    gamma = document("gamma").replace('title: "Gamma"\n', long)
    small({"alpha.md": document("alpha", "Now of boats."), "gamma.md": gamma})
    ingest(settings)
    assert ahead(settings) is None
    Generations(settings).rollback()
    found = ahead(settings)
    told = (found.added, found.changed, found.removed)
    assert told == (("The gamma plan",), ("Alpha",), ("Beta",))
    ingest(settings)
    assert ahead(settings) is None


def test_a_document_bears_when_it_last_changed_and_a_rollback_takes_changes_back(
    small: Small,
) -> None:
    files = {"alpha.md": document("alpha")}
    settings = small(files)
    ingest(settings)
    first = Generations(settings).current().manifest
    small({**files, "beta.md": document("beta")})
    ingest(settings)
    second = Generations(settings).current().manifest
    changed = {entry.key: entry.changed for entry in second.documents}
    assert changed == {"alpha.en": first.created, "beta.en": second.created}
    Generations(settings).rollback()
    small({**files, "beta.md": document("beta"), "gamma.md": document("gamma")})
    ingest(settings)
    assert history(settings)[-1].added == ("beta.en", "gamma.en")


def test_a_note_is_kept_with_a_generation(small: Small) -> None:
    settings = small({"alpha.md": document("alpha")})
    first = ingest(settings, IngestOptions(note="First")).generation
    small({"alpha.md": document("alpha", "Now of boats.")})
    ingest(settings, IngestOptions(note="Second"))
    Generations(settings).annotate(first, "The first")
    assert [generation.note for generation in history(settings)] == ["The first", "Second"]
    assert len(list(Generations(settings).open(first).all_passages())) == 2


def test_status_and_history_as_text_and_as_json(small: Small, run_ingest: Command) -> None:
    more = "version: final/2\nsuperseded_by: beta\nkind: official\ndate: "
    settings = small({"alpha.md": document("alpha").replace("date: ", more)})
    run_ingest.use(settings)
    first = ingest(settings).generation
    small({"alpha.md": document("alpha", "Now of boats.").replace("date: ", more)})
    confirm(settings.corpus_dirs[0] / "alpha.md", settings.documents_dir, official=True)
    second = ingest(settings, IngestOptions(note="Boats, as Els\nasked")).generation

    assert run_ingest("status") == 0
    out = run_ingest.out
    assert f"Generation {second}, made 20" in out
    facts = "version final/2, dated 2020-07-24, language en, passages 2, last change 20"
    assert f"alpha.en  Alpha\n  {facts}" in out
    assert ", superseded\n  official: " in out

    assert run_ingest("status", "--json") == 0
    printed = json.loads(run_ingest.out)
    (entry,) = printed["documents"]
    assert (printed["id"], entry["pages"], entry["passages"]) == (second, 0, 2)
    assert (entry["info"]["version"], entry["standing"]) == ("final/2", "superseded")

    assert run_ingest("history") == 0
    out = run_ingest.out
    assert out.index(f"{second}  in use\n") < out.index(f"{first}\n")  # newest first
    assert "1 documents in 1 language versions, 2 passages\n" in out
    assert "  note: Boats, as Els\\nasked\n" in out
    assert "against the one before: 0 added, 1 changed, 0 removed" in out
    assert run_ingest("history", "--json") == 0
    oldest, newest = json.loads(run_ingest.out)
    assert (oldest["changed"], newest["changed"]) == (None, ["alpha.en"])


def test_with_nothing_ingested_there_is_no_history(small: Small) -> None:
    with pytest.raises(NoIndexError, match="make ingest"):
        history(small({"alpha.md": document("alpha")}))
