"""httpx for the tests: the first request to an app that has just started may take long."""

import functools

import httpx

from tests.support.waiting import PATIENCE

get = functools.partial(httpx.get, timeout=PATIENCE)
post = functools.partial(httpx.post, timeout=PATIENCE)
client = functools.partial(httpx.Client, timeout=PATIENCE)
