"""Whether questions can be answered now."""

import asyncio
from collections.abc import Callable

from api.threads import Pool
from chain.assistant import Assistant
from core.errors import StrategiewijzerError
from core.settings import Settings
from people.api_keys import found, hash_of

_LONGEST = 10.0  # seconds for a look; a server of a database that hangs is waited for longer


class Readiness:
    """Looks whether there is all that a question by the API takes: settings, the keys, the index.

    Anybody may ask, so there is one look at a time: whoever comes meanwhile gets what it finds.

    Args:
        assistant: gives the one of pages and API.
        settings: gives the current ones.
    """

    def __init__(
        self, assistant: Callable[[], Assistant], settings: Callable[[], Settings]
    ) -> None:
        self._assistant = assistant
        self._settings = settings
        self._thread = Pool(1)
        self._looking: asyncio.Task[None] | None = None

    async def check(self) -> None:
        """
        Raises:
            StrategiewijzerError: what lacks, or the look takes too long; it goes on then, for
                whoever asks next.
        """
        looking = self._looking
        if looking is None or looking.done():
            looking = self._looking = asyncio.create_task(self._thread.run(self._look))
            # An error that came too late for all who asked is no error of the event loop.
            looking.add_done_callback(lambda done: done.cancelled() or done.exception())
        await asyncio.wait([looking], timeout=_LONGEST)
        if not looking.done():
            raise StrategiewijzerError(
                f"The database or the index has not replied within {_LONGEST:.0f} seconds. Look at "
                "both with: ./strategiewijzer doctor"
            )
        looking.result()

    def _look(self) -> None:
        found(self._settings(), hash_of(""))  # as the key of a request is looked up
        self._assistant().index.snapshot()
