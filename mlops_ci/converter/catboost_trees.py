"""Reads the trees of CatBoost out of the graph that onnxmltools has it export.

They round rows to float32 and compare ``>`` with thresholds in float32; leaves are rounded to float32 by the export.
That graph lacks the link function of some objectives and its probabilities are dictionaries: both are ours.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import NodeProto, helper

from mlops_ci.converter.catboost_objectives import CLASSIFIERS, EXP
from mlops_ci.converter.links import TreeModel
from mlops_ci.converter.trees import LEAF, Forest, Tree
from mlops_ci.converter.trouble import BrokenInputError, NotConvertibleError, one_line

FIX = "CatBoost's trees compare in float32 and sum in float64"


def read_catboost(model: Any, classes: tuple[Any, ...] | None) -> TreeModel:
    """The forest of a CatBoost estimator and what its objective makes of the sums.

    Args:
        model: a fitted estimator.
        classes: those of a classifier.

    Raises:
        NotConvertibleError: it splits on categories, texts or embeddings, or has trees or labels of another kind.
    """
    refuse_categories(model)
    objective = str(model.get_all_params().get("loss_function", "")).partition(":")[0]
    node = _exported(model)
    given = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    side = "class" if "class_ids" in given else "target"
    if not given[f"{side}_ids"]:
        raise NotConvertibleError(f"CatBoost exports no values for its objective {objective!r}")
    count = 1 + max(given[f"{side}_ids"])
    one = classes is not None and len(classes) == 2  # the sum for the second class is the one that counts
    trees = tuple(_trees(given, side, count, one=one))
    base = [float(value) for value in given.get("base_values", [0.0] * count)]
    forest = Forest(trees, tuple(base[-1:] if one else base), rounded=True, fixes=(FIX,))
    if classes is None:
        return TreeModel(forest, "exp" if objective in EXP else "none")
    if objective not in CLASSIFIERS:
        raise NotConvertibleError(f"CatBoost's objective {objective!r} has no counterpart here")
    return TreeModel(forest, CLASSIFIERS[objective], classes)


def refuse_categories(model: Any) -> None:
    """Refuse a model of CatBoost that splits on what is no number; the export would take their codes for numbers.

    Raises:
        NotConvertibleError: it does.
    """
    for what, named in (("cat", "categories"), ("text", "texts"), ("embedding", "embeddings")):
        if getattr(model, f"get_{what}_feature_indices", list)():
            raise NotConvertibleError(
                f"CatBoost was trained on {named}, which ONNX's trees do not know",
                "encode them as numbers in a pipeline before it, or serve it with an entry script",
            )


def _exported(model: Any) -> NodeProto:
    try:
        import onnxmltools
    except ImportError as error:
        raise BrokenInputError(f"onnxmltools is not installed here: {one_line(error)}") from error
    try:
        made = onnxmltools.convert_catboost(model, name="model")
    except Exception as error:  # CatBoost refuses labels of truth values, and trees that are not symmetric
        hint = "train it with grow_policy='SymmetricTree', and name the classes by texts or whole numbers"
        raise NotConvertibleError(f"CatBoost does not export it: {one_line(error)}", hint) from error
    exported: NodeProto = next(node for node in made.graph.node if node.op_type.startswith("TreeEnsemble"))
    return exported


def _trees(given: dict[str, Any], side: str, count: int, *, one: bool) -> list[Tree]:
    numbers = {name: np.array(values) for name, values in given.items() if name.startswith(("nodes_", side))}
    leaf = numbers["nodes_modes"] == b"LEAF"
    weights = np.zeros((len(leaf), count))
    where = {key: at for at, key in enumerate(zip(given["nodes_treeids"], given["nodes_nodeids"]))}
    at = [where[key] for key in zip(given[f"{side}_treeids"], given[f"{side}_nodeids"])]
    weights[at, numbers[f"{side}_ids"]] = numbers[f"{side}_weights"]
    weights = weights[:, -1:] if one else weights
    found = []
    for tree in np.unique(numbers["nodes_treeids"]):
        inside = np.flatnonzero(numbers["nodes_treeids"] == tree)
        found.append(
            Tree(
                features=numbers["nodes_featureids"][inside],
                modes=np.where(leaf[inside], "LEAF", numbers["nodes_modes"][inside].astype(str)),
                thresholds=numbers["nodes_values"][inside].astype(np.float64),
                true=np.where(leaf[inside], LEAF, numbers["nodes_truenodeids"][inside]),
                false=np.where(leaf[inside], LEAF, numbers["nodes_falsenodeids"][inside]),
                missing_true=numbers["nodes_missing_value_tracks_true"][inside],
                weights=weights[inside],
                targets=tuple(range(weights.shape[1])),
            )
        )
    return found
