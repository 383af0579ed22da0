"""What ``serve`` serves: a package that is there, or one that is made of a version for as long as it is served."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mlops_ci.edge.scratch import scratch_folder
from mlops_ci.lifecycle.model_package import ReadCode, make_package
from mlops_ci.project.serve import ServeChoice
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.registry.references import parse_reference, resolve
from mlops_ci.workspace.store import Store


@contextmanager
def package_of(
    reference: str, serve: ServeChoice, *, store: Store, log_of: Callable[[str], ModelLog], read_code: ReadCode
) -> Iterator[Path]:
    """The model package of a version, in a scratch folder.

    Raises:
        UsageError: there is no such version, or it cannot be served as ``mlops.yaml`` says.
        IntegrityError: the workspace holds other bytes than were registered.
    """
    parsed = parse_reference(reference)
    version = resolve(log_of(parsed.model).read(), parsed.selector)
    with scratch_folder() as scratch:
        folder = scratch / "package"
        make_package(version, serve, folder, store=store, log_of=log_of, read_code=read_code)
        yield folder
