"""What verbs print is read by the service of CI that runs them: nothing that others wrote may command it."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from mlops_ci.cli.output import echo, print_json, print_table

COMMANDS = {
    "GITHUB_ACTIONS": ["##[add-mask]x", "::add-mask::x", "  ::set-output name=a::b"],
    "TF_BUILD": ["##vso[task.setvariable variable=x]y", "##[error]x"],
}
CASES = [(sign, command) for sign, commands in COMMANDS.items() for command in commands]


def acts(sign: str, line: str) -> bool:
    brackets = "##vso[" in line or "##[" in line
    return brackets or (sign == "GITHUB_ACTIONS" and line.strip().startswith("::"))


@pytest.mark.parametrize(("sign", "command"), CASES)
def test_no_line_is_a_command(
    sign: str, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(sign, "true")
    echo(f"tag\n{command}\n\x1b[1m{command}\x1b[0m")
    print_table(("name", "value"), [("a", command)])
    printed = capsys.readouterr().out
    assert "tag" in printed
    assert not any(acts(sign, line) for line in printed.splitlines())
    assert "\x1b" not in printed


@pytest.mark.parametrize(("sign", "command"), CASES)
def test_json_says_the_same_and_commands_nothing(
    sign: str, command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(sign, "true")
    print_json({"tag": command, "##key": ["###"]})
    printed = capsys.readouterr().out
    assert json.loads(printed) == {"tag": command, "##key": ["###"]}
    assert not any(acts(sign, line) for line in printed.splitlines())


def test_a_laptop_gets_the_text_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    echo("::notice::x ##[group]")
    assert capsys.readouterr().out == "::notice::x ##[group]\n"


def test_all_verbs_print_through_one_function() -> None:
    printing = {
        path.name
        for path in (Path(__file__).parents[2] / "mlops_ci/cli").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"echo", "secho"}
    }
    # session.py speaks as the host's own voice; transfers.py draws over one line of a terminal.
    assert printing <= {"output.py", "session.py", "telling.py", "transfers.py"}
