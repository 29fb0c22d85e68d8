"""Data types, settings and errors that all packages share; imports no other package of ours."""

VERSION = "0.3.0"
