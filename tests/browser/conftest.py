"""What several files of tests in a browser share."""

from collections.abc import Iterator

import pytest

from core.settings import Settings
from tests.support.browser import served
from tests.support.openai_server import Script, openai_server, reply_of


@pytest.fixture(scope="session")
def _with_model(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Script]]:
    with openai_server() as model:
        environment = {"OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "x"}
        log = tmp_path_factory.mktemp("with-model") / "log"
        with served(settings.data_dir, log, environment) as address:
            yield address, model


@pytest.fixture
def with_model(_with_model: tuple[str, Script]) -> tuple[str, Script]:
    """The address of the app with a language model, and that model: it says one thing at once."""
    _, model = _with_model
    model.reply, model.delay = reply_of("Er waren 725 000 meldingen."), 0.0
    return _with_model
