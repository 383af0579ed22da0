"""From an answered request to its line in a segment."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from mlops_ci.edge.clock import timestamp
from mlops_ci.records.codec import encode
from mlops_ci.records.collected import COLLECTED_FORMAT, CollectedRequest, SegmentHead
from mlops_ci.records.serving import ServedModel
from mlops_ci.serving.contracts import Exchange, Tensors
from mlops_ci.serving.predictions import Reading


class Lines:
    """Makes lines of the requests of a model.

    Args:
        model: its entry in the manifest.
        deployment: the name of the deployment, if it is one.
        inputs: whether what was asked is kept.
    """

    def __init__(self, model: ServedModel, deployment: str | None, *, inputs: bool) -> None:
        self._model = model
        self._deployment = deployment
        self._inputs = inputs
        self._reading = Reading(model, model.outputs) if model.outputs else None
        # Else the columns are named by the tensors, which whoever reads the line does not know.
        self._named = bool(model.inputs) and all(tensor.columns for tensor in model.tensors)
        self._second = (0, b"")

    def head(self, at: float) -> SegmentHead:
        """The head of a segment that begins with a request at this time."""
        model = self._model
        return SegmentHead(COLLECTED_FORMAT, model.name, model.version, self._deployment, model.inputs, _time(at))

    def of_bodies(self, exchange: Exchange) -> bytes | None:
        """The line of a request to ``/score``, at the cost of a copy; None where it has to be encoded.

        Both bodies are JSON that was read or written here, and a line feed in it is white space.
        """
        if exchange.bodies is None or not self._named:
            return None
        asked, answered = exchange.bodies
        if not self._inputs:
            asked = b"null"
        elif b"\n" in asked:
            asked = asked.replace(b"\n", b" ")
        return b'{"answered":%s,"asked":%s,"id":"%s","rows":%d,"seconds":%.6f,"status":200,"time":"%s.%03dZ"}\n' % (
            answered,
            asked,
            exchange.id.encode(),
            exchange.rows,
            exchange.seconds,
            self._to_the_second(int(exchange.at)),
            int(exchange.at * 1000) % 1000,
        )

    def _to_the_second(self, second: int) -> bytes:
        if self._second[0] != second:
            self._second = (second, datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode())
        return self._second[1]

    def line(self, exchange: Exchange) -> bytes:
        """The line of a request, column by column."""
        inputs, outputs = exchange.inputs, exchange.outputs
        is_script = isinstance(inputs, bytes) or isinstance(outputs, bytes)
        record = CollectedRequest(
            id=exchange.id,
            time=_time(exchange.at),
            status=200,
            seconds=round(exchange.seconds, 6),
            rows=1 if is_script else exchange.rows,
            inputs=dict(self._asked(inputs)) if self._inputs else None,
            outputs=dict(self._answered(outputs)),
        )
        return encode(record) + b"\n"

    def _asked(self, inputs: Tensors | bytes) -> Iterator[tuple[str, list[Any]]]:
        if isinstance(inputs, bytes):
            yield "body", [_text(inputs)]
            return
        columns = {tensor.name: tensor.columns for tensor in self._model.tensors}
        for name, tensor in inputs.items():
            names = columns.get(name, ())
            if names and tensor.ndim == 2 and tensor.shape[1] == len(names):
                yield from zip(names, tensor.T.tolist(), strict=True)
            else:
                yield names[0] if len(names) == 1 else name, tensor.tolist()

    def _answered(self, outputs: Tensors | bytes) -> Iterator[tuple[str, list[Any]]]:
        if isinstance(outputs, bytes):
            yield "prediction", [_text(outputs)]
        elif self._reading is None:
            yield from ((name, tensor.tolist()) for name, tensor in outputs.items())
        else:
            yield "prediction", self._reading.values(outputs)
            if self._reading.has_scores:
                names = (f"score.{name}" for name in self._reading.classes)
                yield from zip(names, self._reading.scores(outputs).T.tolist(), strict=True)


def _time(at: float) -> str:
    return timestamp(datetime.fromtimestamp(at, UTC))


def _text(body: bytes) -> str:
    return body.decode("utf-8", "replace")
