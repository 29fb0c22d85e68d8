"""Makes report.pdf with LibreOffice and columns.pdf with Chromium.

    python tests/data/pdf/make.py        (needs soffice, chromium and pandoc)

`report.pdf` is as an office program lays it out: A5, running header, "page n of m", footnotes on
two pages, headings by style, a table over two pages, a nested list; in Dutch, Greek and Czech.
`columns.pdf` is a brief as a browser prints it: two narrow justified columns, hyphenated, with
bullets that are drawn.
"""

import subprocess
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0"
 xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"
 office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.text">
<office:meta><dc:title>De drugsagenda van de Unie</dc:title></office:meta>
<office:styles>
 <style:style style:name="Standard" style:family="paragraph">
  <style:paragraph-properties fo:margin-bottom="0.2cm" fo:text-align="justify"/>
  <style:text-properties fo:font-family="DejaVu Serif" fo:font-size="11pt" fo:language="nl"
   fo:country="NL"/></style:style>
 <style:style style:name="Title" style:family="paragraph">
  <style:paragraph-properties fo:margin-bottom="0.4cm"/>
  <style:text-properties fo:font-family="DejaVu Sans" fo:font-size="20pt"
   fo:font-weight="bold"/></style:style>
 <style:style style:name="H1" style:family="paragraph" style:default-outline-level="1">
  <style:paragraph-properties fo:margin-top="0.4cm" fo:margin-bottom="0.2cm"
   fo:keep-with-next="always"/>
  <style:text-properties fo:font-family="DejaVu Sans" fo:font-size="14pt"
   fo:font-weight="bold"/></style:style>
 <style:style style:name="H2" style:family="paragraph" style:default-outline-level="2">
  <style:paragraph-properties fo:margin-top="0.3cm" fo:margin-bottom="0.1cm"
   fo:keep-with-next="always"/>
  <style:text-properties fo:font-family="DejaVu Sans" fo:font-size="11pt" fo:font-style="italic"
   fo:font-weight="bold"/></style:style>
 <style:style style:name="Small" style:family="paragraph">
  <style:text-properties fo:font-family="DejaVu Serif" fo:font-size="9pt"/></style:style>
 <text:notes-configuration text:note-class="footnote" text:citation-style-name="Up"
  text:citation-body-style-name="Up"/>
 <style:style style:name="Up" style:family="text">
  <style:text-properties style:text-position="super 58%"/></style:style>
 <text:list-style style:name="Points">
  <text:list-level-style-bullet text:level="1" text:bullet-char="•"><style:list-level-properties
   text:list-level-position-and-space-mode="label-alignment"><style:list-level-label-alignment
   text:label-followed-by="listtab" fo:margin-left="0.8cm" fo:text-indent="-0.5cm"/>
   </style:list-level-properties></text:list-level-style-bullet>
  <text:list-level-style-bullet text:level="2" text:bullet-char="–"><style:list-level-properties
   text:list-level-position-and-space-mode="label-alignment"><style:list-level-label-alignment
   text:label-followed-by="listtab" fo:margin-left="1.6cm" fo:text-indent="-0.5cm"/>
   </style:list-level-properties></text:list-level-style-bullet>
 </text:list-style>
</office:styles>
<office:automatic-styles>
 <style:style style:name="Cell" style:family="table-cell">
  <style:table-cell-properties fo:border="0.5pt solid #000000" fo:padding="0.1cm"/></style:style>
 <style:page-layout style:name="A5"><style:page-layout-properties fo:page-width="14.8cm"
  fo:page-height="21cm" fo:margin="1.5cm"/>
  <style:header-style/><style:footer-style/></style:page-layout>
</office:automatic-styles>
<office:master-styles><style:master-page style:name="Standard" style:page-layout-name="A5">
 <style:header><text:p text:style-name="Small">Security Union – official texts</text:p>
 </style:header>
 <style:footer><text:p text:style-name="Small">page <text:page-number/> of <text:page-count/>
 </text:p></style:footer></style:master-page></office:master-styles>
<office:body><office:text>
"""


def paragraph(text: str, style: str = "Standard") -> str:
    return f'<text:p text:style-name="{style}">{text}</text:p>'


def heading(text: str, level: int) -> str:
    return f'<text:h text:style-name="H{level}" text:outline-level="{level}">{text}</text:h>'


def note(number: int, text: str) -> str:
    return (
        f'<text:note text:id="n{number}" text:note-class="footnote"><text:note-citation>{number}'
        f"</text:note-citation><text:note-body>{paragraph(text, 'Small')}</text:note-body>"
        "</text:note>"
    )


def items(texts: list[str | list[str]]) -> str:
    inner = "".join(
        f"<text:list-item>{items(list(text)) if isinstance(text, list) else paragraph(text)}"
        "</text:list-item>"
        for text in texts
    )
    return f'<text:list text:style-name="Points">{inner}</text:list>'


def table(rows: list[list[str]]) -> str:
    columns = f'<table:table-column table:number-columns-repeated="{len(rows[0])}"/>'
    made = [
        "<table:table-row>"
        + "".join(
            f'<table:table-cell table:style-name="Cell">{paragraph(cell, "Small")}'
            "</table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    ]
    header = f"<table:table-header-rows>{made[0]}</table:table-header-rows>"
    return f"<table:table>{columns}{header}{''.join(made[1:])}</table:table>"


COLUMNS = """<html lang="nl"><style>
@page { size: A4; margin: 2cm } body { font: 10pt/1.3 serif; text-align: justify; hyphens: auto }
div { column-count: 2; column-gap: 18pt } h1 { font-size: 20pt }
</style><body><h1>Een samenvatting</h1><div>%s</div></body></html>"""


def columns() -> None:
    brief = (ROOT / "corpus/nl/firearms-plan.md").read_text("utf-8").split("---\n", 2)[2]
    body = subprocess.run(["pandoc", "-f", "markdown-smart", "-t", "html"], input=brief, text=True,
                          capture_output=True, check=True).stdout  # fmt: skip
    source = HERE / "columns.html"
    source.write_text(COLUMNS % body.replace("h1", "h2").replace("h2", "h3"))
    subprocess.run(["chromium", "--headless", "--no-sandbox", "--no-pdf-header-footer",
                    f"--print-to-pdf={HERE / 'columns.pdf'}", source.as_uri()],
                   check=True)  # fmt: skip
    source.unlink()


def report() -> None:
    brief = (ROOT / "corpus/nl/drugs-agenda.md").read_text("utf-8").split("---\n", 2)[2]
    texts = [block for block in brief.split("\n\n") if len(block) > 250 and block[0].isupper()]
    texts = [text.replace("&", "&amp;") for text in texts if "\n" not in text]
    body = [
        paragraph("De drugsagenda van de Unie", "Title"),
        heading("1. Inleiding", 1),
        paragraph(texts[0] + note(1, "PB L 335 van 17.12.2011, blz. 1.") + " Zie ook hieronder."),
        paragraph(texts[1] + note(2, "Europol, SOCTA 2017; hier staat een noot die zo lang is dat "
                                     "zij over meer dan één regel loopt, zoals noten vaak doen.")),
        heading("Achtergrond", 2),
        *(paragraph(text) for text in texts[2:5]),
        paragraph("Een oppervlakte van 10 m<text:span text:style-name=\"Up\">2</text:span> telt mee"
                  + note(3, "De derde noot staat op een latere bladzijde.") + "."),
        heading("2. Maatregelen", 1),
        paragraph("De Unie doet het volgende:"),
        items(["zij versterkt de controles aan de buitengrenzen, ook in de havens van de lidstaten "
               "waar de meeste containers aankomen;",
               "zij helpt de lidstaten met:", ["geld;", "kennis;"], "zij meet wat dat oplevert."]),
        *(paragraph(text) for text in texts[5:7]),
        heading("Cijfers", 2),
        table([["Middel", "Hoeveelheid", "Toelichting"]]
              + [[f"Stof {number}", f"{number * 7} ton", f"Regel {number} van de tabel, met een "
                  "toelichting die over meer regels loopt"] for number in range(1, 13)]),
        heading("3. Ελληνικά a čeština", 1),
        paragraph("Η στρατηγική για τα ναρκωτικά μειώνει την προσφορά και τη ζήτηση."),
        paragraph("Příliš žluťoučký kůň úpěl ďábelské ódy; naïeve coöperatie, Ærø, œuvre."),
    ]  # fmt: skip
    source = HERE / "report.fodt"
    source.write_text(HEAD + "\n".join(body) + "</office:text></office:body></office:document>")
    subprocess.run(["soffice", "--headless", "--convert-to", "pdf", source.name],
                   cwd=HERE, check=True)  # fmt: skip
    source.unlink()


if __name__ == "__main__":
    report()
    columns()
