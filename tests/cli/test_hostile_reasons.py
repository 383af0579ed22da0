"""Reasons, tables and errors that quote foreign text."""

from __future__ import annotations

import pytest

from mlops_ci.cli.output import LineProgress, print_table
from mlops_ci.errors import UsageError
from mlops_ci.hosts.select import select_host


def test_a_reason_quotes_names_of_params_without_what_turns_text_around(capsys: pytest.CaptureFixture[str]) -> None:
    LineProgress(select_host("local", {}, print), to_stderr=False).started("train", ("params.\u202egnp changed",))
    assert capsys.readouterr().out == "train | runs: params.\ufffdgnp changed\n"


def test_a_column_without_a_value_takes_no_room(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("model", "serves as", "metrics"), [("a", "", "1"), ("b", "", "")])
    assert capsys.readouterr().out == "model  metrics\na      1\nb\n"


@pytest.mark.parametrize(("what", "line"), [("It failed.", "It failed; f; try"), ("so on...", "so on...; f; try")])
def test_a_message_of_others_ends_without_its_full_stop(what: str, line: str) -> None:
    assert UsageError(what, where="f", hint="try").line() == line
