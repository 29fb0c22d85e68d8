"""Checks of the addresses of servers that settings name; a ValueError repeats nothing of them."""


def without_secret(url: str, instead: str) -> str:
    """Refuses a password or query: HTTP clients log the addresses they request, and runs store
    them.

    Args:
        url: of an HTTP server, or empty.
        instead: the settings that take a secret.
    """
    if "@" in url.partition("://")[2].partition("/")[0]:
        raise ValueError(
            f"the address holds a user name or password. Take it out and set {instead} instead"
        )
    if "?" in url or "#" in url:
        raise ValueError(
            "the address holds a query, where a key would be logged. Take out what begins with "
            f"? or # and set {instead} instead"
        )
    return url


def check_postgresql(url: str) -> None:
    """Refuses another kind of database, and an @ in the password: part of it would become the name
    of a host, which errors repeat."""
    if url and not url.startswith("postgresql://"):
        raise ValueError("the address is not one of PostgreSQL: postgresql://user@host/name")
    if url.count("@") > 1:
        raise ValueError("the address has more than one @. Write one in a password as %40")
