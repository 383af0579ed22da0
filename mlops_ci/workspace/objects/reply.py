"""What a storage said, out of the text of obstore's exceptions: they carry nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STATUS = re.compile(r"non-2xx status code: (\d{3})|\(code: (\d{3})\)")
_CODE = re.compile(r"<Code>\s*([\w.-]+)\s*</Code>")
_MESSAGE = re.compile(r"<Message>(.*?)(?:RequestId:.*?)?</Message>", re.DOTALL)
_REGION = re.compile(r"<Region>\s*([a-z0-9-]+)\s*</Region>")
_BARE_REDIRECT = "Received redirect without LOCATION"
_NO_OBJECT_STORE = (
    "Header missing from response",
    "Got invalid list response",
    "Content-Range header not present",
    "Received non-partial response",
    "Got invalid multipart response",
)
# The addresses and words of who hands out credentials; a key could hardly say the same by chance.
_IDENTITY = re.compile(
    r"POST REDACTED|TokenRequest|TokenResponse|/oauth2/(?:v2\.0/|v4/)?token|External \w+ credential provider"
    r"|/latest/api/token|/meta-data/iam/security-credentials|/v[12]/credentials|/computeMetadata/v1/"
    r"|Failed to read token file|AssumeRoleWithWebIdentity"
    r"|kind: Decode,\s+source: Error\("  # it reads JSON, and nothing else here does
)
_UNREACHABLE = {
    "Connection refused": "the connection was refused",
    "dns error": "its name cannot be resolved",
    "InvalidContentType": "it does not speak TLS",
    "invalid peer certificate": "its certificate is not trusted",
    "InvalidCertificate": "its certificate is not trusted",
    "UnknownIssuer": "its certificate is not trusted",
    "Network is unreachable": "the network is unreachable",
    "No route to host": "there is no route to it",
    "TimedOut": "it did not answer in time",
    "operation timed out": "it did not answer in time",
    "kind: Timeout": "it did not answer in time",
    "ConnectionReset": "it broke the connection off",
    "IncompleteMessage": "it broke the connection off",
    "Connection reset": "it broke the connection off",
    "BrokenPipe": "it broke the connection off",
    "UnexpectedEof": "it broke the connection off",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of a storage: None or False where it does not say.

    ``unreachable`` says why there was none; ``foreign`` is one that no object storage gives; ``identity``, that it is
    from who hands out credentials.
    """

    status: int | None
    code: str | None
    message: str | None
    region: str | None
    redirected: bool
    foreign: bool
    identity: bool
    unreachable: str | None


def read_reply(error: BaseException) -> Reply:
    """Take an exception of obstore apart."""
    text, _, source = str(error).partition("\n\nDebug source:")
    status, code, message, region = (pattern.search(text) for pattern in (_STATUS, _CODE, _MESSAGE, _REGION))
    found = code[1] if code else None
    if "specified container does not exist" in text:  # a deletion, which Azure takes as one of a batch
        found = "ContainerNotFound"
    return Reply(
        status=int(status[1] or status[2]) if status else None,
        code=found,
        message=" ".join(message[1].split()) if message else None,
        region=region[1] if region else None,
        redirected=_BARE_REDIRECT in text or (status is not None and (status[1] or "").startswith("3")),
        foreign=any(sign in text for sign in _NO_OBJECT_STORE) or bool(re.search("<html", text, re.IGNORECASE)),
        identity=bool(_IDENTITY.search(text) or _IDENTITY.search(source)),
        unreachable=next((why for sign, why in _UNREACHABLE.items() if sign in source), None) if not status else None,
    )
