"""Tasks as GitHub actions: composite, and thin.

Values reach the verb through ``env:`` alone. No script contains an expression, so that nothing in a branch name or an
input can become a command. The verb replaces the shell (``exec``), so that it gets the signals of a cancelled job.
"""

from __future__ import annotations

from typing import Any

import yaml

from mlops_ci.faces.inputs import Input
from mlops_ci.faces.task import Task
from mlops_ci.workflows.pins import pinned

_HEADER = "# Written by make generate, from the options of the verb and mlops_ci/faces: change those.\n"
_IN_ACTIONS = "$GITHUB_ACTION_PATH/../setup"
_IN_ROOT = "$GITHUB_ACTION_PATH/actions/setup"
# What the set-up wants to know, too; jobs of a matrix differ by their steps alone.
_OF_SETUP = ("project", "workspace", "extra", "verb", "name", "only")
_NOT_RESTORED = "steps.look.outputs.restore == 'true' && steps.restored.outputs.cache-hit != 'true'"


def action_of(task: Task, inputs: tuple[Input, ...], *, root: bool = False) -> str:
    """The text of an ``action.yml``; ``root`` is the one at the top of the repository, for the marketplace."""
    setup = _IN_ROOT if root else _IN_ACTIONS
    action: dict[str, Any] = {
        "name": task.title,
        "description": task.summary,
        "author": "mlops-ci",
        "branding": {"icon": "check-circle", "color": "blue"},
        "inputs": {item.name: _declared(item) for item in inputs} | _common(task),
    }
    if task.outputs:
        action["outputs"] = {
            output.name: {"description": output.help, "value": f"${{{{ steps.verb.outputs.{output.name} }}}}"}
            for output in task.outputs
        }
    action["runs"] = {"using": "composite", "steps": _steps(task, inputs, setup)}
    return _HEADER + pinned(yaml.dump(action, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True))


def _declared(item: Input) -> dict[str, Any]:
    help_text = item.help or item.name.replace("-", " ").capitalize() + "."
    if item.choices:
        help_text += f" One of {', '.join(item.choices)}."
    if item.kind == "boolean":
        help_text += " 'true' or 'false'."
    if item.default is not None:
        help_text += f" Default: {item.default}."
    # The verb knows its defaults: an empty input is one that was not given.
    return {"description": help_text, "required": item.required, **({} if item.required else {"default": ""})}


def _common(task: Task) -> dict[str, Any]:
    token = {
        "token": {
            "description": "The token for comments, checks and git; never seen by the steps of a model.",
            "required": False,
            "default": "${{ github.token }}",
        }
    }
    return ({} if task.installs_only else token) | {
        "working-directory": {
            "description": "The folder to work in, from the top of the checkout.",
            "required": False,
            "default": ".",
        },
        "cache": {
            "description": "Whether to keep what is installed, and results of steps that have no better place, in "
            "GitHub's cache. 'false' where a job with credentials must trust no other job.",
            "required": False,
            "default": "true",
        },
    }


def _steps(task: Task, inputs: tuple[Input, ...], setup: str) -> list[dict[str, Any]]:
    known = {item.name: item for item in inputs}
    of_setup = {known[name].variable: _value(known[name]) for name in _OF_SETUP if name in known}
    if task.extras:
        of_setup["MLOPS_CI_EXTRA"] = "\n".join([*task.extras, "${{ env.MLOPS_CI_EXTRA }}"])
    if task.needs_more:
        of_setup["MLOPS_CI_VERB"] = task.verb
    of_setup["MLOPS_CI_CACHE"] = "${{ inputs.cache }}"
    on_path = " --on-path" if task.installs_only else ""
    steps = [
        _script("Look for mlops-ci", "look", of_setup, f'exec "{setup}/set_up.sh" look'),
        {
            "name": "Restore mlops-ci",
            "id": "restored",
            "if": "steps.look.outputs.restore == 'true'",
            "uses": "actions/cache/restore",
            "with": {
                "path": "${{ steps.look.outputs.path }}",
                "key": "${{ steps.look.outputs.key }}",
                "restore-keys": "${{ steps.look.outputs.prefix }}",
            },
        },
        _script("Set up mlops-ci", "setup", of_setup, f'exec "{setup}/set_up.sh" install{on_path}'),
    ]
    if task.runs_steps:
        steps.append(_restore_results())
    if not task.installs_only:
        env = {item.variable: _value(item) for item in inputs} | {
            "MLOPS_CI_TOKEN": "${{ inputs.token }}",
            "MLOPS_CI_COMMAND": "${{ steps.setup.outputs.command }}",
        }
        steps.append(_script(task.title, "verb", env, f'exec "$MLOPS_CI_COMMAND" {task.verb}'))
    if task.reports:
        steps.append(_leave_report())
    if task.runs_steps:
        steps.append(_keep_results())
    steps.append({
        "name": "Keep mlops-ci",
        "if": f"always() && {_NOT_RESTORED}",
        "uses": "actions/cache/save",
        "with": {"path": "${{ steps.look.outputs.path }}", "key": "${{ steps.look.outputs.key }}"},
    })  # fmt: skip
    return steps


def _script(name: str, identity: str, env: dict[str, str], run: str) -> dict[str, Any]:
    return {
        "name": name,
        "id": identity,
        "shell": "bash",
        "working-directory": "${{ inputs.working-directory }}",
        "env": env,
        "run": run,
    }


def _value(item: Input) -> str:
    """The input, or what a workflow has set for all its jobs."""
    return f"${{{{ inputs.{item.name} || env.{item.variable} }}}}"


def _restore_results() -> dict[str, Any]:
    return {
        "name": "Restore results of steps",
        "if": "steps.setup.outputs.steps != ''",
        "uses": "actions/cache/restore",
        "with": {
            "path": "${{ steps.setup.outputs.steps }}",
            "key": "${{ steps.setup.outputs.steps-key }}",
            "restore-keys": "${{ steps.setup.outputs.steps-prefixes }}",
        },
    }


def _leave_report() -> dict[str, Any]:
    """The job of a fork may not comment: a workflow of the default branch does it."""
    return {
        "name": "Leave the report of a fork's job",
        "if": "always() && github.event_name == 'pull_request' && steps.verb.outputs.report-json != '' "
        "&& (github.event.pull_request.head.repo.full_name != github.repository "
        "|| github.event.pull_request.user.login == 'dependabot[bot]')",
        "uses": "actions/upload-artifact",
        "with": {
            "name": "mlops-ci-report-${{ steps.verb.outputs.model }}",
            "path": "${{ steps.verb.outputs.report-json }}",
            "overwrite": True,
            "retention-days": 5,
        },
    }


def _keep_results() -> dict[str, Any]:
    return {
        "name": "Keep results of steps",
        "if": "always() && steps.setup.outputs.steps != ''",
        "uses": "actions/cache/save",
        "with": {"path": "${{ steps.setup.outputs.steps }}", "key": "${{ steps.setup.outputs.steps-key }}"},
    }


class _Dumper(yaml.SafeDumper):
    """Lists stand below their key, and two equal values are written twice."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML's
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's signature
        return True
