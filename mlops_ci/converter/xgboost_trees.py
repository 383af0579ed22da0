"""Reads the trees of XGBoost, which rounds rows to float32, compares ``<`` and sums in float32."""

from __future__ import annotations

import json
import math
from typing import Any, Optional

import numpy as np

from mlops_ci.converter.links import TreeModel
from mlops_ci.converter.trees import LEAF, Forest, Tree, make_membership
from mlops_ci.converter.trouble import NotConvertibleError

FIX = "XGBoost's trees compare and sum in float32, in its order"
EXP = {"count:poisson", "reg:gamma", "reg:tweedie"}
LOGISTIC = {"binary:logistic", "reg:logistic"}
PLAIN = {
    "reg:squarederror", "reg:linear", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror",
    "reg:squaredlogerror", "rank:pairwise", "rank:ndcg", "rank:map",
}  # fmt: skip


def read_xgboost(
    booster: Any, classes: Optional[tuple[Any, ...]] = None, *, missing: float = math.nan, rounds: Optional[int] = None
) -> TreeModel:
    """The forest of an ``xgboost.Booster`` and what its objective makes of the sums.

    Args:
        booster: the booster.
        classes: those of an estimator; without them a classifier's are counted from 0.
        missing: a value that stands for a missing one.
        rounds: how many rounds predict; all of them unless given.

    Raises:
        NotConvertibleError: it is a linear booster, has leaves of vectors, or an objective that is not known.
    """
    learner = json.loads(bytes(booster.save_raw("json")).decode())["learner"]
    boosted = learner["gradient_booster"]
    weights = boosted.get("weight_drop")
    if boosted["name"] == "dart":
        boosted = boosted["gbtree"]
    if "trees" not in boosted.get("model", {}):
        raise NotConvertibleError(f"XGBoost's booster {learner['gradient_booster']['name']!r} has no trees")
    model = boosted["model"]
    used = len(model["trees"]) if rounds is None else int(model["iteration_indptr"][rounds])
    objective = learner["objective"]["name"]
    groups = max(1, int(learner["learner_model_param"]["num_class"]))
    if int(learner["learner_model_param"].get("num_target", 1)) > 1:
        raise NotConvertibleError("XGBoost predicts more than one target")
    whole: set[int] = set()
    trees = tuple(
        _read(each, group, whole, weights[number] if weights else 1.0)
        for number, (each, group) in enumerate(zip(model["trees"][:used], model["tree_info"]))
    )
    forest = Forest(
        trees,
        _base(learner, objective, groups),
        rounded=True,
        single=True,
        missing=None if math.isnan(missing) else missing,
        whole=tuple(sorted(whole)),
        fixes=(FIX,),
    )
    if objective in {"multi:softprob", "multi:softmax"}:
        return TreeModel(forest, "softmax", classes or tuple(range(groups)))
    if objective == "binary:hinge":
        return TreeModel(forest, "threshold", classes)
    if objective in LOGISTIC:
        return TreeModel(forest, "logistic", classes)
    if objective in EXP | PLAIN and classes is None:
        return TreeModel(forest, "exp" if objective in EXP else "none")
    raise NotConvertibleError(f"XGBoost's objective {objective!r} has no counterpart here")


def _base(learner: dict[str, Any], objective: str, groups: int) -> tuple[float, ...]:
    # Since 3.1 a list; before, a number. It is stored as what the objective predicts, not as a sum.
    stored = json.loads(str(learner["learner_model_param"]["base_score"]).lower())
    values = [float(value) for value in (stored if isinstance(stored, list) else [stored])]
    values = values * groups if len(values) == 1 else values
    one = np.float32(1.0)
    if objective in LOGISTIC:
        return tuple(float(-np.log(one / np.float32(value) - one)) for value in values)
    if objective in EXP:
        return tuple(float(np.log(np.float32(value))) for value in values)
    return tuple(values)


def _read(tree: dict[str, Any], target: int, whole: set[int], weight: float) -> Tree:
    if int(tree["tree_param"].get("size_leaf_vector", 1) or 1) > 1:
        raise NotConvertibleError("XGBoost has vectors in its leaves", "train it with multi_strategy=one_output_per_tree")
    left, right = np.array(tree["left_children"]), np.array(tree["right_children"])
    leaf = left < 0
    conditions = np.array(tree["split_conditions"], np.float32)
    rows = {
        "features": np.where(leaf, 0, tree["split_indices"]).tolist(),
        "modes": np.where(leaf, "LEAF", "BRANCH_LT").tolist(),
        "thresholds": np.where(leaf, 0.0, conditions).tolist(),
        "true": np.where(leaf, LEAF, left).tolist(),
        "false": np.where(leaf, LEAF, right).tolist(),
        "missing_true": np.where(leaf, 0, tree["default_left"]).tolist(),
        "weights": np.where(leaf, conditions * np.float32(weight), 0.0).tolist(),
    }
    starts, sizes = tree.get("categories_segments", []), tree.get("categories_sizes", [])
    for node, start, size in zip(tree.get("categories_nodes", []), starts, sizes):
        # What is in the set goes to the right, everything else to the left.
        members = [float(category) for category in tree["categories"][start : start + size]]
        rows["true"][node], rows["false"][node] = rows["false"][node], rows["true"][node]
        rows["missing_true"][node] = 1 - rows["missing_true"][node]
        whole.add(rows["features"][node])
        make_membership(rows, node, members)
    arrays = {name: np.array(values) for name, values in rows.items()}
    arrays["weights"] = arrays["weights"][:, None]
    return Tree(**arrays, targets=(target,))
