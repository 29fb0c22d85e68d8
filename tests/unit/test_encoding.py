"""Encodings: Unicode and Western code pages are read; what is no text is refused."""

import codecs
import logging
import random
from pathlib import Path

import pytest

from core.errors import DocumentError
from ingest.reading.formats.encoding import decode

FILE = Path("brief.txt")


@pytest.mark.parametrize(
    "text",
    [
        "De geïnde bedragen en de coördinatie bleven beperkt.",
        "Der Markt für Drogen wächst; Präventionsmaßnahmen.",
        "Le marché des drogues illicites a été évalué à 30 milliards d’euros par an.",
        "Marknaden för olaglig narkotika är värd 30 miljarder euro per år.",
    ],
)
def test_a_western_code_page_is_told_from_the_text(text: str) -> None:
    assert decode(FILE, text.encode("windows-1252")) == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("windows-1250", "Rynek nielegalnych narkotyków jest wart 30 miliardów euro rocznie."),
        ("windows-1251", "Пазарът на незаконни наркотици е за 30 милиарда евро."),
        ("windows-1253", "Η αγορά παράνομων ναρκωτικών αξίζει 30 ευρώ ετησίως."),
    ],
)
def test_what_would_show_wrong_letters_is_refused(encoding: str, text: str) -> None:
    with pytest.raises(DocumentError, match="in an unknown encoding"):
        decode(FILE, text.encode(encoding))


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"]
)
def test_unicode_is_read_with_and_without_a_byte_order_mark(encoding: str) -> None:
    text = "De geïnde bedragen: “€\u202f30”.\n"
    assert decode(FILE, text.encode(encoding)) == text


@pytest.mark.parametrize(
    "declaration",
    [
        '<?xml version="1.0" encoding="ISO-8859-7"?>',
        '<html><head><meta charset="iso-8859-7">',
        "<html><META http-equiv=content-type content='text/html; charset=iso-8859-7'>",
    ],
)
def test_what_a_web_page_declares_counts_more_than_what_it_looks_like(declaration: str) -> None:
    text = f"{declaration}<p>Ά Ό</p>"  # too short to be told
    assert decode(FILE, text.encode("iso-8859-7"), declares=True) == text


def test_a_wrong_declaration_does_not_count() -> None:
    text = '<meta charset="utf-8"><p>De geïnde bedragen en de coördinatie.</p>'
    assert decode(FILE, text.encode("windows-1252"), declares=True) == text
    unknown = text.replace("utf-8", "x-none")
    assert decode(FILE, unknown.encode("utf-8"), declares=True) == unknown


def test_the_log_names_an_encoding_that_is_not_utf8(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        decode(FILE, "Geïnd".encode())
        decode(FILE, codecs.BOM_UTF16_LE + "Geïnd".encode("utf-16-le"))
    assert [record.getMessage() for record in caplog.records] == ["brief.txt is read as utf-16-le"]


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 9,
        b"PK\x03\x04" + random.Random(1).randbytes(3000),  # noqa: S311
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\nstream\n" + random.Random(2).randbytes(3000),  # noqa: S311
        b"\0" * 5000,
        b"\xff\xfe" + b"\0\xd8" * 50,  # half a pair each
    ],
    ids=["png", "zip", "pdf", "zeros", "broken utf-16"],
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"brief.txt: is not text.* Save the file as UTF-8"):
        decode(FILE, data)


def test_a_few_control_characters_do_not_make_a_text_binary() -> None:
    assert decode(FILE, b"A whole page\x0c and then\x00 a bell.") == "A whole page and then a bell."
    assert decode(FILE, b"") == ""
