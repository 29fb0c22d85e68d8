"""Names that stay behind when this code changes: in data folders, databases, indexes, environments
and dashboards. `stored_names.yaml` pins them, so that a rename in the code never is one of these
by accident. They are collected from what the program writes, and from the shapes that it reads.
"""

import datetime
import json
import re
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import numpy as np
from pydantic import AliasChoices, TypeAdapter

from command.backup import back_up
from core.files import in_use
from core.settings import PREFIX, Settings
from core.source import Approval, DocumentInfo, Passage, PreparedQuestion
from core.telemetry import MEASURES
from core.yaml_files import read_yaml
from eval import runs
from eval.corpora import prepare
from eval.dataset import Question
from eval.gate import Rules
from eval.question_results import QuestionResult
from eval.results import Figures, SignOff
from ingest.official.fetch import FetchRecord, Folder
from ingest.pipeline import ingest
from ingest.publishing.ingest_run import Event, Failure, Report
from ingest.publishing.lock import _owner, exclusive
from ingest.publishing.own_questions import OwnQuestions, keep_vectors, vectors_beside
from ingest.reading import question_file
from ingest.reading.files import FETCHED
from ingest.reading.formats.front_matter import SIDECAR_SUFFIX
from ingest.reading.question_file import AskedQuestion, PreparedAnswer
from tests.support.earlier_version import put_files
from tests.support.people import answer, note, talk, verdict
from tests.support.question_results import RIGHT_SHARE, keep, result_of
from tests.support.small import Small, document
from tests.support.telemetry import observed_names
from tests.support.telemetry import off as off
from tests.support.waiting import until
from ui import jobs
from userdata import audit, feedback
from userdata.api_keys import ApiKey, make
from userdata.asked_questions import note as note_question
from userdata.conversations import Conversations, Exchange, Note
from userdata.database import database
from userdata.feedback import Feedback
from userdata.shares import Shares
from vectorstore.chroma import connect
from vectorstore.embeddings import local_embedder
from vectorstore.generations import Generations
from vectorstore.keyword_index import keyword_folder
from vectorstore.lease import Lease
from vectorstore.manifest import Manifest, new_id
from vectorstore.profile import profile_of
from vectorstore.store import open_index

LIST = Path(__file__).with_name("stored_names.yaml")
Names = set[tuple[str, str, str]]
"""Where a name is stored: what it is of, the place in it, and the name itself."""

_VARYING = {  # parts of names that differ from one to the next
    r"\d{8}T\d{6}-[0-9a-f]{4}\b": "GENERATION",
    r"\d{8}T\d{6}\.\d{6}": "MOMENT",
    r"\d{8}T\d{6}Z": "MOMENT",
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{12,64}\b": "HASH",
    r"multilingual-e5-small-1": "EMBEDDER",
    r"(?<=taken-over-)\d{4}-\d\d-\d\d": "DATE",
}
_OF_OTHERS = (  # what Chroma and tantivy call their own files, and SQLite those beside a database
    r"data/chroma/HASH/.*|data/keyword/GENERATION/(?!stamp$).*|.*-(wal|shm|journal)"
    r"|data/corpora/HASH/.*"  # a data folder of its own
)


def test_the_names_that_are_stored_outside_of_the_code_are_those_on_record(
    small: Small, tmp_path: Path
) -> None:
    settings = _written(small, tmp_path)
    found = {
        *_environment(),
        *_files(settings, tmp_path),
        *_backup(settings, tmp_path / "backup.zip"),
        *_database(settings),
        *_chroma(settings),
        *_shapes(),
        *_json_files(settings),
        *_metrics(),
    }
    wrong = _differences(_pinned(), found)
    assert not wrong, f"\n{wrong}"


def test_a_name_that_was_renamed_added_or_lost_is_told_with_what_to_do() -> None:
    pinned = {("database", "feedback", "id"), ("files", "data", "ingest.lock")}
    found = {("database", "feedback", "id"), ("files", "data", "ingest.publishing.lock")}
    assert _differences(pinned, pinned) == ""
    told = _differences(pinned, found)
    assert "files | data | ingest.lock" in told
    assert "files | data | ingest.publishing.lock" in told
    assert "feedback" not in told
    assert "read the old name as well" in told
    assert "stored_names.yaml" in told
    assert "migration" in _differences(pinned, set())


def _pinned() -> Names:
    listed = read_yaml(LIST.read_text("utf-8"))
    return {
        (kind, place, str(name))
        for kind, places in listed.items()
        for place, names in places.items()
        for name in names
    }


def _differences(pinned: Names, found: Names) -> str:
    """What to do about the names that are not on record, and about those that are gone."""
    lines = []
    if new := sorted(found - pinned):
        lines += [
            f"{len(new)} names are stored that are not in {LIST.name}. If they are new, add them, "
            "each under what it is of and its place there. If one is an old name in another form, "
            "see below.",
            *(f"  + {' | '.join(name)}" for name in new),
        ]
    if gone := sorted(pinned - found):
        lines += [
            f"{len(gone)} names in {LIST.name} are not stored any more, but stand in data of "
            "earlier versions. If one was renamed by accident, restore it. If on purpose, read the "
            "old name as well, or move what is there by a migration, say so in CHANGELOG.md, and "
            "then change the list.",
            *(f"  - {' | '.join(name)}" for name in gone),
        ]
    return "\n".join(lines)


def _written(small: Small, tmp_path: Path) -> Settings:
    """Settings of a data folder in which everything was written that the program keeps there."""
    files = {
        "alpha.md": document("alpha"),
        "alpha.questions.yaml": "answers: [{units: [The second section], questions: {en: [Why?]}}]",
        "empty.md": " ",  # which is no document, so there is a failure to keep
    }
    settings = small(files).model_copy(update={"audit": True, "keep_questions": 30})
    data, folder = settings.data_dir, settings.documents_dir
    _write_index(settings)
    prepare([folder / "alpha.md"], settings)
    profile_of(_Drawn(), data / "embedders")
    with in_use(data), exclusive(data):
        _owner(data)
    _write_documents(folder)
    _write_run(settings)
    _write_people(settings)
    for kind in get_args(jobs.JobKind):
        job = jobs.start(data, kind, ["-c", "pass"], "somebody")
        until(lambda job=job: job.state == "done", "the job has ended", told=job.errors)
    return settings


def _write_index(settings: Settings) -> None:
    """An index, its keyword index, and a generation with a note that a lease was held for."""
    ingest(settings)
    open_index(settings).snapshot().search("bridges", k=1, language="en")
    with closing(Lease(connect(settings), "owner", "who")) as lease:
        generations = Generations(settings, lease)
        made = generations.current().manifest.model_copy(
            update={"id": new_id(datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))}
        )
        generations.annotate(generations.create(made).id, "note")
    assert keyword_folder(settings).is_dir()


class _Drawn:
    """An embedder that nothing was measured for: its vectors are drawn by lot."""

    fingerprint, limit, at_once = "drawn/8", 512, 32

    def queries(self, texts: list[str]) -> Any:
        drawn = np.random.default_rng(len(texts)).normal(size=(len(texts), 8))
        return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)

    passages = queries

    def query(self, text: str) -> Any:
        return self.queries([text])[0]

    def token_count(self, text: str) -> int:
        return len(text)


def _write_documents(folder: Path) -> None:
    """What belongs to source texts: a fetched one, and prepared questions of the organisation."""
    fetched = Folder(folder / FETCHED)
    fetched.prepare()
    now = datetime.datetime.now(datetime.UTC)
    record = FetchRecord(url="https://e.eu", celex="3", language="en", fetched=now, sha256="0")
    fetched.put("text.html", b"<p>", {"id": "text"}, record)
    approval = Approval(by="somebody", organisation="us", on=now.date())
    asked = (AskedQuestion(text="What?", language="en"),)
    units = ("The second section of this text speaks of bridges and tunnels.",)
    made = PreparedAnswer(units=units, questions=asked, by="somebody", approved=approval)
    OwnQuestions(SimpleNamespace(documents_dir=folder)).add("alpha.en", [made])
    question = PreparedQuestion(id="alpha.en:x", question="What?", language="en", units=())
    beside = vectors_beside(folder / "alpha.questions.yaml", local_embedder().fingerprint)
    keep_vectors(beside, [question], np.ones((1, 4), np.float32))


def _write_run(settings: Settings) -> None:
    name = keep(settings.data_dir, [result_of("one")], [RIGHT_SHARE])
    runs.accept(settings.data_dir, name)
    runs.sign(settings, name, goes_live=True, name="N", reason="R", by="somebody")


def _write_people(settings: Settings) -> None:
    put_files(settings.data_dir)  # which are taken over
    stored = database(settings)
    kept = Conversations("somebody", stored, 90)
    talked = talk("Hoeveel?")
    kept.put(talked, *talked.exchanges)
    assert Shares("somebody", stored, 90).share(talked.id, 7)
    kept.put_note(note())
    feedback.save(stored, verdict())
    make(settings, "program", ("ask",), datetime.timedelta(days=1))
    note_question(settings, answer(), "somebody")
    audit.keep(settings, answer(), "somebody")
    answered: Any = {"document": "alpha.en", "questions": ("Why?",), "units": ("The",)}
    audit.keep_decision(settings, audit.AnswerDecision(decision="approved", **answered), "somebody")
    official = audit.OfficialDecision(decision="official", document="alpha.en", file="0")
    audit.keep_decision(settings, official, "somebody")


def _fixed(name: str) -> str:
    for pattern, meant in _VARYING.items():
        name = re.sub(pattern, meant, name)
    return name


def _environment() -> Iterator[tuple[str, str, str]]:
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names = alias.choices if isinstance(alias, AliasChoices) else [f"{PREFIX}{name}"]
        yield from (("environment", "variables", str(one).upper()) for one in names if one != name)


def _files(settings: Settings, tmp_path: Path) -> Iterator[tuple[str, str, str]]:
    for folder in (settings.data_dir, settings.documents_dir):
        for path in folder.rglob("*"):
            name = _fixed(path.relative_to(tmp_path).as_posix())
            if path.is_file() and not re.fullmatch(_OF_OTHERS, name):
                above, _, own = name.rpartition("/")
                yield "files", above, own
    yield "files", "documents", f"FILE{SIDECAR_SUFFIX}"
    yield "files", "data/corpora", "HASH"
    assert any((settings.data_dir / "corpora").iterdir())


def _backup(settings: Settings, file: Path) -> Iterator[tuple[str, str, str]]:
    back_up(settings, file)
    with zipfile.ZipFile(file) as archive:
        for name in archive.namelist():
            yield "backup", "members", name.partition("/")[0]
        about = json.loads(archive.read("format.json"))
    yield "backup", "format of format.json", about["format"]
    yield from _keys("backup format.json", about)


def _database(settings: Settings) -> Iterator[tuple[str, str, str]]:
    with closing(sqlite3.connect(settings.data_dir / "people.sqlite")) as kept:
        tables = kept.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            columns = kept.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
            assert (
                table == "people_version"
                or kept.execute(
                    f"SELECT 1 FROM {table}"  # noqa: S608 - the name is the database's own
                ).fetchone()
            ), f"nothing was written to {table}"
            yield from (("database", table, column) for (column,) in columns)
        for (record,) in kept.execute("SELECT record FROM audit_records").fetchall():
            yield from _keys("audit record", json.loads(record))


def _chroma(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Collections, their metadata, and the metadata of their records, all but the JSON in them."""
    client = connect(settings)
    with ExitStack() as held:
        held.enter_context(closing(Lease(client, "owner", "who")))
        for collection in client.list_collections():
            name = _fixed(collection.name)
            yield "chroma", "collections", name
            yield from (("chroma", f"metadata of {name}", key) for key in collection.metadata or {})
            for record in collection.get(include=["metadatas"])["metadatas"] or []:
                place = f"metadata of records of {name}"
                yield from (("chroma", place, key) for key in record or {})
                if packed := (record or {}).get("question"):
                    yield from _keys("stored question", json.loads(str(packed)))


def _json_files(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """The keys in the files of the data and documents folders that are written without a shape."""
    for pattern, kind in (
        ("jobs/*/*/job.json", "job.json"),
        ("embedders/*.json", "scales of an embedder"),
    ):
        for file in settings.data_dir.glob(pattern):
            yield from _keys(kind, json.loads(file.read_text("utf-8")))
    for file in settings.data_dir.glob("runs/*/results.json"):
        results = json.loads(file.read_text("utf-8"))
        yield from (("results.json", "its fields", name) for name in results)
        figures = results["overall"]["figures"]
        yield from (("results.json", "names of figures", name) for name in figures)
    own = question_file.own_file(settings.documents_dir, "alpha.en")
    yield from _keys("prepared questions", read_yaml(own.read_text("utf-8")))


_SHAPES: Mapping[str, Any] = {
    "manifest": Manifest,
    "passage": Passage,
    "question": PreparedQuestion,
    "front matter and sidecar": DocumentInfo,
    "fetch record": FetchRecord,
    "exchange": Exchange,
    "note": Note,
    "feedback": Feedback,
    "API key": ApiKey,
    "event of ingest": Event,
    "report of ingest": Report,
    "failures beside the pointer": tuple[Failure, ...],
    "question of an evaluation": Question,
    "rules of the gate": Rules,
    "results.json": Figures,
    "line of questions.jsonl": QuestionResult,
    "gate.json": runs.GateReport,
    "line of sign-off.jsonl": SignOff,
}


def _shapes() -> Iterator[tuple[str, str, str]]:
    """What is read and written of the stored shapes: their fields, and the values with a name."""
    for kind, shape in _SHAPES.items():
        for mode in ("validation", "serialization"):
            schema = TypeAdapter(shape).json_schema(mode=mode)
            yield from _in_schema(kind, schema, schema.get("$defs", {}), "", ())


def _in_schema(
    kind: str, node: Mapping[str, Any], shapes: Mapping[str, Any], at: str, above: tuple[str, ...]
) -> Iterator[tuple[str, str, str]]:
    shape = node.get("$ref", "").rpartition("/")[2]
    if shape and shape not in above:
        yield from _in_schema(kind, shapes[shape], shapes, at, (*above, shape))
    for choice in (*node.get("anyOf", ()), *node.get("oneOf", ()), *node.get("allOf", ())):
        yield from _in_schema(kind, choice, shapes, at, above)
    for name, inner in node.get("properties", {}).items():
        yield kind, at or "its fields", name
        yield from _in_schema(kind, inner, shapes, f"{at}.{name}".lstrip("."), above)
    for item in (node.get("items"), *node.get("prefixItems", ())):
        if isinstance(item, dict):
            yield from _in_schema(kind, item, shapes, f"{at}[]", above)
    if isinstance(values := node.get("additionalProperties"), dict):
        yield from _in_schema(kind, values, shapes, f"{at}.*", above)
    for value in (*node.get("enum", ()), *([node["const"]] if "const" in node else ())):
        yield kind, f"values of {at}", json.dumps(value, ensure_ascii=False).strip('"')


def _keys(kind: str, value: object, at: str = "") -> Iterator[tuple[str, str, str]]:
    """The keys in a piece of JSON or YAML."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield kind, at or "its fields", name
            yield from _keys(kind, inner, f"{at}.{name}".lstrip("."))
    elif isinstance(value, list):
        for inner in value:
            yield from _keys(kind, inner, f"{at}[]")


def _metrics() -> Iterator[tuple[str, str, str]]:
    names = observed_names()
    for measure in MEASURES:
        yield "metrics", "OpenTelemetry", measure.name
        yield "metrics", "Prometheus", names[measure.name]
        yield from (("metrics", f"labels of {measure.name}", label) for label in measure.attributes)
