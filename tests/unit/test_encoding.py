"""Encodings: text of every official language is read, however old; what is no text is refused."""

import codecs
import logging
import random
from pathlib import Path

import pytest

from core.errors import DocumentError
from ingest.reading.formats.encoding import decode

OLD = {  # language -> its code page on Windows, one of ISO 8859, a sentence
    "bg": ("windows-1251", "iso-8859-5", "Пазарът на незаконни наркотици е за 30 милиарда евро."),
    "cs": ("windows-1250", "iso-8859-2", "Trh s nelegálními drogami má hodnotu 30 miliard eur, "
                                         "což je víc než dřív, a dále roste; těší to málokoho."),
    "da": ("windows-1252", "iso-8859-1", "Markedet for ulovlige stoffer er værd 30 milliarder."),
    "de": ("windows-1252", "iso-8859-15", "Der Markt für Drogen wächst; Präventionsmaßnahmen."),
    "el": ("windows-1253", "iso-8859-7", "Η αγορά παράνομων ναρκωτικών αξίζει 30 ευρώ ετησίως."),
    "es": ("windows-1252", "iso-8859-1", "El mercado vale 30 000 millones de euros al año, según "
                                         "la Comisión."),
    "et": ("windows-1257", "iso-8859-13", "Ebaseaduslike uimastite turu väärtus on 30 eurot."),
    "fi": ("windows-1252", "iso-8859-1", "Laittomien huumeiden markkinoiden arvo on 30 miljardia "
                                         "euroa vuodessa, sanoi komissio tänään."),
    "fr": ("windows-1252", "iso-8859-15", "Le marché des drogues illicites a été évalué à 30 "
                                          "milliards d'euros par an."),
    "ga": ("windows-1252", "iso-8859-1", "Tá luach 30 billiún euro ar an margadh drugaí san Eoraip "
                                         "gach bliain, a dúirt an Coimisiún."),
    "hr": ("windows-1250", "iso-8859-2", "Tržište droga vrijedi 30 milijardi eura godišnje, što je "
                                         "više nego prije."),
    "hu": ("windows-1250", "iso-8859-2", "A tiltott kábítószerek piaca évente 30 milliárd eurót, "
                                         "őszintén szólva."),
    "it": ("windows-1252", "iso-8859-1", "Il mercato è cresciuto perché la domanda è più alta."),
    "lt": ("windows-1257", "iso-8859-13", "Neteisėtų narkotikų rinkos vertė yra 30 milijardų eurų "
                                          "per metus, pranešė Komisija."),
    "lv": ("windows-1257", "iso-8859-13", "Nelegālo narkotiku tirgus vērtība ir 30 miljardi eiro "
                                          "gadā, ziņoja Komisija."),
    "mt": ("iso-8859-3", "iso-8859-3", "Is-suq tad-drogi illeċiti jiswa 30 biljun euro fis-sena, "
                                       "skont il-Kummissjoni u ż-żgħażagħ."),
    "nl": ("windows-1252", "iso-8859-1", "De geïnde bedragen en de coördinatie bleven beperkt."),
    "pl": ("windows-1250", "iso-8859-2", "Rynek nielegalnych narkotyków jest wart 30 miliardów "
                                         "euro rocznie, więc Komisja działa."),
    "pt": ("windows-1252", "iso-8859-1", "O mercado de drogas ilícitas não vale só 30 milhões, "
                                         "segundo a Comissão."),
    "ro": ("iso-8859-16", "iso-8859-16", "Piața drogurilor ilicite valorează 30 de miliarde de "
                                         "euro și crește în fiecare an."),
    "sk": ("windows-1250", "iso-8859-2", "Trh s nezákonnými drogami má hodnotu 30 miliárd eur "
                                         "ročne, čo je viac ako predtým."),
    "sl": ("windows-1250", "iso-8859-2", "Trg prepovedanih drog je vreden 30 milijard evrov na "
                                         "leto, kar je več kot prej."),
    "sv": ("windows-1252", "iso-8859-1", "Marknaden för olaglig narkotika är värd 30 miljarder "
                                         "euro per år, påpekar kommissionen."),
}  # fmt: skip
FILE = Path("brief.txt")


@pytest.mark.parametrize("language", OLD)
@pytest.mark.parametrize("which", [0, 1])
def test_an_old_code_page_is_told_from_the_text(language: str, which: int) -> None:
    text = f"Titel\n\n{OLD[language][2]}\n"
    assert decode(FILE, text.encode(OLD[language][which])) == text


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
