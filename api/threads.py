"""Work that blocks is done in threads of the API's own: the event loop, and the threads that the
server has for files, go on serving the pages."""

from collections.abc import Callable
from typing import TypeVar

import anyio
import anyio.to_thread

_T = TypeVar("_T")


class Pool:
    """At most so many threads at once; who comes later waits."""

    def __init__(self, size: int) -> None:
        self._limiter = anyio.CapacityLimiter(size)

    async def run(self, work: Callable[[], _T]) -> _T:
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)
