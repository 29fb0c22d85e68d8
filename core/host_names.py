"""By which names a server is called: those of its own machine, and those that it is told.

A page of any site can give itself a name that leads to this machine (DNS rebinding). Its browser
then calls a server here by that name, in the header Host, and takes it for the page's own.
"""

import ipaddress
import re
from collections.abc import Collection

NOT_OURS = (
    "Nobody may call this app by the name in the header Host. Whoever runs it adds that name to "
    "the setting STRATEGIEWIJZER_ALLOWED_HOSTS (docs/operations.md, A proxy)."
)
"""What is told to whoever calls by another name."""

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]{1,253}))(?::(?:[0-9]{0,5}|\*))?", re.ASCII)


def name_of(host: str) -> str:
    """The name or address in "name:port", in small letters; empty if this is none."""
    found = _HOST.fullmatch(host.lower())
    return (found[1] or found[2]) if found else ""


def is_loopback(name: str | None) -> bool:
    """Whether this is "localhost" or an address of the machine for itself."""
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name or "").is_loopback
    except ValueError:
        return False


def is_ours(host: str, allowed: Collection[str]) -> bool:
    """Whether a header Host has a local name, which no DNS leads elsewhere, or an allowed one."""
    name = name_of(host)
    return is_loopback(name) or name.endswith(".localhost") or name in allowed
