"""The base of all data types."""

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """Base of all data types: immutable, and unknown keys are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")
