"""Which requests the stand-in knows, what they need to be permitted, and who answers them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import unquote

from tests.parts.github import checks, comments, deployments, pulls, triggers
from tests.parts.github.call import Call
from tests.parts.github.pruning import Operation
from tests.parts.loopback import Answer

ME: Operation = ("get", "/user")
_BASE = "/repos/{owner}/{repo}"
_TALK = ("issues", "pull_requests")


@dataclass(frozen=True)
class Route:
    """An operation; any one of the permissions will do."""

    answer: Callable[[Call], Answer]
    permissions: tuple[str, ...]


# To know another request: write who answers it, and name it here.
_ROUTES: dict[Operation, Route] = {
    ("get", ""): Route(pulls.repository, ("metadata",)),
    ("get", "/pulls"): Route(pulls.listing, ("pull_requests",)),
    ("get", "/pulls/{pull_number}"): Route(pulls.one, ("pull_requests",)),
    ("get", "/commits/{commit_sha}/pulls"): Route(pulls.of_commit, ("pull_requests",)),
    ("get", "/issues/{issue_number}/comments"): Route(comments.listing, _TALK),
    ("post", "/issues/{issue_number}/comments"): Route(comments.create, _TALK),
    ("get", "/issues/comments/{comment_id}"): Route(comments.one, _TALK),
    ("patch", "/issues/comments/{comment_id}"): Route(comments.change, _TALK),
    ("delete", "/issues/comments/{comment_id}"): Route(comments.delete, _TALK),
    ("post", "/check-runs"): Route(checks.create, ("checks",)),
    ("get", "/check-runs/{check_run_id}"): Route(checks.one, ("checks",)),
    ("patch", "/check-runs/{check_run_id}"): Route(checks.change, ("checks",)),
    ("get", "/commits/{ref}/check-runs"): Route(checks.of_commit, ("checks",)),
    ("post", "/statuses/{sha}"): Route(checks.status, ("statuses",)),
    ("post", "/dispatches"): Route(triggers.repository_dispatch, ("contents",)),
    ("post", "/actions/workflows/{workflow_id}/dispatches"): Route(triggers.workflow_dispatch, ("actions",)),
    ("get", "/deployments"): Route(deployments.listing, ("deployments",)),
    ("post", "/deployments"): Route(deployments.create, ("deployments",)),
    ("get", "/deployments/{deployment_id}"): Route(deployments.one, ("deployments",)),
    ("get", "/deployments/{deployment_id}/statuses"): Route(deployments.statuses, ("deployments",)),
    ("post", "/deployments/{deployment_id}/statuses"): Route(deployments.create_status, ("deployments",)),
}
ROUTES = {(method, _BASE + rest): route for (method, rest), route in _ROUTES.items()}
OPERATIONS = frozenset({*ROUTES, ME})
_PATTERNS = {
    template: re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", template))
    for template in {path for _, path in OPERATIONS}
}


def found(method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
    """The operation of a path as sent, and the values in the path."""
    for template, pattern in _PATTERNS.items():
        operation = (method.lower(), template)
        if operation in OPERATIONS and (match := pattern.fullmatch(path)):
            return operation, {name: unquote(value) for name, value in match.groupdict().items()}
    return None
