"""Reads the trees of LightGBM, which compares and sums in float64.

The rules are those of LightGBM's ``Tree::NumericalDecision`` and ``Tree::CategoricalDecision``.
"""

from __future__ import annotations

from typing import Any, Optional

import numpy as np

from mlops_ci.converter.links import TreeModel
from mlops_ci.converter.trees import LEAF, Forest, Tree, make_membership
from mlops_ci.converter.trouble import NotConvertibleError

FIX = "LightGBM's trees compare and sum in float64"
EXP = {"poisson", "gamma", "tweedie"}
PLAIN = {"regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg", "none", "custom"}


def read_lightgbm(booster: Any, classes: Optional[tuple[Any, ...]] = None) -> TreeModel:
    """The forest of a ``lightgbm.Booster`` and what its objective makes of the sums.

    Args:
        booster: the booster.
        classes: those of an estimator; without them a classifier's are counted from 0.

    Raises:
        NotConvertibleError: it has linear trees, categories that are texts, or an objective that is not known.
    """
    if getattr(booster, "pandas_categorical", None):
        raise NotConvertibleError(
            "LightGBM was trained on pandas columns of type category",
            "encode the categories as whole numbers (OrdinalEncoder) in a pipeline, or serve it with an entry script",
        )
    dump = booster.dump_model()
    count = int(dump["num_tree_per_iteration"])
    reader = _Reader()
    trees = tuple(reader.read(info["tree_structure"], number % count) for number, info in enumerate(dump["tree_info"]))
    mean = dump.get("average_output", False)
    forest = Forest(
        trees,
        (0.0,) * count,
        divisor=float(len(trees) // count) if mean else 1.0,
        whole=tuple(sorted(reader.categorical)),
        zero_missing=tuple(sorted(reader.zero_missing)),
        fixes=(FIX,),
    )
    return _with_objective(forest, str(dump.get("objective", "custom")), count, classes)


def _with_objective(forest: Forest, objective: str, count: int, classes: Optional[tuple[Any, ...]]) -> TreeModel:
    name, *words = objective.split()
    settings = dict(word.split(":", 1) for word in words if ":" in word)
    if name == "binary":
        return TreeModel(forest, "logistic", classes or (0, 1), slope=float(settings.get("sigmoid", 1.0)))
    if name == "multiclass":
        return TreeModel(forest, "softmax", classes or tuple(range(count)))
    if name == "multiclassova":
        slope = float(settings.get("sigmoid", 1.0))
        return TreeModel(forest, "logistic", classes or tuple(range(count)), slope=slope)
    if classes is not None:
        raise NotConvertibleError(f"LightGBM's objective {name!r} gives no probabilities")
    if name in EXP:
        return TreeModel(forest, "exp")
    if name == "cross_entropy":
        return TreeModel(forest, "logistic")
    if name in PLAIN:
        return TreeModel(forest, "signed_square" if "sqrt" in words else "none")
    raise NotConvertibleError(f"LightGBM's objective {name!r} has no counterpart here")


class _Reader:
    """Reads trees of one model, and remembers what they have in common."""

    def __init__(self) -> None:
        self.categorical: set[int] = set()
        self.zero_missing: set[int] = set()

    def read(self, root: dict[str, Any], target: int) -> Tree:
        """A tree out of the nested dictionaries of ``dump_model``."""
        names = ("features", "modes", "thresholds", "true", "false", "missing_true", "weights")
        rows: dict[str, list[Any]] = {name: [] for name in names}
        members: list[tuple[int, list[float]]] = []
        waiting: list[tuple[dict[str, Any], int, str]] = [(root, -1, "")]
        while waiting:  # a tree may be deeper than Python recurses
            node, parent, side = waiting.pop()
            at = len(rows["features"])
            if parent >= 0:
                rows[side][parent] = at
            if "leaf_coeff" in node:
                raise NotConvertibleError("LightGBM has linear models in its leaves", "train it with linear_tree=false")
            is_leaf = "split_feature" not in node
            weight = float(node["leaf_value"]) if is_leaf else 0.0
            values = (0, "LEAF", 0.0, LEAF, LEAF, 0, weight) if is_leaf else self._split(node, at, members)
            for name, value in zip(names, values):
                rows[name].append(value)
            if not is_leaf:
                waiting += [(node["right_child"], at, "false"), (node["left_child"], at, "true")]
        for at, categories in members:
            make_membership(rows, at, categories)
        arrays = {name: np.array(values) for name, values in rows.items()}
        arrays["weights"] = arrays["weights"][:, None]
        return Tree(**arrays, targets=(target,))

    def _split(self, node: dict[str, Any], at: int, members: list[tuple[int, list[float]]]) -> tuple[Any, ...]:
        feature, kind = int(node["split_feature"]), node["missing_type"]
        if node["decision_type"] == "==":
            self.categorical.add(feature)
            members.append((at, [float(category) for category in str(node["threshold"]).split("||")]))
            # A missing category is none of them; where LightGBM takes it for 0 it is that one.
            missing = kind == "None" and 0.0 in members[-1][1]
            return feature, "BRANCH_EQ", 0.0, LEAF, LEAF, int(missing), 0.0
        threshold = float(node["threshold"])
        if kind == "Zero":
            self.zero_missing.add(feature)
        missing = bool(node["default_left"]) if kind in ("NaN", "Zero") else threshold >= 0.0
        return feature, "BRANCH_LEQ", threshold, LEAF, LEAF, int(missing), 0.0
