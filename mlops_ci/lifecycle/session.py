"""Opens everything that a journey needs: project, checkout, host, workspace, cache."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mlops_ci.edge.cache_folder import cache_folder
from mlops_ci.edge.clock import Clock
from mlops_ci.edge.redaction import Redactor, redactor_for
from mlops_ci.errors import UsageError
from mlops_ci.hosts.host import Host, Say
from mlops_ci.hosts.select import select_host
from mlops_ci.lifecycle.base_rules import with_base_rules
from mlops_ci.lifecycle.places import find_project_file, make_workspace, open_workspace, read_project_file
from mlops_ci.lifecycle.upkeep import pins_of
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.datasets import dataset_versions
from mlops_ci.pipeline.environment import choose_environment, requirement_files
from mlops_ci.pipeline.params import load_params
from mlops_ci.pipeline.resolve import Resolver
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.project.load import load_project
from mlops_ci.project.paths import contains
from mlops_ci.project.project import OnInconclusive, Project
from mlops_ci.records.commit import Commit, DirtyTree
from mlops_ci.records.digest import digest_of_bytes, hexadecimal
from mlops_ci.records.host import HostContext
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.layout import PULL_REQUESTS
from mlops_ci.workspace.local import LocalStore
from mlops_ci.workspace.open import is_history, open_store
from mlops_ci.workspace.store import Store, Watch, unwatched


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says; None leaves a matter to ``mlops.yaml``."""

    project: Path
    workspace: str | None
    host: str
    environ: Mapping[str, str]
    clock: Clock
    say: Say
    branch: str | None = None
    default_branch: str | None = None
    on_inconclusive: OnInconclusive | None = None
    watch: Watch = unwatched


@dataclass(frozen=True, slots=True)
class Session:
    """Everything opened.

    ``base_project`` is what the base of a pull request says; ``notes`` belong in the report.
    """

    project: Project
    base_project: Project | None
    project_file: str
    checkout: Checkout
    snapshot: Snapshot
    commit: Commit
    dirty: DirtyTree | None
    host: Host
    context: HostContext
    store: Store
    cache: StepCache
    resolver: Resolver
    environ: Mapping[str, str]
    clock: Clock
    redact: Redactor
    started: datetime
    notes: tuple[str, ...]

    @property
    def area(self) -> str:
        """The prefix for what this journey leaves behind, apart from models."""
        return PULL_REQUESTS if self.context.event == "pull_request" else ""

    def log(self) -> ModelLog:
        """The log of the project's model."""
        name = self.project.model.name
        return ModelLog(
            self.store, name, actor=self.context.actor, clock=self.clock, pin=pins_of(self.environ).get(name)
        )


def open_session(options: Options) -> Session:
    """Open a session on the checkout around the project.

    Raises:
        UsageError: the project, the repository or the workspace's place is not right.
    """
    started = options.clock()
    file = find_project_file(options.project)
    project = load_project(read_project_file(file), file.name)
    checkout = Checkout(file.parent)
    prefix = os.path.relpath(file.parent.resolve(), checkout.root.resolve())
    host = select_host(
        options.host, options.environ, options.say, branch=options.branch, default_branch=options.default_branch
    )
    context = host.context(checkout)
    redact = redactor_for(options.environ, (name for step in project.steps for name in step.env))
    project, base_project, notes = with_base_rules(project, checkout, context, Path(prefix, file.name).as_posix())
    if options.on_inconclusive and project.gate:
        project = replace(project, gate=replace(project.gate, on_inconclusive=options.on_inconclusive))
    snapshot = Snapshot(checkout.root, prefix, tracked=checkout.tracked, files=checkout.files)
    store, exists = open_workspace(
        options.workspace,
        project,
        file.parent,
        checkout_root=checkout.home,
        ephemeral=context.ephemeral,
        watch=options.watch,
    )
    cache = StepCache(_cache_store(project, file.parent, store, options), _areas(project, context), project.model.name)
    params = load_params(project.params, file.parent)
    environment = choose_environment(project.environment, file.parent, cache, options.environ)
    resolver = Resolver(project, snapshot, params, dataset_versions(project.datasets, snapshot), environment)
    relevant = _relevant_files(project, resolver, file.name)
    # All that can be wrong with the project is known by now: only then is anything written.
    make_workspace(store, checkout.home, is_new=not exists)
    return Session(
        project=project,
        base_project=base_project,
        project_file=file.name,
        checkout=checkout,
        snapshot=snapshot,
        commit=checkout.describe(checkout.head, redact),
        dirty=checkout.dirt(relevant, redact),
        host=host,
        context=context,
        store=store,
        cache=cache,
        resolver=resolver,
        environ=options.environ,
        clock=options.clock,
        redact=redact,
        started=started,
        notes=notes,
    )


def _cache_store(project: Project, folder: Path, store: Store, options: Options) -> Store:
    if project.cache.url:
        return open_store(project.cache.url, folder, options.watch)
    if is_history(store):  # which would keep for ever what a cache is free to forget
        name = hexadecimal(digest_of_bytes(store.url.encode()))[:16]
        return LocalStore(cache_folder(options.environ).absolute() / "steps" / name)
    return store


def _areas(project: Project, context: HostContext) -> tuple[str, ...]:
    if context.event == "pull_request":
        return (PULL_REQUESTS, "")
    return ("", PULL_REQUESTS) if project.cache.trust_pull_requests else ("",)


def _relevant_files(project: Project, resolver: Resolver, file_name: str) -> frozenset[str]:
    """The files that a run reads from the working tree, relative to the top of the repository.

    Raises:
        UsageError: a step declares a file or a parameter that does not exist.
    """
    for step in project.steps:
        resolver.step_params(step)
    paths = {file_name, *(path for step in project.steps for path in resolver.source_files(step))}
    paths |= {project.params.path} if project.params.path else set()
    if project.environment.requirements:
        paths |= {path for path, _ in requirement_files(project.environment.requirements, resolver.snapshot.folder)}
    _refuse_tracked_outputs(project, resolver.snapshot)
    return frozenset(resolver.snapshot.repository_path(path, declared=file_name) for path in paths)


def _refuse_tracked_outputs(project: Project, snapshot: Snapshot) -> None:
    """Refuse outputs that git has: a step that writes nothing would seem to have written them."""
    for step in project.steps:
        for output in step.outputs:
            tracked = [path for path in snapshot.tracked_files() if contains(output.path, path)]
            if tracked:
                raise UsageError(
                    f"git tracks {tracked[0]!r}, which is an output",
                    where=f"step {step.name}",
                    hint=f"git rm --cached {tracked[0]}, and add it to .gitignore",
                )


def still_clean(session: Session) -> bool:
    """Whether the checkout is still the clean commit that the session was opened on."""
    resolver, checkout = session.resolver, session.checkout
    relevant = _relevant_files(session.project, resolver, session.project_file)
    return checkout.current_head == session.commit.sha and checkout.dirt(relevant, session.redact) is None
