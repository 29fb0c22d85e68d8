"""Retries with exponential back-off."""

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
    """A fault that may pass; `wait` is the number of seconds that the server asked for, if it
    did."""

    def __init__(self, problem: str, wait: float | None = None) -> None:
        super().__init__(problem)
        self.wait = wait


def retrying(*, tries: int, budget: float, pause: float) -> Retrying:
    """Retries a function while it raises `TransientError`; raises the last one.

    Args:
        tries: the largest number of calls.
        budget: seconds; a pause that would go beyond it is not begun.
        pause: seconds before the second call; doubles each time, and up to `pause` is added at
            random, so that many clients do not return at the same moment. A wait that the server
            asks for overrides it.
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
    """The seconds in a header Retry-After, which has a number or a date (RFC 9110, 10.2.3)."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        moment = email.utils.parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return max((moment - datetime.datetime.now(datetime.UTC)).total_seconds(), 0.0)
