"""What the routes work with: one for each application."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.answer_streams import AnswerStreams
from api.threads import Pool
from chain.assistant import Assistant
from core.settings import Settings


@dataclass(frozen=True)
class Service:
    """The parts that all routes share.

    assistant: gives the one of pages and API; blocks, so call it in a `Pool`.
    settings: gives the current ones.
    answers: begins answers.
    reading: where searching and reading is done.
    """

    assistant: Callable[[], Assistant]
    settings: Callable[[], Settings]
    answers: AnswerStreams
    reading: Pool


def service(request: Request) -> Service:
    found = request.app.state.service
    assert isinstance(found, Service)  # noqa: S101 - set where the application is made
    return found


TheService = Annotated[Service, Depends(service)]
