"""Every setting of the project.

A setting is a field of `Settings`, an environment variable `STRATEGIEWIJZER_<FIELD>` (lists, paths
and tables: as JSON), a line of `.env` or a file of that name among the secrets of a container or of
systemd (core/settings_sources.py). OpenAI's own names are honoured as they are. The first of these
wins: argument, environment, `.env`, secret file, default. What changes while a program runs holds
from the next question on, but for core/settings_at_start.py.
"""

import functools
import logging
from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AliasChoices,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from core.host_names import name_of
from core.server_addresses import check_postgresql, without_secret
from core.settings_at_start import AT_START, PLACES, changed
from core.settings_sources import PREFIX, ROOT, SettingsSources

__all__ = [
    "PREFIX",
    "ROOT",
    "Entry",
    "Role",
    "Settings",
    "Unconfirmed",
    "current",
    "environment_of_jobs",
]

logger = logging.getLogger(__name__)

Role = Literal["reader", "evaluator", "maintainer"]
"""A role includes those before it."""
Unconfirmed = Literal["show", "fold", "hide"]
"""What becomes of a model's sentences that were not confirmed."""
Entry = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _openai(name: str) -> Any:
    """A field that is also read under OpenAI's own environment variable."""
    return AliasChoices(name, f"{PREFIX}{name}".lower(), name.lower())


class Settings(SettingsSources):
    """The settings of one process; immutable.

    Raises:
        SettingsError: a value is wrong or a name is unknown; secrets are never repeated.
    """

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
    embeddings_requests: Annotated[int, Field(ge=1, le=64)] = 4  # under way at once, by an ingest
    embeddings_query_prefix: str = ""  # prefix of a question: E5 "query: "
    embeddings_passage_prefix: str = ""  # prefix of a source text: E5 "passage: "

    # Reranking (optional): questions and the passages found for them then go to this server
    rerank_url: str = ""  # the whole address, such as http://localhost:8080/rerank; empty: off
    rerank_model: str = ""  # empty: text-embeddings-inference, which serves one model
    rerank_api_key: SecretStr = SecretStr("")

    # Answers and conversations (docs/chat.md)
    results: Annotated[int, Field(ge=1, le=50)] = 6  # passages an answer is made from
    default_language: str = "nl"  # when a question's language cannot be told
    refuse_below: Annotated[float, Field(ge=0, le=1)] = 0.30  # confidence; docs/decisions/0015

    # What is kept of people, in days (docs/privacy.md, docs/servers.md)
    database_url: SecretStr = SecretStr("")  # empty: in data_dir; else postgresql://user@host/name
    keep_conversations: Annotated[int, Field(ge=0, le=3650)] = 90  # and notes; 0: while in use
    keep_feedback: Annotated[int, Field(ge=1, le=3650)] = 365
    keep_questions: Annotated[int, Field(ge=0, le=3650)] = 0  # without who asked; 0: none is kept
    keep_jobs: Annotated[int, Field(ge=1, le=3650)] = 365  # and who started them
    audit: bool = False  # keeps a record of every answer; without a record there is no answer
    audit_users: bool = False  # the record also says who asked
    keep_audit: Annotated[int, Field(ge=1, le=3650)] = 365

    # Answers that are approved here (docs/prepared-questions.md)
    organisation: str = ""  # by whom readers are told that an answer was checked
    approve_by_two: bool = False  # an answer is given once a second maintainer has approved it

    # Language model (optional, docs/models.md). Questions are sent to one only where `model`, the
    # base URL or the Azure endpoint is set; a key by itself sends nothing.
    model: str = ""  # empty with a base URL: the only one that the server has
    checker: bool = True  # a model reads each sentence again, with the passages that it rests on
    checker_model: str = ""  # on the same server; empty: `model` itself
    openai_api_key: SecretStr = Field(
        default=SecretStr(""), validation_alias=_openai("OPENAI_API_KEY")
    )
    openai_base_url: str = Field(default="", validation_alias=_openai("OPENAI_BASE_URL"))
    azure_endpoint: str = ""  # Azure's older form, with `model` as deployment; v1 is a base URL
    azure_api_version: str = "2024-10-21"
    azure_identity: bool = False  # a token of Entra ID in place of a key; needs azure-identity
    model_context: Annotated[int, Field(ge=512)] | None = None  # tokens; empty: as its server says
    search_again: bool = True  # once more, for what the model says that the passages lack
    unconfirmed: Unconfirmed = "show"  # sentences that were not confirmed
    structured_answers: bool = True  # ask for JSON; a server that refuses is asked for text
    reasoning_effort: str = ""  # such as "low"; this and the next two are sent only when set
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    answer_tokens: Annotated[int, Field(ge=1)] | None = None  # a reply's limit, reasoning included
    answer_timeout: Annotated[float, Field(gt=0)] = 90.0  # seconds, all tries and rewrites included
    accept_questions: bool = False  # those a model wrote are in use without a person's yes
    langsmith_tracing: bool = False  # questions, passages and answers go to LangSmith

    # Logs, traces and what all readers are told (docs/observability.md)
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
    mcp_hosts: tuple[Entry, ...] = ()  # the earlier name of allowed_hosts; both count

    @field_validator("temperature", "answer_tokens", "model_context", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator(
        *("chroma_url", "openai_base_url", "azure_endpoint", "embeddings_url", "rerank_url"),
        "otlp_endpoint",
    )
    @classmethod
    def _no_secret(cls, url: str, info: ValidationInfo) -> str:
        is_chroma = info.field_name == "chroma_url"
        return without_secret(url, "chroma_user and chroma_token" if is_chroma else "the API key")

    @field_validator("allowed_hosts", "mcp_hosts")
    @classmethod
    def _are_names(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        names = tuple(map(name_of, hosts))
        if not all(names):
            raise ValueError("write names alone, without https:// or a path: wijzer.example.eu")
        return names

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, url: SecretStr) -> SecretStr:
        check_postgresql(url.get_secret_value())
        return url

    @model_validator(mode="after")
    def _azure_is_whole(self) -> Self:
        if self.azure_endpoint and self.openai_base_url:
            raise ValueError("azure_endpoint and openai_base_url are both set. Leave one of them")
        if self.azure_endpoint and not self.model:
            raise ValueError("azure_endpoint needs the name of a deployment. Set model to it")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """By which names, besides local ones, this app may be called."""
        return (*self.allowed_hosts, *self.mcp_hosts)

    @property
    def generative(self) -> bool:
        """Whether questions are sent to a language model."""
        return bool(self.model or self.openai_base_url or self.azure_endpoint)

    @property
    def model_label(self) -> str:
        """The display name of the model: its name, else its server's address."""
        return self.model or self.openai_base_url


def current() -> Settings:
    """The current settings, of which `AT_START` are as when this process first read them; read
    again only when the environment or `.env` has changed.

    Raises:
        SettingsError: as `Settings`.
    """
    return _read(Settings.sources())


def environment_of_jobs() -> dict[str, str]:
    """The environment of a process that is to work on the `PLACES` of this one, whatever `.env`
    says by now. Errors as of `current`."""
    return Settings.environment(changed(at_start(), Settings(), PLACES))


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
