"""Tells of a wrong setting without its value, which may be a secret."""

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError
from pydantic_settings import SettingsError as NoJsonError

from core.errors import SettingsError

_REMEDY = "correct it in the environment, in .env or in its secret file"


@contextmanager
def told() -> Iterator[None]:
    """Translates what goes wrong while settings are read.

    Raises:
        SettingsError: a value is wrong, or a secret file cannot be read.
    """
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
