"""A packed task of Azure Pipelines, run with Node as the agent runs it: inputs, connections and the job as variables.

What an agent does is taken from its documents and its source: how inputs and service connections become variables, and
how it reads commands. https://github.com/microsoft/azure-pipelines-agent, src/Agent.Worker/Handlers/Handler.cs, and
src/Microsoft.VisualStudio.Services.Agent/CommandStringConvertor.cs
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.parts.need import missing
from tests.support.lab import clean_environment, git_environment

ROOT = Path(__file__).parents[2]
_START = "##vso["
_ESCAPES = {"%3B": ";", "%0D": "\r", "%0A": "\n", "%5D": "]", "%AZP25": "%"}
# As a service sends every secret of a job, to be hidden.
TOKEN = "the-token-of-the-job"


@dataclass(frozen=True)
class Command:
    """A command that the agent carries out."""

    name: str
    properties: dict[str, str]
    data: str


@dataclass(frozen=True)
class Connection:
    """A service connection: its fields, and the confidential ones of its authentication scheme."""

    url: str
    data: Mapping[str, str]
    parameters: Mapping[str, str]
    scheme: str = "None"


@dataclass
class Ended:
    """What an agent knows of a task, or a script, that has ended."""

    log: str
    code: int = 0
    result: str = ""
    message: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    issues: list[tuple[str, str]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    summaries: list[str] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def shown(self) -> str:
        """The log but for the commands by which secrets are hidden."""
        return "\n".join(line for line in self.log.splitlines() if "##vso[task.setsecret" not in line)


def commands_in(log: str) -> list[Command]:
    """The commands in a log, of which a line has at most one: from the first opening to the first closing bracket."""
    found = []
    for line in log.splitlines():
        start = line.lower().find(_START)
        end = line.find("]", start)
        if start < 0 or end < 0:
            continue
        name, _, listed = line[start + len(_START) : end].strip().partition(" ")
        pairs = (pair.partition("=") for pair in listed.split(";") if "=" in pair)
        properties = {key.strip().lower(): _unescape(value) for key, _, value in pairs}
        found.append(Command(name.lower(), properties, _unescape(line[end + 1 :])))
    return found


def _unescape(text: str) -> str:
    for escaped, meant in _ESCAPES.items():
        text = text.replace(escaped, meant)
    return text


def read(log: str, code: int) -> Ended:
    """Carry out the commands of a log."""
    ended = Ended(log, code)
    for command in commands_in(log):
        data, properties = command.data, command.properties
        match command.name:
            case "task.setvariable":
                is_output = properties.get("isoutput", "").lower() == "true"
                (ended.outputs if is_output else ended.variables)[properties["variable"]] = data
            case "task.issue" | "task.logissue":
                ended.issues.append((properties["type"], data))
            case "task.complete":
                ended.result, ended.message = properties["result"], data
            case "task.setsecret":
                ended.secrets.append(data)
            case "task.uploadsummary":
                ended.summaries.append(Path(data).read_text("utf-8"))
            case "task.prependpath":
                ended.paths.append(data)
            case "task.debug":
                pass
            case _:
                raise AssertionError(f"what is this to an agent? {command}")
    return ended


class Agent:
    """An agent of one's own, which keeps its tools.

    Args:
        folder: for its work.
        sources: the checkout.
        variables: of the job, by the names that they have in the environment.
    """

    def __init__(self, folder: Path, sources: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.sources = sources
        self.temporary = folder / "_temp"
        self.temporary.mkdir(parents=True)
        self.node = shutil.which("node") or missing("node")
        tools = Path(os.environ.get("MLOPS_CI_CACHE_DIR") or ROOT / ".cache").absolute() / "parts" / "tools"
        tools.mkdir(parents=True, exist_ok=True)
        inherited = clean_environment() | git_environment()
        inherited.pop("VIRTUAL_ENV", None)
        self.environment = inherited | {
            "TF_BUILD": "True",
            "AGENT_VERSION": "4.0.0",
            "AGENT_TEMPDIRECTORY": str(self.temporary),
            "AGENT_TOOLSDIRECTORY": str(tools),
            "AGENT_WORKFOLDER": str(folder),
            "SYSTEM_DEFAULTWORKINGDIRECTORY": str(sources),
            "SYSTEM_ARTIFACTSDIRECTORY": str(folder / "a"),
            "SYSTEM_HOSTTYPE": "build",
            "BUILD_SOURCESDIRECTORY": str(sources),
            "PIPELINE_WORKSPACE": str(folder),
            **variables,
        }

    def run(self, task: Path, inputs: Mapping[str, str], **more: Mapping[str, str] | Mapping[str, Connection]) -> Ended:
        """Run a task to its end."""
        process = self.start(task, inputs, **more)  # type: ignore[arg-type]
        log, _ = process.communicate()
        return read(log, process.returncode)

    def cancelled(
        self,
        task: Path,
        inputs: Mapping[str, str],
        at: str,
        *,
        group: bool,
        **more: Mapping[str, str] | Mapping[str, Connection],
    ) -> Ended:
        """Run a task and cancel it once its log says something: Node alone is told, or all that it has started too."""
        log, is_due = "", True
        with self.start(task, inputs, **more) as process:  # type: ignore[arg-type]
            assert process.stdout is not None
            for line in process.stdout:
                log += line
                if is_due and at in line:
                    (os.killpg if group else os.kill)(process.pid, signal.SIGINT)
                    is_due = False
        return read(log, process.returncode)

    def start(
        self,
        task: Path,
        inputs: Mapping[str, str],
        *,
        connections: Mapping[str, Connection] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start a task in the folder of the checkout."""
        declared = json.loads((task / "task.json").read_text("utf-8"))
        environment = {**self.environment, **(env or {}), **self._inputs(declared, inputs)}
        for name, connection in {"SystemVssConnection": _OF_THE_JOB, **(connections or {})}.items():
            environment |= _of_connection(name, connection)
        [(handler, execution)] = declared["execution"].items()
        assert handler.startswith("Node20")
        return subprocess.Popen(
            [self.node, str(task / execution["target"])], cwd=self.sources, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            process_group=0,
        )  # fmt: skip

    def _inputs(self, declared: Mapping[str, list[dict[str, str]]], given: Mapping[str, str]) -> dict[str, str]:
        unknown = set(given) - {each["name"] for each in declared["inputs"]}
        assert not unknown, f"no inputs of the task: {unknown}"
        values = {}
        for each in declared["inputs"]:
            value = given.get(each["name"], each["defaultValue"])
            if each["type"] == "filePath":  # relative to the checkout, which is also what an empty one is
                value = str(self.sources / value)
            values[f"INPUT_{each['name'].replace(' ', '_').upper()}"] = value
        return values


_OF_THE_JOB = Connection("https://dev.azure.com/acme/", {}, {"AccessToken": TOKEN}, "OAuth")


def _of_connection(name: str, connection: Connection) -> dict[str, str]:
    authorization = {"scheme": connection.scheme, "parameters": dict(connection.parameters)}
    return {
        f"ENDPOINT_URL_{name}": connection.url,
        f"ENDPOINT_AUTH_{name}": json.dumps(authorization),
        f"ENDPOINT_AUTH_SCHEME_{name}": connection.scheme,
        **{f"ENDPOINT_AUTH_PARAMETER_{name}_{key.upper()}": value for key, value in connection.parameters.items()},
        **{f"ENDPOINT_DATA_{name}_{key.upper()}": value for key, value in connection.data.items()},
    }
