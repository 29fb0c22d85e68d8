"""When to ask again, and after how long."""

import datetime
import email.utils

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_exponential,
    wait_random,
)


class TransientError(Exception):
    """What may go well the next time, after `wait` seconds if the server says how long."""

    def __init__(self, problem: str, wait: float | None = None) -> None:
        super().__init__(problem)
        self.wait = wait


def retrying(*, tries: int, budget: float, pause: float) -> Retrying:
    """Calls a function until it does not raise `TransientError`; the last one is passed on.

    Args:
        tries: how often it is called at most.
        budget: seconds; a pause that would go beyond it is not begun.
        pause: seconds before the second call; doubles each time, and up to `pause` is added at
            random, so that many clients do not come back at the same moment. What the server
            asks for goes before.
    """
    growing = wait_exponential(multiplier=pause, max=30) + wait_random(0, pause)

    def wait(state: RetryCallState) -> float:
        fault = state.outcome.exception() if state.outcome else None
        asked = fault.wait if isinstance(fault, TransientError) else None
        return float(growing(state)) if asked is None else asked

    return Retrying(
        stop=stop_after_attempt(tries) | stop_before_delay(budget),
        wait=wait,
        retry=retry_if_exception_type(TransientError),
        reraise=True,
    )


def asked_wait(retry_after: str) -> float | None:
    """The seconds that a header Retry-After asks for, a number or a date (RFC 9110, 10.2.3)."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        moment = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return max((moment - datetime.datetime.now(datetime.UTC)).total_seconds(), 0.0)
