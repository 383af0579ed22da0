"""Signs a request as Amazon S3 wants it (Signature Version 4), for what obstore has no method for."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit


def signed(method: str, url: str, key: str, secret: str, *, region: str = "us-east-1") -> dict[str, str]:
    """The headers of a request with an empty body."""
    parts, moment = urlsplit(url), datetime.now(UTC)
    empty = hashlib.sha256(b"").hexdigest()
    headers = {"host": parts.netloc, "x-amz-content-sha256": empty, "x-amz-date": moment.strftime("%Y%m%dT%H%M%SZ")}
    query = "&".join(f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in sorted(parse_qsl(parts.query, True)))
    names = ";".join(sorted(headers))
    request = "\n".join(
        [method, parts.path or "/", query, *(f"{k}:{v}" for k, v in sorted(headers.items())), "", names, empty]
    )
    scope = f"{moment:%Y%m%d}/{region}/s3/aws4_request"
    to_sign = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    secret_key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        secret_key = hmac.digest(secret_key, part.encode(), "sha256")
    signature = hmac.new(secret_key, to_sign.encode(), "sha256").hexdigest()
    return {**headers, "authorization": f"AWS4-HMAC-SHA256 Credential={key}/{scope}, SignedHeaders={names}, "
            f"Signature={signature}"}  # fmt: skip
