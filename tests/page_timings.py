"""How long a reader waits: python -m tests.page_timings (needs an index and a browser).

Measured in a real browser on the index of `data_dir`, which is copied first, without a model:

    fresh   from opening the address of an app that has just started to a question field that
            takes input, nobody having opened it before
    warm    the same, when somebody has
    word    from pressing Enter to the first word of the answer on the page

The medians are of 10, with the slowest beside them; the exit status is 1 when a median is over
its bound.
"""

import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, expect

from core.settings import Settings
from tests.browser import ask, opened, served, started

TIMES = 10
BOUNDS = {"fresh": 2.0, "warm": 2.0, "word": 0.5}  # seconds
QUESTIONS = [
    "Hoeveel meldingen van online kindermisbruik waren er in 2019?",
    "Hoeveel is de drugsmarkt in Europa waard?",
    "Wat is EMPACT?",
    "Hoe worden vuurwapens de EU in gesmokkeld?",
    "Wat zijn de vier prioriteiten van de strategie voor de veiligheidsunie?",
]
# Notes in the page itself when the first word is there: asking from outside takes longer.
WATCH = """() => {
    const before = document.querySelectorAll(".sw-answer").length;
    addEventListener("keydown", (event) => {
        if (event.key === "Enter") window.pressed = performance.now();
    }, {capture: true});
    window.waited = null;
    const watcher = new MutationObserver(() => {
        const answers = document.querySelectorAll(".sw-answer, .sw-refusal");
        if (answers.length > before && answers[answers.length - 1].textContent.trim()) {
            window.waited = (performance.now() - window.pressed) / 1000;
            watcher.disconnect();
        }
    });
    watcher.observe(document.body, {childList: true, subtree: true, characterData: true});
}"""


def until_ready(browser: Browser, address: str) -> float:
    """Seconds until the field for a question takes input, in a browser without a cache."""
    start = time.perf_counter()
    with opened(browser, address) as page:
        expect(page.get_by_placeholder(re.compile("Stel uw vraag"))).to_be_enabled()
        return time.perf_counter() - start


def until_first_word(browser: Browser, address: str, question: str) -> float:
    """Seconds from Enter to the first word of the answer, in a new conversation."""
    with opened(browser, address) as page:
        expect(page.get_by_placeholder(re.compile("Stel uw vraag"))).to_be_enabled()
        page.evaluate(WATCH)
        ask(page, question)
        return float(page.wait_for_function("window.waited").json_value())


def main() -> int:
    with tempfile.TemporaryDirectory() as folder, started() as browser:
        data = Path(folder) / "data"
        shutil.copytree(Settings().data_dir, data)
        log = Path(folder) / "log"
        taken: dict[str, list[float]] = {name: [] for name in BOUNDS}
        for _ in range(TIMES):
            with served(data, log) as address:
                taken["fresh"].append(until_ready(browser, address))
        with served(data, log) as address:
            until_ready(browser, address)
            for number in range(TIMES):
                taken["warm"].append(until_ready(browser, address))
                question = QUESTIONS[number % len(QUESTIONS)]
                taken["word"].append(until_first_word(browser, address, question))
    medians = {name: statistics.median(times) for name, times in taken.items()}
    for name, bound in BOUNDS.items():
        slowest = max(taken[name])
        line = f"{name:6} median {medians[name]:.2f} s, slowest {slowest:.2f} s, bound {bound} s"
        sys.stdout.write(f"{line}\n")
    return int(any(medians[name] > bound for name, bound in BOUNDS.items()))


if __name__ == "__main__":
    sys.exit(main())
