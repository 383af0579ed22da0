"""A version that is served by an entry script: trained, served, deployed and built, each in its own software."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.parts.base_image import BaseImage
from tests.parts.docker_engine import Engine
from tests.support.lab import MLOPS_CI, Lab, clean_environment
from tests.support.wheels import write_wheel

pytestmark = pytest.mark.xdist_group("docker")
PROJECT = """\
version: 1
model:
  name: doubler
  files: [build/factor.txt]
  inputs: {path: build/inputs.csv, columns: [x]}
environment: {pip: requirements.txt}
steps:
  train:
    run: python train.py
    inputs: [train.py]
    outputs: [build/factor.txt, build/inputs.csv, build/predictions.csv]
evaluation:
  step: train
  task: regression
  predictions: {path: build/predictions.csv}
gate:
  rules: [rmse <= 1]
serve:
  script: serving/score.py
  assets: [serving/words.txt]
  workers: 1
deploy:
  shop: {target: process, timeout: 2m}
"""
TRAIN = """\
import gadget
factor = float(gadget.VERSION)
open("build/factor.txt", "w").write(str(factor))
with open("build/inputs.csv", "w") as inputs, open("build/predictions.csv", "w") as predictions:
    inputs.write("x\\n")
    predictions.write("target,prediction\\n")
    for row in range(20):
        inputs.write(f"{row}.5\\n")
        predictions.write(f"{(row + 0.5) * factor + row % 3 / 10},{(row + 0.5) * factor}\\n")
"""
# It says where it found what: the server is ours, and nothing else of ours is to be seen.
SCORE = """\
import importlib.util, json, os, sys
from pathlib import Path
import gadget
import mlops_ci

def init():
    global factor
    factor = float(Path(os.environ["AZUREML_MODEL_DIR"], "build/factor.txt").read_text())

def run(data):
    data = json.loads(data)["data"]
    if data == "where":
        return {
            "gadget": gadget.VERSION, "server": os.path.realpath(mlops_ci.__file__), "prefix": sys.prefix,
            "words": Path(__file__).with_name("words.txt").read_text(),
            "ours": [name for name in ("click", "pytest") if importlib.util.find_spec(name)],
        }
    return [(row["x"] if isinstance(row, dict) else row[0]) * factor for row in data]
"""


@dataclass
class Doubler:
    """The project, trained once in an environment of its own, and the variables of its jobs."""

    lab: Lab
    env: dict[str, str]

    def run(self, *arguments: str, code: int = 0) -> str:
        done = self.lab.run(*arguments, env=self.env)
        assert done.code == code, done.err
        return done.out if code == 0 else done.err


@pytest.fixture(scope="module")
def doubler(tmp_path_factory: pytest.TempPathFactory) -> Doubler:
    folder = tmp_path_factory.mktemp("doubler")
    write_wheel(folder / "wheels", "gadget", "2.0")
    lab = Lab(folder / "project")
    lab.write("mlops.yaml", PROJECT)
    lab.write("requirements.txt", "gadget==2.0\n")
    lab.write("serving/score.py", SCORE)
    lab.write("serving/words.txt", "hello")
    # Environments and layers may have been built by an earlier run of the tests.
    cache = os.environ.get("MLOPS_CI_CACHE_DIR") or str(Path(__file__).parents[2] / ".cache")
    env = {"UV_FIND_LINKS": str(folder / "wheels"), "MLOPS_CI_CACHE_DIR": cache}
    for extra in ("", "# again\n"):
        lab.write("train.py", extra + TRAIN)
        lab.commit("train")
        assert lab.run("ci", "--host", "local", env=env).code == 0
    # What was recorded counts, not what is there now, nor a module of the folder that one happens to be in.
    lab.write("requirements.txt", "gadget==99\n")
    lab.write("uvloop.py", "raise SystemExit('this is no server')")
    return Doubler(lab, env)


def _score(url: str, data: Any) -> Any:
    request = urllib.request.Request(f"{url}/score", json.dumps({"data": data}).encode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


@pytest.fixture
def served(doubler: Doubler) -> Iterator[str]:
    """The address of ``serve``, which a signal ends in good order."""
    log = doubler.lab.folder / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*MLOPS_CI, "serve", "doubler@v1", "--port", "0"],
            cwd=doubler.lab.folder, env=clean_environment() | doubler.env, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        while not (found := re.search(r" at (http://\S+) ", log.read_text())):
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        yield found[1]
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()


def test_it_is_served_by_its_own_software_and_our_server(doubler: Doubler, served: str) -> None:
    assert _score(served, [[1.5], [4]]) == [3.0, 8.0]
    where = _score(served, "where")
    assert (where["gadget"], where["words"], where["ours"]) == ("2.0", "hello", [])
    assert where["server"] == str(Path(__file__).parents[2] / "mlops_ci" / "__init__.py")
    assert where["prefix"].startswith(doubler.env["MLOPS_CI_CACHE_DIR"])


def test_it_is_deployed_as_a_process_and_comes_back(doubler: Doubler) -> None:
    deployed = json.loads(doubler.run("deploy", "shop", "doubler@v1", "--json"))
    assert deployed["deployment"]["smoke"]["compared"] == 20
    assert _score(deployed["url"], "where")["gadget"] == "2.0"
    end = time.monotonic() + 60  # what it says of itself may come after what it answers
    while "serving doubler v1 at http://127.0.0.1:" not in doubler.run("deployments", "logs", "shop"):
        assert time.monotonic() < end
    assert doubler.run("deployments", "check") == "shop: v1 is healthy, 20 rows as recorded\n"
    doubler.run("deploy", "shop", "doubler@v2")
    back = json.loads(doubler.run("deployments", "rollback", "shop", "--json"))
    assert (back["outcome"], back["deployment"]["version"]) == ("rolled-back", 1)
    assert _score(back["url"], [[2]]) == [4.0], "started again by a job that knows only what was kept"
    doubler.run("deployments", "delete", "shop")


def test_its_image_has_the_same_software(doubler: Doubler, base_image: BaseImage, docker_engine: Engine) -> None:
    doubler.lab.write("mlops.yaml", f"{PROJECT}  box: {{target: docker}}\nimage: {{base: '{base_image.reference}'}}\n")
    doubler.env["DOCKER_HOST"] = docker_engine.host
    deployed = json.loads(doubler.run("deploy", "box", "doubler@v1", "--json"))
    try:
        assert deployed["deployment"]["smoke"]["compared"] == 20
        where = _score(deployed["url"], "where")
        assert (where["gadget"], where["words"], where["ours"]) == ("2.0", "hello", [])
        assert where["server"].startswith("/opt/mlops-ci/")
    finally:
        doubler.run("deployments", "delete", "box")
