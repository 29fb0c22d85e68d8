"""The servers that get questions, or what is made of them, by host name."""

from typing import Literal
from urllib.parse import urlsplit

from core.settings import Settings
from core.source import Frozen

Purpose = Literal["model", "embeddings", "index", "database", "collector"]
"""What a server gets: question, earlier turns and passages, to write; the question, to make a
vector of it; the vector of the question; what is kept of people; how long answers take, without a
word of them."""

_OPENAI = "https://api.openai.com"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_UNKNOWN = "?"  # a wrong address is not repeated: it may hold a password


class Destination(Frozen):
    """A server that gets questions, or what is made of them."""

    purpose: Purpose
    host: str

    @property
    def is_here(self) -> bool:
        """Whether it is on the machine that this program runs on."""
        return self.host in _LOOPBACK


def destinations(settings: Settings) -> tuple[Destination, ...]:
    """The servers that get questions; none: no question leaves this program."""
    model = settings.openai_base_url or _OPENAI
    addresses: dict[Purpose, str] = {
        "model": model if settings.generative else "",
        "embeddings": settings.embeddings_url,
        "index": settings.chroma_url,
        "database": settings.database_url.get_secret_value(),
        "collector": settings.otlp_endpoint,
    }
    return tuple(
        Destination(purpose=purpose, host=_host(url)) for purpose, url in addresses.items() if url
    )


def leaves_this_machine(found: tuple[Destination, ...]) -> bool:
    """Whether one of these is another machine."""
    return not all(server.is_here for server in found)


def _host(url: str) -> str:
    try:
        return urlsplit(url if "://" in url else f"//{url}").hostname or _UNKNOWN
    except ValueError:
        return _UNKNOWN
