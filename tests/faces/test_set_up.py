"""The set-up of actions and tasks: apart from everything the user has, complete or not there at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.lab import Lab, clean_environment

ROOT = Path(__file__).parents[2]
SET_UP = ROOT / "actions/setup/set_up.sh"
Outputs = dict[str, str]
BUSY = "import sys; raise SystemExit('the code of somebody else was run')"


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """An empty folder for tools, which shares packages with the other tests' so that they are fetched once."""
    shared = Path(os.environ.get("MLOPS_CI_CACHE_DIR") or ROOT / ".cache").absolute() / "parts" / "tools" / "mlops-ci"
    folder = tmp_path / "tools"
    (folder / "mlops-ci").mkdir(parents=True)
    for name in ("packages", *(uv.name for uv in shared.glob("uv-*"))):
        (shared / name).mkdir(parents=True, exist_ok=True)
        (folder / "mlops-ci" / name).symlink_to(shared / name)
    return folder


def environment(tools: Path, more: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: text for name, text in clean_environment().items() if name != "VIRTUAL_ENV"}
    return kept | {"RUNNER_TOOL_CACHE": str(tools), **(more or {})}


def start(tools: Path, *arguments: str, env: Mapping[str, str] | None = None, script: Path = SET_UP,
          cwd: Path | None = None) -> subprocess.Popen[str]:  # fmt: skip
    return subprocess.Popen(
        [script, *arguments], env=environment(tools, env), cwd=cwd or tools,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def outputs(started: subprocess.Popen[str]) -> Outputs:
    out, err = started.communicate()
    assert started.returncode == 0, err
    return dict(line.split("=", 1) for line in out.splitlines())


def version(command: str, env: Mapping[str, str] | None = None) -> str:
    done = subprocess.run([command, "--version"], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_of_the_users_python_pip_and_uv_matters(tools: Path, tmp_path: Path) -> None:
    hostile = tmp_path / "hostile"
    (hostile / "uv").mkdir(parents=True)
    for name in ("sitecustomize", "usercustomize", "click", "json", "pip"):
        (hostile / f"{name}.py").write_text(BUSY)
    (hostile / "pip").mkdir()
    for configuration in ("pip.conf", "pip/pip.conf"):
        (hostile / configuration).write_text("[global]\nindex-url = http://127.0.0.1:9/\n")
    (hostile / "uv" / "uv.toml").write_text('index-url = "http://127.0.0.1:9/"\n')
    env = {
        "PYTHONPATH": str(hostile), "PYTHONHOME": "/nowhere", "PYTHONSTARTUP": str(hostile / "click.py"),
        "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_CONFIG_FILE": str(hostile / "pip.conf"), "PIP_TARGET": "/nowhere",
        "UV_INDEX_URL": "http://127.0.0.1:9/", "UV_OFFLINE": "1", "UV_PYTHON": "2.7", "UV_CACHE_DIR": "/dev/null",
        "VIRTUAL_ENV": "/nowhere", "CONDA_PREFIX": "/nowhere", "XDG_CONFIG_HOME": str(hostile),
    }  # fmt: skip
    for uv in (tools / "mlops-ci").glob("uv-*"):
        uv.unlink()  # this one is to be fetched, too
    found = outputs(start(tools, "install", env=env, cwd=hostile))
    assert version(found["command"], environment(tools, env)).startswith("mlops-ci 0.")


def test_a_job_gets_one_command_on_its_path_and_nothing_else(tools: Path, tmp_path: Path) -> None:
    path, environment_file = tmp_path / "path", tmp_path / "env"
    env = {"GITHUB_PATH": str(path), "GITHUB_ENV": str(environment_file)}
    outputs(start(tools, "install", "--on-path", env=env))
    [line] = path.read_text().splitlines()
    assert [file.name for file in Path(line).iterdir()] == ["mlops-ci"]
    assert not environment_file.exists()


def test_without_asking_for_it_the_path_stays_as_it_is(tools: Path, tmp_path: Path) -> None:
    outputs(start(tools, "install", env={"GITHUB_PATH": str(tmp_path / "path")}))
    assert not (tmp_path / "path").exists()


def test_the_core_comes_first_and_the_project_says_what_comes_after(tools: Path) -> None:
    project = ROOT / "examples/flight-delay"
    outputs(start(tools, "install", env={"MLOPS_CI_PROJECT": str(project)}))
    [folder] = [Path(outputs(start(tools, "look"))["path"])]
    assert {path.name for path in folder.iterdir()} == {"core", "core+gate+pip"}
    assert not list(folder.glob("core/lib/*/site-packages/numpy"))
    assert list(folder.glob("core+gate+pip/lib/*/site-packages/numpy"))


def test_all_extras_go_together(tools: Path) -> None:
    names = sorted({lock.stem for lock in (SET_UP.parent / "locks").glob("*.txt")} - {"core"})
    outputs(start(tools, "install", env={"MLOPS_CI_EXTRA": "\n".join(names)}))
    folder = Path(outputs(start(tools, "look"))["path"])
    assert {path.name for path in folder.iterdir()} == {"core", "+".join(["core", *names])}


def test_an_unknown_extra_is_a_clear_error(tools: Path) -> None:
    started = start(tools, "install", env={"MLOPS_CI_EXTRA": "../../core\n"})
    _, err = started.communicate()
    assert (started.returncode, "there is no extra '../../core'; it has aws, azure" in err) == (3, True)


def test_set_ups_at_the_same_time_are_one(tools: Path) -> None:
    together = [start(tools, "install") for _ in range(3)]
    commands = {outputs(started)["command"] for started in together}
    assert len(commands) == 1
    assert version(commands.pop()).startswith("mlops-ci 0.")
    folder = Path(outputs(start(tools, "look"))["path"])
    assert [path.name for path in folder.iterdir()] == ["core"]  # nothing is left of the others


def test_a_set_up_that_was_killed_is_done_again(tools: Path) -> None:
    folder = Path(outputs(start(tools, "look"))["path"])
    (folder / ".building-1-dead" / "bin").mkdir(parents=True)
    (folder / "core" / "bin").mkdir(parents=True)  # a Python that has gone since
    os.utime(folder / ".building-1-dead", (0, 0))
    assert version(outputs(start(tools, "install"))["command"]).startswith("mlops-ci 0.")
    assert [path.name for path in folder.iterdir()] == ["core"]


def test_what_has_not_the_hash_of_the_lock_is_not_installed(tools: Path, tmp_path: Path) -> None:
    copied = tmp_path / "checkout/actions/setup"
    shutil.copytree(SET_UP.parent, copied)
    lock = copied / "locks/core.txt"
    lock.write_text(re.sub(r"sha256:[0-9a-f]{64}", f"sha256:{'0' * 64}", lock.read_text()))
    started = start(tools, "install", script=copied / "set_up.sh")
    _, err = started.communicate()
    assert started.returncode == 3
    assert "mlops-ci: error[3]: the set-up failed: uv failed:" in err
    assert not list(tools.glob("mlops-ci/*/core"))


def test_another_index_can_be_named(tools: Path) -> None:
    (tools / "mlops-ci/packages").unlink()  # nothing has been fetched yet
    started = start(tools, "install", env={"MLOPS_CI_INDEX_URL": "http://127.0.0.1:9/simple"})
    _, err = started.communicate()
    assert (started.returncode, "127.0.0.1:9" in err) == (3, True), err


def test_without_a_new_python_the_error_names_the_action_that_helps(tools: Path, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("sh", "dirname"):
        (programs / name).symlink_to(shutil.which(name) or name)
    (programs / "python3").write_text("#!/bin/sh\nexit 1\n")  # one that is too old
    (programs / "python3").chmod(0o755)
    started = start(tools, "look", env={"PATH": str(programs)})
    _, err = started.communicate()
    assert (started.returncode, "actions/setup-python" in err) == (2, True)


def test_a_python_of_the_tool_cache_will_do(tools: Path, tmp_path: Path) -> None:
    programs, python = tmp_path / "bin", tools / "Python/3.12.1/x64/bin/python3"
    programs.mkdir()
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    for name in ("sh", "dirname"):
        (programs / name).symlink_to(shutil.which(name) or name)
    assert outputs(start(tools, "look", env={"PATH": str(programs)}))["path"].startswith(str(tools))


def test_the_cache_is_asked_only_on_a_machine_that_forgets(tools: Path) -> None:
    hosted = {"RUNNER_ENVIRONMENT": "github-hosted"}
    assert outputs(start(tools, "look"))["restore"] == "false"
    assert outputs(start(tools, "look", env=hosted))["restore"] == "true"
    assert outputs(start(tools, "look", env=hosted | {"MLOPS_CI_CACHE": "false"}))["restore"] == "false"
    outputs(start(tools, "install"))
    assert outputs(start(tools, "look", env=hosted))["restore"] == "false"  # it is there


def test_the_key_of_the_cache_follows_what_decides_the_extras(tools: Path, tmp_path: Path) -> None:
    def key(**env: str) -> str:
        found = outputs(start(tools, "look", env=env, cwd=tmp_path))
        assert found["key"].startswith(found["prefix"])
        return found["key"]

    keys = [key(), key(MLOPS_CI_EXTRA="gate"), key(MLOPS_CI_WORKSPACE="gs://models"), key(AWS_PROFILE="x")]
    (tmp_path / "mlops.yaml").write_text("version: 1\n")
    keys.append(key())
    assert len(set(keys)) == 5
    assert key(AWS_PROFILE="x") == key(AWS_PROFILE="y")  # no value of a credential goes into it


def test_results_of_steps_are_kept_apart_by_ref(tools: Path, tmp_path: Path) -> None:
    (tmp_path / "mlops.yaml").write_text(
        "version: 1\nmodel: {name: coin}\nworkspace: git+origin\nsteps: {train: {run: x, outputs: [model]}}\n"
    )
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"default_branch": "main"}}))
    env = {
        "GITHUB_EVENT_PATH": str(event), "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_JOB": "model",
        "MLOPS_CI_CACHE_DIR": "/kept",
        "RUNNER_ENVIRONMENT": "github-hosted",
    }  # fmt: skip

    def steps(ref: str, base: str = "") -> tuple[str, list[str]]:
        found = outputs(start(tools, "install", env=env | {"GITHUB_REF": ref, "GITHUB_BASE_REF": base}, cwd=tmp_path))
        assert found["steps"] == "/kept/steps"
        assert "," not in found["steps-key"]
        prefixes = found["steps-prefixes"]
        return found["steps-key"], eval(prefixes).split("\n") if prefixes.startswith("'") else [prefixes]

    main, of_main = steps("refs/heads/main")
    pull, of_pull = steps("refs/pull/4/merge,x", base="main")
    assert main.startswith(of_main[0])
    assert pull.startswith(of_pull[0])
    assert of_pull[1:] == of_main  # a pull request begins with what main has, and main never with a pull request's
    handed_on = tmp_path / "outputs"
    assert outputs(start(tools, "install", env=env | {"GITHUB_OUTPUT": str(handed_on)}, cwd=tmp_path)) == {}
    assert "steps-prefixes<<" in handed_on.read_text()
    for unwanted in ({"MLOPS_CI_CACHE": "false"}, {"RUNNER_ENVIRONMENT": "self-hosted"}):
        assert outputs(start(tools, "install", env=env | unwanted, cwd=tmp_path))["steps"] == ""


def test_a_cancelled_job_interrupts_python_itself(tools: Path, lab: Lab) -> None:
    """The runner signals the shell of the step; both the shell and our command have replaced themselves."""
    lab.write("train.py", "print('begun', flush=True)\nimport time\ntime.sleep(600)\n")
    lab.commit()
    env = environment(tools, {"MLOPS_CI_PROJECT": str(lab.folder), "MLOPS_CI_HOST": "local"})
    env["MLOPS_CI_COMMAND"] = outputs(start(tools, "install", env=env))["command"]
    shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", 'exec "$MLOPS_CI_COMMAND" run']
    with subprocess.Popen(shell, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        assert running.stdout
        assert running.stderr
        for line in running.stdout:
            if "begun" in line:
                break
        running.send_signal(signal.SIGINT)
        assert "mlops-ci: error[130]: interrupted" in running.stderr.read()
    assert running.returncode == 130
