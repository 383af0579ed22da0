"""A webhook that hears of models: it believes only what is signed and fresh, and acts once on each event.

It needs nothing but Python. Run it behind something that speaks TLS:

    HOOK_SECRET=whsec_... python receiver.py 8000 handled/
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOLERANCE = 300  # seconds
LARGEST = 1 << 20


def is_genuine(secret: str, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a request is signed with the secret, and not older than the tolerance (Standard Webhooks, v1)."""
    identity, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not (moment.isascii() and moment.isdigit()) or abs(now - int(moment[:12])) > TOLERANCE:
        return False
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{identity}.{moment}.".encode() + body
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = (part.partition(",") for part in headers.get("webhook-signature", "").split())
    # A receiver that is between two secrets gets several signatures.
    return any(version == "v1" and hmac.compare_digest(expected.encode(), text.encode()) for version, _, text in given)


def act(event: dict) -> None:
    """Do something about a model; here you also look whether it is still the champion.

    mlops-ci models show MODEL@champion --json; mlops-ci models download MODEL@v12 FOLDER verifies every byte.
    """
    print(f"{event['subject']}: {event['type']}", flush=True)


def take(event: dict, handled: Path) -> None:
    """Act on an event, unless it was acted on before."""
    identity = event["id"]
    mark = handled / hashlib.sha256(identity.encode()).hexdigest()
    if identity.startswith("test-") or mark.exists():
        return
    act(event)
    mark.touch()  # after the deed: one that is cut short is done again with the next delivery


class Handler(BaseHTTPRequestHandler):
    """Answers 204 to what it has dealt with, so that it is not sent again."""

    def do_POST(self) -> None:
        """Take one delivery."""
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > LARGEST:
            self.answer(413)
            return
        body = self.rfile.read(int(length))
        if not is_genuine(os.environ["HOOK_SECRET"], self.headers, body, time.time()):
            self.answer(401)
            return
        take(json.loads(body), Path(sys.argv[2]))
        self.answer(204)

    def answer(self, status: int) -> None:
        """Answer without a body."""
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    Path(sys.argv[2]).mkdir(parents=True, exist_ok=True)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
