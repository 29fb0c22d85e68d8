"""Settings, private folders, short titles, texts across notations, and what threads share."""

import shutil
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.background import once
from core.errors import SettingsError
from core.files import make_private
from core.settings import Settings, current
from core.source import DocumentInfo
from ingest.publishing.lock import exclusive
from language.words import contains, fold
from vectorstore.generations import Generations


def test_fold_makes_case_spaces_and_quotation_marks_equal() -> None:
    assert fold("  De\n“Raad”\u00a0van 23 000 ") == fold('de "raad" van 23,000')


@pytest.mark.parametrize(
    ("text", "part", "found"),
    [
        ("meer dan 725 000 in 2019", "725,000", True),
        ("meer dan 1 725 000 in 2019", "725 000", False),
        ("53 actions", "3 actions", False),
        ("The Council agreed", "council", True),
        ("The Councillors agreed", "council", False),
    ],
)
def test_a_part_is_found_whole_or_not_at_all(text: str, part: str, found: bool) -> None:
    assert contains(text, part) is found


def test_a_setting_comes_from_argument_then_environment_then_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert Settings().results == 6
    monkeypatch.setenv("STRATEGIEWIJZER_RESULTS", "4")
    monkeypatch.setenv("STRATEGIEWIJZER_CORPUS_DIRS", '["one", "two"]')
    assert Settings().results == 4
    assert Settings().corpus_dirs == (Path("one"), Path("two"))
    assert Settings(results=3).results == 3


def test_openai_names_are_honoured_and_secrets_masked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not Settings().generative
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert not Settings().generative  # a key that happens to be there sends nothing
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1")
    settings = Settings()
    assert settings.generative
    assert settings.openai_base_url == "http://127.0.0.1:8080/v1"
    assert "sk-secret" not in repr(settings) + settings.model_dump_json()


def test_unknown_settings_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_RESULT", "1")
    told = r"Unknown setting: foo, result, search_again\. .*CHANGELOG"
    with pytest.raises(SettingsError, match=told):
        Settings(foo=1, search_again=False)


def test_a_wrong_value_names_the_setting_and_not_the_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATEGIEWIJZER_RESULTS", "sk-secret")
    with pytest.raises(SettingsError, match="results") as caught:
        Settings()
    assert "sk-secret" not in str(caught.value)


def test_a_secret_can_be_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Settings.model_config, "secrets_dir", (tmp_path,))
    (tmp_path / "strategiewijzer_embeddings_api_key").write_text("sk-file\n", "utf-8")
    (tmp_path / "openai_api_key").write_text("sk-openai\n", "utf-8")
    (tmp_path / "of-another-program").write_bytes(b"\xff")
    settings = Settings()
    assert settings.embeddings_api_key.get_secret_value() == "sk-file"
    assert settings.openai_api_key.get_secret_value() == "sk-openai"
    assert current() is current()
    (tmp_path / "openai_api_key").write_text("sk-renewed", "utf-8")
    assert current().openai_api_key.get_secret_value() == "sk-renewed"
    monkeypatch.setenv("STRATEGIEWIJZER_EMBEDDINGS_API_KEY", "sk-environment")
    assert Settings().embeddings_api_key.get_secret_value() == "sk-environment"


@pytest.mark.filterwarnings("ignore:directory")  # pydantic's, of the same
def test_a_folder_of_secrets_may_be_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    monkeypatch.setitem(Settings.model_config, "secrets_dir", (secrets,))
    (secrets / "openai_api_key").write_text("sk-file", "utf-8")
    assert current().openai_api_key.get_secret_value() == "sk-file"
    shutil.rmtree(secrets)
    assert current().openai_api_key.get_secret_value() == ""


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("strategiewijzer_embeddings_api_kei", b"sk-secret", "Unknown setting: embeddings_api_kei"),
        ("strategiewijzer_results", b"sk-secret", "results"),
        ("strategiewijzer_role_members", b"sk-secret", "no JSON.*role_members"),
        ("strategiewijzer_embeddings_api_key", b"sk-secret\xff", "no UTF-8.*embeddings_api_key"),
    ],
)
def test_a_wrong_file_of_a_secret_is_told_without_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes, told: str
) -> None:
    monkeypatch.setitem(Settings.model_config, "secrets_dir", (tmp_path,))
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SettingsError, match=told) as caught:
        Settings()
    assert "sk-secret" not in str(caught.value)


def test_a_dotenv_file_is_read_and_checked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / ".env"
    monkeypatch.setitem(Settings.model_config, "env_file", file)
    lines = ("STRATEGIEWIJZER_RESULTS=5", "STRATEGIEWIJZER_MODEL=gpt-5", "OTHER=1", "")
    file.write_text("\n".join(lines), "utf-8")
    assert Settings().results == 5
    assert Settings().generative
    file.write_text("STRATEGIEWIJZER_RESULTZ=5\n", "utf-8")
    with pytest.raises(SettingsError, match="resultz"):
        Settings()


@pytest.mark.parametrize("name", ["chroma_url", "openai_base_url", "embeddings_url"])
def test_an_address_with_a_password_or_a_query_is_refused_without_repeating_it(name: str) -> None:
    instead = r"set (the API key|chroma_\w+ and chroma_\w+) instead"
    for address, told in (
        ("https://user:hush@models.example/v1", instead),
        ("https://models.example?api_key=hush", "query"),
        ("https://models.example/v1?x=1&code=hush", "query"),
        ("https://models.example#hush", "query"),
    ):
        with pytest.raises(SettingsError, match=told) as caught:
            Settings(**{name: address})
        assert "hush" not in str(caught.value)
    assert getattr(Settings(**{name: "https://models.example/a@b"}, model="m"), name)


@pytest.mark.parametrize(
    "host", ["https://wijzer.example.eu", "wijzer.example.eu/chat", "*", "a b"]
)
def test_names_of_the_app_count_without_their_port_and_nothing_else_is_one(host: str) -> None:
    settings = Settings(allowed_hosts=("Wijzer.example.eu:443", "old.example:*", "[::1]:*"))
    assert settings.allowed_hosts == ("wijzer.example.eu", "old.example", "::1")
    with pytest.raises(SettingsError, match=r"allowed_hosts.*wijzer\.example\.eu"):
        Settings(allowed_hosts=(host,))


def test_a_folder_for_data_is_made_for_its_owner_only(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir(mode=0o755)
    make_private(tmp_path / "there" / "made" / "data")
    made = tmp_path / "there" / "made"
    modes = [stat.S_IMODE(place.stat().st_mode) for place in (made.parent, made, made / "data")]
    assert modes == [0o755, 0o700, 0o700]


def test_whatever_makes_the_data_folder_first_makes_it_private(tmp_path: Path) -> None:
    with exclusive(tmp_path / "ingest"):
        pass
    Generations(Settings(data_dir=tmp_path / "app"))
    for data in (tmp_path / "ingest", tmp_path / "app"):
        assert stat.S_IMODE(data.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("title", "reference", "short"),
    [
        ("A plan for harbours", "COM(2020) 1 final", "A plan for harbours"),
        (f"REGULATION (EU) 2016/679 OF THE {'LONG ' * 20}", "", "REGULATION (EU) 2016/679"),
        (f"Richtlijn 2005/29/EG {'en meer ' * 20}", "", "Richtlijn 2005/29/EG"),
        (f"Proposal amending {'very much ' * 20}", "COM(2021) 552 final", "COM(2021) 552 final"),
        (f"Proposal amending {'very much ' * 20}", "", f"Proposal amending{' very much' * 8}…"),
    ],
)
def test_a_long_title_has_a_short_form(title: str, reference: str, short: str) -> None:
    info = DocumentInfo(id="a", language="en", title=title, reference=reference)
    assert info.short_title == short


def test_what_is_made_once_is_made_once_for_threads_that_ask_at_once() -> None:
    made: list[object] = []
    asking, second = threading.Barrier(4), threading.Event()

    @once
    def thing() -> object:
        made.append(object())
        if len(made) > 1:
            second.set()
        second.wait(0.2)  # others come in meanwhile, if they can
        return made[-1]

    def asked(_: int) -> object:
        asking.wait()
        return thing()

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(asked, range(4)))
    assert found == made * 4
    thing.cache_clear()
    assert thing() is made[1]
