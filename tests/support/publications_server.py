"""The Publications Office on loopback: Cellar's protocol as published, faults included.

Sources: "Cellar end-user manual", section "Retrieve content streams" (Accept with a media type,
Accept-Language with three letters), and what public clients of Cellar report: 303 from a CELEX
address to the one file of a form, 300 with an HTML list to several, 400 without Accept-Language,
404 with one of two bodies, a PDF of a type only to who asks for the type.
"""

import gzip
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import repeat
from ssl import SSLContext
from urllib.parse import unquote

from tests.support.http_server import Handler, http_server

XHTML = "application/xhtml+xml"
HTML = "text/html"
PDFA = "application/pdf;type=pdfa1a"

STRATEGY = "52020DC0605"
DRUGS = "52020DC0606(01)"
PDF = b"%PDF-1.4\n" + b"1 0 obj\n<<>>\nendobj\n" * 20 + b"%%EOF\n"


def text(title: str) -> bytes:
    """A text as the Office publishes them, made of our own words."""
    sentences = "Deze tekst gaat over de veiligheidsunie en over wat daarvoor nodig is. " * 10
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<html xmlns="http://www.w3.org/1999/xhtml">'
        f"<head><title>{title}</title></head><body><p>{title}</p><p>{sentences}</p></body></html>\n"
    ).encode()


_UNKNOWN = "Resource [system 'celex' - id '{}'] not found."
_NO_STREAM = "cellar identifier cellar:{} does not hold a content datastream of the requested type"


@dataclass(frozen=True)
class Stream:
    """One file of a form; `place` is the end of its path, `order` its stream_order."""

    name: str
    body: bytes
    form: str
    place: str
    order: int


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    path: str
    accept: str
    language: str
    headers: dict[str, str]


Fault = Callable[["CellarHandler"], None]


@dataclass
class Office:
    """What the server holds, what goes wrong, and what it was asked."""

    url: str = ""  # of the server, without a slash at its end
    forms: dict[tuple[str, str, str], list[Stream]] = field(default_factory=dict)
    no_such_language: int = 404  # or 406
    faults: dict[str, Iterator[Fault]] = field(default_factory=dict)  # by the end of a path
    requests: list[Request] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)  # the server is to be closed

    @property
    def resources(self) -> str:
        """The address that a CELEX number is put behind."""
        return f"{self.url}/resource/celex/"

    def hold(self, celex: str, language: str, form: str, *bodies: bytes) -> None:
        """Holds a text (`language` with three letters): the text itself, then its annexes."""
        names = [f"1_{language.upper()}_ACT_part1_v5", *(
            f"1_{language.upper()}_annexe_autre_acte_part{n}_v3" for n in range(1, len(bodies))
        )]  # fmt: skip
        place = f"{celex}.{language}.{form.replace('/', '-').replace(';', '-')}"
        suffix = form.partition("/")[2][:5]
        self.forms[celex, language, form] = [
            Stream(f"{name}.{suffix}", body, form, f"{place}/DOC_{order}", order)
            for order, (name, body) in enumerate(zip(names, bodies, strict=True), start=1)
        ]

    def spoil(self, path: str, *faults: Fault, always: bool = False) -> None:
        """The next requests whose path ends so get these answers, one each."""
        self.faults[path] = repeat(faults[0]) if always else iter(faults)

    def paths(self) -> list[str]:
        """The paths asked for, in order."""
        return [request.path for request in self.requests]


class CellarHandler(Handler):
    protocol_version = "HTTP/1.1"
    office: Office

    def do_GET(self) -> None:
        path = unquote(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        accept, language = headers.get("accept", ""), headers.get("accept-language", "")
        self.office.requests.append(Request(path, accept, language, headers))
        for end, faults in self.office.faults.items():
            if path.endswith(end) and (fault := next(faults, None)):
                fault(self)
                return
        kind, _, name = path.removeprefix("/resource/").partition("/")
        if kind == "celex":
            self._negotiate(name, accept, language)
        else:
            self._file(name)

    def _negotiate(self, celex: str, accept: str, language: str) -> None:
        if not language:
            self.answer(b"Accept-Language is missing", 400)
            return
        held = [key for key in self.office.forms if key[0] == celex]
        if not held:
            self.answer(_UNKNOWN.format(celex).encode(), 404)
            return
        if not any(key[1] == language for key in held):
            self.answer(_NO_STREAM.format(celex).encode(), self.office.no_such_language)
            return
        for kind in (part.partition(";q=")[0].strip() for part in accept.split(",")):
            streams = self.office.forms.get((celex, language, kind))
            if streams is not None:
                self._lead(streams)
                return
        self.answer(_NO_STREAM.format(celex).encode(), 404)

    def _lead(self, streams: list[Stream]) -> None:
        place = f"{self.office.url}/resource/cellar/"
        if len(streams) == 1:
            self.answer(b"", 303, {"Location": place + streams[0].place})
            return
        entries = "".join(
            f'<li title="item"><a href="{place}{stream.place}"><span class="url">('
            f'{place}{stream.place})</span></a><ul><li title="stream_name">{stream.name}</li>'
            f'<li title="stream_label">act</li><li title="stream_order" id="streamOrder">'
            f"{stream.order}</li></ul></li>"
            for stream in reversed(streams)  # their order is stated
        )
        page = (
            "<html><head><title>300 Multiple-Choice Response</title></head><body>List of URI's:"
            f'<ul><li title="manifestation">cellar:x<ul>{entries}</ul></li></ul></body></html>'
        )
        self.answer(page.encode(), 300, {"Content-Type": "text/html;charset=UTF-8"})

    def _file(self, name: str) -> None:
        held = {stream.place: stream for form in self.office.forms.values() for stream in form}
        if name in held:
            kind = held[name].form.partition(";")[0]
            self.answer(held[name].body, headers={"Content-Type": f"{kind};charset=UTF-8"})
        else:
            self.answer(b"no such item", 404)

    def begin(self, **headers: str) -> None:
        """Begins an answer 200 of our XHTML with these headers."""
        self.send_response(200)
        for name, value in _named(content_type=XHTML, **headers).items():
            self.send_header(name, value)
        self.end_headers()


def _named(**headers: str) -> dict[str, str]:
    """Headers by their names: `retry_after` is Retry-After."""
    return {name.replace("_", "-").title(): value for name, value in headers.items()}


def status(code: int, **headers: str) -> Fault:
    """An answer with this status and these headers, as of `_named`."""
    return lambda handler: handler.answer(b"", code, _named(**headers))


def page(body: bytes, kind: str = HTML, **headers: str) -> Fault:
    """An answer 200 with this body in place of the text."""
    return lambda handler: handler.answer(body, headers=_named(content_type=kind, **headers))


def redirect(target: str) -> Fault:
    """To another address."""
    return status(302, location=target)


def cut_off(body: bytes, *, chunked: bool = False) -> Fault:
    """Half of the body, then the connection is closed."""

    def fault(handler: CellarHandler) -> None:
        half = body[: len(body) // 2]
        if chunked:
            handler.begin(transfer_encoding="chunked")
            half = f"{len(half):x}\r\n".encode() + half + b"\r\n"
        else:
            handler.begin(content_length=str(len(body)))
        handler.wfile.write(half)
        handler.close_connection = True

    return fault


def slow(body: bytes, seconds: float) -> Fault:
    """A byte now and then: never silent for long, never done."""

    def fault(handler: CellarHandler) -> None:
        handler.begin(content_length=str(len(body)))
        try:
            for place in range(len(body)):
                handler.wfile.write(body[place : place + 1])
                handler.wfile.flush()
                if handler.office.over.wait(seconds):
                    break
        except OSError:  # the client has had enough
            handler.close_connection = True

    return fault


def huge(size: int) -> Fault:
    """A body of this many bytes, whose length is not told beforehand."""

    def fault(handler: CellarHandler) -> None:
        handler.begin(connection="close")
        with suppress(OSError):
            for _ in range(size // 2**16):
                handler.wfile.write(b" " * 2**16)
        handler.close_connection = True

    return fault


def gzip_bomb(size: int) -> Fault:
    """A small body that becomes this many bytes."""
    return page(gzip.compress(bytes(size)), XHTML, content_encoding="gzip")


@contextmanager
def publications_server(tls: SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Office]:
    """Serves until the block ends, over TLS if a context is given, under the name `host`."""
    office = Office()
    handler = type("Bound", (CellarHandler,), {"office": office})
    with http_server(handler, tls=tls) as port:
        office.url = f"{'https' if tls else 'http'}://{host}:{port}"
        try:
            yield office
        finally:
            office.over.set()
