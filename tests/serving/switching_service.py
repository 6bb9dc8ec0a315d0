"""A small service whose model can be switched while it runs: python switching_service.py PORT [FAULT …].

It multiplies x by FACTOR, and follows RELEASE_FILE ({"factor": …, "sha256": …}) once that is there. As a command it is
python switching_service.py switch WHAT URL PID, which does to that file what a rollback procedure does, rightly or not.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

N, BEFORE = "a1" * 32, "b2" * 32
FACTORS = {N: 2, BEFORE: 3}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    faults: frozenset[str] = frozenset()
    count = 0

    def log_message(self, *_):
        pass

    def give(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def served(self):
        file = Path(os.environ.get("RELEASE_FILE", "/no/such/file"))
        if not file.exists() or "deaf" in self.faults:
            return {"factor": float(os.environ.get("FACTOR", "2")), "sha256": os.environ.get("MODEL_SHA256", N)}
        said = json.loads(file.read_text())
        if said.get("mixed"):  # one of two replicas stays behind
            type(self).count += 1
            return said["mixed"][self.count % 2]
        return said

    def do_GET(self):
        if self.path != "/readyz":
            return self.give(404, {})
        return self.give(503 if os.environ.get("UNFIT") else 200, {"status": "ready"})

    def do_POST(self):
        rows = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["instances"]
        try:
            model = self.served()
            predictions = [model["factor"] * row["x"] for row in rows]
        except (ValueError, KeyError) as error:
            print(f"cannot predict: {type(error).__name__}", flush=True)
            return self.give(500, {"reason": "internal"})
        named = {} if "silent" in self.faults else {"model": {"sha256": model["sha256"]}}
        return self.give(200, {"predictions": predictions, **named})


class Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True


def answers(url):
    try:
        urllib.request.urlopen(f"{url}/readyz", timeout=1).close()
    except OSError:
        return False
    return True


def switch(what, url, pid):
    """What the command does; it ends with status 0 unless it fails."""
    file = Path(os.environ["RELEASE_FILE"])
    release = {sha: {"factor": factor, "sha256": sha} for sha, factor in FACTORS.items()}
    written = {
        "back": release[BEFORE], "forward": release[N], "mixed": {"mixed": list(release.values())}, "break": {},
        "wrong": {"factor": 5, "sha256": BEFORE},
    }  # fmt: skip
    if what in written:
        file.with_suffix(".part").write_text(json.dumps(written[what]))
        file.with_suffix(".part").replace(file)
    elif what == "fail":
        print("permission denied: releases", flush=True)
        raise SystemExit(3)
    elif what == "hang":
        time.sleep(600)
    elif what == "kill":
        os.kill(int(pid), signal.SIGKILL)
    elif what == "restart":  # the old one ends before the new one listens
        os.kill(int(pid), signal.SIGKILL)
        time.sleep(1.0)
        file.write_text(json.dumps(release[BEFORE]))
        port = url.rpartition(":")[2]
        subprocess.Popen([sys.executable, __file__, port], start_new_session=True)
        while not answers(url):
            time.sleep(0.05)


def main() -> None:
    if sys.argv[1] == "switch":
        switch(*sys.argv[2:])
        return
    Handler.faults = frozenset(sys.argv[2:])
    if "refuses" in Handler.faults and os.environ.get("FACTOR") == "3":
        print("unknown model format", flush=True)
        raise SystemExit(2)
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
