"""The address of a service."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

from mlops_ci.errors import RemoteError, UsageError

DEFAULT_PORTS = {"http": 80, "https": 443}


def parse(base: str, credential: str) -> SplitResult:
    """The parts of an address. ``credential`` is where to put one, should it be in the address.

    Raises:
        UsageError: it is none, or has a credential or a query in it.
    """
    try:
        parts = urlsplit(base)
        port = parts.port
    except ValueError as error:
        raise UsageError("not an address", hint="write it as https://host/path") from error
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or port == 0 or not base.isprintable():
        raise UsageError("not an address", where=repr(base[:80]), hint="write it as https://host/path")
    if parts.username is not None or parts.query or parts.fragment:
        what = "the address has a credential or a query in it"
        raise UsageError(what, where=parts.hostname, hint=f"put the credential into {credential}")
    return parts


def leading_to(url: str, target: str, service: str) -> SplitResult:
    """The parts of the address to which one of a service leads.

    Raises:
        RemoteError: it is none.
    """
    try:
        parts = urlsplit(urljoin(url, target))
        _ = parts.port
    except ValueError as error:
        raise RemoteError(f"{service} leads to an address that is none") from error
    return parts


def origin(parts: SplitResult) -> tuple[str, str | None, int | None]:
    """What has to be equal for a credential to be sent along: scheme, host and port."""
    return parts.scheme, parts.hostname, parts.port or DEFAULT_PORTS.get(parts.scheme)


def is_loopback(host: str) -> bool:
    """Whether a host, by name or address, is this machine, where nothing need be encrypted."""
    host = host.removeprefix("[").removesuffix("]")
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
