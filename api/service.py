"""What the routes work with: one for each application."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response
from pydantic import BaseModel

from api.answer_streams import AnswerStreams
from api.threads import Pool
from chain.assistant import Assistant
from core.settings import Settings
from vectorstore.chroma import GenerationGone


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

    async def read(self, work: Callable[[], BaseModel]) -> Response:
        """What comes of work on the index, as JSON. Both are made in a thread: a long document
        would keep the event loop from the pages."""

        def made() -> str:
            try:
                return work().model_dump_json()
            except GenerationGone:  # replaced meanwhile: the next look finds the one in use
                return work().model_dump_json()

        return Response(await self.reading.run(made), media_type="application/json")


def service(request: Request) -> Service:
    found = request.app.state.service
    assert isinstance(found, Service)  # noqa: S101 - set where the application is made
    return found


TheService = Annotated[Service, Depends(service)]
