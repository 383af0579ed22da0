"""From the text of ``mlops.yaml`` to a Project, or to all its problems at once."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

from mlops_ci.errors import ConfigurationError, Problem
from mlops_ci.project.consistency import consistency_problems
from mlops_ci.project.deploy import build_deploy, deploy_findings
from mlops_ci.project.durations import seconds
from mlops_ci.project.explain import build_explain
from mlops_ci.project.image import build_image
from mlops_ci.project.includes import Reader, nothing_to_include, with_includes
from mlops_ci.project.notebooks import executed_notebook, notebook_command
from mlops_ci.project.onnx import build_onnx
from mlops_ci.project.paths import normalise
from mlops_ci.project.project import (
    DEFAULT_WORKSPACE,
    BudgetChoice,
    CacheChoice,
    CustomMetric,
    Dataset,
    EnvironmentChoice,
    EvaluationChoice,
    GateChoice,
    Model,
    ModelInputs,
    Output,
    Params,
    PredictionsFile,
    Project,
    Step,
    WorkspaceChoice,
)
from mlops_ci.project.retention import load_retention
from mlops_ci.project.rules import AnyOf, Rule, parse_rule
from mlops_ci.project.schema_problems import schema_problems
from mlops_ci.project.serve import build_serve
from mlops_ci.project.triggers import build_receivers, trigger_findings
from mlops_ci.project.yaml12 import Located, Path, parse_mapping
from mlops_ci.resources import resource


def load_project(data: bytes, file: str, read: Reader = nothing_to_include) -> Project:
    """Read a project.

    Args:
        data: the bytes of ``mlops.yaml``.
        file: its name, for messages.
        read: reads the files that it includes.

    Raises:
        ConfigurationError: everything that is wrong with it.
    """
    schema = json.loads(resource("schemas", "mlops.schema.json").read_text("utf-8"))
    document, includes = with_includes(parse_mapping(data, file), schema, file, read)
    if problems := schema_problems(document, schema, file):
        raise ConfigurationError(problems)
    rules, rule_problems = _parse_rules(document, file)
    wrong = [
        Problem(file, *document.at(path), what, hint)
        for path, what, hint in (
            *trigger_findings(document.value.get("triggers", {})),
            *deploy_findings(document.value.get("deploy", {})),
        )
    ]
    project = _build({**document.value, "triggers": {}} if wrong else document.value, rules)
    project = replace(project, includes=includes)
    # Rules that do not parse would shift the others' places.
    checked = replace(project, gate=None) if rule_problems else project
    unfit = _unfit_numbers(document, file)
    problems = [*unfit, *rule_problems, *consistency_problems(checked, document, file), *wrong]
    if problems:
        raise ConfigurationError(problems)
    return project


def _unfit_numbers(document: Located, file: str) -> list[Problem]:
    confidence = document.value.get("gate", {}).get("confidence")
    if isinstance(confidence, float) and math.isnan(confidence):
        return [Problem(file, *document.at(("gate", "confidence")), "the confidence is not a number", "use 0.95")]
    return []


def _parse_rules(document: Located, file: str) -> tuple[tuple[Rule | AnyOf, ...], list[Problem]]:
    problems: list[Problem] = []

    def one(item: Any, path: Path) -> Rule | None:
        try:
            if isinstance(item, str):
                return parse_rule(item)
            return parse_rule(
                item["rule"], per=item.get("per"), min_rows=item.get("min_rows", 100), interval=item.get("interval")
            )
        except ValueError as error:
            problems.append(Problem(file, *document.at(path if isinstance(item, str) else (*path, "rule")), str(error)))
            return None

    rules: list[Rule | AnyOf] = []
    for index, item in enumerate(document.value.get("gate", {}).get("rules", ())):
        path: Path = ("gate", "rules", index)
        if isinstance(item, dict) and "any" in item:
            parsed = [one(inner, (*path, "any", number)) for number, inner in enumerate(item["any"])]
            rules.append(AnyOf(tuple(rule for rule in parsed if rule)))
        elif rule := one(item, path):
            rules.append(rule)
    return tuple(rules), problems


def _build(value: dict[str, Any], rules: tuple[Rule | AnyOf, ...]) -> Project:
    steps = tuple(_step(name, step) for name, step in value["steps"].items())
    model = value["model"]
    files = tuple(map(normalise, model.get("files", ())))
    if not files and len(steps) == 1:
        files = tuple(output.path for output in steps[0].outputs if output.path != executed_notebook(steps[0].name))
    inputs = model.get("inputs")
    workspace = value.get("workspace", DEFAULT_WORKSPACE)
    workspace = {"url": workspace} if isinstance(workspace, str) else workspace
    cache = value.get("cache", {})
    environment = value.get("environment", {})
    params = value.get("params")
    gate = value.get("gate")
    return Project(
        model=Model(
            name=model["name"],
            files=files,
            inputs=ModelInputs(normalise(inputs["path"]), tuple(inputs.get("columns", ()))) if inputs else None,
            purpose=model.get("purpose"),
            card=normalise(model["card"]) if "card" in model else None,
        ),
        steps=steps,
        environment=EnvironmentChoice(
            python=environment.get("python"),
            requirements=normalise(environment["pip"]) if "pip" in environment else None,
            conda=normalise(environment["conda"]) if "conda" in environment else None,
        ),
        params=Params(
            path=normalise(params) if isinstance(params, str) else None,
            values=params if isinstance(params, dict) else None,
        ),
        datasets=tuple(
            Dataset(name, normalise(item["path"]), item.get("uri"), item.get("fingerprint", "etag"))
            for name, item in value.get("datasets", {}).items()
        ),
        workspace=WorkspaceChoice(
            url=workspace["log"] if "log" in workspace else workspace["url"],
            durable=workspace.get("durable", False),
            files=workspace.get("files"),
        ),
        cache=CacheChoice(cache.get("url"), trust_pull_requests=cache.get("trust") == "pull-requests"),
        evaluation=_evaluation(value["evaluation"]) if "evaluation" in value else None,
        gate=GateChoice(
            baseline=gate.get("baseline", "champion"),
            confidence=gate.get("confidence", 0.95),
            on_inconclusive=gate.get("on_inconclusive", "block"),
            rules=rules,
            interval=gate.get("interval", "usual"),
            budget=_budget(gate["budget"]) if "budget" in gate else None,
        )
        if gate
        else None,
        triggers=build_receivers(value.get("triggers", {}), (gate or {}).get("baseline", "champion")),
        onnx=build_onnx(value["onnx"]) if "onnx" in value else None,
        explain=build_explain(value["explain"]) if "explain" in value else None,
        image=build_image(value.get("image", {})),
        serve=build_serve(value.get("serve", {})),
        deploy=build_deploy(value.get("deploy", {})),
        retention=load_retention(value.get("retention", {})),
    )


def _step(name: str, step: dict[str, Any]) -> Step:
    timeout = step.get("timeout")
    notebook = normalise(step["notebook"]) if "notebook" in step else None
    inputs = tuple(map(normalise, step["inputs"])) if "inputs" in step else None
    outputs = tuple(
        Output(normalise(item), store=None)
        if isinstance(item, str)
        else Output(normalise(item["path"]), store=item.get("store"))
        for item in step["outputs"]
    )
    return Step(
        name=name,
        run=notebook_command(name, notebook) if notebook else step["run"],
        inputs=inputs if inputs is None or notebook is None or notebook in inputs else (notebook, *inputs),
        data=tuple(step.get("data", ())),
        params=tuple(step.get("params", ())),
        env=tuple(step.get("env", ())),
        timeout=seconds(timeout) if timeout else None,
        outputs=(*outputs, Output(executed_notebook(name), store=True)) if notebook else outputs,
        runs_on=step.get("runs_on"),
        seeds=step.get("seeds"),
        notebook=notebook,
    )


def _budget(value: int | dict[str, Any]) -> BudgetChoice:
    if isinstance(value, int):
        return BudgetChoice(looks=value)
    return BudgetChoice(value.get("looks"), value.get("spend", "even"), value.get("reveal", "all"))


def _evaluation(value: dict[str, Any]) -> EvaluationChoice:
    predictions = value.get("predictions")
    return EvaluationChoice(
        step=value.get("step"),
        task=value.get("task"),
        positive=value.get("positive"),
        predictions=PredictionsFile(
            path=normalise(predictions["path"]),
            id=predictions.get("id"),
            target=predictions.get("target", "target"),
            prediction=predictions.get("prediction"),
            score=predictions.get("score"),
            weight=predictions.get("weight"),
            group=predictions.get("group"),
        )
        if predictions
        else None,
        metrics=normalise(value["metrics"]) if "metrics" in value else None,
        custom=tuple(
            CustomMetric(normalise(file), function)
            for file, _, function in (item.rpartition(":") for item in value.get("custom", ()))
        ),
        training_ids=normalise(value["training_ids"]) if "training_ids" in value else None,
    )
