"""Every input of a task can come from its environment variable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from mlops_ci.__main__ import run
from mlops_ci.cli.options import argument, option


@click.command()
@argument("reference")
@option("--rule", "rules", multiple=True)
@option("--file", "files", multiple=True, type=click.Path(path_type=Path))
@option("--force", is_flag=True)
@option("--on-inconclusive", type=click.Choice(["block", "allow"]), default="block")
def verb(**values: Any) -> None:
    click.echo(repr({name: list(map(str, v)) if isinstance(v, tuple) else v for name, v in values.items()}))


def values(*arguments: str, **variables: str) -> dict[str, Any]:
    done = CliRunner().invoke(verb, arguments, env={f"MLOPS_CI_{name}": text for name, text in variables.items()})
    assert done.exit_code == 0, done.output
    return dict(eval(done.output))


def test_options_and_arguments_come_from_variables() -> None:
    assert values(REFERENCE="coin@v1", ON_INCONCLUSIVE="allow") == {
        "reference": "coin@v1", "rules": [], "files": [], "force": False, "on_inconclusive": "allow",
    }  # fmt: skip


def test_several_values_are_lines_so_that_blanks_and_colons_stay_in_them() -> None:
    given = values(REFERENCE="x", RULE="accuracy > baseline\n\n  size <= 100\r\n", FILE="a:b c\nd e")
    assert (given["rules"], given["files"]) == (["accuracy > baseline", "size <= 100"], ["a:b c", "d e"])


def test_an_empty_variable_is_not_given() -> None:
    given = values("x", RULE="", FILE="\n", FORCE="", ON_INCONCLUSIVE="")
    assert given == {"reference": "x", "rules": [], "files": [], "force": False, "on_inconclusive": "block"}
    done = CliRunner().invoke(verb, [], env={"MLOPS_CI_REFERENCE": ""})
    assert (done.exit_code, "REFERENCE" in done.output) == (2, True)


@pytest.mark.parametrize(("text", "force"), [("true", True), ("True", True), ("false", False), ("False", False)])
def test_flags_are_true_or_false(text: str, force: bool) -> None:
    assert values("x", FORCE=text)["force"] is force


def test_the_command_line_comes_first_then_the_variable_then_the_project_then_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)

    def place(*arguments: str) -> str:
        assert run(["report", *arguments]) == 2
        return Path(capsys.readouterr().err.split("; ")[1]).name

    project = tmp_path / "mlops.yaml"
    steps = "steps: {train: {run: python train.py, outputs: [model]}}\n"
    project.write_text(f"version: 1\nmodel: {{name: coin}}\n{steps}")
    assert place() == ".mlops"
    project.write_text(f"version: 1\nmodel: {{name: coin}}\nworkspace: from-project\n{steps}")
    assert place() == "from-project"
    monkeypatch.setenv("MLOPS_CI_WORKSPACE", "from-variable")
    assert place() == "from-variable"
    assert place("--workspace", "from-command-line") == "from-command-line"
