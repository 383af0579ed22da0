"""Opens everything that a journey needs: project, checkout, host, workspace, cache."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from mlops_ci.edge.clock import Clock
from mlops_ci.edge.content_facts import content_facts
from mlops_ci.edge.redaction import Redactor, redactor_for
from mlops_ci.edge.stat_cache import stat_cache
from mlops_ci.errors import RemoteError, UsageError
from mlops_ci.hosts.host import Host
from mlops_ci.lifecycle.arrival import Arrival, Options, arrive
from mlops_ci.lifecycle.base_rules import with_base_rules
from mlops_ci.lifecycle.card_text import read_card
from mlops_ci.lifecycle.opening import Opened, open_places
from mlops_ci.lifecycle.places import make_workspace
from mlops_ci.lifecycle.upkeep import pins_of
from mlops_ci.pipeline import conversion, custom_metrics, explanation
from mlops_ci.pipeline.cache import StepCache
from mlops_ci.pipeline.claimed import ClaimedEnvironment
from mlops_ci.pipeline.conversion import converters_for
from mlops_ci.pipeline.datasets import dataset_versions
from mlops_ci.pipeline.environment import Environment, choose_environment, requirement_files
from mlops_ci.pipeline.extended import extended, installs
from mlops_ci.pipeline.lock_file import lock_file_name
from mlops_ci.pipeline.notebook_tool import notebook_tools
from mlops_ci.pipeline.params import load_params
from mlops_ci.pipeline.remote_data import remote_datasets
from mlops_ci.pipeline.resolve import Resolver
from mlops_ci.pipeline.snapshot import Snapshot
from mlops_ci.pipeline.tool import Tool
from mlops_ci.project.onnx import model_to_convert
from mlops_ci.project.paths import contains
from mlops_ci.project.project import Dataset, Project
from mlops_ci.records.commit import Commit, DirtyTree
from mlops_ci.records.dataset import DatasetVersion
from mlops_ci.records.host import HostContext
from mlops_ci.records.run import Run
from mlops_ci.registry.model_log import ModelLog
from mlops_ci.source.checkout import Checkout
from mlops_ci.workspace.layout import PULL_REQUESTS
from mlops_ci.workspace.store import Store

_OF_A_FORK = "a fork's job has no credentials; a member of the repository can run it again on a branch of it"


@dataclass(frozen=True, slots=True)
class Session:
    """Everything opened.

    ``commit`` is the one that is recorded, judged and shown: the author's; ``merge`` the test merge that is checked out
    instead of it. ``base_project`` is what the base of a pull request says; ``notes`` belong in the report.
    ``read_only`` says that nothing written outlives the job, ``unreadable`` why the workspace cannot be read either.
    """

    project: Project
    base_project: Project | None
    project_file: str
    checkout: Checkout
    snapshot: Snapshot
    commit: Commit
    merge: Commit | None
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
    read_only: bool
    unreadable: str | None

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
    return open_arrived(arrive(options), options, started)


def open_arrived(arrival: Arrival, options: Options, started: datetime, claimed: Run | None = None) -> Session:
    """Open a session where the event is known already.

    Args:
        arrival: the project, its repository and the event.
        options: what the command line says.
        started: when the command started.
        claimed: the run of another job that is taken over; it knows data and environment, which need not be here.
    """
    file, checkout, context = arrival.file, arrival.checkout, arrival.context
    prefix = os.path.relpath(file.parent.resolve(), checkout.root.resolve())
    redact = redactor_for(options.environ, (name for step in arrival.project.steps for name in step.env))
    project, base_project, notes = with_base_rules(
        arrival.project, checkout, context, Path(prefix, file.name).as_posix()
    )
    if options.on_inconclusive and project.gate:
        project = replace(project, gate=replace(project.gate, on_inconclusive=options.on_inconclusive))
    remembered = stat_cache(checkout.root, options.environ)
    snapshot = Snapshot(
        checkout.root,
        prefix,
        tracked=checkout.tracked,
        files=checkout.files,
        remembered=remembered,
        remote=remote_datasets(project.datasets, options.environ, options.watch),
    )
    places = open_places(arrival, project, options)
    cache = StepCache(places.cache, _areas(project, context), project.model.name)
    params = load_params(project.params, file.parent, checkout.root)
    environment: Environment
    if claimed:
        environment, datasets = ClaimedEnvironment(claimed.environment), claimed.datasets
    else:
        environment = choose_environment(project.environment, file.parent, cache, options.environ)
        datasets = _datasets(project, snapshot, context, options.environ)
    tools = {} if claimed else _tools(project, environment, cache, file.parent, options.environ)
    resolver = Resolver(project, snapshot, params, datasets, environment, tools)
    relevant = _relevant_files(project, resolver, file.name)
    read_card(project, snapshot)
    # All that can be wrong with the project is known by now: only then is anything written.
    make_workspace(places.store, checkout.home, is_new=places.is_new)
    commit, merge = _commits(arrival, redact)
    return Session(
        project=project,
        base_project=base_project,
        project_file=file.name,
        checkout=checkout,
        snapshot=snapshot,
        commit=commit,
        merge=merge,
        dirty=checkout.dirt(relevant, redact) or (claimed.dirty if claimed else None),
        host=arrival.host,
        context=context,
        store=places.store,
        cache=cache,
        resolver=resolver,
        environ=options.environ,
        clock=options.clock,
        redact=redact,
        started=started,
        notes=(*notes, *map(redact, _notes(places))),
        read_only=places.read_only,
        unreadable=places.unreadable,
    )


def _datasets(
    project: Project, snapshot: Snapshot, context: HostContext, environ: Mapping[str, str]
) -> dict[str, DatasetVersion]:
    try:
        return dataset_versions(project.datasets, snapshot, content_facts(environ))
    except RemoteError as error:
        if context.pull_request is None or not context.pull_request.fork:
            raise
        raise RemoteError(error.what, where=error.where, hint=_OF_A_FORK) from error


def _commits(arrival: Arrival, redact: Redactor) -> tuple[Commit, Commit | None]:
    """The author's commit, and the test merge that the host has checked out instead of it."""
    checkout, context = arrival.checkout, arrival.context
    author = context.commit or checkout.head
    commit = checkout.describe(author, redact, branch=context.branch)
    return commit, None if author == checkout.head else checkout.describe(checkout.head, redact)


def _notes(places: Opened) -> tuple[str, ...]:
    if places.unreadable:
        why = f"the workspace cannot be read from here ({places.unreadable}), so that nothing is compared with it"
        return (why, _OF_A_FORK)
    return ("the workspace is read-only here: nothing of this run is kept in it",) if places.read_only else ()


def _tools(
    project: Project, environment: Environment, cache: StepCache, folder: Path, environ: Mapping[str, str]
) -> dict[str, Tool]:
    """What the steps of ours are; nothing is resolved before they are planned or run."""
    tools: dict[str, Tool] = {}

    def add(
        name: str,
        purpose: str,
        needed: Sequence[str],
        *,
        welcome: Sequence[str] = (),
        beside: tuple[str, ...] = (),
    ) -> None:
        software = extended(environment, needed, purpose, folder=folder, cache=cache, environ=environ, welcome=welcome)
        tools[name] = Tool(name, software, beside)

    model = model_to_convert(project.onnx, project.model.files) if project.onnx else None
    if model and project.model.inputs:
        needed = converters_for(model, project.model.inputs.path, installs=installs(environment))
        add(conversion.TOOL, conversion.PURPOSE, needed)
    if project.evaluation and project.evaluation.custom:
        add(custom_metrics.TOOL, custom_metrics.PURPOSE, custom_metrics.NEEDED)
    if explained := explanation.files_read(project):
        needed, welcome = explanation.needed_to_explain(*explained), explanation.welcome_to_explain(explained[0])
        add(explanation.TOOL, explanation.PURPOSE, needed, welcome=welcome, beside=explanation.BESIDE)
    return tools | notebook_tools(project, environment, folder=folder, cache=cache, environ=environ)


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
    paths = {file_name, *project.includes, *(path for step in project.steps for path in resolver.source_files(step))}
    paths |= {project.params.path} if project.params.path else set()
    paths |= {project.model.card} if project.model.card else set()
    for metric in project.evaluation.custom if project.evaluation else ():
        paths |= {*resolver.snapshot.expand(metric.file, declared=f"evaluation.custom {metric.function}")}
    if project.environment.requirements:
        paths |= {path for path, _ in requirement_files(project.environment.requirements, resolver.snapshot.folder)}
    paths |= {project.environment.conda} if project.environment.conda else set()
    if named := project.environment.requirements or project.environment.conda:
        lock = lock_file_name(named)
        paths |= {lock} if (resolver.snapshot.folder / lock).exists() else set()
    _refuse_tracked_outputs(project, resolver.snapshot)
    return frozenset(resolver.snapshot.repository_path(path, declared=file_name) for path in paths)


def _refuse_tracked_outputs(project: Project, snapshot: Snapshot) -> None:
    """Refuse what git has where something else appears: a step that writes nothing would seem to have written it."""
    places = [(output.path, "an output", f"step {step.name}") for step in project.steps for output in step.outputs]
    places += [(one.path, "where data that are elsewhere appear", f"dataset {one.name}") for one in _elsewhere(project)]
    for path, what, where in places:
        tracked = [file for file in snapshot.tracked_files() if contains(path, file)]
        if tracked:
            raise UsageError(
                f"git tracks {tracked[0]!r}, which is {what}",
                where=where,
                hint=f"git rm --cached {tracked[0]}, and add it to .gitignore",
            )


def _elsewhere(project: Project) -> list[Dataset]:
    return [dataset for dataset in project.datasets if dataset.uri]


def still_clean(session: Session) -> bool:
    """Whether the checkout is still the clean commit that the session was opened on."""
    resolver, checkout = session.resolver, session.checkout
    relevant = _relevant_files(session.project, resolver, session.project_file)
    return checkout.current_head == checkout.head and checkout.dirt(relevant, session.redact) is None
