"""YAML, read by libyaml: without it, reading takes ten times as long."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core.errors import PromptError

_Schema = TypeVar("_Schema", bound=BaseModel)

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(content: str | bytes) -> Any:
    """The plain data of a YAML file; tags that would make other objects are refused. Raises
    yaml.YAMLError: it is not YAML."""
    return yaml.load(content, LOADER)  # noqa: S506 - both are safe


def checked(path: Path, schema: type[_Schema]) -> _Schema:
    """The content of a file of the product. Raises PromptError: the file has wrong or missing
    entries."""
    try:
        return schema.model_validate(read_yaml(path.read_text("utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise PromptError(f"{path} is not in form: {error}") from None
