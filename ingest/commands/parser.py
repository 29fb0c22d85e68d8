"""The argument parser that every command starts from."""

import argparse

from ingest import commands


def command_parser(command: str = "") -> argparse.ArgumentParser:
    """A parser that knows the name of its command (empty: the sync itself)."""
    return argparse.ArgumentParser(
        prog=f"python -m ingest {command}".strip(),
        description=commands.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
