"""Pictures of a pull request in Azure Repos, for its comments to show."""

from __future__ import annotations

import hashlib
import re

from mlops_ci.edge.http_failures import ResponseError
from mlops_ci.hosts.azure.api import AzureApi, text_of

_UNUSUAL = re.compile(r"[^A-Za-z0-9.-]+")
_LONGEST_NAME = 80
_SHOWABLE = re.compile(r"https?://[^\s()<>\"']+")


def attach(api: AzureApi, pull_request: int, name: str, png: bytes) -> str | None:
    """Keep a picture and return its address; None if there is none that a comment could show.

    A name can be given once, so that it carries the digest of the picture: the same picture is the same attachment,
    and another one never takes its place.

    Raises:
        ResponseError: the host refused.
        RemoteError: it did not answer.
    """
    stem = _UNUSUAL.sub("-", name.removesuffix(".png"))[:_LONGEST_NAME].strip("-.") or "picture"
    file = f"{stem}-{hashlib.sha256(png).hexdigest()[:12]}.png"
    place = f"pullRequests/{pull_request}/attachments"
    try:
        made = api.one("POST", f"{place}/{file}", content=png, idempotent=True)
    except ResponseError as error:
        if error.status not in {400, 409}:
            raise
        there = [item for item in api.many(place) if text_of(item, "displayName").lower() == file.lower()]
        if not there:
            raise
        made = there[0]
    address = text_of(made, "url")
    return address if _SHOWABLE.fullmatch(address) else None
