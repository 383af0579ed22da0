"""Reads the trees of scikit-learn's estimators.

They round rows to float32 and compare these with thresholds in float64; leaves are float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mlops_ci.converter.trees import LEAF, Array, Forest, Tree, make_membership
from mlops_ci.converter.trouble import NotConvertibleError

ROUNDED = "trees compare in float64, with rows rounded to float32 as scikit-learn does"


def read_tree(tree: Any, weights: Array, targets: tuple[int, ...] = (0,)) -> Tree:
    """A tree of scikit-learn; ``weights`` (nodes × targets) are what a row gets at each node."""
    leaf = tree.children_left < 0
    # Before 1.3 a tree knew no missing values.
    missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count, np.uint8))
    return Tree(
        features=np.where(leaf, 0, tree.feature),
        modes=np.where(leaf, "LEAF", "BRANCH_LEQ"),
        thresholds=np.where(leaf, 0.0, tree.threshold),
        true=np.where(leaf, LEAF, tree.children_left),
        false=np.where(leaf, LEAF, tree.children_right),
        missing_true=np.where(leaf, 0, missing),
        weights=weights,
        targets=targets,
    )


def read_trees(model: Any) -> Forest:
    """The forest of a decision tree, an extra tree, or an ensemble of them which takes the mean."""
    if model.n_outputs_ > 1 and hasattr(model, "classes_"):
        raise NotConvertibleError(f"{type(model).__name__} predicts {model.n_outputs_} labels a row")
    members = [each.tree_ for each in getattr(model, "estimators_", [model])]
    shares = [_shares(tree.value[:, 0, :]) if hasattr(model, "classes_") else tree.value[:, :, 0] for tree in members]
    if shares[0].shape[1] == 2 and all(_votes(tree, share) for tree, share in zip(members, shares)):
        # Sums of whole votes are exact, so that those for the second class tell those for the first one.
        shares = [share[:, 1:] for share in shares]
    count = shares[0].shape[1]
    trees = tuple(read_tree(tree, share, tuple(range(count))) for tree, share in zip(members, shares))
    return Forest(trees, (0.0,) * count, divisor=float(len(trees)), rounded=True, fixes=(ROUNDED,))


def _votes(tree: Any, shares: Array) -> bool:
    """Whether each leaf is certain of its class, as it is in a tree that was grown to its end."""
    return bool(np.isin(shares[tree.children_left < 0], (0.0, 1.0)).all())


def _shares(counts: Array) -> Array:
    # Since 1.3 a tree holds shares, which must not be rounded again.
    sums = counts.sum(axis=1, keepdims=True)
    return counts if np.allclose(sums, 1.0, rtol=0, atol=1e-9) else counts / np.where(sums == 0, 1, sums)


def read_boosted(model: Any) -> Forest:
    """The forest of GradientBoostingClassifier and GradientBoostingRegressor: sums before the link function."""
    stages = model.estimators_
    count = stages.shape[1]
    row = np.zeros((1, model.n_features_in_), np.float32)
    if model.init not in (None, "zero"):
        raise NotConvertibleError(
            f"{type(model).__name__} starts from an estimator of its own (init={type(model.init).__name__})",
            "train it without init, or serve it with an entry script",
        )
    base = np.asarray(model._raw_predict_init(row), np.float64).ravel()
    trees = tuple(
        read_tree(each.tree_, model.learning_rate * each.tree_.value[:, :, 0], (target,))
        for stage in stages
        for target, each in enumerate(stage)
    )
    return Forest(trees, tuple(base.tolist()[:count]), rounded=True, fixes=(ROUNDED,))


def read_adaptive(model: Any) -> Forest:
    """The forest of AdaBoostClassifier: each tree votes with its weight, for its class and against the others."""
    count = len(model.classes_)
    if getattr(model, "algorithm", "SAMME") == "SAMME.R":
        raise NotConvertibleError("AdaBoostClassifier(algorithm='SAMME.R')", "train it with algorithm='SAMME'")
    weights = model.estimator_weights_[: len(model.estimators_)]
    trees = []
    for each, weight in zip(model.estimators_, weights):
        if not hasattr(each, "tree_") or len(each.classes_) != count:
            raise NotConvertibleError(f"AdaBoostClassifier over {type(each).__name__}", "boost decision trees")
        chosen = each.tree_.value[:, 0, :].argmax(axis=1)
        votes = np.where(np.arange(count)[None, :] == chosen[:, None], weight, -weight / (count - 1))
        trees.append(read_tree(each.tree_, votes, tuple(range(count))))
    # With two classes the sum of both votes is halved, which is each of them again.
    scale = float(weights.sum()) * (count - 1 if count > 2 else 1)
    return Forest(tuple(trees), (0.0,) * count, divisor=scale, rounded=True, fixes=(ROUNDED,))


def read_isolation(model: Any) -> Forest:
    """The forest of IsolationForest: the length of a row's path, averaged over the trees."""
    from sklearn.ensemble._iforest import _average_path_length

    trees = []
    for each, features in zip(model.estimators_, model.estimators_features_):
        tree = each.tree_
        length = np.zeros(tree.node_count)
        for node in range(tree.node_count):  # a parent stands before its children
            for child in (tree.children_left[node], tree.children_right[node]):
                if child >= 0:
                    length[child] = length[node] + 1
        weights = (length + _average_path_length(tree.n_node_samples))[:, None]
        read = read_tree(tree, weights)
        trees.append(Tree(**{**read.__dict__, "features": np.asarray(features)[read.features]}))
    return Forest(tuple(trees), (0.0,), divisor=float(len(trees)), rounded=True, fixes=(ROUNDED,))


def read_hist(model: Any) -> Forest:
    """The forest of HistGradientBoosting: sums before the link function. Rows are compared in float64."""
    trees = []
    for stage in model._predictors:
        trees += [_hist_tree(predictor, target) for target, predictor in enumerate(stage)]
    base = np.asarray(model._baseline_prediction, np.float64).ravel()
    return Forest(tuple(trees), tuple(base.tolist()), fixes=("trees compare and sum in float64",))


def _hist_tree(predictor: Any, target: int) -> Tree:
    nodes = predictor.nodes
    leaf = nodes["is_leaf"].astype(bool)
    categorical = nodes["is_categorical"].astype(bool) & ~leaf
    rows = {
        "features": np.where(leaf, 0, nodes["feature_idx"]).astype(np.int64).tolist(),
        "modes": np.where(leaf, "LEAF", "BRANCH_LEQ").tolist(),
        "thresholds": np.where(leaf, 0.0, nodes["num_threshold"]).tolist(),
        "true": np.where(leaf, LEAF, nodes["left"].astype(np.int64)).tolist(),
        "false": np.where(leaf, LEAF, nodes["right"].astype(np.int64)).tolist(),
        "missing_true": nodes["missing_go_to_left"].astype(np.int64).tolist(),
        "weights": nodes["value"].tolist(),
    }
    for node in np.flatnonzero(categorical):
        bits = predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]]
        members = [float(code) for code in range(256) if bits[code // 32] >> np.uint32(code % 32) & np.uint32(1)]
        make_membership(rows, int(node), members)
    arrays = {name: np.array(values) for name, values in rows.items()}
    arrays["weights"] = arrays["weights"][:, None]
    return Tree(**arrays, targets=(target,))
