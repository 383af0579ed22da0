"""Where a journey begins: the project's file, the checkout around it, the host and the event that it tells of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mlops_ci.edge.clock import Clock
from mlops_ci.hosts.host import Host, Say
from mlops_ci.hosts.select import select_host
from mlops_ci.lifecycle.places import find_project_file, load_project_file
from mlops_ci.pipeline.conversion import with_conversion
from mlops_ci.pipeline.explanation import with_explanation
from mlops_ci.project.project import OnInconclusive, Project
from mlops_ci.records.host import HostContext
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.git.settings import find_remote
from mlops_ci.workspace.store import Watch, unwatched


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; None leaves a matter to ``mlops.yaml``.

    ``promotes`` says whether the journey could promote a model, so that a branch has to say whether it is to.
    """

    project: Path
    workspace: str | None
    host: str
    environ: Mapping[str, str]
    clock: Clock
    say: Say
    branch: str | None = None
    default_branch: str | None = None
    on_inconclusive: OnInconclusive | None = None
    read_only: bool = False
    promotes: bool = True
    watch: Watch = unwatched


@dataclass(frozen=True, slots=True)
class Arrival:
    """What is known before anything is opened. ``project`` is what the file says, whatever its base may say."""

    file: Path
    project: Project
    checkout: Checkout
    host: Host
    context: HostContext


def arrive(options: Options) -> Arrival:
    """Find the project, its repository and the event.

    Raises:
        UsageError: the project, the repository or the event does not tell what to do.
    """
    file = find_project_file(options.project)
    project = with_explanation(with_conversion(load_project_file(file)))
    host = select_host(
        options.host,
        options.environ,
        options.say,
        branch=options.branch,
        default_branch=options.default_branch,
        detached=not options.promotes,
    )
    lent = host.git_settings()
    for setting in filter(None, lent.values()):
        # The host hides its token; git has it in another form.
        host.mask(setting.rpartition(" ")[2])
    origin = partial(find_remote, "git+origin", file.parent, options.environ, lent)
    checkout = Checkout(file.parent, origin)
    return Arrival(file, project, checkout, host, host.context(checkout))
