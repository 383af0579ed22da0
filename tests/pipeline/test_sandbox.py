"""What a step can see."""

from __future__ import annotations

import json

import pytest

from tests.support.lab import Lab


def see(lab: Lab, script: str, *, env: dict[str, str] | None = None, extra: str = "") -> str:
    """Run a step that writes what it sees, and return that."""
    lab.write("look.py", script)
    lab.write(
        "mlops.yaml",
        f"version: 1\nmodel: {{name: look, files: [seen]}}\nparams: params.yaml\n"
        f"steps:\n  look:\n    run: python look.py > seen\n    inputs: [look.py]\n    outputs: [seen]\n{extra}",
    )
    lab.commit()
    done = lab.run("run", "--restore", env=env)
    assert done.code == 0, done.out + done.err
    return (lab.folder / "seen").read_text()


def test_only_declared_inputs_are_there(lab: Lab) -> None:
    script = "import os\nprint(sorted(f for _, _, files in os.walk('.') for f in files))"
    assert see(lab, script) == "['look.py', 'seen']\n"


def test_without_inputs_every_tracked_file_is_there(lab: Lab) -> None:
    lab.write("untracked.txt", "x")
    lab.write(".gitignore", "untracked.txt\n.mlops\nseen\n")
    lab.write(
        "mlops.yaml", "version: 1\nmodel: {name: m}\nsteps:\n  look: {run: find . -type f > seen, outputs: [seen]}\n"
    )
    lab.commit()
    lab.run("run", "--restore")
    seen = (lab.folder / "seen").read_text()
    assert "./README.md" in seen
    assert "untracked" not in seen


def test_credentials_of_the_job_are_not_there_unless_named(lab: Lab) -> None:
    script = "import os, json\nprint(json.dumps(dict(os.environ)))"
    secrets = {"AWS_SECRET_ACCESS_KEY": "canary-one", "GITHUB_TOKEN": "canary-two", "HF_TOKEN": "canary-three"}
    seen = json.loads(see(lab, script, env=secrets, extra="    env: [HF_TOKEN]\n"))
    assert seen["HF_TOKEN"] == "canary-three"
    assert not {"AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN"} & seen.keys()
    assert not seen["HOME"].startswith(str(lab.folder))


def test_a_variable_that_is_named_and_not_set_is_said(lab: Lab) -> None:
    lab.edit("mlops.yaml", "    params: [train]\n", "    params: [train]\n    env: [HF_TOKEN]\n")
    lab.commit()
    done = lab.run("ci")
    assert (done.code, "step train needs the environment variable HF_TOKEN" in done.err) == (2, True)


def test_parameters_come_reduced_to_the_declared_keys(lab: Lab) -> None:
    script = "import os, yaml\nprint(yaml.safe_load(open('params.yaml')), os.environ['MLOPS_CI_PARAMS'])"
    lab.write("params.yaml", "train: {depth: 3, rate: 1e-4, flag: NO}\nother: 1\n")
    seen = see(lab, script, extra="    params: [train.depth, train.rate, train.flag]\n")
    assert seen == (
        "{'train': {'depth': 3, 'rate': 0.0001, 'flag': 'NO'}} "
        '{"train": {"depth": 3, "rate": 0.0001, "flag": "NO"}}\n'
    )


def test_a_step_that_writes_into_its_input_does_not_spoil_the_original(lab: Lab) -> None:
    script = "open('look.py', 'a').write('# scribble')\nopen('data/rows.csv', 'a').write('scribble')\nprint('done')"
    before = (lab.folder / "data/rows.csv").read_bytes()
    assert see(lab, script, extra="    data: [rows]\ndatasets:\n  rows: {path: data/rows.csv}\n") == "done\n"
    assert (lab.folder / "data/rows.csv").read_bytes() == before
    assert (lab.folder / "look.py").read_text() == script


@pytest.mark.parametrize(
    ("script", "advice"),
    [
        ("open('helper.py')", "add to step look: inputs: [helper.py]"),
        ("import helper", "add to step look: inputs: [helper.py]"),
        ("from lib.inner import x", "add to step look: inputs: [lib]"),
        ("open('data/rows.csv')", "add to step look: data: [rows]"),
        ("open('params.yaml')", "add to step look: params (it reads params.yaml)"),
        ("import os, json\njson.loads(os.environ['MLOPS_CI_PARAMS'])['other']", "params: [other]"),
    ],
)
def test_an_undeclared_input_fails_and_the_message_says_what_to_declare(lab: Lab, script: str, advice: str) -> None:
    lab.write("helper.py", "")
    lab.write("lib/inner.py", "x = 1")
    lab.write("look.py", script)
    lab.write(
        "mlops.yaml",
        "version: 1\nmodel: {name: look, files: [seen]}\nparams: params.yaml\n"
        "datasets:\n  rows: {path: data/rows.csv}\n"
        "steps:\n  look: {run: python look.py > seen, inputs: [look.py], outputs: [seen]}\n",
    )
    lab.commit()
    done = lab.run("run")
    assert done.code == 2
    assert advice in done.err
    assert len(done.err.splitlines()) == 1


def test_inputs_may_lie_anywhere_in_the_repository_but_not_outside(lab: Lab) -> None:
    lab.write("shared/words.txt", "hello")
    lab.write(
        "team/model/mlops.yaml",
        "version: 1\nmodel: {name: deep}\n"
        "steps:\n  copy: {run: cp ../../shared/words.txt out, inputs: [../../shared], outputs: [out]}\n",
    )
    lab.commit()
    done = lab.run("run", "--restore", "--project", "team/model")
    assert done.code == 0, done.err
    assert (lab.folder / "team/model/out").read_text() == "hello"
    lab.edit("team/model/mlops.yaml", "[../../shared]", "[../../../outside]")
    done = lab.run("run", "--project", "team/model/mlops.yaml")
    assert (done.code, "'../../../outside' lies outside the repository" in done.err) == (2, True)
