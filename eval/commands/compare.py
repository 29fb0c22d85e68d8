"""`python -m eval compare A B`: which questions moved between two runs, and how surely?"""

import argparse

from rich.console import Console

from core.settings import Settings
from eval import runs
from eval.commands.tables import comparison_tables
from eval.compare import compare


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m eval compare",
        description=__doc__,
        epilog='A run is its name in data/runs, its folder, or "last", "previous" or "accepted".',
    )
    parser.add_argument("before", metavar="A", help="the earlier run")
    parser.add_argument("now", metavar="B", help="the later run")
    options = parser.parse_args(arguments)
    folder = Settings().data_dir
    before, now = (runs.read(runs.resolve(name, folder)) for name in (options.before, options.now))
    comparison = compare(before, now)
    console = Console()
    for table in comparison_tables(comparison):
        console.print(table)
    left_out = comparison.only_before + comparison.only_now
    if left_out:
        console.print(f"{left_out} questions are only in one of the runs and left out.")
    return 0
