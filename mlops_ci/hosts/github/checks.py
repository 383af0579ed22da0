"""What GitHub shows beside a commit: a check run, or for a personal token a status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.errors import OutcomeUnknownError, RemoteError
from mlops_ci.hosts.github.api import OF_A_PERSON, GitHubApi, items, message, value
from mlops_ci.records.conclusion import Annotation, Conclusion

LONGEST_TEXT = 65_535
MOST_ANNOTATIONS = 50
_LONGEST_TITLE = 255
_LONGEST_DESCRIPTION = 140
_LONGEST_MESSAGE = 64_000  # bytes, of 64 KB
_NEEDS = "checks: write"
_LEVELS = {"notice": "notice", "warning": "warning", "error": "failure"}
# Of a classic token, and of a fine-grained one, which cannot have the permission at all.
_FOR_APPS = ("authenticate via a github app", OF_A_PERSON)
_MOMENT = re.compile(r"([0-9]{1,18})\.([0-9]{1,9})")
_REPEATED = ("external_id", "status", "conclusion", "details_url")
_CUT = "\n\n*The rest is in the summary of the run.*"


@dataclass(frozen=True, slots=True)
class _CheckRun:
    """A check run of ours; ``moment`` is the run and attempt that speaks in it."""

    id: int
    annotated: bool
    moment: tuple[int, int]
    shown: dict[str, Any]


class GitHubChecks:
    """Check runs called ``mlops-ci / <model>``. Of those at a commit GitHub shows the one that was made last."""

    def __init__(self, api: GitHubApi) -> None:
        self._api = api

    def conclude(self, conclusion: Conclusion) -> None:
        """Say what a job came to.

        The check run of an earlier attempt is changed. One that has annotations is left and followed by another, which
        GitHub shows in its place: nobody can take annotations back, and those of the earlier attempt may not hold. A
        job that is late, for a commit that a newer run has judged, leaves that one's word to be seen.
        """
        try:
            self._check_run(conclusion)
        except ResponseError as error:
            if error.status != 403 or not any(sign in message(error) for sign in _FOR_APPS):
                raise
            self._status(conclusion)

    def _check_run(self, conclusion: Conclusion) -> None:
        first, *more = batches(conclusion.annotations)
        body = {**_fields(conclusion), "output": {**_output(conclusion), "annotations": first}}
        standing = self._standing(conclusion)
        if _newest_word(standing) <= (conclusion.run, conclusion.attempt):
            earlier = max(standing, key=_id, default=None)
            # Another run may be about to change its own, which would undo ours.
            if earlier and not earlier.annotated and earlier.moment[0] == conclusion.run:
                run = earlier.id
                # Carried out twice, it would have its annotations twice.
                self._api.ask("PATCH", f"check-runs/{run}", needs=_NEEDS, body=body, idempotent=not first)
            else:
                run = self._made(conclusion, body, earlier)
            for batch in more:
                output = {**_output(conclusion), "annotations": batch}
                self._api.ask("PATCH", f"check-runs/{run}", needs=_NEEDS, body={"output": output})
            standing = self._standing(conclusion)
        self._put_right(standing)

    def _put_right(self, standing: list[_CheckRun]) -> None:
        """Have the newest word in the check run that is shown: jobs at the same time make theirs in any order."""
        newest, shown = max(standing, key=_word, default=None), max(standing, key=_id, default=None)
        if newest and shown and newest.moment > shown.moment:
            body = {name: newest.shown[name] for name in _REPEATED if newest.shown.get(name)}
            output = {name: value(newest.shown, "output", name) or "" for name in ("title", "summary")}
            body = {**body, "output": output}
            self._api.ask("PATCH", f"check-runs/{shown.id}", needs=_NEEDS, body=body, idempotent=True)

    def _made(self, conclusion: Conclusion, body: dict[str, Any], earlier: _CheckRun | None) -> int:
        asked = {**body, "head_sha": conclusion.commit}
        try:
            run = value(self._api.ask("POST", "check-runs", needs=_NEEDS, body=asked), "id")
        except OutcomeUnknownError:
            now = (conclusion.run, conclusion.attempt)
            found = [run for run in self._standing(conclusion) if run.moment == now]
            if not found or (earlier and found[-1].id <= earlier.id):
                raise
            run = max(found, key=_id).id
        if not isinstance(run, int):
            raise RemoteError("GitHub answered with something else than a check run", hint="check GITHUB_API_URL")
        return run

    def _standing(self, conclusion: Conclusion) -> list[_CheckRun]:
        """The check runs that we have made for a model at a commit."""
        params = {"check_name": name_of(conclusion), "filter": "all"}
        path = f"commits/{conclusion.commit}/check-runs"
        return [
            _CheckRun(run["id"], bool(value(run, "output", "annotations_count")), moment, run)
            for page in self._api.pages(path, needs=_NEEDS, params=params)
            for run in items(value(page, "check_runs"))
            # A job of a workflow may have this name, too; what is ours says so.
            if value(run, "name") == name_of(conclusion)
            and (moment := _moment(conclusion, value(run, "external_id"))) is not None
            and isinstance(value(run, "id"), int)
        ]

    def _status(self, conclusion: Conclusion) -> None:
        """For a personal token: check runs are for apps alone."""
        body = {
            "state": "failure" if conclusion.state == "failure" else "success",
            "context": _own_id(conclusion),
            "description": shortened(conclusion.title, _LONGEST_DESCRIPTION),
            **({"target_url": conclusion.url} if conclusion.url else {}),
        }
        # The newest status of a context is shown; the same once more changes nothing.
        self._api.ask("POST", f"statuses/{conclusion.commit}", needs="statuses: write", body=body, idempotent=True)


def name_of(conclusion: Conclusion) -> str:
    """The name of a check run."""
    return f"mlops-ci / {conclusion.model}"


def batches(annotations: tuple[Annotation, ...]) -> Iterator[list[dict[str, Any]]]:
    """Annotations as GitHub takes them, in lists that it takes at once, of which the first may be empty.

    Those without a file have no place in a check run; the log of the job has them.
    """
    shown = [_shown(annotation) for annotation in annotations if annotation.file]
    yield shown[:MOST_ANNOTATIONS]
    for start in range(MOST_ANNOTATIONS, len(shown), MOST_ANNOTATIONS):
        yield shown[start : start + MOST_ANNOTATIONS]


def shortened(text: str, most: int) -> str:
    """One line of at most so many characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def cut(markdown: str, most: int = LONGEST_TEXT) -> str:
    """Markdown of at most so many characters, and bytes, too: cut between lines, with a line that says so."""
    data = markdown.encode("utf-8", "replace")
    if len(data) <= most:
        return data.decode()
    kept = data[: most - len(_CUT)]
    lines, newline, _ = kept.rpartition(b"\n")
    return (lines if newline else kept).decode("utf-8", "ignore") + _CUT


def _fields(conclusion: Conclusion) -> dict[str, Any]:
    return {
        "name": name_of(conclusion),
        "external_id": f"{_own_id(conclusion)}#{conclusion.run}.{conclusion.attempt}",
        "status": "completed",
        "conclusion": conclusion.state,
        **({"details_url": conclusion.url} if conclusion.url else {}),
    }


def _output(conclusion: Conclusion) -> dict[str, Any]:
    return {"title": shortened(conclusion.title, _LONGEST_TITLE), "summary": cut(conclusion.summary)}


def _shown(annotation: Annotation) -> dict[str, Any]:
    line = max(1, annotation.line or 1)
    title = {"title": shortened(annotation.title, _LONGEST_TITLE)} if annotation.title else {}
    return {
        "path": annotation.file,
        "start_line": line,
        "end_line": line,
        "annotation_level": _LEVELS[annotation.level],
        "message": annotation.message.encode("utf-8", "replace")[:_LONGEST_MESSAGE].decode("utf-8", "ignore"),
        **title,
    }


def _own_id(conclusion: Conclusion) -> str:
    return f"mlops-ci/{conclusion.model}"


def _moment(conclusion: Conclusion, external: Any) -> tuple[int, int] | None:
    """The run and attempt that a check run is of; None if it is not ours."""
    own, _, said = external.partition("#") if isinstance(external, str) else ("", "", "")
    if own != _own_id(conclusion):
        return None
    match = _MOMENT.fullmatch(said)
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _id(run: _CheckRun) -> int:
    return run.id


def _word(run: _CheckRun) -> tuple[tuple[int, int], int]:
    return run.moment, run.id


def _newest_word(standing: list[_CheckRun]) -> tuple[int, int]:
    return max((run.moment for run in standing), default=(0, 0))
