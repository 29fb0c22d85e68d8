"""The maintenance page: documents in, a plan, a publication, the way back; only for maintainers."""

import datetime
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from chromadb.errors import InvalidArgumentError
from streamlit.testing.v1 import AppTest

from core.settings import Settings
from eval import runs
from ingest.commands import fetch
from ingest.official.cellar import Cellar
from ingest.official.client import Client
from ingest.pipeline import ingest
from ingest.publishing.lock import exclusive
from tests.support.apps import all_text as shown
from tests.support.apps import begin_anew, page_of, run
from tests.support.people import named_verdict
from tests.support.publications_server import STRATEGY, XHTML, publications_server, text
from tests.support.question_results import FEW, STAMP, keep
from tests.support.small import Small, reading
from tests.support.waiting import RUNS_ON, until
from ui import access, jobs
from ui.access import User
from ui.maintenance import document_files
from ui.sources.document import record_html
from ui.texts import load
from userdata.audit import records, sha256
from userdata.database import database
from userdata.feedback import read, save
from vectorstore.chroma import Collection
from vectorstore.generations import Generations
from vectorstore.manifest import DocumentEntry

ALPHA = "---\nid: alpha\ntitle: Alpha\nlanguage: nl\n---\n\n# Alpha\n\nDe vloot telt 30 schepen.\n"
BETA = "---\nid: beta\ntitle: Beta\nlanguage: nl\n---\n\n# Beta\n\nDe haven telt 12 kranen.\n"
WAITS = ("-c", RUNS_ON, "rollback")
pytestmark = pytest.mark.usefixtures("commands_here")


@pytest.fixture
def settings(indexed: Small, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Of an index with one document, and a folder for more. The index may be one that another test
    made: until the next ingest it names that one's folder."""
    made = indexed({"alpha.md": ALPHA})
    folder = made.corpus_dirs[0]
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(made.data_dir))
    for name, value in reading(folder).items():
        monkeypatch.setenv(name, value)
    return made.model_copy(update={"documents_dir": folder})


@pytest.fixture
def app(settings: Settings) -> AppTest:
    return run(page_of("maintenance"))


def tab(app: AppTest, name: str) -> AppTest:
    app.session_state["maintenance-tab"] = name
    return run(app)


def press(app: AppTest, key: str) -> AppTest:
    return run(app.button(key=key).click())


def finished(app: AppTest, settings: Settings) -> AppTest:
    """The page once the job that was started has ended."""
    job = jobs.latest(settings.data_dir, "ingest")
    assert job is not None
    until(lambda: job.state != "running", "the job has ended", told=job.errors)
    return run(app)


def upload(app: AppTest, *given: tuple[str, str]) -> AppTest:
    content = [(name, text.encode(), "text/markdown") for name, text in given]
    return run(app.file_uploader[0].set_value(content))


def add(settings: Settings, name: str, text: str) -> None:
    """Puts a document among those of the organisation, in place of one of that name."""
    document_files.add_file(settings, name, text.encode(), replace=True)


def planned(app: AppTest, settings: Settings) -> AppTest:
    tab(app, "Controleren en publiceren")
    return finished(press(app, "maintenance-plan"), settings)


def published(app: AppTest, settings: Settings) -> AppTest:
    return finished(press(planned(app, settings), "maintenance-publish"), settings)


def in_use(settings: Settings) -> set[str]:
    return {entry.key for entry in Generations(settings).current().manifest.documents}


# From a file to an answer, and back


def test_a_document_is_added_planned_published_and_rolled_back(
    app: AppTest,
    settings: Settings,
    commands_here: Callable[..., jobs.Job],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    upload(app, ("beta.md", BETA))
    press(app, "maintenance-add")
    assert [file.name for file in document_files.listed(settings)] == ["beta.md"]
    assert in_use(settings) == {"alpha.nl"}  # nothing is used until it is published

    planned(app, settings)
    assert "De haven telt 12 kranen." in shown(app)
    assert "Toegevoegd" in shown(app)
    with monkeypatch.context() as patch:
        patch.setattr(jobs, "start", commands_here)
        finished(press(app, "maintenance-publish"), settings)
    assert in_use(settings) == {"alpha.nl", "beta.nl"}
    assert "Gepubliceerd. Teruggaan kan" in shown(app)
    assert "Wat u hebt bekeken, is gepubliceerd." in shown(app)

    before = Generations(settings).pointer().kept[0]
    tab(app, "Versies")
    finished(press(app, f"maintenance-rollback-{before}"), settings)
    assert in_use(settings) == {"alpha.nl"}
    after = Generations(settings).pointer().kept[-1]  # and forward again
    finished(press(app, f"maintenance-rollback-{after}"), settings)
    assert in_use(settings) == {"alpha.nl", "beta.nl"}


def test_what_changed_after_the_plan_is_not_published(app: AppTest, settings: Settings) -> None:
    ingest(settings)
    planned(app, settings)
    assert "Er valt niets te publiceren." in shown(app)
    add(settings, "beta.md", BETA)
    run(app)
    assert "sinds de wijzigingen het laatst zijn bekeken" in shown(app)
    assert "maintenance-publish" not in [button.key for button in app.button]

    planned(app, settings)
    (settings.corpus_dirs[0] / "gamma.md").write_text(BETA.replace("beta", "gamma"), "utf-8")
    finished(press(app, "maintenance-publish"), settings)
    assert "documenten of de index zijn veranderd nadat u de wijzigingen bekeek" in shown(app)
    assert in_use(settings) == {"alpha.nl"}


def test_options_are_offered_where_they_matter_and_told(app: AppTest, settings: Settings) -> None:
    (settings.corpus_dirs[0] / "alpha.md").unlink()
    add(settings, "beta.md", BETA)
    add(settings, "empty.md", " ")
    planned(app, settings)
    assert "Meer dan de helft van de documenten zou verdwijnen" in shown(app)
    assert "In dit bestand staat geen tekst." in shown(app)
    assert "Vink dit alleen aan als dat de bedoeling is" in shown(app)
    assert app.button(key="maintenance-publish").disabled
    run(app.checkbox(key="maintenance-shrink").check())
    finished(press(app, "maintenance-publish"), settings)
    assert in_use(settings) == {"beta.nl"}


# Files


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/plan.md", "plan.md"),
        ("C:\\mijn\\plan.md", "plan.md"),
        (".verborgen.md", "verborgen.md"),
        ("~$plan.docx", "plan.docx"),
        (". ..plan.md", "plan.md"),
        ("pl\x00an\n\u202e.md", "pl-an--.md"),
        ("<img src=x onerror=alert(1)>.md", "<img src=x onerror=alert(1)>.md"),
        ("x" * 300 + ".md", "x" * 177 + ".md"),
        ("é" * 300 + ".md", "é" * 88 + ".md"),
        ("..", ""),
        ("", ""),
        ("/", ""),
    ],
)
def test_a_name_leads_nowhere_else_and_hides_nothing(given: str, kept: str) -> None:
    assert document_files.safe_name(given) == kept


def test_what_cannot_be_taken_is_refused_and_what_to_know_of_others_is_told(
    app: AppTest, settings: Settings
) -> None:
    refused = [("oud.doc", "x"), ("beeld.png", "x"), ("leeg.md", ""), (".md", "x")]
    unreadable = [("plan.pdf", "geen pdf"), ("kop.md", "# Kop\n")]
    upload(app, *refused, ("plan.md.meta.yaml", "id: x"), *unreadable)
    text = shown(app)
    assert "sla het op als .docx" in text
    assert text.count("Gebruik een van: .md") == 3
    assert "Dit bestand is leeg." in text
    assert "Dit bestand is beschadigd" in text
    assert "In dit bestand staat geen tekst." in text
    assert app.button(key="maintenance-add").disabled
    assert document_files.listed(settings) == ()
    front = "---\ntags: [haven]\nauthor: Els\n---\n\n# Haven\n\nDe haven telt 12 kranen.\n"
    wrong = ("beta.md", "---\nid: B\n---\nX.")
    upload(app, ("haven.nl.md", front), ("ander.md", ALPHA), wrong)
    assert "worden niet gebruikt: ` tags, author `" in shown(app)
    assert "hetzelfde id en dezelfde taal" in shown(app)
    assert "Het veld “Id” heeft een waarde die niet kan." in shown(app)  # which the form cures
    press(app, "maintenance-add")
    assert len(document_files.listed(settings)) == 3
    planned(app, settings)
    assert "<strong>haven.nl.md</strong>: tags, author" in shown(app)


def test_an_encoding_that_was_detected_is_shown_before_and_after_publication(
    app: AppTest, settings: Settings
) -> None:
    text = "# Port\n\nPort ma 12 żurawi, więc Komisja działa, są też środki na następny rok.\n"
    run(app.file_uploader[0].set_value([("port.pl.md", text.encode("cp1250"), "text/markdown")]))
    assert "Herkende codering: ` windows-1250 `" in shown(app)
    press(app, "maintenance-add")
    planned(app, settings)
    assert "<strong>port.pl.md</strong>: windows-1250" in shown(app)

    ingest(settings)
    manifest = Generations(settings).current().manifest
    entries = {entry.key: entry for entry in manifest.documents}
    assert {key: entry.encoding for key, entry in entries.items()} == {
        "alpha.nl": "",
        "port.pl": "windows-1250",
    }
    older = {n: v for n, v in entries["port.pl"].model_dump().items() if n != "encoding"}
    records = [
        record_html({"pl": entry}, entry, {}, load("nl"))
        for entry in (entries["port.pl"], DocumentEntry.model_validate(older))
    ]
    assert ["<dt>Codering (herkend)</dt><dd>windows-1250</dd>" in it for it in records] == [
        True,
        False,
    ]


def test_a_name_that_is_taken_asks_what_to_do(app: AppTest, settings: Settings) -> None:
    add(settings, "plan.nl.md", ALPHA)
    upload(app, ("Plan.nl.md", BETA))
    run(app.radio[0].set_value("skip"))
    assert app.button(key="maintenance-add").disabled
    run(app.radio[0].set_value("both"))
    press(app, "maintenance-add")
    assert [file.name for file in document_files.listed(settings)] == ["Plan-2.nl.md", "plan.nl.md"]

    upload(app, ("plan.nl.md", BETA))
    press(app, "maintenance-add")  # replace
    assert (document_files.folder(settings) / "plan.nl.md").read_text() == BETA
    (gone,) = document_files.removed(settings)
    press(app, f"maintenance-restore-{gone.id}")
    assert (document_files.folder(settings) / "plan.nl.md").read_text() == ALPHA
    assert len(document_files.removed(settings)) == 1  # the other can be put back in turn


def test_the_preview_is_offered_until_what_was_added_is_published(
    app: AppTest, settings: Settings
) -> None:
    assert "maintenance-preview" not in [button.key for button in app.button]
    add(settings, "beta.md", BETA)
    finished(press(run(app), "maintenance-preview"), settings)
    assert app.session_state["maintenance-tab"] == "Controleren en publiceren"
    assert "De haven telt 12 kranen." in shown(app)
    finished(press(app, "maintenance-publish"), settings)
    tab(app, "Documenten")
    assert "maintenance-preview" not in [button.key for button in app.button]


def test_every_document_in_use_is_corrected_removed_and_put_back_until_that_is_published(
    app: AppTest, settings: Settings
) -> None:
    add(settings, "beta.md", BETA)
    ingest(settings)
    alpha = settings.corpus_dirs[0] / "alpha.md"
    opened(run(app), "Alpha (nl, alpha.md)")
    field(app, "reference").set_value("COM(2020) 1")
    save_details(app)
    assert (alpha.parent / "alpha.md.meta.yaml").read_text() == "reference: COM(2020) 1\n"
    (row,) = [row.label for row in app.expander if "alpha.md" in row.label]
    assert "gewijzigd, nog niet gepubliceerd" in row

    names = ("alpha.md", "alpha.md.meta.yaml", "alpha.questions.yaml", "alpha.questions.e5-1.npy")
    for name in (*names[2:], "alphas.md"):  # prepared questions go along, another document does not
        (alpha.parent / name).write_text("# nothing yet\n", "utf-8")
    remove = next(button for button in app.button if button.label == "Dit document verwijderen")
    run(remove.click())
    assert [file.name for file in alpha.parent.glob("alpha*")] == ["alphas.md"]
    (gone,) = document_files.removed(settings)
    press(app, f"maintenance-restore-{gone.id}")
    assert alpha.read_text() == ALPHA
    assert sorted(file.name for file in alpha.parent.glob("alpha.*")) == sorted(names)
    (alpha.parent / "alphas.md").unlink()
    document_files.remove(settings, alpha)
    ingest(settings)
    run(app)
    assert document_files.removed(settings) == ()


def test_a_document_outside_of_the_folders_is_not_touched(
    settings: Settings, tmp_path: Path
) -> None:
    """A generation that was imported names paths of another machine."""
    ingest(settings)
    entry = Generations(settings).current().manifest.documents[0]
    (tmp_path / "secret.md").write_text("x")
    assert document_files.of(settings, entry) == settings.corpus_dirs[0] / "alpha.md"
    elsewhere = entry.model_copy(update={"path": str(tmp_path / "secret.md")})
    assert document_files.of(settings, elsewhere) is None


def test_what_was_removed_is_erased_on_publication_unless_it_is_still_in_use(
    app: AppTest, settings: Settings
) -> None:
    ingest(settings)
    add(settings, "beta.md", BETA)
    (file,) = document_files.listed(settings)
    document_files.remove(settings, file)  # it never was in use
    planned(app, settings)
    assert "Voor lezers verandert er niets." in shown(app)
    before = Generations(settings).pointer()
    finished(press(app, "maintenance-publish"), settings)
    tab(app, "Documenten")
    assert document_files.removed(settings) == ()
    assert Generations(settings).pointer() == before

    add(settings, "beta.md", BETA)
    ingest(settings)
    add(settings, "beta.md", "# Kop\n")  # cannot be read: the last good version stays
    run(published(app, settings))
    assert [file.name for file in document_files.removed(settings)] == ["beta.md"]


def opened(app: AppTest, name: str) -> AppTest:
    """The page with the document unfolded of which the label has this."""
    (row,) = [row for row in app.expander if name in row.label]
    app.session_state[row.key or ""] = True
    return run(app)


def field(app: AppTest, name: str) -> Any:
    """The field of the document that is open."""
    (found,) = [
        choice
        for choice in (*app.text_input, *app.date_input, *app.selectbox)
        if re.fullmatch(f"maintenance-{name}-[0-9a-f]{{12}}-[0-9a-f]{{8}}", choice.key or "")
    ]
    return found


def save_details(app: AppTest) -> AppTest:
    return run(next(button for button in app.button if button.label == "Gegevens opslaan").click())


def test_the_form_cures_what_the_plan_complains_of(app: AppTest, settings: Settings) -> None:
    wrong = BETA.replace("language: nl", "language: nl\ndate: 24-07-2020")
    add(settings, "beta.md", wrong)
    planned(app, settings)
    assert "<strong>beta.md</strong>: Het veld “Datum”" in shown(app)
    tab(app, "Documenten")
    opened(app, "beta.md")
    field(app, "date").set_value(datetime.date(2020, 7, 24))
    save_details(app)
    assert (field(app, "title").value, field(app, "id").value) == ("Beta", "beta")
    field(app, "title").set_value("Havens")
    field(app, "url").set_value("geen adres")
    save_details(app)
    page = shown(app)
    assert "Het veld “Officiële pagina” heeft een waarde die niet kan. Wat kan: Het adres" in page
    assert "beginnend met https://" in page
    assert "bij de gegevens van het document" not in page  # the form is here
    field(app, "url").set_value("https://eu.int/havens")
    save_details(app)
    assert "Opgeslagen." in shown(app)
    sidecar = document_files.folder(settings) / "beta.md.meta.yaml"
    written = "title: Havens\ndate: 2020-07-24\nurl: https://eu.int/havens\n"
    assert sorted(sidecar.read_text().splitlines()) == sorted(written.splitlines())
    planned(app, settings)
    assert "<dt>Officiële pagina</dt><dd>https://eu.int/havens</dd>" in shown(app)
    assert "<dt>Id</dt><dd>beta</dd>" in shown(app)
    finished(press(app, "maintenance-publish"), settings)
    assert in_use(settings) == {"alpha.nl", "beta.nl"}


# Official texts


def test_only_celex_numbers_are_fetched_and_a_folder_that_is_not_read_is_told(
    app: AppTest, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(app.text_input(key="maintenance-celex").set_value("--languages xx"))
    press(app, "maintenance-fetch")
    assert "Controleer de CELEX-nummers" in shown(app)
    assert "not a CELEX number" in shown(app)  # in the details
    assert jobs.latest(settings.data_dir, "ingest") is None
    monkeypatch.setenv("STRATEGIEWIJZER_DOCUMENTS_DIR", str(tmp_path / "elsewhere"))
    begin_anew()
    app = run(page_of("maintenance"))
    assert "de map waarin ze zouden komen, wordt niet doorzocht" in shown(app)
    assert not app.file_uploader


def test_texts_are_fetched_and_what_failed_is_told(
    app: AppTest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with publications_server() as office:
        office.hold(STRATEGY, "nld", XHTML, text("Strategie <b>x</b>"))
        # No setting names another office than the real one.
        client = Client(origins={office.url}, tries=1)
        monkeypatch.setattr(fetch, "Client", lambda size_limit: client)
        monkeypatch.setattr(fetch, "Cellar", lambda client: Cellar(client, office.resources))
        run(app.text_input(key="maintenance-celex").set_value(STRATEGY))
        press(app, "maintenance-fetch")
        finished(app, settings)
    assert "Officiële teksten ophalen: klaar, met problemen" in shown(app)
    assert f"<strong>nieuw</strong> {STRATEGY} (Nederlands)" in shown(app)
    assert f"<strong>mislukt</strong> {STRATEGY} (Engels)" in shown(app)
    assert list((settings.documents_dir / "official").glob("*.nl.xhtml"))
    assert in_use(settings) == {"alpha.nl"}  # not before it is published


def test_what_the_last_run_could_not_take_is_listed_with_cause_and_remedy(
    app: AppTest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "geweigerd (" not in shown(app)
    add(settings, "beta.md", BETA)
    add(settings, "gamma.md", BETA.replace("beta", "gamma").replace("30", "40"))
    made = Collection.add

    def refusing(collection: Collection, ids: list[str], **fields: Any) -> None:
        if any(name.startswith("beta.") for name in ids):
            raise InvalidArgumentError("<b>embeddings</b> are no numbers")
        made(collection, ids, **fields)

    monkeypatch.setattr(Collection, "add", refusing)
    published(app, settings)
    assert in_use(settings) == {"alpha.nl", "gamma.nl"}
    assert "Gepubliceerd. Teruggaan kan" in shown(app)
    assert "Geweigerd (1)" in shown(app)
    assert "klaar, met problemen" in shown(app)

    tab(app, "Documenten")
    assert "Bij de laatste keer inlezen geweigerd (1)" in shown(app)
    assert "<strong>beta.md</strong>: De opslag van de index weigert dit document." in shown(app)
    assert "&lt;b&gt;embeddings&lt;/b&gt; are no numbers" in shown(app)
    monkeypatch.setattr(Collection, "add", made)
    ingest(settings)  # also by command
    assert "geweigerd (" not in shown(run(app))


# Who may, and one at a time


def test_readers_are_refused_also_where_it_happens(
    app: AppTest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tab(app, "Controleren en publiceren")
    reader = User(id="reader", name="Rita", role="reader")
    monkeypatch.setattr(access, "user", lambda: reader)
    press(app, "maintenance-plan")  # the page was open when the role went
    assert jobs.latest(settings.data_dir, "ingest") is None
    assert "Dit mag alleen een beheerder." in shown(app)
    assert not app.tabs
    assert not app.file_uploader


def test_what_is_kept_of_who_did_something_is_an_identifier(
    app: AppTest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pages say the name as long as the app runs."""
    els = User(id="https://idp.example 4711", name="els@example.org", role="maintainer")
    monkeypatch.setattr(access, "user", lambda: els)
    save(database(settings), named_verdict("one"))
    tab(app, "Feedback")
    press(app, "maintenance-feedback-one")
    run(app.segmented_control(key="maintenance-feedback-filter").set_value("all"))
    assert re.search("afgehandeld op .* els@example.org", shown(app))
    assert read(database(settings))[0].by == els.id

    planned(app, settings)
    assert "gestart door els@example.org op" in shown(app)
    job = jobs.latest(settings.data_dir, "ingest")
    assert job is not None
    assert job.by == els.id
    places = [place for place in settings.data_dir.rglob("*") if place.is_file()]
    assert [place.name for place in places if b"els@" in place.read_bytes()] == []

    monkeypatch.setattr(access, "_seen", {})  # the app was started again
    run(app)
    assert "gestart door 4711 op" in shown(app)


def test_of_two_who_start_the_second_is_told_who_was_first_and_can_stop_it(
    app: AppTest, settings: Settings
) -> None:
    tab(app, "Controleren en publiceren")
    first = jobs.start(settings.data_dir, "ingest", WAITS, "Els")
    try:
        press(app, "maintenance-plan")
        assert "Iemand anders was u voor;" in shown(app)
        assert "gestart door Els" in shown(app)
        assert app.button(key="maintenance-plan").disabled
        press(app, "maintenance-stop")
    finally:
        jobs.stop(first)
    finished(app, settings)
    assert "gestopt" in shown(app)
    assert in_use(settings) == {"alpha.nl"}  # as it was
    assert not app.button(key="maintenance-plan").disabled


def test_a_run_in_a_terminal_is_told(app: AppTest, settings: Settings) -> None:
    tab(app, "Versies")
    with exclusive(settings.data_dir):
        kept = Generations(settings).pointer().kept[0]
        jobs.start(settings.data_dir, "ingest", ("-m", "ingest", "rollback", kept), "")
        finished(app, settings)
    assert "Another ingest run is busy" in shown(app)


# Feedback


def test_the_queue_is_handled_and_reopened(app: AppTest, settings: Settings) -> None:
    save(database(settings), named_verdict("one", comment="=1+1 <b>fout</b>"))
    french = {"language": "fr", "answer_language": "en", "more": ("- Aussi [1]",)}
    save(database(settings), named_verdict("two", helpful=True, **french))
    tab(app, "Feedback")
    assert "Vraag one &lt;script&gt;?" in shown(app)
    assert "&lt;b&gt;fout&lt;/b&gt;" in shown(app)
    assert "Vraag two" not in shown(app)

    press(app, "maintenance-feedback-one")
    assert "Geen feedback." in shown(app)
    assert read(database(settings))[0].handled is not None

    run(app.segmented_control(key="maintenance-feedback-filter").set_value("handled"))
    press(app, "maintenance-feedback-one")
    assert read(database(settings))[0].handled is None
    run(app.segmented_control(key="maintenance-feedback-filter").set_value("all"))
    assert "Vraag two" in shown(app)
    # A French question may have an English answer, and what is folded may be in any language.
    assert 'class="sw-answer" lang="en"' in shown(app)
    assert 'lang="fr"' not in shown(app)


# Whether a text is official, and how readers will see a document

LONG = "Verordening (EU) 2099/1 van de Raad " + "betreffende de verlichting van havens " * 4
ACT = (
    f"---\nid: act\ntitle: '{LONG.strip()}'\nlanguage: nl\nkind: official\n---\n\n"
    "# Artikel 1\n\nHet licht brandt.\n\n# Artikel 2\n\nHet licht dooft.\n"
)


def stands(settings: Settings) -> tuple[str, str, str]:
    """Kind, short title and publisher of the act as it is published."""
    entry = Generations(settings).current().manifest.entry("act.nl")
    assert entry is not None
    return entry.info.kind, entry.info.short_title, entry.info.publisher


def test_a_file_is_called_official_once_a_maintainer_says_so(
    app: AppTest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT", "true")
    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT_USERS", "true")
    begin_anew()
    els = User(id="https://idp.example 4711", name="Els", role="maintainer")
    monkeypatch.setattr(access, "user", lambda: els)
    upload(app, ("act.md", ACT))
    assert "Dit bestand noemt zichzelf een officiële tekst." in shown(app)
    press(app, "maintenance-add")
    planned(app, settings)
    assert "Noemt zichzelf een officiële tekst; nog niet door iemand bevestigd (1)" in shown(app)
    assert "Toegevoegd document" in shown(app)
    assert f"<dd>{LONG.strip()}</dd>" in shown(app)
    assert "<strong>Toegevoegd</strong> Verordening (EU) 2099/1 · 2 passages" in shown(app)

    opened(tab(app, "Documenten"), "act.md")
    assert field(app, "known_as").label == "Korte titel (automatisch ingevuld)"
    assert field(app, "known_as").value == "Verordening (EU) 2099/1"
    assert field(app, "kind").value == "upload"
    field(app, "kind").set_value("official")
    field(app, "known_as").set_value("Havenlichtverordening")
    field(app, "publisher").set_value("Raad")
    save_details(app)
    planned(app, settings)
    assert "<strong>Toegevoegd</strong> Havenlichtverordening · 2 passages" in shown(app)
    assert "nog niet door iemand bevestigd" not in shown(app)
    finished(press(app, "maintenance-publish"), settings)
    assert stands(settings) == ("official", "Havenlichtverordening", "Raad")
    (kept,) = records(settings)
    told = {"decision": "official", "document": "act.nl", "file": sha256(ACT)}
    assert told.items() <= kept.record.items()
    assert kept.asker == els.id

    ingest(settings)  # also by command
    assert stands(settings)[0] == "official"
    tab(app, "Documenten")
    opened(app, "Havenlichtverordening (nl, act.md) ` · gepubliceerd")
    field(app, "kind").set_value("upload")
    save_details(app)
    ingest(settings)
    assert stands(settings)[0] == "upload"
    decisions = [record.record["decision"] for record in records(settings)]
    assert decisions == ["official", "not_official"]


def test_saving_other_details_confirms_nothing_nor_does_saving_without_a_record(
    app: AppTest, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(settings, "act.md", ACT)
    opened(run(app), "act.md")
    field(app, "publisher").set_value("Raad")
    save_details(app)
    ingest(settings)
    assert stands(settings)[0] == "upload"
    assert "kind: upload" in (settings.documents_dir / "uploads/act.md.meta.yaml").read_text()
    run(app)
    assert "noemt zichzelf een officiële tekst" not in shown(app)  # a person has decided

    monkeypatch.setenv("STRATEGIEWIJZER_AUDIT", "true")
    monkeypatch.setenv("STRATEGIEWIJZER_DATABASE_URL", "postgresql://nobody@127.0.0.1:9/none")
    begin_anew()
    opened(run(app), "act.md")
    field(app, "kind").set_value("official")
    save_details(app)
    assert app.error
    ingest(settings)
    assert stands(settings)[0] == "upload"


def test_what_our_own_fetch_brought_is_no_choice(app: AppTest, settings: Settings) -> None:
    folder = settings.documents_dir / "official"
    folder.mkdir()
    (folder / "act.md").write_text(ACT, "utf-8")
    (folder / "act.md.http.json").write_text(json.dumps({"sha256": sha256(ACT)}), "utf-8")
    ingest(settings)
    opened(run(app), "act.md")
    assert field(app, "kind").disabled
    field(app, "publisher").set_value("Raad")
    save_details(app)
    ingest(settings)
    assert stands(settings) == ("official", "Verordening (EU) 2099/1", "Raad")


# Publications and versions


def test_a_version_is_named_by_its_changes_and_a_note(app: AppTest, settings: Settings) -> None:
    add(settings, "alpha.en.md", ALPHA.replace("language: nl", "language: en"))
    planned(app, settings)
    app.text_input(key="maintenance-note").set_value("--rebuild <b>de haven</b>")
    finished(press(app, "maintenance-publish"), settings)
    tab(app, "Versies")
    assert "Toegevoegd: Alpha (en) · in gebruik" in shown(app)
    assert "<p>--rebuild &lt;b&gt;de haven&lt;/b&gt;</p>" in shown(app)
    assert "1 documenten, 2 taalversies, " in shown(app)  # of a document, counted once
    assert "De laatste 10 worden bewaard" in shown(app)

    tab(app, "Documenten")
    assert "Alle documenten (1)" in [box.value for box in app.header]
    assert "Taalversies: 2" in shown(app)


def test_a_version_that_does_not_go_live_says_so_where_it_is_in_use_and_a_verdict_where_not(
    app: AppTest, settings: Settings
) -> None:
    add(settings, "beta.md", BETA)
    ingest(settings)
    first, second = Generations(settings).pointer().kept
    stamp = STAMP.model_copy(update={"generation": second})
    name = keep(settings.data_dir, FEW, stamp=stamp)
    told = "Besloten is dat deze versie niet live gaat"
    other = "Deze meting is van een versie die niet meer in gebruik is."
    assert other not in shown(run(page_of("evaluation")))
    runs.sign(settings, name, goes_live=False, name="Els", reason="Nog niet.", by="")
    assert "onder Beheer, Versies een andere versie" in shown(run(page_of("evaluation")))
    page = shown(tab(app, "Versies"))
    assert told in page
    assert "Zet hieronder een andere versie terug" in page
    finished(press(app, f"maintenance-rollback-{first}"), settings)
    assert told not in shown(app)
    page = shown(run(page_of("evaluation")))
    assert other in page
    assert told not in page


def test_after_a_restore_each_place_says_what_is_true_and_what_publishing_would_bring_back(
    app: AppTest, settings: Settings
) -> None:
    add(settings, "beta.md", BETA)
    published(app, settings)
    before = Generations(settings).pointer().kept[0]
    brings_back = "Publiceren brengt terug wat er sinds die versie"
    assert brings_back not in shown(tab(app, "Versies"))
    finished(press(app, f"maintenance-rollback-{before}"), settings)
    for name in ("Versies", "Documenten", "Controleren en publiceren"):
        page = shown(tab(app, name))
        assert brings_back in page
        assert "<li>Toegevoegd: Beta</li>" in page
    assert "Er is een andere versie in gebruik dan die waarmee" in page
    assert "De documenten zijn veranderd" not in page
    assert "is teruggezet." in page
    add(settings, "gamma.md", BETA.replace("eta", "amma"))
    planned(app, settings)
    assert brings_back in shown(app)
    finished(press(app, "maintenance-publish"), settings)
    assert brings_back not in shown(app)
    assert "Toegevoegd: Bamma (nl) en nog 1 ander · in gebruik" in shown(tab(app, "Versies"))
