"""What a model eats and answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name and type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Signature:
    """Input columns (from ``model.inputs``) and output columns (from the predictions), with their types."""

    inputs: tuple[Column, ...]
    outputs: tuple[Column, ...]
