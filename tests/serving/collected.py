"""Requests as a server hands them to its collector, and as they lie in a workspace."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from mlops_ci.edge.clock import timestamp
from mlops_ci.records.codec import encode
from mlops_ci.records.collected import COLLECTED_FORMAT, CollectedRequest, SegmentHead
from mlops_ci.records.conversion import InputTensor, OutputTensor
from mlops_ci.records.serving import SERVING_FORMAT, Collection, ServedModel, ServeSettings, ServingManifest
from mlops_ci.records.signature import Column
from mlops_ci.serving.contracts import Counted, Exchange
from mlops_ci.serving.segments import pack
from mlops_ci.workspace.collected_layout import segment_key
from mlops_ci.workspace.store import Store

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MODEL = ServedModel(
    name="coin",
    kind="onnx",
    version=3,
    file="model.onnx",
    inputs=(Column("size", "Float64"), Column("side", "String")),
    tensors=(
        InputTensor("numbers", "float32", (None, 1), ("size",)),
        InputTensor("texts", "string", (None, 1), ("side",)),
    ),
    outputs=(
        OutputTensor("label", "label", "int64", (None,)),
        OutputTensor("p", "score", "float32", (None, 2), ("tails", "heads")),
    ),
    classes=("tails", "heads"),
)


def manifest(**collection: Any) -> ServingManifest:
    return ServingManifest(SERVING_FORMAT, "coin", (MODEL,), ServeSettings(collect=Collection(**collection)))


def exchange(name: str, rows: int = 1) -> Exchange:
    return Exchange(
        id=name,
        at=NOON.timestamp(),
        model=MODEL,
        rows=rows,
        inputs={
            "numbers": np.full((rows, 1), 1.5, np.float32),
            "texts": np.array([["edge"]] * rows, object),
        },
        outputs={"label": np.array(["heads"] * rows, object), "p": np.full((rows, 2), [0.25, 0.75], np.float32)},
        seconds=0.002,
    )


class Counts(Counter[str]):
    def __call__(self, what: Counted, number: int = 1) -> None:
        self[what] += number


def request(name: str, *, rows: int = 1, after: timedelta = timedelta(), size: Any = 1.5) -> CollectedRequest:
    return CollectedRequest(
        id=name,
        time=timestamp(NOON + after),
        status=200,
        seconds=0.002,
        rows=rows,
        inputs={"size": [size] * rows, "side": ["edge"] * rows},
        outputs={"prediction": ["heads"] * rows, "score.heads": [0.75] * rows},
    )


def send(store: Store, requests: Sequence[CollectedRequest], model: str = "coin") -> str:
    """Put a segment into a workspace as a server does; return its name."""
    head = SegmentHead(COLLECTED_FORMAT, model, 3, "live", MODEL.inputs, requests[0].time)
    name, data = pack(head, b"".join(encode(each) + b"\n" for each in requests))
    store.create(segment_key(model, name), data)
    return name
