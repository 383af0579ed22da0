"""What machine this is."""

from __future__ import annotations

import os
import platform
from contextlib import suppress

from mlops_ci.records.machine import Machine


def this_machine() -> Machine:
    """Describe the machine the process runs on."""
    memory = 0
    with suppress(ValueError, OSError):  # not every system tells
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        architecture=platform.machine(),
        processors=available_processors(),
        memory=memory,
        python=platform.python_version(),
    )


def available_processors() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
