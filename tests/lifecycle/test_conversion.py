"""The conversion is a step that nobody has to write; what comes of it never costs a trained model."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from mlops_ci.records.conversion import Conversion
from mlops_ci.registry.download import fetch
from mlops_ci.workspace.layout import conversion_key
from mlops_ci.workspace.local import LocalStore
from tests.registry.making import open_log
from tests.support.flowers import TRAIN, make_flowers
from tests.support.lab import MLOPS_CI, Done, Lab, clean_environment
from tests.support.log_entries import log_entries


@pytest.fixture(scope="module")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lab = make_flowers(tmp_path_factory.mktemp("flowers") / "flower", int8=True)
    found = lab.ci()
    assert found["outcome"] == "promoted"
    return lab.folder


@pytest.fixture
def lab(_template: Path, tmp_path: Path) -> Lab:
    """A project whose first model is registered, converted and promoted."""
    return Lab.existing(Path(shutil.copytree(_template, tmp_path / "flower", symlinks=True)))


def entries(lab: Lab) -> list[str]:
    return [entry["op"] for entry in log_entries(lab.workspace, "flower")]


def conversion(lab: Lab, version: int = 1) -> Conversion:
    found = open_log(LocalStore(lab.workspace), "flower").read().versions[version].conversion
    assert found
    return found


def report_of(lab: Lab, run: str) -> str:
    return lab.run("report", run).out


def test_the_log_has_the_conversion_before_the_promotion(lab: Lab, tmp_path: Path) -> None:
    assert entries(lab) == ["register", "conversion", "verdict", "alias"]
    found = conversion(lab)
    form = found.form()
    assert form
    assert [one.precision for one in found.forms] == ["float32", "int8"]
    assert form.parity.rows == 400
    assert found.attempt
    store = LocalStore(lab.workspace)
    for one in found.forms:
        fetch(store, conversion_key("flower", found.attempt, one.file.path), one.file, tmp_path / one.file.path)
    assert lab.run("workspace", "check").code == 0


def test_int8_serves_if_the_gate_lets_it_pass(lab: Lab) -> None:
    assert conversion(lab).served == "int8"
    lab.edit("mlops.yaml", "accuracy >= 0.6", "accuracy >= baseline + 0.05")
    lab.write("params.yaml", "seed: 2\n")
    lab.commit("a rule that an equal model misses")
    assert lab.ci()["outcome"] in {"refused", "inconclusive"}
    again = conversion(lab, 2)
    assert again.served == "float32"
    assert again.int8


def test_the_same_commit_again_adds_nothing(lab: Lab) -> None:
    before = entries(lab)
    found = lab.ci()
    assert (found["outcome"], entries(lab)) == ("unchanged", before)
    steps = lab.run("runs", "show", found["run"], "--json").json["steps"]
    assert {step["name"]: step["status"] for step in steps} == dict.fromkeys(("train", "evaluate", "onnx"), "reused")


def test_a_model_is_the_same_whether_it_is_converted_or_not(lab: Lab) -> None:
    lab.edit("mlops.yaml", "onnx: {int8: true}\n", "")
    lab.commit("no conversion")
    assert lab.ci()["outcome"] == "unchanged"
    assert len(lab.versions()) == 1


def test_converting_later_converts_the_version_that_is_there(lab: Lab) -> None:
    shutil.rmtree(lab.workspace / "models")
    lab.edit("mlops.yaml", "onnx: {int8: true}\n", "")
    lab.commit("no conversion")
    assert lab.ci()["outcome"] == "promoted"
    assert entries(lab) == ["register", "verdict", "alias"]
    lab.git("revert", "--no-edit", "HEAD")
    assert lab.ci()["outcome"] == "unchanged"
    assert entries(lab)[3:] == ["link", "conversion"]


def test_a_killed_job_comes_to_the_same_end(lab: Lab) -> None:
    """Between ``register`` and ``conversion`` the job is killed; what it had trained and converted is cached.

    The log has nothing of it: the version, its conversion, verdict and alias are there all at once.
    """
    expected = conversion(lab)
    shutil.rmtree(lab.workspace / "models")
    killer = (
        "import os, signal, mlops_ci.registry.convert as convert\n"
        "import mlops_ci.lifecycle.conversion_keeping as keeping\n"
        "keeping.record_conversion = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)\n"
        "from mlops_ci.__main__ import main; main()\n"
    )
    done = subprocess.run(
        [MLOPS_CI[0], "-c", killer, "ci", "--host", "local"],
        cwd=lab.folder, env=clean_environment(), capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert entries(lab) == []
    assert lab.ci()["outcome"] == "promoted"
    assert entries(lab) == ["register", "conversion", "verdict", "alias"]
    found = conversion(lab)
    assert (found.forms, found.served, found.int8) == (expected.forms, expected.served, expected.int8)


def test_a_model_that_cannot_be_converted_is_promoted_all_the_same(lab: Lab) -> None:
    lab.write("train.py", TRAIN.format(kind="Flower"))  # of a class that no converter knows
    lab.commit("a class of its own")
    found = lab.ci()
    assert (found["outcome"], found["code"]) == ("promoted", 0)
    told = conversion(lab, 2)
    assert told.forms == ()
    assert "Flower" in f"{told.reason} {told.kind}"
    assert "onnx: not converted" in " ".join(report_of(lab, found["run"]).split())


@pytest.mark.parametrize("how", ["crash", "timeout"])
def test_a_converter_that_comes_to_no_end_costs_no_model(lab: Lab, how: str) -> None:
    act = {"crash": "os.kill(os.getpid(), 11)", "timeout": "time.sleep(60)"}[how]
    hostile = f"import os, sys, time\nif 'mlops_ci.converter' in ' '.join(sys.orig_argv): {act}\n"
    lab.write("flowers.py", hostile + (lab.folder / "flowers.py").read_text())
    lab.write("train.py", TRAIN.format(kind="Flower"))  # the converter imports the module with the class
    if how == "timeout":
        lab.edit("mlops.yaml", "{int8: true}", "{int8: true, timeout: 2s}")
    lab.commit(how)
    found = lab.run("ci", "--json")
    assert (found.code, found.json["outcome"], found.json["version"]) == (0, "promoted", 2), found.err
    told = conversion(lab, 2)
    assert (told.forms, told.served) == ((), None)
    assert {"crash": "SIGSEGV", "timeout": "timeout"}[how] in (told.reason or "")
    run = lab.run("runs", "show", found.json["run"], "--json").json
    assert run["status"] == "succeeded"
    assert {step["name"]: step["status"] for step in run["steps"]}["onnx"] == "failed"


def test_an_interpreter_without_converters_is_told_before_anything_runs(lab: Lab, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([MLOPS_CI[0], "-m", "venv", "--without-pip", str(bare)], check=True)
    done = lab.run("ci", env={"MLOPS_CI_PYTHON": str(bare / "bin" / "python")})
    assert done.code == 2
    assert "pip install 'onnx" in done.err
    assert "train" not in done.err


@pytest.fixture(scope="module")
def _bundle(_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bundle") / "bundle"
    assert Lab.existing(_template).run("run", "--read-only", "--bundle", str(folder)).code == 0
    return folder


def publish(lab: Lab, bundle: Path, change: dict[str, bytes] | None = None) -> Done:
    """The second job, with an empty log; between the jobs somebody changed files of the bundle, given by path."""
    shutil.rmtree(lab.workspace / "models")
    folder = Path(shutil.copytree(bundle, lab.folder.parent / "bundle"))
    manifest = json.loads((folder / "bundle.json").read_text())
    for file in manifest["files"]:
        if change and file["path"] in change:
            data = change[file["path"]]
            digest = hashlib.sha256(data).hexdigest()
            (folder / "objects" / digest).write_bytes(data)
            file |= {"digest": f"sha256:{digest}", "size": len(data)}
    (folder / "bundle.json").write_text(json.dumps(manifest))
    return lab.run("ci", "--json", "--bundle", str(folder), env={"MLOPS_CI_PYTHON": os.devnull})


def test_two_jobs_come_to_the_same_conversion(lab: Lab, _bundle: Path) -> None:
    expected = conversion(lab)
    done = publish(lab, _bundle)
    assert (done.code, done.json["outcome"]) == (0, "promoted"), done.err
    found = conversion(lab)
    assert (found.forms, found.served, found.int8) == (expected.forms, expected.served, expected.int8)


RECORD = ".mlops-ci/onnx/conversion.json"


@pytest.mark.parametrize(
    "change",
    [
        {RECORD: b"{}"},
        {RECORD: b'{"format":1,"source":"m","kind":"\\u001b[2J","reason":"no"}'},
        {RECORD: b'{"format":1,"source":"m","kind":"k","reason":"no","extra":1}'},
        {".mlops-ci/onnx/model.onnx": b"another model"},
    ],
    ids=["no record", "a hostile word", "an unknown field", "another model"],
)
def test_what_a_stranger_left_is_not_believed(lab: Lab, _bundle: Path, change: dict[str, bytes]) -> None:
    done = publish(lab, _bundle, change)
    assert done.code == 5
    assert "conversion" in done.err or "ONNX" in done.err
