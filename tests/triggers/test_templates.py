"""The templates for receivers act once, on the champion only, and on nothing that is not signed."""

from __future__ import annotations

import base64
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from mlops_ci.records.codec import encode
from mlops_ci.triggers.call import Means
from mlops_ci.triggers.kinds import kind_of
from tests.parts.need import missing
from tests.support.lab import Lab
from tests.triggers.office import project
from tests.triggers.test_requests import event

RECEIVERS = Path(__file__).parents[2] / "examples/receivers"
SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()
CLONE_OF_GH = '#!/bin/sh\ncat "$EARLIER"\n'
CLONE_OF_CURL = '#!/bin/sh\nwhile [ "$1" != --output ]; do shift; done\ncat > /dev/null\ncp "$EARLIER" "$2"\n'


@pytest.fixture(scope="module")
def receiver() -> ModuleType:
    spec = importlib.util.spec_from_file_location("receiver", RECEIVERS / "webhook/receiver.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _signed(now: int) -> tuple[dict[str, str], bytes]:
    (to,) = project('{name: any, webhook: "https://example.org", secret: HOOK}').triggers
    call = next(kind_of(to).tell(event(), to.to, Means(SECRET, now, "", "")))
    return dict(call.headers), call.body


def test_the_small_server_believes_what_is_signed_and_fresh(receiver: ModuleType) -> None:
    headers, body = _signed(1000)
    assert receiver.is_genuine(SECRET, headers, body, 1000.0)
    assert receiver.is_genuine(
        SECRET, {**headers, "webhook-signature": f"v1,x {headers['webhook-signature']}"}, body, 1000.0
    )
    other = "whsec_" + base64.b64encode(b"x" * 32).decode()
    assert not receiver.is_genuine(other, headers, body, 1000.0)
    assert not receiver.is_genuine(SECRET, headers, body + b" ", 1000.0)
    assert not receiver.is_genuine(SECRET, headers, body, 1301.0)
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        assert not receiver.is_genuine(SECRET, {**headers, name: "1000"[: name == "webhook-id"]}, body, 1000.0)


def test_the_small_server_acts_once(receiver: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    acted: list[str] = []
    monkeypatch.setattr(receiver, "act", lambda heard: acted.append(heard["id"]))
    for identity in ("ws/coin/1", "ws/coin/1", "test-1", "ws/coin/2"):
        receiver.take({"id": identity}, tmp_path)
    assert acted == ["ws/coin/1", "ws/coin/2"]


def _steps(kind: str) -> list[tuple[str, str]]:
    """The scripts before and after mlops-ci is set up."""
    document: Any = yaml.safe_load((RECEIVERS / kind / "model-promoted.yml").read_text())
    jobs = document["jobs"]
    steps = (jobs["deploy"] if kind == "github" else jobs[0])["steps"]
    named = {step.get("name") or step.get("displayName"): step.get("run") or step.get("bash") for step in steps}
    return [
        (name, named[name]) for name in ("Is there anything to do?", "Is it still the champion, and the very bytes?")
    ]


def _run(script: str, folder: Path, env: dict[str, str]) -> tuple[int, str]:
    """Run a script as a job would; return how it ended, and all that it said and handed on."""
    if not shutil.which("jq"):
        missing("jq; apt-get install jq")
    folder.mkdir(exist_ok=True)
    for name, text in (("gh", CLONE_OF_GH), ("curl", CLONE_OF_CURL)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    handed = folder / "handed"
    handed.write_text("")
    path = f"{folder}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    given = {**os.environ, "PATH": path, "GITHUB_OUTPUT": str(handed), "GITHUB_REPOSITORY": "acme/shop", **env}
    command = ["bash", "-eo", "pipefail", "-c", script]
    done = subprocess.run(command, cwd=folder, env=given, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr + handed.read_text()


@pytest.mark.parametrize("kind", ["github", "azure"])
def test_a_guard_lets_an_event_through_once(kind: str, tmp_path: Path) -> None:
    (_, script), _ = _steps(kind)
    earlier = tmp_path / "earlier"
    env = {
        "EVENT_ID": "ws/coin/7", "MODEL": "coin", "VERSION": "12", "EARLIER": str(earlier),
        "COLLECTION": "https://example.org/", "PROJECT": "p", "DEFINITION": "1", "SYSTEM_ACCESSTOKEN": "t",
        "GITHUB_EVENT_NAME": "repository_dispatch",
    }  # fmt: skip
    earlier.write_text("" if kind == "github" else '{"value": []}')
    new = "new=true" if kind == "github" else "variable=isNew]true"
    code, said = _run(script, tmp_path / "job", env)
    assert code == 0 and new in said, said
    for changed in ({"EVENT_ID": "test-1"}, {"MODEL": "x;y"}, {"VERSION": "$(id)"}, {"VERSION": "0"}):
        assert new not in _run(script, tmp_path / "job", {**env, **changed})[1]
    earlier.write_text("123" if kind == "github" else '{"value": [{}]}')
    code, said = _run(script, tmp_path / "job", env)
    assert (code, new in said) == (0, False)


@pytest.mark.parametrize("kind", ["github", "azure"])
def test_a_guard_lets_only_the_champion_through_and_only_its_bytes(
    kind: str, tmp_path: Path, lab_with_champion: Lab
) -> None:
    _, (_, script) = _steps(kind)
    (version,) = lab_with_champion.versions()
    env = {"MODEL": "coin", "VERSION": "1", "DIGEST": version["digest"], "WORKSPACE": str(lab_with_champion.workspace)}
    current = "current=true" if kind == "github" else "variable=isCurrent]true"
    code, said = _run(script, tmp_path / "job", env)
    assert code == 0 and current in said, said
    assert list((tmp_path / "job/model").rglob("*.txt"))
    code, said = _run(script, tmp_path / "late", {**env, "VERSION": "2"})
    assert (code, current in said) == (0, False)
    code, said = _run(script, tmp_path / "forged", {**env, "DIGEST": "sha256:0"})
    assert (code, current in said) == (1, False)


@pytest.mark.parametrize("kind", ["github", "azure"])
def test_no_value_of_an_event_is_inside_a_script(kind: str) -> None:
    assert not any(re.search(r"\$\{\{|\$\([A-Z]", script) for _, script in _steps(kind))


def test_the_event_that_is_signed_is_the_one_that_is_sent() -> None:
    assert _signed(int(time.time()))[1] == encode(event())
