"""What went wrong in a storage, in one line that says what to do."""

from __future__ import annotations

import os
from contextlib import suppress

from mlops_ci.errors import MlopsError, RemoteError
from mlops_ci.workspace.objects.address import Address, endpoint_of
from mlops_ci.workspace.objects.reply import Reply, read_reply

_REGION_SECONDS = 5.0
NO_BUCKET = frozenset({"NoSuchBucket", "ContainerNotFound", "ContainerBeingDeleted"})
_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "ExpiredAuthenticationToken"})
_SKEWED = frozenset({"RequestTimeTooSkewed", "RequestExpired"})
_REFUSED = frozenset({
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthenticationFailed", "InvalidToken", "InvalidAuthenticationInfo",
    "NoAuthenticationInformation", "UnauthorizedAccess", "InvalidSecurity", "AuthenticationRequired",
})  # fmt: skip
_ELSEWHERE = frozenset({
    "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "TemporaryRedirect",
})  # fmt: skip
_OVERLOADED = frozenset({"SlowDown", "ServerBusy", "TooManyRequests", "RateLimitExceeded"})


def explain(error: Exception, address: Address, action: str, key: str) -> MlopsError:
    """Return the error to raise for an exception of obstore.

    Args:
        error: what obstore raised.
        address: the storage.
        action: ``read``, ``write``, ``list`` or ``delete``.
        key: what it was done to.
    """
    reply = read_reply(error)
    what, hint = _meaning(reply, address, action)
    return RemoteError(what, where=f"{key} in {address.url}" if key else address.url, hint=hint)


def _meaning(reply: Reply, address: Address, action: str) -> tuple[str, str | None]:
    service = address.service
    said = f"{reply.status or ''} {reply.code or ''}".strip()
    if reply.identity:
        why = f" ({said or reply.unreachable})" if said or reply.unreachable else ""
        return f"no credentials could be obtained for {service.name}{why}", f"look at {service.credentials}"
    if reply.code in NO_BUCKET:
        return f"the {service.bucket} {address.bucket} does not exist", "create it, or correct the URL"
    if reply.code in _EXPIRED or (reply.status in {401, 403} and "expired" in (reply.message or "").lower()):
        return "the credentials have expired", "log in again, or let the job get fresh ones"
    if reply.code in _SKEWED:
        return "this machine's clock is off, and the storage refuses its requests", "set the clock"
    if reply.region or reply.redirected or reply.code in _ELSEWHERE:
        return _elsewhere(reply, address)
    if reply.code in _REFUSED or reply.status == 401 or "failed to authenticate" in (reply.message or ""):
        return f"{service.name} does not accept the credentials ({said})", f"correct {service.credentials}"
    if reply.status == 403:
        return f"access denied ({said})", f"the credentials need {service.permissions[action]}"
    if reply.foreign:
        return (
            f"what answers is not {service.name}",
            "look at the endpoint; a proxy or a login page may stand in between",
        )
    if reply.unreachable:
        return f"the storage cannot be reached: {reply.unreachable}", "look at the endpoint and the network"
    if reply.status == 429 or reply.code in _OVERLOADED:
        return f"the storage asks to slow down ({said}), also after trying again", "run again later"
    if reply.status and reply.status >= 500:
        return f"the storage failed ({said}), also after trying again", "run again later"
    if said:
        return f"the storage refused ({said}){f': {reply.message}' if reply.message else ''}", None
    return "the storage failed, also after trying again", "look at the endpoint, the network and the credentials"


def _elsewhere(reply: Reply, address: Address) -> tuple[str, str]:
    noun = f"the {address.service.bucket} {address.bucket}"
    if address.service.scheme != "s3":
        return f"{noun} is served elsewhere", "correct the endpoint"
    if region := reply.region or _region_of(address):
        return f"{noun} lies in the region {region}", f"set AWS_REGION={region}"
    return f"{noun} lies in another region", "set AWS_REGION to the one it was created in"


def _region_of(address: Address) -> str | None:
    """Ask without credentials: the header that tells is in a reply that obstore does not hand on."""
    import requests

    url = f"{endpoint_of(address, os.environ) or 'https://s3.amazonaws.com'}/{address.bucket}"
    with suppress(requests.RequestException):
        reply = requests.head(url, timeout=_REGION_SECONDS, allow_redirects=False)
        return reply.headers.get("x-amz-bucket-region")
    return None


def no_credentials(address: Address) -> RemoteError:
    """The error where nothing on this machine says who we are."""
    return RemoteError(
        f"no credentials for {address.service.name}", where=address.url, hint=f"set {address.service.credentials}"
    )


def web_page(address: Address) -> RemoteError:
    """The error where an HTML page came instead of an object."""
    what, hint = _meaning(Reply(200, None, None, None, False, True, False, None), address, "read")
    return RemoteError(what, where=address.url, hint=hint)
