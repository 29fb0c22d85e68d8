"""YAML files of words, checked against a schema."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from core.errors import PromptError

_Schema = TypeVar("_Schema", bound=BaseModel)


def checked(path: Path, schema: type[_Schema]) -> _Schema:
    """The content of a file of the product.

    Raises:
        PromptError: the file has wrong or missing entries.
    """
    try:
        return schema.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise PromptError(f"{path} is not in form: {error}") from None
