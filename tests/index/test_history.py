"""What `status` and `history` tell of documents and generations."""

import datetime
import json
from collections.abc import Mapping

import pytest

from core.errors import NoIndexError
from core.files import printable
from core.source import DocumentInfo
from ingest.commands.generations import standing
from ingest.pipeline import ingest
from ingest.publishing import build
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

    assert [one.id for one in kept] == [first, second, third]
    assert [one.in_use for one in kept] == [False, True, False]
    counts = [(one.documents, one.passages, one.units) for one in kept]
    assert counts == [(2, 4, 4), (2, 4, 4), (1, 2, 2)]
    assert [(one.added, one.changed, one.removed) for one in kept] == [
        (None, None, None),
        (("gamma.en",), ("alpha.en",), ("beta.en",)),
        ((), ("alpha.en",), ("gamma.en",)),
    ]
    assert all(one.size > 8 * 384 * 4 for one in kept[:2])  # vectors, and a keyword index
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


def test_what_is_published_after_a_rollback_is_compared_with_what_was_in_use(small: Small) -> None:
    files = {"alpha.md": document("alpha")}
    settings = small(files)
    ingest(settings)
    small(files := {**files, "beta.md": document("beta")})
    ingest(settings)
    Generations(settings).rollback()
    small({**files, "gamma.md": document("gamma")})
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


def test_a_document_bears_when_it_last_changed(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Clock(datetime.datetime):
        day = 1

        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> "Clock":
            return cls(2026, 12, cls.day, tzinfo=tz)

    monkeypatch.setattr(build.datetime, "datetime", Clock)
    settings = small({"alpha.md": document("alpha"), "beta.md": document("beta")})
    ingest(settings)
    Clock.day = 2
    small({"alpha.md": document("alpha"), "beta.md": document("beta", "Now of boats.")})
    ingest(settings)

    changed = {e.key: e.changed for e in Generations(settings).current().manifest.documents}
    assert changed == {
        "alpha.en": "2026-12-01T00:00:00.000+00:00",
        "beta.en": "2026-12-02T00:00:00.000+00:00",
    }


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
    assert "superseded by beta\n  official: " in out

    assert run_ingest("status", "--json") == 0
    printed = json.loads(run_ingest.out)
    (entry,) = printed["documents"]
    assert (printed["id"], entry["pages"], entry["passages"]) == (second, 0, 2)
    assert (entry["info"]["version"], entry["standing"]) == ("final/2", "superseded by beta")

    assert run_ingest("history") == 0
    out = run_ingest.out
    assert out.index(f"{second}  in use\n") < out.index(f"{first}\n")  # newest first
    assert "1 documents in 1 language versions, 2 passages, " in out
    assert "  note: Boats, as Els\\nasked\n" in out
    assert "against the one before: 0 added, 1 changed, 0 removed" in out
    assert run_ingest("history", "--json") == 0
    assert [one["changed"] for one in json.loads(run_ingest.out)] == [None, ["alpha.en"]]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, "in force"),
        ({"effective_from": datetime.date(2026, 1, 2)}, "in force from 2026-01-02"),
        ({"effective_from": datetime.date(2026, 1, 1)}, "in force"),
        ({"superseded_by": "beta"}, "superseded by beta"),
        ({"effective_until": datetime.date(2026, 1, 1)}, "in force"),
        ({"effective_until": datetime.date(2025, 12, 31)}, "ended 2025-12-31"),
    ],
)
def test_a_document_is_in_force_or_not(fields: Mapping[str, object], told: str) -> None:
    info = DocumentInfo.model_validate({"id": "a", "language": "en", "title": "A", **fields})
    assert standing(info, datetime.date(2026, 1, 1)) == told


def test_a_name_that_would_fool_a_terminal_is_shown_as_it_is() -> None:
    assert printable("é\n\x1b[2J\u202egpj.md") == "é\\n\\x1b[2J\\u202egpj.md"


def test_with_nothing_ingested_there_is_no_history(small: Small) -> None:
    with pytest.raises(NoIndexError, match="make ingest"):
        history(small({"alpha.md": document("alpha")}))
