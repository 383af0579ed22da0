"""Who asks: what Azure DevOps does with a request of nobody, and of somebody who may not."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace

from tests.parts.azure_devops.replies import RefusedError, refusal
from tests.parts.loopback import Answer, Request

_PAGE = b"<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head><body></body></html>"
SIGN_IN = "/_signin"

CONTRIBUTE = "PullRequestContribute"
QUEUE_BUILDS = "QueueBuilds"
CREATE_RELEASES = "CreateReleases"


def sign_in_page(status: int) -> Answer:
    """A page for people."""
    return Answer(status, _PAGE, {"Content-Type": "text/html; charset=utf-8"})


def stranger(request: Request, token: str, sign_in: str | None) -> Answer | None:
    """The answer to somebody who did not show the token; None for one who did.

    It may be a bearer token, or the password of any user. Who shows nothing gets a page to sign in, as a success, or
    with an address in ``sign_in`` is sent there.
    """
    scheme, _, credential = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        page = sign_in_page(302 if sign_in else 203)
        return replace(page, headers={**page.headers, "Location": sign_in}) if sign_in else page
    if scheme.lower() == "basic":
        try:
            credential = base64.b64decode(credential, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            credential = ""
    if scheme.lower() in {"basic", "bearer"} and credential == token:
        return None
    message = "TF400813: The user '' is not authorized to access this resource."
    refused = RefusedError(401, "UnauthorizedRequestException", message, namespace="Microsoft.TeamFoundation.Framework")
    return refusal(refused, {"WWW-Authenticate": 'Basic realm="https://dev.azure.com/"'})


def forbidden(permission: str, identity: str) -> RefusedError:
    """How a permission that is missing is worded."""
    if permission == QUEUE_BUILDS:
        message = f"TF215106: Access denied. {identity} needs Queue builds permissions to perform the action."
        return RefusedError(403, "AccessDeniedException", message, namespace="Microsoft.TeamFoundation.Build.WebApi")
    if permission == CREATE_RELEASES:
        message = f"VS402904: Access denied: User {identity} does not have create releases permission."
        return RefusedError(403, "UnauthorizedRequestException", message)
    message = (
        f"TF401027: You need the Git '{permission}' permission to perform this action. "
        f"Details: identity '{identity}', scope 'repository'."
    )
    return RefusedError(403, "GitNeedsPermissionException", message)
