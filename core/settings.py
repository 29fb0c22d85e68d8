"""Every setting of the project, and the only reader of the environment.

A setting is a field of `Settings`, an environment variable `STRATEGIEWIJZER_<FIELD>` (lists, paths
and tables: as JSON), a line of `.env` or a file of that name among the secrets of a container or of
systemd. OpenAI's own names are honoured as they are. The first of these wins: argument,
environment, `.env`, secret file, default.
"""

import functools
import os
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
from pydantic_settings import BaseSettings, SettingsConfigDict

from core import wrong_settings
from core.errors import SettingsError

PREFIX = "STRATEGIEWIJZER_"
ROOT = Path(__file__).resolve().parent.parent

Role = Literal["reader", "evaluator", "maintainer"]
"""A role includes those before it."""
Entry = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _secret_folders() -> tuple[Path, ...]:
    """Where Docker, Podman and systemd put secrets as files, as far as this process may read it."""
    places = ("/run/secrets", os.environ.get("CREDENTIALS_DIRECTORY", ""))
    return tuple(Path(p) for p in places if os.path.isdir(p) and os.access(p, os.R_OK | os.X_OK))


def _openai_name(name: str) -> Any:
    """A field that is also read under OpenAI's own environment variable."""
    return AliasChoices(name, f"{PREFIX}{name}".lower(), name.lower())


class Settings(BaseSettings):
    """The settings of one process; immutable.

    Raises:
        SettingsError: a value is wrong or a name is unknown; secrets are never repeated.
    """

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
    max_file_size: Annotated[int, Field(ge=1)] = 100  # megabytes; larger source texts are refused

    # Limits of the worker process that reads files
    parse_timeout: Annotated[float, Field(gt=0)] = 120.0  # seconds for one file
    parse_memory: Annotated[int, Field(ge=512)] = 2048  # megabytes, of which 250 for the program

    # Index
    keep_generations: Annotated[int, Field(ge=1)] = 3
    embeddings_url: str = ""  # empty: the local embedder; else an OpenAI-compatible server
    embeddings_model: str = "text-embedding-3-small"
    embeddings_api_key: SecretStr = SecretStr("")
    embeddings_query_prefix: str = ""  # prefix of a question: E5 "query: "
    embeddings_passage_prefix: str = ""  # prefix of a source text: E5 "passage: "

    # Reranking (optional): questions and the passages found for them then go to this server
    rerank_url: str = ""  # the whole address, such as http://localhost:8080/rerank; empty: off
    rerank_model: str = ""  # empty: text-embeddings-inference, which serves one model
    rerank_api_key: SecretStr = SecretStr("")

    # Answers
    results: Annotated[int, Field(ge=1, le=50)] = 6  # passages an answer is made from
    default_language: str = "nl"  # when a question's language cannot be told
    refuse_below: Annotated[float, Field(ge=0, le=1)] = 0.50  # confidence; docs/refusal.svg

    # Conversations (docs/chat.md)
    keep_conversations: Annotated[int, Field(ge=0, le=3650)] = 90  # days; 0: only while in use

    # Language model (optional, docs/models.md). Questions are sent to one only where `model`, the
    # base URL or the Azure endpoint is set; a key by itself sends nothing.
    model: str = ""  # empty with a base URL: the only one that the server has
    checker: bool = True  # a model reads each sentence again, with its evidence alone
    checker_model: str = ""  # on the same server; empty: `model` itself
    openai_api_key: SecretStr = Field(
        SecretStr(""), validation_alias=_openai_name("OPENAI_API_KEY")
    )
    openai_base_url: str = Field("", validation_alias=_openai_name("OPENAI_BASE_URL"))
    azure_endpoint: str = ""  # Azure's older form, with `model` as deployment; v1 is a base URL
    azure_api_version: str = "2024-10-21"
    azure_identity: bool = False  # a token of Entra ID in place of a key; needs azure-identity
    model_context: Annotated[int, Field(ge=512)] = 8192  # tokens: rules, passages and answer
    structured_answers: bool = True  # ask for JSON; a server that refuses is asked for text
    reasoning_effort: str = ""  # such as "low"; this and the next two are sent only when set
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    answer_tokens: Annotated[int, Field(ge=1)] | None = None  # a reply's limit, reasoning included
    answer_timeout: Annotated[float, Field(gt=0)] = 90.0  # seconds, all tries and rewrites included
    langsmith_tracing: bool = False  # questions, passages and answers go to LangSmith

    # Sign-in and roles (docs/sign-in.md); where people sign in is in .streamlit/secrets.toml
    role_claim: str = ""  # the claim with the roles: "roles", "realm_access.roles"
    role_values: dict[Role, tuple[Entry, ...]] = Field(  # values of that claim, for each role
        {"reader": ("reader",), "evaluator": ("evaluator",), "maintainer": ("maintainer",)},
        exclude=True,
        repr=False,  # may be personal data, as `role_members` is
    )
    role_members: dict[Role, tuple[Entry, ...]] = Field(  # verified e-mail addresses, or subjects
        {},
        exclude=True,
        repr=False,  # personal data: no run or log keeps them
    )
    default_role: Role | Literal["none"] = "reader"  # of people whom claim and lists do not name
    sign_in_hours: Annotated[float, Field(gt=0, le=720)] = 12.0  # then people sign in again
    visitor_role: Role | Literal["none"] = "reader"  # without sign-in, from another machine

    @field_validator("temperature", "answer_tokens", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator(
        "chroma_url", "openai_base_url", "azure_endpoint", "embeddings_url", "rerank_url"
    )
    @classmethod
    def _no_secret(cls, url: str, info: ValidationInfo) -> str:
        """Refuses a password or query in an address: HTTP clients log the addresses they request,
        and runs store them. Chroma's may hold a password."""
        if info.field_name != "chroma_url" and "@" in url.partition("://")[2].partition("/")[0]:
            raise ValueError(
                "the address holds a user name or password. Take it out and set the API key instead"
            )
        if "?" in url or "#" in url:
            raise ValueError(
                "the address holds a query, where a key would be logged. Take out what begins with "
                "? or # and set the API key instead"
            )
        return url

    def __init__(self, **values: Any) -> None:
        _refuse_unknown_names(set(values))
        with wrong_settings.told():
            super().__init__(**values)

    @model_validator(mode="after")
    def _azure_is_whole(self) -> Self:
        if self.azure_endpoint and self.openai_base_url:
            raise ValueError("azure_endpoint and openai_base_url are both set. Leave one of them")
        if self.azure_endpoint and not self.model:
            raise ValueError("azure_endpoint needs the name of a deployment. Set model to it")
        return self

    @property
    def generative(self) -> bool:
        """Whether questions are sent to a language model."""
        return bool(self.model or self.openai_base_url or self.azure_endpoint)

    @property
    def model_label(self) -> str:
        """The display name of the model: its name, else its server's address."""
        return self.model or self.openai_base_url


def current() -> Settings:
    """The current settings; read again only when the environment or `.env` has changed.

    Raises:
        SettingsError: as `Settings`.
    """
    file = Settings.model_config.get("env_file")
    state = None
    if isinstance(file, Path) and file.is_file():
        found = file.stat()
        state = found.st_mtime_ns, found.st_size, found.st_ino
    return _read(frozenset(os.environ.items()), state)


@functools.lru_cache(maxsize=1)
def _read(environment: frozenset[tuple[str, str]], file: tuple[int, int, int] | None) -> Settings:
    del environment, file  # only keys of the cache
    return Settings()


def _refuse_unknown_names(given: set[str]) -> None:
    names = list(os.environ)
    env_file = Settings.model_config.get("env_file")
    if isinstance(env_file, Path) and env_file.is_file():
        lines = env_file.read_text("utf-8").splitlines()
        names += [line.split("=", 1)[0].removeprefix("export ").strip() for line in lines]
    folders = Settings.model_config.get("secrets_dir")
    for folder in folders if isinstance(folders, tuple) else ():
        names += [file.name.upper() for file in Path(folder).iterdir()]
    ours = {name.removeprefix(PREFIX).lower() for name in names if name.startswith(PREFIX)}
    unknown = sorted((ours | given) - set(Settings.model_fields))
    if unknown:
        raise SettingsError(
            f"Unknown setting: {', '.join(unknown)}. The settings are listed in core/settings.py."
        )
