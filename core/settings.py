"""Settings: every one of them, where they come from, and which hold until a restart."""

import functools
import logging
import os
from collections.abc import Hashable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    AliasChoices,
    BaseModel,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as NoJsonError

from core.errors import SettingsError
from core.files import MEGABYTE
from core.hosts import name_of

logger = logging.getLogger(__name__)

PREFIX = "STRATEGIEWIJZER_"
ROOT = Path(__file__).resolve().parent.parent
_REMEDY = "correct it in the environment, in .env or in its secret file"

PLACES = (
    *("data_dir", "chroma_url", "chroma_token", "chroma_user", "chroma_tenant", "chroma_database"),
    "database_url",
)
"""Where things are kept: a process, and the jobs that it starts, stay with the same ones."""
AT_START = (
    *PLACES,
    *("embeddings_url", "embeddings_model", "embeddings_api_key"),
    *("embeddings_query_prefix", "embeddings_passage_prefix"),
    *("keep_conversations", "keep_feedback", "keep_jobs", "keep_audit"),
    *("log_format", "log_level", "otlp_endpoint"),
)
"""What a process opens, begins or tidies up by once."""

Role = Literal["reader", "evaluator", "maintainer"]
"""A role includes those before it."""
Unconfirmed = Literal["show", "fold", "hide"]
"""What becomes of a model's sentences that were not confirmed."""
Entry = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_ORDER: tuple[Role, ...] = get_args(Role)


def _secret_folders() -> tuple[Path, ...]:
    """The folders in which Docker, Podman and systemd put secrets, as far as this process may read
    them."""
    places = ("/run/secrets", os.environ.get("CREDENTIALS_DIRECTORY", ""))
    return tuple(Path(p) for p in places if os.path.isdir(p) and os.access(p, os.R_OK | os.X_OK))


def _openai(name: str) -> Any:
    """A field that is also read under OpenAI's own environment variable."""
    return AliasChoices(name, f"{PREFIX}{name}".lower(), name.lower())


class Settings(BaseSettings):
    """The settings of one process, from arguments, the environment, `.env` and files of secrets.
    Raises SettingsError: a value is wrong, a secret file cannot be read, or a name is unknown;
    secrets are never repeated."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=ROOT / ".env",
        secrets_dir=_secret_folders(),
        frozen=True,
        extra="ignore",
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    # Where things are
    data_dir: Path = ROOT / "data"
    corpus_dirs: tuple[Path, ...] = (ROOT / "corpus", ROOT / "documents")
    documents_dir: Path = ROOT / "documents"  # fetched official texts go into official/ below it
    chroma_url: str = ""  # empty: Chroma runs inside this process, in data_dir
    chroma_token: SecretStr = SecretStr("")  # sent as a bearer token; with a user as its password
    chroma_user: str = ""
    chroma_tenant: str = "default_tenant"
    chroma_database: str = "default_database"
    max_file_size: Annotated[int, Field(ge=1)] = 100  # megabytes; larger source texts are refused

    # Limits of the worker process that reads files
    parse_timeout: Annotated[float, Field(gt=0)] = 120.0  # seconds for one file
    parse_memory: Annotated[int, Field(ge=512)] = 2048  # megabytes, of which 250 for the program

    # Index
    keep_generations: Annotated[int, Field(ge=1)] = 10
    embeddings_url: str = ""  # empty: the local embedder; else an OpenAI-compatible server
    embeddings_model: str = "text-embedding-3-small"
    embeddings_api_key: SecretStr = SecretStr("")
    embeddings_query_prefix: str = ""  # prefix of a question: E5 "query: "
    embeddings_passage_prefix: str = ""  # prefix of a source text: E5 "passage: "

    # Answers and conversations (docs/chat.md)
    results: Annotated[int, Field(ge=1, le=50)] = 6  # passages an answer is made from
    default_language: str = "nl"  # when a question's language cannot be told
    refuse_below: Annotated[float, Field(ge=0, le=1)] = 0.15  # confidence; docs/decisions/0015

    # What is kept of people, in days (docs/privacy.md, docs/servers.md)
    database_url: SecretStr = SecretStr("")  # empty: in data_dir; else postgresql://user@host/name
    keep_conversations: Annotated[int, Field(ge=0, le=3650)] = 90  # and notes; 0: while in use
    max_share_days: Annotated[int, Field(ge=0, le=90)] = 90  # of a link; 0: nothing is shared
    keep_feedback: Annotated[int, Field(ge=1, le=3650)] = 365
    keep_questions: Annotated[int, Field(ge=0, le=3650)] = 0  # without who asked; 0: none is kept
    keep_jobs: Annotated[int, Field(ge=1, le=3650)] = 365  # and who started them
    audit: bool = False  # keeps a record of every answer; without a record there is no answer
    audit_users: bool = False  # the record also says who asked
    keep_audit: Annotated[int, Field(ge=1, le=3650)] = 365

    # Answers that are approved here (docs/prepared-questions.md)
    organisation: str = ""  # who checked an approved answer, as readers see it

    # Language model (optional, docs/models.md). Questions are sent to one only where `model` or
    # the base URL is set; a key by itself sends nothing.
    model: str = ""  # empty with a base URL: the only one that the server has
    checker: bool = True  # a model reads each sentence again, with the passages that it rests on
    checker_model: str = ""  # on the same server; empty: `model` itself
    openai_api_key: SecretStr = Field(
        default=SecretStr(""), validation_alias=_openai("OPENAI_API_KEY")
    )
    openai_base_url: str = Field(default="", validation_alias=_openai("OPENAI_BASE_URL"))
    azure_identity: bool = False  # a token of Entra ID in place of a key; needs azure-identity
    model_context: Annotated[int, Field(ge=512)] | None = None  # tokens; empty: as its server says
    collection: str = ""  # what the documents are, in the prompt; empty: by their areas
    unconfirmed: Unconfirmed = "show"  # sentences that were not confirmed
    reasoning_effort: str = ""  # such as "low"; this and the next two are sent only when set
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    answer_tokens: Annotated[int, Field(ge=1)] | None = None  # a reply's limit, reasoning included
    answer_timeout: Annotated[float, Field(gt=0)] = 90.0  # seconds, all tries and rewrites included

    # Logs, traces and notices to all readers (docs/observability.md)
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"  # of our records
    otlp_endpoint: Annotated[str, Field(pattern="^(https?://.+)?$")] = ""  # gRPC; empty: off
    notice: str = ""  # plain text above every page
    maintenance: str = ""  # plain text in place of every page, but for maintainers'

    # Sign-in and roles (docs/sign-in.md); where people sign in is in .streamlit/secrets.toml
    role_claim: str = ""  # the claim with the roles: "roles", "realm_access.roles"
    role_values: dict[Role, tuple[Entry, ...]] = Field(  # values of that claim, for each role
        default={"reader": ("reader",), "evaluator": ("evaluator",), "maintainer": ("maintainer",)},
        exclude=True,
        repr=False,  # may be personal data, as `role_members` is
    )
    role_members: dict[Role, tuple[Entry, ...]] = Field(  # verified e-mail addresses, subjects
        default={}, exclude=True, repr=False
    )
    default_role: Role | Literal["none"] = "reader"  # of people whom claim and lists do not name
    sign_in_hours: Annotated[float, Field(gt=0, le=720)] = 12.0  # then people sign in again
    visitor_role: Role | Literal["none"] = "reader"  # without sign-in, from another machine

    # HTTP API (docs/api.md); whose keys there are is in the database
    api_requests_per_minute: Annotated[int, Field(ge=1)] = 60  # of one key
    api_questions_at_once: Annotated[int, Field(ge=1, le=100)] = 8  # of one key; twice that of all
    # Names, besides local ones, by which an app that listens on loopback, and /mcp, may be called
    allowed_hosts: tuple[Entry, ...] = ()  # as in the header Host, with any port

    def __init__(self, **values: Any) -> None:
        self._refuse_unknown_names(set(values))
        try:
            super().__init__(**values)
        except ValidationError as error:  # its values may be secret, and are not repeated
            lines = [
                ": ".join(filter(None, (".".join(map(str, problem["loc"])), problem["msg"])))
                for problem in error.errors(include_input=False, include_url=False)
            ]
            listed = "\n  ".join(lines)
            raise SettingsError(f"A setting is wrong; {_REMEDY}:\n  {listed}") from None
        except NoJsonError as error:  # its cause has the value, its message only the name
            raise SettingsError(
                f"A setting is no JSON, or its file no UTF-8; {_REMEDY}: {error}"
            ) from None

    @classmethod
    def sources(cls) -> Hashable:
        """A key that changes when the environment, `.env` or a secret file does."""
        states = []
        for file in filter(None, (cls._env_file(), *cls._secret_files())):
            with suppress(FileNotFoundError):  # it was removed just now
                found = file.stat()  # of what a link leads to, as secrets are often swapped by one
                states.append((file, found.st_mtime_ns, found.st_size, found.st_ino))
        return frozenset(os.environ.items()), frozenset(states)

    @classmethod
    def _env_file(cls) -> Path | None:
        file = cls.model_config.get("env_file")
        return file if isinstance(file, Path) and file.is_file() else None

    @classmethod
    def _secret_files(cls) -> Iterator[Path]:
        folders = cls.model_config.get("secrets_dir")
        for folder in folders if isinstance(folders, tuple) else ():
            with suppress(FileNotFoundError):  # it was taken away while this process runs
                yield from Path(folder).iterdir()

    @classmethod
    def _refuse_unknown_names(cls, given: set[str]) -> None:
        names = list(os.environ)
        if file := cls._env_file():
            lines = file.read_text("utf-8").splitlines()
            names += [line.split("=", 1)[0].removeprefix("export ").strip() for line in lines]
        names += [file.name.upper() for file in cls._secret_files()]
        ours = {name.removeprefix(PREFIX).lower() for name in names if name.startswith(PREFIX)}
        if unknown := sorted((ours | given) - set(cls.model_fields)):
            raise SettingsError(
                f"Unknown setting: {', '.join(unknown)}. The settings are listed in "
                "core/settings.py; what to do about those of earlier versions, in CHANGELOG.md."
            )

    @field_validator("temperature", "answer_tokens", "model_context", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator(*("chroma_url", "openai_base_url", "embeddings_url"), "otlp_endpoint")
    @classmethod
    def _no_secret(cls, url: str, info: ValidationInfo) -> str:
        """Refuses a password or query: HTTP clients log the addresses they request, and runs store
        them."""
        is_chroma = info.field_name == "chroma_url"
        instead = f"set {'chroma_user and chroma_token' if is_chroma else 'the API key'} instead"
        if "@" in url.partition("://")[2].partition("/")[0]:
            raise ValueError(
                f"the address holds a user name or password. Take it out and {instead}"
            )
        if "?" in url or "#" in url:
            raise ValueError(
                "the address holds a query, where a key would be logged. Take out what begins with "
                f"? or # and {instead}"
            )
        return url

    @field_validator("allowed_hosts")
    @classmethod
    def _are_names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(map(name_of, hosts))
        if not all(names):
            raise ValueError("write names alone, without https:// or a path: wijzer.example.eu")
        return names

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, url: SecretStr) -> SecretStr:
        """Refuses another kind of database, and an @ in the password: part of it would become the
        name of a host, which errors repeat."""
        address = url.get_secret_value()
        if address and not address.startswith("postgresql://"):
            raise ValueError("the address is not one of PostgreSQL: postgresql://user@host/name")
        if address.count("@") > 1:
            raise ValueError("the address has more than one @. Write one in a password as %40")
        return url

    @property
    def largest_file(self) -> int:
        """How many bytes a source text may have."""
        return self.max_file_size * MEGABYTE

    @property
    def generative(self) -> bool:
        """Whether questions are sent to a language model."""
        return bool(self.model or self.openai_base_url)

    @property
    def model_label(self) -> str:
        """The display name of the model: its name, else its server's address."""
        return self.model or self.openai_base_url


def current() -> Settings:
    """The current settings, of which `AT_START` are as when this process first read them; read
    again only when the environment, `.env` or a secret file has changed. Raises SettingsError: as
    `Settings`."""
    return _read(Settings.sources())


def environment_of_jobs() -> dict[str, str]:
    """The environment of a process that is to work on the `PLACES` of this one, whatever `.env`
    says by now. Errors as of `current`."""
    made = dict(os.environ)
    for name, value in changed(at_start(), Settings(), PLACES).items():
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        made[f"{PREFIX}{name.upper()}"] = text
    return made


@functools.cache
def at_start() -> Settings:
    """The settings as this process first read them."""
    return Settings()


@functools.lru_cache(maxsize=1)
def _read(sources: Hashable) -> Settings:
    del sources  # only the key of the cache
    now = Settings()
    if kept := changed(at_start(), now, AT_START):
        logger.warning("Changed, but not in use before the next start: %s", ", ".join(kept))
    return now.model_copy(update=kept)


def changed(first: BaseModel, now: BaseModel, names: Iterable[str]) -> dict[str, Any]:
    """The settings that are not as they were first, with their first values."""
    return {
        name: getattr(first, name) for name in names if getattr(first, name) != getattr(now, name)
    }


def includes(role: Role, wanted: Role) -> bool:
    """Whether a role is this one, or includes it."""
    return _ORDER.index(role) >= _ORDER.index(wanted)
