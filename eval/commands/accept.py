"""`python -m eval accept RUN`: make a run the one that others may not be worse than."""

import argparse

from core.settings import Settings
from eval import runs


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m eval accept",
        description="Make a run the one that others may not be worse than. Without RUN, list them.",
    )
    parser.add_argument("run", nargs="?", metavar="RUN", help='its name in data/runs, or "last"')
    options = parser.parse_args(arguments)
    folder = Settings().data_dir
    if options.run:
        runs.accept(folder, runs.resolve(options.run, folder).name)
    chosen = runs.accepted(folder)
    for name in runs.listed(folder):
        print(f"{name}  accepted" if name == chosen else name)
    return 0
