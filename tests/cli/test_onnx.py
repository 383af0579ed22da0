"""``onnx``: for registered versions, and for files that lie about."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path

import pytest

from tests.support.flowers import make_flowers
from tests.support.lab import Lab


@pytest.fixture(scope="module")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lab = make_flowers(tmp_path_factory.mktemp("flowers") / "flower")
    lab.edit("mlops.yaml", "onnx: {}\n", "")
    lab.commit("no conversion")
    assert lab.ci()["outcome"] == "promoted"
    return lab.folder


@pytest.fixture
def lab(_template: Path, tmp_path: Path) -> Lab:
    return Lab.existing(Path(shutil.copytree(_template, tmp_path / "flower", symlinks=True)))


def test_a_version_is_converted_on_its_samples_and_that_is_recorded_once(lab: Lab) -> None:
    missing = lab.run("onnx", "verify", "flower@champion")
    assert missing.code == 2
    assert "has no ONNX model" in missing.err
    found = lab.run("onnx", "convert", "flower@champion", "--json")
    assert found.code == 0, found.err
    assert found.json["forms"][0]["parity"]["rows"] == 100
    assert lab.versions()[0]["conversion"]["attempt"]
    log = lab.run("models", "history", "flower", "--json").json
    assert lab.run("onnx", "convert", "flower@v1").code == 0
    assert lab.run("models", "history", "flower", "--json").json == log
    assert lab.run("workspace", "check").code == 0
    verified = lab.run("onnx", "verify", "flower@champion", "--json")
    assert (verified.code, verified.json["holds"]) == (0, True)
    timed = lab.run("onnx", "bench", "flower@champion", "--json")
    assert [one["batch"] for one in timed.json["speed"]] == [1, 100, 10_000]


class Boom:
    """A pickle that leaves a trace if anybody reads it."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {self.trace}",)


def test_a_pickle_is_not_read_unless_exactly_it_is_allowed(lab: Lab, tmp_path: Path) -> None:
    model, trace, rows = tmp_path / "model.pkl", tmp_path / "trace", tmp_path / "rows.csv"
    model.write_bytes(pickle.dumps(Boom(trace)))
    rows.write_text("a\n1\n")
    files = ("--model", str(model), "--rows", str(rows), "--out", str(tmp_path / "out"))
    refused = lab.run("onnx", "convert", *files)
    assert (refused.code, trace.exists()) == (5, False)
    digest = refused.err.split("--allow-pickle ")[1].split()[0]
    other = lab.run("onnx", "convert", *files, "--allow-pickle", "sha256:" + "0" * 64)
    assert (other.code, trace.exists()) == (5, False)
    lab.run("onnx", "convert", *files, "--allow-pickle", digest)
    assert trace.exists()


def test_a_file_is_converted_and_another_model_is_told_from_it(lab: Lab, tmp_path: Path) -> None:
    (stored,) = lab.workspace.rglob("files/build/model.pkl")
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps([{"a": 0.5 - n / 10, "b": n / 5, "c": 1.0} for n in range(10)]))
    digest = lab.run("onnx", "convert", "--model", str(stored), "--rows", str(rows), "--out", "o").err.split()[-1]
    files = ("--model", str(stored), "--rows", str(rows), "--allow-pickle", digest)
    done = lab.run("onnx", "convert", *files, "--out", str(tmp_path / "out"))
    assert done.code == 0, done.err
    assert "equal to the original on 10 rows" in done.out
    onnx = tmp_path / "out" / "model.onnx"
    assert lab.run("onnx", "verify", *files, "--onnx", str(onnx)).code == 0
    broken = lab.run("onnx", "verify", *files, "--onnx", str(rows))
    assert broken.code in {2, 3}
    assert "Traceback" not in broken.err


def test_what_is_asked_for_must_be_one_thing(lab: Lab) -> None:
    for arguments in (["convert"], ["verify"], ["convert", "flower@v1", "--model", "m.txt"], ["bench", "--model", "m"]):
        assert lab.run("onnx", *arguments).code == 2
