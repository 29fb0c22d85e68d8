"""PDF files for tests, made from the project's own texts as programs and publishers lay them out.

Those in tests/data/readings were made with reportlab, too.
"""

import io
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageTemplate, Paragraph

from core.settings import ROOT

WIDTH, HEIGHT = A4
BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=12, leading=14, spaceAfter=8)
HEADING = ParagraphStyle("heading", BODY, fontName="Times-Bold", spaceBefore=10)
TITLE = ParagraphStyle("title", BODY, fontName="Times-Bold", fontSize=18, leading=22)
COVER = (
    "Document Cover Page.\r\nDocument Number: 10284/22.\r\nSubject: Ontwerpverordening "
    "betreffende  precursoren.\r\nDate: 24\xa0juni\xa02022.\r\nLanguage: NL.\r\n"
)


def paragraphs(name: str = "en/csa-strategy.md") -> list[str]:
    """The paragraphs of a brief, without headings and lists."""
    text = (ROOT / "corpus" / name).read_text("utf-8")
    return [block for block in text.split("\n\n") if re.match(r"[A-Z][^\n]{200,}\Z", block)]


def article(title: str, sections: Mapping[str, str]) -> bytes:
    """One page: a title, and the paragraph of each section under its heading."""
    story: list[Flowable] = [Paragraph(title, TITLE)]
    for heading, text in sections.items():
        story += [Paragraph(heading, HEADING), Paragraph(text, BODY)]
    buffer = io.BytesIO()
    document = BaseDocTemplate(buffer, pagesize=A4)
    frame = Frame(70, 110, WIDTH - 140, HEIGHT - 180)
    document.addPageTemplates([PageTemplate("page", [frame])])
    document.build(story)
    return buffer.getvalue()


Mark = Callable[[Canvas], None]


def text(y: float, words: str, x: float = 70, font: str = "Times-Roman", size: float = 12) -> Mark:
    """Words at a height from the top of the page, in points; in the middle where `x` is 0."""

    def draw(canvas: Canvas) -> None:
        canvas.setFont(font, size)
        if x:
            canvas.drawString(x, HEIGHT - y, words)
        else:
            canvas.drawCentredString(WIDTH / 2, HEIGHT - y, words)

    return draw


def lines(y: float, *words: str, leading: float = 20, **style: Any) -> list[Mark]:
    """Lines below each other, the first at a height from the top of the page."""
    return [text(y + number * leading, line, **style) for number, line in enumerate(words)]


def rule(y: float, left: float, right: float) -> Mark:
    return lambda canvas: canvas.line(left, HEIGHT - y, right, HEIGHT - y)


def box(left: float, top: float, right: float, bottom: float, *, filled: bool = False) -> Mark:
    """A frame, or a grey background without one."""

    def draw(canvas: Canvas) -> None:
        canvas.setFillGray(0.9)
        place = (left, HEIGHT - bottom, right - left, bottom - top)
        canvas.rect(*place, stroke=not filled, fill=filled)
        canvas.setFillGray(0)

    return draw


def placed(
    *pages: Sequence[Mark], encrypt: StandardEncryption | None = None, **properties: str
) -> bytes:
    """Pages on which everything has its place."""
    buffer = io.BytesIO()
    canvas = Canvas(buffer, A4, encrypt=encrypt)
    for name, value in properties.items():
        getattr(canvas, f"set{name.title()}")(value)
    for marks in pages:
        for mark in marks:
            mark(canvas)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def typed(*pages: Sequence[str], turned: bool = False, **properties: str) -> bytes:
    """Pages of lines as they are, in Times 12; "# " and "^" before a line make it large or small.

    `turned`: the pages lie on their side, as from a scanner, with the note to turn them back.
    """

    def turn(canvas: Canvas) -> None:
        canvas.setPageRotation(90)
        canvas.translate(HEIGHT, 0)
        canvas.rotate(90)

    def marks(page: Sequence[str]) -> Iterator[Mark]:
        if turned:
            yield turn
        y = 80
        for line in page:
            size = {"#": 18, "^": 8}.get(line[:1], 12)
            yield text(y, line.lstrip("#^").strip() if size != 12 else line, size=size)
            y += 14 if line else 10

    return placed(*(list(marks(page)) for page in pages), **properties)


def encrypted(password: str) -> bytes:
    secret = text(142, "The market for drugs is secret.")
    return placed([secret], encrypt=StandardEncryption(password, "owner"))


def bomb(megabytes: int) -> bytes:
    """A small file with one page whose text is very long when it is unpacked."""
    words = (b"1 0 0 1 %d %d Tm (abc) Tj\n" % (x, y)
             for x in range(20, 560, 18) for y in range(20, 820, 1))  # fmt: skip
    everywhere = b"".join(words)
    packer = zlib.compressobj(9)
    content = packer.compress(b"BT /F 1 Tf\n")
    for _ in range((megabytes << 20) // len(everywhere)):
        content += packer.compress(everywhere)
    content += packer.compress(b"ET") + packer.flush()
    packed = b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream"
    return _raw([packed % (len(content), content), _FONT % b""])


def emoji() -> bytes:
    """A page on which "~" is a character beyond U+FFFF."""
    to_unicode = (
        b"1 beginbfchar <7E> <D83DDE00> endbfchar 1 beginbfrange <20> <7D> <0020> endbfrange"
    )
    content = b"BT /F 12 Tf 70 700 Td (The young ~ were asked.) Tj ET"
    return _raw([_stream(content), _FONT % b"/ToUnicode 6 0 R", _stream(
        b"begincmap 1 begincodespacerange <00> <FF> endcodespacerange " + to_unicode + b" endcmap"
    )])  # fmt: skip


def council_cover(alternative: str, content: bytes = b"") -> bytes:
    """A page with the alternative text of a tagged figure, as the covers of the Council have it."""
    shown = b"/Figure << /MCID 0 >> BDC 0 0 5 5 re f EMC BT /F 12 Tf 70 700 Td (%s) Tj ET"
    text = alternative.encode("utf-16")
    return _raw(
        [
            _stream(shown % (content or b"Delegations will find the text below.")),
            _FONT % b"",
            b"<< /Type /StructTreeRoot /K 7 0 R /ParentTree << /Nums [0 [7 0 R]] >> >>",
            b"<< /Type /StructElem /S /Figure /P 6 0 R /Pg 3 0 R /K 0 /Alt <%s> >>"
            % text.hex().encode(),
        ],
        catalog=b"/StructTreeRoot 6 0 R /MarkInfo << /Marked true >>",
        page=b"/StructParents 0",
    )


_FONT = b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica %s >>"


def _stream(content: bytes) -> bytes:
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def _raw(objects: Sequence[bytes], catalog: bytes = b"", page: bytes = b"") -> bytes:
    """One page: its content is the first object (4 0 R), its font the second (5 0 R)."""
    file, places = b"%PDF-1.7\n", []
    before = [
        b"<< /Type /Catalog /Pages 2 0 R %s >>" % catalog,
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F 5 0 R >> >> %s >>" % page,
    ]
    for number, body in enumerate([*before, *objects], 1):
        places.append(len(file))
        file += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(places) + 1
    return file + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (count, table, count, len(file))
    )
