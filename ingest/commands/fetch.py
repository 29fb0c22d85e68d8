"""`python -m ingest fetch [CELEX ...]`: get official texts from the Publications Office."""

from collections.abc import Sequence
from pathlib import Path

import typer

from core.command_line import option
from core.errors import FetchError
from core.settings import Settings
from ingest.commands import AsJson, app, print_json
from ingest.official.cellar import LANGUAGES, Cellar, chosen
from ingest.official.client import Client
from ingest.official.fetch import Folder, fetch
from ingest.publishing.lock import exclusive
from ingest.reading.files import FETCHED


@app.command("fetch")
def fetch_texts(
    celex: list[str] | None = typer.Argument(
        None, help="Default: the texts of ingest/sources.yaml."
    ),
    languages: str = option("nl,en", "CODES", "Two-letter codes."),
    as_json: AsJson = False,
) -> int:
    """Get official texts from the Publications Office into documents/official/."""
    settings = Settings()
    with Client(size_limit=settings.largest_file) as client:
        return run(celex or (), languages, settings, Cellar(client), as_json=as_json)


def run(
    celex: Sequence[str], codes: str, settings: Settings, cellar: Cellar, *, as_json: bool = False
) -> int:
    """Runs the command with these settings, against this repository; returns its exit code."""
    sources, languages = chosen(celex), _languages(codes)
    place = _place(settings)
    failed = fetched = 0
    if as_json:
        print_json({"event": "fetching", "texts": len(sources) * len(languages)})
    with exclusive(settings.data_dir):
        for outcome in fetch(sources, languages, Folder(place), cellar):
            failed += outcome.status == "failed"
            fetched += outcome.status != "failed"
            if as_json:
                print_json({"event": "fetched", **outcome.model_dump(mode="json")})
            else:
                what = outcome.file or f"{outcome.celex} in {outcome.language}: {outcome.problem}"
                print(f"{outcome.status}: {what}", flush=True)
    if fetched and not as_json:
        print(f"The texts are in {place}. Now run: make ingest")
    return int(failed > 0)


def _languages(given: str) -> tuple[str, ...]:
    languages = tuple(dict.fromkeys(code.strip().lower() for code in given.split(",")))
    for language in languages:
        if language not in LANGUAGES:
            raise FetchError(
                f"--languages {given}",
                f"{language!r} is not an official language of the EU",
                f"Use two-letter codes with commas between them: {','.join(LANGUAGES)}.",
            )
    return languages


def _place(settings: Settings) -> Path:
    """Where the texts go: below a folder that ingest reads."""
    place = settings.documents_dir / FETCHED
    read = [folder.resolve() for folder in settings.corpus_dirs]
    if not any(place.resolve().is_relative_to(folder) for folder in read):
        raise FetchError(
            place,
            "official texts would go there, but ingest does not read it",
            "Name a folder of the setting corpus_dirs in the setting documents_dir.",
        )
    return place
