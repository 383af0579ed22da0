"""Reads the arguments of a metric: `f_beta(2, macro)[late]` has two, and a class."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

Argument = float | str


def plain(value: float) -> str:
    """A number as its author would write it: no exponent, no trailing zeros."""
    return f"{Decimal(repr(float(value) + 0.0)).normalize():f}"


@dataclass(slots=True)
class Call:
    """A metric as it was asked for, whose arguments are taken one by one from the left.

    Every method that takes one raises ValueError, with a sentence for the user, if it is missing or unfit.
    """

    name: str
    arguments: Sequence[Argument] = ()
    of: str | None = None
    _rest: list[Argument] = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is taken yet."""
        self._rest = list(self.arguments)

    @property
    def text(self) -> str:
        """The call as it is written."""
        inside = ", ".join(item if isinstance(item, str) else plain(item) for item in self.arguments)
        return f"{self.name}{f'({inside})' if inside else ''}{f'[{self.of}]' if self.of is not None else ''}"

    def number(self, what: str, low: float, high: float, *, closed: bool = False) -> float:
        """A number above `low` and below `high`, or equal to `high` if `closed`."""
        between = f"a number above {plain(low)}" + (
            "" if high == float("inf") else f" and {'at most' if closed else 'below'} {plain(high)}"
        )
        if not self._rest or isinstance(self._rest[0], str):
            raise ValueError(f"{self.text} lacks {what}, {between}")
        value = float(self._rest.pop(0))
        if not (low < value < high or (closed and value == high)):
            raise ValueError(f"{what} of {self.text} must be {between}")
        return value

    def whole(self, what: str, otherwise: int | None) -> int | None:
        """A whole number from 1 to a million, if there is one."""
        if not self._rest or isinstance(self._rest[0], str):
            return otherwise
        value = float(self._rest.pop(0))
        if not (value.is_integer() and 1 <= value <= 1_000_000):
            raise ValueError(f"{what} of {self.text} must be a whole number from 1 to 1000000")
        return int(value)

    def column(self) -> str:
        """The name of a column."""
        if not self._rest or not isinstance(self._rest[0], str):
            raise ValueError(f"{self.text} lacks the name of a column")
        return str(self._rest.pop(0))

    def average(self, *known: str) -> str | None:
        """How to average over classes, if that is said; then there can be no class."""
        if not self._rest or self._rest[0] not in known:
            return None
        if self.of is not None:
            raise ValueError(f"{self.text} is asked for both an average and a class")
        return str(self._rest.pop(0))

    def no_class(self) -> None:
        """It has no value for a class."""
        if self.of is not None:
            raise ValueError(f"{self.name} is not defined for a single class; write it without [{self.of}]")

    def end(self) -> None:
        """Nothing is left over."""
        if self._rest:
            extra = self._rest[0]
            raise ValueError(f"{extra if isinstance(extra, str) else plain(extra)} is no argument of {self.name}")
