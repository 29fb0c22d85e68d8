"""Every route of the API against its own description: all checks of schemathesis, in process.

That wrong data is refused is checked of bodies: in an address all is text, so what schemathesis
puts there in place of a text is one. The examples are the same at every run; to search longer,
raise their number and take `derandomize` away.
"""

from collections.abc import Iterator

import hypothesis
import pytest
import schemathesis
from schemathesis import Case

from api import key_access
from api.application import application
from chain.assistant import Assistant
from core.settings import Settings
from tests.support.api_server import bearer, key

_EXAMPLES = 40  # of each route: about half a minute in all


class _Made:
    """What the application works with; made when a test runs, as its routes are asked before."""

    assistant: Assistant
    settings: Settings
    headers: dict[str, str]


app = application(lambda: _Made.assistant, lambda: _Made.settings)
schema = schemathesis.openapi.from_dict(app.openapi())
schema.app = app


@pytest.fixture(autouse=True, scope="module")
def _made(settings: Settings) -> Iterator[None]:
    _Made.settings = settings.model_copy(update={"api_requests_per_minute": 1_000_000})
    _Made.assistant = Assistant(_Made.settings)
    _Made.headers = bearer(key(_Made.settings))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(key_access, "_TRIES", 1_000_000)  # each route is tried with wrong keys
        yield


@schema.parametrize()
@hypothesis.settings(max_examples=_EXAMPLES, deadline=None, derandomize=True, database=None)
@pytest.mark.long
def test_every_route_keeps_to_its_description(case: Case) -> None:
    in_body = bool(case.operation.body)
    left_out = [] if in_body else [schemathesis.checks.negative_data_rejection]
    case.call_and_validate(headers=_Made.headers, excluded_checks=left_out)
