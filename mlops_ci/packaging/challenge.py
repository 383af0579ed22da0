"""What a registry asks of who is not let in: a password, or a token of a service that it names.

https://distribution.github.io/distribution/spec/auth/token/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from mlops_ci.edge.http_address import is_loopback
from mlops_ci.edge.http_exchange import ExchangeHttp
from mlops_ci.errors import RemoteError
from mlops_ci.packaging.credentials import Credential
from mlops_ci.records.codec import decode

_SCHEME = re.compile(r"\s*(Basic|Bearer)\s*(.*)", re.IGNORECASE | re.DOTALL)
_PARAMETER = re.compile(r'([a-zA-Z_]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))')
_LARGEST_TOKEN = 1 << 20


@dataclass(frozen=True, slots=True)
class Challenge:
    """``scheme`` is ``basic`` or ``bearer``; ``realm`` is the address of the token service."""

    scheme: str
    realm: str = ""
    service: str = ""
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Token:
    """What a token service answers."""

    token: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)


def parse_challenge(text: str) -> Challenge | None:
    """Parse the header ``WWW-Authenticate`` (RFC 9110, section 11.6.1); None for a scheme that we do not speak."""
    found = _SCHEME.match(text)
    if not found:
        return None
    values = {
        match[1].lower(): re.sub(r"\\(.)", r"\1", match[2]) if match[2] is not None else match[3]
        for match in _PARAMETER.finditer(found[2])
    }
    scopes = tuple(values.get("scope", "").split())
    return Challenge(found[1].lower(), values.get("realm", ""), values.get("service", ""), scopes)


def answer(
    challenge: Challenge,
    credential: Credential | None,
    scopes: Iterable[str],
    *,
    registry: str,
    source: str,
    sleep: Callable[[float], None],
) -> str | None:
    """The ``Authorization`` that a registry asks for; None where there is no credential to give.

    Args:
        challenge: what it asks.
        credential: what we have.
        scopes: what we mean to do, beyond what the challenge speaks of.
        registry: its name, for messages.
        source: where the credential comes from, for messages.
        sleep: waits between attempts.

    Raises:
        RemoteError: the token service cannot be reached, refuses, or must not be trusted with a credential.
    """
    if challenge.scheme == "basic":
        return credential.basic if credential and not credential.is_token else None
    parts = urlsplit(challenge.realm)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        hint = "a credential is sent to https addresses only"
        raise RemoteError(f"{registry} leads to a token service without https", where=challenge.realm[:200], hint=hint)
    query = [*parse_qsl(parts.query), ("service", challenge.service)]
    query += [("scope", scope) for scope in sorted({*challenge.scopes, *scopes})]
    service = ExchangeHttp(
        parts._replace(query="", fragment="", path="/").geturl(),
        service=f"the token service of {registry}",
        credential=source,
        authorization=credential.basic if credential and not credential.is_token else None,
        sleep=sleep,
    )
    if credential and credential.is_token:
        scope = " ".join(value for key, value in query if key == "scope")  # in a form they are one value
        form = {
            "grant_type": "refresh_token", "client_id": "mlops-ci", "refresh_token": credential.secret,
            "service": challenge.service, "scope": scope,
        }  # fmt: skip
        headers, body = {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(form).encode()
        reply = service.repeatedly(
            lambda: service.exchange("POST", parts.path, content=body, headers=headers, limit=_LARGEST_TOKEN)
        )
    else:
        path = f"{parts.path}?{urlencode(query)}"
        reply = service.repeatedly(lambda: service.exchange("GET", path, limit=_LARGEST_TOKEN))
    found = decode(reply.data, _Token, where=challenge.realm)
    token = found.token or found.access_token
    if not token:
        raise RemoteError(f"the token service of {registry} gave no token", where=challenge.realm[:200])
    return f"Bearer {token}"
