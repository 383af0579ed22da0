"""What an object of a log holds: one entry, or several that belong together and are there all at once.

An object is named by the number of its first entry, the next one by the number after its last. That of a single entry
is the entry; that of several begins with a line that says how many follow, one a line. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from mlops_ci.errors import IntegrityError
from mlops_ci.records.codec import decode, encode
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.log_group import LogGroup

_END = b"\n"


def joined(entries: Sequence[bytes]) -> bytes:
    """The object of some consecutive entries, each a line."""
    if len(entries) == 1:
        return entries[0]
    body = _END.join(entries)
    return encode(LogGroup(len(entries), digest_of_bytes(body))) + _END + body


def parted(data: bytes, where: str) -> list[bytes]:
    """The entries of an object; at least one, of which nothing but the framing has been looked at.

    Raises:
        IntegrityError: a part of the object is missing, or has changed.
    """
    first, end, body = data.partition(_END)
    if not end:
        return [data]
    group = decode(first, LogGroup, where=where)
    entries = body.split(_END)
    if digest_of_bytes(body) != group.digest or len(entries) != group.entries or group.entries < 2:
        raise IntegrityError("a group of entries is not whole", where=where, hint=_HINT)
    return entries


_HINT = "restore it from a backup; run mlops-ci workspace check for the whole picture"
