"""What the tensors of an answer say: labels, probabilities, values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mlops_ci.errors import IntegrityError
from mlops_ci.records.conversion import ClassLabel, OutputTensor
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.contracts import Tensors


class Reading:
    """How the outputs of one model are read."""

    def __init__(self, model: ServedModel, outputs: Sequence[OutputTensor]) -> None:
        """See which output is what.

        Raises:
            IntegrityError: the scores have no classes.
        """
        by_role = {output.role: output for output in reversed(outputs)}
        label, score, value = by_role.get("label"), by_role.get("score"), by_role.get("value")
        self.classes: tuple[ClassLabel, ...] = model.classes or (score.classes if score else ())
        if score is not None and not self.classes:
            raise IntegrityError(
                f"the probabilities of {model.name!r} have no classes in the manifest", hint="make the package again"
            )
        self._label = label.name if label else None
        self._score = score.name if score else None
        plain = value or next((output for output in outputs if output.role == "other"), None)
        self._value = None if label or score or not plain else plain.name
        # Labels that are true and false come out of ONNX as 1 and 0.
        self._flags = bool(self.classes) and all(isinstance(name, bool) for name in self.classes)

    def values(self, tensors: Tensors) -> list[Any]:
        """The prediction of each row: a label, a number, or a list of numbers."""
        if self._value is not None:
            values = tensors[self._value]
            one_each = values.ndim == 2 and values.shape[1] == 1
            return list((values.reshape(-1) if one_each else values).tolist())
        if self._label is None:
            best = self.scores(tensors).argmax(axis=1)
            return [self.classes[index] for index in best.tolist()]
        array = tensors[self._label]
        labels = (array if array.ndim == 1 else array.reshape(-1)).tolist()
        return [bool(label) for label in labels] if self._flags else labels

    def scores(self, tensors: Tensors) -> np.ndarray[Any, Any]:
        """The probability of each class, a row for each row."""
        scores = tensors[self._score or ""]
        if len(self.classes) == 2 and (scores.ndim == 1 or scores.shape[1] == 1):
            positive = scores.reshape(-1)
            return np.stack([1 - positive, positive], axis=1)
        return scores

    @property
    def has_scores(self) -> bool:
        """Whether there are probabilities."""
        return self._score is not None

    @property
    def has_labels(self) -> bool:
        """Whether it predicts classes."""
        return self._value is None
