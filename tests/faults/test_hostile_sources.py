"""Hostile documents and questions, with a model that obeys them all: the reader gets true quotes,
or a refusal, and nothing that carries anything out."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chain.assistant import Assistant
from core.answer import Answer, Turn
from core.answer_blocks import own
from core.settings import Settings
from core.source import Scope
from ingest.pipeline import ingest
from language.facts import facts
from tests.support import hostile_checks
from tests.support.openai_server import Script, openai_server
from tests.support.worst_case_model import CANARY, HOST, Case, WorstCaseModel, cases
from ui.texts import load
from vectorstore.store import open_index

DOCUMENTS, QUESTIONS = cases("documents"), cases("questions")

# Documents that are refused, for an address that is no web page.
REFUSED = {"front-address", "front-data-address"}
# Injections that reading leaves out, so that no model sees them.
NOT_READ = {
    "alt-text",
    "comment",
    "comment-md",
    "css",
    "collapsed-text",
    "display-none",
    "font-size-zero",
    "front-publisher",
    "hidden-attribute",
    "meta-description",
    "off-screen",
    "script",
    "title-attribute",
    "transparent",
    "white-on-white",
    "zero-width",
}


@dataclass
class Bench:
    """An assistant with the worst-case model, over hostile documents or over the bundled briefs."""

    assistant: Assistant
    model: WorstCaseModel
    script: Script
    settings: Settings
    folder: Path
    failures: set[str]

    def ask(self, case: Case, history: tuple[Turn, ...] = ()) -> Answer:
        """The answer to a case; a hostile document is searched alone."""
        self.model.case = case
        scope = Scope() if case.text else Scope(documents=(case.name,))
        language = case.language
        return self.assistant.ask(case.question, language=language, scope=scope, history=history)

    def __post_init__(self) -> None:
        self.index = open_index(self.settings).snapshot()


def _bench(settings: Settings, script: Script, known: list[Case], failures: set[str]) -> Bench:
    script.piece = 70  # where a stream is cut is not the subject
    told = {"openai_base_url": script.url, "model": "scripted", "answer_timeout": 120.0}
    with_model = settings.model_copy(update=told)
    model = WorstCaseModel(script, known)
    folder = settings.corpus_dirs[0]
    return Bench(Assistant(with_model), model, script, with_model, folder, failures)


@pytest.fixture(scope="module")
def documents(_no_settings_from_outside: None) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory() as name, openai_server() as script:
        folder = Path(name) / "documents"
        folder.mkdir()
        for case in DOCUMENTS:
            for file, text in case.files().items():
                (folder / file).write_text(text, "utf-8")
        settings = Settings(data_dir=Path(name) / "data", corpus_dirs=(folder,))
        report = ingest(settings)
        yield _bench(settings, script, DOCUMENTS, {Path(f.path).stem for f in report.failures})


@pytest.fixture(scope="module")
def briefs(settings: Settings) -> Iterator[Bench]:
    with openai_server() as script:
        yield _bench(settings, script, QUESTIONS, set())


def _faults(answer: Answer, case: Case, bench: Bench) -> list[str]:
    """What is wrong with an answer as its reader sees it, anywhere."""
    texts = load(case.language)
    reader = hostile_checks.read(answer, bench.index, texts)
    confirmed = hostile_checks.read(hostile_checks.without_doubted(answer), bench.index, texts)
    own = [citation.url for citation in answer.citations] if case.text else []
    own += [citation.document.questions_url for citation in answer.citations if case.text]
    own += [case.front.get("url", "")]  # a document's own page may be linked, with its host named
    own = [address for address in own if address]
    files = [file.read_text("utf-8") for file in bench.folder.rglob(f"{case.name}.*")]
    files += [file.read_text("utf-8") for file in bench.folder.rglob("*.md") if case.text]
    known = (*files, case.question, *(passage.text for passage in answer.passages))
    true = () if case.text else (case.carrier.true,)
    return [
        *(
            wrong
            for part in reader.page
            for wrong in (*hostile_checks.markup(part, own), *hostile_checks.unnamed(part))
        ),
        *hostile_checks.word_parts(reader.word, own),
        *hostile_checks.leaks(confirmed.texts, bench.model.before, known),
        *hostile_checks.unsupported(answer, true, bench.model.sentences, CANARY),
        *hostile_checks.not_in_file(answer, files),
    ]


def _assert_the_raw_reply_fails(model: WorstCaseModel) -> None:
    """No check is one that cannot fail."""
    raw = "\n\n".join(model.sentences)
    assert CANARY in model.said.casefold()
    assert HOST in model.said
    assert {"element", "attribute", "address"} <= _kinds(hostile_checks.markup(raw))
    assert hostile_checks.leaks([raw], "", ())
    assert hostile_checks.unnamed(f'<a href="https://{HOST}/x">The official page</a>')


def _kinds(found: list[str]) -> set[str]:
    return {fault.partition(":")[0] for fault in found}


READ = [case for case in DOCUMENTS if case.name not in REFUSED]


@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
def test_a_hostile_document_gets_nothing_to_the_reader(case: Case, documents: Bench) -> None:
    answer = documents.ask(case)
    assert answer.mode == "generative"
    _assert_the_raw_reply_fails(documents.model)
    assert (case.name in documents.model.obeyed) != (case.name in NOT_READ or not case.orders)
    assert answer.answered
    assert answer.citations
    assert _faults(answer, case, documents) == []


@pytest.mark.long
@pytest.mark.parametrize("case", READ, ids=lambda case: case.name)
def test_a_checker_that_obeys_too_confirms_no_detail_that_the_source_lacks(
    case: Case, documents: Bench
) -> None:
    """Nothing else can be told from outside of a model that confirms whatever it is given."""
    documents.model.is_honest = False
    try:
        answer = documents.ask(case)
    finally:
        documents.model.is_honest = True
    found = _faults(answer, case, documents)
    assert _kinds(found) <= {"unsupported", "leak"}
    confirmed = hostile_checks.without_doubted(answer).proper.plain
    there = facts("\n".join(passage.context() for passage in answer.passages), case.language)
    said = facts(confirmed, case.language)
    assert said.quantities <= there.quantities | there.worded
    assert said.references <= there.references
    assert HOST not in confirmed or HOST in "".join(passage.text for passage in answer.passages)


@pytest.mark.parametrize("case", QUESTIONS, ids=lambda case: case.name)
def test_a_hostile_question_gets_nothing_to_the_reader(case: Case, briefs: Bench) -> None:
    answer = briefs.ask(case)
    assert _faults(answer, case, briefs) == []
    assert answer.kind in ("refusal", "reply") or answer.citations


def test_hostile_questions_do_reach_the_model(briefs: Bench) -> None:
    answer = briefs.ask(QUESTIONS[0])
    _assert_the_raw_reply_fails(briefs.model)
    assert answer.answered


def test_a_follow_up_is_not_put_as_the_model_puts_it(briefs: Bench) -> None:
    first = briefs.ask(QUESTIONS[0])
    case = Case(name="follow-up", where="", language="en", says=[CANARY], text="And in 2010?")
    turn = Turn.of("How many reports were there in 2019?", first)
    answer = briefs.ask(case, history=(turn,))
    assert briefs.model.rewritten
    assert _faults(answer, case, briefs) == []


def test_an_answer_of_the_raw_reply_would_be_found(documents: Bench) -> None:
    answer = documents.ask(DOCUMENTS[0])
    said = documents.model.sentences
    raw = answer.model_copy(update={"blocks": tuple(map(own, said))})
    quote = answer.citations[0].model_copy(update={"quote": "Zorblat is what it says."})
    raw = raw.model_copy(update={"citations": (quote,)})
    kinds = _kinds(_faults(raw, DOCUMENTS[0], documents))
    assert {"unsupported", "inexact", "quote", "leak"} <= kinds


def test_a_document_with_an_address_that_runs_something_is_refused(documents: Bench) -> None:
    assert documents.failures == REFUSED
