"""The scenes of the documents, by their paths."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from mlops_ci.workspace.local import LocalStore
from tests.docs.commands import ROOT
from tests.docs.scene import Scene, Setting, Stage, running
from tests.parts.mlflow import in_folder, server
from tests.parts.ports import free_ports
from tests.parts.receivers.webhook import WebhookReceiver
from tests.serving.collected import request, send
from tests.support.lab import MLOPS_CI, Done, Lab, clean_environment
from tests.support.shop import Shop
from tests.support.wheels import write_wheel

_ONE_OF_SEVERAL = (
    "version: 1\nmodel: {{name: {}}}\nsteps: {{train: {{run: x, inputs: [train.py], outputs: [model.txt]}}}}\n"
)
VERSIONS = {r"v12\b": "v2", r"v17\b": "v3"}


def two_files(stage: Stage) -> Iterator[Scene]:
    """Predictions of two models beside each other, and nothing else."""
    rng = range(400)
    lines = ["id,target,prediction", *(f"{n},{n % 2},{n % 2 if n % 7 else 1 - n % 2}" for n in rng)]
    better = ["id,target,prediction", *(f"{n},{n % 2},{n % 2 if n % 70 else 1 - n % 2}" for n in rng)]
    lab = Lab(stage.folder / "bare")
    lab.write("old.csv", "\n".join(lines) + "\n")
    lab.write("new.csv", "\n".join(better) + "\n")
    yield Scene(running(lab), {r"\.parquet$": ".csv"})


def versions(stage: Stage) -> Iterator[Scene]:
    """The versions."""
    yield Scene(running(stage.flights()), VERSIONS)


def planning(stage: Stage) -> Iterator[Scene]:
    """The versions, a run, and two files in the project."""
    lab = stage.flights()
    newest = lab.run("runs", "list", "--json").json[0]["id"]
    for name in ("old", "new"):
        rows = [f"{n},{n % 2},{n % 2 if n % (7 if name == 'old' else 70) else 1 - n % 2}" for n in range(400)]
        lab.write(f"{name}.csv", "\n".join(["id,target,prediction", *rows]) + "\n")
    yield Scene(running(lab), VERSIONS | {r"\.parquet$": ".csv", "20260304T050607089-0a1b2c3d": newest})


def two_jobs(stage: Stage) -> Iterator[Scene]:
    """A commit that nobody has run yet."""
    lab = stage.flights()
    lab.write("params.yaml", "train:\n  max_depth: 5\n")
    lab.commit("Deeper trees")
    yield Scene(running(lab), codes={"ci --bundle": 1})  # deeper trees are not better


def collected(stage: Stage) -> Iterator[Scene]:
    """Requests that a server has sent."""
    lab = stage.flights()
    send(LocalStore(lab.workspace), [request("a", rows=2), request("b")], "fraud")
    yield Scene(running(lab))


def environments(stage: Stage) -> Iterator[Scene]:
    """A project of a single package, which comes from a folder of wheels, at two versions of the model."""
    lab, wheels = Lab(stage.folder / "boxed"), stage.folder / "wheels"
    env = {
        "UV_NO_INDEX": "1", "UV_FIND_LINKS": str(wheels), "UV_CACHE_DIR": str(stage.folder / "uv"),
        "UV_PYTHON": sys.executable, "MLOPS_CI_CACHE_DIR": str(stage.folder / "cache"),
    }  # fmt: skip
    text = (
        "version: 1\nmodel: {name: boxed, files: [model.txt]}\nenvironment: {pip: requirements.txt}\n"
        "steps: {train: {run: cp look.txt model.txt, inputs: [look.txt], outputs: [model.txt]}}\n"
    )
    lab.write("mlops.yaml", text)
    lab.write("requirements.txt", "gadget\n")
    lab.write(".gitignore", ".mlops/\n")
    for version in ("1.0", "2.0"):
        write_wheel(wheels, "gadget", version)
        lab.write("look.txt", version)
        lab.write("requirements.txt", f"gadget=={version}\n")
        lab.commit(version)
        done = lab.run("ci", "--host", "local", env=env)
        assert done.code == 0, done.err
    assert lab.run("promote", "boxed@v1", "--host", "local", env=env).code == 0
    yield Scene(running(lab, env), {r"\bv12\b": "v1", r"\bv17\b": "v2"})


def conversions(stage: Stage) -> Iterator[Scene]:
    """The champion, and a model of LightGBM beside its rows."""
    import lightgbm
    import numpy as np
    import polars as pl

    lab = stage.flights()
    draw = np.random.default_rng(0)
    x = draw.normal(size=(200, 2)).astype(np.float32)
    data = lightgbm.Dataset(x, (x[:, 0] > 0).astype(int), feature_name=["a", "b"])
    model = lightgbm.train({"objective": "binary", "verbose": -1, "num_threads": 1}, data, 3)
    model.save_model(lab.folder / "model.txt")
    pl.DataFrame({"a": x[:, 0], "b": x[:, 1]}).write_parquet(lab.folder / "rows.parquet")
    yield Scene(running(lab))


def receivers(stage: Stage) -> Iterator[Scene]:
    """A receiver that has heard nothing yet."""
    lab = stage.flights()
    with WebhookReceiver.started() as shop:
        triggers = f'triggers:\n  model-promoted:\n    - {{name: shop, webhook: "{shop.url}", secret: HOOK}}\n'
        lab.write("mlops.yaml", (lab.folder / "mlops.yaml").read_text("utf-8") + triggers)
        lab.commit("A receiver")
        yield Scene(running(lab, {"HOOK": shop.secret}), VERSIONS)
        assert shop.violations == []


def in_git(stage: Stage) -> Iterator[Scene]:
    """The repository has an origin, which has the workspace."""
    lab, origin = stage.flights(), stage.folder / "origin.git"
    lab.git("init", "--quiet", "--bare", str(origin))
    lab.git("remote", "add", "origin", origin.as_uri())
    copied = lab.run("workspace", "copy", ".mlops", "git+origin", env={"MLOPS_CI_HOST": "local"})
    assert copied.code == 0, copied.err
    yield Scene(running(lab), {"churn": "flight-delay"})


def anew(stage: Stage) -> Iterator[Scene]:
    """A repository in which nobody has heard of us, and beside it two files, and a project with endpoints."""
    new = Lab.existing(stage.folder / "new")
    new.folder.mkdir()
    new.git("init", "--quiet", "--initial-branch=main")
    new.write("train.py", "print('trained')\n")
    new.write("requirements.txt", "")
    new.commit("a script")
    with contextmanager(two_files)(stage) as files, contextmanager(endpoints)(stage) as shop:
        shop.run(["deploy", "shop"])

        def run(arguments: list[str]) -> Done:
            if arguments[0] in {"init", "validate"}:
                return running(new)(arguments)
            if arguments[0] == "deploy":
                arguments = [*arguments, "coin@v2"]  # so that there is something to go back to
            return (files if arguments[0] == "gate" else shop).run(arguments)

        yield Scene(run, {**files.means, r"^production$": "shop"})


def several(stage: Stage) -> Iterator[Scene]:
    """Two models in a repository."""
    lab = Lab(stage.folder / "several")
    for name in ("churn", "prices"):
        lab.write(f"models/{name}/mlops.yaml", _ONE_OF_SEVERAL.format(name))
    lab.commit("two models")
    yield Scene(running(lab))


def others(stage: Stage) -> Iterator[Scene]:
    """A server of MLflow, a folder of MLflow's, and a repository with tags of GTO."""
    lab = Lab(stage.folder / "here")
    lab.write("model.txt", "fraud")
    made = lab.run("workspace", "init", env={"MLOPS_CI_HOST": "local"})
    assert made.code == 0, made.err
    in_folder(lab.folder / "mlruns").do(MLFLOW_MODEL, name="Fraud Model", file=str(lab.folder / "model.txt"))
    models = Lab(stage.folder / "models")
    models.write("artifacts.yaml", "churn: {path: model.txt, type: model}\n")
    models.write("model.txt", "churn")
    models.commit("a model")
    models.git("tag", "-a", "churn@v1.0.0", "-m", "by hand")

    def run(arguments: list[str]) -> Done:
        if "mirror" in arguments:
            promoted = running(lab)(["promote", "fraud@v1"])
            assert promoted.code == 0, promoted.err
        return running(lab)(arguments)

    with server(stage.folder) as running_server:  # one of its own, as it gets a model of the same name
        running_server.do(MLFLOW_MODEL, name="claims", file=str(lab.folder / "model.txt"))
        yield Scene(
            run, {r"https://mlflow\.example\.com": running_server.uri, "path/to/repository": str(models.folder)}
        )


MLFLOW_MODEL = """
run = client.create_run(client.create_experiment(name + " experiment")).info.run_id
client.log_artifact(run, file, "model")
client.create_registered_model(name)
client.create_model_version(name, f"runs:/{run}/model", run_id=run)
"""


def endpoints(stage: Stage) -> Iterator[Scene]:
    """Versions in a registry of images, and an Engine in which they can serve; nothing does yet."""
    base, registry, engine = (stage.fixture(name) for name in ("base_image", "oci_registry", "docker_engine"))
    repository = f"{registry.address}/acme/coin"
    settings = SETTINGS.format(base=base.reference, repository=repository, port=free_ports(1)[0])
    cache = os.environ.get("MLOPS_CI_CACHE_DIR") or str(ROOT / ".cache")
    shop = Shop(stage.folder, settings, {"DOCKER_HOST": engine.host, "MLOPS_CI_CACHE_DIR": cache})
    env = shop.env | {"MLOPS_CI_HOST": "local"}
    here = running(shop.lab, env)
    pushed = here(["image", "push", "coin@v1", "--tag", "v3"])
    assert pushed.code == 0, pushed.err

    def run(arguments: list[str]) -> Done:
        if {"--follow", "--debug"} & {*arguments}:
            return interrupted(shop.lab, arguments, env)
        if "--force" in arguments:
            again = here(["deploy", "shop"])
            assert again.code == 0, again.err
        if arguments[-1] == "v2":
            arguments = [*arguments[:-1], "coin@v2"]
        return here(arguments)

    means = {"flight-delay": "coin", r"v12\b": "v2", r"ghcr\.io/acme/[\w-]+": repository, "^REF$": f"{repository}:v3"}
    try:
        yield Scene(run, means)
    finally:
        for name in ("shop", "box"):
            here(["deployments", "delete", name])


SETTINGS = """\
image: {{base: "{base}", repository: "{repository}"}}
serve: {{workers: 1}}
deploy:
  shop: {{target: docker, port: {port}, timeout: 1m}}
  box: {{target: docker, timeout: 1m}}
"""


def interrupted(lab: Lab, arguments: list[str], env: dict[str, str]) -> Done:
    """Run a command that goes on until Ctrl-C, which it gets after its first line of output."""
    with subprocess.Popen(
        [*MLOPS_CI, *arguments], cwd=lab.folder, env=clean_environment() | env, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout
        first = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    # Following ends as any interrupted program does, what is debugged is taken away in good order.
    return Done(0 if process.returncode in {0, 130} else process.returncode, first + out, err)


def trained_elsewhere(stage: Stage) -> Iterator[Scene]:
    """A dozen versions that were trained elsewhere, one of them the champion, and files of another model."""
    lab = Lab(stage.folder / "elsewhere")
    lab.write("mlops.yaml", (lab.folder / "mlops.yaml").read_text("utf-8").replace("coin", "flight-delay"))
    head = lab.commit("a project")
    for number in range(1, 13):
        lab.write("model.onnx", f"model {number}")
        done = lab.run("register", "--model", "flight-delay", "--file", "model.onnx")
        assert done.code == 0, done.err
    assert lab.run("promote", "flight-delay@v11").code == 0
    lab.write("metrics.json", '{"roc_auc": 0.9}')
    lab.write("rows.csv", "age,city\n1,Rome\n")
    lab.write("signature.json", '{"inputs": [{"name": "age", "type": "Int64"}], "outputs": []}')
    yield Scene(running(lab), {r"\.parquet$": ".csv", "3fa9c1e": head[:9]})


def past_runs(stage: Stage) -> Iterator[Scene]:
    """The versions and their runs."""
    lab = stage.flights()
    newest = lab.run("runs", "list", "--json").json[0]["id"]
    means = {"20260131T101500123-3fa9c1e2": newest, r"train\.depth": "train.max_depth"}
    yield Scene(running(lab), VERSIONS | means)


def two_datasets(stage: Stage) -> Iterator[Scene]:
    """The versions, and one of more data."""
    lab = stage.flights()
    with (lab.folder / "data/flights.csv").open("a", encoding="utf-8") as file:
        file.write("9998,AA,18,700,late\n9999,HA,9,2700,punctual\n")
    lab.commit("Two more flights")
    done = lab.run("ci", "--host", "local")
    assert done.code in {0, 1}, done.err
    newer, older = (each["version"]["digest"][7:11] for each in lab.run("datasets", "list", "--json").json)
    yield Scene(running(lab), {"^3f2a$": older, "^91cc$": newer, r"\.parquet$": ".csv"})


SCENES: dict[str, Setting] = {
    "README.md": anew,
    "docs/ci.md": two_jobs,
    "docs/collecting.md": collected,
    "docs/datasets.md": two_datasets,
    "docs/debugging-images.md": endpoints,
    "docs/deployment.md": endpoints,
    "docs/environments.md": environments,
    "docs/gate-planning.md": planning,
    "docs/gate.md": two_files,
    "docs/github-actions.md": in_git,
    "docs/history.md": planning,
    "docs/images.md": endpoints,
    "docs/import.md": others,
    "docs/model-card.md": versions,
    "docs/onnx.md": conversions,
    "docs/registry.md": trained_elsewhere,
    "docs/reproducing.md": past_runs,
    "docs/rescoring.md": versions,
    "docs/several-models.md": several,
    "docs/triggers.md": receivers,
}
"""The scene of each document. Its tests wait for the parts that it asks for."""

GROUPS: dict[Setting, str] = {endpoints: "docker", anew: "docker", others: "mlflow"}
"""The group of tests that share a part of the machine."""

ELSEWHERE = {
    "docs/pull-requests.md": "tests/cli/test_comment.py",
    "docs/reports.md": "tests/cli/test_reports.py",
    "examples/diamond-prices/README.md": "tests/examples/test_examples.py",
    "examples/docs-search/README.md": "tests/examples/test_examples.py",
    "examples/doctor-visits/README.md": "tests/examples/test_examples.py",
    "examples/endpoint/README.md": "tests/cli/test_endpoint_example.py",
    "examples/flight-delay/README.md": "tests/lifecycle/test_demo.py",
    "examples/handwritten-digits/README.md": "tests/examples/test_examples.py",
}
"""The tests that run the commands of documents which are stories of their own."""
