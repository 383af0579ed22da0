"""The URL of a workspace in object storage: ``scheme://bucket/prefix?setting=value``. No secret ever stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

from mlops_ci.errors import IntegrityError, UsageError
from mlops_ci.workspace.keys import require_key
from mlops_ci.workspace.objects.services import SERVICES, Service

_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_REGION = re.compile(r"[a-z0-9-]+")
_ENDPOINTS = {
    "s3": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    "az": ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
    "gs": ("GOOGLE_BASE_URL",),
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a workspace lies. ``prefix`` is empty or a key; ``settings`` are those the URL gave."""

    service: Service
    bucket: str
    prefix: str = ""
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The URL that leads here again."""
        path = f"/{self.prefix}" if self.prefix else ""
        query = "&".join(f"{name}={quote(value, safe=':/')}" for name, value in sorted(self.settings.items()))
        return f"{self.service.scheme}://{self.bucket}{path}" + (f"?{query}" if query else "")


def parse_address(url: str, what: str = "workspace") -> Address:
    """Read a URL.

    Args:
        url: the URL.
        what: whose it is, for messages.

    Raises:
        UsageError: a part of it is missing, malformed or unknown, or looks like a credential.
    """
    scheme, _, rest = url.partition("://")
    service = SERVICES[scheme.lower()]
    place, _, query = rest.partition("?")
    bucket, _, prefix = place.partition("/")
    where = f"the {what}'s URL ({service.scheme}://)"
    if "@" in bucket:
        wrong = f"a {what}'s URL takes no user name or password"
        raise UsageError(wrong, where=where, hint=_from_environment(service))
    if not service.bucket_names.fullmatch(bucket):
        wrong = f"not the name of a {service.bucket}: {bucket!r}" if bucket else f"the URL names no {service.bucket}"
        raise UsageError(wrong, where=where, hint=f"write {service.scheme}://{service.bucket}/prefix")
    prefix = prefix.removesuffix("/")
    try:
        if prefix:
            require_key(prefix)
    except IntegrityError as error:
        hint = "write it without .., // and a slash in front"
        raise UsageError(f"not a prefix: {prefix!r}", where=where, hint=hint) from error
    return Address(service, bucket, prefix, _settings(service, query, what))


def endpoint_of(address: Address, environ: Mapping[str, str]) -> str | None:
    """The endpoint that the URL or the environment says; None for the service's own.

    Raises:
        UsageError: the one of the environment is malformed.
    """
    if "endpoint" in address.settings:
        return address.settings["endpoint"]
    for name in _ENDPOINTS[address.service.scheme]:
        if environ.get(name):
            return _require_endpoint(environ[name], name)
    return None


def _require_endpoint(endpoint: str, where: str) -> str:
    try:
        parts = urlsplit(endpoint)
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or re.search(r"[\s\x00-\x1f]", endpoint):
        raise UsageError("not an endpoint", where=where, hint="write https://host, or http://host for one without TLS")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise UsageError(
            "an endpoint takes no user name, password or query",
            where=where,
            hint="credentials come from the environment",
        )
    return endpoint.removesuffix("/")


def _settings(service: Service, query: str, what: str) -> dict[str, str]:
    settings: dict[str, str] = {}
    where = f"the {what}'s URL ({service.scheme}://)"
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in service.parameters:
            # The value is not shown: it may be somebody's key.
            known = ", ".join(service.parameters)
            wrong = f"a {what}'s URL of {service.name} takes no {name!r}"
            raise UsageError(wrong, where=where, hint=f"it takes {known}; {_from_environment(service)}")
        if name in settings:
            raise UsageError(f"the URL says {name} twice", where=where, hint="say it once")
        settings[name] = value
    if "endpoint" in settings:
        settings["endpoint"] = _require_endpoint(settings["endpoint"], f"the {what}'s URL, endpoint")
    for name, pattern in (("account", _ACCOUNT), ("region", _REGION)):
        if name in settings and not pattern.fullmatch(settings[name]):
            wrong = f"not an {name}" if name == "account" else f"not a {name}"
            raise UsageError(wrong, where=where, hint=f"correct {name}=")
    return settings


def _from_environment(service: Service) -> str:
    return f"credentials come from the environment: {service.credentials}"
