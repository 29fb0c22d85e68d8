"""Redirects of servers that get questions and passages: followed within one origin only.

Who is asked is said by settings (core/destinations.py), never by a server.
"""

from collections.abc import Callable

import httpx

from core.errors import ModelError


def one_origin(server: str, setting: str) -> Callable[[httpx.Response], None]:
    """Makes a hook for the responses of an httpx client: refuses redirects to another origin.

    Args:
        server: begins the message of the error.
        setting: holds the address of the server.

    Raises (the hook):
        ModelError: the response redirects elsewhere; nothing was sent there.
    """

    def refuse(response: httpx.Response) -> None:
        if not response.has_redirect_location:
            return
        asked = response.request.url
        told = asked.join(response.headers["Location"])
        if _origin(told) != _origin(asked):
            # The origin only: a path or query may hold a secret.
            raise ModelError(
                f"{server} redirects to {_origin(told)}, which no setting names: nothing was sent "
                f"there. If questions may go there, set {setting} to its address; else see who "
                "answers at the present one.",
                "unreachable",
            )

    return refuse


def _origin(url: httpx.URL) -> str:
    port = url.port or {"http": 80, "https": 443}.get(url.scheme, 0)
    return f"{url.scheme}://{url.host}:{port}"
