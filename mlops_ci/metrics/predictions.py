"""The rows a model was judged on: what was true and what it said."""

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Task = Literal["binary", "multiclass", "regression"]

_DECISION_THRESHOLD = 0.5
_LABEL_KINDS: dict[Task, str] = {"binary": "b", "multiclass": "iu", "regression": "f"}


@dataclass(frozen=True, eq=False, slots=True)
class Predictions:
    """A model's answers on n test rows.

    Attributes:
        task: What kind of question the model answers.
        target: (n,) the truth: bool (True is the positive class) for binary, integer codes into `classes` for
            multiclass, floating for regression.
        prediction: (n,) the answer, coded as `target` is; None if the model gave only scores.
        score: binary: (n,) floating, the probability or score of the positive class; multiclass: (n, k)
            floating, one column a class; None if the model gave only answers, and always for regression.
        classes: Class names: (negative, positive) for binary, k of them for multiclass, none for regression.

    Raises:
        ValueError: A shape, a dtype or a class code does not fit the above, or there is neither a prediction
            nor a score.
    """

    task: Task
    target: npt.NDArray[Any]
    prediction: npt.NDArray[Any] | None
    score: npt.NDArray[np.floating[Any]] | None
    classes: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check the fields against one another."""
        self._check_classes()
        self._check_labels("target", self.target)
        if self.prediction is not None:
            self._check_labels("prediction", self.prediction)
            if len(self.prediction) != len(self):
                raise ValueError(f"prediction has {len(self.prediction)} rows, target has {len(self)}")
        if self.score is not None:
            self._check_score(self.score)
        if self.prediction is None and self.score is None:
            raise ValueError("neither a prediction nor a score: there is nothing to judge")

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.target)

    def take(self, rows: npt.NDArray[np.integer[Any]] | npt.NDArray[np.bool_]) -> "Predictions":
        """The given rows only.

        Args:
            rows: Row numbers (repeats allowed, order kept), or an (n,) mask.

        Raises:
            IndexError: A row number or the length of the mask is out of range.
        """
        return replace(
            self,
            target=self.target[rows],
            prediction=None if self.prediction is None else self.prediction[rows],
            score=None if self.score is None else self.score[rows],
        )

    def with_prediction(self) -> "Predictions":
        """The same rows with a prediction: the model's own, or else derived from its scores.

        A binary prediction is `score >= 0.5`, a multiclass one the class of the highest score (the first of
        equals). A row whose score is NaN gets an arbitrary prediction; accuracy is NaN there all the same.
        """
        if self.prediction is not None or self.score is None:
            return self
        if self.task == "binary":
            return replace(self, prediction=self.score >= _DECISION_THRESHOLD)
        return replace(self, prediction=np.argmax(self.score, axis=1))

    def require_prediction(self) -> npt.NDArray[Any]:
        """`prediction`, for a metric that needs it.

        Raises:
            ValueError: There is none.
        """
        if self.prediction is None:
            raise ValueError("this metric needs a prediction, and there is none (see with_prediction)")
        return self.prediction

    def require_score(self) -> npt.NDArray[np.floating[Any]]:
        """`score`, for a metric that needs it.

        Raises:
            ValueError: There is none.
        """
        if self.score is None:
            raise ValueError("this metric needs a score, and there is none")
        return self.score

    def _check_classes(self) -> None:
        count = len(self.classes)
        if self.task == "binary" and count != 2:
            raise ValueError(f"a binary task has two classes, negative then positive; got {count}")
        if self.task == "multiclass" and count < 2:
            raise ValueError(f"a multiclass task has two classes or more; got {count}")
        if self.task == "regression" and count:
            raise ValueError(f"a regression has no classes; got {count}")

    def _check_labels(self, what: str, labels: npt.NDArray[Any]) -> None:
        if labels.ndim != 1:
            raise ValueError(f"{what} must be one-dimensional; its shape is {labels.shape}")
        if labels.dtype.kind not in _LABEL_KINDS[self.task]:
            raise ValueError(f"{what} of a {self.task} task cannot be of dtype {labels.dtype}")
        if self.task == "multiclass" and len(labels):
            lowest, highest = int(labels.min()), int(labels.max())
            if lowest < 0 or highest >= len(self.classes):
                raise ValueError(
                    f"{what} has class codes {lowest} to {highest}; {len(self.classes)} classes allow "
                    f"0 to {len(self.classes) - 1}"
                )

    def _check_score(self, score: npt.NDArray[np.floating[Any]]) -> None:
        if self.task == "regression":
            raise ValueError("a regression has no score")
        expected = (len(self),) if self.task == "binary" else (len(self), len(self.classes))
        if score.shape != expected:
            raise ValueError(f"score must have shape {expected}; it has {score.shape}")
        if score.dtype.kind != "f":
            raise ValueError(f"score must be floating; its dtype is {score.dtype}")
