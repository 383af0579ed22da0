"""Ensembles of trees, whoever has grown them, and the one ONNX node that computes them as the original does.

ONNX Runtime has kernels of this node for float32 and for float64. The original decides which one is right: where it
compares and sums in float64, so does the node, by its ``*_as_tensor`` attributes (ai.onnx.ml, operator set 3). The
result of the node is float32 in any case, rounded once at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from onnx import TensorProto, numpy_helper

from mlops_ci.converter.emitter import ML, Emitter, cast

LEAF = -1
Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Tree:
    """A binary tree as arrays over its nodes; node 0 is the root.

    A row goes to ``true`` if its feature compares so (``modes``) with the threshold, or if it is missing and
    ``missing_true``. ``true`` is -1 at leaves, whose ``weights`` (nodes × targets) are added to ``targets``.
    """

    features: Array
    modes: Array
    thresholds: Array
    true: Array
    false: Array
    missing_true: Array
    weights: Array
    targets: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Forest:
    """Trees whose leaves are summed up, starting from ``base``, and then divided.

    ``rounded``: the original rounds what it is given to float32 before it compares.
    ``single``: it also compares and sums in float32.
    ``missing``: a value that stands for a missing one, besides NaN.
    ``whole``: features that are cut to whole numbers first; ``zero_missing``: features in which 0 is a missing value.
    """

    trees: tuple[Tree, ...]
    base: tuple[float, ...]
    divisor: float = 1.0
    rounded: bool = False
    single: bool = False
    missing: float | None = None
    whole: tuple[int, ...] = ()
    zero_missing: tuple[int, ...] = ()
    fixes: tuple[str, ...] = field(default=())


def make_membership(rows: dict[str, list[Any]], node: int, members: Sequence[float]) -> None:
    """Turn a node into a test for membership: tests of equality one after another, which share the true branch.

    ONNX Runtime allows the sharing, and makes one test of the chain again where it can.

    Args:
        rows: the fields of a ``Tree`` as lists; nodes are added at their ends.
        node: the node that tests.
        members: rows of these values go to its true branch.
    """
    false, true, missing = rows["false"][node], rows["true"][node], rows["missing_true"][node]
    at = node
    for number, member in enumerate(members or [float("nan")]):  # nothing is equal to NaN
        if number:
            for values in rows.values():
                values.append(values[node])
            rows["false"][at] = len(rows["false"]) - 1
            at = len(rows["false"]) - 1
        rows["modes"][at], rows["thresholds"][at] = "BRANCH_EQ", member
        rows["true"][at], rows["false"][at], rows["missing_true"][at] = true, false, missing


def emit_forest(emit: Emitter, x: str, forest: Forest) -> tuple[str | None, str]:
    """Emit a forest over a float64 tensor [rows, features].

    Returns:
        The number of the target with the greatest sum (int64, [rows]; None with one target), decided before any
        rounding, and the sums (float64, [rows, targets]), divided.
    """
    x = _prepared(emit, x, forest)
    if forest.single:
        x = cast(emit, x, TensorProto.FLOAT)
    count = len(forest.base)
    attributes = _attributes(forest, "target" if count == 1 else "class")
    winner = None
    if count == 1:
        sums = emit.node("TreeEnsembleRegressor", [x], domain=ML, n_targets=1, **attributes)[0]
    else:
        # With two labels ONNX Runtime would compare with 0.5 instead; with a third one, which never wins, it does not.
        labels = list(range(max(count, 3)))
        winner, sums = emit.node("TreeEnsembleClassifier", [x], 2, domain=ML, classlabels_int64s=labels, **attributes)
        if count == 2:
            sums = emit.node("Gather", [sums, emit.constant(np.arange(2))], axis=1)[0]
    sums = cast(emit, sums, TensorProto.DOUBLE)
    if forest.divisor != 1.0:
        sums = emit.node("Div", [sums, emit.constant(np.array(forest.divisor))])[0]
    return winner, sums


def _prepared(emit: Emitter, x: str, forest: Forest) -> str:
    nan = emit.constant(np.array(np.nan)) if forest.missing is not None or forest.zero_missing else ""
    if forest.missing is not None:
        stands_for_missing = emit.node("Equal", [x, emit.constant(np.array(float(forest.missing)))])[0]
        x = emit.node("Where", [stands_for_missing, nan, x])[0]
    width = 1 + max((int(tree.features.max()) for tree in forest.trees), default=0)
    width = max(width, 1 + max((*forest.whole, *forest.zero_missing), default=0))
    if forest.zero_missing:
        x = _where(emit, forest.zero_missing, width, x, emit.node("Where", [_is_zero(emit, x), nan, x])[0])
    if forest.whole:
        toward_zero = emit.node("Mul", [emit.node("Sign", [x])[0], emit.node("Floor", [emit.node("Abs", [x])[0]])[0]])[
            0
        ]
        x = _where(emit, forest.whole, width, x, toward_zero)
    return x


def _is_zero(emit: Emitter, x: str) -> str:
    # LightGBM's kZeroThreshold: what is closer to 0 than this is 0.
    return emit.node("LessOrEqual", [emit.node("Abs", [x])[0], emit.constant(np.array(np.float32(1e-35), np.float64))])[
        0
    ]


def _where(emit: Emitter, features: Sequence[int], width: int, otherwise: str, chosen: str) -> str:
    """Take some columns from one tensor and the others from another one; columns beyond ``width`` are not used."""
    every = emit.constant(np.arange(width))
    mask = np.zeros((1, width), bool)
    mask[0, list(features)] = True
    sides = [emit.node("Gather", [side, every], axis=1)[0] for side in (chosen, otherwise)]
    return emit.node("Where", [emit.constant(mask), *sides])[0]


def _attributes(forest: Forest, side: str) -> dict[str, Any]:
    dtype = np.float32 if forest.single else np.float64
    trees = [*_base_as_trees(forest), *forest.trees]
    sizes = [len(tree.features) for tree in trees]
    leaves = [np.flatnonzero(tree.true == LEAF) for tree in trees]
    inner = [tree.true != LEAF for tree in trees]
    modes = np.concatenate([np.where(split, tree.modes, "LEAF") for tree, split in zip(trees, inner)])

    def nodes(name: str, dtype: Any) -> Array:
        return np.concatenate([np.where(split, getattr(tree, name), 0) for tree, split in zip(trees, inner)]).astype(
            dtype
        )

    def per_weight(values: Sequence[Array]) -> list[int]:
        joined: list[int] = np.concatenate([value.astype(np.int64) for value in values]).tolist()
        return joined

    many = [len(tree.targets) for tree in trees]
    weights = np.concatenate([tree.weights[leaf].ravel() for tree, leaf in zip(trees, leaves)]).astype(dtype)
    thresholds = nodes("thresholds", dtype)
    if forest.rounded and not forest.single:
        thresholds = before_rounding(thresholds)
    attributes: dict[str, Any] = {
        "nodes_treeids": np.repeat(np.arange(len(trees)), sizes).tolist(),
        "nodes_nodeids": np.concatenate([np.arange(size) for size in sizes]).tolist(),
        "nodes_featureids": nodes("features", np.int64).tolist(),
        "nodes_modes": modes.tolist(),
        "nodes_truenodeids": nodes("true", np.int64).tolist(),
        "nodes_falsenodeids": nodes("false", np.int64).tolist(),
        "nodes_missing_value_tracks_true": nodes("missing_true", np.int64).tolist(),
        f"{side}_treeids": np.repeat(np.arange(len(trees)), [len(leaf) * k for leaf, k in zip(leaves, many)]).tolist(),
        f"{side}_nodeids": per_weight([np.repeat(leaf, k) for leaf, k in zip(leaves, many)]),
        f"{side}_ids": per_weight([np.tile(tree.targets, len(leaf)) for tree, leaf in zip(trees, leaves)]),
        "post_transform": "NONE",
    }
    if forest.single:
        return {**attributes, "nodes_values": thresholds, f"{side}_weights": weights}
    return {
        **attributes,
        "nodes_values_as_tensor": numpy_helper.from_array(thresholds, "thresholds"),
        f"{side}_weights_as_tensor": numpy_helper.from_array(weights, "weights"),
    }


def before_rounding(thresholds: Array) -> Array:
    """For each threshold the largest float64 that is at most it once it is rounded to float32.

    A row need not be rounded then: ``float32(x) <= threshold`` just where ``x <= before_rounding(threshold)``. It is
    half-way between two neighbours of float32, or, as the one with the even significand gets what lies there, next
    below.
    """
    with np.errstate(over="ignore"):  # the largest float32 has infinity above it
        below = thresholds.astype(np.float32)
        below = np.where(below > thresholds, np.nextafter(below, np.float32(-np.inf)), below)
        above = np.nextafter(below, np.float32(np.inf)).astype(np.float64)
    above = np.where(np.isinf(above), 2.0**128, above)  # where rounding takes its next step to be
    half = below.astype(np.float64) / 2 + above / 2
    even = below.view(np.uint32) % 2 == 0
    return np.where(np.isinf(thresholds), thresholds, np.where(even, half, np.nextafter(half, -np.inf)))


def _base_as_trees(forest: Forest) -> list[Tree]:
    # The originals start their sums with it. ONNX Runtime would add it at the end, which rounds differently.
    if not any(forest.base):
        return []
    zero = np.zeros(1, np.int64)
    targets = tuple(range(len(forest.base)))
    weights = np.array([forest.base], np.float64)
    return [Tree(zero, np.array(["LEAF"]), np.zeros(1), zero + LEAF, zero + LEAF, zero, weights, targets)]
