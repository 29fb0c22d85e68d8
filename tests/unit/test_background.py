"""What threads share."""

import threading
from concurrent.futures import ThreadPoolExecutor

from core.background import once


def test_what_is_made_once_is_made_once_for_threads_that_ask_at_once() -> None:
    made: list[object] = []
    asking, second = threading.Barrier(4), threading.Event()

    @once
    def thing() -> object:
        made.append(object())
        if len(made) > 1:
            second.set()
        second.wait(0.2)  # others come in meanwhile, if they can
        return made[-1]

    def asked(_: int) -> object:
        asking.wait()
        return thing()

    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(asked, range(4)))
    assert found == made * 4
    thing.cache_clear()
    assert thing() is made[1]
