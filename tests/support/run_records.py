"""Records of runs, of which most fields do not matter."""

from __future__ import annotations

from typing import Any

from mlops_ci.records.actor import Actor
from mlops_ci.records.commit import Commit
from mlops_ci.records.digest import digest_of_bytes
from mlops_ci.records.environment import EnvironmentLock
from mlops_ci.records.host import HostContext
from mlops_ci.records.machine import Machine
from mlops_ci.records.run import RUN_FORMAT, Run


def run_record(name: str, **fields: Any) -> Run:
    """A run that succeeded."""
    plain: dict[str, Any] = {
        "format": RUN_FORMAT,
        "id": name,
        "model_name": "model",
        "status": "succeeded",
        "error": None,
        "tool": "mlops-ci",
        "started": "2026-01-01T00:00:00Z",
        "seconds": 1.0,
        "commit": Commit("a" * 40, "main", None, "A <a@b.c>", "message", "2026-01-01T00:00:00Z"),
        "dirty": None,
        "host": HostContext("local", "push", "main", "main", None, ephemeral=False, actor=Actor("tester")),
        "machine": Machine("linux", "x86_64", 2, 8 << 30, "3.11.2"),
        "environment": EnvironmentLock("interpreter", "3.11", "linux-x86_64", digest_of_bytes(b""), ""),
        "steps": (),
    }
    return Run(**(plain | fields))
