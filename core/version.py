"""The version of the product; pyproject.toml takes it from here."""

VERSION = "0.2.0"
