"""A kernel that ends with us: of this interpreter, and in our own process group."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

_OURS = str(Path(__file__).resolve().parents[2])


class _Specification(KernelSpecManager):
    """Knows one kernel, whatever else is installed on the machine and whatever name the notebook asks for."""

    def get_kernel_spec(self, kernel_name: str) -> Any:  # noqa: ARG002 - the signature is Jupyter's
        """How the kernel is started."""
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", "--log-level=ERROR"]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")


class _Provisioner(LocalProvisioner):
    """Starts the kernel in our process group.

    Jupyter gives a kernel a session of its own. Whoever ends a step ends its process group, and would leave the kernel
    behind, with all that it has started.
    """

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start it."""
        self.process = subprocess.Popen(cmd, cwd=kwargs.get("cwd"), env=_environment(), stdin=subprocess.DEVNULL)
        self.pid, self.pgid = self.process.pid, None
        return self.connection_info


class Kernel(AsyncKernelManager):
    """Manages it."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits, kernel_spec_manager=_Specification())
        self.kernel_id = "notebook"
        self.provisioner = _Provisioner(kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self)
        self.launcher = self.provisioner

    def kill(self) -> None:
        """End it at once."""
        if self.launcher.process:
            self.launcher.process.kill()

    @property
    def ended_by(self) -> int | None:
        """The signal that has ended it, if one has."""
        code = self.launcher.process.poll() if self.launcher.process else None
        return -code if code is not None and code < 0 else None


def _environment() -> dict[str, str]:
    """Our environment, but without us: what the notebook imports as ``mlops_ci`` is none of this folder."""
    others = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path and path != _OURS]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(others),
        "JPY_PARENT_PID": str(os.getpid()),  # it ends when we are gone
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # nobody debugs here, and the debugger would warn in every log
    }
