"""`python -m eval compare A B`: which questions moved between two runs, and how surely?"""

import argparse

from core.settings import Settings
from eval import run_report, runs
from eval.commands.terminal import show
from eval.gate import compare


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
    show(run_report.changes(compare(before, now)))
    return 0
