"""Who may ask: callers present a key, as ``Authorization: Bearer KEY`` or ``x-api-key: KEY``."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from mlops_ci.errors import UsageError
from mlops_ci.serving.contracts import RequestError

_CHALLENGE = ((b"www-authenticate", b"Bearer"),)


class Keys:
    """The keys that are let in. Their digests are compared, all of them, so that the time it takes tells nothing."""

    def __init__(self, names: Sequence[str], environ: Mapping[str, str]) -> None:
        """Read them from their variables.

        Raises:
            UsageError: a variable is not set.
        """
        for name in names:
            if not environ.get(name, "").strip():
                raise UsageError(
                    f"the variable {name} with a key of the server is not set", hint="set it, or take it out of keys"
                )
        self._digests = [_digest(environ[name].strip().encode()) for name in names]

    def check(self, headers: Mapping[bytes, bytes]) -> None:
        """Let a request in, or not.

        Raises:
            RequestError: it has no key, or another.
        """
        if not self._digests:
            return
        given = headers.get(b"x-api-key")
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        if given is None and scheme.lower() == b"bearer":
            given = token
        if given is None:
            raise RequestError(401, "a key is needed: Authorization: Bearer KEY, or x-api-key: KEY", _CHALLENGE)
        digest = _digest(given.strip())
        if not sum(hmac.compare_digest(digest, known) for known in self._digests):
            raise RequestError(401, "the key is not one of the server's", _CHALLENGE)

    @property
    def needed(self) -> bool:
        """Whether there are any."""
        return bool(self._digests)


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
