"""Runs the steps of our own templates for Azure Pipelines: a small interpreter of what they use of the language.

It knows parameters, ``${{ insert }}``, nested templates of steps, ``$(macros)``, outputs of earlier jobs, conditions on
one variable, scripts of bash, and tasks. What it does not know is an error.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.parts.azure_task import Agent, Ended, read

_EXPRESSION = re.compile(r"\$\{\{\s*parameters\.([A-Za-z0-9_.]+)\s*\}\}")
_MACRO = re.compile(r"\$\(([A-Za-z0-9_.]+)\)")
_WANTED = re.compile(r"and\(succeeded\(\), eq\(variables\['(\w+)'\], '(\w+)'\)\)")
_LEFT = re.compile(r"and\(succeededOrFailed\(\), ne\(variables\['([\w.]+)'\], ''\)\)")
_EVENT = re.compile(r"(eq|ne)\(variables\['Build.Reason'\], '(\w+)'\)")
_OUTPUT = re.compile(r"\$\[ dependencies\.(\w+)\.outputs\['(\w+)\.(\w+)'\] \]")

Task = Callable[[str, Mapping[str, str]], Ended]


@dataclass
class Job:
    """A job that has ended: its steps that ran, their outputs, and the environment that each script had."""

    succeeded: bool = True
    steps: list[Ended] = field(default_factory=list)
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    environments: list[dict[str, str]] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()

    @property
    def log(self) -> str:
        """What all steps have printed."""
        return "".join(step.log for step in self.steps)


def expand(node: Any, parameters: Mapping[str, Any], folder: Path) -> Any:
    """A template with its parameters put in, which are values and never text of the template."""
    if isinstance(node, list):
        found: list[Any] = []
        for item in node:
            if isinstance(item, dict) and "template" in item:
                given = expand(item.get("parameters", {}), parameters, folder)
                found += load(folder / item["template"], given)["steps"]
            else:
                found.append(expand(item, parameters, folder))
        return found
    if isinstance(node, dict):
        result: dict[str, Any] = {}
        for key, value in node.items():
            inserted = expand(value, parameters, folder)
            result |= inserted if key == "${{ insert }}" else {key: inserted}
        return result
    if isinstance(node, str):
        if whole := _EXPRESSION.fullmatch(node):
            return _value(whole[1], parameters)
        assert "${{" not in node, f"the interpreter does not know {node}"
    return node


def _value(path: str, parameters: Mapping[str, Any]) -> Any:
    value: Any = parameters
    for name in path.split("."):
        value = value.get(name, "") if isinstance(value, Mapping) else ""
    return value


def load(file: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """A template, or a pipeline whose event is the parameters."""
    document = yaml.safe_load(file.read_text("utf-8"))
    declared = {each["name"]: each["default"] for each in document.pop("parameters", [])}
    assert not declared or set(given) <= set(declared), f"{file.name} has no {set(given) - set(declared)}"
    expanded: dict[str, Any] = expand(document, declared | dict(given), file.parent)
    return expanded


def run_jobs(
    jobs: list[dict[str, Any]],
    agent_of: Callable[[str], Agent],
    task: Task | None = None,
    secrets: Mapping[str, str] | None = None,
) -> dict[str, Job]:
    """Run jobs one after another, each by an agent of its own; those after a failure are skipped."""
    done: dict[str, Job] = {}
    for job in jobs:
        if any(not before.succeeded for before in done.values()):
            break
        name = job.get("job") or job["deployment"]
        agent = agent_of(name)
        if not _is_wanted(job, agent):
            continue
        steps = job["steps"] if "job" in job else job["strategy"]["runOnce"]["deploy"]["steps"]
        done[name] = run_steps(steps, agent, _variables(job, done), task, secrets)
    return done


def _is_wanted(job: Mapping[str, Any], agent: Agent) -> bool:
    """By the only condition of jobs that we have: on why they run."""
    if "condition" not in job:
        return True
    how, reason = _EVENT.fullmatch(job["condition"]).groups()  # type: ignore[union-attr]
    return bool((agent.environment["BUILD_REASON"] == reason) is (how == "eq"))


def _variables(job: Mapping[str, Any], done: Mapping[str, Job]) -> dict[str, str]:
    """A list has them as they are, a mapping as outputs of earlier jobs."""
    given = job.get("variables", {})
    if isinstance(given, list):
        return {each["name"]: each["value"] for each in given}
    variables = {}
    for name, value in given.items():
        from_job, step, output = _OUTPUT.fullmatch(value).groups()  # type: ignore[union-attr]
        variables[name] = done[from_job].outputs.get(step, {}).get(output, "")
    return variables


def run_steps(
    steps: list[dict[str, Any]],
    agent: Agent,
    variables: Mapping[str, str] | None = None,
    task: Task | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Job:
    """Run steps until one fails, then those that ask for it. No script sees secrets unless they are mapped."""
    known = {"Pipeline.Workspace": str(agent.folder), "System.JobAttempt": "1", **(variables or {}), **(secrets or {})}
    job = Job(hidden=frozenset(secrets or {}))
    for step in steps:
        if not _runs(step.get("condition"), known, job):
            continue
        ended = _run(step, agent, known, job, task)
        if ended is None:
            continue
        job.steps.append(ended)
        known |= ended.variables
        if "name" in step:
            job.outputs[step["name"]] = ended.outputs
            known |= {f"{step['name']}.{name}": value for name, value in ended.outputs.items()}
        job.succeeded = job.succeeded and ended.result == "Succeeded"
    return job


def _runs(condition: str | None, known: Mapping[str, str], job: Job) -> bool:
    """Whether a step runs, after those that succeeded or, if it asks for that, after a failure."""
    if condition is None:
        return job.succeeded
    if left := _LEFT.fullmatch(condition):
        return bool(known.get(left[1]))
    name, value = _WANTED.fullmatch(condition).groups()  # type: ignore[union-attr]
    return job.succeeded and known.get(name, "") == value


def _run(step: dict[str, Any], agent: Agent, known: dict[str, str], job: Job, task: Task | None) -> Ended | None:
    match step:
        case {"checkout": "none" | "self"}:  # the agent has it
            return None
        case {"checkout": _, "path": path}:
            assert (agent.folder / path / "actions/setup/set_up.sh").is_file()
            return None
        case {"bash": script}:
            return _script(script, step.get("env", {}), agent, known, job)
        case {"task": "PublishPipelineArtifact@1", "inputs": inputs}:
            source, kept = Path(_macros(inputs["targetPath"], known)), _kept(agent, _macros(inputs["artifact"], known))
            if source.is_dir():
                shutil.copytree(source, kept)
            else:
                kept.mkdir()
                shutil.copy(source, kept)
            return read("##vso[task.complete result=Succeeded]", 0)
        case {"task": "DownloadPipelineArtifact@2", "inputs": inputs}:
            shutil.copytree(_kept(agent, inputs["artifactName"]), _macros(inputs["targetPath"], known))
            return read("##vso[task.complete result=Succeeded]", 0)
        case {"task": name, "inputs": inputs} if task:
            return task(name, {key: _macros(value, known) for key, value in inputs.items()})
    raise AssertionError(f"the interpreter does not know {step}")


def _script(script: str, env: Mapping[str, Any], agent: Agent, known: dict[str, str], job: Job) -> Ended:
    variables = {name.upper().replace(".", "_"): value for name, value in known.items() if name not in job.hidden}
    given = {name: _macros(str(value), known) for name, value in env.items()}
    environment = agent.environment | variables | given
    job.environments.append(environment)
    file = agent.temporary / "script.sh"
    file.write_text(_macros(script, known))
    done = subprocess.run(
        ["bash", "--noprofile", "--norc", file], cwd=agent.sources, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    ended = read(done.stdout, done.returncode)
    ended.result = "Failed" if done.returncode else ended.result or "Succeeded"
    return ended


def _kept(agent: Agent, artifact: str) -> Path:
    """Where an artifact of a build is kept between its jobs: beside their machines."""
    return agent.folder.parent / f"{artifact}-{agent.environment['BUILD_BUILDID']}"


def _macros(text: str, known: Mapping[str, str]) -> str:
    """An unknown one stays as it is, as an agent leaves it."""
    return _MACRO.sub(lambda found: known.get(found[1], found[0]), text)
