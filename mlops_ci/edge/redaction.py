"""Keeps secrets out of whatever is printed or stored."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus

MASK = "***"
_SECRET_NAME = re.compile(
    r"(TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_?KEY|ACCOUNT_?KEY|_KEY$|^KEY$"
    r"|SAS|CONNECTION_?STRING|DSN|AUTH(?!OR)|COOKIE)",
    re.IGNORECASE,
)
_SHORTEST = 6  # a shorter value would blank out ordinary words
_ESCAPE = re.compile(r"%[0-9A-F]{2}")
_URL_SAFE = str.maketrans("+/", "-_")
_USERINFO = re.compile(r"(?<=://)[^/\s:@]*:[^/\s]+(?=@)|(?<=://)[^/\s:@]{20,}(?=@)")
_SIGNED_QUERY = re.compile(
    r"(?i)([?&](?:sig|signature|x-amz-signature|x-amz-security-token|token|access_token|key)=)[^&\s\"']+"
)


class Redactor:
    """Replaces known secret values (raw, base64, URL-encoded) and credentials inside URLs."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= _SHORTEST for form in _forms(secret)}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        if self._known:
            text = self._known.sub(MASK, text)
        if "://" in text:
            text = _SIGNED_QUERY.sub(rf"\g<1>{MASK}", _USERINFO.sub(MASK, text))
        return text


def redactor_for(environ: Mapping[str, str], named: Iterable[str] = ()) -> Redactor:
    """A redactor of all variables that are named like a secret, and of those named explicitly."""
    chosen = set(named)
    return Redactor(value for name, value in environ.items() if name in chosen or _SECRET_NAME.search(name))


def _forms(secret: str) -> Iterable[str]:
    lines = [secret, *(line for line in secret.splitlines() if len(line) >= _SHORTEST)]
    for value in lines:
        yield value
        encoded = value.encode(errors="surrogateescape")  # as the environment decodes bytes that are not UTF-8
        for escaped in (quote(encoded), quote(encoded, safe=""), quote_plus(encoded)):
            yield escaped
            yield _ESCAPE.sub(lambda match: match[0].lower(), escaped)
        yield base64.b64encode(encoded).decode()
        yield base64.urlsafe_b64encode(encoded).decode()
        # Inside a longer base64 text ("user:secret") the letters depend on where the secret starts, and the
        # outermost ones on its neighbours.
        for lead, unstable in ((0, 0), (1, 2), (2, 3)):
            inner = base64.b64encode(b"\0" * lead + encoded).decode().rstrip("=")[unstable:-1]
            yield inner
            yield inner.translate(_URL_SAFE)
