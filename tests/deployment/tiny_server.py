"""A scoring server in little, started like the real one: it doubles the first column of every row."""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import FrameType

from mlops_ci.serving.handover import Offer, take_over


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer({"ready": True, "pid": os.getpid(), "key": os.environ.get("SCORE_KEY", "")})

    def do_POST(self) -> None:
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["data"]
        rows = [list(row.values()) if isinstance(row, dict) else row for row in rows]
        self._answer({"predictions": [row[0] * 2 for row in rows], "pid": os.getpid()})

    def _answer(self, document: object) -> None:
        data = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


def offer_to_all(offer: Offer) -> None:
    while True:
        select.select([offer], [], [])
        offer.answer()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--package", type=Path)
    parser.add_argument("--host")
    parser.add_argument("--port", type=int)
    parser.add_argument("--handover", type=Path)
    options = parser.parse_args()
    package = json.loads((options.package / "serving.json").read_text())
    if package.get("broken"):
        sys.exit("mlops-ci: error[5]: the model is broken")
    server = ThreadingHTTPServer((options.host, options.port), Handler, bind_and_activate=False)
    server.daemon_threads = False
    server.allow_reuse_address = True
    if options.handover and (found := take_over(options.handover, options.port)):
        server.socket.close()
        server.socket = found
    else:
        try:
            server.server_bind()
        except OSError as error:
            sys.exit(f"mlops-ci: error[3]: cannot listen: {error.strerror}")
        server.server_activate()
    server.socket.setblocking(False)  # another one may be faster to accept
    if options.handover:
        offer = Offer(options.handover, server.socket)
        threading.Thread(target=offer_to_all, args=(offer,), daemon=True).start()

    def drain(number: int, frame: FrameType | None) -> None:
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, drain)
    os.write(2, f"mlops-ci: serving m at http://{options.host}:{options.port} with 1 workers\n".encode())
    server.serve_forever(poll_interval=0.02)
    server.server_close()
    os.write(2, b"drained\n")


if __name__ == "__main__":
    main()
