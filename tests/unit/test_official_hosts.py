"""Which links are called official."""

import pytest

from core.hosts import is_official_address, shown_host
from core.source import DocumentInfo
from ui.answers.references import naming, pages
from ui.texts import languages, load

OFFICIAL = (
    "https://eur-lex.europa.eu/legal-content/NL/TXT/?uri=CELEX:52020DC0606(01)#a",
    "https://data.europa.eu/eli/reg/2019/1020/oj",
    "https://EUROPA.eu",
)
OTHERS = (
    "",
    "http://eur-lex.europa.eu/x",
    "https://evil.example/eur-lex.europa.eu",
    "https://eur-lex.europa.eu.evil.example",
    "https://noteuropa.eu",
    "https://eur-lex.europa.eu@evil.example/",
    "https://evil.example\\@europa.eu/",
    "https://evil.example\\.europa.eu/",
    "https://user:password@eur-lex.europa.eu/",
    "https://eur-lex.europa.eu:8443/",
    "https://еur-lex.europa.eu/",  # its first letter is Cyrillic
    "https://eur-lex.europa.eu\u3002evil.example/",  # browsers read this as a full stop
    "https://evil\u200b.europa.eu",
    "https://evil.example\t.europa.eu",
    "https:europa.eu",
    "//europa.eu",
    "https://[europa.eu/",
    "javascript:alert('https://europa.eu')",
)


@pytest.mark.parametrize("url", [*OFFICIAL, *OTHERS])
def test_sites_of_the_institutions_and_nothing_else_are_official(url: str) -> None:
    assert is_official_address(url) == (url in OFFICIAL)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("kind", ["upload", "official", "brief"])
def test_a_link_to_another_site_is_not_called_official_and_names_it(
    kind: str, language: str
) -> None:
    texts = load(language)

    def label(url: str) -> str:
        told = {"id": "a", "language": "en", "title": "A", "kind": kind, "url": url}
        return pages(DocumentInfo.model_validate(told), texts)[0][0]

    official = ("official", "offici", "amtlich")
    assert any(word in label("https://europa.eu/a").casefold() for word in official)
    for host in ("evil.example", "eur-lex.europa.eu.evil.example"):
        assert host in label(f"https://{host}/a")
        assert not any(word in label(f"https://{host}/a").casefold() for word in official)
        assert host in naming(f"https://{host}/a", "Open")


def test_a_host_is_shown_as_no_other_can_look_like_it() -> None:
    assert shown_host("https://www.example.org/a") == "example.org"
    assert shown_host("https://eur-lex.europa.eu@evil.example/") == "evil.example"
    assert shown_host("https://еur-lex.europa.eu/").startswith("xn--")
    assert shown_host("https://[x/") == ""
