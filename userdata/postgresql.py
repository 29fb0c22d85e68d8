"""PostgreSQL as the database of what is kept of people."""

import ssl
from collections.abc import Callable
from typing import Any

import pg8000.dbapi
import sqlalchemy
from sqlalchemy import URL, Engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.pg8000 import PGDialect_pg8000
from sqlalchemy.engine import ExceptionContext

from core.errors import SettingsError

_SILENCE = 15.0  # seconds without a byte from the server; longer than it waits for a lock
_HERE = frozenset({"", "localhost", "127.0.0.1", "::1"})  # hosts that no network lies before
_STOPPING = frozenset({"57P01", "57P02", "57P03"})  # codes of a server that stops or starts
_OPTIONS = frozenset({"host", "sslmode", "sslrootcert"})


class SocketErrors(PGDialect_pg8000):
    """pg8000 with the errors of its socket as errors of the driver, which tell SQLAlchemy that the
    connection is lost: those that come while it reads it passes on as they are."""

    supports_statement_cache = True


def _translated(talks: Callable[..., Any]) -> Callable[..., Any]:
    def talking(*arguments: Any, **named: Any) -> Any:
        try:
            return talks(*arguments, **named)
        except OSError as error:
            raise pg8000.dbapi.InterfaceError(f"network error: {error}") from error

    return talking


# What of a dialect talks to the server once there is a connection.
for _name in (
    *("do_ping", "do_execute", "do_execute_no_params", "do_executemany", "do_commit"),
    *("do_rollback", "set_isolation_level", "reset_isolation_level"),
):
    setattr(SocketErrors, _name, _translated(getattr(PGDialect_pg8000, _name)))
registry.register("postgresql.socket_errors", __name__, SocketErrors.__name__)


def postgresql_engine(url: str, patience: float) -> Engine:
    """The engine for a PostgreSQL server. While all its connections are in use it waits so many
    seconds for one; one that was lost while nobody used it is replaced. What is no address
    (SettingsError) is not repeated, as it may hold a password."""
    try:
        parsed = sqlalchemy.make_url(url)
        options = _options(parsed)
    except (sqlalchemy.exc.ArgumentError, ValueError, TypeError, OSError):
        raise SettingsError(
            "STRATEGIEWIJZER_DATABASE_URL is no address of a database that can be used. Write it "
            "as postgresql://user:password@host/name, with %40 for an @ in the password; what may "
            "follow is in docs/servers.md."
        ) from None
    engine = sqlalchemy.create_engine(
        parsed.set(drivername="postgresql+socket_errors", query={}),
        pool_pre_ping=True,
        pool_timeout=patience,
        connect_args={**options, "timeout": _SILENCE},
        hide_parameters=True,  # what people ask is in no error
    )
    event.listen(engine, "handle_error", _notice_stop)
    return engine


def _options(url: URL) -> dict[str, Any]:
    """The options in the query of an address, as pg8000 takes them; ValueError where one is
    unknown."""
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    if query.keys() != url.query.keys() or not query.keys() <= _OPTIONS or not url.username:
        raise ValueError
    socket = query.get("host", "")
    options: dict[str, Any] = {}
    if socket:
        options["unix_sock"] = f"{socket.rstrip('/')}/.s.PGSQL.{url.port or 5432}"
    is_here = bool(socket) or (url.host or "") in _HERE
    mode = query.get("sslmode", "disable" if is_here else "verify-full")
    if mode == "verify-full":
        options["ssl_context"] = ssl.create_default_context(cafile=query.get("sslrootcert"))
    elif mode == "require":
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        options["ssl_context"] = context
    elif mode == "disable":
        options["ssl_context"] = False  # else it encrypts where the server can, and checks nothing
    else:
        raise ValueError
    return options


def _notice_stop(context: ExceptionContext) -> None:
    """A server that says that it stops ends the connection, like one that says nothing."""
    arguments = context.original_exception.args
    fields = arguments[0] if arguments else None
    if isinstance(fields, dict) and fields.get("C") in _STOPPING:
        context.is_disconnect = True
