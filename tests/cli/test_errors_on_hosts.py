"""An error that quotes what somebody wrote is no command to the host that reads it."""

from __future__ import annotations

import pytest

from tests.support.lab import Lab

COMMANDS = ["##vso[task.setvariable variable=x]1", "##VSO[task.complete result=Succeeded]", "##[set-output name=x;]1"]


@pytest.mark.parametrize("host", ["TF_BUILD", "GITHUB_ACTIONS"])
@pytest.mark.parametrize("text", COMMANDS)
def test_an_error_line_holds_no_command(lab: Lab, host: str, text: str) -> None:
    done = lab.run("gate", "--rule", f"accuracy > {text}", env={host: "true"})
    assert done.code == 2
    assert done.err.startswith("mlops-ci: error[2]: ")
    assert "##vso[" not in done.err.lower()
    assert "##[" not in done.err
