"""Finds the segments in a store, and removes those that nothing uses."""

import datetime
import logging
from collections.abc import Collection, Mapping
from typing import Any

from vectorstore import chroma
from vectorstore.lease import LEASE, Lease
from vectorstore.manifest import made_at
from vectorstore.segments import KINDS

logger = logging.getLogger(__name__)


def whole_segments(client: chroma.Client) -> list[str]:
    """The ids of the segments whose passages and units are there."""
    names = [one.name for one in client.list_collections()]
    ids = [name.removeprefix(f"{KINDS[0]}-") for name in names if name.startswith(KINDS[0])]
    return [name for name in ids if f"{KINDS[1]}-{name}" in names]


def remove_unused(client: chroma.Client, used: Collection[str], lease: Lease | None) -> None:
    """Removes all other segments than these: dropped ones and leftovers of a crash."""
    there = {one.name: one.metadata or {} for one in client.list_collections()}
    for name in sorted(there):
        kind, _, segment_id = name.partition("-")
        made_with = there.get(f"{KINDS[0]}-{segment_id}", {})
        if kind in KINDS and segment_id not in used and _may_go(segment_id, made_with, lease):
            logger.info("removing collection %s", name)
            client.delete_collection(name)


def _may_go(segment_id: str, made_with: Mapping[str, Any], lease: Lease | None) -> bool:
    """Whether a segment can be removed. On a server, this data folder must have made it, or it must
    be older than a lease: a run that lost its lease unnoticed may still be filling it."""
    if lease is None or made_with.get("owner") == lease.owner:
        return True
    made = made_at(segment_id)
    oldest = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=LEASE)
    return made is None or made < oldest
