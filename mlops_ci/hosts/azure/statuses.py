"""Statuses of a pull request or a commit in Azure Repos, which a branch policy can require."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlops_ci.hosts.azure.api import AzureApi, number_of, text_of
from mlops_ci.records.conclusion import Conclusion

GENRE = "mlops-ci"
COMBINED = "gate"
"""The status to require: ``mlops-ci/gate`` sums up those of the models, ``mlops-ci/gate/MODEL``."""

_STATES = {"success": "succeeded", "failure": "failed", "neutral": "notApplicable"}
_WORST_FIRST = ("failed", "succeeded", "notApplicable")
_LONGEST = 200
_BUILD = re.compile(r"[?&]buildId=([0-9]{1,18})(?:&|$)")
_MOST_LOOKS = 5


@dataclass(frozen=True, slots=True)
class _Status:
    name: str
    state: str
    description: str
    url: str

    def body(self, iteration: int | None) -> dict[str, object]:
        body: dict[str, object] = {
            "state": self.state,
            "description": self.description,
            "context": {"genre": GENRE, "name": self.name},
        }
        return body | ({"targetUrl": self.url} if self.url else {}) | ({"iterationId": iteration} if iteration else {})


def conclude(api: AzureApi, conclusion: Conclusion, pull_request: int | None) -> None:
    """Set the status of a model, and with it the one that sums up all models of the same commit.

    Jobs of several models do so at once, and one may be late, for a commit that a newer run has judged. Azure shows of
    a name what was said last. As what is to be shown follows from what all have said, each looks again after it has
    written, so that whoever looks last puts it right.

    Raises:
        ResponseError: the host refused.
        RemoteError: it did not answer.
    """
    own = _Status(
        f"{COMBINED}/{conclusion.model}",
        _STATES[conclusion.state],
        _short(conclusion.title),
        conclusion.url or "",
    )
    if pull_request is None:
        api.one("POST", f"commits/{conclusion.commit}/statuses", body=own.body(None), idempotent=True)
        return
    place = f"pullRequests/{pull_request}"
    iteration = _iteration(api, place, conclusion.commit)
    api.one("POST", f"{place}/statuses", body=own.body(iteration), idempotent=True)
    for _ in range(_MOST_LOOKS):
        said = _said(api, place, iteration)
        shown = {status.name: status for status in said}
        # Of equally new ones the last.
        newest = {status.name: status for status in sorted(said, key=_build)}
        models = [status for name, status in newest.items() if name.startswith(f"{COMBINED}/")]
        wanted = [newest.get(own.name, own), _sum(models or [own])]
        missing = [status for status in wanted if shown.get(status.name) != status]
        if not missing:
            return
        for status in missing:
            api.one("POST", f"{place}/statuses", body=status.body(iteration), idempotent=True)


def _iteration(api: AzureApi, place: str, commit: str) -> int | None:
    """The push of a pull request that brought a commit: a status of it says nothing of a later one."""
    pushes = api.many(f"{place}/iterations")
    return max(
        (number_of(push) for push in pushes if text_of(push, "sourceRefCommit", "commitId") == commit), default=None
    )


def _said(api: AzureApi, place: str, iteration: int | None) -> list[_Status]:
    """Our statuses of a push, in the order in which they were set."""
    return [
        _Status(
            text_of(item, "context", "name"),
            text_of(item, "state"),
            text_of(item, "description"),
            text_of(item, "targetUrl"),
        )
        for item in sorted(api.many(f"{place}/statuses"), key=number_of)
        if text_of(item, "context", "genre") == GENRE and (item.get("iterationId") or None) == iteration
    ]


def _build(status: _Status) -> int:
    """The number of the build that said it, of which the greater one is the newer."""
    match = _BUILD.search(status.url)
    return int(match[1]) if match else 0


def _sum(models: list[_Status]) -> _Status:
    """One status of several: refused if any is, and praised only if something was judged."""
    models = sorted(models, key=lambda status: status.name)
    for state in _WORST_FIRST:
        same = [status for status in models if status.state == state]
        if same and len(models) == 1:
            return _Status(COMBINED, state, same[0].description, same[0].url)
        if same:
            names = ", ".join(status.name.removeprefix(f"{COMBINED}/") for status in same)
            said = {"failed": "not passed", "succeeded": "passed"}.get(state, "not judged")
            return _Status(COMBINED, state, _short(f"{said}: {names}"), same[0].url)
    return _Status(COMBINED, "notApplicable", "", "")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"
