"""The rows a model was judged on: what was true and what it said."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Task = Literal["binary", "multiclass", "regression", "ranking", "rows"]

_DECISION_THRESHOLD = 0.5
_LABEL_KINDS: dict[Task, str] = {"binary": "b", "multiclass": "iu", "regression": "f", "ranking": "f", "rows": "f"}
_WITHOUT_ANSWER: frozenset[Task] = frozenset({"rows"})


@dataclass(frozen=True, eq=False, slots=True)
class Predictions:
    """A model's answers on n test rows.

    Attributes:
        task: What kind of question the model answers.
        target: (n,) the truth: bool (True is the positive class) for binary, integer codes into `classes` for
            multiclass, floating for regression, the relevance (floating, not negative) for ranking. Nothing is
            predicted in `rows`, whose target is all zeros.
        prediction: (n,) the answer, coded as `target` is; None if the model gave only scores.
        score: binary: (n,) floating, the probability or score of the positive class; multiclass: (n, k)
            floating, one column a class; ranking: (n,) floating, the higher the earlier; None if the model gave
            only answers, and always for regression and rows.
        classes: Class names: (negative, positive) for binary, k of them for multiclass, none for the others.
        weight: (n,) floating, how much each row counts, none negative and not all zero; None if all count the same.
        group: (n,) integer codes from 0 without gaps: rows that belong together (one customer's, or the documents
            of one query, without which there is no ranking); None if each row stands for itself.
        columns: (n,) floating each: columns of the file that rules name, such as `mean(latency)`.

    Raises:
        ValueError: A shape, a dtype or a class code does not fit the above, or there is neither a prediction
            nor a score.
    """

    task: Task
    target: npt.NDArray[Any]
    prediction: npt.NDArray[Any] | None
    score: npt.NDArray[np.floating[Any]] | None
    classes: tuple[str, ...]
    weight: npt.NDArray[np.float64] | None = None
    group: npt.NDArray[np.int64] | None = None
    columns: Mapping[str, npt.NDArray[np.float64]] = field(default_factory=dict)

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
        if self.prediction is None and self.score is None and self.task not in _WITHOUT_ANSWER:
            raise ValueError("neither a prediction nor a score: there is nothing to judge")
        self._check_rows()

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
            weight=None if self.weight is None else self.weight[rows],
            group=None if self.group is None else np.unique(self.group[rows], return_inverse=True)[1],
            columns={name: values[rows] for name, values in self.columns.items()},
        )

    def with_prediction(self) -> "Predictions":
        """The same rows with a prediction: the model's own, or else derived from its scores.

        A binary prediction is `score >= 0.5`, a multiclass one the class of the highest score (the first of
        equals). A row whose score is NaN gets an arbitrary prediction; accuracy is NaN there all the same.
        """
        if self.prediction is not None or self.score is None or self.task == "ranking":
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
        if self.task not in {"binary", "multiclass"} and count:
            raise ValueError(f"a {self.task} task has no classes; got {count}")

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
        if self.task in {"regression", "rows"}:
            raise ValueError(f"a {self.task} task has no score")
        expected = (len(self), len(self.classes)) if self.task == "multiclass" else (len(self),)
        if score.shape != expected:
            raise ValueError(f"score must have shape {expected}; it has {score.shape}")
        if score.dtype.kind != "f":
            raise ValueError(f"score must be floating; its dtype is {score.dtype}")

    def _check_rows(self) -> None:
        for name, values in (("weight", self.weight), ("group", self.group), *self.columns.items()):
            if values is not None and values.shape != self.target.shape:
                raise ValueError(f"{name} has the shape {values.shape}, target {self.target.shape}")
        if self.weight is not None and len(self) and not (np.isfinite(self.weight) & (self.weight >= 0)).all():
            raise ValueError("weight must be finite and not negative")
        if self.task == "ranking" and self.group is None:
            raise ValueError("a ranking needs groups: the documents of one query are ranked among themselves")
