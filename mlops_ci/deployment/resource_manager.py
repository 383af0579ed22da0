"""Azure Resource Manager: requests, operations that take long, and refusals in words that help.

https://learn.microsoft.com/azure/azure-resource-manager/management/async-operations
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.edge.http_limits import retry_after
from mlops_ci.edge.http_renewed import RenewingHttp, Reply
from mlops_ci.errors import ConflictError, MissingExtraError, RemoteError, UsageError

BASE = "https://management.azure.com"
SERVICE = "Azure"
_CREDENTIAL = "your login at Azure (az login, azure/login, a service connection)"
_VERSION = "2023-05-01"
_PAUSE = 5.0
_LONGEST_PAUSE = 60.0
_PATIENCE = 1800.0  # seconds that an operation gets
_BUSY = 300.0  # seconds that a group gets to finish what it is at
_MOST_PAGES = 1000
_LONGEST = 300
_HINTS = (
    (r"QuotaReached|QuotaExceeded", "ask for a larger quota, or delete what is no longer needed"),
    (r"MissingSubscriptionRegistration", "once: az provider register --namespace Microsoft.ContainerInstance"),
    (r"InaccessibleImage|RegistryErrorResponse", "check the image, registry_user and registry_password"),
    (r"DnsName|DnsLabel", "choose another dns_label"),
    (r"Location|RegionNot", "choose another location: az provider show --namespace Microsoft.ContainerInstance"),
    (r"ResourceGroupNotFound|SubscriptionNotFound", "check subscription and resource_group"),
    (r"ServiceUnavailable|CapacityNot", "choose another location or a smaller size, or run the command again later"),
    (r"Transitioning", "run the command again later"),
)


class ResourceManager:
    """A client of Azure Resource Manager.

    Args:
        base: its address, which sovereign clouds have of their own.
        token: a token that is valid now.
        sleep: waits between two looks at an operation.
        clock: tells the time (epoch seconds).
    """

    def __init__(
        self,
        base: str,
        token: Callable[[], str],
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = RenewingHttp(base, service=SERVICE, credential=_CREDENTIAL, token=token, sleep=sleep)
        self._sleep = sleep
        self._clock = clock

    def get(self, path: str, **query: str) -> Any:
        """A resource; None where there is none.

        Raises:
            RemoteError: Azure refused or cannot be reached.
        """
        try:
            return self._ask("GET", path, query=query).document
        except ResponseError as error:
            if error.status == 404 and _code(error.document)[0] in {"ResourceNotFound", "NotFound", ""}:
                return None
            raise _explained(error, path) from error

    def listed(self, path: str) -> Iterator[Any]:
        """All resources of a list, page after page.

        Raises:
            RemoteError: Azure refused or cannot be reached.
        """
        page = self._asked(path)
        for _ in range(_MOST_PAGES):
            yield from page.get("value") or ()
            following = page.get("nextLink")
            if not following:
                return
            page = self._http.reply("GET", self._http.following(path, following)).document
        raise RemoteError("the list of resources does not come to an end", where=_shown(path))

    def _asked(self, path: str) -> Any:
        try:
            return self._ask("GET", path).document
        except ResponseError as error:
            raise _explained(error, path) from error

    def begin(self, method: str, path: str, body: Any = None, *, busy: float = _BUSY) -> Reply:
        """Ask for something, without waiting until it is done.

        Args:
            method: the method.
            path: of the resource.
            body: is sent as JSON.
            busy: for how many seconds to wait while the resource is still at what was asked of it before.

        Raises:
            RemoteError: Azure refused or cannot be reached.
        """
        waited = 0.0
        while True:
            try:
                return self._ask(method, path, body=body)
            except ResponseError as error:
                if "Transitioning" not in _code(error.document)[0] or waited >= busy:
                    raise _explained(error, path) from error
            # What was asked of the group before is not done yet.
            waited += _PAUSE
            self._sleep(_PAUSE)

    def finish(self, reply: Reply, path: str) -> None:
        """Wait for an operation that a request has begun.

        Raises:
            RemoteError: it failed, was cancelled, or does not come to an end.
        """
        waited = 0.0
        while (following := reply.headers.get("Azure-AsyncOperation") or reply.headers.get("Location")) and (
            reply.status in {201, 202} or "Azure-AsyncOperation" in reply.headers
        ):
            pause = retry_after(reply.headers, self._clock)
            pause = min(_PAUSE if pause is None else pause, _LONGEST_PAUSE)
            waited += pause
            if waited > _PATIENCE:
                raise RemoteError("the operation takes too long", where=_shown(path), hint="run the command again")
            self._sleep(pause)
            step = self._step(following, path)
            if step is None:
                return
            # What an answer does not say again stays as it was.
            reply = Reply(202, {"Azure-AsyncOperation": following, **_polling(step.headers)}, step.document)

    def failure(self, operation: str, path: str) -> str | None:
        """Why an operation failed; None where it did not, or nobody knows any more."""
        try:
            self._step(operation, path)
        except RemoteError as error:
            return None if isinstance(error, ResponseError) else error.what
        return None

    def _step(self, operation: str, path: str) -> Reply | None:
        """A look at an operation; None once it has succeeded."""
        reply = self._http.reply("GET", self._http.following(path, operation))
        document = reply.document if isinstance(reply.document, dict) else {}
        status = str(document.get("status", "")).lower()
        if status in {"failed", "canceled"}:
            code, message = _code(document)
            raise RemoteError(
                _said(code, message) or f"the operation has {status}", where=_shown(path), hint=_hint(code)
            )
        # Without a status it is a Location, which says by 202 that it is not yet done.
        over = status == "succeeded" if status else reply.status != 202
        return None if over else reply

    def _ask(self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: Any = None) -> Reply:
        return self._http.reply(method, path, params={"api-version": _VERSION, **(query or {})}, body=body)


def _polling(headers: Mapping[str, str]) -> dict[str, str]:
    names = ("Azure-AsyncOperation", "Location", "Retry-After")
    return {name: headers[name] for name in names if name in headers}


def _explained(error: ResponseError, path: str) -> RemoteError | ConflictError:
    code, message = _code(error.document)
    hint: str | None
    group = re.search("/resourceGroups/([^/]+)", path)
    where = _shown(path)
    if error.status == 403 and "Authorization" in code:
        hint = f"give it the role Contributor on the resource group {group[1] if group else ''}"
        return RemoteError(_said(code, message), where=where, hint=hint)
    if not code:
        return error
    hint = _hint(code) or error.hint
    return RemoteError(_said(code, message), where=where, hint=hint)


def _code(document: Mapping[str, Any]) -> tuple[str, str]:
    error = document.get("error")
    error = error if isinstance(error, dict) else document
    return str(error.get("code") or ""), str(error.get("message") or "")


def _said(code: str, message: str) -> str:
    text = " ".join("".join(letter if letter.isprintable() else " " for letter in message).split())
    return f"{SERVICE} says {code}: {text[:_LONGEST]}" if code else text[:_LONGEST]


def _hint(code: str) -> str | None:
    return next((hint for pattern, hint in _HINTS if re.search(pattern, code)), None)


def _shown(path: str) -> str:
    return path.rpartition("/providers/")[2] or path


def token_source(base: str, environ: Mapping[str, str]) -> Callable[[], str]:
    """Who gives tokens for a Resource Manager: any login that Azure's own library finds, or a variable.

    Raises:
        MissingExtraError: that library is not installed.
    """
    given = environ.get("MLOPS_CI_AZURE_TOKEN")
    if given:
        return lambda: given
    try:
        from azure.core.exceptions import ClientAuthenticationError
        from azure.identity import DefaultAzureCredential
    except ImportError as error:
        raise MissingExtraError("Azure Container Instances", "azure") from error
    credential = DefaultAzureCredential()
    scope = f"{base.rstrip('/')}/.default"

    def token() -> str:
        try:
            return credential.get_token(scope).token
        except ClientAuthenticationError as error:
            what = "no login at Azure was found"
            raise UsageError(what, hint="az login, azure/login on GitHub, AzureCLI@2 in Azure Pipelines") from error

    return token
