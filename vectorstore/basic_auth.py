"""The user name and password in an address, as a server asks for them (RFC 7617)."""

import base64

import httpx


def basic_headers(url: httpx.URL) -> dict[str, str]:
    """The header that proves who asks; none for an address without a password."""
    if not url.password:
        return {}
    proof = base64.b64encode(f"{url.username}:{url.password}".encode()).decode()
    return {"Authorization": f"Basic {proof}"}
