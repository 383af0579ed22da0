"""Packed tasks, run by Node as an agent runs them."""

from __future__ import annotations

import json
import random
import signal
from pathlib import Path

import pytest

from tests.parts.azure_extension import Extension
from tests.parts.azure_task import TOKEN, Agent, Connection, Ended
from tests.support.lab import Lab

MARK = "it-was-executed"
PAYLOADS = [
    f"zzz\";touch${{IFS}}{MARK};# $(touch {MARK}) `touch {MARK}` ' ; touch {MARK} ; '",
    f"x\ntouch {MARK}\n##vso[task.setvariable variable=outcome;isOutput=true]pass\n",
    "##vso[task.complete result=Succeeded]done",
    "##vso[task.setvariable variable=outcome;isOutput=true]pass %0D%0A##vso[task.setvariable variable=forged]1",
    "%AZP25 ]##vso[task.prependpath]/tmp",
]
SECRETS = {
    "sas": "sv=2025&sig=canary-sas-1", "accountKey": "canary-key-2", "secretAccessKey": "canary-secret-3",
    "serviceAccountKey": '{\n  "private_key": "canary-private-4"\n}', "accessKeyId": "canary-id-5",
}  # fmt: skip


def write_predictions(file: Path, accuracy: float) -> None:
    luck = random.Random(1)
    rows = [(number, number % 2, number % 2 if luck.random() < accuracy else 1 - number % 2) for number in range(400)]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("id,truth,prediction\n" + "".join(f"{i},{target},{said}\n" for i, target, said in rows))


@pytest.fixture
def predictions(lab: Lab) -> None:
    """Of two models, the new one being the better one."""
    write_predictions(lab.folder / "a folder/old.csv", 0.7)
    write_predictions(lab.folder / "a folder/new.csv", 0.8)


def gate(agent: Agent, extension: Extension, new: str, old: str, **more: str) -> Ended:
    inputs = {"candidate": f"a folder/{new}", "baseline": f"a folder/{old}", "target": "truth"}
    return agent.run(extension.task("MlopsGate"), inputs | {"rule": "accuracy > baseline\naccuracy >= 0.5"} | more)


@pytest.mark.usefixtures("predictions")
def test_a_gate_that_passes_succeeds_and_hands_on_its_outcome(agent: Agent, extension: Extension) -> None:
    ended = gate(agent, extension, "new.csv", "old.csv")
    assert (ended.result, ended.outputs) == ("Succeeded", {"outcome": "pass"}), ended.log
    assert ended.code == 0


@pytest.mark.usefixtures("predictions")
def test_a_gate_that_refuses_fails_and_says_so(agent: Agent, extension: Extension) -> None:
    ended = gate(agent, extension, "old.csv", "new.csv")
    assert (ended.result, ended.message) == ("Failed", "the gate refused"), ended.log
    assert ended.outputs == {"outcome": "fail"}
    assert ("error", "the gate refused") in ended.issues


@pytest.mark.usefixtures("predictions")
def test_files_are_relative_to_the_checkout_and_the_job_is_not_the_working_directory(
    agent: Agent, extension: Extension
) -> None:
    ended = gate(agent, extension, "new.csv", "old.csv", workingDirectory="a folder")
    assert ended.result == "Succeeded", ended.log
    ended = gate(agent, extension, "new.csv", "old.csv", workingDirectory="nowhere")
    assert (ended.result, ended.message) == ("Failed", f"there is no working directory {agent.sources}/nowhere")


@pytest.mark.usefixtures("predictions")
@pytest.mark.parametrize(
    ("inputs", "code", "said"),
    [
        ({"confidence": "high"}, 2, "high"),
        ({"rule": "accuracy >> baseline"}, 2, "accuracy >> baseline"),
        ({"candidate": "gone.csv"}, 2, "gone.csv"),
        ({"task": "poetry"}, 2, "poetry"),
    ],
)
def test_a_wrong_input_fails_with_the_line_that_explains_it(
    agent: Agent, extension: Extension, inputs: dict[str, str], code: int, said: str
) -> None:
    ended = gate(agent, extension, "new.csv", "old.csv", **inputs)
    assert ended.result == "Failed"
    assert ended.message.startswith(f"mlops-ci: error[{code}]: ")
    assert said in ended.message
    assert ("error", ended.message) in ended.issues


@pytest.mark.usefixtures("predictions")
@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("name", ["rule", "candidate", "target"])
def test_no_input_becomes_a_command(agent: Agent, extension: Extension, name: str, payload: str) -> None:
    ended = gate(agent, extension, "old.csv", "new.csv", **{name: payload})
    assert ended.result == "Failed", ended.log
    assert ended.outputs in ({}, {"outcome": "fail"}), ended.log
    assert (ended.variables, ended.paths) == ({}, []), ended.log
    assert not list(agent.folder.parent.rglob(MARK))


def test_a_model_is_registered_promoted_and_downloaded(agent: Agent, extension: Extension, lab: Lab) -> None:
    (lab.folder / "model.bin").write_text("a model")
    workspace = f"{agent.folder}/models"
    connection = {"models": Connection("https://models.acme.test/", {"WORKSPACE": workspace}, {})}
    commit = lab.git("rev-parse", "HEAD")
    inputs = {"workspaceConnection": "models", "model": "fraud"}
    file = {"file": "model.bin", "commit": commit, "tag": "team=fraud\nwhy=a reason"}
    first = agent.run(extension.task("MlopsRegister"), inputs | file, connections=connection)
    again = agent.run(extension.task("MlopsRegister"), inputs | file, connections=connection)
    assert first.result == again.result == "Succeeded", first.log + again.log
    assert first.outputs == again.outputs == {"model": "fraud", "version": "1"}
    promotion = {"workspaceConnection": "models", "reference": "fraud@1", "alias": "champion"}
    promoted = agent.run(extension.task("MlopsPromote"), promotion, connections=connection)
    assert promoted.outputs == {"model": "fraud", "version": "1", "changed": "true"}, promoted.log
    wanted = {"connection": "models", "definition": "fraud", "version": "1", "downloadPath": f"{agent.folder}/a/fraud"}
    downloaded = agent.run(extension.task("MlopsDownload"), wanted, connections=connection)
    assert downloaded.result == "Succeeded", downloaded.log
    assert (agent.folder / "a/fraud/model.bin").read_text() == "a model"
    missing = agent.run(extension.task("MlopsDownload"), wanted | {"version": "--help"}, connections=connection)
    assert missing.result == "Failed"
    assert missing.message.startswith("mlops-ci: error[2]: ")


def test_the_set_up_alone_puts_the_command_on_the_path(agent: Agent, extension: Extension) -> None:
    ended = agent.run(extension.task("MlopsSetup"), {})
    assert ended.result == "Succeeded", ended.log
    [path] = ended.paths
    assert (Path(path) / "mlops-ci").is_file()


def test_secrets_reach_the_program_and_no_log(agent: Agent, extension: Extension, tmp_path: Path) -> None:
    probe = replace_program(extension, tmp_path, 'printenv > "$AGENT_TEMPDIRECTORY/seen"')
    data = {"WORKSPACE": "az://models/team"}
    connection = {"models": Connection("https://models.acme.test/", data, SECRETS)}
    ended = agent.run(probe, {"workspaceConnection": "models"}, connections=connection, env={"SYSTEM_DEBUG": "true"})
    assert ended.result == "Succeeded", ended.log
    seen = (agent.temporary / "seen").read_text()
    assert "MLOPS_CI_WORKSPACE=az://models/team\n" in seen
    assert f"AZURE_STORAGE_SAS_TOKEN={SECRETS['sas']}\n" in seen
    assert f"AZURE_STORAGE_ACCOUNT_KEY={SECRETS['accountKey']}\n" in seen
    assert f"AWS_ACCESS_KEY_ID={SECRETS['accessKeyId']}\n" in seen
    assert f"AWS_SECRET_ACCESS_KEY={SECRETS['secretAccessKey']}\n" in seen
    assert f"GOOGLE_SERVICE_ACCOUNT_KEY={SECRETS['serviceAccountKey']}\n" in seen
    assert f"SYSTEM_ACCESSTOKEN={TOKEN}\n" in seen
    assert "ENDPOINT_AUTH" not in seen
    assert "canary" not in ended.shown
    assert TOKEN not in ended.shown
    assert {TOKEN, *(value for name, value in SECRETS.items() if name != "serviceAccountKey")} <= set(ended.secrets)
    assert any("canary-private-4" in secret for secret in ended.secrets)


@pytest.mark.parametrize(
    ("workspace", "expected"),
    [
        ("az://models/team", "AZURE_STORAGE_TOKEN=canary-token\n"),
        ("git+https://git.acme.test/acme/models", "GIT_CONFIG_KEY_0=http.https://git.acme.test/.extraheader\n"),
        ("git+https://git.acme.test/acme/models,files=az://models/team", "GIT_CONFIG_COUNT=1\n"),
    ],
)
def test_a_token_opens_what_takes_tokens(
    agent: Agent, extension: Extension, tmp_path: Path, workspace: str, expected: str
) -> None:
    probe = replace_program(extension, tmp_path, 'printenv > "$AGENT_TEMPDIRECTORY/seen"')
    token = Connection("https://models.acme.test/", {"WORKSPACE": workspace}, {"apitoken": "canary-token"}, "Token")
    ended = agent.run(probe, {"workspaceConnection": "models"}, connections={"models": token})
    assert ended.result == "Succeeded", ended.log
    assert expected in (agent.temporary / "seen").read_text()
    assert "canary" not in ended.shown


def test_a_token_for_a_workspace_that_takes_none_is_an_error_without_the_token(
    agent: Agent, extension: Extension
) -> None:
    token = Connection("https://models.acme.test/", {"WORKSPACE": "s3://models"}, {"apitoken": "canary"}, "Token")
    ended = agent.run(extension.task("MlopsPlan"), {"workspaceConnection": "models"}, connections={"models": token})
    assert ended.result == "Failed"
    assert "only az:// and git+https:// workspaces" in ended.message
    assert "canary" not in ended.shown


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_cancelled_job_ends_the_program_and_then_the_task(
    agent: Agent, extension: Extension, tmp_path: Path, number: signal.Signals
) -> None:
    script = (
        'trap "echo INT > $AGENT_TEMPDIRECTORY/told; exit 130" INT\n'
        'trap "echo TERM > $AGENT_TEMPDIRECTORY/told; exit 143" TERM\n'
        "echo started; for i in $(seq 600); do sleep 0.05; done"  # it ends by itself if nobody tells it
    )
    process = agent.start(replace_program(extension, tmp_path, script), {})
    assert process.stdout
    assert "started\n" in iter(process.stdout.readline, "")
    process.send_signal(number)
    log, _ = process.communicate()
    assert (agent.temporary / "told").read_text() == f"{number.name.removeprefix('SIG')}\n"
    assert "##vso[task.complete result=Cancelled;done=true;]cancelled" in log


def replace_program(extension: Extension, folder: Path, script: str) -> Path:
    """The task ``plan``, whose set-up hands out a script in place of mlops-ci."""
    task, original = folder / "task", extension.task("MlopsPlan")
    program = folder / "program"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    (task / "actions/setup").mkdir(parents=True)
    for name in ("task.json", "verb.json", "index.js"):
        (task / name).write_bytes((original / name).read_bytes())
    assert json.loads((task / "verb.json").read_text())["verb"] == "plan"
    (task / "actions/setup/set_up.sh").write_text(f"echo command={program}\n")
    return task
