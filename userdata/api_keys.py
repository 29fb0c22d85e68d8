"""Keys of other programs: who may ask what until when, and their storage.

Of a key only its SHA-256 is stored. A slow hash is for passwords, which people choose and which
can be guessed; a key is 256 random bits, which nobody can try through, whatever a try costs.

Each function raises StrategiewijzerError when the database cannot be read or written.
"""

import datetime
import hashlib
import secrets
from typing import Literal, get_args

import sqlalchemy
from pydantic import AwareDatetime

from core.settings import Settings
from core.source import Frozen
from userdata.database import METADATA, Database, database

Permission = Literal["ask", "read", "metrics"]
"""To ask questions; to search and read the sources; to read the figures of the service."""

PERMISSIONS: tuple[Permission, ...] = get_args(Permission)
PREFIX = "swk_"
"""How every key begins, so that people and scanners of leaked secrets can tell what it is."""

_BITS = 256  # of a key: SHA-256 has no more
_ID_BYTES = 4  # enough to tell keys apart; ids are typed by people
_WHAT = "API keys"

_KEYS = sqlalchemy.Table(
    "api_keys",
    METADATA,
    sqlalchemy.Column("id", sqlalchemy.String(2 * _ID_BYTES), primary_key=True),
    sqlalchemy.Column("hash", sqlalchemy.String(64), nullable=False, unique=True),
    sqlalchemy.Column("name", sqlalchemy.String(100), nullable=False),
    sqlalchemy.Column("role", sqlalchemy.String(20), nullable=False, default="reader"),  # not read
    sqlalchemy.Column("scopes", sqlalchemy.String(100), nullable=False),  # between spaces
    sqlalchemy.Column("created", sqlalchemy.BigInteger, nullable=False),  # seconds since 1970
    sqlalchemy.Column("expires", sqlalchemy.BigInteger, nullable=False),
    sqlalchemy.Column("revoked", sqlalchemy.BigInteger),
)


class ApiKey(Frozen):
    """A key of another program, without its secret. `name` says whose it is. The times are in UTC;
    it ends at `expires`, or at `revoked`."""

    id: str
    name: str
    scopes: tuple[Permission, ...]
    created: AwareDatetime
    expires: AwareDatetime
    revoked: AwareDatetime | None = None

    def is_valid(self, now: datetime.datetime) -> bool:
        return self.revoked is None and now < self.expires


def make(
    settings: Settings, name: str, scopes: tuple[Permission, ...], lasts: datetime.timedelta
) -> tuple[str, ApiKey]:
    """Makes a key and stores all of it but itself; returns the key, which nobody can read again,
    and what is known of it."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    key = PREFIX + secrets.token_urlsafe(_BITS // 8)
    made = ApiKey(
        id=secrets.token_hex(_ID_BYTES),
        name=name,
        scopes=tuple(permission for permission in PERMISSIONS if permission in scopes),
        created=now,
        expires=now + lasts,
    )
    row = made.model_dump() | {
        "hash": hash_of(key),
        "scopes": " ".join(made.scopes),
        "created": int(made.created.timestamp()),
        "expires": int(made.expires.timestamp()),
    }
    with database(settings).transaction(_WHAT) as connection:
        connection.execute(_KEYS.insert().values(row))
    return key, made


def kept(settings: Settings) -> list[ApiKey]:
    """All keys, also those that have ended, oldest first."""
    query = sqlalchemy.select(_KEYS).order_by(_KEYS.c.created, _KEYS.c.id)
    return [_key(row) for row in database(settings).rows(_WHAT, query)]


def found(settings: Settings, hash: str) -> ApiKey | None:
    """The key with this hash, or None.

    Looking up a hash tells by its time at most how a hash begins, and nobody can make a key for
    that.
    """
    query = sqlalchemy.select(_KEYS).where(_KEYS.c.hash == hash)
    return next(map(_key, database(settings).rows(_WHAT, query)), None)


def revoke(settings: Settings, id: str) -> bool:
    """Ends a key now; returns False if there is no such key, or it had been revoked before."""
    now = int(datetime.datetime.now(datetime.UTC).timestamp())
    is_it = (_KEYS.c.id == id) & _KEYS.c.revoked.is_(None)
    return database(settings).change(_WHAT, _KEYS.update().where(is_it).values(revoked=now)) > 0


def take_over_revocations(source: Database, target: Database) -> tuple[str, ...]:
    """Ends in one database the keys that are revoked in another; returns their ids."""
    query = sqlalchemy.select(_KEYS).where(_KEYS.c.revoked.is_not(None))
    ended = source.rows(_WHAT, query)
    with target.transaction(_WHAT) as connection:

        def end(key: sqlalchemy.Row[tuple[object, ...]]) -> bool:
            is_it = (_KEYS.c.hash == key.hash) & _KEYS.c.revoked.is_(None)
            ends = _KEYS.update().where(is_it).values(revoked=key.revoked)
            return connection.execute(ends).rowcount > 0

        return tuple(key.id for key in ended if end(key))


def hash_of(key: str) -> str:
    """What is stored of a secret that is random: a key, or the token of a link."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def _key(row: sqlalchemy.Row[tuple[object, ...]]) -> ApiKey:
    values = {name: value for name, value in row._mapping.items() if name not in ("hash", "role")}
    return ApiKey.model_validate({**values, "scopes": str(values["scopes"]).split()})
