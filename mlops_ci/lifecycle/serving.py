"""What ``serve`` serves: a package that is made of a version, for as long as it is served, and the Python for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.lifecycle.model_package import ReadCode, make_package
from mlops_ci.lifecycle.serving_environment import ServingEnvironment, environment_of_version
from mlops_ci.project.serve import ServeChoice
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import parse_reference, resolve
from mlops_ci.workspace.store import Store


@dataclass(frozen=True, slots=True)
class Served:
    """A model package, and what serves it."""

    package: Path
    environment: ServingEnvironment


@contextmanager
def served_version(
    reference: str,
    serve: ServeChoice,
    *,
    folder: Path,
    store: Store,
    log_of: Callable[[str], ModelLog],
    read_code: ReadCode,
    environ: Mapping[str, str],
) -> Iterator[Served]:
    """The model package of a version, in a scratch folder.

    Args:
        reference: the version.
        serve: the section ``serve`` of ``mlops.yaml``.
        folder: of the project.
        store: the workspace.
        log_of: opens the log of a model of it.
        read_code: finds entry script and assets.
        environ: the environment variables.

    Raises:
        UsageError: there is no such version, or it cannot be served as ``mlops.yaml`` says.
        IntegrityError: the workspace holds other bytes than were registered.
        RemoteError: a package that its script needs cannot be fetched.
    """
    parsed = parse_reference(reference)
    version = resolve(log_of(parsed.model).read(), parsed.selector)
    with scratch_folder() as scratch:
        package = scratch / "package"
        manifest = make_package(version, serve, package, store=store, log_of=log_of, read_code=read_code)
        found = environment_of_version(manifest, version, folder=folder, store=store, environ=environ)
        yield Served(package, found)
