"""Serves predictions and a page of metrics that speaks of the model's age: aging_service.py PORT {"json": "of what it says"}."""

from __future__ import annotations

import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STARTED = time.time()
ANSWERED = [0]


class Handler(BaseHTTPRequestHandler):
    says: dict

    def log_message(self, *_): ...

    def send(self, body, kind="application/json"):
        data = body.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/metrics":
            self.send(self.page(), "text/plain; version=0.0.4")
        elif self.path == "/model":
            self.send(json.dumps({"model": {"trained_at": self.says.get("told")}}))
        else:
            self.send('{"status": "ready"}')

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        ANSWERED[0] += 1
        self.send('{"predictions": [1]}')

    def page(self):
        lines = ["# TYPE answers_total counter", f'answers_total{{status="200"}} {ANSWERED[0]}']
        lines += ["# TYPE process_start_time_seconds gauge", f"process_start_time_seconds {STARTED}"]
        for name, value in self.says.get("gauges", {}).items():
            plain = name.partition("{")[0]
            lines += [f"# TYPE {plain} gauge", f"{name} {STARTED if value == 'start' else value}"]
        return "\n".join(lines) + "\n"


if __name__ == "__main__":
    Handler.says = json.loads(sys.argv[2])
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
