"""How a server is started, and how many processors it may use."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from mlops_ci.cli.main import cli
from mlops_ci.errors import UsageError
from mlops_ci.serving.options import ServeOptions, arguments_of, parse
from mlops_ci.serving.processors import usable_processors


def test_options_can_be_handed_on() -> None:
    options = ServeOptions(Path("a b"), "::1", 0, 3, "debug", Path("-offer"))
    assert parse(arguments_of(options), {}) == options


def test_options_come_from_the_command_line_then_from_variables() -> None:
    environ = {"MLOPS_CI_SERVE_PACKAGE": "a", "MLOPS_CI_SERVE_PORT": "9", "MLOPS_CI_SERVE_WORKERS": "2",
               "MLOPS_CI_SERVE_HOST": "", "MLOPS_CI_SERVE_HANDOVER": "b"}  # fmt: skip
    assert parse(["--port", "10"], environ) == ServeOptions(Path("a"), "127.0.0.1", 10, 2, "info", Path("b"))


@pytest.mark.parametrize(
    ("arguments", "environ"),
    [
        ([], {}),
        (["--package", "a", "--port", "70000"], {}),
        (["--package", "a", "--port", "-1"], {}),
        (["--package", "a", "--workers", "many"], {}),
        (["--package", "a", "--log-level", "loud"], {}),
        (["--package", "a"], {"MLOPS_CI_SERVE_LOG_LEVEL": "loud"}),
        (["--pack", "a"], {}),
    ],
    ids=str,
)
def test_a_wrong_option_is_an_error_of_usage(arguments: list[str], environ: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        parse(arguments, environ)


@pytest.mark.parametrize(
    ("quota", "count"), [("max 100000", None), ("50000 100000", 1), ("100000 100000", 1), ("90000000 100000", None)]
)
def test_a_share_of_the_processors_bounds_the_workers(tmp_path: Path, quota: str, count: int | None) -> None:
    (tmp_path / "cpu.max").write_text(quota + "\n", "ascii")
    everything = usable_processors(tmp_path / "none")
    assert usable_processors(tmp_path) == (count or everything)
    older = tmp_path / "old" / "cpu"
    older.mkdir(parents=True)
    limit, period = quota.split()
    (older / "cpu.cfs_quota_us").write_text(limit.replace("max", "-1"), "ascii")
    (older / "cpu.cfs_period_us").write_text(period, "ascii")
    assert usable_processors(tmp_path / "old") == (count or everything)


def test_the_verb_says_what_a_folder_lacks(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["serve", "--package", str(tmp_path)])
    assert isinstance(done.exception, UsageError)
    assert "no model package" in done.exception.line()
