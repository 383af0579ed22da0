from __future__ import annotations

from mlops_ci.project.load import load_project
from mlops_ci.project.project import CacheChoice, Output, Project, WorkspaceChoice
from mlops_ci.project.rules import AnyOf
from mlops_ci.resources import resource

ONE_STEP = """\
version: 1
model: {name: m}
steps: {train: {run: x, outputs: [./out//m.pkl, {path: log.txt, store: true}]}}
"""


def load(text: str) -> Project:
    return load_project(text.encode(), "mlops.yaml")


def test_the_example_loads() -> None:
    project = load_project(resource("examples", "flight-delay", "mlops.yaml").read_bytes(), "mlops.yaml")
    assert project.model.name == "flight-delay"
    assert [step.name for step in project.steps] == ["prepare", "train", "evaluate"]
    assert project.gate and [rule.per for rule in project.gate.flat()].count("origin") == 1


def test_what_is_not_said_has_its_default() -> None:
    project = load(ONE_STEP)
    assert project.workspace == WorkspaceChoice(".mlops", durable=False)
    assert project.cache == CacheChoice(None, trust_pull_requests=False)
    assert (project.environment.python, project.environment.requirements) == (None, None)
    assert (project.params.path, project.params.values) == (None, None)
    assert (project.evaluation, project.gate, project.datasets) == (None, None, ())
    step = project.step("train")
    assert (step.inputs, step.data, step.env, step.timeout) == (None, (), (), None)


def test_all_outputs_of_a_single_step_are_the_model() -> None:
    project = load(ONE_STEP)
    assert project.model.files == ("out/m.pkl", "log.txt")
    assert project.step("train").outputs == (Output("out/m.pkl", store=None), Output("log.txt", store=True))


def test_an_empty_list_of_inputs_is_not_the_same_as_none() -> None:
    assert load(ONE_STEP.replace("run: x", "run: x, inputs: []")).step("train").inputs == ()


def test_times_are_read_with_their_unit() -> None:
    for text, seconds in (("90s", 90.0), ("1.5m", 90.0), ("4h", 14400.0), ("2d", 172800.0)):
        assert load(ONE_STEP.replace("run: x", f"run: x, timeout: {text}")).step("train").timeout == seconds


def test_workspace_cache_and_params_may_be_short_or_long() -> None:
    more = "workspace: {url: ../w, durable: true}\ncache: {url: ../c, trust: pull-requests}\nparams: ./p.yaml\n"
    project = load(ONE_STEP + more)
    assert project.workspace == WorkspaceChoice("../w", durable=True)
    assert project.cache == CacheChoice("../c", trust_pull_requests=True)
    assert project.params.path == "p.yaml"
    assert load(ONE_STEP + "params: {rate: 1e-4}\n").params.values == {"rate": 0.0001}


def test_a_gate_keeps_rules_alternatives_and_slices(good: str) -> None:
    text = good + "    - {rule: accuracy >= 0.5, per: c, min_rows: 7}\n    - {any: [n < 3, {rule: n > 9}]}\n"
    gate = load(text).gate
    assert gate is not None
    assert (gate.baseline, gate.confidence, gate.on_inconclusive) == ("champion", 0.95, "block")
    _, second, third = gate.rules
    assert not isinstance(second, AnyOf) and (second.per, second.min_rows) == ("c", 7)
    assert isinstance(third, AnyOf) and [rule.text for rule in third.rules] == ["n < 3", "n > 9"]
    assert [rule.text for rule in gate.flat()] == ["accuracy > baseline", "accuracy >= 0.5", "n < 3", "n > 9"]
