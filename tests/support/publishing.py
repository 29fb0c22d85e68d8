"""What happens just before a run of ingest publishes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from vectorstore.generations import Generations


@contextmanager
def before_publishing(action: Callable[[], object]) -> Iterator[None]:
    """Calls `action` once, when the next run has built a generation and not published it yet."""
    with pytest.MonkeyPatch.context() as patch:

        def after_action(generations: Generations, generation_id: str) -> None:
            patch.undo()  # the action may publish itself
            action()
            generations.publish(generation_id)

        patch.setattr(Generations, "publish", after_action)
        yield
