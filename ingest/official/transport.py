"""Connections to public addresses only.

A name is looked up once; every address it has is checked, and what was checked is what is
connected to. So a name that answers differently the second time (DNS rebinding) gains nothing. The
certificate is still checked against the name.
"""

import socket
import ssl
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

import httpx

from core.errors import FetchError

Address = IPv4Address | IPv6Address

_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet at large.

    Private, loopback, link-local, shared, multicast and reserved ones are not; an IPv6 address that
    carries an IPv4 address is judged by it.
    """
    if isinstance(address, IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            carried = IPv4Address(int(address) & 0xFFFFFFFF)
        if carried is not None:
            return is_public(carried)
        if address.is_site_local:
            return False
    return address.is_global and not address.is_multicast


def look_up(host: str) -> tuple[Address, ...]:
    """The addresses of a host name, in the system's order.

    Raises:
        OSError: the name cannot be resolved.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    names = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return tuple(ip_address(name) for name in names)


class CheckedTransport(httpx.BaseTransport):
    """Sends requests to addresses that have been checked.

    Args:
        is_allowed: which addresses may be connected to; only a test gives another rule.
        look_up: how a name is resolved.
        verify: whom to trust; True: the authorities that browsers trust.
    """

    def __init__(
        self,
        *,
        is_allowed: Callable[[Address], bool] = is_public,
        look_up: Callable[[str], tuple[Address, ...]] = look_up,
        verify: ssl.SSLContext | bool = True,
    ) -> None:
        self._is_allowed = is_allowed
        self._look_up = look_up
        # A kept connection would be found again by its address, for whatever name: keep none.
        limits = httpx.Limits(max_keepalive_connections=0)
        self._inner = httpx.HTTPTransport(verify=verify, trust_env=False, limits=limits)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Sends a request to the first address of its host that can be reached.

        Raises:
            FetchError: the host has an address that may not be connected to.
            httpx.TransportError: no answer.
        """
        failure: httpx.TransportError = httpx.ConnectError("the name has no address")
        for address in self._checked(request.url.host):
            try:
                return self._inner.handle_request(_to(address, request))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                failure = error
        raise failure

    def close(self) -> None:
        self._inner.close()

    def _checked(self, host: str) -> tuple[Address, ...]:
        try:
            addresses = self._look_up(host)
        except OSError as error:
            raise httpx.ConnectError(f"the name {host} cannot be resolved") from error
        for address in addresses:
            if not self._is_allowed(address):
                raise FetchError(
                    host,
                    f"its address {address} is not a public one, so nothing was asked there",
                    "Check the name server of this network.",
                )
        return addresses


def _to(address: Address, request: httpx.Request) -> httpx.Request:
    """The same request with the address in place of the name; Host and TLS keep the name."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.host},
    )
