"""Checks that the parts of a project fit together; each problem stands where the user wrote it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

from mlops_ci.errors import Problem, UsageError
from mlops_ci.project.explaining import explain_findings
from mlops_ci.project.graph import makes, ordered
from mlops_ci.project.metric_names import BUILT_IN, SIGNATURES, call_problem, task_problem
from mlops_ci.project.names import require_alias
from mlops_ci.project.onnx import FOLDER, STEP, model_to_convert
from mlops_ci.project.paths import contains, escapes
from mlops_ci.project.project import EvaluationChoice, Project
from mlops_ci.project.remote_datasets import remote_dataset_findings
from mlops_ci.project.rules import AnyOf, Rule
from mlops_ci.project.variants import varied_steps
from mlops_ci.project.yaml12 import Located, Path

Finding = tuple[Path, str, str | None]


def consistency_problems(project: Project, document: Located, file: str) -> list[Problem]:
    """All problems of a project that a schema cannot see."""
    findings = [
        *remote_dataset_findings(project),
        *_steps(project),
        *_model(project),
        *_evaluation(project),
        *_gate(project),
        *_onnx(project),
        *explain_findings(project),
    ]
    return list(
        dict.fromkeys(
            Problem(document.file_of(path, file), *document.at(path), what, hint) for path, what, hint in findings
        )
    )


def _steps(project: Project) -> Iterator[Finding]:
    datasets = [dataset.name for dataset in project.datasets]
    for step in project.steps:
        here: Path = ("steps", step.name)
        for index, name in enumerate(step.data):
            if name not in datasets:
                yield (*here, "data", index), f"unknown dataset {name!r}", _nearest(name, datasets, "datasets")
        for index, output in enumerate(step.outputs):
            if escapes(output.path) or output.path == "." or ".git" in output.path.split("/"):
                yield (*here, "outputs", index), "an output must lie below the folder of this file", None
        if step.params and project.params.path is None and project.params.values is None:
            yield (*here, "params"), "the project has no params", "add params: params.yaml at the top level"
        for index, path in enumerate(step.inputs or ()):
            if makes(step, path):
                yield (*here, "inputs", index), f"the step reads its own output {path!r}", None
    yield from _clashing_outputs(project)
    try:
        ordered(project.steps)
    except ValueError as error:
        yield ("steps",), str(error), "let one of them read something else"
    else:
        yield from _seeds(project)


def _seeds(project: Project) -> Iterator[Finding]:
    seeded = [step for step in project.steps if step.seeds is not None]
    varied = varied_steps(project.steps, project.evaluation.results if project.evaluation else ())
    for step in seeded:
        here: Path = ("steps", step.name, "seeds")
        if step.seeds != seeded[0].seeds:
            what = f"{step.name!r} has {step.seeds} seeds, and {seeded[0].name!r} {seeded[0].seeds}"
            yield here, what, "give all the same number: they run in step with one another"
        if (step.seeds or 1) > 1 and step.name not in varied:
            why = "no result of the evaluation depends on it, so that several seeds would show nothing"
            yield here, why, "take seeds away, or let the evaluation read what comes of the step"


def _clashing_outputs(project: Project) -> Iterator[Finding]:
    seen: list[tuple[str, str]] = []
    for step in project.steps:
        for index, output in enumerate(step.outputs):
            for owner, path in seen:
                if contains(path, output.path) or contains(output.path, path):
                    yield (
                        ("steps", step.name, "outputs", index),
                        f"{output.path!r} is an output of {owner!r} already" if owner != step.name
                        else f"{output.path!r} overlaps the output {path!r}",
                        "give each output to one step",
                    )  # fmt: skip
            seen.append((step.name, output.path))


def _model(project: Project) -> Iterator[Finding]:
    if not project.model.files:
        yield (
            ("model",),
            "the key 'files' is missing",
            "name the outputs that are the model; one step alone needs no files",
        )
    for index, path in enumerate(project.model.files):
        yield from _written_by_a_step(project, path, ("model", "files", index))
    if project.model.card and any(makes(step, project.model.card) for step in project.steps):
        yield ("model", "card"), f"{project.model.card!r} is written by a step", "name a file of the repository"
    if project.model.inputs:
        yield from _written_by_a_step(project, project.model.inputs.path, ("model", "inputs", "path"))


def _evaluation(project: Project) -> Iterator[Finding]:
    evaluation = project.evaluation
    if not evaluation:
        return
    names = [step.name for step in project.steps]
    if evaluation.step and evaluation.step not in names:
        yield ("evaluation", "step"), f"unknown step {evaluation.step!r}", _nearest(evaluation.step, names, "steps")
    if evaluation.predictions:
        yield from _written_by_a_step(project, evaluation.predictions.path, ("evaluation", "predictions", "path"))
    if evaluation.metrics:
        yield from _written_by_a_step(project, evaluation.metrics, ("evaluation", "metrics"))
    if evaluation.training_ids:
        yield from _written_by_a_step(project, evaluation.training_ids, ("evaluation", "training_ids"))
    if not evaluation.predictions and not evaluation.metrics:
        yield ("evaluation",), "nothing to evaluate with", "add predictions or metrics"
    functions = [custom.function for custom in evaluation.custom]
    for index, name in enumerate(functions):
        if name in BUILT_IN:
            yield ("evaluation", "custom", index), f"{name} is a built-in metric", "give the function another name"
        elif name in functions[:index]:
            yield ("evaluation", "custom", index), f"two custom metrics are called {name}", "rename one of them"


def _gate(project: Project) -> Iterator[Finding]:
    if not project.gate:
        return
    for index, item in enumerate(project.gate.rules):
        path: Path = ("gate", "rules", index)
        if isinstance(item, AnyOf):
            for number, rule in enumerate(item.rules):
                yield from _rule(project, rule, (*path, "any", number))
        else:
            yield from _rule(project, item, path)
    try:
        require_alias(project.gate.baseline)
    except UsageError as error:
        yield ("gate", "baseline"), f"{project.gate.baseline!r} is {error.what}", error.hint
    budget = project.gate.budget
    if budget and budget.looks is None and budget.spend != "anytime":
        yield ("gate", "budget"), f"spend: {budget.spend} needs a number of looks", "add looks: 50, or spend: anytime"
    if budget and budget.looks is not None and budget.spend == "anytime":
        yield ("gate", "budget"), "spend: anytime has no end, and so no number of looks", "leave looks out"
    if budget and budget.reveal == "gains" and any((step.seeds or 1) > 1 for step in project.steps):
        why = "the values of several seeds are on record for all to read, and reveal: gains withholds them"
        yield ("gate", "budget"), why, "take seeds or reveal away"


def _rule(project: Project, rule: Rule, path: Path) -> Iterator[Finding]:
    evaluation = project.evaluation
    if evaluation is None:
        yield path, "a rule needs an evaluation", "add the section evaluation"
        return
    if rule.call.name in BUILT_IN:
        yield from _built_in(evaluation, rule, path)
    elif rule.metric not in [custom.function for custom in evaluation.custom]:
        yield from _own_number(evaluation, rule, path)


def _built_in(evaluation: EvaluationChoice, rule: Rule, path: Path) -> Iterator[Finding]:
    wrong = call_problem(rule.call)
    if wrong:
        yield path, *wrong
    elif evaluation.predictions is None or evaluation.task is None:
        yield path, f"{rule.metric} is computed from predictions", "add evaluation.predictions"
    elif wrong := task_problem(rule.call, evaluation.task):
        yield path, *wrong
    elif SIGNATURES[rule.call.name].versus and rule.bound.reference:
        yield path, f"{rule.metric} compares with the baseline already", f"write {rule.metric} > 0.5"


def _own_number(evaluation: EvaluationChoice, rule: Rule, path: Path) -> Iterator[Finding]:
    if evaluation.metrics is None:
        hint = _nearest(rule.call.name, list(BUILT_IN), "metrics")
        yield (
            path,
            f"unknown metric {rule.metric!r}",
            f"{hint}{' ' if hint.endswith('?') else '; '}your own numbers come from evaluation.metrics",
        )
    elif rule.call.arguments or rule.call.of is not None:
        hint = _nearest(rule.call.name, list(BUILT_IN), "metrics")
        yield path, f"{rule.call.name} is a number of the metrics file and takes no arguments", hint
    if rule.per:
        yield path, f"{rule.metric} has one value, no slices", "use per: with a metric computed from predictions"


def _onnx(project: Project) -> Iterator[Finding]:
    if project.onnx is None:
        return
    if any(step.name == STEP for step in project.steps):
        yield ("steps", STEP), f"the name {STEP!r} is that of the conversion", "rename the step, or remove onnx:"
    if project.model.inputs is None:
        hint = "add model.inputs: a table of real rows, with which the two are compared"
        yield ("onnx",), "the conversion needs the model's inputs", hint
    chosen = model_to_convert(project.onnx, project.model.files)
    if chosen is None:
        hint = f"name it: onnx: {{model: …}}, one of {', '.join(project.model.files)}"
        yield ("onnx",), "which of the model's files is to be converted?", hint
    elif not any(contains(path, chosen) for path in project.model.files):
        yield ("onnx", "model"), f"{chosen!r} is none of model.files", _nearest(chosen, project.model.files, "files")
    for step in project.steps:
        for index, output in enumerate(step.outputs):
            if contains(output.path, FOLDER) or contains(FOLDER, output.path):
                yield (
                    ("steps", step.name, "outputs", index),
                    f"{FOLDER} is where the conversion writes",
                    "write elsewhere",
                )


def _written_by_a_step(project: Project, path: str, at: Path) -> Iterator[Finding]:
    outputs = [output.path for step in project.steps for output in step.outputs]
    if not any(contains(output, path) for output in outputs):
        yield at, f"no step writes {path!r}", _nearest(path, outputs, "outputs")


def _nearest(word: str, known: Iterable[str], called: str) -> str:
    known = list(known)
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.65)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"{called}: {', '.join(known)}" if known else f"there are no {called}"
