"""Official texts: the real client against a server on loopback that speaks Cellar's protocol."""

import datetime
import hashlib
import json
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from core.errors import FetchError
from core.settings import ROOT, Settings
from core.yaml_files import read_yaml
from ingest.commands.fetch import run
from ingest.official.cellar import LANGUAGES, RESOURCES, Cellar, ListedText, chosen, listed
from ingest.official.client import Client
from ingest.official.fetch import Fetched, Folder, fetch
from ingest.reading.files import find
from ingest.reading.formats import markdown
from ingest.reading.load import load
from language.identify import OFFICIAL
from tests.support.databases import make_certificate
from tests.support.publications_server import (
    DRUGS,
    HTML,
    PDF,
    PDFA,
    STRATEGY,
    XHTML,
    Fault,
    Office,
    cut_off,
    gzip_bomb,
    huge,
    page,
    publications_server,
    redirect,
    slow,
    status,
    text,
)


@pytest.fixture
def office() -> Iterator[Office]:
    with publications_server() as served:
        yield served


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents" / "official"


Fetch = Callable[..., list[Fetched]]


def cellar_of(office: Office, *, size_limit: int = 10**6, budget: float = 20.0) -> Cellar:
    client = Client(origins={office.url}, size_limit=size_limit, budget=budget, tries=3, pause=0.01)
    return Cellar(client, office.resources)


@pytest.fixture
def get(office: Office, folder: Path) -> Fetch:
    """Fetches texts in languages (default: the strategy in Dutch)."""

    def fetch_them(
        celex: Sequence[str] = (STRATEGY,), languages: Sequence[str] = ("nl",), **bounds: float
    ) -> list[Fetched]:
        cellar = cellar_of(office, **bounds)  # type: ignore[arg-type]
        return list(fetch(chosen(celex), languages, Folder(folder), cellar))

    return fetch_them


def statuses(outcomes: list[Fetched]) -> list[tuple[str, str]]:
    return [(outcome.file, outcome.status) for outcome in outcomes]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_text_is_kept_with_what_it_is_and_how_it_came(
    office: Office, folder: Path, get: Fetch
) -> None:
    body = text("Strategie")
    office.hold(STRATEGY, "nld", XHTML, body)
    (outcome,) = get()
    assert (outcome.file, outcome.status) == ("52020dc0605.nl.xhtml", "new")
    assert (folder / "52020dc0605.nl.xhtml").read_bytes() == body
    assert read_yaml((folder / "52020dc0605.nl.xhtml.meta.yaml").read_text("utf-8")) == {
        "id": "52020dc0605",
        "language": "nl",
        "reference": "COM(2020) 605 final",
        "celex": STRATEGY,
        "date": datetime.date(2020, 7, 24),
        "area": "security-union",
        "publisher": "European Commission",
        "url": "https://eur-lex.europa.eu/legal-content/NL/TXT/?uri=CELEX:52020DC0605",
        "kind": "official",
    }
    record = json.loads((folder / "52020dc0605.nl.xhtml.http.json").read_text("utf-8"))
    assert record["url"].endswith("/DOC_1")
    assert record["sha256"] == hashlib.sha256(body).hexdigest()
    first = office.requests[0]
    assert first.accept == "application/xhtml+xml, text/html;q=0.9"
    assert first.language == "nld"
    assert "Strategiewijzer" in first.headers["user-agent"]
    assert not {"cookie", "authorization"} & first.headers.keys()


def test_text_and_annexes_of_a_list_are_fetched_in_order_as_files_of_their_own(
    office: Office, folder: Path, get: Fetch
) -> None:
    bodies = [text(title) for title in ("Agenda", "Bijlage 1", "Bijlage 2")]
    office.hold(DRUGS, "nld", XHTML, *bodies)
    names = [
        "52020dc0606-01.nl.xhtml",
        "52020dc0606-01-annex-1.nl.xhtml",
        "52020dc0606-01-annex-2.nl.xhtml",
    ]
    assert statuses(get([DRUGS])) == [(name, "new") for name in names]
    assert [(folder / name).read_bytes() for name in names] == bodies
    assert [path[-5:] for path in office.paths()[1:]] == ["DOC_1", "DOC_2", "DOC_3"]
    annex = read_yaml((folder / f"{names[1]}.meta.yaml").read_text("utf-8"))
    assert (annex["id"], annex["celex"]) == ("52020dc0606-01-annex-1", DRUGS)


def test_a_second_run_writes_nothing(office: Office, folder: Path, get: Fetch) -> None:
    office.hold(DRUGS, "nld", XHTML, text("Agenda"), text("Bijlage"))
    get([DRUGS])
    times = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert {outcome.status for outcome in get([DRUGS])} == {"unchanged"}
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == times


def test_a_new_version_replaces_the_text_and_what_was_once_part_of_it(
    office: Office, folder: Path, get: Fetch
) -> None:
    office.hold(STRATEGY, "nld", PDFA, PDF, PDF + b"\n")
    get()
    office.hold(STRATEGY, "nld", XHTML, text("Strategie"))  # now there is a better form
    assert statuses(get()) == [
        ("52020dc0605.nl.xhtml", "new"),
        ("52020dc0605-annex-1.nl.pdf", "removed"),
        ("52020dc0605.nl.pdf", "removed"),
    ]
    office.hold(STRATEGY, "nld", XHTML, text("Strategie, verbeterd"))
    assert statuses(get()) == [("52020dc0605.nl.xhtml", "updated")]
    assert list(contents(folder)) == [
        "52020dc0605.nl.xhtml",
        "52020dc0605.nl.xhtml.http.json",
        "52020dc0605.nl.xhtml.meta.yaml",
    ]


def test_what_is_no_longer_listed_is_kept_when_a_part_could_not_be_fetched(
    office: Office, folder: Path, get: Fetch
) -> None:
    office.hold(DRUGS, "nld", XHTML, text("Agenda"), text("Bijlage 1"), text("Bijlage 2"))
    get([DRUGS])
    office.hold(DRUGS, "nld", XHTML, text("Agenda"), text("Bijlage 1, verbeterd"))
    office.spoil("DOC_2", status(500), always=True)
    assert [outcome.status for outcome in get([DRUGS])] == ["unchanged", "failed"]
    assert "52020dc0606-01-annex-2.nl.xhtml" in contents(folder)


@pytest.mark.parametrize("harm", ["text", "sidecar", "record"])
def test_a_file_that_was_harmed_here_is_fetched_anew(
    harm: str, office: Office, folder: Path, get: Fetch
) -> None:
    office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
    get()
    whole = folder / "52020dc0605.nl.xhtml"
    if harm == "text":
        whole.write_bytes(b"half")
    elif harm == "sidecar":
        Path(f"{whole}.meta.yaml").unlink()
    else:
        Path(f"{whole}.http.json").write_text("{}", "utf-8")
    assert [outcome.status for outcome in get()] == ["new"]
    assert whole.read_bytes() == text("Strategie")
    assert len(contents(folder)) == 3


def test_html_is_taken_where_there_is_no_xhtml_and_a_pdf_where_there_is_neither(
    office: Office, get: Fetch
) -> None:
    office.hold(STRATEGY, "nld", HTML, text("Strategie"))
    office.hold(STRATEGY, "eng", "application/pdf;type=pdfx", PDF)
    assert statuses(get(languages=("nl", "en"))) == [
        ("52020dc0605.nl.html", "new"),
        ("52020dc0605.en.pdf", "new"),
    ]
    accepted = [request.accept for request in office.requests if request.language == "eng"]
    assert accepted[:2] == ["application/xhtml+xml, text/html;q=0.9", PDFA]


@pytest.mark.parametrize("answer", [404, 406])
def test_a_language_that_is_not_there_is_told(answer: int, office: Office, get: Fetch) -> None:
    office.no_such_language = answer
    office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
    outcomes = get(languages=("mt", "nl"))
    assert [(outcome.language, outcome.status) for outcome in outcomes] == [
        ("mt", "failed"),
        ("nl", "new"),
    ]
    assert "--languages" in outcomes[0].problem


def test_a_number_that_the_office_does_not_know_is_told_after_one_request(
    office: Office, get: Fetch
) -> None:
    (outcome,) = get(["52020DC9999"])
    assert "knows no text with this number" in outcome.problem
    assert len(office.requests) == 1


def test_pictures_in_a_list_are_left_out_and_the_text_is_known_by_its_name(
    office: Office, get: Fetch
) -> None:
    def listing(handler: object) -> None:
        place = f"{office.url}/resource/cellar/{STRATEGY}.nld.application-xhtml+xml/DOC_"
        names = (
            *("1_NL_annexe_part1.html", "logo.PNG"),
            *("1_NL_ACT_part1.html", "1_NL_ACT_part2.html"),
        )
        entries = "".join(
            f'<li title="item"><a href="{place}{number}">x</a><ul>'
            f'<li title="stream_name">{name}</li><li title="stream_order">{number}</li></ul></li>'
            for number, name in enumerate(names, start=1)
        )
        handler.answer(f"<ul>{entries}</ul>".encode(), 300, {"Content-Type": HTML})  # type: ignore[attr-defined]

    office.hold(STRATEGY, "nld", XHTML, *(text(title) for title in "abcd"))
    office.spoil(f"celex/{STRATEGY}", listing)
    assert [outcome.file for outcome in get()] == [
        "52020dc0605-annex-1.nl.xhtml",
        "52020dc0605.nl.xhtml",
        "52020dc0605-part-2.nl.xhtml",
    ]


PASSES: dict[str, tuple[str, tuple[Fault, ...]]] = {
    "asks to wait": (f"celex/{STRATEGY}", (status(503, retry_after="0"), status(429))),
    "cut off": ("DOC_1", (cut_off(text("Strategie")), cut_off(text("Strategie"), chunked=True))),
    "a cookie": (STRATEGY, (status(503, retry_after="0", set_cookie="id=1"),)),
}


@pytest.mark.parametrize("fault", PASSES)
def test_what_passes_is_asked_again_and_no_cookie_sent_back(
    fault: str, office: Office, folder: Path, get: Fetch
) -> None:
    place, faults = PASSES[fault]
    office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
    office.spoil(place, *faults)
    assert [outcome.status for outcome in get()] == ["new"]
    assert (folder / "52020dc0605.nl.xhtml").read_bytes() == text("Strategie")
    assert len(office.requests) > 2
    assert not any("cookie" in request.headers for request in office.requests)


def test_a_wait_beyond_the_budget_is_not_begun(office: Office, get: Fetch) -> None:
    office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
    office.spoil(f"celex/{STRATEGY}", status(503, retry_after="3600"))
    (outcome,) = get()
    assert "HTTP 503), asked 1 time." in outcome.problem
    assert len(office.requests) == 1


BIG = 10**7
LOGIN = page(b"<html><form><input type='password'/></form>" + b"<p>Log in.</p>" * 50 + b"</html>")
ROBOT = page(b"<html><p>JavaScript is disabled. We must verify that you are no robot.</p></html>")

FAULTS: dict[str, tuple[Fault, str]] = {
    "always cut off": (cut_off(text("x")), "the connection failed"),
    "cut off before it was sent": (page(text("x")[:-40], XHTML), "cut off"),
    "slow": (slow(text("x"), 0.05), "not done after"),
    "out of order": (status(503), "HTTP 503"),
    "a check for browsers": (status(202), "not part of the protocol (HTTP 202)"),
    "gone": (status(404), "has no text in this language"),
    "wrong type": (page(text("x"), "text/plain"), "text/plain instead of"),
    "no type": (page(text("x"), ""), "something without a type"),
    "a PDF unasked": (page(PDF, "application/pdf"), "application/pdf instead of"),
    "another language": (page(text("x"), content_language="fr"), "'fr' instead of nl"),
    "empty": (page(b""), "an empty body"),
    "login page": (LOGIN, "a page with a form"),
    "robot check": (ROBOT, "hardly any text"),
    "huge": (huge(BIG), "larger than"),
    "gzip bomb": (gzip_bomb(BIG), "larger than"),
    "broken gzip": (page(b"no gzip", content_encoding="gzip"), "the connection failed"),
    "another packing": (page(b"x", content_encoding="zstd"), "packed as zstd"),
    "to this machine": (redirect("http://localhost:22/"), "may not be asked"),
    "to a file": (redirect("file:///etc/passwd"), "may not be asked"),
    "to nowhere": (redirect("http://127.0.0.1:door/"), "the connection failed"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_and_the_former_file_stays(
    fault: str, office: Office, folder: Path, get: Fetch
) -> None:
    office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
    office.hold(DRUGS, "nld", XHTML, text("Agenda"))
    get()
    before = contents(folder)
    spoilt, problem = FAULTS[fault]
    office.spoil(f"{STRATEGY}.nld.application-xhtml+xml/DOC_1", spoilt, always=True)
    outcomes = get([STRATEGY, DRUGS], budget=2.0)
    assert [outcome.status for outcome in outcomes] == ["failed", "new"]
    assert problem in outcomes[0].problem
    assert outcomes[0].problem.endswith(".")  # with a remedy behind the problem
    after = contents(folder)
    assert {name: after[name] for name in before} == before
    assert not [name for name in after if name.startswith(".")]


def test_a_list_that_cannot_be_read_is_told(office: Office, get: Fetch) -> None:
    office.hold(STRATEGY, "nld", XHTML, text("a"), text("b"))
    for body, problem in (
        (b"", "cannot be read"),
        (b"<html><p>Choose.</p></html>", "names no file"),
        (b"<li title='item'><ul></ul></li>", "entry 1 has no link"),
        (b"<li title='item'><a href='http://10.0.0.1/DOC_1'>x</a></li>", "may not be asked"),
        (b"<li title='item'><a href='http://x:door/'>x</a></li>", "which is no address"),
    ):
        office.spoil(STRATEGY, lambda handler, body=body: handler.answer(body, 300))
        (outcome,) = get()
        assert problem in outcome.problem


def test_a_file_that_is_listed_but_gone_is_told_and_the_rest_fetched(
    office: Office, get: Fetch
) -> None:
    office.hold(DRUGS, "nld", XHTML, text("Agenda"), text("Bijlage 1"), text("Bijlage 2"))
    office.spoil("DOC_2", status(404))
    outcomes = get([DRUGS])
    assert [outcome.status for outcome in outcomes] == ["new", "failed", "new"]
    assert "listed, but not there" in outcomes[1].problem


def test_an_endless_redirect_ends(office: Office, get: Fetch) -> None:
    office.spoil(STRATEGY, redirect(f"{office.url}/resource/celex/{STRATEGY}"), always=True)
    (outcome,) = get()
    assert "leads on and on" in outcome.problem
    assert len(office.requests) == 6


def test_a_server_that_is_not_there_is_told(folder: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but nobody listens
        office = Office(url=f"http://127.0.0.1:{unused.getsockname()[1]}")
        outcomes = list(fetch(chosen([STRATEGY]), ["nl"], Folder(folder), cellar_of(office)))
    assert "the connection failed" in outcomes[0].problem
    assert "asked 3 times" in outcomes[0].problem


def test_an_interrupted_run_leaves_no_half_file(
    office: Office, folder: Path, get: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
    get()
    before = contents(folder)
    office.hold(STRATEGY, "nld", XHTML, text("Strategie, verbeterd"))

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get()
    assert contents(folder) == before
    monkeypatch.undo()
    (folder / ".unfinished-x").write_bytes(b"as kill -9 leaves it")
    assert [outcome.status for outcome in get()] == ["updated"]
    assert not list(folder.glob(".unfinished-*"))


def test_a_folder_that_cannot_be_written_to_is_told(office: Office, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    with pytest.raises(FetchError, match="cannot be written"):
        list(fetch(listed(), ["nl"], Folder(tmp_path / "file" / "official"), cellar_of(office)))


def _fetched(client: Client, folder: Path, resources: str, *celex: str) -> list[Fetched]:
    with client:
        texts = chosen(celex or [STRATEGY])
        return list(fetch(texts, ["nl"], Folder(folder), Cellar(client, resources)))


def test_the_client_as_shipped_asks_nobody_else(office: Office, folder: Path) -> None:
    (outcome,) = _fetched(Client(), folder, office.resources)
    assert "may not be asked" in outcome.problem
    assert office.requests == []


def test_a_redirect_to_another_server_or_with_credentials_is_not_followed(
    office: Office, folder: Path
) -> None:
    with publications_server() as other:
        office.spoil(STRATEGY, redirect(other.resources + STRATEGY), always=True)
        (outcome,) = _fetched(Client(origins={office.url}), folder, office.resources)
        assert f"{other.resources}{STRATEGY}: an address that may not be asked" in outcome.problem
        assert other.requests == []
        office.spoil(STRATEGY, redirect(office.url.replace("://", "://user:word@")))
        (outcome,) = _fetched(Client(origins={office.url}), folder, office.resources)
        assert "may not be asked" in outcome.problem


def test_over_https_the_proxy_only_passes_on_what_it_cannot_read(
    office: Office, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", office.url)  # it refuses CONNECT
    (outcome,) = _fetched(Client(tries=1), folder, RESOURCES)
    assert "the connection failed" in outcome.problem
    assert "HTTPS_PROXY" in outcome.problem
    assert office.requests == []


@pytest.mark.parametrize(("name", "went_well"), [("localhost", True), ("127.0.0.1", False)])
def test_over_tls_the_certificate_is_checked_against_the_name_and_links_stay_secure(
    name: str, went_well: bool, tmp_path: Path, folder: Path
) -> None:
    certificate = make_certificate(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, tmp_path / "key.pem")
    trusted = ssl.create_default_context(cafile=str(certificate))
    with publications_server(server, host=name) as office:
        office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
        office.hold(DRUGS, "nld", XHTML, text("Agenda"), text("Bijlage"))
        secure = office.resources
        office.url = office.url.replace("https:", "http:")  # as Cellar names its own addresses
        origins = {secure.removesuffix("/resource/celex/")}
        client = Client(origins=origins, verify=trusted, pause=0.01, tries=2)
        outcomes = _fetched(client, folder, secure, STRATEGY, DRUGS)
    if went_well:
        assert [outcome.status for outcome in outcomes] == ["new"] * 3
    else:
        assert all("certificate" in outcome.problem for outcome in outcomes)
        assert len(outcomes) == 2


def test_the_listed_texts_are_what_their_briefs_summarise() -> None:
    briefs = {}
    for path in (ROOT / "corpus" / "en").glob("*.md"):
        stated = markdown.parse(path, path.read_bytes()).stated
        briefs.setdefault(stated.get("celex"), stated)
    assert [source.celex for source in listed()] == [
        "52020DC0605", "52020DC0606(01)", "52020DC0607", "52020DC0608",
    ]  # fmt: skip
    for source in listed():
        brief = briefs[source.celex]
        listed_fields = (source.area, source.reference, source.date, source.title, source.publisher)
        names = ("area", "reference", "date", "about", "about_publisher")
        assert listed_fields == tuple(brief[name] for name in names)


def test_any_celex_number_can_be_given_and_nothing_else() -> None:
    assert chosen(["52020dc0605"])[0].area == "security-union"
    assert chosen(["32016R0679", "32016R0679"]) == (ListedText(celex="32016R0679"),)
    for number in ("02016R0679-20160504", "32016R0679R(01)", "62018CJ0311"):
        assert chosen([number])[0].celex == number
    for wrong in ("COM(2020) 605", "52020DC605", "../x", "52020DC0605/..", ""):
        with pytest.raises(FetchError, match="not a CELEX number"):
            chosen([wrong])


def test_the_office_has_a_code_for_every_language_that_ingest_knows() -> None:
    assert set(LANGUAGES) == set(OFFICIAL)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    place = tmp_path / "documents"
    return Settings(data_dir=tmp_path / "data", documents_dir=place, corpus_dirs=(place,))


def test_the_command_shows_what_it_did_and_what_comes_next(
    office: Office, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
    assert run([STRATEGY], "nl", settings, cellar_of(office)) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("new: 52020dc0605.nl.xhtml\n")
    assert shown.endswith("Now run: make ingest\n")
    (file,) = find([settings.documents_dir]).files
    document = load(file)  # ingest can read what was fetched
    assert document.language == "nl"


def test_the_command_fails_when_one_text_did_with_all_else_done(
    office: Office, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    office.hold(STRATEGY, "nld", XHTML, text("Strategie"))
    assert run([STRATEGY], "nl,en", settings, cellar_of(office), as_json=True) == 1
    begun, *outcomes = map(json.loads, capsys.readouterr().out.splitlines())
    assert begun == {"event": "fetching", "texts": 2}
    assert [(outcome["language"], outcome["status"]) for outcome in outcomes] == [
        ("nl", "new"),
        ("en", "failed"),
    ]


def test_a_language_that_the_eu_does_not_have_is_told(office: Office, settings: Settings) -> None:
    with pytest.raises(FetchError, match="'xx' is not an official language"):
        run([], "nl,xx", settings, cellar_of(office))
    assert office.requests == []


def test_texts_are_not_put_where_ingest_does_not_look(office: Office, tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "data",
        documents_dir=tmp_path / "documents",
        corpus_dirs=(tmp_path / "corpus",),
    )
    with pytest.raises(FetchError, match="corpus_dirs"):
        run([], "nl,en", settings, cellar_of(office))
    assert not (tmp_path / "documents").exists()
