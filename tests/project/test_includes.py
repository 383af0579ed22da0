"""Files that several projects share."""

from __future__ import annotations

import pytest

from mlops_ci.errors import ConfigurationError, UsageError
from mlops_ci.project.load import load_project
from mlops_ci.project.project import Project

ROOT = """\
version: 1
model: {name: churn, files: [build/model]}
include: [../shared/steps.yaml]
steps:
  train: {run: python train.py, inputs: [build/rows, train.py], outputs: [build/model]}
"""
SHARED = """\
version: 1
datasets:
  rows: {path: data/rows.csv}
steps:
  prepare:
    run: python prepare.py
    inputs: [prepare.py]
    data: [rows]
    outputs: [build/rows]
"""


def load(root: str = ROOT, /, **files: str) -> Project:
    """A project whose included files lie in ``../shared``."""

    def read(path: str) -> bytes | None:
        if path.startswith("../../"):
            raise UsageError(f"{path!r} lies outside the repository")
        text = files.get(path.removeprefix("../shared/").removesuffix(".yaml"))
        return None if text is None else text.encode()

    return load_project(root.encode(), "mlops.yaml", read)


def lines(root: str = ROOT, /, **files: str) -> list[str]:
    with pytest.raises(ConfigurationError) as refused:
        load(root, **files)
    return [problem.line() for problem in refused.value.problems]


def test_what_a_file_includes_is_its_own() -> None:
    project = load(steps=SHARED)
    assert project.includes == ("../shared/steps.yaml",)
    assert {step.name: step.inputs for step in project.steps} == {
        "prepare": ("prepare.py",),  # of the project's own folder
        "train": ("build/rows", "train.py"),
    }
    assert [(item.name, item.path) for item in project.datasets] == [("rows", "data/rows.csv")]


def test_a_project_may_have_all_its_steps_from_elsewhere() -> None:
    root = ROOT.partition("steps:\n")[0].replace("build/model", "build/rows")
    assert [step.name for step in load(root, steps=SHARED).steps] == ["prepare"]


def test_the_including_file_stands_before_the_included_one() -> None:
    root = ROOT + "  prepare: {run: mine, inputs: [mine.py], outputs: [build/rows]}\n"
    assert load(root, steps=SHARED).step("prepare").run == "mine"
    inner = SHARED.replace("python prepare.py", "inner")
    outer = "include: [inner.yaml]\nsteps:\n  prepare: {run: outer, inputs: [a], outputs: [build/rows]}\n"
    project = load(steps=outer, inner=inner)
    assert project.step("prepare").run == "outer"
    assert project.includes == ("../shared/steps.yaml", "../shared/inner.yaml")


def test_parameters_are_added_key_by_key() -> None:
    project = load(ROOT + "params: {depth: 5}\n", steps=SHARED + "params: {depth: 1, trees: 9}\n")
    assert project.params.values == {"depth": 5, "trees": 9}
    assert load(ROOT, steps=SHARED + "params: {trees: 9}\n").params.values == {"trees": 9}
    assert lines(ROOT + "params: p.yaml\n", steps=SHARED + "params: {trees: 9}\n") == [
        "../shared/steps.yaml:10:10: the parameters of mlops.yaml are a file of their own; write them in p.yaml"
    ]


def test_the_same_file_twice_is_once_but_two_files_that_differ_are_refused() -> None:
    both = ROOT.replace("[../shared/steps.yaml]", "[../shared/one.yaml, ../shared/two.yaml]")
    through = "include: [steps.yaml]\n"
    assert load(both, one=through, two=through, steps=SHARED).step("prepare").run == "python prepare.py"
    assert lines(both, one=SHARED, two=SHARED) == [
        "../shared/two.yaml:3:3: datasets.rows stands in ../shared/one.yaml too; rename one, or write it in mlops.yaml",
        "../shared/two.yaml:5:3: steps.prepare stands in ../shared/one.yaml too; rename one, or write it in mlops.yaml",
    ]


def test_problems_are_told_where_they_stand() -> None:
    assert lines(steps=SHARED.replace("run:", "rum:")) == [
        "../shared/steps.yaml:6:5: unknown key 'rum'; did you mean 'run'?",
        "../shared/steps.yaml:6:5: the key 'run' is missing",
    ]
    assert lines(steps=SHARED.replace("data: [rows]", "data: [row]")) == [
        "../shared/steps.yaml:8:12: unknown dataset 'row'; did you mean 'rows'?"
    ]
    assert lines(steps="steps: [\n")[0].startswith("../shared/steps.yaml:2:1: not valid YAML")
    assert lines(steps="gate: {rules: []}\n") == [
        "../shared/steps.yaml:1:1: unknown key 'gate'; valid here: datasets, include, params, steps, version"
    ]
    assert lines(steps="- a\n") == ["../shared/steps.yaml:1:1: a mapping is expected; start with version: 1"]


def test_what_cannot_be_included_is_told_where_it_is_asked_for() -> None:
    assert lines() == ["mlops.yaml:3:11: there is no file '../shared/steps.yaml'; mend the path, or commit the file"]
    assert lines(steps="include: [../../outside.yaml]\n") == [
        "../shared/steps.yaml:1:11: '../../outside.yaml' lies outside the repository"
    ]
    assert lines(steps="include: [other.yaml]\n", other="include: [steps.yaml]\n") == [
        "../shared/other.yaml:1:11: the files include one another; "
        "../shared/steps.yaml → ../shared/other.yaml → ../shared/steps.yaml"
    ]
    assert lines(ROOT.replace("../shared/steps.yaml", "mlops.yaml"))[0].startswith(
        "mlops.yaml:3:11: the files include one another"
    )
    assert lines(ROOT.replace("[../shared/steps.yaml]", "x.yaml"))[0] == 'mlops.yaml:3:10: "x.yaml" is not a list'
