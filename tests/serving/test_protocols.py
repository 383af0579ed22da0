"""The same rows get the same answers under each protocol."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from typing import Any

import numpy as np
import pytest

from tests.serving.server_process import ServerProcess


def infer(*inputs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"inputs": list(inputs), **more}


X = {"name": "X", "shape": [2, 3], "datatype": "FP32", "data": [1, 2, 3, 4, 5, 6]}


def binary(document: dict[str, Any], *blobs: bytes) -> tuple[bytes, dict[str, str]]:
    head = json.dumps(document).encode()
    return b"".join([head, *blobs]), {"Inference-Header-Content-Length": str(len(head))}


def test_score_says_which_model_has_answered_what(server: ServerProcess) -> None:
    answer = server.json("POST", "/score", {"data": [[1, 2, 3], [4, 5, 6]]}, {"X-Request-Id": "mine-1"})
    assert answer == {"id": "mine-1", "model": "sum", "version": 7, "predictions": [6.0, 15.0]}


def test_a_classifier_answers_labels_probabilities_and_classes(server: ServerProcess) -> None:
    answer = server.json("POST", "/models/side/score", [[0.25], [0.75]])
    assert answer["predictions"] == ["low", "high"]
    assert answer["probabilities"] == [[0.75, 0.25], [0.25, 0.75]]
    assert answer["classes"] == ["low", "high"]


@pytest.mark.parametrize("data", [[1, 2, 3, 4, 5, 6], [[1, 2, 3], [4, 5, 6]]], ids=["flat", "nested"])
@pytest.mark.parametrize("path", ["/v2/models/sum/infer", "/v2/models/sum/versions/7/infer"])
def test_open_inference_answers_tensors(server: ServerProcess, path: str, data: Any) -> None:
    assert server.json("POST", path, infer({**X, "data": data}, id="q")) == {
        "model_name": "sum", "model_version": "7", "id": "q",
        "outputs": [{"name": "y", "datatype": "FP32", "shape": [2, 1], "data": [6.0, 15.0]}],
    }  # fmt: skip


def test_binary_tensors_are_the_same_tensors(server: ServerProcess) -> None:
    blob = np.array([1, 2, 3, 4, 5, 6], "<f4").tobytes()
    given = {"name": "X", "shape": [2, 3], "datatype": "FP32", "parameters": {"binary_data_size": len(blob)}}
    body, headers = binary(infer(given, parameters={"binary_data_output": True}), blob)
    status, answered, content = server.ask("POST", "/v2/models/sum/infer", body, headers)
    length = int(answered["inference-header-content-length"])
    assert status == 200
    assert answered["content-type"] == "application/octet-stream"
    assert json.loads(content[:length])["outputs"][0]["parameters"] == {"binary_data_size": 8}
    assert np.frombuffer(content[length:], "<f4").tolist() == [6.0, 15.0]


def test_texts_flags_and_whole_numbers_travel_in_both_forms(server: ServerProcess) -> None:
    texts = ["AA", "", "Zürich"]
    plain = [
        {"name": "distance", "shape": [3, 1], "datatype": "FP32", "data": [0.5, None, 2]},
        {"name": "hour", "shape": [3, 1], "datatype": "INT64", "data": [1, 2, 2**60]},
        {"name": "late", "shape": [3, 1], "datatype": "BOOL", "data": [True, False, True]},
        {"name": "carrier", "shape": [3, 1], "datatype": "BYTES", "data": texts},
    ]
    blobs = [
        np.array([0.5, np.nan, 2], "<f4").tobytes(),
        np.array([1, 2, 2**60], "<i8").tobytes(),
        b"\1\0\1",
        b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts),
    ]
    sized = [
        {**{key: one[key] for key in ("name", "shape", "datatype")}, "parameters": {"binary_data_size": len(blob)}}
        for one, blob in zip(plain, blobs, strict=True)
    ]
    as_json = server.json("POST", "/v2/models/mixed/infer", infer(*plain, id="q"))
    body, headers = binary(infer(*sized, id="q"), *blobs)
    assert server.json("POST", "/v2/models/mixed/infer", body, headers) == as_json
    rows = [[0.5, 1, True, "AA"], [None, 2, False, ""], [2, 2**60, True, "Zürich"]]
    assert server.json("POST", "/models/mixed/score", rows)["predictions"] == as_json["outputs"][0]["data"]
    assert as_json["outputs"][1]["data"] == texts
    assert as_json["outputs"][2]["data"] == [0.5, None, 2.0]
    wanted = infer(*sized, outputs=[{"name": "carriers", "parameters": {"binary_data": True}}])
    body, headers = binary(wanted, *blobs)
    assert server.ask("POST", "/v2/models/mixed/infer", body, headers)[2].endswith(blobs[3])


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (infer({**X, "datatype": "FP64"}), "has the datatype FP64, not FP32"),
        (infer({**X, "shape": [3, 2]}), 'tensor "X" has the shape [3, 2] where [rows, 3] is expected'),
        (infer({**X, "shape": [-2, 3]}), "has 6 values, its shape has -6"),
        (infer({**X, "shape": [0, 3], "data": []}), "the shape [0, 3]"),
        (infer({**X, "shape": [10**12, 3]}), "its shape has 3000000000000"),
        (infer({**X, "data": [1, 2]}), "has 2 values, its shape has 6"),
        (infer({**X, "data": [1, 2, 3, 4, 5, "x"]}), "data other than numbers"),
        (infer({**X, "data": [1, 2, 3, 4, 5, 1e300]}), "a value that FP32 cannot hold"),
        (infer({**X, "name": "Y"}), "the model reads X"),
        (infer(X, X), "given twice"),
        (infer(), 'input "X" is missing'),
        (infer({key: value for key, value in X.items() if key != "data"}), "has no data"),
        (infer(X, outputs=[{"name": "z"}]), 'there is no output "z"; there is y'),
        ({"inputs": {}}, "this is no inference request"),
    ],
    ids=str,
)
def test_what_is_wrong_with_an_inference_request_is_told(
    server: ServerProcess, document: dict[str, Any], message: str
) -> None:
    status, _, content = server.ask("POST", "/v2/models/sum/infer", document)
    assert status == 400
    assert message in json.loads(content)["error"]["message"]


@pytest.mark.parametrize("header", ["-1", "x", "9999", "99999999999999999999", "3"])
def test_a_wrong_length_of_the_json_is_refused(server: ServerProcess, header: str) -> None:
    answer = server.ask("POST", "/v2/models/sum/infer", infer(X), {"Inference-Header-Content-Length": header})
    assert answer[0] == 400


@pytest.mark.parametrize(("size", "extra"), [(23, b""), (25, b""), (24, b"x"), (-1, b"")])
def test_binary_data_of_another_size_is_refused(server: ServerProcess, size: int, extra: bytes) -> None:
    given = {"name": "X", "shape": [2, 3], "datatype": "FP32", "parameters": {"binary_data_size": size}}
    body, headers = binary(infer(given), b"\0" * 24 + extra)
    assert server.ask("POST", "/v2/models/sum/infer", body, headers)[0] == 400


def test_the_server_tells_what_it_has(server: ServerProcess) -> None:
    assert server.json("GET", "/v2")["extensions"] == ["binary_tensor_data"]
    assert server.json("GET", "/v2/models/mixed/versions/1")["inputs"][3] == {
        "name": "carrier", "datatype": "BYTES", "shape": [-1, 1]
    }  # fmt: skip
    assert server.json("GET", "/v2/models/sum/ready") == {"name": "sum", "ready": True}
    for path in ("/health", "/health/live", "/health/ready", "/v2/health/live", "/v2/health/ready"):
        assert server.ask("GET", path)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404), ("GET", "/v2/models/none", 404), ("GET", "/v2/models/sum/versions/8", 404),
        ("GET", "/score", 405), ("DELETE", "/health", 405), ("POST", "/v2/models/sum", 405),
        ("GET", "/v2/models/sum/score", 404), ("GET", "/v2/models//ready", 404), ("HEAD", "/health", 200),
        ("POST", "/models/none/score", 404), ("GET", "/%2e%2e/etc/passwd", 404), ("GET", "/v2/models/a/b/c", 404),
    ],
)  # fmt: skip
def test_what_is_not_there_is_told_so(server: ServerProcess, method: str, path: str, status: int) -> None:
    assert server.ask(method, path, b"[[1,2,3]]" if method == "POST" else None)[0] == status


@pytest.mark.parametrize(("coding", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_bodies_are_read(server: ServerProcess, coding: str, pack: Any) -> None:
    headers = {"Content-Encoding": coding}
    assert server.json("POST", "/score", pack(b"[[1,2,3]]"), headers)["predictions"] == [6.0]
    assert server.ask("POST", "/score", pack(b"[[1,2,3]]")[:-3], headers)[0] == 400
    assert server.ask("POST", "/score", pack(b" " * 50_000_000), headers)[0] == 413
    assert server.ask("POST", "/score", b"nonsense", headers)[0] == 400


def test_an_unknown_coding_is_refused_with_those_that_are_known(server: ServerProcess) -> None:
    status, headers, _ = server.ask("POST", "/score", b"x", {"Content-Encoding": "br"})
    assert (status, headers["accept-encoding"]) == (415, "gzip, deflate")


@pytest.mark.parametrize("given", ["a b", "x" * 129, "a\tb", "é"])
def test_an_id_that_could_not_stand_in_a_log_is_replaced(server: ServerProcess, given: str) -> None:
    _, headers, _ = server.ask("GET", "/health", headers={"X-Request-Id": given})
    assert headers["x-request-id"] != given
    assert headers["x-request-id"].isascii()


def test_metrics_are_those_of_all_workers(server: ServerProcess) -> None:
    name = 'mlops_ci_requests_total{model="side",route="score",code="200"}'
    before = server.metric(name)
    for _ in range(20):  # on connections of their own, so that either worker has some
        server.ask("POST", "/models/side/score", [[0.5]])
    assert server.metric(name) == before + 20
    assert server.metric("mlops_ci_workers") == 2
    assert server.metric("mlops_ci_memory_bytes") > 10_000_000
    assert server.metric('mlops_ci_request_seconds_count{model="side"}') == before + 20
    assert server.metric('mlops_ci_batch_rows_bucket{model="side",le="+Inf"}') >= 20
