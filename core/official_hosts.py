"""Which web addresses are those of the EU institutions.

A document says itself where its page is, and anybody may have written that.
"""

import re
from urllib.parse import urlsplit

# Reviewed by hand: every institution, agency and register of the EU is below this domain, which
# only they can get names in. What is added is trusted as much.
_DOMAINS = ("europa.eu",)
_PLAIN = re.compile(r"[!-~]+")  # no letter that only looks like another, nothing that browsers drop
_HOST = re.compile(r"[a-z0-9.-]+")


def is_official_address(url: str) -> bool:
    """Whether an address leads to a site of the EU institutions: over https, at the usual port,
    and without a user name, which would stand where people read the host."""
    try:
        address = urlsplit(url)
    except ValueError:
        return False
    host = address.netloc.casefold()  # with a user name or port, if there is one
    return (
        address.scheme == "https"
        and _PLAIN.fullmatch(url) is not None
        and "\\" not in url
        and _HOST.fullmatch(host) is not None
        and any(host == domain or host.endswith(f".{domain}") for domain in _DOMAINS)
    )


def shown_host(url: str) -> str:
    """The host of an address as no other can look like it: in ASCII; empty where there is none."""
    try:
        host = (urlsplit(url).hostname or "").removeprefix("www.")
        return host.encode("idna").decode("ascii")
    except ValueError:  # UnicodeError is one
        return ""
