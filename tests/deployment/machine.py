"""A machine that dies, and a network that fails, at any one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

from mlops_ci.errors import RemoteError
from tests.workspace.memory import MemoryStore

T = TypeVar("T")
Fault = Literal["fails", "reply lost", "cut off", "killed before", "killed after"]
FAULTS: tuple[Fault, ...] = ("fails", "reply lost", "cut off", "killed before", "killed after")


class Killed(BaseException):
    """kill -9: nothing that is still to be done can be done."""


class Machine:
    """Counts the calls that change something elsewhere; one of them can go wrong. ``watch`` looks after each."""

    def __init__(self) -> None:
        self.calls = 0
        self.names: list[str] = []
        self.at: int | None = None
        self.fault: Fault = "fails"
        self.dead = False
        self.cut = False  # the workspace cannot be reached from there on; everything else can
        self.watch: Callable[[], None] = lambda: None

    def arm(self, at: int | None, fault: Fault) -> None:
        """Let a call from now on, counted from 1, go wrong."""
        self.calls, self.names, self.at, self.fault, self.dead, self.cut = 0, [], at, fault, False, False

    def reboot(self) -> None:
        """Nothing goes wrong any more."""
        self.arm(None, "fails")

    def call(self, name: str, effect: Callable[[], T]) -> T:
        """Carry out a call, or not."""
        if self.dead:
            raise Killed
        self.calls += 1
        self.names.append(name)
        due = self.calls == self.at
        if due and self.fault == "killed before":
            self.dead = True
            raise Killed
        if due and self.fault == "fails":
            raise RemoteError(f"{name} fails")
        done = effect()
        self.watch()
        if due and self.fault == "killed after":
            self.dead = True
            raise Killed
        if due:  # the reply is lost
            self.cut = self.fault == "cut off"
            raise RemoteError(f"the reply to {name} is lost")
        return done


class MortalStore(MemoryStore):
    """A workspace as the machine reaches it."""

    def __init__(self, machine: Machine) -> None:
        super().__init__()
        self._machine = machine

    def get(self, key: str) -> bytes | None:
        if self._machine.dead:
            raise Killed
        if self._machine.cut:
            raise RemoteError("the workspace cannot be reached")
        return super().get(key)

    def create(self, key: str, data: bytes) -> bool:
        if "/log/" not in key:
            return super().create(key, data)
        if self._machine.cut:
            raise RemoteError("the workspace cannot be reached")
        return self._machine.call("append", lambda: MemoryStore.create(self, key, data))
