"""Several models asked together, and what comes of their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from mlops_ci.errors import IntegrityError
from mlops_ci.records.conversion import ClassLabel, InputTensor, OutputTensor
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.contracts import Tensors
from mlops_ci.serving.onnx_model import dtype_of
from mlops_ci.serving.predictions import Reading

LABEL, SCORE, VALUE = "label", "probabilities", "value"


class Member(Protocol):
    """A model of the ensemble."""

    @property
    def inputs(self) -> tuple[InputTensor, ...]:
        """What it reads."""
        ...

    @property
    def reading(self) -> Reading:
        """What its answers say."""
        ...

    def at_once(self, tensors: Tensors, rows: int) -> Tensors | None:
        """Compute now, if it can."""
        ...

    async def compute(self, tensors: Tensors, rows: int) -> Tensors:
        """Compute in turn."""
        ...


class Ensemble:
    """Asks all members at once.

    Where they read different tensors, the ensemble reads a tensor for each column, of a type that holds what any of
    them reads, so that a member with doubles gets doubles.
    """

    def __init__(self, model: ServedModel, members: Sequence[Member]) -> None:
        """Put it together.

        Raises:
            IntegrityError: the members do not predict the same kind of thing.
        """
        self._members = members
        weights = np.array(model.weights or [1.0] * len(members))
        self._weights = weights / weights.sum()
        first = members[0].reading
        self._combine = model.combine
        self._classes: tuple[ClassLabel, ...] = first.classes
        self._scores = model.combine == "mean" and first.has_labels
        for member in members:
            reading = member.reading
            same = reading.has_labels == first.has_labels and set(reading.classes) == set(first.classes)
            if not same or (self._scores and not reading.has_scores) or (model.combine == "vote" and not same):
                what = f"the members of {model.name!r} do not predict the same classes, or have no probabilities"
                raise IntegrityError(what, hint="combine models of one kind; vote needs labels only")
        if model.combine == "vote" and not (first.has_labels and first.classes):
            raise IntegrityError(f"the members of {model.name!r} have no classes to vote on", hint="combine: mean")
        self._orders = [[list(member.reading.classes).index(name) for name in self._classes] for member in members]
        self._alike = all(member.inputs == members[0].inputs for member in members)
        self.inputs = members[0].inputs if self._alike else _by_column(model, members)
        self.outputs = self._outputs()

    def at_once(self, tensors: Tensors, rows: int) -> Tensors | None:  # noqa: ARG002 - as of a single model
        """Never: the members are asked side by side."""
        return None

    async def compute(self, tensors: Tensors, rows: int) -> Tensors:
        """Ask the members, and combine what they answer."""
        answers = await asyncio.gather(
            *(
                _ask(member, tensors if self._alike else _for_member(member.inputs, tensors), rows)
                for member in self._members
            )
        )
        if self._combine == "vote":
            return {LABEL: self._labels(self._votes(answers, rows))}
        if not self._scores:
            values = [
                np.asarray(member.reading.values(answer)) for member, answer in zip(self._members, answers, strict=True)
            ]
            return {VALUE: np.tensordot(self._weights, np.stack(values), 1)}
        scores = [
            member.reading.scores(answer)[:, order]
            for member, answer, order in zip(self._members, answers, self._orders, strict=True)
        ]
        mean = np.tensordot(self._weights, np.stack(scores), 1)
        return {LABEL: self._labels(mean), SCORE: mean}

    def close(self) -> None:
        """The members hold what there is to give back."""

    def _votes(self, answers: Sequence[Tensors], rows: int) -> np.ndarray[Any, Any]:
        """The weight of the votes for each class."""
        at = {name: index for index, name in enumerate(self._classes)}
        votes = np.zeros((rows, len(self._classes)))
        for member, answer, weight in zip(self._members, answers, self._weights, strict=True):
            chosen = [at[label] for label in member.reading.values(answer)]
            votes[np.arange(rows), chosen] += weight
        return votes

    def _labels(self, scores: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        """The class with most; of equal ones the first."""
        names = np.empty(len(self._classes), dtype_of(self._label_type()))
        names[:] = self._classes
        labels: np.ndarray[Any, Any] = names[scores.argmax(axis=1)]
        return labels

    def _label_type(self) -> str:
        kinds = {type(name) for name in self._classes}
        if kinds <= {int}:
            return "int64"
        return "bool" if kinds == {bool} else "float64" if kinds <= {int, float} else "string"

    def _outputs(self) -> tuple[OutputTensor, ...]:
        if not self._classes:
            return (OutputTensor(VALUE, "value", "float64", (None,)),)
        label = OutputTensor(LABEL, "label", self._label_type(), (None,), self._classes)
        score = OutputTensor(SCORE, "score", "float64", (None, len(self._classes)), self._classes)
        return (label, score) if self._scores else (label,)


async def _ask(member: Member, tensors: Tensors, rows: int) -> Tensors:
    answer = member.at_once(tensors, rows)
    return await member.compute(tensors, rows) if answer is None else answer


def _by_column(model: ServedModel, members: Sequence[Member]) -> tuple[InputTensor, ...]:
    kinds: dict[str, np.dtype[Any]] = {}
    for member in members:
        for tensor in member.inputs:
            for name in tensor.columns:
                dtype = dtype_of(tensor.type)
                known = kinds.setdefault(name, dtype)
                if (known.kind == "O") != (dtype.kind == "O"):
                    what = f"the members of {model.name!r} read the column {name!r} as text and as numbers"
                    raise IntegrityError(what)
                kinds[name] = known if known == dtype else np.result_type(known, dtype)
    if not kinds:
        raise IntegrityError(f"the members of {model.name!r} read different tensors that are no table")
    return tuple(
        InputTensor(name, "string" if dtype.kind == "O" else dtype.name, (None, 1), (name,))
        for name, dtype in kinds.items()
    )


def _for_member(inputs: Sequence[InputTensor], tensors: Tensors) -> Tensors:
    """The tensors of a member, from those that have a column each."""
    made = {}
    for tensor in inputs:
        table = np.concatenate([tensors[name] for name in tensor.columns], axis=1)
        table = np.ascontiguousarray(table, dtype_of(tensor.type))
        made[tensor.name] = table.reshape(-1) if len(tensor.shape) == 1 else table
    return made
