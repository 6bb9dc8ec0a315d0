"""A router over two versions that exist in its answers alone: python canary_router.py PORT SHARE [FAULT …]."""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

N, BEFORE = "a1" * 32, "b2" * 32


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    share = 0.05
    faults: frozenset[str] = frozenset()
    turns = itertools.count()

    def log_message(self, *_):
        pass

    def give(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.give(200 if self.path == "/readyz" else 404, {})

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        user, turn = self.headers.get("x-user"), next(self.turns)
        if user and "fickle" not in self.faults:
            candidate = int.from_bytes(hashlib.sha256(user.encode()).digest()[:4]) / 2**32 < self.share
        else:  # the nearest whole number of the candidate's turns, as weighted round robin deals them
            candidate = int((turn + 1) * self.share) > int(turn * self.share)
        if candidate and "candidate fails" in self.faults:
            return self.give(500, {"reason": "internal"})
        named = {} if "silent" in self.faults else {"model": {"sha256": N if candidate else BEFORE}}
        return self.give(200, {"predictions": [(2 if candidate else 3) * row["x"] for row in rows], **named})


if __name__ == "__main__":
    Handler.share, Handler.faults = float(sys.argv[2]), frozenset(sys.argv[3:])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
