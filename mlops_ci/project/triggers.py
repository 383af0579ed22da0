"""From the section ``triggers`` of ``mlops.yaml`` to receivers, or to what is wrong with them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from mlops_ci.errors import UsageError
from mlops_ci.project.addresses import address_problem
from mlops_ci.project.names import require_alias
from mlops_ci.project.receivers import (
    AZURE_TOKEN,
    GITHUB_TOKEN,
    AzureWebhook,
    ClassicRelease,
    Destination,
    EventGrid,
    GithubDeployment,
    PipelineRun,
    Receiver,
    RepositoryDispatch,
    Slack,
    Teams,
    Texts,
    Webhook,
    WorkflowDispatch,
)
from mlops_ci.project.yaml12 import Path
from mlops_ci.records.event import EventName

Finding = tuple[Path, str, str | None]
EVENTS: tuple[EventName, ...] = get_args(EventName)
PLACEHOLDERS = ("model", "version", "commit", "alias", "deployment", "endpoint", "event", "id", "digest", "url")
PLACEHOLDER = re.compile(r"\{([A-Za-z_]*)\}")
# The key that says which kind of receiver it is -> the keys it needs, and those it may have besides.
_KINDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "github": (frozenset(), frozenset({"event", "workflow", "ref", "inputs", "deployment", "token"})),
    "azure": (frozenset(), frozenset({"branch", "parameters", "variables", "token"})),
    "azure-release": (frozenset(), frozenset({"artifact", "token"})),
    "azure-webhook": (frozenset({"secret"}), frozenset({"header"})),
    "webhook": (frozenset({"secret"}), frozenset()),
    "event-grid": (frozenset({"key"}), frozenset()),
    "teams": (frozenset(), frozenset()),
    "slack": (frozenset(), frozenset()),
}
_ADDRESSES = ("webhook", "event-grid")
_TEXTS = ("inputs", "parameters", "variables")


def build_receivers(section: Mapping[str, Any], baseline: str) -> tuple[Receiver, ...]:
    """The receivers that a section without problems names; ``baseline`` is the alias they care for by default."""
    return tuple(
        Receiver(item["name"], event, item.get("alias", baseline), _destination(item, event))
        for event in EVENTS
        for item in section.get(event, ())
    )


def trigger_findings(section: Mapping[str, Any]) -> Iterator[Finding]:
    """What a schema cannot see."""
    names: set[str] = set()
    for event in EVENTS:
        for index, item in enumerate(section.get(event, ())):
            path: Path = ("triggers", event, index)
            if item["name"] in names:
                yield (*path, "name"), f"two triggers are called {item['name']!r}", "give each a name of its own"
            names.add(item["name"])
            yield from _kind(item, event, path)
            yield from _values(item, path)
            if "alias" in item:
                yield from _alias(item["alias"], event, (*path, "alias"))


def _kind(item: Mapping[str, Any], event: EventName, path: Path) -> Iterator[Finding]:
    kinds = [kind for kind in _KINDS if kind in item]
    if len(kinds) != 1:
        what = "nothing says who is to hear of it" if not kinds else f"{' and '.join(kinds)} are two receivers"
        yield path, what, f"name one of: {', '.join(_KINDS)}"
        return
    kind = kinds[0]
    needed, possible = _KINDS[kind]
    for key in sorted(needed - item.keys()):
        yield path, f"the key '{key}' is missing", f"{kind} needs the name of the variable that holds it"
    for key in item.keys() - {"name", "alias", kind} - needed - possible:
        others = [other for other, keys in _KINDS.items() if key in keys[0] | keys[1]]
        yield (*path, key), f"{key!r} does not go with {kind}", f"it goes with {', '.join(others)}"
    if kind == "github":
        yield from _github(item, event, path)


def _github(item: Mapping[str, Any], event: EventName, path: Path) -> Iterator[Finding]:
    """A workflow, a deployment, or else an event; each with its own keys."""
    chosen = [key for key in ("event", "workflow", "deployment") if key in item]
    if len(chosen) > 1:
        yield (*path, chosen[1]), f"{' and '.join(chosen)} exclude one another", "make two triggers of them"
    if "deployment" in item and event in {"deployment-failed", "deployment-deleted"}:
        what = f"{event} would ask for a new deployment of the version"
        yield (*path, "deployment"), what, "drop deployment, and the repository hears of the event, or name a workflow"
    for key in ("ref", "inputs"):
        if key in item and "workflow" not in item:
            yield (*path, key), f"{key!r} needs a workflow", "add workflow: the name of its file"


def _values(item: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    for key in _ADDRESSES:
        if key in item and (problem := address_problem(item[key])):
            yield (*path, key), *problem
    for key in _TEXTS:
        for name, value in item.get(key, {}).items():
            for word in PLACEHOLDER.findall(value) if isinstance(value, str) else ():
                if word not in PLACEHOLDERS:
                    close = difflib.get_close_matches(word, PLACEHOLDERS, n=1)
                    known = ", ".join(f"{{{one}}}" for one in PLACEHOLDERS)
                    hint = f"did you mean {{{close[0]}}}?" if close else f"there are {known}"
                    yield (*path, key, name), f"unknown placeholder {{{word}}}", hint


def _alias(alias: str, event: EventName, path: Path) -> Iterator[Finding]:
    if event != "model-promoted":
        what = "a registration" if event == "model-registered" else "a deployment"
        yield path, f"{what} moves no alias", "put the trigger under model-promoted"
    try:
        require_alias(alias)
    except UsageError as error:
        yield path, f"{alias!r} is {error.what}", error.hint


def _destination(item: Mapping[str, Any], event: EventName) -> Destination:
    match next(kind for kind in _KINDS if kind in item):
        case "github":
            return _on_github(item["github"], item, event)
        case "azure":
            organisation, project, number = item["azure"].split("/")
            texts = _texts(item, "parameters"), _texts(item, "variables")
            token = item.get("token", AZURE_TOKEN)
            return PipelineRun(organisation, project, int(number), item.get("branch"), *texts, token)
        case "azure-release":
            organisation, project, number = item["azure-release"].split("/")
            token = item.get("token", AZURE_TOKEN)
            return ClassicRelease(organisation, project, int(number), item.get("artifact"), token)
        case "azure-webhook":
            organisation, name = item["azure-webhook"].split("/")
            return AzureWebhook(organisation, name, item.get("header", "X-Hub-Signature"), item["secret"])
        case "webhook":
            return Webhook(item["webhook"], item["secret"])
        case "event-grid":
            return EventGrid(item["event-grid"], item["key"])
        case "teams":
            return Teams(item["teams"])
        case _:
            return Slack(item["slack"])


def _on_github(repository: str, item: Mapping[str, Any], event: EventName) -> Destination:
    token = item.get("token", GITHUB_TOKEN)
    if "workflow" in item:
        inputs = _texts(item, "inputs")
        return WorkflowDispatch(repository, item["workflow"], item.get("ref", "main"), inputs, token)
    if "deployment" in item:
        return GithubDeployment(repository, item["deployment"], token)
    return RepositoryDispatch(repository, item.get("event", event), token)


def _texts(item: Mapping[str, Any], key: str) -> Texts:
    """Values as text: both services take text for numbers and truth values too."""
    written = {True: "true", False: "false"}
    return {
        name: written[value] if isinstance(value, bool) else str(value) for name, value in item.get(key, {}).items()
    }
