"""The scripts of the pages: what goes into one stays a value."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from core.settings import ROOT
from ui import scripts
from ui.scripts import STATIC, script

FILES = sorted(STATIC.glob("*.js"))
HOSTILE = (
    "</script><script>window.harmed = 1</script>",
    "<!--<script>",
    "-->",
    "]]></SCRIPT ><img src=x onerror='window.harmed = 1'>",
    "\"'`${window.harmed = 1}\\\n\u2028\u2029 \ud800 é",
)


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_page() as page:
        yield page


@pytest.fixture
def _told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "only_told.js").write_text("window.told = given.words;\n", "utf-8")
    monkeypatch.setattr(scripts, "STATIC", tmp_path)


@pytest.mark.parametrize("words", HOSTILE)
@pytest.mark.usefixtures("_told")
def test_no_value_ends_its_script_or_becomes_code(page: Page, words: str) -> None:
    page.goto("about:blank")
    page.set_content(f"{script('only_told', words=words)}<p>The page goes on.</p>")
    units = [ord(unit) for unit in words]  # a lone surrogate comes through as it is
    assert page.evaluate("[...window.told].map((unit) => unit.codePointAt(0))") == units
    assert page.evaluate("window.harmed") is None
    assert page.locator("body").inner_text() == "The page goes on."


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_script_says_what_it_does_and_streamlit_runs_it(page: Page, file: Path) -> None:
    code = file.read_text("utf-8")
    assert re.match(r"// [A-Z].+\.\n", code)
    assert not re.search(r"<[/\w!]", code)  # Streamlit leaves out a script with a tag in it
    page.evaluate("(code) => { new Function('given', code); }", code)


def test_every_script_is_used() -> None:
    modules = "".join(file.read_text("utf-8") for file in (ROOT / "ui").rglob("*.py"))
    calls = re.findall(r'\b(?:script|into_view)\(\s*((?:"\w+"(?:, )?)+)', modules)
    assert set(re.findall(r"\w+", "".join(calls))) == {file.stem for file in FILES}


def test_no_script_stands_in_a_module() -> None:
    modules = [*(ROOT / "ui").rglob("*.py")]
    assert [file.name for file in modules if "<script" in file.read_text("utf-8")] == ["scripts.py"]
