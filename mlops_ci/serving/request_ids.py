"""The id of a request: what the caller sends as ``X-Request-Id``, as far as it can stand in a log, or one of ours."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable

_ALLOWED = re.compile(rb"[A-Za-z0-9._:/+=@-]{1,128}")


def request_ids() -> Callable[[bytes | None], str]:
    """A function from the header to the id; those of ours are unique, also over workers."""
    prefix, numbers = os.urandom(6).hex(), itertools.count(1)

    def id_of(given: bytes | None) -> str:
        if given is not None and _ALLOWED.fullmatch(given):
            return given.decode("ascii")
        return f"{prefix}-{next(numbers):x}"

    return id_of
