"""How long a reader waits: python -m tests.support.page_timings (needs an index and a browser).

Measured in a real browser on the index of `data_dir`, which is copied first, without a model:

    fresh   from opening the address of an app that has just started to a question field that
            takes input, nobody having opened it before
    warm    the same, when somebody has
    word    from pressing Enter to the first word of the answer on the page
    whole   from pressing Enter to the whole answer, with what can be done with it
    open    from choosing a conversation of five answers in the list to its last answer
    new     from choosing to start a new conversation to the examples to begin with

The medians are of 10, with the slowest beside them; the exit status is 1 when a median is over
its bound.
"""

import functools
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from core.settings import Settings
from tests.support.browser import ask, field, opened, served, started

TIMES = 10
PAUSE = 1500  # milliseconds, as what follows an answer is made after it
BOUNDS = {"fresh": 2.0, "warm": 2.0, "word": 0.25, "whole": 0.5, "open": 0.6, "new": 0.6}  # seconds
QUESTIONS = [
    "Hoeveel meldingen van online kindermisbruik waren er in 2019?",
    "Hoeveel is de drugsmarkt in Europa waard?",
    "Wat is EMPACT?",
    "Hoe worden vuurwapens de EU in gesmokkeld?",
    "Wat zijn de vier prioriteiten van de strategie voor de veiligheidsunie?",
]
# Notes in the page itself when what is waited for is there: asking from outside takes longer.
WATCH = """(waited) => {
    const number = (selector) => document.querySelectorAll(selector).length;
    const before = number(".sw-answer, .sw-refusal");
    const copies = number("[class*='-copy']");
    const come = {
        word: () => {
            const answers = document.querySelectorAll(".sw-answer, .sw-refusal");
            return answers.length > before && answers[answers.length - 1].textContent.trim();
        },
        whole: () => number("[class*='st-key-stop-']") === 0 && number("[class*='-copy']") > copies,
        open: () => number("[class*='st-key-turn-'] [class*='-copy']") >= 5,
        new: () => number("[class*='st-key-turn-']") === 0
            && number(".st-key-plain-example-0") === 1,
    };
    window.waited = new Promise((told) => {
        let start = 0;
        const times = {};
        const begin = (event) => {
            if (event.type === "click" || event.key === "Enter") start ||= performance.now();
        };
        for (const kind of ["keydown", "click"]) addEventListener(kind, begin, {capture: true});
        const watcher = new MutationObserver(() => {
            if (!start) return;
            for (const what of waited) {
                if (!(what in times) && come[what]()) {
                    times[what] = (performance.now() - start) / 1000;
                }
            }
            if (Object.keys(times).length === waited.length) {
                watcher.disconnect();
                told(times);
            }
        });
        const changes = {childList: true, subtree: true, characterData: true, attributes: true};
        watcher.observe(document.body, changes);
    });
}"""


def until_ready(browser: Browser, address: str) -> float:
    """Seconds until the field for a question takes input, in a browser without a cache."""
    start = time.perf_counter()
    with opened(browser, address) as page:
        expect(field(page)).to_be_enabled()
        return time.perf_counter() - start


def watched(page: Page, waited: tuple[str, ...], action: Callable[[], None]) -> dict[str, float]:
    """Seconds from an action in the page to what is waited for, by its name."""
    page.evaluate(WATCH, waited)
    action()
    return dict(page.evaluate("() => window.waited"))


def in_conversation(browser: Browser, address: str) -> Iterator[dict[str, float]]:
    """What five questions took, then a new conversation, and the one of the five opened again."""
    with opened(browser, address) as page:
        for question in QUESTIONS:
            expect(field(page)).to_be_enabled()
            yield watched(page, ("word", "whole"), functools.partial(ask, page, question))
            page.wait_for_timeout(PAUSE)
        yield watched(page, ("new",), page.locator(".st-key-new button").click)
        page.wait_for_timeout(PAUSE)
        kept = page.locator("[class*='st-key-plain-open-'] button").first
        yield watched(page, ("open",), kept.click)


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
            for _ in range(TIMES):
                taken["warm"].append(until_ready(browser, address))
                for times in in_conversation(browser, address):
                    for name, seconds in times.items():
                        taken[name].append(seconds)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    for name, bound in BOUNDS.items():
        slowest = max(taken[name])
        line = f"{name:6} median {medians[name]:.2f} s, slowest {slowest:.2f} s, bound {bound} s"
        sys.stdout.write(f"{line}\n")
    return int(any(medians[name] > bound for name, bound in BOUNDS.items()))


if __name__ == "__main__":
    sys.exit(main())
