"""Pins: entries noted outside the workspace, against which a log that was rolled back or forked shows.

A log that was cut short, or replaced by an older copy, is whole in itself; only somebody who remembers more can tell.
"""

from __future__ import annotations

import re

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.project.names import is_name
from mlops_ci.records.digest import PREFIX, digest_of_bytes, hexadecimal
from mlops_ci.records.pin import Pin
from mlops_ci.registry.state import ModelState

_PIN = re.compile(r"([^:\s]+):([0-9]{1,18}):([0-9a-f]{64})")


def pin_of(state: ModelState) -> Pin | None:
    """The pin of a log as it is now; None for an empty one."""
    return Pin(state.model, state.head, state.head_digest) if state.head_digest else None


def format_pin(pin: Pin) -> str:
    """``model:seq:digest``, to keep in a variable of the repository, a tag or a record."""
    return f"{pin.model}:{pin.seq}:{hexadecimal(pin.digest)}"


def parse_pins(text: str) -> dict[str, Pin]:
    """Parse pins, separated by white space or commas; of several of one model the newest counts.

    Raises:
        UsageError: one of them is none.
    """
    pins: dict[str, Pin] = {}
    for word in re.split(r"[\s,]+", text.strip()):
        match = _PIN.fullmatch(word)
        if word and (not match or not is_name(match[1]) or int(match[2]) == 0):
            raise UsageError("not a pin", where=repr(word[:80]), hint="write it as mlops-ci workspace pins prints it")
        if match:
            pin = Pin(match[1], int(match[2]), PREFIX + match[3])
            pins[pin.model] = max(pin, pins.get(pin.model, pin), key=lambda one: one.seq)
    return pins


def require_pinned(pin: Pin | None, seq: int, data: bytes) -> None:
    """Refuse an entry that takes the place of the one that was pinned. To be asked before an entry is believed.

    Raises:
        IntegrityError: it has the number of the pin, and other bytes.
    """
    if pin and seq == pin.seq and digest_of_bytes(data) != pin.digest:
        what = f"entry {pin.seq} of the log is not the one that was pinned: the log was forked or rolled back"
        raise IntegrityError(what, where=pin.model, hint=_HINT)


def require_length(pin: Pin | None, head: int) -> None:
    """Refuse a log that ends before the entry that was pinned.

    Raises:
        IntegrityError: it does.
    """
    if pin and head < pin.seq:
        what = f"the log ends at entry {head}, and entry {pin.seq} was pinned: it was rolled back"
        raise IntegrityError(what, where=pin.model, hint=_HINT)


_HINT = "do not trust this workspace; restore the log from a backup, or find out who changed it"
