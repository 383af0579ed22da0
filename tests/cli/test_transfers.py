"""The progress of large transfers on stderr."""

from __future__ import annotations

import os
import pty
import sys

import pytest

from mlops_ci.cli.transfers import Transfers

_TOTAL = 200_000_000


def test_a_result_in_the_cache_is_named_shortly(capsys: pytest.CaptureFixture[str]) -> None:
    Transfers()(f"cache/objects/{'0123456789abcdef' * 4}", _TOTAL, _TOTAL)
    assert capsys.readouterr().err.startswith("cached 0123456789ab: 200.0 MB of 200.0 MB, ")


def test_a_line_on_a_terminal_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    reader, terminal = pty.openpty()
    try:
        with os.fdopen(terminal, "w") as stderr:
            monkeypatch.setattr(sys, "stderr", stderr)
            Transfers()(f"models/m/objects/a/files/{'long' * 30}.bin", _TOTAL, _TOTAL)
            stderr.flush()
            shown = os.read(reader, 4096).decode()
    finally:
        os.close(reader)
    line = shown.removeprefix("\r\x1b[K").rstrip("\r\n")
    assert len(line) == 59
    assert ": 200.0 MB of 200.0 MB" in line
