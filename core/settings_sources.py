"""Where settings come from; the only reader of the environment."""

import os
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as NoJsonError

from core.errors import SettingsError

PREFIX = "STRATEGIEWIJZER_"
ROOT = Path(__file__).resolve().parent.parent
_REMEDY = "correct it in the environment, in .env or in its secret file"


def _secret_folders() -> tuple[Path, ...]:
    """Where Docker, Podman and systemd put secrets as files, as far as this process may read it."""
    places = ("/run/secrets", os.environ.get("CREDENTIALS_DIRECTORY", ""))
    return tuple(Path(p) for p in places if os.path.isdir(p) and os.access(p, os.R_OK | os.X_OK))


class SettingsSources(BaseSettings):
    """Reads fields from arguments, the environment, `.env` and secret files.

    Raises:
        SettingsError: a value is wrong, a secret file cannot be read, or a name is unknown;
            secrets are never repeated.
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

    def __init__(self, **values: Any) -> None:
        self._refuse_unknown_names(set(values))
        with _told():
            super().__init__(**values)

    @classmethod
    def sources(cls) -> Hashable:
        """A key that changes when the environment or `.env` does."""
        state = None
        if file := cls._env_file():
            found = file.stat()
            state = found.st_mtime_ns, found.st_size, found.st_ino
        return frozenset(os.environ.items()), state

    @classmethod
    def environment(cls, values: Mapping[str, SecretStr | Path | str]) -> dict[str, str]:
        """The environment of this process, with these values of settings in place of others."""
        texts = {
            f"{PREFIX}{name.upper()}": one.get_secret_value()
            if isinstance(one, SecretStr)
            else str(one)
            for name, one in values.items()
        }
        return {**os.environ, **texts}

    @classmethod
    def _env_file(cls) -> Path | None:
        file = cls.model_config.get("env_file")
        return file if isinstance(file, Path) and file.is_file() else None

    @classmethod
    def _refuse_unknown_names(cls, given: set[str]) -> None:
        names = list(os.environ)
        if file := cls._env_file():
            lines = file.read_text("utf-8").splitlines()
            names += [line.split("=", 1)[0].removeprefix("export ").strip() for line in lines]
        folders = cls.model_config.get("secrets_dir")
        for folder in folders if isinstance(folders, tuple) else ():
            names += [file.name.upper() for file in Path(folder).iterdir()]
        ours = {name.removeprefix(PREFIX).lower() for name in names if name.startswith(PREFIX)}
        if unknown := sorted((ours | given) - set(cls.model_fields)):
            raise SettingsError(
                f"Unknown setting: {', '.join(unknown)}. The settings are listed in "
                "core/settings.py."
            )


@contextmanager
def _told() -> Iterator[None]:
    """Tells of a wrong setting without its value, which may be a secret."""
    try:
        yield
    except ValidationError as error:
        lines = [
            ": ".join(filter(None, (".".join(map(str, problem["loc"])), problem["msg"])))
            for problem in error.errors(include_input=False, include_url=False)
        ]
        raise SettingsError(f"A setting is wrong; {_REMEDY}:\n  " + "\n  ".join(lines)) from None
    except NoJsonError as error:  # its cause has the value, its message only the name
        raise SettingsError(
            f"A setting is no JSON, or its file no UTF-8; {_REMEDY}: {error}"
        ) from None
