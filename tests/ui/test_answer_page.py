"""An answer on the real page when its sources change, and what a refusal offers."""

import datetime
from collections.abc import Iterator, Mapping

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.settings import Settings
from ingest.pipeline import ingest
from tests.support.apps import ask, press, run, shown, visit
from tests.support.small import Small

TULIP = "---\nid: tulp\nlanguage: nl\ntitle: De Zwarte Tulp\n---\n\n# De Zwarte Tulp\n\n"
MEMBERS = "## Leden\n\nDe vereniging De Zwarte Tulp telt 4321 leden in heel Nederland.\n"
OTHER = "---\nid: roos\nlanguage: nl\n---\n\n# De Rode Roos\n\nDe Rode Roos is een café in Breda.\n"
QUESTION = "Hoeveel leden telt De Zwarte Tulp?"


@pytest.fixture(autouse=True)
def nothing_cached() -> Iterator[None]:
    """What the page caches belongs to the index of one test."""
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


def opened(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setenv("STRATEGIEWIJZER_DATA_DIR", str(settings.data_dir))
    return visit()


def asked(small: Small, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page after a question about documents that then change."""
    settings = small({"tulp.md": TULIP + MEMBERS, "roos.md": OTHER})
    ingest(settings)
    app = ask(opened(settings, monkeypatch), QUESTION)
    assert "4321 leden" in shown(app)
    assert "veranderd" not in shown(app)
    return app


def changed(app: AppTest, small: Small, files: Mapping[str, str]) -> AppTest:
    ingest(small(files))
    return run(app)


def test_an_answer_stays_as_it_is_when_another_document_changes_and_else_says_so(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = asked(small, monkeypatch)
    changed(app, small, {"tulp.md": TULIP + MEMBERS, "roos.md": OTHER.replace("Breda", "Gouda")})
    assert "veranderd" not in shown(app)
    new = TULIP + MEMBERS.replace("4321", "5000")
    changed(app, small, {"tulp.md": new, "roos.md": OTHER})
    assert "het citaat staat er niet meer in. [1]" in shown(app)
    press(app, "Opnieuw vragen")
    assert "5000 leden" in shown(app)
    assert [button.label for button in app.button].count("Opnieuw vragen") == 1
    changed(app, small, {"roos.md": OTHER})
    assert "staat niet meer bij de bronnen. [1]" in shown(app)


ELSEWHERE = "Hoeveel drugslaboratoria werden er in Polen ontdekt?"


def test_a_refusal_leads_on(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    app = ask(opened(settings, monkeypatch), ELSEWHERE)
    assert "Doorzocht: 5 documenten" in shown(app)
    offered = [button for button in app.button if "-related-" in (button.key or "")]
    assert offered
    run(offered[0].click())
    assert "sw-card" in shown(app)


def test_below_an_answer_stands_once_in_its_language_that_what_it_cites_is_over(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.source.today", lambda: datetime.date(2026, 1, 1))
    over = TULIP.replace(
        "---\n\n", "effective_until: 2025-12-31\nsuccessor: <b>Roos</b>\n---\n\n", 1
    )
    settings = small({"tulp.md": over + MEMBERS, "roos.md": OTHER})
    ingest(settings)
    app = ask(opened(settings, monkeypatch), QUESTION)
    line = "„De Zwarte Tulp” liep tot en met 2025 en is voorbij; opvolger: &lt;b&gt;Roos&lt;/b&gt;."
    assert f'<p class="sw-note" role="note" lang="nl">{line}</p>' in shown(app)
    assert shown(app).count("is voorbij") == 1
    app = ask(opened(settings, monkeypatch), "Loopt De Zwarte Tulp nog?")
    assert f'<p lang="nl">{line}</p>' in shown(app)


CRANES = (
    "---\nid: harbour\nlanguage: en\ntitle: The harbour\n---\n\n# The harbour\n\nIt is run by the "
    "Harbour Board.\n\n## Cranes\n\nThe quay of Veldport has 31 cranes. The oldest is of 1961.\n"
)
PREPARED = """by: project
answers:
- units: ["The quay of Veldport has"]
  questions: {en: ["How many cranes stand in the harbour of Veldport?"]}
- units: ["It is run by the Harbour Board."]
  approved: {by: A. Person, organisation: Town of Veldport, on: 2026-11-29}
  questions: {en: ["Who manages the harbour of Veldport?"]}
"""


def test_an_answer_says_which_prepared_question_it_answers_and_who_approved_it(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = small({"harbour.md": CRANES, "harbour.questions.yaml": PREPARED})
    ingest(settings)
    app = ask(
        opened(settings, monkeypatch), "How many cranes are there in the harbour of Veldport?"
    )
    assert "31 cranes" in shown(app)
    assert "Answer to: How many cranes stand in the harbour of Veldport?" in shown(app)
    app = ask(opened(settings, monkeypatch), "who manages the harbour of veldport")
    assert "Checked by Town of Veldport, 29 November 2026" in shown(app)
    assert "Answer to" not in shown(app)
