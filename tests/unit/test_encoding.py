"""Encodings: Unicode and old code pages are read; what is no text or not clear is refused."""

import codecs
import logging
import random
from pathlib import Path
from typing import Any

import pytest

from core.errors import DocumentError
from ingest.reading.formats import code_pages
from ingest.reading.formats.encoding import decode
from ingest.reading.load import load

OLD = {  # language -> its code pages, a text
    "bg": ("windows-1251 iso-8859-5", "Пазарът на незаконни наркотици е за 30 милиарда евро."),
    "cs": ("windows-1250 iso-8859-2", "Trh s nelegálními drogami má hodnotu 30 miliard eur, "
                                      "což je víc než dřív, a dále roste; těší to málokoho."),
    "da": ("windows-1252 iso-8859-1", "Markedet for ulovlige stoffer er værd 30 milliarder."),
    "de": ("windows-1252 iso-8859-15", "Der Markt für Drogen wächst; Präventionsmaßnahmen."),
    "el": ("windows-1253 iso-8859-7", "Η αγορά παράνομων ναρκωτικών αξίζει 30 ευρώ. Άλλα όχι."),
    "es": ("windows-1252 iso-8859-1", "El mercado vale 30 000 millones de euros al año, según la "
                                      "Comisión."),
    "et": ("windows-1257 iso-8859-13", "Ebaseaduslike uimastite turu väärtus on 30 eurot, mis on "
                                       "märksa suurem kui varem; šokk."),
    "fi": ("windows-1252 iso-8859-1", "Laittomien huumeiden markkinoiden arvo on 30 miljardia "
                                      "euroa vuodessa, sanoi komissio tänään."),
    "fr": ("windows-1252 iso-8859-15", "Le marché des drogues illicites a été évalué à 30 "
                                       "milliards ; c'est le cœur du sujet."),
    "ga": ("windows-1252 iso-8859-1", "Tá luach 30 billiún euro ar an margadh drugaí san Eoraip "
                                      "gach bliain, a dúirt an Coimisiún."),
    "hr": ("windows-1250 iso-8859-2", "Tržište droga vrijedi 30 milijardi eura godišnje, što je "
                                      "više nego prije."),
    "hu": ("windows-1250 iso-8859-2", "A tiltott kábítószerek piaca évente 30 milliárd eurót, "
                                      "őszintén szólva."),
    "it": ("windows-1252 iso-8859-1", "Il mercato è cresciuto perché la domanda è più alta."),
    "lt": ("windows-1257 iso-8859-13", "Neteisėtų narkotikų rinkos vertė yra 30 milijardų eurų "
                                       "per metus, pranešė Komisija."),
    "lv": ("windows-1257 iso-8859-13", "Nelegālo narkotiku tirgus vērtība ir 30 miljardi eiro "
                                       "gadā, ziņoja Komisija."),
    "mt": ("iso-8859-3", "Is-suq tad-drogi illeċiti jiswa 30 biljun euro fis-sena, skont "
                         "il-Kummissjoni u ż-żgħażagħ."),
    "nl": ("windows-1252 iso-8859-1", "De geïnde bedragen en de coördinatie bleven beperkt."),
    "pl": ("windows-1250 iso-8859-2", "Rynek nielegalnych narkotyków jest wart 30 miliardów euro "
                                      "rocznie, więc Komisja działa, są środki."),
    "pt": ("windows-1252 iso-8859-1", "O mercado de drogas ilícitas não vale só 30 milhões, "
                                      "segundo a Comissão."),
    "ro": ("windows-1250 iso-8859-2", "Piaţa drogurilor ilicite valorează 30 de miliarde de euro "
                                      "şi creşte în fiecare an."),
    "sk": ("windows-1250 iso-8859-2", "Trh s nezákonnými drogami má hodnotu 30 miliárd eur ročne, "
                                      "čo je viac ako predtým; ľudia to vedia, šťastie."),
    "sl": ("windows-1250 iso-8859-2", "Trg prepovedanih drog je vreden 30 milijard evrov na leto, "
                                      "kar je več kot prej, žal še."),
    "sv": ("windows-1252 iso-8859-1", "Marknaden för olaglig narkotika är värd 30 miljarder euro "
                                      "per år, påpekar kommissionen."),
}  # fmt: skip
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
    assert decode(FILE, text.encode("windows-1252")).text == text


@pytest.mark.parametrize(
    ("encoding", "text"),
    [(encoding, text) for encodings, text in OLD.values() for encoding in encodings.split()],
)
def test_the_old_code_pages_of_every_official_language_are_detected(
    encoding: str, text: str
) -> None:
    decoded = decode(FILE, f"Drugs 2020-2025\n\n{text}\n".encode(encoding))
    assert decoded.text == f"Drugs 2020-2025\n\n{text}\n"
    assert decoded.detected.partition("-")[0] in ("windows", "iso")


@pytest.mark.parametrize(
    "data",
    [
        OLD["fr"][1].encode("mac-roman"),
        "Пазарът на незаконни наркотици е за 30 милиарда евро.".encode("koi8-r"),
        "Рынок незаконных наркотиков оценивается в 30 миллиардов евро, считает он.".encode("cp866"),
        "30 \u0160 40 \u017d".encode("windows-1250"),
        "Der Markt f\u00fcr Drogen w\u00e4chst.".encode("windows-1252") + b"\x81\x8d",
    ],
    ids=["mac", "koi8", "dos", "no words", "undefined bytes"],
)
def test_a_code_page_that_is_not_clear_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"in an unknown encoding.* Save the file as UTF-8"):
        decode(FILE, data)


def test_what_is_read_differently_only_after_the_sample_is_refused() -> None:
    begins = "Le marché des drogues a été évalué. ".encode("windows-1252") * 5000
    assert decode(FILE, begins).detected == "windows-1252"
    with pytest.raises(DocumentError, match="in an unknown encoding"):
        decode(FILE, begins + b"Il co\xa4te 30 \xa4.")  # one of two currencies


def test_of_a_huge_text_a_sample_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    judge = code_pages.from_bytes

    def judged(sample: bytes, **options: Any) -> Any:
        sizes.append(len(sample))
        return judge(sample, **options)

    monkeypatch.setattr(code_pages, "from_bytes", judged)
    huge = b"a line of ASCII\n" * 100_000 + f"{OLD['pl'][1]}\n".encode("cp1250") * 20_000
    assert decode(FILE, huge).detected == "windows-1250"
    assert 10_000 < max(sizes) < 60_000


def test_only_what_the_text_shows_counts_as_detected() -> None:
    assert decode(FILE, "Geïnd".encode()).detected == ""
    assert decode(FILE, "Geïnd".encode("utf-16")).detected == ""
    page = '<meta charset="iso-8859-1"><p>De geïnde “bedragen”.</p>'  # as browsers read it
    assert decode(FILE, page.encode("windows-1252"), declares=True) == (page, "")
    assert decode(FILE, "Geïnde bedragen".encode("utf-16-le")).detected == "utf-16-le"


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
def test_a_document_says_which_encoding_was_detected(tmp_path: Path, suffix: str) -> None:
    sentence = f"{OLD['pl'][1]} " * 4
    text = f"<h1>Rynek</h1><p>{sentence}</p>" if suffix == ".html" else f"# Rynek\n\n{sentence}\n"
    file = tmp_path / f"rynek.pl{suffix}"
    file.write_bytes(text.encode("iso-8859-2"))
    document = load(file)
    assert (document.encoding, "są środki" in document.text) == ("iso-8859-2", True)
    file.write_bytes(text.encode())
    assert load(file).encoding == ""


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"]
)
def test_unicode_is_read_with_and_without_a_byte_order_mark(encoding: str) -> None:
    text = "De geïnde bedragen: “€\u202f30”.\n"
    assert decode(FILE, text.encode(encoding)).text == text


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
    assert decode(FILE, text.encode("iso-8859-7"), declares=True).text == text


def test_a_wrong_declaration_does_not_count() -> None:
    text = '<meta charset="utf-8"><p>De geïnde bedragen en de coördinatie.</p>'
    assert decode(FILE, text.encode("windows-1252"), declares=True).text == text
    unknown = text.replace("utf-8", "x-none")
    assert decode(FILE, unknown.encode("utf-8"), declares=True).text == unknown


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
        random.Random(3).randbytes(3000).replace(b"\0", b"\1"),  # noqa: S311
        b"\xff\xfe" + b"\0\xd8" * 50,  # half a pair each
    ],
    ids=["png", "zip", "pdf", "zeros", "no zeros", "broken utf-16"],
)
def test_what_is_no_text_is_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match=r"brief.txt: is not text.* Save the file as UTF-8"):
        decode(FILE, data)


def test_a_few_control_characters_do_not_make_a_text_binary() -> None:
    text = decode(FILE, b"A whole page\x0c and then\x00 a bell.").text
    assert text == "A whole page and then a bell."
    assert decode(FILE, b"").text == ""
